"""The audit trail in the table. An entry is written in one transaction with the change that it
describes, because the table's stream does not say who made a change. Entries never change.
"""

from datetime import timedelta

from pynamodb.attributes import TTLAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.actors import actor_of, stored_actor
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    JsonAttribute,
    Table,
    page_of,
    start_after,
)
from cavok.domain.actors import ActorKind
from cavok.domain.audit import (
    THE_WEBHOOK,
    AuditAction,
    AuditEntry,
    Change,
    Target,
    TargetType,
)
from cavok.domain.ids import is_id
from cavok.domain.pages import Page, Position


class AuditItem(Item):
    """One act of the audit trail. An act on an account is also in `by_audited_account`."""

    audited_account = UnicodeAttribute(null=True)
    account_name = UnicodeAttribute(null=True)
    action = EnumAttribute(AuditAction)
    actor = UnicodeAttribute()
    actor_sub = UnicodeAttribute(null=True)
    actor_kind = EnumAttribute(ActorKind, null=True)
    at = UTCDateTimeAttribute()
    target = JsonAttribute(
        dump=lambda target: [target.type.value, target.id, target.name],
        load=lambda stored: Target(TargetType(stored[0]), *stored[1:]),
        null=True,
    )
    changes = JsonAttribute(
        dump=lambda changes: [[c.field, c.before, c.after] for c in changes],
        load=lambda rows: tuple(Change(*row) for row in rows),
        null=True,
    )
    detail = UnicodeAttribute(null=True)
    request_id = UnicodeAttribute(null=True)
    source_ip = UnicodeAttribute(null=True)
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, entry: AuditEntry, kept_for: timedelta) -> "AuditItem":
        """The item that stores an entry for `kept_for`."""
        return cls.of_fields(
            keys.organization_pk(entry.organization_id),
            keys.audit_sk(entry.entry_id),
            entry,
            audited_account=keys.account_pk(entry.account_id) if entry.account_id else None,
            # What follows from other attributes is not stored, so that most entries stay below 1
            # kB.
            target=entry.target if entry.target.type not in _IMPLIED else None,
            changes=entry.changes or None,
            expires_at=entry.at + kept_for,
            **stored_actor(entry.actor),
        )

    def entry(self) -> AuditEntry:
        """The stored entry, with the implied attributes."""
        audited = self.audited_account
        account_id = audited.removeprefix(keys.ACCOUNT) if audited else None
        implied = (
            Target(TargetType.ACCOUNT, account_id, self.account_name) if account_id else THE_WEBHOOK
        )
        return self.as_a(
            AuditEntry,
            entry_id=self.sk.removeprefix(keys.AUDIT),
            organization_id=self.pk.removeprefix(keys.ORGANIZATION),
            account_id=account_id,
            actor=actor_of(self),
            target=self.target or implied,
            changes=self.changes or (),
        )


_IMPLIED = {TargetType.ACCOUNT, TargetType.WEBHOOK}


def add_audit_entry(transaction: TransactWrite, entry: AuditEntry, kept_for: timedelta) -> None:
    """Adds an entry that expires after `kept_for`."""
    transaction.save(AuditItem.of(entry, kept_for))


class AuditTrail:
    """Reads the trail, newest first."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def of_organization(
        self, organization_id: str, *, limit: int, after: Position | None
    ) -> Page[AuditEntry]:
        """Entries of the whole organization."""
        pk = keys.organization_pk(organization_id)
        page = self._table.page(AuditItem, pk, keys.AUDIT, limit=limit, after=after)
        return page.map(AuditItem.entry)

    def of_account(
        self, organization_id: str, account_id: str, *, limit: int, after: Position | None
    ) -> Page[AuditEntry]:
        """Entries of an account; none for a malformed id. The caller checks that the account
        belongs to the organization.
        """
        if not is_id(account_id):
            return Page((), None)
        start = None
        if after:
            start = start_after(
                AuditItem,
                pk=keys.organization_pk(organization_id),
                sk=keys.audit_sk(after.key),
                audited_account=keys.account_pk(account_id),
            )
        found = AuditItem.by_audited_account.query(
            keys.account_pk(account_id),
            scan_index_forward=False,
            last_evaluated_key=start,
            limit=limit + 1,
            page_size=limit + 1,
        )
        return page_of(found, keys.AUDIT, limit).map(AuditItem.entry)
