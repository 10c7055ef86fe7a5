"""The interactions that count in a month, of an account and of an organization."""

from collections.abc import Callable
from datetime import datetime
from typing import TYPE_CHECKING

from cavok.domain.interactions import MonthUsage, Usage, months_until

if TYPE_CHECKING:
    from cavok.adapters.table.accounts import Accounts
    from cavok.adapters.table.usage import UsageCounters


def usage_of_account(
    organization_id: str,
    account_id: str,
    *,
    free: int,
    accounts: "Accounts",
    counters: "UsageCounters",
    now: datetime,
) -> tuple[Usage, list[MonthUsage]]:
    """The account's usage of this month, and of the last twelve, oldest first. `free`: interactions
    of a month that cost nothing. Raises AccountNotFound.
    """
    accounts.get(organization_id, account_id)
    months = counters.months_of_account(account_id, months_until(now))
    return Usage(months[-1].period, free, months[-1].used), months


def months_of_organization(
    organization_id: str,
    *,
    counters: "UsageCounters",
    count_page: Callable[[], None],
    now: datetime,
) -> list[MonthUsage]:
    """The last twelve months, oldest first. `count_page` is called before each: raises what it
    raises.
    """
    months = []
    for month in months_until(now):
        count_page()
        months.append(counters.month_of_organization(organization_id, month))
    return months
