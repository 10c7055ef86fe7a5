"""What `tests/support/moto_speed.py` leaves out changes no answer."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.models.dynamo_type import Item
from moto.dynamodb.models.table import Table

from tests.support import moto_speed
from tests.support.moto_stack import REGION, TABLE, Json, table
from tests.support.template import resource

KEYS = [each["AttributeName"] for each in resource("Table")["AttributeDefinitions"]]


def the_item(number: int, **more: Json) -> Json:
    """In all indexes, among others with other keys."""
    keys = {name: {"S": f"{name}{number % 2}"} for name in KEYS}
    values: Json = {
        "text": {"S": "é"},
        "empty": {"S": ""},
        "number": {"N": "1.50"},
        "large": {"N": "12345678901234567890"},
        "bytes": {"B": b"\x00\xff"},
        "yes": {"BOOL": True},
        "nothing": {"NULL": True},
        "list": {"L": [{"S": "a"}, {"M": {"b": {"B": b"1"}}}]},
        "map": {"M": {"c": {"N": "3"}, "d": {"L": []}}},
        "set": {"SS": ["one"]},
    }
    return keys | {"sk": {"S": f"sk{number}"}} | values | more


def requests() -> Iterator[tuple[str, Json]]:
    """Of each kind that the code makes, and some that are refused."""
    key = {"pk": {"S": "pk1"}, "sk": {"S": "sk1"}}
    of_a_partition: Json = {
        "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)",
        "ExpressionAttributeValues": {":pk": {"S": "pk1"}, ":sk": {"S": "sk"}},
    }
    for number in range(6):
        yield "put_item", {"Item": the_item(number), "ReturnConsumedCapacity": "TOTAL"}
    yield "get_item", {"Key": key}
    yield "get_item", {"Key": key, "ProjectionExpression": "number, bytes, missing"}
    nested: Json = {
        "ProjectionExpression": "#m.c, #l[1], text",
        "ExpressionAttributeNames": {"#m": "map", "#l": "list"},
    }
    yield "get_item", {"Key": key} | nested
    yield "get_item", {"Key": key | {"sk": {"S": "none"}}}
    yield "get_item", {"Key": {"pk": key["pk"]}}
    yield "query", of_a_partition
    yield "query", of_a_partition | {"ScanIndexForward": False, "Limit": 2}
    yield "query", of_a_partition | {"ProjectionExpression": "sk, nothing, large"}
    yield "query", of_a_partition | {"Select": "COUNT"}
    yield "query", of_a_partition | {"KeyConditionExpression": "text = :pk"}
    for index in resource("Table")["GlobalSecondaryIndexes"]:
        names = {each["KeyType"]: each["AttributeName"] for each in index["KeySchema"]}
        of_an_index = {
            "IndexName": index["IndexName"],
            "KeyConditionExpression": f"{names['HASH']} = :hash",
            "ExpressionAttributeValues": {":hash": {"S": f"{names['HASH']}1"}},
        }
        yield "query", of_an_index
    update: Json = {
        "Key": key,
        "UpdateExpression": "SET text = :new REMOVE nothing ADD #n :one",
        "ExpressionAttributeNames": {"#n": "number"},
        "ExpressionAttributeValues": {":new": {"S": "new"}, ":one": {"N": "1"}},
    }
    yield "update_item", update | {"ReturnValues": "ALL_NEW"}
    refused = {"ConditionExpression": "attribute_not_exists(pk)"}
    yield "update_item", update | refused | {"ReturnValuesOnConditionCheckFailure": "ALL_OLD"}
    yield "put_item", {"Item": the_item(1)} | refused
    yield "put_item", {"Item": the_item(1, pk={"S": ""})}
    yield "scan", {"FilterExpression": "attribute_exists(nothing)", "Limit": 4}
    yield "delete_item", {"Key": key, "ReturnValues": "ALL_OLD"}
    yield "describe_table", {}


def across_tables() -> Iterator[tuple[str, Json]]:
    keys = [{"pk": {"S": f"pk{n % 2}"}, "sk": {"S": f"sk{n}"}} for n in range(8)]
    yield "batch_get_item", {"RequestItems": {TABLE: {"Keys": keys}}}
    yield (
        "batch_get_item",
        {"RequestItems": {TABLE: {"Keys": keys, "ProjectionExpression": "sk, bytes, yes"}}},
    )
    put: Json = {"Put": {"TableName": TABLE, "Item": the_item(9)}}
    check: Json = {
        "ConditionCheck": {
            "TableName": TABLE,
            "Key": keys[0],
            "ConditionExpression": "attribute_not_exists(pk)",
        }
    }
    yield "transact_write_items", {"TransactItems": [put]}
    yield "transact_write_items", {"TransactItems": [put, check]}


def answers(client: Any) -> list[Json]:
    """Without what differs from request to request."""
    found = []
    for requested, each in [
        *((name, {"TableName": TABLE} | arguments) for name, arguments in requests()),
        *across_tables(),
        ("scan", {"TableName": "none"}),
    ]:
        try:
            answer = getattr(client, requested)(**each)
        except ClientError as error:
            answer = {"raised": type(error).__name__} | error.response
        metadata = answer["ResponseMetadata"]
        metadata.pop("RequestId")
        for name in ("x-amzn-requestid", "date"):
            metadata["HTTPHeaders"].pop(name)
        found.append(answer)
    return found


def a_client() -> Any:
    return boto3.client("dynamodb", region_name=REGION)


@contextmanager
def watched(client: Any) -> Iterator[list[str]]:
    """Somebody looks at its requests on their way: they are sent as on AWS."""
    seen: list[str] = []

    def look(request: Any, **_: Any) -> None:
        seen.append(request.url)

    client.meta.events.register_first("before-send.dynamodb", look)
    yield seen


def test_dynamodb_answers_as_over_http() -> None:
    client = a_client()
    with watched(client) as seen:
        over_http = answers(client)
    table().items.clear()

    assert answers(a_client()) == over_http
    assert len(seen) == len(over_http)


def test_a_query_and_a_projection_find_what_moto_itself_finds(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    found = answers(a_client())
    table().items.clear()
    monkeypatch.setattr(Table, "query", moto_speed._query)
    monkeypatch.setattr(Item, "project", moto_speed._project)

    assert found == answers(a_client())


def test_an_answer_has_each_value_as_the_parser_of_the_sdk_reads_it() -> None:
    client = a_client()
    client.put_item(TableName=TABLE, Item=the_item(1))

    read = client.get_item(TableName=TABLE, Key={"pk": {"S": "pk1"}, "sk": {"S": "sk1"}})

    assert read["Item"] == the_item(1)
