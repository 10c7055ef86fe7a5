"""The audit trail: each change is told with who made it, when, and what was different."""

from __future__ import annotations

from collections.abc import Callable
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
FAILED = replace(ACCOUNT, issues=(Issue("a", "One.", "-"), Issue("b", "Two.", "-")))
ENTRIES: dict[AuditAction, tuple[Callable[[], AuditEntry], str, object, str | None]] = {
    AuditAction.CREATED: (
        lambda: audit.created(ACCOUNT),
        *("ada@example.com", ACCOUNT.created_at, None),
    ),
    AuditAction.CHANGED: (
        lambda: audit.changed(an_account(name="Before"), ACCOUNT, BOB),
        *(BOB, LATER, "Name: Before → Production1"),
    ),
    AuditAction.CREDENTIALS_ROTATED: (
        lambda: audit.credentials_rotated(ACCOUNT, BOB),
        *(BOB, LATER, None),
    ),
    AuditAction.TESTED: (
        lambda: audit.tested(ACCOUNT, BOB, NOW, "v-1"),
        *(BOB, NOW, "verification v-1"),
    ),
    AuditAction.REVOKED: (lambda: audit.revoked(ACCOUNT, BOB), BOB, LATER, None),
    AuditAction.FAILED: (lambda: audit.failed(FAILED, BOB), BOB, LATER, "One.; Two."),
    AuditAction.DELETED: (lambda: audit.deleted(ACCOUNT, BOB, NOW), BOB, NOW, None),
}
OF_WEBHOOK = [action for action in AuditAction if action.startswith("webhook_")]
"""How each entry is made, and its actor, time and detail."""


@pytest.mark.parametrize("action", OF_WEBHOOK)
def test_an_entry_of_the_webhook_names_no_account(action: AuditAction) -> None:
    entry = audit.of_webhook(action, ORGANIZATION_ID, BOB, NOW, "why")

    assert (entry.action, entry.actor, entry.at, entry.detail) == (action, BOB, NOW, "why")
    assert (entry.organization_id, entry.account_id, entry.account_name) == (
        ORGANIZATION_ID,
        None,
        None,
    )


@pytest.mark.parametrize("action", [each for each in AuditAction if each not in OF_WEBHOOK])
def test_an_entry_says_who_did_what_when(action: AuditAction) -> None:
    make, actor, at, detail = ENTRIES[action]

    entry = make()

    assert (entry.action, entry.actor, entry.at, entry.detail) == (action, actor, at, detail)
    assert (entry.organization_id, entry.account_id) == (ORGANIZATION_ID, ACCOUNT_ID)
    assert entry.account_name == ACCOUNT.name
    assert ULID.from_str(entry.entry_id).datetime == at, "entries sort by their time"


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
