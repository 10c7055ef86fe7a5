"""The list of an organization's resources, in the order of their next turns. It walks through the
index by_turn, whose key has what the list is filtered by, and reads only resources that it may
show. A page looks at MOST_LOOKED_AT entries and reads `most_read` resources at most, whatever it
finds, and says where it stopped.
"""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from datetime import datetime

from pynamodb.constants import STRING

from cavok.adapters.table import keys
from cavok.adapters.table.account_list import MOST_LOOKED_AT, most_read
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.resources import ResourceItem
from cavok.adapters.table.table import BATCH, Table, start_after
from cavok.domain.kinds import Action
from cavok.domain.pages import Page, Position
from cavok.domain.resource_list import ListedResource, ResourceSelection
from cavok.domain.resources import Resource

_FIELDS = tuple(field.name for field in fields(Resource))
_OF_ACCOUNT = ("sk", "name", "account_number", "status")

_ANSWER = 1_000
"""Entries in one answer of DynamoDB, where few may be wanted. They are about 200 kB."""


@dataclass(frozen=True, slots=True)
class _Entry:
    """An entry of the index. `at` is the time of the turn, as its key has it."""

    account_id: str
    turn_key: str
    at: str
    action: str
    kind: str
    region: str
    resource_id: str

    @property
    def key(self) -> tuple[str, str]:
        return keys.account_pk(self.account_id), keys.resource_sk(self.resource_id)

    @property
    def position(self) -> Position:
        return Position("turn", self.turn_key, self.account_id)


class ResourceList:
    """Reads pages of the list."""

    def __init__(self, table: Table, accounts: Accounts) -> None:
        self._table = table
        self._accounts = accounts

    def page(
        self,
        organization_id: str,
        selection: ResourceSelection | None = None,
        *,
        limit: int,
        now: datetime,
        after: Position | None = None,
    ) -> Page[ListedResource]:
        """The selected resources: those with a due turn, then the others by their next turn, then
        those without a schedule. A page may end before `limit`, or be empty, as this module says.
        """
        selection = selection or ResourceSelection()
        if selection.is_empty:
            return Page([], None)
        size = limit + 1 if selection == ResourceSelection() else _ANSWER
        entries = self._entries(organization_id, after, size)
        found: list[tuple[_Entry, ListedResource]] = []
        last: _Entry | None = None
        looks, reads, ended = MOST_LOOKED_AT, most_read(limit), False
        while len(found) <= limit and looks and reads and not ended:
            chosen: list[_Entry] = []
            wanted = min(BATCH, reads, limit + 1 - len(found))
            while looks and len(chosen) < wanted and not ended:
                if entry := next(entries, None):
                    looks, last = looks - 1, entry
                    if _may_be_in(selection, entry, now):
                        chosen.append(entry)
                ended = entry is None
            reads -= len(chosen)
            there = self._read(organization_id, chosen)
            found += [each for each in there if _does(each[1], selection.action, now)]
        end = found[limit - 1][0] if len(found) > limit else None if ended else last
        return Page([one for _, one in found[:limit]], end.position if end else None)

    def _entries(self, organization_id: str, after: Position | None, size: int) -> Iterator[_Entry]:
        hash_key = keys.turns_of(organization_id)
        start = after and start_after(
            ResourceItem,
            turns_of=hash_key,
            turn_key=after.key,
            pk=keys.account_pk(after.account_id),
            sk=keys.resource_sk(keys.turn_in(after.key)[-1]),
        )
        for entry in self._table.entries(
            ResourceItem.by_turn, hash_key, None, start=start or None, size=size
        ):
            turn_key, account_pk = entry["turn_key"][STRING], entry["pk"][STRING]
            yield _Entry(account_pk.removeprefix(keys.ACCOUNT), turn_key, *keys.turn_in(turn_key))

    def _read(
        self, organization_id: str, entries: list[_Entry]
    ) -> Iterator[tuple[_Entry, ListedResource]]:
        """Those that are there. Resources of a deleted account are deleted moments later."""
        rows = self._table.get_rows(ResourceItem, [entry.key for entry in entries], _FIELDS)
        resources = {row.resource_id: row.as_a(Resource) for row in rows}
        account_ids = dict.fromkeys(entry.account_id for entry in entries)
        accounts = {
            row.sk.removeprefix(keys.ACCOUNT): row
            for row in self._accounts.rows(organization_id, account_ids, _OF_ACCOUNT)
        }
        for entry in entries:
            resource, account = resources.get(entry.resource_id), accounts.get(entry.account_id)
            if resource and account:
                yield (
                    entry,
                    ListedResource(
                        resource=resource,
                        account_name=account.name,
                        account_number=account.account_number,
                        account_status=account.status,
                    ),
                )


def _may_be_in(selection: ResourceSelection, entry: _Entry, now: datetime) -> bool:
    """What a resource does after a turn that is due, its key does not say."""
    if not selection.has(entry.account_id, entry.kind, entry.region):
        return False
    return selection.action in (None, entry.action) or entry.at <= keys.turn_time(now)


def _does(listed: ListedResource, action: Action | None, now: datetime) -> bool:
    if action is None:
        return True
    turn = listed.resource.next_transition(now)
    return turn is not None and turn.action is action
