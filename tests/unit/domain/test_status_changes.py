"""The latest changes of an account's status, which the list draws as a picture."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest

from cavok.domain.accounts import (
    MOST_CHANGES,
    Account,
    Status,
    StatusChange,
    changed_status,
)
from tests.support.builders import NOW, an_account

UNCONFIRMED, CONFIRMED, DEGRADED, FAILED = (
    Status.UNCONFIRMED,
    Status.CONFIRMED,
    Status.DEGRADED,
    Status.FAILED,
)


def turned(account: Account, *statuses: Status, at: datetime = NOW) -> Account:
    """The account after these statuses, one write each."""
    for status in statuses:
        account = replace(account, status=status, updated_at=at).after(account)
    return account


def test_a_change_is_kept_with_what_was_before_it() -> None:
    account = turned(an_account(), CONFIRMED)
    later = turned(account, DEGRADED, at=NOW + timedelta(days=3))

    assert account.status_changes == (StatusChange(f"{NOW:%Y-%m-%d}", UNCONFIRMED),)
    assert later.status_changes == (
        *account.status_changes,
        StatusChange(f"{NOW + timedelta(days=3):%Y-%m-%d}", CONFIRMED),
    )


def test_a_write_that_leaves_the_status_leaves_the_changes() -> None:
    account = turned(an_account(), CONFIRMED)

    assert replace(account, name="Other").after(account).status_changes == account.status_changes
    assert turned(account, CONFIRMED).status_changes == account.status_changes


def test_of_a_day_the_first_stays_and_the_worst_of_the_others() -> None:
    account = turned(an_account(), CONFIRMED, DEGRADED, FAILED, CONFIRMED, DEGRADED, CONFIRMED)

    assert [each.before for each in account.status_changes] == [UNCONFIRMED, FAILED]


@pytest.mark.parametrize("days", [MOST_CHANGES - 1, MOST_CHANGES, MOST_CHANGES + 5])
def test_only_the_latest_are_kept(days: int) -> None:
    account = an_account()
    for day in range(days):
        status = DEGRADED if day % 2 else CONFIRMED
        account = turned(account, status, at=NOW + timedelta(days=day))

    kept = account.status_changes
    assert len(kept) == min(days, MOST_CHANGES)
    assert kept[-1].on == f"{NOW + timedelta(days=days - 1):%Y-%m-%d}"
    assert [each.on for each in kept] == sorted(each.on for each in kept)


def test_a_day_is_the_one_in_utc() -> None:
    at = datetime.fromisoformat("2026-01-31T23:30:00-02:00")

    (change,) = changed_status((), CONFIRMED, at)

    assert change.on == f"{at.astimezone(UTC):%Y-%m-%d}" == "2026-02-01"
