"""The stack's data on moto, from behind: emptied in no time, read whole, and told as the table's
stream tells it.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

from boto3.dynamodb.types import TypeDeserializer
from moto.backends import get_backend

from cavok import wiring

Json = dict[str, Any]
Key = tuple[str, str]
"""Partition key and sort key."""

OURS = "123456789012"
"""The account in which moto keeps what is ours."""
REGION = "us-east-1"
TABLE = "cavok-accounts"
CLOCKS = "cavok-clocks"

_plain = TypeDeserializer().deserialize


def empty() -> None:
    """No items, no executions, no clocks, no open sessions. Customers keep what they have."""
    table().items.clear()
    for machine in backend("stepfunctions").state_machines:
        machine.executions.clear()
    for group in backend("scheduler").schedule_groups.values():
        group.schedules.clear()
    wiring.customer_sessions.cache_clear()


def backend(service: str, account: str = OURS, region: str = REGION) -> Any:
    """What moto keeps of a service in one account and region."""
    return get_backend(service)[account][region]  # type: ignore[index]


def table() -> Any:
    return backend("dynamodb").tables[TABLE]


def stored_items() -> dict[Key, Json]:
    """Everything in the table, as DynamoDB's API has it."""
    found = (item.to_json()["Attributes"] for item in table().all_items())
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in found}


def plain(item: Json) -> Json:
    """An item's values as Python has them."""
    return {name: _plain(value) for name, value in item.items()}


def clocks() -> list[Any]:
    """The schedules in EventBridge Scheduler."""
    return list(backend("scheduler").schedule_groups[CLOCKS].schedules.values())


@dataclass
class Stream:
    """The changes of the table. `look` after each write notes them as stream records."""

    records: list[Json] = field(default_factory=list)
    items: dict[Key, Json] = field(default_factory=dict)
    _count: int = 0

    def look(self) -> None:
        before, self.items = self.items, stored_items()
        for key in sorted({**before, **self.items}):
            old, new = before.get(key), self.items.get(key)
            if old != new:
                self._count += 1
                self.records.append(_record(self._count, key, old, new))

    def taken(self) -> list[Json]:
        """The records since the last call."""
        records, self.records = self.records, []
        return records


def keys_of(records: list[Json]) -> Iterator[Key]:
    """The keys of the items that changed."""
    for record in records:
        keys = record["dynamodb"]["Keys"]
        yield keys["pk"]["S"], keys["sk"]["S"]


def _record(count: int, key: Key, old: Json | None, new: Json | None) -> Json:
    images = {"OldImage": old, "NewImage": new}
    return {
        "eventID": str(count),
        "eventName": "REMOVE" if new is None else "MODIFY" if old else "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": 1740830400,
            "Keys": {"pk": {"S": key[0]}, "sk": {"S": key[1]}},
            "SequenceNumber": str(count),
            **{name: image for name, image in images.items() if image},
        },
    }
