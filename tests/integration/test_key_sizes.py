"""moto refuses keys that are longer than DynamoDB's, whatever is asked about them."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from moto.dynamodb.exceptions import HashKeyTooLong, RangeKeyTooLong

from tests.support.moto_stack import TABLE, client

LONGEST = {"pk": {"S": "é" * 1024}, "sk": {"S": "é" * 512}}
"""In bytes: 2,048 and 1,024."""
QUERY = {"TableName": TABLE, "KeyConditionExpression": "pk = :pk AND begins_with(sk, :sk)"}


def ask(how: str, key: dict[str, Any]) -> Any:
    dynamodb, of_the_item = client("dynamodb"), {"TableName": TABLE, "Key": key}
    values = {f":{name}": value for name, value in key.items()}
    checked = of_the_item | {"ConditionExpression": "attribute_not_exists(pk)"}
    return {
        "query": lambda: dynamodb.query(**QUERY, ExpressionAttributeValues=values),
        "get": lambda: dynamodb.get_item(**of_the_item),
        "get of many": lambda: dynamodb.batch_get_item(RequestItems={TABLE: {"Keys": [key]}}),
        "update": lambda: dynamodb.update_item(**of_the_item, UpdateExpression="REMOVE note"),
        "delete": lambda: dynamodb.delete_item(**of_the_item),
        "transaction": lambda: dynamodb.transact_write_items(
            TransactItems=[{"ConditionCheck": checked}]
        ),
    }[how]()


@pytest.mark.parametrize("how", ["query", "get", "get of many", "update", "delete", "transaction"])
def test_a_key_has_a_longest_size(how: str) -> None:
    ask(how, LONGEST)
    for name, refusal in (("pk", HashKeyTooLong), ("sk", RangeKeyTooLong)):
        with pytest.raises(ClientError, match=refusal.key_too_large_msg):
            ask(how, LONGEST | {name: {"S": f"{LONGEST[name]['S']}x"}})
