"""The event bus on which other services hear of accounts and of what was done with them."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cavok.domain.events import SOURCE, Event

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

_MOST_ENTRIES = 10
"""Of one PutEvents call. Source: EventBridge API reference."""


class NotPublished(Exception):
    """EventBridge did not take an event. It is tried again."""


class Bus:
    """Puts events on one bus, in order."""

    def __init__(self, events: "EventBridgeClient", name: str) -> None:
        self._events = events
        self._name = name

    def put(self, events: Sequence[Event], *, source: str = SOURCE) -> list[bool]:
        """Whether the bus took each of them. After the first call with one that it did not take, no
        more are sent, so that their order is kept.
        """
        taken: list[bool] = []
        for start in range(0, len(events), _MOST_ENTRIES):
            chunk = events[start : start + _MOST_ENTRIES]
            answer = self._events.put_events(
                Entries=[self._entry(event, source) for event in chunk]
            )
            taken += ["ErrorCode" not in entry for entry in answer["Entries"]]
            if answer["FailedEntryCount"]:
                break
        return taken + [False] * (len(events) - len(taken))

    def publish(self, events: Sequence[Event], *, source: str = SOURCE) -> None:
        """Puts events, in order. Raises NotPublished if any of them was not taken."""
        if not all(self.put(events, source=source)):
            raise NotPublished("EventBridge did not take every event.")

    def _entry(self, event: Event, source: str) -> Any:
        return {
            "EventBusName": self._name,
            "Source": source,
            "DetailType": str(event.type),
            "Time": event.at,
            "Detail": json.dumps(event.detail),
        }
