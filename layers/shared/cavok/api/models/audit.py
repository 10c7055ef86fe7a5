"""The bodies of the audit trail."""

from typing import Any

from cavok.api.models.common import ResponseBody, Timestamp
from cavok.domain.actors import ActorKind
from cavok.domain.audit import AuditAction, AuditEntry, TargetType


class ActorBody(ResponseBody):
    """`sub` identifies the person: nobody can change it. `email` is for display. It was verified,
    unless `sub` is null, as in older entries. Both are null for a schedule, and for what Cavok did
    as a consequence (`system`).
    """

    sub: str | None
    email: str | None
    kind: ActorKind


class TargetBody(ResponseBody):
    """What something was done to."""

    type: TargetType
    id: str | None
    name: str | None


class ChangeBody(ResponseBody):
    """A field and its values. Null: it did not exist before, or does not exist after. A webhook's
    address is shown as its host and a digest of the address, an access key as the last four
    characters of its id.
    """

    field: str
    before: Any
    after: Any


class AuditEntryBody(ResponseBody):
    """Who did what. For a start, a stop or a person's test, `audit_id` is its id, which is also in
    the name of the session in your CloudTrail. Scheduled tests have no entry. An entry about the
    webhook has no account. `entry_id` is the same as `audit_id`. Older entries have no `request_id`
    and `source_ip`, and no `changes`.
    """

    audit_id: str
    entry_id: str
    at: Timestamp
    actor: ActorBody
    action: AuditAction
    target: TargetBody
    changes: list[ChangeBody]
    account_id: str | None
    account_name: str | None
    detail: str | None
    request_id: str | None
    source_ip: str | None

    @classmethod
    def of_entry(cls, entry: AuditEntry) -> "AuditEntryBody":
        """An entry under both names of its id."""
        return cls.of(entry, audit_id=entry.entry_id)


class AuditPage(ResponseBody):
    items: list[AuditEntryBody]
    next_cursor: str | None
