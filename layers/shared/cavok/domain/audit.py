"""The audit trail: who did what, to an account or many, its instances, the webhook or an
enrollment. Append-only.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from functools import cache
from typing import TYPE_CHECKING, Any

from cavok.domain.accounts import Account
from cavok.domain.actors import Actor, Requester

if TYPE_CHECKING:  # most functions that load this module have no resources
    from ulid import ULIDGenerator

    from cavok.domain.account_list import Selection
    from cavok.domain.bulk import BulkOperation
    from cavok.domain.enrollments import Enrollment
    from cavok.domain.instances import Operation
    from cavok.domain.resources import Resource
    from cavok.domain.schedules import Schedule

KEPT_FOR = timedelta(days=365)

_AUDITED = {
    "provider_id": "account_number",
    "name": "name",
    "access_type": "access_type",
    "access_key_id": "access_key_id_ending",
    "write_logs": "write_logs",
    "regions": "regions",
    "role_name": "role_name",
    "role_path": "role_path",
    "enrollment_id": "enrollment_id",
}
"""Fields of an account that a person or an enrollment may set, with the API's names."""

_NAMES = {
    "name": "Name",
    "write_logs": "Write logs",
    "regions": "Regions",
    "role_name": "Role name",
    "role_path": "Role path",
    "enrollment_id": "Enrollment",
}
"""Fields that may change, and their names in an entry's detail."""


class AuditAction(StrEnum):
    """What was done to an account, an instance, the organization's webhook, or an enrollment.
    `bulk_requested`: to many accounts, which have entries of their own, until it is done or
    `bulk_stopped`.
    """

    CREATED = "created"
    CHANGED = "changed"
    CREDENTIALS_ROTATED = "credentials_rotated"
    TESTED = "tested"
    REVOKED = "revoked"
    INVITED = "invited"
    INVITATION_WITHDRAWN = "invitation_withdrawn"
    DEGRADED = "degraded"
    FAILED = "failed"
    DELETED = "deleted"
    START_REQUESTED = "start_requested"
    STOP_REQUESTED = "stop_requested"
    RESOURCE_ADDED = "resource_added"
    RESOURCE_REMOVED = "resource_removed"
    SCHEDULE_CHANGED = "schedule_changed"
    WEBHOOK_SET = "webhook_set"
    WEBHOOK_SECRET_ROTATED = "webhook_secret_rotated"  # noqa: S105
    WEBHOOK_TESTED = "webhook_tested"
    WEBHOOK_REDELIVERED = "webhook_redelivered"
    WEBHOOK_RESUMED = "webhook_resumed"
    WEBHOOK_REMOVED = "webhook_removed"
    ENROLLMENT_CREATED = "enrollment_created"
    ENROLLMENT_CHANGED = "enrollment_changed"
    ENROLLMENT_SYNCHRONIZED = "enrollment_synchronized"
    ENROLLMENT_ENDED = "enrollment_ended"
    BULK_REQUESTED = "bulk_requested"
    BULK_STOPPED = "bulk_stopped"


class TargetType(StrEnum):
    """`delivery`: a message to the webhook. `operation`: one on many accounts."""

    ACCOUNT = "account"
    INSTANCE = "instance"
    RESOURCE = "resource"
    WEBHOOK = "webhook"
    DELIVERY = "delivery"
    ENROLLMENT = "enrollment"
    OPERATION = "operation"


@dataclass(frozen=True, slots=True)
class Target:
    """The target of an act. `id` is null for the webhook: an organization has only one. `name` is
    null if it has none or it is not known.
    """

    type: TargetType
    id: str | None = None
    name: str | None = None


THE_WEBHOOK = Target(TargetType.WEBHOOK)


@dataclass(frozen=True, slots=True)
class Change:
    """A field and its values, as in the API. Null: it did not exist before, or does not after."""

    field: str
    before: Any
    after: Any


@dataclass(frozen=True, slots=True, kw_only=True)
class AuditEntry:
    """One entry. Nothing in it is secret.

    entry_id    sorts chronologically. For a test it is the verification's id, for a start or stop
                the interaction's.
    account_id, account_name
                null for webhook and enrollment. The name is also null if the account was deleted
                before.
    changes     empty if nothing is set: a test, a start, a stop.
    detail      text for people.
    request_id, source_ip
                as in `Requester`; null in entries from before they were kept.
    """

    entry_id: str
    organization_id: str
    account_id: str | None
    account_name: str | None
    action: AuditAction
    actor: Actor
    at: datetime
    target: Target
    changes: tuple[Change, ...] = ()
    detail: str | None = None
    request_id: str | None = None
    source_ip: str | None = None


def created(account: Account, requester: Requester) -> AuditEntry:
    """The entry of a new account."""
    changes = _changes(None, account)
    return _of_account(AuditAction.CREATED, account, requester, account.created_at, changes=changes)


def changed(before: Account, after: Account, requester: Requester) -> AuditEntry:
    """The entry of a change by a person, or by a synchronization."""
    changes = _changes(before, after)
    return _of_account(
        AuditAction.CHANGED,
        after,
        requester,
        after.updated_at,
        changes=changes,
        detail=_described(changes),
    )


def credentials_rotated(before: Account, after: Account, requester: Requester) -> AuditEntry:
    """The entry of a new access key. It has the last four characters of its id, as the API."""
    old, new = before.access_key_id_ending, after.access_key_id_ending
    changes = (Change("access_key_id", old, new),)
    action = AuditAction.CREDENTIALS_ROTATED
    return _of_account(action, after, requester, after.updated_at, changes=changes)


def tested(
    account: Account, requester: Requester, at: datetime, verification_id: str
) -> AuditEntry:
    """The entry of a test that began."""
    detail = f"verification {verification_id}"
    return _of_account(
        AuditAction.TESTED, account, requester, at, detail=detail, entry_id=verification_id
    )


def revoked(before: Account, after: Account, requester: Requester) -> AuditEntry:
    """The entry of an account whose use a person revoked."""
    changes = _status(before, after)
    return _of_account(AuditAction.REVOKED, after, requester, after.updated_at, changes=changes)


def invited(
    account: Account, requester: Requester, at: datetime, expires_at: datetime
) -> AuditEntry:
    """The entry of a new invitation. It has no token."""
    detail = f"valid until {expires_at:%Y-%m-%d %H:%M} UTC"
    return _of_account(AuditAction.INVITED, account, requester, at, detail=detail)


def invitation_withdrawn(account: Account, requester: Requester, at: datetime) -> AuditEntry:
    """The entry of an invitation that a person ended."""
    return _of_account(AuditAction.INVITATION_WITHDRAWN, account, requester, at)


def degraded(before: Account, after: Account, requester: Requester) -> AuditEntry:
    """The entry of an account that degraded between tests. `requester`: for whom it was entered."""
    return _found(AuditAction.DEGRADED, before, after, requester)


def failed(before: Account, after: Account, requester: Requester) -> AuditEntry:
    """The entry of an account that failed between tests. `requester`: for whom it was entered."""
    return _found(AuditAction.FAILED, before, after, requester)


def _found(
    action: AuditAction, before: Account, after: Account, requester: Requester
) -> AuditEntry:
    return _of_account(
        action,
        after,
        requester,
        after.updated_at,
        changes=_status(before, after),
        detail="; ".join(issue.message for issue in after.issues),
    )


def deleted(account: Account, requester: Requester, at: datetime) -> AuditEntry:
    """The entry of a disconnected account."""
    return _of_account(AuditAction.DELETED, account, requester, at, changes=_changes(account, None))


def operation_requested(
    account: Account,
    requester: Requester,
    operation: "Operation",
    at: datetime,
    interaction_id: str,
) -> AuditEntry:
    """The entry of a start or stop. Its interaction has the result."""
    return _of_account(
        AuditAction(f"{operation.action.value}_requested"),
        account,
        requester,
        at,
        detail=_place(operation.kind.value, operation.region),
        entry_id=interaction_id,
        target=Target(TargetType.INSTANCE, operation.instance_id),
    )


def resource_added(resource: "Resource", account: Account, requester: Requester) -> AuditEntry:
    """The entry of an instance that was put under control, still without a schedule."""
    at = resource.created_at
    return _of_resource(AuditAction.RESOURCE_ADDED, resource, requester, at, account=account)


def resource_removed(
    resource: "Resource", account: Account | None, requester: Requester, at: datetime
) -> AuditEntry:
    """The entry of an instance that is no longer under control. `account` is null if that was
    deleted before.
    """
    return _of_resource(
        AuditAction.RESOURCE_REMOVED,
        resource,
        requester,
        at,
        account=account,
        changes=_schedules(resource.schedule, None),
    )


def schedule_changed(
    before: "Resource", after: "Resource", account: Account, requester: Requester, at: datetime
) -> AuditEntry:
    """The entry of a changed or ended schedule."""
    return _of_resource(
        AuditAction.SCHEDULE_CHANGED,
        after,
        requester,
        at,
        account=account,
        changes=_schedules(before.schedule, after.schedule),
    )


def of_webhook(
    action: AuditAction,
    organization_id: str,
    requester: Requester,
    at: datetime,
    *,
    detail: str | None = None,
    changes: tuple[Change, ...] = (),
    target: Target = THE_WEBHOOK,
) -> AuditEntry:
    """The entry of a person's act on the organization's webhook."""
    return _entry(
        requester,
        at,
        organization_id=organization_id,
        account_id=None,
        account_name=None,
        action=action,
        target=target,
        changes=changes,
        detail=detail,
    )


def of_enrollment(
    action: AuditAction,
    enrollment: "Enrollment",
    requester: Requester,
    at: datetime,
    *,
    changes: tuple[Change, ...] = (),
    detail: str | None = None,
) -> AuditEntry:
    """The entry of a person's act on an enrollment."""
    return _entry(
        requester,
        at,
        organization_id=enrollment.organization_id,
        account_id=None,
        account_name=None,
        action=action,
        target=Target(TargetType.ENROLLMENT, enrollment.enrollment_id, enrollment.name),
        changes=changes,
        detail=detail,
    )


def bulk_requested(operation: "BulkOperation", changed_by: str | None = None) -> AuditEntry:
    """The entry of a person's request for many accounts. Each account has an entry of its own.
    `changed_by`: the operation whose changes selected them, if one did.
    """
    value = () if operation.value is None else (Change("write_logs", None, operation.value),)
    detail = f"{operation.action.value}: {operation.total} accounts"
    if operation.selection:
        detail += f"; {_filter(operation.selection)}"
    elif changed_by:
        detail += f"; changed_by: {changed_by}"
    action, at = AuditAction.BULK_REQUESTED, operation.started_at
    return _of_bulk(action, operation, operation.requester, at, changes=value, detail=detail)


def _filter(selection: "Selection") -> str:
    """With the API's names."""
    named = {"ou" if name == "unit_id" else name: v for name, v in asdict(selection).items()}
    shown = [f"{name}: {_shown(v)}" for name, v in named.items() if v not in (None, "")]
    return "; ".join(shown) or "all"


def bulk_stopped(operation: "BulkOperation", requester: Requester, at: datetime) -> AuditEntry:
    """The entry of a person's end of such a request. `operation`: as it was then."""
    detail = f"{operation.action.value}: {operation.done} of {operation.total} accounts"
    return _of_bulk(AuditAction.BULK_STOPPED, operation, requester, at, detail=detail)


def _of_bulk(
    action: AuditAction,
    operation: "BulkOperation",
    requester: Requester,
    at: datetime,
    *,
    changes: tuple[Change, ...] = (),
    detail: str,
) -> AuditEntry:
    return _entry(
        requester,
        at,
        organization_id=operation.organization_id,
        account_id=None,
        account_name=None,
        action=action,
        target=Target(TargetType.OPERATION, operation.operation_id),
        changes=changes,
        detail=detail,
    )


def chosen(before: "Enrollment | None", after: "Enrollment") -> tuple[Change, ...]:
    """What a person chose of an enrollment's options, with the API's names."""
    return differences(_chosen(before), _chosen(after))


def _chosen(enrollment: "Enrollment | None") -> dict[str, Any]:
    if enrollment is None:
        return {}
    options = {name: getattr(enrollment, name) for name in CHOSEN}
    return {name: value for name, value in options.items() if value not in ((), None, {})}


CHOSEN = (
    "name",
    "management_account_id",
    "include_ous",
    "exclude_ous",
    "exclude_accounts",
    "name_pattern",
    "regions",
    "write_logs",
    "role_path",
    "permissions_boundary",
    "tags",
    "features",
)
"""What a person chose of an enrollment."""


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Change, ...]:
    """The fields that differ. A field that one of them lacks is null there."""
    return tuple(
        Change(name, old, new)
        for name in {**before, **after}
        if (old := before.get(name)) != (new := after.get(name))
    )


def _entry_id(at: datetime) -> str:
    return str(_ids().generate(at))


@cache
def _ids() -> "ULIDGenerator":
    """Later entries of a millisecond sort later: it makes no other ids in between."""
    from ulid import ULIDGenerator  # most functions that load this module never make an entry

    return ULIDGenerator()


def _entry(
    requester: Requester, at: datetime, *, entry_id: str | None = None, **fields: Any
) -> AuditEntry:
    return AuditEntry(
        entry_id=entry_id or _entry_id(at),
        at=at,
        actor=requester.actor,
        request_id=requester.request_id,
        source_ip=requester.source_ip,
        **fields,
    )


def _of_account(
    action: AuditAction,
    account: Account,
    requester: Requester,
    at: datetime,
    *,
    changes: tuple[Change, ...] = (),
    detail: str | None = None,
    entry_id: str | None = None,
    target: Target | None = None,
) -> AuditEntry:
    return _entry(
        requester,
        at,
        entry_id=entry_id,
        organization_id=account.organization_id,
        account_id=account.account_id,
        account_name=account.name,
        action=action,
        target=target or Target(TargetType.ACCOUNT, account.account_id, account.name),
        changes=changes,
        detail=detail,
    )


def _of_resource(
    action: AuditAction,
    resource: "Resource",
    requester: Requester,
    at: datetime,
    *,
    account: Account | None,
    changes: tuple[Change, ...] = (),
) -> AuditEntry:
    name = resource.name or resource.instance_id
    return _entry(
        requester,
        at,
        organization_id=resource.organization_id,
        account_id=resource.account_id,
        account_name=account.name if account else None,
        action=action,
        target=Target(TargetType.RESOURCE, resource.resource_id, name),
        changes=changes,
        detail=f"{resource.instance_id}: {_place(resource.kind.value, resource.region)}",
    )


def _place(kind: str, region: str | None) -> str:
    return f"{kind} in {region}" if region else kind


def _changes(before: Account | None, after: Account | None) -> tuple[Change, ...]:
    return differences(_audited(before), _audited(after))


def _audited(account: Account | None) -> dict[str, Any]:
    return {name: getattr(account, field) for name, field in _AUDITED.items()} if account else {}


def _status(before: Account, after: Account) -> tuple[Change, ...]:
    return differences({"status": before.status.value}, {"status": after.status.value})


def _schedules(before: "Schedule | None", after: "Schedule | None") -> tuple[Change, ...]:
    return differences(
        {"schedule": before and asdict(before)}, {"schedule": after and asdict(after)}
    )


def _described(changes: tuple[Change, ...]) -> str | None:
    """What a person changed, as `Name: A → B`. None if nothing is different."""
    shown = [f"{_NAMES[c.field]}: {_shown(c.before)} → {_shown(c.after)}" for c in changes]
    return "; ".join(shown) or None


def _shown(value: object) -> str:
    if isinstance(value, bool):
        return "Yes" if value else "No"
    return ", ".join(value) if isinstance(value, tuple) else str(value)
