"""Read and write units of DynamoDB requests, calculated from the requests and the items.

The rules are those of the DynamoDB Developer Guide ("Read and write operations", "Item sizes"). A
unit is 4 kB read or 1 kB written. An eventually consistent read takes half, a transaction twice. A
write to an index takes units too, and twice if the index's key changed. The embedded AWS also
reports consumed capacity, but not by size.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

Item = Mapping[str, Mapping[str, Any]]

_READ, _WRITE = 4096, 1024


@dataclass
class Capacity:
    """Units so far. An index is the tuple of its entries' attributes, key attributes first; a last
    `*` stands for all attributes.
    """

    indexes: Sequence[tuple[str, ...]]
    read: float = 0
    written: float = 0
    _known: dict[tuple[str, str], Item] = field(default_factory=dict)

    @contextmanager
    def metered(self, client: Any) -> Iterator[Capacity]:
        """Counts the requests that this botocore client makes in the block."""
        sent, answered = "provide-client-params.dynamodb.*", "after-call.dynamodb.*"
        client.meta.events.register_first(sent, self._remember)
        client.meta.events.register(answered, self._count)
        try:
            yield self
        finally:
            client.meta.events.unregister(sent, self._remember)
            client.meta.events.unregister(answered, self._count)

    def _remember(self, params: Any, context: dict[str, Any], **_: Any) -> None:
        context["cavok_request"] = params

    def _count(self, model: Any, parsed: Any, context: dict[str, Any], **_: Any) -> None:
        count = {
            "GetItem": self._get,
            "BatchGetItem": self._batch_get,
            "Query": self._query,
            "TransactWriteItems": self._transaction,
            "DescribeTable": lambda request, parsed: None,
        }
        count[model.name](context["cavok_request"], parsed)

    def _get(self, request: Any, parsed: Any) -> None:
        self._reads([parsed.get("Item", {})], consistent=request.get("ConsistentRead"))

    def _batch_get(self, request: Any, parsed: Any) -> None:
        for table, keys in request["RequestItems"].items():
            for item in parsed["Responses"][table]:
                self._reads([item], consistent=keys.get("ConsistentRead"))

    def _query(self, request: Any, parsed: Any) -> None:
        self._reads(parsed["Items"], consistent=request.get("ConsistentRead"))

    def _transaction(self, request: Any, parsed: Any) -> None:
        for action in request["TransactItems"]:
            self._transacts(action)

    def _reads(self, items: Sequence[Item], *, consistent: bool | None) -> None:
        """One request, or one item of a batch: the units of its items together, at least one."""
        units = max(1, math.ceil(sum(map(weight, items)) / _READ))
        self.read += units if consistent else units / 2
        for item in items:
            if "version" in item:
                self._known[_key(item)] = item

    def _transacts(self, action: Mapping[str, Any]) -> None:
        put = action.get("Put")
        if put is None:
            raise NotImplementedError(f"{list(action)} is not counted")
        item: Item = put["Item"]
        before = self._known.get(_key(item))
        size = max(weight(item), weight(before or {}))
        self.written += 2 * math.ceil(size / _WRITE)
        for index in self.indexes:
            old, new = _entry(before or {}, index), _entry(item, index)
            if old != new:
                self.written += sum(math.ceil(weight(one) / _WRITE) for one in (old, new) if one)
        self._known[_key(item)] = item


def weight(item: Item) -> int:
    """Size of an item in bytes: its names and values."""
    return sum(len(name.encode()) + _bytes(value) for name, value in item.items())


def _bytes(value: Mapping[str, Any]) -> int:
    ((kind, inner),) = value.items()
    match kind:
        case "S":
            return len(inner.encode())
        case "N":
            return len(inner) // 2 + 2
        case "B":
            return len(inner)
        case "BOOL" | "NULL":
            return 1
        case other:
            raise NotImplementedError(f"{other} has no known size")


def _key(item: Item) -> tuple[str, str]:
    return item["pk"]["S"], item["sk"]["S"]


def _entry(item: Item, index: tuple[str, ...]) -> Item:
    """The index's entry for an item; empty if the item lacks one of the index's keys."""
    keys = index[:2]
    if not all(name in item for name in keys):
        return {}
    if index[-1] == "*":
        return item
    return {name: item[name] for name in {"pk", "sk", *keys}}
