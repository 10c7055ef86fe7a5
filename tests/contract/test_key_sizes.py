"""DynamoDB: asking for a key that is too long is an error, not an empty answer."""

from __future__ import annotations

from typing import Any

import pytest

from tests.contract.place import Place

LONGEST = 2048
"""Bytes of a partition key."""


@pytest.fixture(scope="module")
def table(place: Place) -> str:
    dynamodb, name = place.client("dynamodb"), place.name("keys")
    dynamodb.create_table(
        TableName=name,
        BillingMode="PAY_PER_REQUEST",
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
    )
    place.later(dynamodb.delete_table, TableName=name)
    dynamodb.get_waiter("table_exists").wait(TableName=name)
    return name


def test_a_partition_key_that_is_too_long_is_refused_by_query_and_get(
    place: Place, table: str
) -> None:
    dynamodb = place.client("dynamodb")

    def query(key: dict[str, str]) -> Any:
        condition = {
            "KeyConditionExpression": "pk = :pk",
            "ExpressionAttributeValues": {":pk": key},
        }
        return dynamodb.query(TableName=table, **condition)

    def get(key: dict[str, str]) -> Any:
        return dynamodb.get_item(TableName=table, Key={"pk": key})

    for ask in (query, get):
        assert not ask({"S": "x" * LONGEST}).get("Items")
        with pytest.raises(
            dynamodb.exceptions.ClientError, match=r"ValidationException.*2048 bytes"
        ):
            ask({"S": "x" * (LONGEST + 1)})
