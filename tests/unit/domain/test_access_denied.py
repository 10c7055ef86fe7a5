"""Reading why AWS refused a call.

The messages are those of the IAM User Guide, "Troubleshoot access denied error messages", of the
EC2 User Guide (encoded authorization failures) and of the AWS Security Blog's "Enhanced access
denied error messages with policy ARNs".
"""

from __future__ import annotations

import botocore.session
import pytest
from botocore.retries.standard import ThrottledRetryableChecker, TransientRetryableChecker
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.access_denied import (
    DENIED_CODES,
    TRANSIENT_CODES,
    Reason,
    refusal_reason,
    region_without_sts,
    sts_is_off,
)
from cavok.domain.permissions import STEPS, TRUST_STEPS
from cavok.domain.steps import REGION_DISABLED_CODES, Evidence, Verdict, judge

USER = "User: arn:aws:iam::123456789012:user/John is not authorized to perform: "
ENCODED = " Encoded authorization failure message: XQ_jqde5rHje6j9P-qke7-HNpHWzSWvxYobhcCPSpfOmLT"

IMPLICIT = [
    ("because no service control policy allows the {} action", Reason.SERVICE_CONTROL_POLICY),
    ("because no VPC endpoint policy allows the {} action", Reason.VPC_ENDPOINT_POLICY),
    ("because no permissions boundary allows the {} action", Reason.PERMISSIONS_BOUNDARY),
    ("because no session policy allows the {} action", Reason.SESSION_POLICY),
    ("because no resource-based policy allows the {} action", Reason.RESOURCE_POLICY),
    ("because no role trust policy allows the {} action", Reason.RESOURCE_POLICY),
    ("because no identity-based policy allows the {} action", Reason.IDENTITY_POLICY),
]
EXPLICIT = [
    ("with an explicit deny in a service control policy", Reason.SERVICE_CONTROL_POLICY),
    ("with an explicit deny in a resource control policy", Reason.RESOURCE_CONTROL_POLICY),
    ("with an explicit deny in a VPC endpoint policy", Reason.VPC_ENDPOINT_POLICY),
    ("with an explicit deny in a permissions boundary", Reason.PERMISSIONS_BOUNDARY),
    ("with an explicit deny in a session policy", Reason.SESSION_POLICY),
    # The guide has it in the plural.
    ("with an explicit deny in a sessions policy", Reason.SESSION_POLICY),
    ("with an explicit deny in a resource-based policy", Reason.RESOURCE_POLICY),
    ("with an explicit deny in the role trust policy", Reason.RESOURCE_POLICY),
    ("with an explicit deny in an identity-based policy", Reason.EXPLICIT_DENY),
    ("with an explicit deny", Reason.EXPLICIT_DENY),
    (
        "with an explicit deny in a VPC endpoint policy transitively through a service control "
        "policy",
        Reason.SERVICE_CONTROL_POLICY,
    ),
    (
        "with an explicit deny in a service control policy: "
        "arn:aws:organizations::987654321098:policy/o-qv5af4abcd/service_control_policy/p-2kgnabcd",
        Reason.SERVICE_CONTROL_POLICY,
    ),
    (
        "with an explicit deny in an identity-based policy: arn:aws:iam::123456789012:policy/Ops",
        Reason.EXPLICIT_DENY,
    ),
]
RESOURCE = "arn:aws:ec2:us-east-1:123456789012:instance/i-0123456789abcdef0"


@pytest.mark.parametrize(("wording", "reason"), IMPLICIT + EXPLICIT)
def test_the_reason_is_the_policy_that_the_message_blames(wording: str, reason: Reason) -> None:
    action = "codedeploy:ListDeployments"

    assert refusal_reason(f"{USER}{action} {wording.format(action)}") is reason
    assert refusal_reason(f"{USER}{action} on resource: * {wording.format(action)}") is reason


@pytest.mark.parametrize(("wording", "reason"), IMPLICIT + EXPLICIT)
def test_ec2_says_the_same_between_its_own_words_and_an_encoded_message(
    wording: str, reason: Reason
) -> None:
    action = "ec2:StopInstances"
    message = (
        f"You are not authorized to perform this operation. {USER}{action} on resource: {RESOURCE} "
        f"{wording.format(action)}.{ENCODED}"
    )

    assert refusal_reason(message) is reason


@pytest.mark.parametrize(
    "message",
    [
        "",
        "Access Denied",
        "You are not authorized to perform this operation.",
        f"You are not authorized to perform this operation.{ENCODED}",
        f"{USER}sts:AssumeRole on resource: arn:aws:iam::123456789012:role/CavokCloud",
    ],
)
def test_a_message_that_blames_nothing_leaves_the_reason_unstated(message: str) -> None:
    assert refusal_reason(message) is Reason.UNSTATED


def test_a_policy_type_that_aws_may_add_one_day_is_unstated_rather_than_guessed() -> None:
    message = f"{USER}ec2:StopInstances because no lunar control policy allows the action"

    assert refusal_reason(message) is Reason.UNSTATED


OURS = [words for words, reason in IMPLICIT + EXPLICIT if reason is Reason.SESSION_POLICY]


@pytest.mark.parametrize("code", sorted(DENIED_CODES))
@pytest.mark.parametrize("words", OURS)
def test_a_refusal_by_cavoks_own_session_policy_proves_nothing_and_says_so(
    code: str, words: str
) -> None:
    judgement = judge(code, f"{USER}ec2:StopInstances {words}")

    assert (judgement.verdict, judgement.evidence) == (Verdict.INCONCLUSIVE, Evidence.NONE)
    assert judgement.reason is Reason.SESSION_POLICY
    assert not judgement.stays, "the customer cannot end it"


@pytest.mark.parametrize("code", sorted(DENIED_CODES))
def test_a_call_is_denied_by_its_code_whatever_the_message_says(code: str) -> None:
    assert judge(code, "gibberish").verdict is Verdict.DENIED


def test_the_codes_that_deny_are_these_and_no_others() -> None:
    assert {"AccessDenied", "AccessDeniedException", "UnauthorizedOperation"} == DENIED_CODES


THEIRS = [words for words, _ in IMPLICIT + EXPLICIT if words not in OURS]


@given(code=st.text(), message=st.sampled_from(THEIRS) | st.text())
def test_no_other_code_denies_even_with_the_words_of_a_refusal(code: str, message: str) -> None:
    expected = Verdict.DENIED if code in DENIED_CODES else Verdict.INCONCLUSIVE

    assert judge(code, f"{USER}x:Y {message}").verdict is expected


@given(st.sampled_from(sorted(DENIED_CODES)), st.sampled_from(THEIRS) | st.text(), st.text())
def test_no_other_reason_decides_the_verdict(code: str, message: str, other: str) -> None:
    assert judge(code, message).verdict is judge(code, other).verdict


@pytest.mark.parametrize("code", sorted(TRANSIENT_CODES))
def test_a_throttle_or_an_outage_proves_nothing(code: str) -> None:
    judgement = judge(code, "Rate exceeded")

    assert (judgement.verdict, judgement.reason) == (Verdict.INCONCLUSIVE, Reason.ERROR)


def test_the_region_without_sts_is_read_from_what_is_said_of_it() -> None:
    assert region_without_sts(f"AccessDenied: {sts_is_off('ap-southeast-3')} More.") == (
        "ap-southeast-3"
    )
    assert region_without_sts("AccessDenied: User is not authorized") is None


@pytest.mark.parametrize("code", sorted(REGION_DISABLED_CODES))
def test_a_region_that_is_not_enabled_proves_nothing_about_the_permission(code: str) -> None:
    judgement = judge(code, "AWS was not able to validate the provided access credentials")

    assert (judgement.verdict, judgement.reason) == (Verdict.INCONCLUSIVE, Reason.REGION_DISABLED)


@pytest.mark.parametrize("code", ["ValidationError", "InvalidParameterValue", "ExpiredToken"])
def test_any_other_error_is_one_that_proves_nothing_and_says_which(code: str) -> None:
    judgement = judge(code, "the message of AWS")

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.reason is Reason.NOT_PROVABLE
    assert (judgement.error_code, judgement.detail) == (code, "the message of AWS")


def test_a_code_that_only_an_authorized_caller_gets_proves_the_permission() -> None:
    message = "Request would have succeeded, but DryRun flag is set."

    judgement = judge("DryRunOperation", message, frozenset({"DryRunOperation"}))

    assert (judgement.verdict, judgement.error_code) == (Verdict.ALLOWED, "DryRunOperation")


def test_the_message_of_aws_is_kept_but_not_without_end() -> None:
    assert judge("AccessDenied", "x" * 5000).detail == "x" * 1500


CALLS = sorted(
    {"sts:GetCallerIdentity", *(action for action in STEPS if action not in TRUST_STEPS[1:])}
)
"""Every call of a test, by its permission."""


@pytest.mark.parametrize("call", CALLS)
def test_what_is_no_fault_of_the_caller_is_tried_again(call: str) -> None:
    service, operation = call.split(":")
    model = botocore.session.get_session().get_service_model(service)
    for shape in model.operation_model(operation).error_shapes:
        error = shape.metadata.get("error", {})
        faulty = shape.metadata.get("fault") or error.get("httpStatusCode", 400) >= 500
        code = error.get("code", shape.name)
        passing = faulty or code in ("OperationAbortedException", "ServiceUnavailableException")
        assert (code in TRANSIENT_CODES) == bool(passing), code


def test_what_botocore_knows_as_throttling_is_tried_again() -> None:
    throttling = set(ThrottledRetryableChecker._THROTTLED_ERROR_CODES)
    left_out = {"LimitExceededException", "ProvisionedThroughputExceededException"}
    statuses = TransientRetryableChecker._TRANSIENT_STATUS_CODES

    assert throttling - TRANSIENT_CODES == left_out
    assert {str(status) for status in statuses} <= TRANSIENT_CODES
    assert set(TransientRetryableChecker._TRANSIENT_ERROR_CODES) <= TRANSIENT_CODES


def test_no_code_is_of_two_kinds() -> None:
    kinds = [DENIED_CODES, TRANSIENT_CODES, REGION_DISABLED_CODES]

    assert sum(map(len, kinds)) == len(frozenset().union(*kinds))
