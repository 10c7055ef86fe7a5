"""Which account is tested, or gets its log lines, next. Organizations take turns, so that none
waits for another's many accounts.
"""

from collections import Counter, OrderedDict, defaultdict, deque
from collections.abc import Iterator, Sequence
from itertools import chain
from typing import NamedTuple


class AccountKey(NamedTuple):
    """An account of an organization."""

    organization_id: str
    account_id: str


class FairQueue:
    """Accounts, each of which is taken once. Within an organization, first come, first served.

    Organizations stand in lines with numbers. All begin in line 0.
    """

    def __init__(self) -> None:
        self._lines: dict[int, OrderedDict[str, deque[AccountKey]]] = defaultdict(OrderedDict)
        self._line: Counter[str] = Counter()
        self._known: set[AccountKey] = set()
        self._left: set[str] = set()

    def __len__(self) -> int:
        return sum(len(accounts) for line in self._lines.values() for accounts in line.values())

    def __iter__(self) -> Iterator[AccountKey]:
        for line in self.lines.values():
            yield from line

    @property
    def lines(self) -> dict[int, list[AccountKey]]:
        """The accounts of each line that has some, by its number, the lowest first."""
        return {n: list(chain(*line.values())) for n, line in sorted(self._lines.items()) if line}

    def _line_of(self, organization_id: str) -> OrderedDict[str, deque[AccountKey]]:
        return self._lines[self._line[organization_id]]

    def add(self, key: AccountKey) -> None:
        """Adds an account, once. Does nothing after `leave` for its organization."""
        if key not in self._known and key.organization_id not in self._left:
            self._known.add(key)
            self._line_of(key.organization_id).setdefault(key.organization_id, deque()).append(key)

    def take(self, limit: int, number: int = 0) -> list[AccountKey]:
        """At most `limit` accounts of the line with this number, one of each organization in turn.
        The next call continues where this one stopped.
        """
        chosen: list[AccountKey] = []
        line = self._lines[number]
        while line and len(chosen) < limit:
            organization_id, accounts = line.popitem(last=False)
            chosen.append(accounts.popleft())
            if accounts:
                line[organization_id] = accounts
        return chosen

    def put_back(self, keys: Sequence[AccountKey]) -> None:
        """Lets accounts that were just taken be the next ones again, in the same order. Does
        nothing after `leave` for their organization.
        """
        for key in reversed([each for each in keys if each.organization_id not in self._left]):
            line = self._line_of(key.organization_id)
            line.setdefault(key.organization_id, deque()).appendleft(key)
            line.move_to_end(key.organization_id, last=False)

    def move(self, organization_id: str, number: int) -> None:
        """Moves the organization to the line with this number, with what is added of it later."""
        accounts = self._line_of(organization_id).pop(organization_id, None)
        self._line[organization_id] = number
        if accounts:
            self._line_of(organization_id)[organization_id] = accounts

    def leave(self, organization_id: str) -> None:
        """Forgets the organization's accounts, and takes no more of them."""
        self._left.add(organization_id)
        self._line_of(organization_id).pop(organization_id, None)
