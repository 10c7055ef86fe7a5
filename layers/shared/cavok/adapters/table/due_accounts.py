"""Accounts whose re-verification is due, from the sparse, sharded index of due times."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime, timedelta
from itertools import chain

from pynamodb.exceptions import PynamoDBException

from cavok.adapters.table import keys
from cavok.adapters.table.accounts import AccountItem
from cavok.adapters.table.due import DueItem
from cavok.adapters.table.table import Table
from cavok.domain.accounts import Account
from cavok.domain.errors import ServiceUnavailable
from cavok.domain.fair_queue import AccountKey

INDEX_IS_LATE = timedelta(seconds=15)
"""By how much a sweep's next read overlaps its last one: the index is eventually consistent."""

SHARDS_AT_ONCE = len(keys.DUE_SHARDS)
"""All of them: waiting costs money."""


class DueAccounts:
    """Reads only due accounts, so the cost does not depend on the number of accounts."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def keys(self, now: datetime, since: datetime | None) -> dict[AccountKey, datetime]:
        """When each due account became due, or each that did after `since`, longest overdue first.
        May contain accounts that are no longer due: see `read`.
        """
        times = AccountItem.next_verification_at
        # DynamoDB refuses a range that ends before it begins, as after a clock was set back.
        due = times.between(min(since - INDEX_IS_LATE, now), now) if since else times <= now

        def of_shard(shard: str) -> list[tuple[datetime, AccountKey]]:
            entries = DueItem.by_due.query(shard, due)
            return [
                (_due_since(item, now), AccountKey(*item.ids(keys.ACCOUNT))) for item in entries
            ]

        with ThreadPoolExecutor(SHARDS_AT_ONCE) as pool:
            found = sorted(chain.from_iterable(pool.map(of_shard, keys.DUE_SHARDS)))
        return {key: at for at, key in found}

    def read(self, wanted: Sequence[AccountKey], now: datetime) -> dict[AccountKey, Account | None]:
        """What is stored of them, read consistently; null if an account is gone or no longer due.
        What DynamoDB leaves out is missing: it may throttle one organization's partition, and the
        others' accounts must not wait for that. Raises what kept it from reading any.
        """
        found = dict[AccountKey, Account | None]()
        stored = [(keys.organization_pk(org), keys.account_sk(account)) for org, account in wanted]
        try:
            for item in self._table.get_many(AccountItem, stored):
                account = item.account()
                due = account.next_verification_at
                key = AccountKey(account.organization_id, account.account_id)
                found[key] = account if due and due <= now else None
        except (ServiceUnavailable, PynamoDBException):
            if not found:
                raise
            return found
        return dict.fromkeys(wanted) | found


def _due_since(item: DueItem, now: datetime) -> datetime:
    """Its time; now if that cannot be read, so that reading the account shows why."""
    read = AccountItem.next_verification_at.deserialize
    try:
        since: datetime = read(item.next_verification_at)  # type: ignore[no-untyped-call]
    except ValueError:
        return now
    return since
