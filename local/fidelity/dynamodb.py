"""DynamoDB: the condition keys of a request, and the size of a key that is asked for."""

from __future__ import annotations

import json
import operator
import re
import threading
from collections.abc import Callable, Iterator
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import error_response_json
from ministack.services import dynamodb

from local.fidelity.correction import Response, corrects

LONGEST_PARTITION_KEY = 2048
"""Bytes."""

_EQUALITY = re.compile(r"([#\w]+)\s*=\s*(:\w+)")


@corrects(iam_actions, "dynamodb_service_context")
def tell_the_leading_keys(original: Any, body: bytes) -> dict[str, Any]:
    """`dynamodb:LeadingKeys` has the partition keys that a request names.

    The emulator leaves it out, and `ForAllValues` is true of no values: a role that is limited to
    some partitions could use all. Of transactions, see below.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/specifying-conditions.html
    """
    context: dict[str, Any] = original(body)
    try:
        keys = [str(text) for key in _partition_keys(json.loads(body)) for text in key.values()]
    except (AttributeError, KeyError, TypeError, ValueError):
        return context  # a malformed request, which the service itself refuses
    return context | {"dynamodb:LeadingKeys": keys} if keys else context


class _TableOfAnItem(str):
    """The ARN of a table, for one item of a transaction."""

    leading_keys: list[str]


@corrects(iam_actions, "dynamodb_transaction_checks")
def check_each_item_of_a_transaction_by_its_own_key(
    original: Any, iam_action: str, body: bytes, *where: str
) -> list[tuple[str, str]]:
    """AWS checks each item of a transaction as the call of a single item that it is, so with its
    own partition key in `dynamodb:LeadingKeys`.

    The emulator has one context for all items.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/transaction-apis-iam.html
    """
    checks: list[tuple[str, str]] = original(iam_action, body, *where)
    items = json.loads(body)["TransactItems"] if checks else []
    members = [member for item in items for member in item.values()]
    found: list[tuple[str, str]] = []
    for (action, arn), member in zip(checks, members, strict=True):
        table = _TableOfAnItem(arn)
        table.leading_keys = [str(text) for key in _partition_keys(member) for text in key.values()]
        found.append((action, table))
    return found


@corrects(iam_evaluator, "enforce")
def _tell_the_key_of_an_item(original: Any, *request: Any, **named: Any) -> Any:
    table = named.get("resource_arn")
    if isinstance(table, _TableOfAnItem):
        key = {"dynamodb:LeadingKeys": table.leading_keys}
        named["service_context"] = {**named["service_context"], **key}
    return original(*request, **named)


@corrects(dynamodb, "_query")
def refuse_to_query_for_a_key_that_is_too_long(original: Any, request: dict[str, Any]) -> Response:
    """A partition key of more than 2,048 bytes is a ValidationException in Query too.

    The emulator says so of items by their keys alone.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/Constraints.html
    https://github.com/facebook/ThreatExchange/issues/1324 has the message.
    """
    try:
        keys = [str(text) for key in _partition_keys(request) for text in key.values()]
    except (AttributeError, KeyError, TypeError):
        keys = []  # a malformed request, which the service itself refuses
    if any(len(key.encode()) > LONGEST_PARTITION_KEY for key in keys):
        message = (
            "One or more parameter values were invalid: "
            f"Size of hashkey has exceeded the maximum size limit of{LONGEST_PARTITION_KEY} bytes"
        )
        return error_response_json("ValidationException", message, 400)  # type: ignore[no-any-return]
    return original(request)  # type: ignore[no-any-return]


_query = threading.local()
"""The key condition that this thread evaluated last. `of`: its text, and which values and names."""


@corrects(dynamodb, "_evaluate_condition")
def read_the_condition_of_a_query_once(
    original: Any, condition: str, item: Any, *referred: Any, slot: str = "ConditionExpression"
) -> Any:
    """A query takes the time of what it finds, whatever else is in its partition.

    The emulator evaluates the key condition for each item of the partition, and reads its text for
    each: of 20,000 items, in most of a second. Here, its text is read once, and texts are compared.
    https://docs.aws.amazon.com/amazondynamodb/latest/developerguide/bp-query-scan.html
    """
    of = (condition, *map(id, referred))
    if getattr(_query, "of", None) == of:
        return _query.holds(item)
    evaluated = original(condition, item, *referred, slot=slot)
    if slot == "KeyConditionExpression":
        _query.of, _query.kept = of, referred  # so that no others get their ids
        tokens = dynamodb._tokenize(condition)
        _query.holds = _of_texts(tokens, *referred) or (
            lambda other: dynamodb._ExprEval(tokens, other, *referred).evaluate()
        )
    return evaluated


_PUNCTUATION = {"LPAREN", "RPAREN", "COMMA", "EOF"}
_COMPARISONS: dict[str, Callable[[str, str], bool]] = {
    "=": operator.eq,
    "<": operator.lt,
    "<=": operator.le,
    ">": operator.gt,
    ">=": operator.ge,
    "begins_with": str.startswith,
}


def _of_texts(tokens: Any, values: Any, names: Any) -> Callable[[Any], bool] | None:
    """What evaluates a key condition, which joins one or two by AND. None: not one of texts."""
    words = [str(text) for kind, text in tokens if kind not in _PUNCTUATION]
    tests: list[tuple[str, Callable[[str, str], bool], str]] = []
    while words:
        match words:
            case ["begins_with", name, value, *words]:
                found = [("begins_with", value)]
            case [name, "BETWEEN", low, "AND", high, *words]:
                found = [(">=", low), ("<=", high)]
            case [name, ("=" | "<" | "<=" | ">" | ">=") as sign, value, *words]:
                found = [(sign, value)]
            case _:
                return None
        if words and words.pop(0) != "AND":
            return None
        if not all("S" in values.get(each, {}) for _, each in found):
            return None
        key = names.get(name, name)
        tests += [(key, _COMPARISONS[sign], values[each]["S"]) for sign, each in found]
    tests.reverse()  # that of the partition holds of every item
    return lambda item: all(holds(item[key]["S"], text) for key, holds, text in tests)


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
