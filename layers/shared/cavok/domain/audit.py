"""The audit trail: who did what, to an account or to the webhook, and when. Append-only."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from cavok.domain.accounts import Account

KEPT_FOR = timedelta(days=365)

_AUDITED = {
    "name": "Name",
    "write_logs": "Write logs",
    "regions": "Regions",
    "role_name": "Role name",
    "role_path": "Role path",
}
"""Fields that a person may change, and their names in an entry's detail."""


class AuditAction(StrEnum):
    """What was done to an account, or to the organization's webhook."""

    CREATED = "created"
    CHANGED = "changed"
    CREDENTIALS_ROTATED = "credentials_rotated"
    TESTED = "tested"
    REVOKED = "revoked"
    FAILED = "failed"
    DELETED = "deleted"
    WEBHOOK_SET = "webhook_set"
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated"  # noqa: S105
    WEBHOOK_TESTED = "webhook_tested"
    WEBHOOK_REDELIVERED = "webhook_redelivered"
    WEBHOOK_RESUMED = "webhook_resumed"
    WEBHOOK_REMOVED = "webhook_removed"


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry. `actor` is a person's name, or `schedule`. `detail` is text for people, never
    secret. `entry_id` sorts chronologically. `account_id` and `account_name` are null for the
    webhook.
    """

    entry_id: str
    organization_id: str
    account_id: str | None
    account_name: str | None
    action: AuditAction
    actor: str
    at: datetime
    detail: str | None = None


def created(account: Account) -> AuditEntry:
    """The entry of a new account."""
    return _entry(AuditAction.CREATED, account, account.created_by, account.created_at)


def changed(before: Account, after: Account, actor: str) -> AuditEntry:
    """The entry of a change by a person. Its detail lists the changed fields."""
    return _entry(AuditAction.CHANGED, after, actor, after.updated_at, changes(before, after))


def credentials_rotated(account: Account, actor: str) -> AuditEntry:
    """The entry of a new access key."""
    return _entry(AuditAction.CREDENTIALS_ROTATED, account, actor, account.updated_at)


def tested(account: Account, actor: str, at: datetime, verification_id: str) -> AuditEntry:
    """The entry of a test that began."""
    return _entry(AuditAction.TESTED, account, actor, at, f"verification {verification_id}")


def revoked(account: Account, actor: str) -> AuditEntry:
    """The entry of an account whose use a person revoked."""
    return _entry(AuditAction.REVOKED, account, actor, account.updated_at)


def failed(account: Account, actor: str) -> AuditEntry:
    """The entry of an account that failed between tests. `actor` is for whom it was entered."""
    detail = "; ".join(issue.message for issue in account.issues)
    return _entry(AuditAction.FAILED, account, actor, account.updated_at, detail)


def deleted(account: Account, actor: str, at: datetime) -> AuditEntry:
    """The entry of a disconnected account."""
    return _entry(AuditAction.DELETED, account, actor, at)


def of_webhook(
    action: AuditAction,
    organization_id: str,
    actor: str,
    at: datetime,
    detail: str | None = None,
) -> AuditEntry:
    """The entry of what a person did to the organization's webhook."""
    return AuditEntry(
        entry_id=_entry_id(at),
        organization_id=organization_id,
        account_id=None,
        account_name=None,
        action=action,
        actor=actor,
        at=at,
        detail=detail,
    )


def _entry_id(at: datetime) -> str:
    from ulid import ULID  # most functions that load this module never make an entry

    return str(ULID.from_datetime(at))


def _entry(
    action: AuditAction, account: Account, actor: str, at: datetime, detail: str | None = None
) -> AuditEntry:
    return AuditEntry(
        entry_id=_entry_id(at),
        organization_id=account.organization_id,
        account_id=account.account_id,
        account_name=account.name,
        action=action,
        actor=actor,
        at=at,
        detail=detail,
    )


def changes(before: Account, after: Account) -> str | None:
    """What a person changed, as `Name: A → B`. None if nothing is different."""
    shown = [
        f"{called}: {_shown(old)} → {_shown(new)}"
        for name, called in _AUDITED.items()
        if (old := getattr(before, name)) != (new := getattr(after, name))
    ]
    return "; ".join(shown) or None


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
