"""Read and write units of DynamoDB requests, calculated from the requests and the items.

The rules are those of the DynamoDB Developer Guide ("Read and write operations", "Item sizes"). A
unit is 4 kB read or 1 kB written. An eventually consistent read takes half, a transaction twice. A
write to an index takes units too, and twice if the index's key changed. moto and the embedded AWS
also report consumed capacity, but not by size.
"""

from __future__ import annotations

import math
import re
import threading
from base64 import b64decode
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import Any

from botocore import xform_name

from tests.bench.bill import MONTH
from tests.support.template import resource

Item = Mapping[str, Mapping[str, Any]]
Change = tuple[Item, Item]
"""An item before and after a write; empty if there is none."""

_READ, _WRITE = 4096, 1024
_TIMES = {
    **dict.fromkeys(("PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem"), 1),
    "TransactWriteItems": 2,
    "DescribeTable": 0,
}
"""How often a write counts, by operation."""
OVERHEAD = 100
"""Bytes that DynamoDB stores beside an item, and beside each entry of an index."""


@dataclass
class Capacity:
    """Units so far. Threads may add to them."""

    read: float = 0
    written: float = 0
    _lock: Any = field(default_factory=threading.Lock, repr=False, compare=False)

    def add(self, operation: str, asked: Any, answered: Any, changes: Iterable[Change]) -> None:
        """Raises NotImplementedError for an operation that is not counted, and for a read of parts
        of items: DynamoDB bills them whole.
        """
        if _is_of_parts(asked):
            raise NotImplementedError("What a projection left out has no known size")
        with self._lock:
            self._add(operation, asked, answered, changes)

    def _add(self, operation: str, asked: Any, answered: Any, changes: Iterable[Change]) -> None:
        consistent = asked.get("ConsistentRead", False)
        if operation == "GetItem":
            self._reads([answered.get("Item", {})], consistent)
        elif operation == "Query":
            read = answered["Items"]
            left_out = answered.get("ScannedCount", len(read)) - len(read)
            if left_out:
                raise NotImplementedError("What a filter left out has no known size")
            self._reads(read, consistent)
        elif operation == "BatchGetItem":
            for table, keys in asked["RequestItems"].items():
                found = answered["Responses"][table]
                missing: list[Item] = [{}] * (len(keys["Keys"]) - len(found))
                for item in (*found, *missing):
                    self._reads([item], keys.get("ConsistentRead", False))
        elif operation in _TIMES:
            self._writes(changes, _TIMES[operation])
        else:
            raise NotImplementedError(f"{operation} is not counted")

    @contextmanager
    def units_of(self, client: Any, behind: Any) -> Iterator[None]:
        """Counts what this botocore client reads and writes in the block. `behind` is another one,
        which is asked what each written item was and is, and for the whole of what is read in part.
        """

        def remember(params: Any, model: Any, context: dict[str, Any], **_: Any) -> None:
            keys = keys_written(model.name, params)
            context["cavok"] = params, keys, [_stored(behind, *one) for one in keys]

        def count(model: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
            params, keys, before = context["cavok"]
            after = [_stored(behind, *one) for one in keys]
            if _is_of_parts(params):
                params = _of_whole_items(params)
                parsed = getattr(behind, xform_name(model.name))(**params)
            self.add(model.name, params, parsed, zip(before, after, strict=True))

        sent, answered = "provide-client-params.dynamodb.*", "after-call.dynamodb.*"
        client.meta.events.register_first(sent, remember)
        client.meta.events.register(answered, count)
        try:
            yield
        finally:
            client.meta.events.unregister(sent, remember)
            client.meta.events.unregister(answered, count)

    def _reads(self, items: Sequence[Item], consistent: bool) -> None:
        """One request, or one item of a batch: the units of its items together, at least one."""
        units = max(1, math.ceil(sum(map(weight, items)) / _READ))
        self.read += units if consistent else units / 2

    def _writes(self, changes: Iterable[Change], times: int) -> None:
        for change in changes:
            self.written += times * _units(max(map(weight, change)))
            for index in indexes():
                old, new = (index.entry(item) for item in change)
                if old and new and not index.moved(old, new):
                    self.written += _units(max(weight(old), weight(new))) if old != new else 0
                else:
                    self.written += sum(_units(weight(one)) for one in (old, new) if one)


def keys_written(operation: str, asked: Mapping[str, Any]) -> list[tuple[str, Item]]:
    """Table and key, or whole item, of each item that a request writes."""
    if operation == "TransactWriteItems":
        actions = (next(iter(one.items())) for one in asked["TransactItems"])
        return [(of["TableName"], of.get("Item") or of["Key"]) for kind, of in actions]
    if operation == "BatchWriteItem":
        return [
            (table, of.get("Item") or of["Key"])
            for table, requests in asked["RequestItems"].items()
            for one in requests
            for of in one.values()
        ]
    if operation in ("PutItem", "UpdateItem", "DeleteItem"):
        return [(asked["TableName"], asked.get("Item") or asked["Key"])]
    return []


def _tables(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """What a batch reads of each table; empty for other requests and for writes."""
    return {table: of for table, of in asked.get("RequestItems", {}).items() if "Keys" in of}


def _is_of_parts(asked: Mapping[str, Any]) -> bool:
    return any("ProjectionExpression" in one for one in (asked, *_tables(asked).values()))


def _of_whole_items(asked: Mapping[str, Any]) -> Mapping[str, Any]:
    """The same request without a projection, and the names that only that had."""
    if tables := _tables(asked):
        return {"RequestItems": {table: _of_whole_items(of) for table, of in tables.items()}}
    left = {name: of for name, of in asked.items() if name != "ProjectionExpression"}
    used = re.findall(r"#\w+", left.get("KeyConditionExpression", ""))
    names = left.pop("ExpressionAttributeNames", {})
    if kept := {name: names[name] for name in used}:
        left["ExpressionAttributeNames"] = kept
    return left


def _stored(client: Any, table: str, of: Item) -> Item:
    """Empty if there is none."""
    key = {name: of[name] for name in ("pk", "sk")}
    found: Item = client.get_item(TableName=table, Key=key, ConsistentRead=True).get("Item", {})
    return found


def _units(size: int) -> int:
    return max(1, math.ceil(size / _WRITE))


# ---- sizes


def weight(item: Item) -> int:
    """Size of an item in bytes: its names and values."""
    return sum(len(name.encode()) + _bytes(value) for name, value in item.items())


def stored_weight(item: Item) -> int:
    """Bytes that are kept of an item: its own, and those of its entries in indexes."""
    entries = (index.entry(item) for index in indexes())
    return sum(weight(one) + OVERHEAD for one in (item, *entries) if one)


def byte_months(before: Container[Any], after: Mapping[Any, Item], now: datetime) -> float:
    """Of the items that are new, by key, until they expire. Raises NotImplementedError for one that
    never does: nobody knows what it will have cost.
    """
    new = {key: item for key, item in after.items() if key not in before}
    if endless := sorted(key for key, item in new.items() if "expires_at" not in item):
        raise NotImplementedError(f"These are kept for ever: {endless}")
    return (
        sum(
            stored_weight(item) * (int(item["expires_at"]["N"]) - now.timestamp())
            for item in new.values()
        )
        / MONTH.total_seconds()
    )


def _bytes(value: Mapping[str, Any]) -> int:
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return len(inner) // 2 + 2
        case "B":
            return len(b64decode(inner) if isinstance(inner, str) else inner)
        case "BOOL" | "NULL":
            return 1
        case other:
            raise NotImplementedError(f"{other} has no known size")


# ---- the table's indexes


@dataclass(frozen=True)
class Index:
    """`keys` are its key attributes. `whole`: an entry has all attributes, not keys alone."""

    keys: tuple[str, ...]
    whole: bool

    def entry(self, item: Item) -> Item:
        """Empty if the item lacks one of the index's keys."""
        if not all(name in item for name in self.keys):
            return {}
        return item if self.whole else {name: item[name] for name in {"pk", "sk", *self.keys}}

    def moved(self, old: Item, new: Item) -> bool:
        return any(old[name] != new[name] for name in self.keys)


@cache
def indexes() -> tuple[Index, ...]:
    """Those of the template."""
    return tuple(
        Index(
            tuple(key["AttributeName"] for key in one["KeySchema"]),
            one["Projection"]["ProjectionType"] == "ALL",
        )
        for one in resource("Table")["GlobalSecondaryIndexes"]
    )
