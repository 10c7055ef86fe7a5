"""The regions of the `aws` partition, and what an account can do in one.

A unit test compares the list with botocore's.
"""

from dataclasses import dataclass
from enum import StrEnum

from cavok.domain.access_denied import Reason

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


class RegionStatus(StrEnum):
    """What an account's answers say about one region. `refused`: every call is, such as by a
    service control policy. `not_enabled`: the account has not opted in. `unknown`: no answer.
    """

    REACHABLE = "reachable"
    REFUSED = "refused"
    NOT_ENABLED = "not_enabled"
    UNKNOWN = "unknown"


UNUSABLE = frozenset({RegionStatus.REFUSED, RegionStatus.NOT_ENABLED})
"""Where no call works. These regions are left out until a test finds them otherwise."""


@dataclass(frozen=True, slots=True)
class RegionHealth:
    """What a test found in one region. `reason` says why it was refused."""

    region: str
    status: RegionStatus
    reason: Reason | None = None
