"""Lists of an organization's accounts. Each part of a list walks through an index that has its
order, and reads the accounts behind it where the index does not tell which are wanted. A page looks
at MOST_LOOKED_AT entries and reads `most_read` accounts at most, whatever it finds, and says where
it stopped. The accounts of a small enrollment are read by its members instead, and sorted.
"""

import heapq
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from itertools import dropwhile, groupby, islice
from typing import Any

from pynamodb.constants import STRING
from pynamodb.indexes import GlobalSecondaryIndex

from cavok.adapters.table import keys
from cavok.adapters.table.accounts import AccountItem, Accounts, ClaimItem
from cavok.adapters.table.table import BATCH, Item, Row, Table, start_after
from cavok.domain.account_list import BY_URGENCY, AccountSort, Selection, has_problems, has_word
from cavok.domain.accounts import ListedAccount, Status
from cavok.domain.pages import Page, Position, PositionKind, not_issued
from cavok.domain.providers import Provider

MOST_LOOKED_AT = 5_000
"""Entries of an index at which one page looks for a word. They cost about 80 read units."""

_ANSWER = 1_000
"""Entries in one answer of DynamoDB, where few may be wanted. They are about 130 kB."""

SMALL = BATCH
"""Members of an enrollment at most, for a page of which all their accounts are read. Those of a
larger one are looked for in the whole list, of which they are a larger part.
"""

_CLAIMS = keys.claim_sk(Provider.AWS, "")

SELECTED = (
    "sk",
    "name",
    "account_number",
    "status",
    "access_type",
    "issues",
    "write_logs",
    "template_pk",
    "enrollment_id",
)
"""The attributes that a list reads of the accounts among which it selects."""

_INDEXED = ("pk", "name_key", "status_pk")
"""What else the indexes have, for those that are sorted here."""


def most_read(limit: int) -> int:
    """Accounts that are read to select those of a page, beside the page itself. With a unit, as
    many members are read too: they know where they are.
    """
    return 2 * max(limit, BATCH)


_Entry = tuple[Position, str]
"""Where an account stands in the list, and its id."""

_Start = tuple[str, str] | None
"""After which key a walk goes on, and the id of its account; null from the beginning."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Part:
    """A part of a list. Its positions are of the `kind`, with keys that begin with `prefix`.

    entries  walks on after a position.
    may      whether an account may be wanted, as far as the key of its position says.
    takes    whether it is, as its attributes SELECTED say. Null if `may` decides.
    """

    kind: PositionKind
    prefix: str = ""
    entries: Callable[[Position | None], Iterator[_Entry]]
    may: Callable[[str], bool] | None = None
    takes: Callable[[Row], bool] | None = None

    def holds(self, position: Position) -> bool:
        """Whether a page may have ended here."""
        return position.kind == self.kind and position.key.startswith(self.prefix)


class AccountList:
    """Reads pages of the list."""

    def __init__(self, table: Table, accounts: Accounts) -> None:
        self._table = table
        self._accounts = accounts

    def page(
        self,
        organization_id: str,
        selection: Selection | None = None,
        *,
        limit: int,
        sort: AccountSort | None = None,
        after: Position | None = None,
    ) -> Page[ListedAccount]:
        """The selected accounts. Without `sort` they come by name, or with `q` those whose name
        begins so, then those in which a later word does, then those whose number does. A page may
        end before `limit`, or be empty, as this module says. Raises CursorNotIssued for a position
        that is not of this list.
        """
        found = self._entries(organization_id, selection or Selection(), limit, sort, after)
        ids = [account_id for _, account_id in found.items]
        return Page(self._accounts.read(organization_id, ids), found.end)

    def ids(self, organization_id: str, selection: Selection) -> Iterator[list[str]]:
        """All selected accounts, by name. One that changes meanwhile may come twice."""
        after = None
        while True:
            found = self._entries(organization_id, selection, _ANSWER, AccountSort.NAME, after)
            yield [account_id for _, account_id in found.items]
            if not (after := found.end):
                return

    def _entries(
        self,
        organization_id: str,
        selection: Selection,
        limit: int,
        sort: AccountSort | None,
        after: Position | None,
    ) -> Page[_Entry]:
        if selection.is_empty:
            return Page([], None)
        few = self._few(organization_id, selection)
        if few is not None and not few:
            return Page([], None)
        parts = list(_Walks(self._table, organization_id, selection, limit, few).parts(sort))
        if after:
            position = after
            parts = list(dropwhile(lambda part: not part.holds(position), parts))
            if not parts:
                raise not_issued()
        select = partial(self._selected, organization_id, selection.unit_id, few)
        found, end = self._walk(parts, after, limit + 1, select)
        shown = found[:limit]
        return Page(shown, shown[-1][0] if len(found) > limit else end)

    def _walk(
        self,
        parts: list[_Part],
        after: Position | None,
        limit: int,
        select: Callable[[list[_Entry], Callable[[Row], bool]], list[_Entry]],
    ) -> tuple[list[_Entry], Position | None]:
        """The first `limit` entries that are wanted; and the last at which it looked, if that was
        the last at which a page may look.
        """
        found: list[_Entry] = []
        looks, reads, end = MOST_LOOKED_AT, most_read(limit - 1), after
        for part in parts:
            entries, after = part.entries(after), None
            while len(found) < limit:
                size = min(BATCH, reads) if part.takes else limit - len(found)
                chosen: list[_Entry] = []
                while looks and len(chosen) < size and (entry := next(entries, None)):
                    looks, end = looks - 1, entry[0]
                    if part.may is None or part.may(entry[0].key):
                        chosen.append(entry)
                ended = bool(looks) and len(chosen) < size
                if part.takes:
                    reads -= len(chosen)
                    chosen = select(chosen, part.takes)
                found += chosen
                if ended:
                    break
                if not looks or not reads:
                    return found[:limit], end
        return found[:limit], None

    def _selected(
        self,
        organization_id: str,
        unit_id: str | None,
        few: "_Few | None",
        entries: list[_Entry],
        takes: Callable[[Row], bool],
    ) -> list[_Entry]:
        ids = [account_id for _, account_id in entries]
        read = partial(self._accounts.rows, organization_id, ids, SELECTED)
        rows = list(filter(takes, read() if few is None else (few[each] for each in ids)))
        if unit_id and rows:
            from cavok.adapters.table.members import Members  # most lists need none

            members = [(row.enrollment_id, row.account_number) for row in rows]
            inside = Members(self._table).inside(organization_id, unit_id, members)
            rows = [row for row in rows if row.account_number in inside]
        wanted = {row.sk.removeprefix(keys.ACCOUNT) for row in rows}
        return [entry for entry in entries if entry[1] in wanted]

    def _few(self, organization_id: str, selection: Selection) -> "_Few | None":
        """The accounts of the enrollment that is asked for: none if there is no such enrollment.
        Null if it is not small, or if none is asked for. Its totals save reading a large one's
        members; the members themselves decide.
        """
        enrollment_id = selection.enrollment_id
        if enrollment_id is None:
            return None
        from cavok.adapters.table.enrollment_totals import TotalsItem  # most lists need none

        pk = keys.organization_pk(organization_id)
        totals = self._table.get(TotalsItem, pk, keys.totals_sk(enrollment_id))
        if totals and sum(totals.totals().values()) > SMALL:
            return None
        between = Item.sk.between(*keys.members_after(enrollment_id, ""))
        stored = self._table.entries(None, pk, between, start=None, size=SMALL + 1)
        members = list(islice(stored, SMALL + 1))
        if len(members) > SMALL:
            return None
        ids = [each["account_id"][STRING] for each in members if "account_id" in each]
        rows = self._accounts.rows(organization_id, ids, (*SELECTED, *_INDEXED))
        return {
            row.sk.removeprefix(keys.ACCOUNT): row
            for row in rows
            if row.enrollment_id == enrollment_id
        }


@dataclass(frozen=True, slots=True)
class _Walks:
    """The parts of one list, for pages of `limit` accounts. `few`: all that may be in it; null if
    the indexes have to tell.
    """

    table: Table
    organization_id: str
    selection: Selection
    limit: int
    few: "_Few | None"

    def parts(self, sort: AccountSort | None) -> Iterator[_Part]:
        """In the order of the list."""
        if sort is None and self.selection.q:
            yield from self._by_relevance()
            return
        order = sort or AccountSort.NAME
        if order.field is AccountSort.NAME:
            yield self._by_name(
                may=self._may_be_found, asks=self._asks_for_q, backwards=order.reversed
            )
        elif order.field is AccountSort.STATUS:
            statuses = self.selection.statuses
            for status in reversed(statuses) if order.reversed else statuses:
                yield self._of_status(status, backwards=order.reversed)
        else:
            takes = self._takes(self._asks_for_q)
            walk = partial(self._claims, takes=takes, backwards=order.reversed)
            yield _Part(kind="number", entries=walk, takes=takes)

    def _by_relevance(self) -> Iterator[_Part]:
        q = self.selection.q

        def within(key: str) -> bool:
            return q in keys.name_in(key)[1:]

        def has_later_word(row: Row) -> bool:
            return not row.name.lower().startswith(q) and has_word(row.name, q)

        yield self._by_name(prefix=q)
        yield self._by_name("word", may=within, asks=has_later_word)
        if q.isdigit():
            takes = self._takes(lambda row: not has_word(row.name, q))
            walk = partial(self._claims, takes=takes, prefix=q)
            yield _Part(kind="number", prefix=q, entries=walk, takes=takes)

    @property
    def _may_be_found(self) -> Callable[[str], bool] | None:
        """A number is not in the key."""
        q = self.selection.q
        return (lambda key: q in keys.name_in(key)) if q and not q.isdigit() else None

    @property
    def _asks_for_q(self) -> Callable[[Row], bool] | None:
        selection = self.selection
        return (lambda row: selection.finds(row.name, row.account_number)) if selection.q else None

    def _by_name(
        self,
        kind: PositionKind = "name",
        *,
        prefix: str = "",
        may: Callable[[str], bool] | None = None,
        asks: Callable[[Row], bool] | None = None,
        backwards: bool = False,
    ) -> _Part:
        """Those that may have problems are in three of the statuses, whose names are merged."""
        version, statuses = self.selection.template_version, self.selection.statuses
        takes = self._takes(asks, "status")
        if version and not self.selection.status:
            template_pk = keys.template_pk(self.organization_id, version)
            sources: list[_Source] = [(AccountItem.by_template, {"template_pk": template_pk})]
            takes = self._takes(asks, "status", "template_version")
        elif statuses == BY_URGENCY:
            sources = [(AccountItem.by_name, {"pk": self._pk})]
        else:
            sources = [self._in_status(status) for status in statuses]
        size = self._size(may, takes)

        def walk(after: Position | None) -> Iterator[_Entry]:
            start = (after.key, after.account_id) if after else None
            each = [
                self._names(*source, start, prefix=prefix, size=size, backwards=backwards)
                for source in sources
            ]
            # An account that changes its status meanwhile may be found in two.
            for (key, account_id), _ in groupby(heapq.merge(*each, reverse=backwards)):
                yield Position(kind, key, account_id), account_id

        return _Part(kind=kind, prefix=prefix, entries=walk, may=may, takes=takes)

    def _of_status(self, status: Status, *, backwards: bool) -> _Part:
        prefix, may = f"{status}:", self._may_be_found
        takes = self._takes(self._asks_for_q, "status")

        def walk(after: Position | None) -> Iterator[_Entry]:
            start = (after.key.removeprefix(prefix), after.account_id) if after else None
            found = self._names(
                *self._in_status(status), start, size=self._size(may, takes), backwards=backwards
            )
            for key, account_id in found:
                yield Position("status", prefix + key, account_id), account_id

        may_of = (lambda key: may(key.removeprefix(prefix))) if may else None
        return _Part(kind="status", prefix=prefix, entries=walk, may=may_of, takes=takes)

    def _in_status(self, status: Status) -> "_Source":
        return AccountItem.by_status, {"status_pk": keys.status_pk(self.organization_id, status)}

    def _takes(
        self, asks: Callable[[Row], bool] | None, *known: str
    ) -> Callable[[Row], bool] | None:
        """What is to be asked of an account beside what its place in the index makes `known`. An
        account that was stored before versions were counted is found by none.
        """
        wanted = self.selection
        tests = [asks] if asks else []
        if wanted.status and "status" not in known:
            tests.append(lambda row: row.status is wanted.status)
        if wanted.template_version and "template_version" not in known:
            template_pk = keys.template_pk(self.organization_id, wanted.template_version)
            tests.append(lambda row: row.template_pk == template_pk)
        if wanted.access_type:
            tests.append(lambda row: row.access_type is wanted.access_type)
        if wanted.has_problems is not None:
            tests.append(
                lambda row: (
                    has_problems(row.issues, write_logs=row.write_logs) is wanted.has_problems
                )
            )
        if wanted.enrollment_id:
            tests.append(lambda row: row.enrollment_id == wanted.enrollment_id)
        elif wanted.unit_id:
            tests.append(lambda row: row.enrollment_id is not None)
        return (lambda row: all(test(row) for test in tests)) if tests else None

    @property
    def _pk(self) -> str:
        return keys.organization_pk(self.organization_id)

    def _size(self, may: Any, takes: Any) -> int:
        """Entries to ask DynamoDB for at once."""
        if may:
            return _ANSWER
        return max(BATCH, self.limit) if takes else self.limit + 1

    def _names(
        self,
        index: GlobalSecondaryIndex[Any],
        index_key: dict[str, str],
        start: _Start,
        *,
        prefix: str = "",
        size: int,
        backwards: bool,
    ) -> Iterator[tuple[str, str]]:
        """Keys of names and ids of accounts."""
        if self.few is not None:
            ((field, value),) = index_key.items()
            named = (
                (row.name_key, account_id)
                for account_id, row in self.few.items()
                if getattr(row, field) == value and row.name_key.startswith(prefix)
            )
            yield from _sorted_after(start, named, backwards=backwards)
            return
        at = None
        if start:
            key = {"pk": self._pk, "sk": keys.account_sk(start[1]), "name_key": start[0]}
            at = start_after(AccountItem, **key | index_key)
        (hash_key,) = index_key.values()
        condition = AccountItem.name_key.startswith(prefix) if prefix else None
        for entry in self.table.entries(
            index, hash_key, condition, start=at, size=size, backwards=backwards
        ):
            yield entry["name_key"][STRING], entry["sk"][STRING].removeprefix(keys.ACCOUNT)

    def _claims(
        self,
        after: Position | None,
        *,
        takes: Callable[[Row], bool] | None,
        prefix: str = "",
        backwards: bool = False,
    ) -> Iterator[_Entry]:
        """Of AWS, as long as its accounts alone can be connected (`AVAILABLE`)."""
        if self.few is not None:
            numbered = (
                (row.account_number, account_id)
                for account_id, row in self.few.items()
                if row.account_number.startswith(prefix)
            )
            start = (after.key, after.account_id) if after else None
            for number, account_id in _sorted_after(start, numbered, backwards=backwards):
                yield Position("number", number, account_id), account_id
            return
        at = start_after(ClaimItem, pk=self._pk, sk=_CLAIMS + after.key) if after else None
        condition, size = ClaimItem.sk.startswith(_CLAIMS + prefix), self._size(None, takes)
        for claim in self.table.entries(
            None, self._pk, condition, start=at, size=size, backwards=backwards
        ):
            number, account_id = claim["sk"][STRING], claim["account_id"][STRING]
            yield Position("number", number.removeprefix(_CLAIMS), account_id), account_id


_Source = tuple[GlobalSecondaryIndex[Any], dict[str, str]]
"""An index that has accounts by name, and its hash key."""

_Few = dict[str, Row]
"""Accounts by id, with what a list reads of them."""


def _sorted_after(
    start: _Start, found: Iterable[tuple[str, str]], *, backwards: bool
) -> Iterator[tuple[str, str]]:
    """Keys and ids in the order of an index, after the place where a page ended."""
    for each in sorted(found, reverse=backwards):
        if start is None or (each < start if backwards else each > start):
            yield each
