"""The events that follow from two versions of an account."""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.accounts import Issue, LastVerification, Outcome, Status
from cavok.domain.events import AccountChange, AccountVersion, Event, EventType
from cavok.domain.events import events_of as events_of_change
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    NUMBER,
    ORGANIZATION_ID,
    OTHER_VERIFICATION_ID,
    VERIFICATION_ID,
)
from tests.support.event_schemas import problems_of

LATER = NOW + timedelta(minutes=1)
ISSUE = Issue("role_not_assumable", "The role could not be assumed.", "Deploy it.")


def version(
    status: Status = Status.UNCONFIRMED, number: int = 1, verification_id: str | None = None
) -> AccountVersion:
    last = LastVerification(verification_id, Outcome.FAILED, NOW) if verification_id else None
    return AccountVersion(
        organization_id=ORGANIZATION_ID,
        account_id=ACCOUNT_ID,
        provider="aws",
        account_number=NUMBER,
        name="Production1",
        status=status,
        issues=(ISSUE,) if status is Status.FAILED else (),
        verification=last,
        version=number,
        at=LATER,
    )


def events_of(
    before: AccountVersion | None, after: AccountVersion | None, at: datetime
) -> list[Event]:
    return list(events_of_change(AccountChange(before, after, at), 1000))


def types(before: AccountVersion | None, after: AccountVersion | None) -> list[str]:
    return [event.type for event in events_of(before, after, LATER)]


VERSIONS = st.builds(
    version,
    st.sampled_from(Status),
    st.integers(1, 10**9),
    st.sampled_from([None, VERIFICATION_ID, OTHER_VERIFICATION_ID]),
)


def test_a_new_account_is_an_event() -> None:
    assert types(None, version()) == [EventType.CREATED]


def test_a_deleted_account_is_an_event_with_a_version_of_its_own() -> None:
    last = version(Status.CONFIRMED, 7)
    (event,) = events_of(last, None, LATER)

    assert event.type == EventType.DELETED
    assert event.detail["version"] == 8
    assert event.detail["occurred_at"] == "2025-03-01T12:01:00Z"


@pytest.mark.parametrize(
    ("status", "event_type"),
    [
        (Status.CONFIRMED, EventType.CONFIRMED),
        (Status.DEGRADED, EventType.DEGRADED),
        (Status.FAILED, EventType.FAILED),
    ],
)
def test_the_test_comes_before_the_status_that_it_changes(
    status: Status, event_type: EventType
) -> None:
    after = version(status, 3, VERIFICATION_ID)

    assert types(version(number=2), after) == [EventType.VERIFICATION_FINISHED, event_type]


def test_each_event_of_a_change_has_its_version_and_time() -> None:
    before = version(number=2)
    revoked = Issue("revoked", "Ada ended all use of this account.", "Test it.")
    after = replace(version(Status.FAILED, 3, VERIFICATION_ID), issues=(revoked,))

    details = [event.detail for event in events_of(before, after, NOW)]

    assert {(each["version"], each["occurred_at"]) for each in details} == {
        (3, "2025-03-01T12:01:00Z")
    }
    assert len(details) == 3


def test_no_event_follows_from_a_test_that_found_nothing_new_and_nobody_asked_for() -> None:
    before = version(Status.CONFIRMED, 4, VERIFICATION_ID)
    after = replace(version(Status.CONFIRMED, 5, OTHER_VERIFICATION_ID), quiet=True)

    assert types(before, after) == []
    assert types(after, None) == [EventType.DELETED]


def test_a_test_that_finds_nothing_new_is_one_event() -> None:
    before = version(Status.FAILED, 3, VERIFICATION_ID)
    after = version(Status.FAILED, 5, OTHER_VERIFICATION_ID)

    assert types(before, after) == [EventType.VERIFICATION_FINISHED]


@given(VERSIONS, st.integers(1, 10**9))
def test_no_event_follows_from_a_change_of_neither_test_nor_status(
    before: AccountVersion, number: int
) -> None:
    renamed = replace(before, version=number, name="Other", at=LATER)

    assert types(before, renamed) == []


def test_no_event_follows_from_becoming_unconfirmed() -> None:
    assert types(version(Status.FAILED), version(Status.UNCONFIRMED, 2)) == []


@given(VERSIONS, VERSIONS)
def test_the_same_change_has_the_same_ids_however_often_it_is_read(
    before: AccountVersion, after: AccountVersion
) -> None:
    events, again = list(events_of(before, after, NOW)), list(events_of(before, after, LATER))
    ids = [event.detail["event_id"] for event in events]

    assert events == again
    assert len(set(ids)) == len(ids)


@given(st.none() | VERSIONS, st.none() | VERSIONS)
def test_every_event_keeps_to_its_schema(
    before: AccountVersion | None, after: AccountVersion | None
) -> None:
    if before is None and after is not None:
        after = replace(after, status=Status.UNCONFIRMED, verification=None)
    if before and after and before.status is not after.status and not after.verification:
        return  # a status comes from a test
    events = list(events_of(before, after, LATER))

    assert [p for event in events for p in problems_of(event.type, event.detail)] == []
