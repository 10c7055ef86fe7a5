"""Usage counters in the table, one per account and month."""

from collections.abc import Sequence
from datetime import timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.table import Item, Table, start_after
from cavok.domain.interactions import (
    AccountUsage,
    Interaction,
    MonthUsage,
    Usage,
    period_of,
)
from cavok.domain.pages import Page, Position


class UsageItem(Item):
    """The number of an account's interactions in a month. It is only ever incremented. `listed_at`:
    when a listing counted last.
    """

    used = NumberAttribute(default=0)
    listed_at = UTCDateTimeAttribute(null=True)
    organization_id = UnicodeAttribute()
    usage_of = UnicodeAttribute()


def count(
    transaction: TransactWrite, interaction: Interaction, *, once_in: timedelta | None = None
) -> None:
    """Adds an interaction to its month's usage. If `once_in` is not null: only if no listing was
    counted within it.
    """
    organization_id, period = interaction.organization_id, period_of(interaction.at)
    listed = UsageItem.listed_at
    at = [listed.set(interaction.at)] if interaction.counts_once else []
    transaction.update(
        UsageItem(keys.account_pk(interaction.account_id), keys.usage_sk(period)),
        [
            UsageItem.used.add(1),
            UsageItem.organization_id.set(organization_id),
            UsageItem.usage_of.set(keys.usage_of(organization_id, period)),
            *at,
        ],
        condition=listed.does_not_exist() | (listed <= interaction.at - once_in)
        if once_in
        else None,
    )


MOST_SUMMED = 500
"""Accounts whose counters are added for one month of an organization."""


class UsageCounters:
    """Reads usage. `free` is the number of free interactions a month."""

    def __init__(self, table: Table, accounts: Accounts) -> None:
        self._table = table
        self._accounts = accounts

    def months_of_account(self, account_id: str, months: Sequence[str]) -> list[MonthUsage]:
        """Usage in months that follow each other, in one query. Counters are never deleted. The
        caller has read the account in its organization before.
        """
        between = UsageItem.sk.between(keys.usage_sk(months[0]), keys.usage_sk(months[-1]))
        found = UsageItem.query(keys.account_pk(account_id), between, consistent_read=True)
        used = {item.sk.removeprefix(keys.USAGE): int(item.used) for item in found}
        return [MonthUsage(month, used.get(month, 0)) for month in months]

    def month_of_organization(self, organization_id: str, month: str) -> MonthUsage:
        """The sum of its accounts, deleted ones too. Of more than MOST_SUMMED, those used most."""
        found = UsageItem.by_usage.query(
            keys.usage_of(organization_id, month),
            scan_index_forward=False,
            limit=MOST_SUMMED + 1,
            page_size=MOST_SUMMED + 1,
            attributes_to_get=["used"],
        )
        used = [int(item.used) for item in found]
        return MonthUsage(month, sum(used[:MOST_SUMMED]), len(used) <= MOST_SUMMED)

    def of_organization(
        self,
        organization_id: str,
        period: str,
        free: int,
        *,
        limit: int,
        after: Position | None,
    ) -> Page[AccountUsage]:
        """Highest count first. Counters only rise, so no account is on two pages. An account whose
        counter rises past a page's end before the next page is read is on neither.
        """
        hash_key = keys.usage_of(organization_id, period)
        found = UsageItem.by_usage.query(
            hash_key,
            scan_index_forward=False,
            last_evaluated_key=start_after(
                UsageItem,
                usage_of=hash_key,
                used=after.key,
                pk=keys.account_pk(after.account_id),
                sk=keys.usage_sk(period),
            )
            if after
            else None,
            limit=limit + 1,
            page_size=limit + 1,
        )
        counters = [(item.pk.removeprefix(keys.ACCOUNT), int(item.used)) for item in found]
        used = dict(counters[:limit])
        rows = self._accounts.rows(organization_id, used, ("sk", "name"))
        names = {row.sk.removeprefix(keys.ACCOUNT): row.name for row in rows}
        shown = [
            AccountUsage(account_id, names.get(account_id), Usage(period, free, count))
            for account_id, count in used.items()
        ]
        return Page(shown, _end(shown[-1]) if len(counters) > limit else None)


def _end(last: AccountUsage) -> Position:
    return Position("used", str(last.usage.used), last.account_id)
