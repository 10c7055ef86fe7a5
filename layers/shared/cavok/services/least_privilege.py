"""The smallest policy for an account, from the resources under control and the instances used."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, TypeVar

from cavok.domain.interactions import KEPT_FOR, Interaction
from cavok.domain.least_privilege import LeastPrivilege, Scope, least_privilege
from cavok.domain.pages import Position

if TYPE_CHECKING:
    from cavok.adapters.table.interactions import Interactions
    from cavok.adapters.table.resources import Resources
    from cavok.domain.accounts import Account

T = TypeVar("T")
PAGE, PAGES = 100, 5
"""At most the newest 500 interactions are read, so that the cost has a limit."""


def least_privilege_for(
    account: "Account",
    by: Scope,
    *,
    resources: "Resources",
    interactions: "Interactions",
    count_page: Callable[[], None],
    now: datetime,
) -> LeastPrivilege:
    """The smallest policy of an account. Nothing is called in the customer's account. `count_page`
    is called before each page of interactions and for each hundred resources, also if there are
    none. Raises what it raises, and InvalidField if the policy would be too long.
    """
    used, since = _latest(account.account_id, interactions, count_page, now)
    return least_privilege(
        account,
        by,
        resources=list(_counted(resources.all_of(account.account_id), count_page)),
        interactions=used,
        now=now,
        since=since,
    )


def _counted(items: Iterable[T], count_page: Callable[[], None]) -> Iterator[T]:
    count_page()
    for number, item in enumerate(items):
        if number and number % PAGE == 0:
            count_page()
        yield item


def _latest(
    account_id: str,
    interactions: "Interactions",
    count_page: Callable[[], None],
    now: datetime,
) -> tuple[list[Interaction], datetime | None]:
    """The newest interactions, and the time of the oldest of them if there are more."""
    found: list[Interaction] = []
    after: Position | None = None
    for _ in range(PAGES):
        count_page()
        page = interactions.page(account_id, limit=PAGE, after=after)
        found += page.items
        after = page.end
        if after is None or now - found[-1].at > KEPT_FOR:
            return found, None
    return found, found[-1].at
