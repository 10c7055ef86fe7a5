"""The audit trail in the table: written with what it tells, in the same transaction, and never
changed.

| item           | pk          | sk                    |
| -------------- | ----------- | --------------------- |
| audit entry    | ORG#<org>   | AUDIT#<ulid>          |

Derived from the table's stream it would lack the one thing that an audit is for: who did it is
known only to whoever writes.
"""

from datetime import timedelta
from typing import Any

from pynamodb.attributes import TTLAttribute, UnicodeAttribute, UTCDateTimeAttribute

from cavok.adapters.table.items import Item, account_pk, organization_pk
from cavok.domain.audit import AuditAction, AuditEntry
from cavok.domain.pages import Page, Position


class AuditItem(Item):
    audited_account = UnicodeAttribute()
    account_name = UnicodeAttribute()
    action = UnicodeAttribute()
    actor = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    detail = UnicodeAttribute(null=True)
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, entry: AuditEntry, kept_for: timedelta) -> "AuditItem":
        return cls(
            organization_pk(entry.organization_id),
            audit_sk(entry.entry_id),
            audited_account=account_pk(entry.account_id),
            account_name=entry.account_name,
            action=entry.action.value,
            actor=entry.actor,
            at=entry.at,
            detail=entry.detail,
            expires_at=entry.at + kept_for,
        )

    def entry(self) -> AuditEntry:
        return AuditEntry(
            entry_id=self.sk.removeprefix("AUDIT#"),
            organization_id=self.pk.removeprefix("ORG#"),
            account_id=self.audited_account.removeprefix("ACCOUNT#"),
            account_name=self.account_name,
            action=AuditAction(self.action),
            actor=self.actor,
            at=self.at,
            detail=self.detail,
        )


class AuditTrail:
    """Reads the trail, newest first."""

    def of_organization(
        self, organization_id: str, *, limit: int, after: Position | None
    ) -> Page[AuditEntry]:
        pk = organization_pk(organization_id)
        start = _start(pk, after)
        found = AuditItem.query(
            pk,
            AuditItem.sk.startswith("AUDIT#"),
            scan_index_forward=False,
            last_evaluated_key=start,
            limit=limit + 1,
            page_size=limit + 1,
        )
        return _page(list(found), limit)

    def of_account(
        self, organization_id: str, account_id: str, *, limit: int, after: Position | None
    ) -> Page[AuditEntry]:
        """The account must have been read for this organization before."""
        start = _start(organization_pk(organization_id), after)
        if start:
            start["audited_account"] = {"S": account_pk(account_id)}
        found = AuditItem.by_audited_account.query(
            account_pk(account_id),
            scan_index_forward=False,
            last_evaluated_key=start,
            limit=limit + 1,
            page_size=limit + 1,
        )
        return _page(list(found), limit)


def audit_sk(entry_id: str) -> str:
    return f"AUDIT#{entry_id}"


def _start(pk: str, after: Position | None) -> dict[str, Any] | None:
    return {"pk": {"S": pk}, "sk": {"S": audit_sk(after.key)}} if after else None


def _page(items: list[AuditItem], limit: int) -> Page[AuditEntry]:
    entries = [item.entry() for item in items[:limit]]
    return Page(entries, Position("id", entries[-1].entry_id) if len(items) > limit else None)
