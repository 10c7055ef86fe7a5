"""Publishes the events that follow from changes in the table to the bus and to the queue of
webhooks, and queues new acts to be followed.
"""

from collections.abc import Callable, Sequence

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from cavok.adapters.bus import Bus, NotPublished
from cavok.adapters.queue import Queue
from cavok.adapters.table.stream import change_of
from cavok.domain.events import Event, act_to_follow, events_of
from cavok.domain.followed_acts import FollowedAct

Following = tuple[list[Event], FollowedAct | None]
"""What follows from a record."""


class EarlierRecordFailed(Exception):
    """A record before this one was not published, so this one is not published either."""


def publish_events(
    records: Sequence[DynamoDBRecord],
    *,
    bus: Bus,
    webhook_messages: Callable[[], Queue],
    followed_acts: Callable[[], Queue],
    free_interactions: int,
) -> tuple[list[Event], list[Exception | None]]:
    """Publishes in the stream's order and stops at the first record that fails. Events that the bus
    accepted go to webhooks too, and acts that began are sent to their queue.

    Returns the published events, and one outcome a record: None, or why Lambda must deliver it
    again.
    """
    read, failure = _read(records, free_interactions)
    events = [event for following, _ in read for event in following]
    refusals = bus.put(events)
    published = [event for event, refusal in zip(events, refusals, strict=True) if not refusal]
    of_bus = iter(refusals)
    for number, (following, _) in enumerate(read):
        if why := next(filter(None, [next(of_bus) for _ in following]), None):
            read, failure = read[:number], NotPublished(f"EventBridge refused an event: {why}")
            break
    messages = [event for following, _ in read for event in following]
    acts = [act for _, act in read if act]
    of_events = iter(webhook_messages().send(messages) if messages else ())
    of_acts = iter(followed_acts().send(acts) if acts else ())
    outcomes: list[Exception | None] = []
    for following, act in read:
        of_queues = [next(of_events) for _ in following] + ([next(of_acts)] if act else [])
        if why := next(filter(None, of_queues), None):
            failure = NotPublished(f"SQS did not take a message: {why}")
            break
        outcomes.append(None)
    if failure:
        outcomes.append(failure)
    waiting = len(records) - len(outcomes)
    return published, outcomes + [EarlierRecordFailed() for _ in range(waiting)]


def _read(
    records: Sequence[DynamoDBRecord], free_interactions: int
) -> tuple[list[Following], Exception | None]:
    """What follows from each record up to the first that cannot be read, and why it cannot."""
    read: list[Following] = []
    for record in records:
        try:
            change = change_of(record)
        except (KeyError, TypeError, ValueError) as error:
            return read, error
        events = list(events_of(change, free_interactions)) if change else []
        read.append((events, act_to_follow(change) if change else None))
    return read, None
