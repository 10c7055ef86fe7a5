"""What cannot be delivered ends in a queue that an alarm watches, stops nothing else, and can be
sent again as docs/operating.md says.
"""

from __future__ import annotations

import base64
import json
import re
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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
from tests.support.waiting import eventually

WEBHOOK = "/v1/organization/webhook"


def messages(stack: Stack, queue: str) -> list[tuple[Json, str]]:
    """What lies in a queue of the template, with the handle to take it out."""
    sqs = aws.client("sqs", stack.emulator_url)
    address = inspection.resource_name(stack, queue)
    found = sqs.receive_message(QueueUrl=address, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [(json.loads(m["Body"]), m["ReceiptHandle"]) for m in found.get("Messages", [])]


def delete(stack: Stack, queue: str, handle: str) -> None:
    url = inspection.resource_name(stack, queue)
    aws.client("sqs", stack.emulator_url).delete_message(QueueUrl=url, ReceiptHandle=handle)


def test_an_event_that_cannot_be_published_stops_no_other_and_is_not_lost(
    stack: Stack,
    own_organization: Organization,
    new_place: Callable[[], CustomerAccount],
    declare: Declare,
) -> None:
    declare("PublishEvents", "ValidationException", because="the bus refuses one event")
    with bus.bus_listener(stack) as listener:
        with faults(
            Fault("events", body_contains="Poison", status=400, code="ValidationException")
        ):
            poison = connect(own_organization.admin, new_place(), name="Poison")
            others = [
                connect(own_organization.admin, new_place(), name=f"Other{n}") for n in range(3)
            ]
            for other in others:
                listener.wait_for(other.account_id, "Account Created")
            place, handle = eventually(
                lambda: next(iter(messages(stack, "UnpublishedEvents")), None),
                "the position of the event is in the queue",
            )
        assert listener.events_of(poison.account_id) == []
        assert place["requestContext"]["condition"] == "RetryAttemptsExhausted"
        batch = place["DDBStreamBatchInfo"]
        assert batch["batchSize"] == 1, "and nothing that could be published is passed over"

        publish_by_hand(stack, batch)
        delete(stack, "UnpublishedEvents", handle)

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
        FunctionName=inspection.function_name(stack, "PublishEvents"), Payload=event
    )
    assert json.load(invoked["Payload"]) == {"batchItemFailures": []}


def as_the_cli_writes(value: Any) -> str:
    return base64.b64encode(value).decode() if isinstance(value, bytes) else value.isoformat()


def redrive(stack: Stack, dead: str, source: str) -> None:
    """What StartMessageMoveTask does, which the emulator does not have."""
    sqs = aws.client("sqs", stack.emulator_url)
    for message, handle in messages(stack, dead):
        url = inspection.resource_name(stack, source)
        sqs.send_message(QueueUrl=url, MessageBody=json.dumps(message))
        delete(stack, dead, handle)


@contextmanager
def tries(stack: Stack, count: int) -> Iterator[None]:
    """A message is given up after so many, not after fourteen hours."""
    sqs = aws.client("sqs", stack.emulator_url)
    url = inspection.resource_name(stack, "WebhookMessages")
    policy = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    before = policy["Attributes"]["RedrivePolicy"]
    fewer: dict[str, Any] = json.loads(before) | {"maxReceiveCount": count}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(fewer)})
    yield
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": before})


def test_a_message_that_is_given_up_waits_for_its_receiver_to_come_back(
    stack: Stack, own_organization: Organization
) -> None:
    with webhook_receiver.receiver() as receiver:
        body = {"url": receiver.url, "events": ["Account Failed"]}
        secret = answer(own_organization.admin.put(WEBHOOK, json=body))["secret"]
        receiver.refuses = 1
        with tries(stack, 1):
            own_organization.admin.post(f"{WEBHOOK}/test")
            eventually(lambda: messages(stack, "UndeliveredWebhooks"), "it is given up")
        assert len(receiver.deliveries) == 1

        redrive(stack, "UndeliveredWebhooks", "WebhookMessages")

        receiver.wait_for(lambda _: len(receiver.deliveries) == 2, "it is sent again")
        answer(own_organization.admin.delete(WEBHOOK))
    first, second = receiver.deliveries
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert Webhook(secret).verify(second.body, second.headers)
    assert messages(stack, "UndeliveredWebhooks") == []
