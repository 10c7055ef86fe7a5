"""Which places are tried: those around each call that reads what the second operation changes."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

from tests.support import interleaving
from tests.support.moto_stack import TABLE, client, table

Item = dict[str, dict[str, str]]
INDEXES = {None: "pk", "by_due": "due_shard"}


def item(name: str, **attributes: str) -> Item:
    return {key: {"S": value} for key, value in {"pk": name, "sk": "x", **attributes}.items()}


def due(shard: str) -> Item:
    return item("z", due_shard=shard, next_verification_at="2026")


def put(new: Item) -> None:
    client("dynamodb").put_item(TableName=TABLE, Item=new)


def query(index: str | None, partition: str) -> None:
    named: dict[str, Any] = {"IndexName": index} if index else {}
    client("dynamodb").query(
        TableName=TABLE,
        KeyConditionExpression="#0 = :0",
        ExpressionAttributeNames={"#0": INDEXES[index]},
        ExpressionAttributeValues={":0": {"S": partition}},
        **named,
    )


@pytest.mark.parametrize(
    ("index", "before", "after", "places"),
    [
        (None, None, item("b"), ["0 Query", "2 Query"]),
        (None, None, item("z"), ["0 Query"]),
        ("by_due", None, due("b"), ["0 Query", "2 Query"]),
        ("by_due", due("b"), item("z"), ["0 Query", "2 Query"]),
        ("by_due", due("a"), due("c"), ["0 Query", "1 Query", "3 end"]),
        ("by_due", due("z"), item("z"), ["0 Query"]),
    ],
)
def test_a_query_tells_places_apart_if_an_item_is_added_to_its_partition_or_leaves_it(
    index: str | None,
    before: Item | None,
    after: Item,
    places: list[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(interleaving, "TRIED", Counter())  # none of docs/reliability.md

    def prepare() -> None:
        table().items.clear()
        if before:
            put(before)

    def first() -> None:
        for partition in ("a", "b", "c"):
            query(index, partition)

    tried = list(interleaving.interleavings(prepare, first, lambda: put(after)))

    assert [each.at for each in tried] == places
    assert sum(each.places for each in tried) == 4
