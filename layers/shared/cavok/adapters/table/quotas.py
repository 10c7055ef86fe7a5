"""What counts against an organization's quotas."""

from datetime import datetime, timedelta

from pynamodb.attributes import TTLAttribute, VersionAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.audit import add_audit_entry
from cavok.adapters.table.table import Item, JsonAttribute, Table, retry_on_conflict
from cavok.domain.audit import AuditEntry
from cavok.domain.errors import ChangedMeanwhile
from cavok.domain.quotas import Quota


class QuotaItem(Item):
    """When it was done last: at most as often as the quota allows. The version makes each time one
    request's alone.
    """

    taken = JsonAttribute(
        dump=lambda taken: [at.isoformat() for at in taken],
        load=lambda stored: tuple(datetime.fromisoformat(at) for at in stored),
    )
    expires_at = TTLAttribute()
    version = VersionAttribute()


class Quotas:
    """Counts what an organization does, with the audit entry of each."""

    def __init__(self, table: Table, audit_kept_for: timedelta) -> None:
        self._table = table
        self._audit_kept_for = audit_kept_for

    def take(self, quota: Quota, entry: AuditEntry) -> None:
        """Counts what the entry tells, and stores the entry. Raises QuotaExceeded,
        ChangedMeanwhile.
        """

        def attempt() -> None:
            pk, sk = keys.organization_pk(entry.organization_id), keys.quota_sk(quota.name)
            item = self._table.get(QuotaItem, pk, sk) or QuotaItem(pk, sk)
            item.taken = quota.take(item.taken or (), entry.at)
            item.expires_at = entry.at + quota.per
            with self._table.transaction() as transaction:
                transaction.save(item)
                add_audit_entry(transaction, entry, self._audit_kept_for)

        busy = ChangedMeanwhile("Many do this in this moment. Please try again.")
        retry_on_conflict(attempt, or_raise=busy)
