"""One permission, one verdict: what is tried again, and what is predicted."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest
from botocore.exceptions import ReadTimeoutError

from cavok.domain.access_denied import TRANSIENT_CODES, Reason
from cavok.domain.errors import ProbeTransient
from cavok.domain.steps import Evidence, Verdict
from cavok.services.probe_permission import probe_permission
from tests.support.fake_aws import Aws, a_session, refused

STOP = "ec2:StopInstances"
ABSENT = refused("InvalidInstanceID.NotFound", "The instance ID does not exist")


def role_says(aws: Aws, effect: str, action: str = "ec2:*", **but: Any) -> None:
    statement = {"Effect": effect, "Action": action, "Resource": "*"} | but
    aws.answers["ListRolePolicies"] = {"PolicyNames": ["Own"]}
    aws.answers["GetRolePolicy"] = {"PolicyDocument": quote(json.dumps({"Statement": statement}))}


def test_an_answer_of_aws_is_live_evidence_in_its_region(aws: Aws) -> None:
    step = probe_permission("ec2:DescribeInstances", a_session(region="eu-west-1"))

    assert (step.verdict, step.evidence, step.region) == (
        Verdict.ALLOWED,
        Evidence.LIVE,
        "eu-west-1",
    )
    assert step.duration_ms >= 0
    assert probe_permission("iam:GetRolePolicy", a_session()).region is None


@pytest.mark.parametrize("code", sorted(TRANSIENT_CODES))
def test_what_may_go_away_is_tried_again_by_the_workflow(code: str, aws: Aws) -> None:
    aws.answers["StopInstances"] = refused(code, "later")

    with pytest.raises(ProbeTransient, match=f"{code}: later"):
        probe_permission(STOP, a_session())


def test_a_timeout_is_tried_again_too(aws: Aws) -> None:
    aws.answers["DescribeDBClusters"] = ReadTimeoutError(endpoint_url="https://rds")

    with pytest.raises(ProbeTransient, match="timeout"):
        probe_permission("rds:DescribeDBClusters", a_session())


def test_what_no_call_can_prove_is_predicted_from_the_roles_policies_and_says_so(aws: Aws) -> None:
    aws.answers["StopInstances"] = ABSENT
    role_says(aws, "Allow")

    step = probe_permission(STOP, a_session())

    assert (step.verdict, step.evidence, step.ok) == (Verdict.ALLOWED, Evidence.POLICY, True)
    assert step.detail
    assert "InvalidInstanceID.NotFound" in step.detail


def test_an_explicit_deny_in_the_roles_policies_predicts_a_refusal(aws: Aws) -> None:
    aws.answers["StopInstances"] = ABSENT
    role_says(aws, "Deny", STOP)

    step = probe_permission(STOP, a_session())

    assert (step.verdict, step.evidence) == (Verdict.DENIED, Evidence.POLICY)
    assert step.reason is Reason.EXPLICIT_DENY


def test_policies_that_say_nothing_leave_it_open(aws: Aws) -> None:
    aws.answers["StopInstances"] = ABSENT
    role_says(aws, "Allow", "rds:*")

    step = probe_permission(STOP, a_session())

    assert (step.verdict, step.evidence) == (Verdict.INCONCLUSIVE, Evidence.NONE)
    assert step.reason is Reason.NOT_PROVABLE


def test_a_user_has_no_role_whose_policies_could_be_read(aws: Aws) -> None:
    aws.answers["StopInstances"] = ABSENT
    role_says(aws, "Allow")

    assert probe_permission(STOP, a_session(role_name=None)).verdict is Verdict.INCONCLUSIVE
    assert aws.called("GetRolePolicy") == []


@pytest.mark.parametrize(
    "error", [refused("UnauthorizedOperation"), refused("AuthFailure"), refused("DryRunOperation")]
)
def test_nothing_is_predicted_where_aws_has_answered_or_the_region_is_off(
    error: Exception, aws: Aws
) -> None:
    aws.answers["StopInstances"] = error
    role_says(aws, "Allow")

    assert probe_permission(STOP, a_session()).evidence is not Evidence.POLICY
