"""The audit trail in the table. An entry is written in one transaction with the change that it
describes, because the table's stream does not say who made a change. Entries never change.
"""

from datetime import timedelta

from pynamodb.attributes import TTLAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.table import EnumAttribute, Item, Table, page_of
from cavok.domain.audit import AuditAction, AuditEntry
from cavok.domain.pages import Page, Position


class AuditItem(Item):
    audited_account = UnicodeAttribute(null=True)
    account_name = UnicodeAttribute(null=True)
    action = EnumAttribute(AuditAction)
    actor = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    detail = UnicodeAttribute(null=True)
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, entry: AuditEntry, kept_for: timedelta) -> "AuditItem":
        return cls.of_fields(
            keys.organization_pk(entry.organization_id),
            keys.audit_sk(entry.entry_id),
            entry,
            audited_account=keys.account_pk(entry.account_id) if entry.account_id else None,
            expires_at=entry.at + kept_for,
        )

    def entry(self) -> AuditEntry:
        return self.as_a(
            AuditEntry,
            entry_id=self.sk.removeprefix(keys.AUDIT),
            organization_id=self.pk.removeprefix(keys.ORGANIZATION),
            account_id=(
                self.audited_account.removeprefix(keys.ACCOUNT) if self.audited_account else None
            ),
        )


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
        pk = keys.organization_pk(organization_id)
        page = self._table.newest(AuditItem, pk, keys.AUDIT, limit=limit, after=after)
        return page.map(AuditItem.entry)

    def of_account(
        self, organization_id: str, account_id: str, *, limit: int, after: Position | None
    ) -> Page[AuditEntry]:
        """Entries of an account. The caller checks that they belong to the organization."""
        start = None
        if after:
            key = {
                "pk": keys.organization_pk(organization_id),
                "sk": keys.audit_sk(after.key),
                "audited_account": keys.account_pk(account_id),
            }
            start = {name: {"S": value} for name, value in key.items()}
        found = AuditItem.by_audited_account.query(
            keys.account_pk(account_id),
            scan_index_forward=False,
            last_evaluated_key=start,
            limit=limit + 1,
            page_size=limit + 1,
        )
        return page_of(found, keys.AUDIT, limit).map(AuditItem.entry)
