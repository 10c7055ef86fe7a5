"""Our list of regions, held against AWS's."""

from __future__ import annotations

import boto3
import pytest

from cavok.domain.access_denied import Reason
from cavok.domain.regions import (
    ALWAYS_ENABLED,
    REGIONS,
    RegionHealth,
    RegionStatus,
    judge_regions,
)
from cavok.domain.steps import Judgement, Verdict
from tests.support.builders import judged


def test_the_regions_are_those_that_botocore_knows_of_the_aws_partition() -> None:
    """An update of botocore that brings a region fails here, so that customers can choose it."""
    assert set(boto3.Session().get_available_regions("ec2", "aws")) == REGIONS


def test_the_regions_that_cannot_be_disabled_are_regions() -> None:
    assert ALWAYS_ENABLED < REGIONS


ALLOWED, DENIED, UNKNOWN = Verdict.ALLOWED, Verdict.DENIED, Verdict.INCONCLUSIVE
OK = judged(ALLOWED)
IDENTITY = judged(DENIED, Reason.IDENTITY_POLICY)
BOUNDARY = judged(DENIED, Reason.PERMISSIONS_BOUNDARY)
UNSTATED = judged(DENIED, Reason.UNSTATED)
SCP = judged(DENIED, Reason.SERVICE_CONTROL_POLICY)
RCP = judged(DENIED, Reason.RESOURCE_CONTROL_POLICY)
OFF = judged(UNKNOWN, Reason.REGION_DISABLED)
NO_ANSWER = judged(UNKNOWN, Reason.ERROR)
LASTING = judged(UNKNOWN, Reason.NOT_PROVABLE)

FIRST, SECOND = "us-east-1", "af-south-1"
TABLE = [
    # What EC2 and RDS answer in SECOND, what they answer in FIRST, and what that proves of SECOND.
    ((OK, OK), (OK, OK), "reachable", None),
    ((OK, IDENTITY), (OK, IDENTITY), "reachable", None),
    ((IDENTITY, OK), (OK, OK), "reachable", None),
    ((OK, SCP), (OK, OK), "reachable", None),
    ((OK, NO_ANSWER), (OK, OK), "reachable", None),
    ((OK, OFF), (OK, OK), "reachable", None),
    # An organization's policy tells by itself, even if it refuses every region.
    ((SCP, SCP), (OK, OK), "refused", "service_control_policy"),
    ((SCP, SCP), (SCP, SCP), "refused", "service_control_policy"),
    ((RCP, RCP), (OK, OK), "refused", "resource_control_policy"),
    ((SCP, IDENTITY), (OK, IDENTITY), "refused", "service_control_policy"),
    ((IDENTITY, SCP), (IDENTITY, OK), "refused", "service_control_policy"),
    # The role's own policies: only if another region allows the same call.
    ((IDENTITY, IDENTITY), (OK, OK), "refused", "identity_policy"),
    ((IDENTITY, IDENTITY), (OK, IDENTITY), "refused", "identity_policy"),
    ((IDENTITY, IDENTITY), (IDENTITY, OK), "refused", "identity_policy"),
    ((BOUNDARY, UNSTATED), (OK, OK), "refused", "permissions_boundary"),
    ((IDENTITY, IDENTITY), (IDENTITY, IDENTITY), "unknown", "identity_policy"),
    ((IDENTITY, IDENTITY), (NO_ANSWER, NO_ANSWER), "unknown", "identity_policy"),
    ((UNSTATED, BOUNDARY), (UNSTATED, BOUNDARY), "unknown", "unstated"),
    # Not every call is refused: one was not answered, and may be allowed in a moment.
    ((SCP, NO_ANSWER), (OK, OK), "unknown", "error"),
    ((NO_ANSWER, IDENTITY), (OK, OK), "unknown", "error"),
    ((NO_ANSWER, IDENTITY), (OK, IDENTITY), "unknown", "error"),
    ((NO_ANSWER, LASTING), (OK, OK), "unknown", "error"),
    ((LASTING, LASTING), (OK, OK), "unknown", None),
    # A refusal shows that the region knows the credentials.
    ((IDENTITY, OFF), (OK, OK), "unknown", "identity_policy"),
    ((OFF, OFF), (OK, OK), "not_enabled", None),
    ((OFF, NO_ANSWER), (OK, OK), "not_enabled", None),
    ((OFF, OFF), (OFF, OFF), "not_enabled", None),
    ((NO_ANSWER, NO_ANSWER), (OK, OK), "unknown", "error"),
]


@pytest.mark.parametrize(("answers", "in_the_first", "status", "reason"), TABLE)
def test_what_two_calls_prove_about_a_region(
    answers: tuple[Judgement, Judgement],
    in_the_first: tuple[Judgement, Judgement],
    status: str,
    reason: str | None,
) -> None:
    _, second = judge_regions({FIRST: in_the_first, SECOND: answers})

    assert (second.region, second.status, second.reason) == (SECOND, status, reason)


def test_a_region_that_cannot_be_disabled_did_not_reject_the_credentials_for_that() -> None:
    (first,) = judge_regions({FIRST: (OFF, OFF)})

    assert first == RegionHealth(FIRST, RegionStatus.UNKNOWN)


def test_an_account_of_one_region_is_not_refused_for_a_missing_permission() -> None:
    (first,) = judge_regions({FIRST: (IDENTITY, IDENTITY)})

    assert first.status is RegionStatus.UNKNOWN


def test_a_region_that_lacks_an_answer_is_no_region_that_can_be_judged() -> None:
    with pytest.raises(ValueError, match="argument"):
        judge_regions({FIRST: (OK, OK), SECOND: (OK,)})
