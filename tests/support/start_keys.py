"""`ExclusiveStartKey` as DynamoDB checks it, in moto, which takes any.

It has the attributes of the table's key and of the index's key, and no others, each of its type and
not empty. In a Query it also lies in the partition and matches the condition on the range key.

Sources: DynamoDB API Reference, Query and Scan: ExclusiveStartKey. AWS documents no messages; these
are as its users report them (baopham/laravel-dynamodb #200, clarkie/dynogels #184,
aws/aws-sdk-js #3283).
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from moto.dynamodb.exceptions import MockValidationException
from moto.dynamodb.models import DynamoDBBackend
from moto.dynamodb.models.dynamo_type import DynamoType

INVALID = "The provided starting key is invalid"
OUTSIDE = "The provided starting key is outside query boundaries based on provided conditions"
NO_MATCH = "The provided starting key does not match the range key predicate"

Key = dict[str, dict[str, str]]
Schema = list[dict[str, str]]

_query, _scan = DynamoDBBackend.query, DynamoDBBackend.scan


@contextmanager
def validated() -> Iterator[None]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(DynamoDBBackend, "query", _validated_query)
        patch.setattr(DynamoDBBackend, "scan", _validated_scan)
        yield


def _validated_query(
    backend: Any,
    table_name: str,
    hash_key: dict[str, str] | None,
    comparison: str | None,
    values: list[dict[str, str]],
    limit: int,
    start: Key | None,
    *others: Any,
    index_name: str | None = None,
    **more: Any,
) -> Any:
    if start is not None:
        table = backend.get_table(table_name)
        schema = _schema(table, index_name)
        if not _fits(table, schema, start):
            raise MockValidationException(INVALID)
        names = {each["KeyType"]: each["AttributeName"] for each in schema}
        if start[names["HASH"]] != hash_key:
            raise MockValidationException(OUTSIDE)
        if comparison and not DynamoType(start[names["RANGE"]]).compare(
            comparison, [DynamoType(value) for value in values]
        ):
            raise MockValidationException(NO_MATCH)
    arguments = (table_name, hash_key, comparison, values, limit, start, *others)
    return _query(backend, *arguments, index_name=index_name, **more)


def _validated_scan(
    backend: Any,
    table_name: str,
    filters: Any,
    limit: int,
    start: Key | None,
    *,
    index_name: str | None,
    **more: Any,
) -> Any:
    if start is not None:
        table = backend.get_table(table_name)
        if not _fits(table, _schema(table, index_name), start):
            message = f"{INVALID}: The provided key element does not match the schema"
            raise MockValidationException(message)
    return _scan(backend, table_name, filters, limit, start, index_name=index_name, **more)


def _schema(table: Any, index_name: str | None) -> Schema:
    """The key of what is read: the index, or the table itself."""
    schema: Schema = table.schema
    if index_name:
        schema = next(each.schema for each in table.all_indexes() if each.name == index_name)
    return schema


def _fits(table: Any, schema: Schema, start: Key) -> bool:
    types = {each["AttributeName"]: each["AttributeType"] for each in table.attr}
    names = {each["AttributeName"] for each in (*table.schema, *schema)}
    return start.keys() == names and all(
        set(value) == {types[name]} and value[types[name]] for name, value in start.items()
    )
