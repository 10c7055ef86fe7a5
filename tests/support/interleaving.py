"""Runs one operation between every two AWS calls of another, on moto.

Operations are functions without arguments that call AWS through any client. `interleavings` runs
each way that the second can come between the calls of the first, from before the first call to
after the last one, and yields what both answered. The test then looks at what is stored.

Two operations of moto never overlap, so DynamoDB's transaction conflicts do not come by themselves.
With `conflicts`, a write of the first operation before which the second has come is refused once
as well, as if it had met the second's transaction on the same item.
"""

from __future__ import annotations

import copy
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from botocore.client import BaseClient
from moto.backends import get_backend

from tests.support.faults import transaction_conflict

Operation = Callable[[], object]
_METHOD = "_make_api_call"
_REAL = getattr(BaseClient, _METHOD)
_CONFLICTING = frozenset({"PutItem", "UpdateItem", "DeleteItem", "TransactWriteItems"})


@dataclass(frozen=True)
class Answer:
    """What an operation returned, or the exception that it raised."""

    value: object = None
    error: Exception | None = None

    @classmethod
    def of(cls, operation: Operation) -> Answer:
        try:
            return cls(operation())
        except Exception as error:  # noqa: BLE001  the test decides which are right
            return cls(error=error)


@dataclass(frozen=True)
class Interleaving:
    """`at`: before which call of the first operation the second came, such as `3 PutItem`."""

    at: str
    first: Answer
    second: Answer


def interleavings(
    prepare: Operation, first: Operation, second: Operation, *, conflicts: bool = True
) -> Iterator[Interleaving]:
    """Prepares anew for each interleaving, runs it and yields it."""
    prepare()
    counted = _run(first, None)
    ends = [*counted.made, "end"]
    for index, operation in enumerate(ends):
        for conflict in (False, True)[: 1 + (conflicts and operation in _CONFLICTING)]:
            prepare()
            run = _run(first, _Turn(index, second, conflict))
            at = f"{index} {operation}{' conflict' if conflict else ''}"
            yield Interleaving(at, run.first, run.turn.answer if run.turn else Answer())


@dataclass
class _Turn:
    """When it is the second operation's."""

    index: int
    second: Operation
    conflict: bool
    answer: Answer = Answer()
    taken: bool = False

    def take(self) -> None:
        self.taken = True
        self.answer = Answer.of(self.second)


@dataclass
class _Run:
    turn: _Turn | None
    made: list[str] = field(default_factory=list)
    first: Answer = Answer()
    _seconds_turn: bool = False
    _lock: Any = field(default_factory=threading.Lock)

    def call(self, client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        if self._seconds_turn:
            return _REAL(client, operation, arguments)
        with self._lock:
            index = len(self.made)
            self.made.append(operation)
        turn = self.turn
        if turn and not turn.taken and index == turn.index:
            self._seconds_turn = True
            turn.take()
            self._seconds_turn = False
            if turn.conflict:
                raise transaction_conflict(operation, arguments)
        return _REAL(client, operation, arguments)


def _run(first: Operation, turn: _Turn | None) -> _Run:
    run = _Run(turn)
    with _calls_through(run):
        run.first = Answer.of(first)
        if turn and not turn.taken:
            run._seconds_turn = True
            turn.take()
    return run


@contextmanager
def _calls_through(run: _Run) -> Iterator[None]:
    def make_api_call(client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        return run.call(client, operation, arguments)

    setattr(BaseClient, _METHOD, make_api_call)
    try:
        yield
    finally:
        setattr(BaseClient, _METHOD, _REAL)


def snapshot(account: str = "123456789012", region: str = "us-east-1") -> Operation:
    """Keeps what is in the tables, in Scheduler and in RDS. The result brings that back, however
    often: much faster than making it anew.
    """

    def places() -> dict[tuple[str, str], dict[str, Any]]:
        """The members of each thing. moto makes tables anew when it rolls a transaction back."""
        tables = get_backend("dynamodb")[account][region].tables
        groups = get_backend("scheduler")[account][region].schedule_groups
        databases = get_backend("rds")[account][region].databases
        return {
            **{(name, "items"): vars(table) for name, table in tables.items()},
            **{(name, "schedules"): vars(group) for name, group in groups.items()},
            **{(name, "status"): vars(database) for name, database in databases.items()},
        }

    kept = {key: copy.deepcopy(members[key[1]]) for key, members in places().items()}

    def bring_back() -> None:
        there = places()
        for key, value in kept.items():
            there[key][key[1]] = copy.deepcopy(value)

    return bring_back
