"""Accounts whose re-verification is due, from the sparse, sharded index of due times."""

from datetime import datetime

from cavok.adapters.table import keys
from cavok.adapters.table.accounts import AccountItem
from cavok.adapters.table.table import Table
from cavok.domain.accounts import Account


class DueAccounts:
    """Reads only due accounts, so the cost does not depend on the number of accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def page(self, now: datetime, limit: int) -> list[Account]:
        """At most `limit` due accounts, longest overdue first.

        The index is eventually consistent. So the accounts themselves are read consistently, and
        those that are no longer due are left out.
        """
        due = sorted(each for shard in keys.DUE_SHARDS for each in _due(shard, now, limit))
        oldest = [key for _, key in due[:limit]]
        found = (item.account() for item in self._table.get_many(AccountItem, oldest))
        return [
            account
            for account in found
            if account.next_verification_at and account.next_verification_at <= now
        ]


def _due(shard: str, now: datetime, limit: int) -> list[tuple[datetime, tuple[str, str]]]:
    found = AccountItem.by_due.query(
        shard, AccountItem.next_verification_at <= now, limit=limit, page_size=limit
    )
    return [(item.next_verification_at, (item.pk, item.sk)) for item in found]
