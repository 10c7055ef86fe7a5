"""The event bus, on which other services receive events about accounts and their use."""

import json
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, Any

from cavok.adapters.aws_errors import AWS_ERRORS
from cavok.domain.deadlines import NO_DEADLINE, Deadline
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

    def put(self, events: Sequence[Event], deadline: Deadline = NO_DEADLINE) -> list[str | None]:
        """Puts events, and returns for each why the bus did not accept it; null if it did. Stops
        after the first call that failed or has a refused event, to preserve order, and at the
        deadline. If that is the very first call, raises what AWS raised.
        """
        refusals: list[str | None] = []
        then = "An earlier event was refused."
        for chunk in _chunks(events):
            if not deadline.left:
                then = "The time ran out."
                break
            try:
                answer = self._events.put_events(Entries=[self._entry(event) for event in chunk])
            except AWS_ERRORS as error:
                if not refusals:
                    raise
                then = str(error)
                break
            refusals += [entry.get("ErrorCode") for entry in answer["Entries"]]
            if answer["FailedEntryCount"]:
                break
        return refusals + [then] * (len(events) - len(refusals))

    def _entry(self, event: Event) -> Any:
        return {
            "EventBusName": self._name,
            "Source": REGISTRY[event.type].source,
            "DetailType": str(event.type),
            "Time": event.at,
            "Detail": json.dumps(event.detail),
        }


def _chunks(events: Sequence[Event]) -> Iterator[list[Event]]:
    """The events of each call: at most one version of an account, because a call may refuse an
    earlier entry and accept a later one.
    """
    chunk: list[Event] = []
    versions: dict[str, int] = {}
    for event in events:
        account, version = str(event.detail["account_id"]), event.detail.get("version")
        newer = version is not None and versions.get(account, version) != version
        if newer or len(chunk) == _MOST_ENTRIES:
            yield chunk
            chunk, versions = [], {}
        if version is not None:
            versions[account] = version
        chunk.append(event)
    if chunk:
        yield chunk
