"""The stored form of what a test found in an account's regions: only the unreachable ones, because
an account's item must stay small.
"""

from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from typing import Any

from cavok.domain.access_denied import Reason
from cavok.domain.regions import RegionHealth, RegionStatus


def exceptions_of(health: Iterable[RegionHealth]) -> dict[str, list[Any]] | None:
    """Status and reason of each region that is not reachable. None if no test looked."""
    found = list(health)
    return (
        {
            each.region: [each.status, *([each.reason] if each.reason else [])]
            for each in found
            if each.status is not RegionStatus.REACHABLE
        }
        if found
        else None
    )


def health_of(
    regions: Sequence[str], exceptions: Mapping[str, list[Any]] | None
) -> tuple[RegionHealth, ...]:
    """Reads `exceptions_of`. `regions`: the regions of the test, in their order."""
    if exceptions is None:
        return ()
    return tuple(_health(region, *exceptions.get(region, ())) for region in regions)


@cache  # Most accounts of a list have the same.
def _health(
    region: str, status: str = RegionStatus.REACHABLE, reason: str | None = None
) -> RegionHealth:
    return RegionHealth(region, RegionStatus(status), Reason(reason) if reason else None)


def dump_health(health: Sequence[RegionHealth]) -> list[Any]:
    """For an item that does not know the account's regions."""
    return [[each.region for each in health], exceptions_of(health)]


def load_health(stored: list[Any]) -> tuple[RegionHealth, ...]:
    """Reads `dump_health`."""
    return health_of(*stored)
