"""When an account is verified again by itself."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.reverification import DAY, REST_AFTER, Attention, next_verification_at
from tests.unit.builders import ACCOUNT_ID, NOW

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
        (11, DAY),
        (100_000, DAY),
    ],
)
def test_an_account_that_does_not_connect_is_tried_ever_less_often_but_daily(
    attempts: int, wait: timedelta
) -> None:
    assert next_verification_at(attention(attempts=attempts), NOW) == NOW + wait


def test_an_account_never_connected_and_untouched_for_a_week_rests() -> None:
    untouched = attention(touched_at=NOW - REST_AFTER - timedelta(seconds=1))

    assert next_verification_at(untouched, NOW) is None
    assert next_verification_at(attention(touched_at=NOW - REST_AFTER), NOW) is not None


def test_an_account_that_was_connected_once_never_rests() -> None:
    long_ago = attention(was_connected=True, touched_at=NOW - timedelta(days=365), attempts=50)

    assert next_verification_at(long_ago, NOW) == NOW + DAY


@given(st.text(min_size=1), st.integers(0, 1000))
def test_a_connected_account_is_due_in_22_to_24_hours_always_at_the_same_distance(
    account_id: str, attempts: int
) -> None:
    who = attention(account_id=account_id, connected=True, attempts=attempts)
    due = next_verification_at(who, NOW)

    assert due is not None
    assert NOW + timedelta(hours=22) <= due <= NOW + DAY
    assert due - NOW == next_verification_at(who, NOW + DAY) - (NOW + DAY)  # type: ignore[operator]


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

    assert due is None or NOW + 2 * MINUTE <= due <= NOW + DAY
