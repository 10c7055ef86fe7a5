"""Accounts whose re-verification is due, from the sparse, sharded index of due times."""

from datetime import datetime

from cavok.adapters.table.items import DUE_SHARDS, AccountItem
from cavok.domain.accounts import Account


class DueAccounts:
    """Reads in proportion to what is due, however many accounts there are."""

    def page(self, now: datetime, limit: int) -> list[Account]:
        """Accounts that are due, read consistently: at most `limit` (evenly from the shards), the
        longest overdue of each shard first.

        The index lags behind the table by moments, so an account that is not due by now is left
        out.
        """
        keys = [key for shard in DUE_SHARDS for key in _due(shard, now, limit // len(DUE_SHARDS))]
        found = (item.account() for item in AccountItem.batch_get(keys, consistent_read=True))
        return [
            account
            for account in found
            if account.next_verification_at and account.next_verification_at <= now
        ]


def _due(shard: str, now: datetime, limit: int) -> list[tuple[str, str]]:
    found = AccountItem.by_due.query(
        shard, AccountItem.next_verification_at <= now, limit=limit, page_size=limit
    )
    return [(item.pk, item.sk) for item in found]
