"""How often an organization may do what costs others."""

from __future__ import annotations

from datetime import datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.errors import QuotaExceeded
from cavok.domain.quotas import Quota
from tests.support.builders import NOW

SIX = Quota("tests", 6, timedelta(minutes=1))


@given(st.lists(st.integers(0, 30), max_size=60))
def test_no_minute_has_more_than_the_quota(gaps: list[int]) -> None:
    taken: tuple[datetime, ...] = ()
    allowed, now = [], NOW
    for gap in gaps:
        now += timedelta(seconds=gap)
        if wait := wait_of(taken, now):
            assert wait <= SIX.per
            assert wait_of(taken, now + wait) is None, "after the wait it may again"
            assert wait_of(taken, now + wait - timedelta(microseconds=1))
        else:
            taken = SIX.take(taken, now)
            allowed.append(now)
        assert len(taken) <= SIX.limit
    for at in allowed:
        assert len([one for one in allowed if at <= one < at + SIX.per]) <= SIX.limit


def wait_of(taken: tuple[datetime, ...], now: datetime) -> timedelta | None:
    """How long to wait. None if it may be taken now."""
    try:
        SIX.take(taken, now)
    except QuotaExceeded as refusal:
        return refusal.wait
    return None
