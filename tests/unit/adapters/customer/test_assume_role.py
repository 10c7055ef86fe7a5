"""Assuming a customer's role, and checking who else could."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import EndpointConnectionError, ReadTimeoutError

from cavok import wiring
from cavok.adapters import making_clients
from cavok.adapters.customer.assume_role import CustomerRoles, whose_account
from cavok.adapters.customer.canary import Canary
from cavok.domain import session_policies
from cavok.domain.access_denied import Reason, region_without_sts
from cavok.domain.organizations import Organization
from cavok.domain.steps import Evidence, Verdict
from cavok.domain.trust import REJECTED_CODES
from tests.support.builders import EXTERNAL_ID, NUMBER, VERIFICATION_ID, an_account
from tests.support.fake_aws import ASSUMED, Aws, a_session, refused

ACCOUNT = an_account(regions=("eu-west-1", "us-east-1"))
SESSION_NAME = f"cavok-{VERIFICATION_ID}"
POLICY = session_policies.probing_policy_text()


@pytest.fixture
def roles(aws: Aws) -> CustomerRoles:
    aws.answers["AssumeRole"] = ASSUMED
    sts = aws.client("sts", region_name="us-east-1")
    return CustomerRoles(sts, lambda: sts)


def test_the_role_is_assumed_with_the_external_id_for_as_short_as_sts_allows(
    roles: CustomerRoles, aws: Aws
) -> None:
    roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)

    (call,) = aws.called("AssumeRole")
    assert call.pop("Policy") == POLICY
    assert call == {
        "RoleArn": f"arn:aws:iam::{NUMBER}:role/CavokCloud",
        "RoleSessionName": SESSION_NAME,
        "DurationSeconds": 900,
        "ExternalId": EXTERNAL_ID,
    }


def test_the_session_is_one_of_this_account_in_its_home_region(roles: CustomerRoles) -> None:
    judgement, session = roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)

    assert judgement.verdict is Verdict.ALLOWED
    assert session
    assert (session.account_number, session.region, session.role_name) == (
        NUMBER,
        "eu-west-1",
        "CavokCloud",
    )
    assert session.credentials.session_token == "temporary-token"


def test_no_credential_shows_itself(roles: CustomerRoles) -> None:
    _, session = roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)

    assert "temporary" not in repr(session)
    assert "ASIA" not in f"{session}"
    assert session is not None
    assert "temporary-secret" in json.dumps(session.as_secret()), "for sealing alone"
    assert type(session).of_secret(session.as_secret()) == session


def test_a_session_knows_the_path_of_its_role(roles: CustomerRoles, aws: Aws) -> None:
    account = replace(ACCOUNT, role_path="/team/")

    _, session = roles.assume(account, SESSION_NAME, EXTERNAL_ID, POLICY)

    assert aws.called("AssumeRole")[0]["RoleArn"] == account.role_arn
    assert session is not None
    assert session.role_arn == account.role_arn == f"arn:aws:iam::{NUMBER}:role/team/CavokCloud"
    assert type(session).of_secret(session.as_secret()) == session
    sealed_before = {k: v for k, v in session.as_secret().items() if k != "role_path"}
    assert type(session).of_secret(sealed_before).role_arn == ACCOUNT.role_arn


def test_without_an_external_id_means_without_one(roles: CustomerRoles, aws: Aws) -> None:
    judgement = roles.try_without_external_id(ACCOUNT, SESSION_NAME, None)

    (call,) = aws.called("AssumeRole")
    assert call["Policy"] == POLICY
    assert "ExternalId" not in call
    assert judgement.verdict is Verdict.ALLOWED


def test_a_wrong_external_id_is_another_one_each_time_and_one_that_sts_takes(
    roles: CustomerRoles, aws: Aws
) -> None:
    for _ in range(2):
        roles.try_wrong_external_id(ACCOUNT, SESSION_NAME, None)

    tried = {call["ExternalId"] for call in aws.called("AssumeRole")}
    assert len(tried) == 2
    assert EXTERNAL_ID not in tried
    assert all(re.fullmatch(r"[\w+=,.@:/-]{2,1224}", wrong) for wrong in tried)


def test_a_wrong_external_id_has_the_shape_and_length_of_a_real_one(
    roles: CustomerRoles, aws: Aws
) -> None:
    """Else a trust policy with a pattern would refuse it, and accept every organization's."""
    for _ in range(200):
        roles.try_wrong_external_id(ACCOUNT, SESSION_NAME, None)

    tried = [call["ExternalId"] for call in aws.called("AssumeRole")]
    real = [Organization.new("o").external_id for _ in range(200)]
    assert {len(each) for each in tried} == {len(each) for each in real}
    assert all(re.fullmatch(r"cavok-[A-Za-z0-9_-]{32}", each) for each in (*tried, *real))
    assert set.union(*map(set, tried)) == set.union(*map(set, real)), "the same characters"
    assert len(set(tried)) == len(tried)


@pytest.mark.parametrize(
    ("error", "verdict"),
    [
        (refused("AccessDenied"), Verdict.DENIED),
        (refused("RegionDisabledException"), Verdict.INCONCLUSIVE),
        (refused("MalformedPolicyDocument"), Verdict.INCONCLUSIVE),
        (refused("PackedPolicyTooLarge"), Verdict.INCONCLUSIVE),
        (refused("Throttling"), Verdict.INCONCLUSIVE),
        (refused("InvalidClientTokenId"), Verdict.INCONCLUSIVE),
        (EndpointConnectionError(endpoint_url="https://sts"), Verdict.INCONCLUSIVE),
    ],
    ids=str,
)
def test_only_access_denied_says_that_a_role_refuses(
    error: Exception, verdict: Verdict, roles: CustomerRoles, aws: Aws
) -> None:
    aws.answers["AssumeRole"] = error

    judgement, session = roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)

    assert (judgement.verdict, session) == (verdict, None)
    assert roles.try_without_external_id(ACCOUNT, SESSION_NAME, None).verdict is verdict
    assert roles.try_wrong_external_id(ACCOUNT, SESSION_NAME, None).verdict is verdict


@dataclass
class TwoRegions:
    """STS in our own region and in the one that no account can turn off."""

    ours: Aws
    always_enabled: Aws

    @property
    def roles(self) -> CustomerRoles:
        return CustomerRoles(
            self.ours.client("sts", region_name="eu-west-1"),
            lambda: self.always_enabled.client("sts", region_name="us-east-1"),
        )


@pytest.fixture
def regions() -> Iterator[TwoRegions]:
    both = TwoRegions(Aws(), Aws())
    both.ours.answers["AssumeRole"] = refused("RegionDisabledException", "is not activated")
    both.always_enabled.answers["AssumeRole"] = ASSUMED
    yield both
    both.ours.leave()
    both.always_enabled.leave()


def test_an_account_that_turned_our_region_of_sts_off_is_entered_through_another(
    regions: TwoRegions,
) -> None:
    judgement, session = regions.roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)

    assert judgement.verdict is Verdict.ALLOWED
    assert session
    assert session.region == "eu-west-1", "the account's own, whichever region answered"
    assert regions.always_enabled.called("AssumeRole") == regions.ours.called("AssumeRole")


@pytest.mark.parametrize("answer", [ASSUMED, refused("AccessDenied"), refused("Throttling")])
def test_its_trust_is_proven_by_the_other_region_alone(answer: Any, regions: TwoRegions) -> None:
    """That STS is off refuses nobody: whoever else is let in, is let in elsewhere."""
    roles = regions.roles
    roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)
    regions.always_enabled.answers["AssumeRole"] = answer
    regions.ours.answers["AssumeRole"] = ASSUMED

    judgement = roles.try_without_external_id(ACCOUNT, SESSION_NAME, roles.through(ACCOUNT))

    expected = {"AccessDenied": Verdict.DENIED, "Throttling": Verdict.INCONCLUSIVE}
    assert judgement.verdict is expected.get(str(judgement.error_code), Verdict.ALLOWED)


def test_if_the_other_region_refuses_too_the_detail_says_what_was_tried(
    regions: TwoRegions,
) -> None:
    regions.always_enabled.answers["AssumeRole"] = refused("AccessDenied", "is not authorized")

    judgement, session = regions.roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)

    assert (judgement.verdict, session) == (Verdict.DENIED, None)
    assert judgement.detail == (
        "AWS STS is turned off in eu-west-1 in this account. In us-east-1: is not authorized"
    )
    assert region_without_sts(f"AccessDenied: {judgement.detail}") == "eu-west-1"


def test_an_account_is_entered_through_our_region_again_once_its_sts_is_on(
    regions: TwoRegions,
) -> None:
    roles = regions.roles
    roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)
    assert roles.through(ACCOUNT) == "us-east-1"

    regions.ours.answers["AssumeRole"] = refused("AccessDenied")
    roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)

    assert roles.through(ACCOUNT) is None


def test_what_is_tried_in_our_region_alone_falls_back_to_no_other(regions: TwoRegions) -> None:
    judgement = regions.roles.try_wrong_external_id(ACCOUNT, SESSION_NAME, None)

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert regions.always_enabled.calls == []


@pytest.mark.parametrize(("through", "asked"), [(None, "ours"), ("us-east-1", "always_enabled")])
def test_the_canary_is_tried_where_the_customers_role_refused_us(
    through: str | None, asked: str, regions: TwoRegions
) -> None:
    ours = regions.ours.client("sts", region_name="eu-west-1")
    other = regions.always_enabled.client("sts", region_name="us-east-1")

    Canary(ours, lambda: other, "arn:aws:iam::111122223333:role/CavokCanary/c", "cavok").judgement(
        through
    )

    assert getattr(regions, asked).called("AssumeRole")
    assert len(regions.ours.calls + regions.always_enabled.calls) == 1


def test_any_other_answer_of_our_own_region_is_final(regions: TwoRegions) -> None:
    regions.ours.answers["AssumeRole"] = refused("AccessDenied")

    judgement, _ = regions.roles.assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)

    assert judgement.verdict is Verdict.DENIED
    assert regions.always_enabled.calls == []


def test_the_functions_fall_back_to_the_region_that_no_account_can_turn_off(
    regions: TwoRegions, monkeypatch: pytest.MonkeyPatch
) -> None:
    fakes = {"eu-west-1": regions.ours, "us-east-1": regions.always_enabled}

    def client(service: str, region_name: str | None = None, **_: Any) -> Any:
        region = region_name or "eu-west-1"
        return fakes[region].client(service, region_name=region)

    monkeypatch.setattr(making_clients, "session", lambda: SimpleNamespace(client=client))
    wiring._sts.cache_clear()
    wiring.customer_roles.cache_clear()

    _, session = wiring.customer_roles().assume(ACCOUNT, SESSION_NAME, EXTERNAL_ID, POLICY)

    wiring._sts.cache_clear()
    wiring.customer_roles.cache_clear()
    assert session


def test_credentials_of_this_account_match(aws: Aws) -> None:
    aws.answers["GetCallerIdentity"] = {"Account": NUMBER}

    assert whose_account(a_session()).verdict is Verdict.ALLOWED


def test_credentials_of_another_account_do_not_and_it_is_said_whose_they_are(aws: Aws) -> None:
    aws.answers["GetCallerIdentity"] = {"Account": "999999999999"}

    judgement = whose_account(a_session())

    assert (judgement.verdict, judgement.reason) == (Verdict.DENIED, Reason.WRONG_ACCOUNT)
    assert judgement.detail == (
        f"These credentials belong to account 999999999999, not to {NUMBER}."
    )


@pytest.mark.parametrize("code", sorted(REJECTED_CODES))
def test_a_key_that_aws_does_not_know_is_rejected(code: str, aws: Aws) -> None:
    aws.answers["GetCallerIdentity"] = refused(code, "The security token is invalid.")

    judgement = whose_account(a_session(role_name=None))

    assert (judgement.verdict, judgement.reason) == (Verdict.DENIED, Reason.CREDENTIALS_REJECTED)
    assert judgement.error_code == code


@pytest.mark.parametrize(
    "message",
    [
        "Signature expired: 20260105T100000Z is now earlier than 20260105T101500Z "
        "(20260105T102000Z - 5 min.)",
        "Signature not yet current: 20260105T103000Z is still later than 20260105T102500Z "
        "(20260105T102000Z + 5 min.)",
    ],
)
def test_a_clock_of_ours_that_is_wrong_says_nothing_about_a_key(message: str, aws: Aws) -> None:
    aws.answers["GetCallerIdentity"] = refused("SignatureDoesNotMatch", message)

    judgement = whose_account(a_session(role_name=None))

    assert (judgement.verdict, judgement.evidence) == (Verdict.INCONCLUSIVE, Evidence.NONE)
    assert judgement.detail == message


@pytest.mark.parametrize(
    "error",
    [
        refused("Throttling"),
        refused("ServiceUnavailable"),
        refused("ExpiredToken"),
        refused("AccessDenied"),
        *(refused(code) for code in sorted(REJECTED_CODES)),
        ReadTimeoutError(endpoint_url="https://sts"),
    ],
    ids=str,
)
def test_an_identity_that_could_not_be_asked_for_proves_nothing(error: Exception, aws: Aws) -> None:
    """The call needs no permission, and a role's session is new."""
    aws.answers["GetCallerIdentity"] = error

    judgement = whose_account(a_session())

    assert (judgement.verdict, judgement.evidence) == (Verdict.INCONCLUSIVE, Evidence.NONE)
    assert judgement.error_code


def test_a_refused_identity_of_a_key_proves_nothing_either(aws: Aws) -> None:
    aws.answers["GetCallerIdentity"] = refused("AccessDenied", "No.")

    judgement = whose_account(a_session(role_name=None))

    assert (judgement.verdict, judgement.reason) == (Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE)
    assert (judgement.error_code, judgement.detail) == ("AccessDenied", "No.")


def test_whose_account_it_is_is_asked_where_no_account_can_be_disabled(aws: Aws) -> None:
    """In a region that the account has not enabled, STS answers as it does to a dead key."""
    aws.answers["GetCallerIdentity"] = {"Account": NUMBER}

    whose_account(a_session(region="ap-southeast-7"))

    assert aws.made == [("sts", "us-east-1")]


def test_sessions_come_from_a_regional_endpoint_and_so_hold_in_regions_that_are_opted_in(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Those of the global endpoint do not, so that an enabled region would look disabled. Source:
    IAM User Guide, "Manage AWS STS in an AWS Region".
    """
    for name in ("AWS_STS_REGIONAL_ENDPOINTS", "AWS_ENDPOINT_URL", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    endpoint = wiring._sts.__wrapped__().meta.endpoint_url

    assert endpoint == "https://sts.us-east-1.amazonaws.com"
