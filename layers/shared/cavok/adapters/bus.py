"""Putting events on the bus `cavok`."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from cavok.domain.interactions import SOURCE

if TYPE_CHECKING:
    from mypy_boto3_events import EventBridgeClient

_MOST_ENTRIES = 10
"""Of one PutEvents call. Source: EventBridge API reference."""


@dataclass(frozen=True, slots=True)
class Event:
    """What happened, as docs/events describes it."""

    detail_type: str
    detail: Mapping[str, Any]


class Bus:
    def __init__(self, events: "EventBridgeClient", name: str) -> None:
        self._events = events
        self._name = name

    def put(self, events: Sequence[Event]) -> list[bool]:
        """Whether the bus took each of them. After the first call with one that it did not take, no
        more are sent, so that their order is kept.
        """
        taken: list[bool] = []
        for start in range(0, len(events), _MOST_ENTRIES):
            chunk = events[start : start + _MOST_ENTRIES]
            answer = self._events.put_events(Entries=[self._entry(event) for event in chunk])
            taken += ["ErrorCode" not in entry for entry in answer["Entries"]]
            if answer["FailedEntryCount"]:
                break
        return taken + [False] * (len(events) - len(taken))

    def _entry(self, event: Event) -> Any:
        return {
            "EventBusName": self._name,
            "Source": SOURCE,
            "DetailType": event.detail_type,
            "Detail": json.dumps(event.detail),
        }
