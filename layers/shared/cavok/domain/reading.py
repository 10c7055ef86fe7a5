"""Reading messages. A message that its consumer cannot use is malformed: no retry would help."""

import json
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any

from cavok.domain.errors import MalformedEvent

LONGEST, LONGEST_OTHERS = {"interaction_id": 128, "event_id": 900}, 512
"""Maximum lengths of ids in bytes of UTF-8. Longer values do not fit into a key of the table."""


def read_json(text: str) -> Any:
    """What a text holds. Raises MalformedEvent if it is not JSON, or nested too deep to read."""
    try:
        return json.loads(text)
    except (ValueError, TypeError, RecursionError) as error:
        raise MalformedEvent(f"Not JSON: {error}") from error


def object_of(value: Any) -> Mapping[str, Any]:
    """The same value. Raises MalformedEvent if it is not an object of JSON."""
    if not isinstance(value, Mapping):
        raise MalformedEvent("A message, or its detail, is not an object.")
    return value


def message_of(cause: str) -> str:
    """The exception's message in the Cause with which a Lambda task failed, which is JSON and has
    its stack too. Other causes are returned unchanged.
    """
    try:
        details = json.loads(cause)
    except ValueError:
        return cause
    return str(details.get("errorMessage", cause)) if isinstance(details, dict) else cause


def type_and_detail(event: Any) -> tuple[str, Mapping[str, Any]]:
    """The type and detail of an event as EventBridge delivers it. Raises MalformedEvent."""
    event_type = ids_of(object_of(event), "detail-type")["detail-type"]
    return event_type, object_of(event.get("detail"))


def ids_of(message: Mapping[str, Any], *names: str) -> dict[str, str]:
    """These fields, each a text that fits into a key of the table. Raises MalformedEvent."""
    return {name: _id_of(message, name) for name in names}


def _id_of(message: Mapping[str, Any], name: str) -> str:
    value, longest = message.get(name), LONGEST.get(name, LONGEST_OTHERS)
    try:
        if isinstance(value, str) and 0 < len(value.encode()) <= longest:
            return value
    except UnicodeEncodeError:  # JSON can hold half of a character, DynamoDB cannot.
        pass
    raise MalformedEvent(f"{name} is not a text of 1 to {longest} bytes.")


def time_of(message: Mapping[str, Any], name: str) -> datetime:
    """This field, a time with its zone, in UTC. Raises MalformedEvent."""
    try:
        at = datetime.fromisoformat(message[name])
        if at.tzinfo:
            return at.astimezone(UTC)
    except (KeyError, TypeError, ValueError, OverflowError):
        pass
    raise MalformedEvent(f"{name} is not a time in ISO 8601 with its zone.")
