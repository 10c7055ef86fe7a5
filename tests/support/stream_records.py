"""What the table's stream tells of a change."""

from __future__ import annotations

from typing import Any

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
