"""The events of interactions and usage, from records of the table's stream."""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from unittest.mock import Mock

import pytest
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord

from cavok.adapters.bus import Bus
from cavok.adapters.queue import Queue
from cavok.domain.bulk import BulkMessage
from cavok.domain.events import Event, read_event
from cavok.domain.followed_acts import FollowedAct
from cavok.domain.organizations import message_group
from cavok.services.publish_events import To, publish_events
from tests.support.builders import ACCOUNT_ID, ORGANIZATION_ID
from tests.support.stream_records import events_of, interaction_record, usage_record


class Refusing:
    """Takes what is sent, and refuses what a test names."""

    def __init__(self, *refused: str) -> None:
        self.refused = refused
        self.calls: list[list[dict[str, Any]]] = []


class Events(Refusing):
    """PutEvents, entry by entry."""

    def put_events(self, Entries: list[dict[str, Any]]) -> dict[str, Any]:  # noqa: N803
        self.calls.append(Entries)
        answers = [
            {"ErrorCode": "InternalFailure"}
            if any(name in entry["Detail"] for name in self.refused)
            else {"EventId": "e"}
            for entry in Entries
        ]
        return {
            "Entries": answers,
            "FailedEntryCount": sum("ErrorCode" in answer for answer in answers),
        }


def an_act(number: int = 1, organization_id: str = ORGANIZATION_ID, **but: str) -> dict[str, Any]:
    """The record of a start or stop that is stored before AWS is called."""
    record = interaction_record(number)
    values = {"action": "stop", "outcome": "pending", "organization_id": organization_id} | but
    record["dynamodb"]["NewImage"] |= {name: {"S": value} for name, value in values.items()}
    return record


def closed(record: dict[str, Any], outcome: str = "accepted") -> dict[str, Any]:
    """The record of the outcome of an act."""
    change = record["dynamodb"]
    after = change["NewImage"] | {"outcome": {"S": outcome}, "result": {"S": "pending"}}
    change = change | {"OldImage": change["NewImage"], "NewImage": after}
    return {"eventName": "MODIFY", "dynamodb": change}


class Sqs(Refusing):
    """SendMessageBatch, message by message."""

    def send_message_batch(
        self,
        QueueUrl: str,  # noqa: N803
        Entries: list[dict[str, Any]],  # noqa: N803
    ) -> dict[str, Any]:
        self.calls.append(Entries)
        failed = [e for e in Entries if any(name in e["MessageBody"] for name in self.refused)]
        answer = {
            "Successful": [{"Id": entry["Id"]} for entry in Entries if entry not in failed],
            "Failed": [{"Id": entry["Id"], "Code": "InternalError"} for entry in failed],
        }
        # botocore has no key for a list that the service leaves out.
        return {name: entries for name, entries in answer.items() if entries}

    @property
    def sent(self) -> list[dict[str, Any]]:
        return [entry for call in self.calls for entry in call]


def publish(
    records: list[dict[str, Any]],
    events: Events,
    queue: Sqs | None = None,
    webhooks: Sqs | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> str | None:
    """The sequence number of the first record that must come again."""
    outcomes = outcomes_of(records, events, queue, webhooks, clock)
    numbers = [record["dynamodb"]["SequenceNumber"] for record in records]
    failed = [number for number, error in zip(numbers, outcomes, strict=True) if error]
    return failed[0] if failed else None


def outcomes_of(
    records: list[dict[str, Any]],
    events: Events,
    queue: Sqs | None = None,
    webhooks: Sqs | None = None,
    clock: Callable[[], float] = lambda: 0.0,
) -> list[Exception | None]:
    acts = Queue(queue or Sqs(), "https://sqs.example/acts")  # type: ignore[arg-type]
    messages = Queue(webhooks or Sqs(), "https://sqs.example/hooks")  # type: ignore[arg-type]
    _, outcomes = publish_events(
        [DynamoDBRecord(record) for record in records],
        bus=Bus(events, "cavok"),  # type: ignore[arg-type]
        webhook_messages=lambda: messages,
        queues={To.FOLLOWED_ACTS: lambda: acts},
        free_interactions=1000,
        clock=clock,
    )
    return outcomes


def test_a_stored_interaction_is_an_event_with_nulls_for_what_it_lacks() -> None:
    (event,) = events_of(interaction_record(), 1000)

    assert event == Event(
        "Instance Interaction",
        datetime(2025, 3, 1, 12, 0, 0, 250000, tzinfo=UTC),
        {
            "schema_version": 1,
            "event_id": f"{1:026}-instance-interaction",
            "occurred_at": "2025-03-01T12:00:00.250000Z",
            "organization_id": ORGANIZATION_ID,
            "account_id": ACCOUNT_ID,
            "interaction_id": f"{1:026}",
            "action": "list",
            "kind": None,
            "instance_id": None,
            "region": None,
            "outcome": "accepted",
            "detail": "4 instances.",
            "actor": "ada@example.com",
            "at": "2025-03-01T12:00:00.250000Z",
            "request_id": "r-1",
        },
    )


def test_no_event_follows_from_what_becomes_of_its_line() -> None:
    record = interaction_record(event_name="MODIFY")
    change = record["dynamodb"]
    change["OldImage"] = change["NewImage"]
    change["NewImage"] = change["OldImage"] | {"logged": {"S": "written"}}

    assert list(events_of(record, 1000)) == []


def test_no_event_follows_from_an_expired_interaction() -> None:
    record = interaction_record(event_name="REMOVE")
    del record["dynamodb"]["NewImage"]

    assert list(events_of(record, 1000)) == []


@pytest.mark.parametrize(
    ("before", "after", "percents"),
    [
        (None, 1, []),
        (798, 799, []),
        (799, 800, [80]),
        (800, 801, []),
        (999, 1000, [100]),
        (1000, 1001, []),
    ],
)
def test_usage_that_crosses_a_threshold_is_an_event(
    before: int | None, after: int, percents: list[int]
) -> None:
    events = list(events_of(usage_record(before, after), 1000))

    assert [event.detail["percent"] for event in events] == percents
    assert [event.detail["event_id"] for event in events] == [
        f"{ACCOUNT_ID}/2025-03/{percent}" for percent in percents
    ]


def test_the_first_interaction_crosses_both_where_one_is_free() -> None:
    assert [e.detail["percent"] for e in events_of(usage_record(None, 1), 1)] == [80, 100]


def test_ten_go_in_a_call_in_the_order_of_the_stream() -> None:
    events = Events()

    assert publish([interaction_record(n) for n in range(25)], events) is None
    assert [len(call) for call in events.calls] == [10, 10, 5]
    details = [entry["Detail"] for call in events.calls for entry in call]
    assert all(f"{n:026}" in detail for n, detail in enumerate(details))
    assert {entry["Source"] for call in events.calls for entry in call} == {"cavok.accounts"}


def test_the_stream_comes_again_from_the_first_refused_event() -> None:
    events = Events(f"{13:026}")

    assert publish([interaction_record(n) for n in range(25)], events) == "13"
    assert len(events.calls) == 2, "what comes after it is not sent ahead of it"


def test_the_code_with_which_the_bus_refused_an_event_is_kept() -> None:
    """It tells a limit from a fault of ours."""
    outcomes = outcomes_of([interaction_record(1), interaction_record(2)], Events(f"{2:026}"))

    assert [str(error) for error in outcomes if error] == [
        "EventBridge refused an event: InternalFailure"
    ]


# ---- acts to follow ------------------------------------------------------------------------------


def test_an_act_is_sent_to_be_followed_when_it_begins_and_told_when_its_outcome_is_known() -> None:
    events, queue = Events(), Sqs()

    assert publish([an_act()], events, queue) is None
    assert events.calls == []
    assert [FollowedAct.read(entry["MessageBody"]) for entry in queue.sent] == [
        FollowedAct(
            organization_id=ORGANIZATION_ID, account_id=ACCOUNT_ID, interaction_id=f"{1:026}"
        )
    ]

    assert publish([closed(an_act())], events, queue) is None
    (call,) = events.calls
    assert [entry["DetailType"] for entry in call] == ["Instance Interaction"]
    assert len(queue.sent) == 1, "sent once"


def test_what_happens_to_an_act_while_it_is_open_is_told_to_nobody() -> None:
    record, events, queue = an_act(), Events(), Sqs()
    held = record["dynamodb"] | {"OldImage": record["dynamodb"]["NewImage"]}

    assert publish([{"eventName": "MODIFY", "dynamodb": held}], events, queue) is None

    assert (events.calls, queue.calls) == ([], [])


def test_listings_tests_and_refused_acts_are_not_followed() -> None:
    queue = Sqs()
    refused = an_act(2, outcome="refused")

    publish([interaction_record(1), refused, closed(an_act(3), "refused")], Events(), queue)

    assert queue.calls == []


def test_acts_that_an_earlier_version_stored_are_followed_too() -> None:
    queue = Sqs()

    publish([an_act(outcome="accepted", result="pending")], Events(), queue)

    assert len(queue.sent) == 1


def test_the_acts_of_each_organization_are_a_group_of_their_own() -> None:
    """A queue is fair between groups: one with thousands of messages makes no other wait."""
    queue, organizations = Sqs(), ["northwind", *["contoso"] * 2000, "with spaces, and ü" * 9]
    records = [an_act(n, organization) for n, organization in enumerate(organizations)]

    assert publish(records, Events(), queue) is None

    groups: dict[str, set[str]] = {}
    for entry in queue.sent:
        act = FollowedAct.read(entry["MessageBody"])
        groups.setdefault(act.organization_id, set()).add(entry["MessageGroupId"])
    assert [len(group) for group in groups.values()] == [1, 1, 1]
    names = [name for group in groups.values() for name in group]
    assert len(set(names)) == 3
    assert all(re.fullmatch("[0-9a-f]{1,128}", name) for name in names)
    assert {len(call) for call in queue.calls} <= set(range(1, 11))


def test_the_stream_comes_again_from_the_first_act_that_the_queue_did_not_take() -> None:
    queue = Sqs(f"{13:026}")

    assert publish([an_act(n) for n in range(25)], Events(), queue) == "13"


def test_a_call_of_which_the_queue_took_no_act_is_a_failure_of_these_acts_alone() -> None:
    records = [an_act(number) for number in range(12)]

    assert publish(records, Events(), Sqs(f"{10:026}", f"{11:026}")) == "10"


@pytest.mark.parametrize("seconds", [0.01, 4.0, 6.0])
def test_however_late_aws_answers_a_batch_ends_in_time_and_nothing_is_lost(seconds: float) -> None:
    """What there was no time for comes again. A first try waits six seconds for its answer."""
    now = 0.0

    class Late(Sqs, Events):
        def send_message_batch(self, **given: Any) -> dict[str, Any]:
            nonlocal now
            now += seconds
            return super().send_message_batch(**given)

        def put_events(self, **given: Any) -> dict[str, Any]:
            nonlocal now
            now += seconds
            return super().put_events(**given)

    events, acts, webhooks = Late(), Late(), Late()
    records = [closed(an_act(n)) if n % 30 else an_act(n) for n in range(100)]
    left, invocations = records, 0
    while left:
        began, invocations = now, invocations + 1
        again = publish(left, events, acts, webhooks, lambda: now)
        assert now - began < 50
        numbers = [record["dynamodb"]["SequenceNumber"] for record in left]
        first = len(left) if again is None else numbers.index(again)
        assert first, "each invocation publishes something"
        left = left[first:]

    put = [entry["Detail"] for call in events.calls for entry in call]
    sent = [entry["MessageBody"] for entry in webhooks.sent]
    for number in range(100):
        ways = (put, sent) if number % 30 else ([e["MessageBody"] for e in acts.sent],)
        assert all(any(f"{number:026}" in text for text in way) for way in ways), number
    assert (invocations == 1) == (seconds < 1)


def test_no_act_is_sent_after_an_event_that_was_refused() -> None:
    """It would be sent again at each repetition."""
    queue = Sqs()

    assert publish([an_act(1), interaction_record(2), an_act(3)], Events(f"{2:026}"), queue) == "2"

    assert [f"{1:026}" in entry["MessageBody"] for entry in queue.sent] == [True]


def test_operations_and_acts_that_began_go_to_queues_of_their_own() -> None:
    """The stream comes again from the first that its own queue did not take."""
    of_operations, of_acts = Sqs("P2"), Sqs()
    began = [an_operation("P1"), an_act(2), an_operation("P2"), an_act(4)]

    _, outcomes = publish_events(
        [DynamoDBRecord(record) for record in began],
        bus=Bus(Events(), "cavok"),  # type: ignore[arg-type]
        webhook_messages=Mock(side_effect=AssertionError),
        queues={
            To.BULK_OPERATIONS: lambda: Queue(of_operations, "bulk"),  # type: ignore[arg-type]
            To.FOLLOWED_ACTS: lambda: Queue(of_acts, "acts"),  # type: ignore[arg-type]
        },
        free_interactions=1000,
        clock=lambda: 0.0,
    )

    assert [bool(error) for error in outcomes] == [False, False, True, True]
    sent = [BulkMessage.read(entry["MessageBody"]) for entry in of_operations.sent]
    assert sent == [BulkMessage(ORGANIZATION_ID, "P1"), BulkMessage(ORGANIZATION_ID, "P2")]
    assert len(of_acts.sent) == 2


def an_operation(operation_id: str) -> dict[str, Any]:
    """The record of a bulk operation that begins."""
    names = {"pk": f"ORG#{ORGANIZATION_ID}", "sk": f"OPERATION#{operation_id}"}
    key = {name: {"S": value} for name, value in names.items()}
    change = {"Keys": key, "NewImage": key, "SequenceNumber": operation_id}
    return {"eventName": "INSERT", "dynamodb": change}


def test_what_the_bus_took_goes_to_webhooks_as_messages_of_its_organization() -> None:
    webhooks = Sqs()
    records = [interaction_record(number) for number in range(1, 26)]
    records[0]["dynamodb"]["NewImage"]["organization_id"] = {"S": "contoso"}

    assert publish(records, Events(f"{23:026}"), webhooks=webhooks) == "23"

    events = [read_event(entry["MessageBody"]) for entry in webhooks.sent]
    assert [event["detail"]["interaction_id"] for event in events] == [
        f"{number:026}" for number in range(1, 23)
    ]
    groups = [entry["MessageGroupId"] for entry in webhooks.sent]
    assert groups == [message_group("contoso"), *[message_group(ORGANIZATION_ID)] * 21]


def test_the_stream_comes_again_from_the_first_event_that_no_webhook_would_get() -> None:
    records = [interaction_record(number) for number in range(1, 5)]

    assert publish(records, Events(), webhooks=Sqs(f"{3:026}")) == "3"
