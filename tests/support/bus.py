"""Listening to the event bus and to the alarms' topic, through queues of a test's own."""

from __future__ import annotations

import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

from cavok.domain.events import WEBHOOK_PAUSED, WEBHOOK_RESUMED, EventType
from local import aws
from local.stack import Stack
from tests.support.http import Json
from tests.support.inspection import resource_name
from tests.support.waiting import eventually

OF_INSTANCES = {EventType.INTERACTION, EventType.USAGE}


@contextmanager
def operators(stack: Stack, alarm: str) -> Iterator[Callable[[], Json | None]]:
    """Subscribes to the operators' topic; yields what looks for word of this alarm."""
    sns, sqs = aws.client("sns", stack.emulator_url), aws.client("sqs", stack.emulator_url)
    name = resource_name(stack, alarm)
    aws.client("cloudwatch", stack.emulator_url).set_alarm_state(
        AlarmName=name, StateValue="OK", StateReason="A test begins."
    )
    with queue(sqs) as (queue_url, queue_arn):
        subscribed = sns.subscribe(
            TopicArn=resource_name(stack, "OperatorsTopic"), Protocol="sqs", Endpoint=queue_arn
        )

        def rung() -> Json | None:
            answer = sqs.receive_message(QueueUrl=queue_url, MaxNumberOfMessages=10)
            alarms = [
                json.loads(json.loads(m["Body"])["Message"]) for m in answer.get("Messages", [])
            ]
            return next((one for one in alarms if one["AlarmName"] == name), None)

        yield rung
        sns.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])


@contextmanager
def queue(sqs: Any) -> Iterator[tuple[str, str]]:
    """A queue of the test's own, to which SNS may send: its address and its ARN."""
    anyone = {"Effect": "Allow", "Principal": {"Service": "sns.amazonaws.com"}, "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [{**anyone, "Action": "sqs:SendMessage"}]}
    queue_url = sqs.create_queue(
        QueueName=f"e2e-{secrets.token_hex(4)}", Attributes={"Policy": json.dumps(policy)}
    )["QueueUrl"]
    attributes = sqs.get_queue_attributes(QueueUrl=queue_url, AttributeNames=["QueueArn"])
    yield queue_url, attributes["Attributes"]["QueueArn"]
    sqs.delete_queue(QueueUrl=queue_url)


@dataclass
class BusListener:
    """A queue behind a rule of the bus."""

    sqs: Any
    queue_url: str
    heard: list[Json] = field(default_factory=list)

    def events_of(self, account_id: str | None) -> list[Json]:
        """Every event of an account so far, in the order in which they came. Null: of webhooks."""
        while True:
            answer = self.sqs.receive_message(QueueUrl=self.queue_url, MaxNumberOfMessages=10)
            messages = answer.get("Messages", [])
            for message in messages:
                self.heard.append(json.loads(message["Body"]))
                self.sqs.delete_message(
                    QueueUrl=self.queue_url, ReceiptHandle=message["ReceiptHandle"]
                )
            if not messages:
                break
        return [e for e in self.heard if e["detail"].get("account_id") == account_id]

    def wait_for(self, account_id: str | None, *types: str) -> list[Json]:
        """The account's events, once those of all these types were heard."""

        def look() -> list[Json] | None:
            events = self.events_of(account_id)
            return events if {event["detail-type"] for event in events} >= set(types) else None

        return eventually(look, f"events {types} of {account_id}")


@contextmanager
def bus_listener(stack: Stack) -> Iterator[BusListener]:
    """As a colleague's service would listen."""
    sqs, events = aws.client("sqs", stack.emulator_url), aws.client("events", stack.emulator_url)
    rule = {"Name": f"e2e-{secrets.token_hex(4)}", "EventBusName": stack.event_bus_name}
    of_rule = {"Rule": rule["Name"], "EventBusName": stack.event_bus_name}
    # Not what was done with its instances: tests of their own listen for that.
    of_accounts = [str(one) for one in EventType if one not in OF_INSTANCES]
    types = [*of_accounts, WEBHOOK_PAUSED, WEBHOOK_RESUMED]
    pattern = {"source": ["cavok.accounts"], "detail-type": types}
    with queue(sqs) as (queue_url, queue_arn):
        events.put_rule(**rule, EventPattern=json.dumps(pattern))
        events.put_targets(**of_rule, Targets=[{"Id": "queue", "Arn": queue_arn}])
        yield BusListener(sqs, queue_url)
        events.remove_targets(**of_rule, Ids=["queue"])
        events.delete_rule(**rule)
