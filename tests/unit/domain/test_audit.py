"""The audit trail: each change is told with who made it, when, and what was different."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest
from ulid import ULID

from cavok.domain import audit
from cavok.domain.accounts import Issue
from cavok.domain.audit import AuditAction, AuditEntry
from tests.support.builders import ACCOUNT_ID, NOW, ORGANIZATION_ID, an_account

LATER = NOW + timedelta(minutes=1)
ACCOUNT = an_account(updated_at=LATER, created_by="ada@example.com")
BOB = "bob@example.com"
ENTRIES = [
    (audit.created(ACCOUNT), AuditAction.CREATED, "ada@example.com", ACCOUNT.created_at, None),
    (
        audit.changed(an_account(name="Before"), ACCOUNT, BOB),
        AuditAction.CHANGED,
        BOB,
        LATER,
        "Name: Before → Production1",
    ),
    (
        audit.credentials_rotated(ACCOUNT, BOB),
        AuditAction.CREDENTIALS_ROTATED,
        BOB,
        LATER,
        None,
    ),
    (audit.tested(ACCOUNT, BOB, NOW, "v-1"), AuditAction.TESTED, BOB, NOW, "verification v-1"),
    (audit.revoked(ACCOUNT, BOB), AuditAction.REVOKED, BOB, LATER, None),
    (
        audit.failed(
            replace(ACCOUNT, issues=(Issue("a", "One.", "-"), Issue("b", "Two.", "-"))), BOB
        ),
        AuditAction.FAILED,
        BOB,
        LATER,
        "One.; Two.",
    ),
    (audit.deleted(ACCOUNT, BOB, NOW), AuditAction.DELETED, BOB, NOW, None),
]


@pytest.mark.parametrize(
    ("entry", "action", "actor", "at", "detail"), ENTRIES, ids=[each[1].value for each in ENTRIES]
)
def test_an_entry_says_who_did_what_when(
    entry: AuditEntry, action: AuditAction, actor: str, at: object, detail: str | None
) -> None:
    assert (entry.action, entry.actor, entry.at, entry.detail) == (action, actor, at, detail)
    assert (entry.organization_id, entry.account_id) == (ORGANIZATION_ID, ACCOUNT_ID)
    assert entry.account_name == ACCOUNT.name
    assert ULID.from_str(entry.entry_id).datetime == at, "entries sort by their time"


def test_every_action_has_its_entry() -> None:
    assert {each[1] for each in ENTRIES} == set(AuditAction)


def test_changes_are_named_as_on_the_page() -> None:
    before = an_account(regions=("us-east-1",), write_logs=True, role_name="CavokCloud")
    after = replace(
        before,
        regions=("us-east-1", "eu-west-1"),
        write_logs=False,
        role_name="CavokOther",
        attempts=5,
    )

    assert audit.changes(before, after) == (
        "Write logs: Yes → No; Regions: us-east-1 → us-east-1, eu-west-1; "
        "Role name: CavokCloud → CavokOther"
    )
    assert audit.changes(before, before) is None
