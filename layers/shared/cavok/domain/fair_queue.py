"""Whose account is tested next: in turn between organizations, so that none waits for another's
many.
"""

from collections import OrderedDict, deque
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
        self._left: set[str] = set()

    def __len__(self) -> int:
        return sum(map(len, self._waiting.values()))

    def add(self, key: AccountKey) -> None:
        """Once; not if its organization was left."""
        if key not in self._known and key.organization_id not in self._left:
            self._known.add(key)
            self._waiting.setdefault(key.organization_id, deque()).append(key)

    def take(self, limit: int) -> list[AccountKey]:
        """One of each organization in turn. The turns go on with the next call."""
        taken: list[AccountKey] = []
        while self._waiting and len(taken) < limit:
            organization_id, accounts = self._waiting.popitem(last=False)
            taken.append(accounts.popleft())
            if accounts:
                self._waiting[organization_id] = accounts
        return taken

    def leave(self, organization_id: str) -> None:
        """Forgets the organization's accounts, and takes no more of them."""
        self._left.add(organization_id)
        self._waiting.pop(organization_id, None)
