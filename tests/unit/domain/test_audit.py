"""The audit trail: each act is told with who made it, when, from where, and what was different."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta

import pytest
from ulid import ULID

from cavok.domain import audit
from cavok.domain.account_list import Selection
from cavok.domain.accounts import Issue, Status
from cavok.domain.actors import SCHEDULE, SYSTEM, Actor, ActorKind
from cavok.domain.audit import THE_WEBHOOK, AuditAction, AuditEntry, Change, Target, TargetType
from cavok.domain.instances import Operation
from cavok.domain.kinds import Action, Kind
from cavok.domain.schedules import Schedule, Window
from local.settings import ROOT
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    ORGANIZATION_ID,
    VERIFICATION_ID,
    a_bulk_operation,
    a_resource,
    an_account,
    by,
)
from tests.support.enrollments import ENROLLMENT_ID, an_enrollment

LATER = NOW + timedelta(minutes=1)
ACCOUNT = an_account(updated_at=LATER)
CONFIRMED = replace(ACCOUNT, status=Status.CONFIRMED)
BOB = by("bob@example.com")
FAILED = replace(
    ACCOUNT, status=Status.FAILED, issues=(Issue("a", "One.", "-"), Issue("b", "Two.", "-"))
)
IS_ACCOUNT = Target(TargetType.ACCOUNT, ACCOUNT_ID, ACCOUNT.name)
RESOURCE = a_resource(created_at=NOW)
IS_RESOURCE = Target(TargetType.RESOURCE, RESOURCE.resource_id, "i-0123456789abcdef0")
WEEK = Schedule("UTC", (Window(("mon",), "08:00", "18:00"),))
AS_JSON = {
    "time_zone": "UTC",
    "windows": ({"days": ("mon",), "start": "08:00", "stop": "18:00"},),
}
STOP = Operation(Action.STOP, Kind.RDS, "orders", "eu-west-1")
PLACE = "i-0123456789abcdef0: ec2 in us-east-1"
OF_WEBHOOK = [action for action in AuditAction if action.startswith("webhook_")]
OF_ENROLLMENT = [action for action in AuditAction if action.startswith("enrollment_")]

ENTRIES: dict[AuditAction, tuple[Callable[[], AuditEntry], object]] = {
    AuditAction.CREATED: (
        lambda: audit.created(ACCOUNT, BOB),
        (ACCOUNT.created_at, IS_ACCOUNT, None),
    ),
    AuditAction.CHANGED: (
        lambda: audit.changed(an_account(name="Before"), ACCOUNT, BOB),
        (LATER, IS_ACCOUNT, "Name: Before → Production1"),
    ),
    AuditAction.CREDENTIALS_ROTATED: (
        lambda: audit.credentials_rotated(ACCOUNT, ACCOUNT, BOB),
        (LATER, IS_ACCOUNT, None),
    ),
    AuditAction.TESTED: (
        lambda: audit.tested(ACCOUNT, BOB, NOW, VERIFICATION_ID),
        (NOW, IS_ACCOUNT, f"verification {VERIFICATION_ID}"),
    ),
    AuditAction.REVOKED: (
        lambda: audit.revoked(CONFIRMED, ACCOUNT, BOB),
        (LATER, IS_ACCOUNT, None),
    ),
    AuditAction.INVITED: (
        lambda: audit.invited(ACCOUNT, BOB, NOW, NOW + timedelta(days=7)),
        (NOW, IS_ACCOUNT, "valid until 2025-03-08 12:00 UTC"),
    ),
    AuditAction.INVITATION_WITHDRAWN: (
        lambda: audit.invitation_withdrawn(ACCOUNT, BOB, NOW),
        (NOW, IS_ACCOUNT, None),
    ),
    AuditAction.DEGRADED: (
        lambda: audit.degraded(CONFIRMED, FAILED, BOB),
        (LATER, IS_ACCOUNT, "One.; Two."),
    ),
    AuditAction.FAILED: (
        lambda: audit.failed(CONFIRMED, FAILED, BOB),
        (LATER, IS_ACCOUNT, "One.; Two."),
    ),
    AuditAction.DELETED: (lambda: audit.deleted(ACCOUNT, BOB, NOW), (NOW, IS_ACCOUNT, None)),
    AuditAction.START_REQUESTED: (
        lambda: audit.operation_requested(
            ACCOUNT, BOB, replace(STOP, action=Action.START, region=None), NOW, VERIFICATION_ID
        ),
        (NOW, Target(TargetType.INSTANCE, "orders"), "rds"),
    ),
    AuditAction.STOP_REQUESTED: (
        lambda: audit.operation_requested(ACCOUNT, BOB, STOP, NOW, VERIFICATION_ID),
        (NOW, Target(TargetType.INSTANCE, "orders"), "rds in eu-west-1"),
    ),
    AuditAction.RESOURCE_ADDED: (
        lambda: audit.resource_added(RESOURCE, ACCOUNT, BOB),
        (NOW, IS_RESOURCE, PLACE),
    ),
    AuditAction.RESOURCE_REMOVED: (
        lambda: audit.resource_removed(RESOURCE, ACCOUNT, BOB, NOW),
        (NOW, IS_RESOURCE, PLACE),
    ),
    AuditAction.SCHEDULE_CHANGED: (
        lambda: audit.schedule_changed(RESOURCE, RESOURCE, ACCOUNT, BOB, NOW),
        (NOW, IS_RESOURCE, PLACE),
    ),
}
"""How each entry is made, and its time, target and detail."""


def test_the_page_has_words_for_every_act() -> None:
    texts = (ROOT / "functions/dashboard/static/views/texts.js").read_text()
    (block,) = re.findall(r"^    actions: \{(.*?)\n    \}", texts, re.DOTALL | re.MULTILINE)

    assert re.findall(r'^ +(\w+): "[^"]+",$', block, re.MULTILINE) == list(AuditAction)


def test_an_entry_of_many_accounts_names_their_operation() -> None:
    entry = audit.bulk_requested(a_bulk_operation(requester=BOB, started_at=NOW))

    assert (entry.action, entry.actor, entry.at) == (AuditAction.BULK_REQUESTED, BOB.actor, NOW)
    assert entry.target == Target(TargetType.OPERATION, "01JN8Q5M3C0000000000000P01")
    assert (entry.account_id, entry.detail) == (None, "test: 3 accounts")


@pytest.mark.parametrize(
    ("selection", "said"),
    [
        (Selection(), "all"),
        (
            Selection(q="a", has_problems=False, unit_id="r-ab12"),
            "q: a; has_problems: No; ou: r-ab12",
        ),
    ],
)
def test_an_entry_of_many_accounts_names_the_filter_with_the_names_of_the_api(
    selection: Selection, said: str
) -> None:
    entry = audit.bulk_requested(a_bulk_operation(selection=selection))

    assert entry.detail == f"test: 3 accounts; {said}"


def test_the_end_of_an_operation_names_who_ended_it_and_how_far_it_was() -> None:
    entry = audit.bulk_stopped(a_bulk_operation(done=1), BOB, NOW)

    assert (entry.action, entry.actor, entry.at) == (AuditAction.BULK_STOPPED, BOB.actor, NOW)
    assert entry.detail == "test: 1 of 3 accounts"


@pytest.mark.parametrize("action", OF_WEBHOOK)
def test_an_entry_of_the_webhook_names_no_account(action: AuditAction) -> None:
    entry = audit.of_webhook(action, ORGANIZATION_ID, BOB, NOW, detail="why")

    assert (entry.action, entry.actor, entry.at, entry.detail) == (action, BOB.actor, NOW, "why")
    assert (entry.organization_id, entry.account_id, entry.account_name) == (
        ORGANIZATION_ID,
        None,
        None,
    )
    assert entry.target == THE_WEBHOOK


@pytest.mark.parametrize("action", OF_ENROLLMENT)
def test_an_entry_of_an_enrollment_names_it_and_no_account(action: AuditAction) -> None:
    before = an_enrollment(exclude_ous=("ou-abcd-11111111",))
    after = replace(before, name="Other", exclude_ous=(), tags={"a": "b"})

    entry = audit.of_enrollment(action, after, BOB, NOW, changes=audit.chosen(before, after))

    assert (entry.action, entry.actor, entry.at) == (action, BOB.actor, NOW)
    assert entry.target == Target(TargetType.ENROLLMENT, ENROLLMENT_ID, "Other")
    assert (entry.account_id, entry.account_name) == (None, None)
    assert entry.changes == (
        Change("name", "Northwind", "Other"),
        Change("exclude_ous", ("ou-abcd-11111111",), None),
        Change("tags", None, {"a": "b"}),
    )


@pytest.mark.parametrize("action", ENTRIES)
def test_an_entry_says_who_did_what_when_and_from_where(action: AuditAction) -> None:
    make, expected = ENTRIES[action]

    entry = make()

    assert (entry.at, entry.target, entry.detail) == expected
    assert (entry.action, entry.actor) == (action, BOB.actor)
    assert (entry.request_id, entry.source_ip) == ("r-1", "203.0.113.7")
    assert (entry.organization_id, entry.account_id) == (ORGANIZATION_ID, ACCOUNT_ID)
    assert entry.account_name == ACCOUNT.name
    if entry.entry_id != VERIFICATION_ID:
        assert ULID.from_str(entry.entry_id).datetime == entry.at, "entries sort by their time"


@pytest.mark.parametrize(
    "action", [AuditAction.TESTED, AuditAction.START_REQUESTED, AuditAction.STOP_REQUESTED]
)
def test_an_entry_has_the_id_that_is_in_the_name_of_the_customers_session(
    action: AuditAction,
) -> None:
    assert ENTRIES[action][0]().entry_id == VERIFICATION_ID


def test_changes_are_named_as_on_the_page_and_as_in_the_api() -> None:
    before = an_account(regions=("us-east-1",), write_logs=True, role_name="CavokCloud")
    after = replace(
        before,
        regions=("us-east-1", "eu-west-1"),
        write_logs=False,
        role_name="CavokOther",
        attempts=5,
    )

    entry = audit.changed(before, after, BOB)

    assert entry.detail == (
        "Write logs: Yes → No; Regions: us-east-1 → us-east-1, eu-west-1; "
        "Role name: CavokCloud → CavokOther"
    )
    assert entry.changes == (
        Change("write_logs", True, False),
        Change("regions", ("us-east-1",), ("us-east-1", "eu-west-1")),
        Change("role_name", "CavokCloud", "CavokOther"),
    )
    unchanged = audit.changed(before, before, BOB)
    assert (unchanged.changes, unchanged.detail) == ((), None)


def test_a_new_account_is_told_whole_and_a_deleted_one_as_it_was() -> None:
    fields = ("provider_id", "name", "access_type", "write_logs", "regions", "role_name")
    created, deleted = audit.created(ACCOUNT, BOB), audit.deleted(ACCOUNT, BOB, NOW)

    assert [change.field for change in created.changes] == [*fields, "role_path"]
    assert {change.before for change in created.changes} == {None}
    assert deleted.changes == tuple(Change(c.field, c.after, None) for c in created.changes)


def test_of_an_access_key_the_ending_is_told_alone() -> None:
    before, after = (an_account(access_key_id_ending=ending) for ending in ("AAAA", "BBBB"))

    entry = audit.credentials_rotated(before, after, BOB)

    assert entry.changes == (Change("access_key_id", "AAAA", "BBBB"),)


def test_a_status_that_ends_is_told() -> None:
    revoked, failed = ENTRIES[AuditAction.REVOKED][0](), ENTRIES[AuditAction.FAILED][0]()

    assert revoked.changes == (Change("status", "confirmed", "unconfirmed"),)
    assert failed.changes == (Change("status", "confirmed", "failed"),)


def test_a_schedule_is_told_before_and_after() -> None:
    scheduled = replace(RESOURCE, schedule=WEEK)

    set_anew = audit.schedule_changed(RESOURCE, scheduled, ACCOUNT, BOB, NOW)
    removed = audit.resource_removed(scheduled, None, BOB, NOW)

    assert set_anew.changes == (Change("schedule", None, AS_JSON),)
    assert removed.changes == (Change("schedule", AS_JSON, None),)
    assert removed.account_name is None


# ---- actors --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("stored", "actor"),
    [
        (("schedule", None, None), SCHEDULE),
        (("schedule", None, ActorKind.SCHEDULE), SCHEDULE),
        (("system", None, ActorKind.SYSTEM), SYSTEM),
        (("a@b.c", None, None), Actor(kind=ActorKind.PERSON, email="a@b.c")),
        (("some-sub", None, None), Actor(kind=ActorKind.PERSON, sub="some-sub")),
        (("a@b.c", "s", ActorKind.PERSON), Actor(kind=ActorKind.PERSON, sub="s", email="a@b.c")),
        (("s", "s", ActorKind.PERSON), Actor(kind=ActorKind.PERSON, sub="s")),
        (
            ("schedule", "schedule", ActorKind.PERSON),
            Actor(kind=ActorKind.PERSON, sub="schedule"),
        ),
    ],
)
def test_an_actor_is_read_as_stored_and_from_the_name_of_before(
    stored: tuple[str, str | None, ActorKind | None], actor: Actor
) -> None:
    assert Actor.of_stored(*stored) == actor
    assert actor.name == stored[0]


def test_entries_of_one_moment_are_in_the_order_in_which_they_were_made() -> None:
    """Also if other ids are made in between."""
    entries = []
    for _ in range(50):
        entries.append(audit.deleted(ACCOUNT, BOB, NOW).entry_id)
        ULID()
    assert entries == sorted(set(entries))
