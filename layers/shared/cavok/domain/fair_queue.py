"""Which account comes next, to be tested or to get its log lines. Organizations take turns, so that
none waits for another's many accounts.
"""

from collections import OrderedDict, deque
from collections.abc import Sequence
from typing import NamedTuple


class AccountKey(NamedTuple):
    """An account of an organization."""

    organization_id: str
    account_id: str


class FairQueue:
    """Accounts, each of which is taken once. Within an organization, first come, first served."""

    def __init__(self) -> None:
        self._waiting: OrderedDict[str, deque[AccountKey]] = OrderedDict()
        self._known: set[AccountKey] = set()
        self._last: OrderedDict[str, deque[AccountKey]] = OrderedDict()
        self._slow: set[str] = set()
        self._left: set[str] = set()

    def __len__(self) -> int:
        return sum(map(len, [*self._waiting.values(), *self._last.values()]))

    def add(self, key: AccountKey) -> None:
        """Adds an account, once. Does nothing after `leave` for its organization."""
        if key not in self._known and key.organization_id not in self._left:
            self._known.add(key)
            line = self._last if key.organization_id in self._slow else self._waiting
            line.setdefault(key.organization_id, deque()).append(key)

    def take(self, limit: int) -> list[AccountKey]:
        """At most `limit` accounts, one of each organization in turn. The next call continues where
        this one stopped. Organizations that were put last come only if no other waits.
        """
        chosen: list[AccountKey] = []
        line = self._waiting or self._last
        while line and len(chosen) < limit:
            organization_id, accounts = line.popitem(last=False)
            chosen.append(accounts.popleft())
            if accounts:
                line[organization_id] = accounts
        return chosen

    def put_back(self, keys: Sequence[AccountKey]) -> None:
        """Lets accounts that were just taken be the next ones again, in the same order."""
        for key in reversed(keys):
            line = self._last if key.organization_id in self._slow else self._waiting
            line.setdefault(key.organization_id, deque()).appendleft(key)
            line.move_to_end(key.organization_id, last=False)

    def put_last(self, organization_id: str) -> None:
        """Moves the organization's accounts behind all others, into pages of their own."""
        self._slow.add(organization_id)
        if accounts := self._waiting.pop(organization_id, None):
            self._last[organization_id] = accounts

    def leave(self, organization_id: str) -> None:
        """Forgets the organization's accounts, and takes no more of them."""
        self._left.add(organization_id)
        self._waiting.pop(organization_id, None)
        self._last.pop(organization_id, None)
