"""Runs one operation between every two AWS calls of another, on moto.

Operations are functions without arguments that call AWS through any client. `interleavings` runs
each way that the second can come between the calls of the first, from before the first call to
after the last one, and yields what both answered. The test then looks at what is stored.

Places between which the first makes a call that touches nothing that the second touches lead to the
same end, and are tried once. Calls of KMS and STS touch nothing that is shared: they count as none.

Two operations of moto never overlap, so DynamoDB's transaction conflicts do not come by themselves.
Where the second comes before a write of the first, and one of its transactions holds the same item,
this write is also refused once, as DynamoDB does. Source: DynamoDB Developer Guide, "Transaction
conflict handling".
"""

from __future__ import annotations

import copy
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, TypeVar

from moto.backends import get_backend
from moto.dynamodb.models.dynamo_type import DynamoType

from tests.support.faults import REAL, transaction_conflict, watched
from tests.support.moto_speed import same_items
from tests.support.moto_stack import backend, table

T = TypeVar("T")
Operation = Callable[[], object]
TRIED: Counter[str] = Counter()
"""Places, runs and conflicts so far, for docs/reliability.md."""
_SHARES_NOTHING = frozenset({"kms", "sts"})
_ITEM = {"PutItem": "Item", "UpdateItem": "Key", "DeleteItem": "Key"}


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
    """`at`: before which call of the first operation the second came, such as `3 PutItem`.
    `conflict`: that call was refused once. `places`: how many places this stands for.
    """

    at: str
    first: Answer
    second: Answer
    conflict: bool = False
    places: int = 1


def calls_of(prepare: Operation, operation: Operation) -> int:
    """How many calls it makes by itself."""
    prepare()
    return len(_run(operation, None).calls)


def interleavings(
    prepare: Operation, first: Operation, second: Operation, calls: int | None = None
) -> Iterator[Interleaving]:
    """Prepares anew for each interleaving, runs it and yields it. `calls`: `calls_of` the first, if
    that is known.
    """
    count = calls_of(prepare, first) if calls is None else calls
    index = 0
    while index <= count:
        turn = _Interruption(index, second)
        prepare()
        run = _run(first, turn)
        after = index + 1
        # What the second did may spare the first some calls.
        made = min(count, len(run.calls))
        while after <= made and not run.calls[after - 1].meets(turn.calls):
            after += 1
        TRIED.update(places=after - index, runs=1)
        yield Interleaving(run.at(index), run.first, turn.answer, places=after - index)
        for busy in range(index, min(after, made)):
            if run.calls[busy].items & turn.held:
                turn_again = _Interruption(busy, second, conflict=True)
                prepare()
                again = _run(first, turn_again)
                at = f"{again.at(busy)} conflict"
                TRIED.update(conflicts=1)
                yield Interleaving(at, again.first, turn_again.answer, conflict=True)
        index = after


@dataclass(frozen=True)
class Call:
    """A call to AWS. `items`: what it writes, and what a transaction's conditions are about.
    `partitions`: of the table and of its indexes, in which these are before it or after it.
    `reads`: what else it reads, items and partitions.
    """

    operation: str
    items: frozenset[str]
    reads: frozenset[str]
    partitions: set[str] = field(default_factory=set)

    @classmethod
    def of(cls, service: str, operation: str, arguments: dict[str, Any]) -> Call:
        if service != "dynamodb":
            return cls(operation, frozenset({service}), frozenset())
        if operation in _ITEM:
            return cls(operation, frozenset({_name(arguments[_ITEM[operation]])}), frozenset())
        if operation == "TransactWriteItems":
            parts = [part for item in arguments["TransactItems"] for part in item.values()]
            names = frozenset(_name(part.get("Item") or part["Key"]) for part in parts)
            return cls(operation, names, frozenset())
        return cls(operation, frozenset(), _read(operation, arguments))

    def meets(self, others: Iterable[Call]) -> bool:
        """Whether its place among the others matters."""
        return any(
            self.items & other.items or self.reads & other.changes or other.reads & self.changes
            for other in others
        )

    @property
    def changes(self) -> frozenset[str]:
        """Its items, and all that a query which finds them reads."""
        return self.items | self.partitions | ({_ALL} if self.items else set())

    def make(self, client: Any, arguments: dict[str, Any]) -> Any:
        """Calls AWS."""
        self.partitions.update(_partitions(self.items))
        try:
            return REAL(client, self.operation, arguments)
        finally:
            self.partitions.update(_partitions(self.items))


_ALL = "all"
_PARTITION = re.compile(r"\(?(#\w+) = (:\w+)\b")
"""How a query says which one it reads."""


def _partitions(items: Iterable[str]) -> Iterator[str]:
    """Of the table, and of the indexes in which they are now."""
    for name in items:
        pk, _, sk = name.partition(" ")
        yield f"pk={pk}"
        stored = table().items.get(DynamoType({"S": pk}), {}).get(DynamoType({"S": sk}))
        for index in table().global_indexes:
            key = index.schema[0]["AttributeName"]
            if stored and key in stored.attrs:
                yield f"{key}={stored.attrs[key].value}"


def _read(operation: str, arguments: dict[str, Any]) -> frozenset[str]:
    if operation == "GetItem":
        return frozenset({_name(arguments["Key"])})
    if operation == "BatchGetItem":
        tables = arguments["RequestItems"].values()
        return frozenset(_name(key) for each in tables for key in each["Keys"])
    if asked := _PARTITION.match(arguments.get("KeyConditionExpression", "")):
        key = arguments["ExpressionAttributeNames"][asked[1]]
        return frozenset({f"{key}={arguments['ExpressionAttributeValues'][asked[2]]['S']}"})
    return frozenset({_ALL})


def _name(item: dict[str, Any]) -> str:
    return f"{item['pk']['S']} {item['sk']['S']}"


@dataclass
class _Interruption:
    """When it is the second operation's, and the calls that it made then."""

    index: int
    second: Operation
    conflict: bool = False
    answer: Answer = Answer()
    done: bool = False
    calls: list[Call] = field(default_factory=list)

    @property
    def held(self) -> frozenset[str]:
        """Items of its transactions."""
        held = (call.items for call in self.calls if call.operation == "TransactWriteItems")
        return frozenset().union(*held)

    def take(self) -> None:
        self.done = True
        self.answer = Answer.of(self.second)


@dataclass
class _Run:
    turn: _Interruption | None
    calls: list[Call] = field(default_factory=list)
    first: Answer = Answer()
    _seconds_turn: bool = False
    _lock: Any = field(default_factory=threading.Lock)

    def at(self, index: int) -> str:
        called = self.calls[index].operation if index < len(self.calls) else "end"
        return f"{index} {called}"

    def call(self, client: Any, operation: str, arguments: dict[str, Any]) -> Any:
        service, turn = client.meta.service_model.service_name, self.turn
        if service in _SHARES_NOTHING:
            return REAL(client, operation, arguments)
        made = Call.of(service, operation, arguments)
        if turn and self._seconds_turn:
            turn.calls.append(made)
            return made.make(client, arguments)
        with self._lock:
            index = len(self.calls)
            self.calls.append(made)
        if turn and not turn.done and index == turn.index:
            self.take(turn)
            if turn.conflict:
                raise transaction_conflict(operation, arguments)
        return made.make(client, arguments)

    def take(self, turn: _Interruption) -> None:
        self._seconds_turn = True
        turn.take()
        self._seconds_turn = False


def _run(first: Operation, turn: _Interruption | None) -> _Run:
    run = _Run(turn)
    with watched(run):
        run.first = Answer.of(first)
        if turn and not turn.done:
            run.take(turn)
    return run


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

    kept = {key: _COPIES[key[1]](members[key[1]]) for key, members in places().items()}

    def bring_back() -> None:
        there = places()
        for (name, member), value in kept.items():
            there[name, member][member] = _COPIES[member](value)

    return bring_back


def brought_back(name: object, make: Callable[[], T]) -> T:
    """What a fixture makes on the empty stack, and returns. It is made once a process; further
    tests have it brought back, with the keys that it was sealed with, and executions.
    """
    if name not in _MADE:
        made, bring_back = make(), snapshot()
        _MADE[name] = made, bring_back, dict(backend("kms").keys), _executions()
    made, bring_back, keys, executions = _MADE[name]
    bring_back()
    backend("kms").keys.update(keys)
    for machine, before in zip(backend("stepfunctions").state_machines, executions, strict=True):
        machine.executions[:] = before
    result: T = copy.deepcopy(made)
    return result


_MADE: dict[object, Any] = {}


def _executions() -> list[list[Any]]:
    return [list(machine.executions) for machine in backend("stepfunctions").state_machines]


def _same_schedules(schedules: dict[str, Any]) -> dict[str, Any]:
    """moto replaces the members of one that changes, and does not change them."""
    return {name: copy.copy(schedule) for name, schedule in schedules.items()}


_COPIES: dict[str, Callable[[Any], Any]] = {
    "items": same_items,
    "schedules": _same_schedules,
    "status": str,
}
