"""What the table's stream tells of a change."""

from __future__ import annotations

from typing import Any

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from cavok.adapters.table.stream import change_of
from cavok.domain import events as registry
from cavok.domain.events import Event
from tests.support.builders import ACCOUNT_ID, ORGANIZATION_ID

Json = dict[str, Any]
Key = tuple[str, str]
"""Partition key and sort key."""


def stream_record(count: int, key: Key, old: Json | None, new: Json | None) -> Json:
    """A change of an item, which may be missing before or after it, as the stream tells it."""
    images = {"OldImage": old, "NewImage": new}
    return {
        "eventID": str(count),
        "eventName": "REMOVE" if not new else "MODIFY" if old else "INSERT",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": 1740830400,
            "Keys": {"pk": {"S": key[0]}, "sk": {"S": key[1]}},
            "SequenceNumber": str(count),
            **{name: image for name, image in images.items() if image},
        },
    }


def interaction_record(number: int = 1, event_name: str = "INSERT") -> dict[str, Any]:
    """A record of the stream as DynamoDB sends it."""
    image = {
        "pk": {"S": f"ACCOUNT#{ACCOUNT_ID}"},
        "sk": {"S": f"INTERACTION#{number:026}"},
        "organization_id": {"S": ORGANIZATION_ID},
        "account_id": {"S": ACCOUNT_ID},
        "interaction_id": {"S": f"{number:026}"},
        "action": {"S": "list"},
        "outcome": {"S": "accepted"},
        "detail": {"S": "4 instances."},
        "actor": {"S": "ada@example.com"},
        "at": {"S": "2025-03-01T12:00:00.250000+0000"},
        "request_id": {"S": "r-1"},
        "logged": {"S": "pending"},
        "changed": {"BOOL": False},
        "expires_at": {"N": "1748000000"},
    }
    return {
        "eventName": event_name,
        "dynamodb": {
            "Keys": {"pk": image["pk"], "sk": image["sk"]},
            "NewImage": image,
            "SequenceNumber": str(number),
        },
    }


def usage_record(before: int | None, after: int) -> dict[str, Any]:
    keys = {"pk": {"S": f"ACCOUNT#{ACCOUNT_ID}"}, "sk": {"S": "USAGE#2025-03"}}
    image = keys | {"organization_id": {"S": ORGANIZATION_ID}}
    change = {
        "Keys": keys,
        "NewImage": image | {"used": {"N": str(after)}},
        "SequenceNumber": str(after),
        "ApproximateCreationDateTime": 1740830400,
    }
    if before is None:
        return {"eventName": "INSERT", "dynamodb": change}
    old = image | {"used": {"N": str(before)}}
    return {"eventName": "MODIFY", "dynamodb": change | {"OldImage": old}}


def events_of(record: dict[str, Any], free_interactions: int) -> list[Event]:
    change = change_of(DynamoDBRecord(record))
    return list(registry.events_of(change, free_interactions)) if change else []
