"""The event bus on which other services hear of accounts."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING

from cavok.domain.events import SOURCE, Event

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient


class NotPublished(Exception):
    """EventBridge did not take an event. It is tried again."""


class Bus:
    def __init__(self, events: "EventBridgeClient", name: str) -> None:
        self._events = events
        self._name = name

    def publish(self, events: Sequence[Event], *, source: str = SOURCE) -> None:
        """Puts at most ten events, in order. Raises NotPublished if any of them was not taken."""
        if not events:
            return
        answer = self._events.put_events(
            Entries=[
                {
                    "EventBusName": self._name,
                    "Source": source,
                    "DetailType": str(event.type),
                    "Time": event.at,
                    "Detail": json.dumps(event.detail),
                }
                for event in events
            ]
        )
        if answer["FailedEntryCount"]:
            errors = [entry["ErrorCode"] for entry in answer["Entries"] if "ErrorCode" in entry]
            raise NotPublished(f"EventBridge did not take {', '.join(errors)}.")
