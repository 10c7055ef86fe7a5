"""The event bus, on which other services receive events about accounts and their use."""

import json
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from cavok.domain.events import REGISTRY, Event

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

_MOST_ENTRIES = 10
"""The limit of one PutEvents call. Source: EventBridge API reference."""


class NotPublished(Exception):
    """EventBridge refused an event. It is retried."""


class Bus:
    """Puts events on one bus, in order."""

    def __init__(self, events: "EventBridgeClient", name: str) -> None:
        self._events = events
        self._name = name

    def put(self, events: Sequence[Event]) -> list[bool]:
        """Puts events, and returns for each whether the bus accepted it. Stops after the first call
        with a refused event, to preserve order.
        """
        accepted: list[bool] = []
        for start in range(0, len(events), _MOST_ENTRIES):
            chunk = events[start : start + _MOST_ENTRIES]
            answer = self._events.put_events(Entries=[self._entry(event) for event in chunk])
            accepted += ["ErrorCode" not in entry for entry in answer["Entries"]]
            if answer["FailedEntryCount"]:
                break
        return accepted + [False] * (len(events) - len(accepted))

    def publish(self, events: Sequence[Event]) -> None:
        """Puts events, in order. Raises NotPublished if any of them was refused."""
        if not all(self.put(events)):
            raise NotPublished("EventBridge refused an event.")

    def _entry(self, event: Event) -> Any:
        return {
            "EventBusName": self._name,
            "Source": REGISTRY[event.type].source,
            "DetailType": str(event.type),
            "Time": event.at,
            "Detail": json.dumps(event.detail),
        }
