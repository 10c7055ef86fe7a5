"""Sizes of keys as DynamoDB checks them, in moto, which checks only those of what is put.

A partition key has at most 2,048 bytes, a sort key 1,024, in whatever request names it.

Sources: DynamoDB Developer Guide, "Constraints in Amazon DynamoDB": partition key length, sort key
length. The messages are as users report them: Query (facebook/ThreatExchange #1324), GetItem,
BatchGetItem, DeleteItem and UpdateItem (ExtendDB/extenddb #194).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.dynamodb.exceptions import HashKeyTooLong, RangeKeyTooLong
from moto.dynamodb.limits import HASH_KEY_MAX_LENGTH, RANGE_KEY_MAX_LENGTH
from moto.dynamodb.models import Table
from moto.dynamodb.models.dynamo_type import DynamoType

_get_item, _query = Table.get_item, Table.query


@contextmanager
def validated() -> Iterator[None]:
    """Reads, and writes of an item by its key, which moto looks up first."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Table, "get_item", _validated_get_item)
        patch.setattr(Table, "query", _validated_query)
        yield


def _validated_get_item(
    table: Table, hash_key: DynamoType, range_key: DynamoType | None = None, *more: Any
) -> Any:
    _validate(hash_key, [range_key])
    return _get_item(table, hash_key, range_key, *more)


def _validated_query(
    table: Table,
    hash_key: DynamoType | None,
    comparison: str | None,
    range_keys: list[DynamoType],
    *others: Any,
    **more: Any,
) -> Any:
    _validate(hash_key, range_keys)
    return _query(table, hash_key, comparison, range_keys, *others, **more)


def _validate(hash_key: DynamoType | None, range_keys: Iterable[DynamoType | None]) -> None:
    if hash_key and hash_key.size() > HASH_KEY_MAX_LENGTH:
        raise HashKeyTooLong
    if any(key.size() > RANGE_KEY_MAX_LENGTH for key in range_keys if key):
        raise RangeKeyTooLong
