"""Publishes the events that follow from changes in the table to the bus and to the queue of
webhooks, and queues new acts to be followed, and bulk operations to be carried out.
"""

from collections.abc import Callable, Mapping, Sequence
from enum import Enum, auto

from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from cavok.adapters.bus import Bus, NotPublished
from cavok.adapters.queue import Queue, QueueMessage
from cavok.adapters.table.stream import change_of, operation_to_run
from cavok.domain.deadlines import PUBLISHING_SECONDS, SENDING_SECONDS, Deadline
from cavok.domain.events import Event, act_to_follow, events_of


class To(Enum):
    """The queues of functions that go on with what was begun."""

    FOLLOWED_ACTS = auto()
    BULK_OPERATIONS = auto()


Following = tuple[list[Event], tuple[To, QueueMessage] | None]
"""What follows from a record: events, and at most one message to a queue."""


class EarlierRecordFailed(Exception):
    """A record before this one was not published, so this one is not published either."""


def publish_events(
    records: Sequence[DynamoDBRecord],
    *,
    bus: Bus,
    webhook_messages: Callable[[], Queue],
    queues: Mapping[To, Callable[[], Queue]],
    free_interactions: int,
    clock: Callable[[], float],
) -> tuple[list[Event], list[Exception | None]]:
    """Publishes in the stream's order and stops at the first record that fails. Events that the bus
    accepted go to webhooks too, and acts and operations that began are sent to their queues. What
    AWS leaves no time for fails: `clock` is monotonic, in seconds.

    Returns the published events, and one outcome a record: None, or why Lambda must deliver it
    again.
    """
    publishing, sending = (
        Deadline.after(seconds, clock) for seconds in (PUBLISHING_SECONDS, SENDING_SECONDS)
    )
    read, failure = _read(records, free_interactions)
    events = [event for following, _ in read for event in following]
    refusals = bus.put(events, publishing)
    published = [event for event, refusal in zip(events, refusals, strict=True) if not refusal]
    of_bus = iter(refusals)
    for number, (following, _) in enumerate(read):
        if why := next(filter(None, [next(of_bus) for _ in following]), None):
            read, failure = read[:number], NotPublished(f"EventBridge refused an event: {why}")
            break
    begun = [message for _, message in read if message]
    of_begun = {
        to: iter(
            queues[to]().send([each for queue, each in begun if queue is to], deadline=sending)
        )
        for to in {queue for queue, _ in begun}
    }
    # After the few that began, which else might never get their turn while SQS is slow.
    messages = [event for following, _ in read for event in following]
    of_events = iter(webhook_messages().send(messages, deadline=sending) if messages else ())
    outcomes: list[Exception | None] = []
    for following, message in read:
        of_queues = [next(of_events) for _ in following]
        of_queues += [next(of_begun[message[0]])] if message else []
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
            read.append(_following(record, free_interactions))
        except (KeyError, TypeError, ValueError) as error:
            return read, error
    return read, None


def _following(record: DynamoDBRecord, free_interactions: int) -> Following:
    if operation := operation_to_run(record):
        return [], (To.BULK_OPERATIONS, operation)
    change = change_of(record)
    if change is None:
        return [], None
    act = act_to_follow(change)
    return list(events_of(change, free_interactions)), (To.FOLLOWED_ACTS, act) if act else None
