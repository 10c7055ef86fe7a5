"""An account whose use a person revoked: nothing but a person's test brings it back."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.accounts import UNKNOWN_CAPABILITIES, Account, Status
from cavok.domain.events import AccountChange, AccountVersion, EventType, events_of
from cavok.domain.verifications import Trigger, abort, begin, finish
from tests.support.builders import (
    NOW,
    OTHER_VERIFICATION_ID,
    a_verification,
    an_account,
    confirmed,
    steps_of,
    under_test,
)

LATER = NOW + timedelta(minutes=1)
REVOKED = confirmed(an_account()).with_use_revoked(NOW)


def test_a_revoked_account_is_unconfirmed_says_so_and_is_not_due() -> None:
    account = replace(confirmed(an_account(attempts=3)), capabilities={})

    revoked = account.with_use_revoked(NOW)

    assert revoked.revoked
    assert revoked.status is Status.UNCONFIRMED
    assert [issue.code for issue in revoked.issues] == ["revoked"]
    assert revoked.capabilities == UNKNOWN_CAPABILITIES
    assert revoked.next_verification_at is None
    assert revoked.connection_revision == account.connection_revision + 1


def test_revoking_twice_is_revoking_once() -> None:
    assert REVOKED.with_use_revoked(LATER) is REVOKED


def test_revoking_again_ends_a_test_that_began_in_between() -> None:
    revision = REVOKED.connection_revision
    tested, _ = begin(REVOKED, a_verification(connection_revision=revision))

    again = tested.with_use_revoked(LATER)

    assert (again.slot, again.next_verification_at) == (None, None)
    assert again.connection_revision == revision + 1


@pytest.mark.parametrize("trigger", Trigger)
def test_a_test_that_ran_meanwhile_does_not_reconnect_it(trigger: Trigger) -> None:
    account = under_test(confirmed(an_account()))
    verification = a_verification(trigger=trigger)
    revoked = account.with_use_revoked(NOW)

    after, ended = finish(revoked, verification, steps_of(account), LATER)

    assert ended.outcome is None
    assert (after.status, after.issues) == (revoked.status, revoked.issues)
    assert after.next_verification_at is None


def test_a_test_by_a_person_brings_it_back() -> None:
    verification = a_verification(connection_revision=REVOKED.connection_revision)
    tested, _ = begin(REVOKED, verification)

    after, _ = finish(tested, verification, steps_of(tested), LATER)

    assert (after.status, after.issues, after.revoked) == (Status.CONFIRMED, (), False)
    assert after.next_verification_at


CHANGES: dict[str, Callable[[Account], Account]] = {
    "log writing": lambda account: account.with_write_logs(not account.write_logs, LATER),
    "regions": lambda account: account.reconnected(LATER, regions=("eu-west-1",)),
    "role": lambda account: account.reconnected(LATER, role_name="CavokOther"),
    "name": lambda account: account.renamed("Other", LATER),
}


@given(st.lists(st.sampled_from(sorted(CHANGES)), max_size=5))
def test_no_other_change_brings_it_back(changes: list[str]) -> None:
    account = REVOKED
    for change in changes:
        account = CHANGES[change](account)

    assert account.revoked
    assert account.status is Status.UNCONFIRMED
    assert account.next_verification_at is None


def test_a_persons_test_that_ends_without_a_verdict_leaves_it_revoked_and_at_rest() -> None:
    verification = a_verification(
        verification_id=OTHER_VERIFICATION_ID, connection_revision=REVOKED.connection_revision
    )
    tested, _ = begin(REVOKED, verification)
    assert tested.next_verification_at, "should the test die, the sweep ends it"

    after, _ = abort(tested, verification, (), LATER)

    assert (after.revoked, after.slot, after.next_verification_at) == (True, None, None)


def version(account: Account, number: int) -> AccountVersion:
    return AccountVersion(
        organization_id=account.organization_id,
        account_id=account.account_id,
        provider=account.provider,
        account_number=account.account_number,
        name=account.name,
        status=account.status,
        issues=account.issues,
        verification=account.verification,
        version=number,
        at=LATER,
    )


@pytest.mark.parametrize("status", Status)
def test_it_is_one_event_whatever_the_account_was_before(status: Status) -> None:
    before = an_account(status=status)
    revoked = before.with_use_revoked(NOW)
    changed = replace(revoked, name="Other")

    events = list(events_of(AccountChange(version(before, 1), version(revoked, 2), NOW), 0))
    later = list(events_of(AccountChange(version(revoked, 2), version(changed, 3), NOW), 0))

    assert [event.type for event in events] == [EventType.REVOKED]
    assert events[0].detail["previous_status"] == status
    assert later == []
