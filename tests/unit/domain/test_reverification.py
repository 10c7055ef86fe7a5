"""When an account is verified again by itself."""

from __future__ import annotations

from collections import Counter
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.reverification import (
    DAY,
    REST_BETWEEN,
    Attention,
    daily_offset,
    next_daily_slot,
    next_verification_at,
)
from tests.support.builders import ACCOUNT_ID, NOW

MINUTE = timedelta(minutes=1)


def attention(
    *,
    account_id: str = ACCOUNT_ID,
    connected: bool = False,
    was_connected: bool = False,
    attempts: int = 1,
    touched_at: datetime = NOW,
) -> Attention:
    return Attention(account_id, connected, was_connected, attempts, touched_at)


@pytest.mark.parametrize(
    ("attempts", "wait"),
    [
        (0, 2 * MINUTE),
        (1, 2 * MINUTE),
        (2, 4 * MINUTE),
        (3, 8 * MINUTE),
        (10, 1024 * MINUTE),
    ],
)
def test_an_account_that_does_not_connect_is_tried_ever_less_often(
    attempts: int, wait: timedelta
) -> None:
    assert next_verification_at(attention(attempts=attempts), NOW) == NOW + wait


def test_an_account_never_connected_and_untouched_for_a_week_rests() -> None:
    week = timedelta(days=7)
    untouched = attention(touched_at=NOW - week - timedelta(seconds=1))

    assert next_verification_at(untouched, NOW) is None
    assert next_verification_at(attention(touched_at=NOW - week), NOW) is not None


def test_an_account_that_was_connected_once_never_rests() -> None:
    long_ago = attention(was_connected=True, touched_at=NOW - timedelta(days=365), attempts=50)

    assert next_verification_at(long_ago, NOW) == next_daily_slot(ACCOUNT_ID, NOW)


def test_a_test_that_ends_an_hour_before_its_slot_is_followed_then() -> None:
    slot = next_daily_slot(ACCOUNT_ID, NOW)

    assert next_daily_slot(ACCOUNT_ID, slot - REST_BETWEEN) == slot
    just_after = slot - REST_BETWEEN + timedelta(microseconds=1)
    assert next_daily_slot(ACCOUNT_ID, just_after) == slot + DAY


@pytest.mark.parametrize("attempts", [11, 100_000])
def test_at_last_an_account_that_does_not_connect_is_tried_daily(attempts: int) -> None:
    who = attention(attempts=attempts)

    assert next_verification_at(who, NOW) == next_daily_slot(ACCOUNT_ID, NOW)


MOMENTS = st.timedeltas(-5000 * DAY, 5000 * DAY).map(lambda distance: NOW + distance)


@given(st.text(min_size=1), MOMENTS)
def test_a_connected_account_is_due_at_its_own_time_of_day(account_id: str, now: datetime) -> None:
    due = next_verification_at(attention(account_id=account_id, connected=True), now)

    assert due is not None
    assert now + REST_BETWEEN <= due < now + REST_BETWEEN + DAY
    midnight = due.replace(hour=0, minute=0, second=0, microsecond=0)
    assert due - midnight == daily_offset(account_id)


@given(st.text(min_size=1), MOMENTS, st.timedeltas(timedelta(), timedelta(hours=11)))
def test_a_sweep_that_is_hours_late_is_made_up_for(
    account_id: str, now: datetime, late: timedelta
) -> None:
    slot = next_daily_slot(account_id, now)

    assert next_daily_slot(account_id, slot + late) == slot + DAY


@given(st.text(min_size=1), MOMENTS)
def test_a_test_by_hand_shortly_before_moves_the_next_one(account_id: str, now: datetime) -> None:
    slot = next_daily_slot(account_id, now)

    assert next_daily_slot(account_id, slot - timedelta(minutes=59)) == slot + DAY


def test_accounts_confirmed_at_one_moment_are_spread_evenly_over_the_day() -> None:
    """At 100,000 accounts no minute holds more than twice its share (69)."""
    count = 100_000
    slots = (next_daily_slot(f"01JN8Q5M3C{n:016}", NOW) for n in range(count))
    of_minute = Counter(int((slot - NOW) / MINUTE) % (24 * 60) for slot in slots)

    assert len(of_minute) == 24 * 60
    assert max(of_minute.values()) <= 2 * count / (24 * 60)


def test_accounts_confirmed_together_drift_apart() -> None:
    accounts = [attention(account_id=f"01JN8Q5M3C{n:016}", connected=True) for n in range(100)]
    due = {next_verification_at(account, NOW) for account in accounts}

    assert len(due) == len(accounts)


@given(st.booleans(), st.booleans(), st.integers(0, 10**6), st.timedeltas(timedelta(), 30 * DAY))
def test_the_next_time_is_always_ahead(
    connected: bool, was_connected: bool, attempts: int, untouched: timedelta
) -> None:
    who = Attention(ACCOUNT_ID, connected, was_connected, attempts, NOW - untouched)
    due = next_verification_at(who, NOW)

    assert due is None or NOW + 2 * MINUTE <= due <= NOW + REST_BETWEEN + DAY
