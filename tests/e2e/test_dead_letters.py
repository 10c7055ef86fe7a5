"""What cannot be delivered ends in a queue that an alarm watches, stops nothing else, and can be
sent again as docs/operating.md says.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import ExitStack
from typing import Any

from standardwebhooks import Webhook

from local import aws
from local.customers import CustomerAccount
from local.faults import Fault, faults
from local.settings import ROOT
from local.stack import Stack
from tests.support import bus, inspection, webhook_receiver
from tests.support.connections import connect
from tests.support.http import Json, answer
from tests.support.invariants import Declare
from tests.support.organizations import Organization
from tests.support.queues import OwnMessages, own_messages, tries
from tests.support.waiting import eventually

WEBHOOK = "/v1/organization/webhook"


def test_an_event_that_cannot_be_published_stops_no_other_and_is_not_lost(
    stack: Stack,
    own_organization: Organization,
    new_place: Callable[[], CustomerAccount],
    declare: Declare,
) -> None:
    declare("PublishEvents", "ValidationException", because="the bus refuses one event")

    def of_the_stream(body: Json) -> bool:
        """A rule has its lost events in this queue, too."""
        return "DDBStreamBatchInfo" in body

    with (
        bus.bus_listener(stack) as listener,
        own_messages(stack, "UnpublishedEvents", of_the_stream) as lost,
    ):
        with faults(
            Fault("events", body_contains="Poison", status=400, code="ValidationException")
        ):
            poison = connect(own_organization.admin, new_place(), name="Poison")
            others = [
                connect(own_organization.admin, new_place(), name=f"Other{n}") for n in range(3)
            ]
            for other in others:
                listener.wait_for(other.account_id, "Account Created")
            place = eventually(
                lambda: next(iter(lost.all()), None), "the position of the event is in the queue"
            )
        assert listener.events_of(poison.account_id) == []
        assert place.body["requestContext"]["condition"] == "RetryAttemptsExhausted"
        batch = place.body["DDBStreamBatchInfo"]
        assert batch["batchSize"] == 1, "and nothing that could be published is passed over"

        publish_by_hand(stack, batch)
        lost.take_out(place)

        (event,) = listener.wait_for(poison.account_id, "Account Created")
    assert event["detail"]["name"] == "Poison"


def publish_by_hand(stack: Stack, batch: Json) -> None:
    """As the runbook says, with its own Python."""
    streams = aws.client("dynamodbstreams", stack.emulator_url)
    iterator = streams.get_shard_iterator(
        StreamArn=batch["streamArn"],
        ShardId=batch["shardId"],
        ShardIteratorType="AT_SEQUENCE_NUMBER",
        SequenceNumber=batch["startSequenceNumber"],
    )["ShardIterator"]
    found = streams.get_records(ShardIterator=iterator)
    written = json.dumps({"Records": found["Records"]}, default=as_the_cli_writes)
    runbook = (ROOT / "docs" / "operating.md").read_text()
    ((script, prefixes),) = re.findall(
        r"python3 -c '([^']+)' \$END_SEQUENCE_NUMBER (ACCOUNT#[^<]*) <", runbook
    )
    event = subprocess.run(
        [sys.executable, "-c", script, batch["endSequenceNumber"], *prefixes.split()],
        input=written,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    invoked = aws.client("lambda", stack.emulator_url).invoke(
        FunctionName=inspection.resource_name(stack, "PublishEvents"), Payload=event
    )
    assert json.load(invoked["Payload"]) == {"batchItemFailures": []}


def as_the_cli_writes(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.isoformat()


def redrive(stack: Stack, given_up: OwnMessages, source: str) -> None:
    """What StartMessageMoveTask does, which the emulator does not have."""
    url = inspection.resource_name(stack, source)
    for message in given_up.all():
        given_up.sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message.body))
        given_up.take_out(message)


def test_a_message_that_is_given_up_waits_for_its_receiver_to_come_back(
    stack: Stack, own_organization: Organization
) -> None:
    def mine(event: Json) -> bool:
        return bool(event["detail"]["organization_id"] == own_organization.name)

    with ExitStack() as cleaning:
        given_up = cleaning.enter_context(own_messages(stack, "UndeliveredWebhooks", mine))
        receiver = cleaning.enter_context(webhook_receiver.receiver())
        body = {"url": receiver.url, "events": ["Account Failed"]}
        secret = answer(own_organization.admin.put(WEBHOOK, json=body))["secret"]
        # Without a webhook, a message that still waits is done.
        cleaning.callback(own_organization.admin.delete, WEBHOOK)
        receiver.refuses = 2
        with tries(stack, "WebhookRetries", 1):
            own_organization.admin.post(f"{WEBHOOK}/test")
            # The first try, one retry after 5 s, and 20 s until the queue gives it up.
            eventually(given_up.all, "it is given up", seconds=120)
        assert len(receiver.deliveries) == 2

        redrive(stack, given_up, "WebhookRetries")

        receiver.wait_for(lambda _: len(receiver.deliveries) == 3, "it is sent again")
        assert given_up.all() == []
    first, *_, last = receiver.deliveries
    assert first.headers["webhook-id"] == last.headers["webhook-id"]
    assert Webhook(secret).verify(last.body, last.headers)
