"""The uses of an organization's quotas."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any

from pynamodb.attributes import NumberAttribute, TTLAttribute, UTCDateTimeAttribute
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.accounts import AccountItem, account_key, account_of
from cavok.adapters.table.table import Item, Table, retry_on_conflict
from cavok.domain.accounts import Account
from cavok.domain.errors import ChangedMeanwhile, QuotaExceeded
from cavok.domain.quotas import Quota, QuotaName, Uses

Count = Callable[[TransactWrite], None]
"""Adds one use of a quota to the transaction of what it allows. Raises QuotaExceeded."""


class QuotaItem(Item):
    """The uses of a quota. Concurrent uses are added up, so that none waits for another."""

    began_at = UTCDateTimeAttribute()
    used = NumberAttribute()
    expires_at = TTLAttribute()

    def uses(self) -> Uses | None:
        """The stored uses; null before the first."""
        return Uses(self.began_at, int(self.used)) if self.began_at else None


class Quotas:
    """Counts an organization's uses. A refused use writes nothing."""

    def __init__(self, table: Table, quotas: Mapping[QuotaName, Quota]) -> None:
        self._table = table
        self.quotas = quotas

    def for_viewers(self) -> "Quotas":
        """The quotas for people who may only read."""
        halved = {name: quota.for_viewers() for name, quota in self.quotas.items()}
        return Quotas(self._table, halved)

    def in_bulk(self) -> "Quotas":
        """The quotas for bulk operations."""
        halved = {name: quota.in_bulk() for name, quota in self.quotas.items()}
        return Quotas(self._table, halved)

    def check(self, name: QuotaName, organization_id: str, now: datetime) -> None:
        """An early check before something costly that is counted later, in its transaction. Raises
        QuotaExceeded.
        """
        self._use(name, organization_id, now)

    def counting(
        self, name: QuotaName, organization_id: str, now: datetime, uses: int = 1
    ) -> Count:
        """Counts uses in the transaction of what they allow, at each try of the transaction."""
        return lambda transaction: transaction.update(*self._use(name, organization_id, now, uses))

    def left(self, name: QuotaName, organization_id: str, now: datetime) -> int:
        """How many uses are left, for those who can do with fewer than they would like."""
        stored = self._table.get(QuotaItem, *_key(organization_id, name))
        return self.quotas[name].remaining(stored.uses() if stored else None, now)

    def counting_beside(
        self, account_id: str, name: QuotaName, organization_id: str, now: datetime
    ) -> tuple[Account, Count]:
        """An account, and how to count a use by what was read in the same call. If the transaction
        is tried again, both must be read again. Raises AccountNotFound.
        """
        item, stored = self._table.get_both(
            (AccountItem, *account_key(organization_id, account_id)),
            (QuotaItem, *_key(organization_id, name)),
        )
        return account_of(item), lambda transaction: transaction.update(
            *self._change(name, organization_id, stored, now)
        )

    def take(self, name: QuotaName, organization_id: str, now: datetime) -> None:
        """Counts a use that has no transaction. Raises QuotaExceeded, ChangedMeanwhile."""
        retry_on_conflict(
            lambda: self._table.update(*self._use(name, organization_id, now)),
            or_raise=ChangedMeanwhile("Too many requests do this at the moment. Please try again."),
        )

    def takes(self, name: QuotaName, organization_id: str, now: datetime) -> bool:
        """Whether such a use is within the quota. If so, it is counted. Raises ChangedMeanwhile."""
        try:
            self.take(name, organization_id, now)
        except QuotaExceeded:
            return False
        return True

    def remaining(self, organization_id: str, now: datetime) -> dict[QuotaName, int]:
        """How many uses are left of each quota that is counted here."""
        names = [name for name in self.quotas if name is not QuotaName.REQUESTS]
        wanted = [_key(organization_id, name) for name in names]
        found = {item.sk: item.uses() for item in self._table.get_many(QuotaItem, wanted)}
        return {
            name: self.quotas[name].remaining(found.get(keys.quota_sk(name)), now) for name in names
        }

    def _use(
        self, name: QuotaName, organization_id: str, now: datetime, uses: int = 1
    ) -> tuple[Any, Any, Any]:
        stored = self._table.get(QuotaItem, *_key(organization_id, name))
        return self._change(name, organization_id, stored, now, uses)

    def _change(
        self,
        name: QuotaName,
        organization_id: str,
        stored: QuotaItem | None,
        now: datetime,
        uses: int = 1,
    ) -> tuple[Any, Any, Any]:
        """The item, and how to change it on which condition."""
        quota, item = self.quotas[name], QuotaItem(*_key(organization_id, name))
        before = stored.uses() if stored else None
        after = quota.take(before, now, uses)
        began, used = QuotaItem.began_at, QuotaItem.used
        if before and before.began_at == after.began_at:
            same = (began == before.began_at) & (used <= quota.limit - uses)
            return item, [used.add(uses)], same
        new = [
            began.set(after.began_at),
            used.set(after.used),
            QuotaItem.expires_at.set(now + quota.per),
        ]
        return item, new, began == before.began_at if before else began.does_not_exist()


def _key(organization_id: str, name: QuotaName) -> tuple[str, str]:
    return keys.organization_pk(organization_id), keys.quota_sk(name)
