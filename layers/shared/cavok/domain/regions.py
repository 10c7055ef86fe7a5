"""The regions of the `aws` partition, and what an account can do in one.

A unit test compares the list with botocore's.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

from cavok.domain.access_denied import Reason
from cavok.domain.steps import Judgement, Verdict

REGIONS = frozenset(
    {
        "af-south-1",
        "ap-east-1",
        "ap-east-2",
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-south-2",
        "ap-southeast-1",
        "ap-southeast-2",
        "ap-southeast-3",
        "ap-southeast-4",
        "ap-southeast-5",
        "ap-southeast-6",
        "ap-southeast-7",
        "ca-central-1",
        "ca-west-1",
        "eu-central-1",
        "eu-central-2",
        "eu-north-1",
        "eu-south-1",
        "eu-south-2",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "il-central-1",
        "me-central-1",
        "me-south-1",
        "mx-central-1",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)

ALWAYS_ENABLED = frozenset(
    {
        "ap-northeast-1",
        "ap-northeast-2",
        "ap-northeast-3",
        "ap-south-1",
        "ap-southeast-1",
        "ap-southeast-2",
        "ca-central-1",
        "eu-central-1",
        "eu-north-1",
        "eu-west-1",
        "eu-west-2",
        "eu-west-3",
        "sa-east-1",
        "us-east-1",
        "us-east-2",
        "us-west-1",
        "us-west-2",
    }
)
"""Regions that every account has and cannot disable. Source: Account Management Reference Guide,
"Enable or disable AWS Regions in your account".
"""


class RegionStatus(StrEnum):
    """What an account's answers say about one region. `refused`: AWS refuses every call there, by a
    policy of the account's organization, or although it allows one in another region.
    `not_enabled`: the account has not enabled the region. `unknown`: the answers do not say.
    """

    REACHABLE = "reachable"
    REFUSED = "refused"
    NOT_ENABLED = "not_enabled"
    UNKNOWN = "unknown"


UNUSABLE = frozenset({RegionStatus.REFUSED, RegionStatus.NOT_ENABLED})
"""Statuses in which no call works. Such a region is left out until a test finds another status."""


@dataclass(frozen=True, slots=True)
class RegionHealth:
    """What a test found in one region. `reason` says why its calls were refused; `error`: a service
    did not answer, so that the next test may find more.
    """

    region: str
    status: RegionStatus
    reason: Reason | None = None


_OF_THE_ORGANIZATION = (Reason.SERVICE_CONTROL_POLICY, Reason.RESOURCE_CONTROL_POLICY)


def judge_regions(answers: Mapping[str, Sequence[Judgement]]) -> tuple[RegionHealth, ...]:
    """What one call of each service proves about each region. Every region has the answers to the
    same calls, in the same order.

    A call that a role's own policies refuse in every region proves something about a permission,
    not about a region. Only a policy of the organization, or a call that another region allows,
    proves that a region is refused.
    """
    allowed_somewhere = [
        any(answer.verdict is Verdict.ALLOWED for answer in same_call)
        for same_call in zip(*answers.values(), strict=True)
    ]
    return tuple(
        _judge_region(region, calls, allowed_somewhere) for region, calls in answers.items()
    )


def _judge_region(
    region: str, answers: Sequence[Judgement], allowed_somewhere: Sequence[bool]
) -> RegionHealth:
    verdicts = {answer.verdict for answer in answers}
    if Verdict.ALLOWED in verdicts:
        return RegionHealth(region, RegionStatus.REACHABLE)
    # Before any refusal: a service that did not answer may have allowed it.
    unanswered = [Reason.ERROR for answer in answers if answer.reason is Reason.ERROR]
    denied = [answer for answer in answers if answer.verdict is Verdict.DENIED]
    if not denied:
        disabled = any(answer.reason is Reason.REGION_DISABLED for answer in answers)
        # Where no region can be disabled, the credentials were rejected instead.
        if disabled and region not in ALWAYS_ENABLED:
            return RegionHealth(region, RegionStatus.NOT_ENABLED)
        return RegionHealth(region, RegionStatus.UNKNOWN, next(iter(unanswered), None))
    reasons = [answer.reason for answer in denied]
    by_organization = [reason for reason in reasons if reason in _OF_THE_ORGANIZATION]
    elsewhere = (
        answer.verdict is Verdict.DENIED and allowed
        for answer, allowed in zip(answers, allowed_somewhere, strict=True)
    )
    proven = verdicts == {Verdict.DENIED} and (by_organization or any(elsewhere))
    return RegionHealth(
        region,
        RegionStatus.REFUSED if proven else RegionStatus.UNKNOWN,
        (unanswered or by_organization or reasons)[0],
    )
