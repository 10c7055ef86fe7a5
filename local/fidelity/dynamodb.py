"""DynamoDB: the condition keys of a request."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

from ministack.core import iam_actions
from ministack.services import dynamodb

from local.fidelity.correction import corrects

_EQUALITY = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


@corrects(iam_actions, "dynamodb_service_context")
def tell_the_leading_keys(original: Any, body: bytes) -> dict[str, Any]:
    """`dynamodb:LeadingKeys` has the partition keys that a request names.

    The emulator leaves it out, and `ForAllValues` is true of no values: a role that is limited to
    some partitions could use all. Transactions stay as they are, because AWS checks each of their
    items by its own key, and the emulator has one context for all items.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    context: dict[str, Any] = original(body)
    try:
        keys = [str(text) for key in _partition_keys(json.loads(body)) for text in key.values()]
    except (AttributeError, KeyError, TypeError, ValueError):
        return context  # a malformed request, which the service itself refuses
    return context | {"dynamodb:LeadingKeys": keys} if keys else context


def _partition_keys(request: dict[str, Any]) -> Iterator[dict[str, str]]:
    """Attribute values, such as {"S": "ORG#1"}."""
    for table, read in request.get("RequestItems", {}).items():
        yield from (key[_hash_key(table)] for key in read["Keys"])
    for member in ("Key", "Item"):
        if member in request:
            yield request[member][_hash_key(request["TableName"])]
    if "KeyConditionExpression" in request:
        hash_key = _hash_key(request["TableName"], request.get("IndexName"))
        names = request.get("ExpressionAttributeNames", {})
        for name, value in _EQUALITY.findall(request["KeyConditionExpression"]):
            if names.get(name, name) == hash_key:
                yield request["ExpressionAttributeValues"][value]


def _hash_key(table_name: str, index_name: str | None = None) -> str:
    table = dynamodb._tables[table_name]
    indexes = {each["IndexName"]: each for each in table["GlobalSecondaryIndexes"]}
    schema = indexes[index_name]["KeySchema"] if index_name else table["KeySchema"]
    return str(next(each["AttributeName"] for each in schema if each["KeyType"] == "HASH"))
