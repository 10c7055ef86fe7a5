"""Publishes the events that follow from changes in the table."""

from collections.abc import Sequence

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from cavok.adapters.bus import Bus, NotPublished
from cavok.adapters.table.stream import change_of
from cavok.domain.events import Event, events_of


class EarlierRecordFailed(Exception):
    """A record before this one was not published, so this one is not published either."""


def publish_events(
    records: Sequence[DynamoDBRecord], *, bus: Bus, free_interactions: int
) -> tuple[list[Event], list[Exception | None]]:
    """Publishes in the stream's order and stops at the first record that fails.

    Returns the published events, and one outcome a record: None, or why Lambda must deliver it
    again.
    """
    read, failure = _read(records, free_interactions)
    events = [event for following in read for event in following]
    accepted = bus.put(events)
    published = [event for event, flag in zip(events, accepted, strict=True) if flag]
    outcomes: list[Exception | None] = []
    flags = iter(accepted)
    for following in read:
        if not all(next(flags) for _ in following):
            failure = NotPublished("EventBridge refused an event.")
            break
        outcomes.append(None)
    if failure:
        outcomes.append(failure)
    waiting = len(records) - len(outcomes)
    return published, outcomes + [EarlierRecordFailed() for _ in range(waiting)]


def _read(
    records: Sequence[DynamoDBRecord], free_interactions: int
) -> tuple[list[list[Event]], Exception | None]:
    """The events of each record up to the first that cannot be read, and why it cannot."""
    read: list[list[Event]] = []
    for record in records:
        try:
            change = change_of(record)
        except (KeyError, TypeError, ValueError) as error:
            return read, error
        read.append(list(events_of(change, free_interactions)) if change else [])
    return read, None
