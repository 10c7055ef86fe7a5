"""What the tests of the sweep do to the stack: run sweeps, make accounts due, listen to the bus and
to webhooks.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, TypeVar

from cavok.domain.events import EventType
from local import aws, process, sweep
from local.settings import STACK_NAME
from local.stack import Stack
from tests.e2e.journeys import Connected, Json

T = TypeVar("T")
LONG_AGO = "2020-01-01T00:00:00.000000+0000"


def run_sweep(stack: Stack) -> Mapping[str, int]:
    """One whole sweep; the accounts that it tested, by outcome."""
    return sweep.wait_for_counts(stack, sweep.start(stack))


def make_due(stack: Stack, organization: str, *accounts: Connected) -> None:
    """Lets time pass for these accounts, and for no others: their due time is long ago."""
    dynamodb = aws.client("dynamodb", stack.emulator_url)
    for account in accounts:
        dynamodb.update_item(
            TableName=stack.table_name,
            Key=account_key(organization, account.account_id),
            UpdateExpression="SET next_verification_at = :long_ago",
            ExpressionAttributeValues={":long_ago": {"S": LONG_AGO}},
        )


def let_the_slot_lapse(stack: Stack, organization: str, account: Connected) -> None:
    """Lets the time of the account's test pass, and with it its lease."""
    aws.client("dynamodb", stack.emulator_url).update_item(
        TableName=stack.table_name,
        Key=account_key(organization, account.account_id),
        UpdateExpression="SET next_verification_at = :long_ago, slot_expires_at = :long_ago",
        ExpressionAttributeValues={":long_ago": {"S": LONG_AGO}},
    )


def account_key(organization: str, account_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"ORG#{organization}"}, "sk": {"S": f"ACCOUNT#{account_id}"}}


def tests_of(account: Connected) -> list[Json]:
    """Newest first."""
    answer = account.person.get(f"{account.path}/verifications")
    found: list[Json] = answer.json()["items"]
    return found


def eventually(look: Callable[[], T | None], what: str, seconds: float = 30) -> T:
    """What `look` finds, once it finds something."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if found := look():
            return found
        time.sleep(0.2)
    raise AssertionError(f"not within {seconds} s: {what}")


def resource_name(stack: Stack, logical_id: str) -> str:
    """What a resource of the template is called."""
    found = aws.cloudformation(stack.emulator_url).describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId=logical_id
    )
    return found["StackResourceDetail"]["PhysicalResourceId"]


def sweep_schedule(stack: Stack) -> Json:
    found: Json = aws.client("scheduler", stack.emulator_url).get_schedule(
        Name=resource_name(stack, "SweepSchedule").rpartition("/")[2]
    )
    return found


@contextmanager
def schedule_enabled(stack: Stack) -> Iterator[None]:
    """The schedule of the template, for a while as it is on AWS, and faster."""
    fields = ("Name", "GroupName", "Description", "ScheduleExpression", "State", "Target")
    before = sweep_schedule(stack)
    kept = {name: before[name] for name in (*fields, "FlexibleTimeWindow")}
    scheduler = aws.client("scheduler", stack.emulator_url)
    scheduler.update_schedule(**kept | {"State": "ENABLED", "ScheduleExpression": "rate(1 minute)"})
    try:
        yield
    finally:
        scheduler.update_schedule(**kept)


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
            told = [
                json.loads(json.loads(m["Body"])["Message"]) for m in answer.get("Messages", [])
            ]
            return next((one for one in told if one["AlarmName"] == name), None)

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

    def events_of(self, account_id: str) -> list[Json]:
        """Every event of an account so far, in the order in which they came."""
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

    def wait_for(self, account_id: str, *types: str) -> list[Json]:
        """The account's events, once those of all these types were heard."""

        def look() -> list[Json] | None:
            events = self.events_of(account_id)
            return events if {event["detail-type"] for event in events} >= set(types) else None

        return eventually(look, f"events {types} of {account_id}")


OF_INSTANCES = {EventType.INTERACTION, EventType.USAGE}


@contextmanager
def bus_listener(stack: Stack) -> Iterator[BusListener]:
    """As a colleague's service would listen."""
    sqs, events = aws.client("sqs", stack.emulator_url), aws.client("events", stack.emulator_url)
    rule = {"Name": f"e2e-{secrets.token_hex(4)}", "EventBusName": stack.event_bus_name}
    of_rule = {"Rule": rule["Name"], "EventBusName": stack.event_bus_name}
    # Not what was done with its instances: tests of their own listen for that.
    of_accounts = [str(one) for one in EventType if one not in OF_INSTANCES]
    pattern = {"source": ["cavok.accounts"], "detail-type": of_accounts}
    with queue(sqs) as (queue_url, queue_arn):
        events.put_rule(**rule, EventPattern=json.dumps(pattern))
        events.put_targets(**of_rule, Targets=[{"Id": "queue", "Arn": queue_arn}])
        yield BusListener(sqs, queue_url)
        events.remove_targets(**of_rule, Ids=["queue"])
        events.delete_rule(**rule)


@dataclass(frozen=True)
class Delivery:
    headers: dict[str, str]
    body: bytes

    @property
    def json(self) -> Json:
        parsed: Json = json.loads(self.body)
        return parsed


@dataclass
class Receiver:
    """An organization's own web server. `refuses` is how many messages it answers with 500
    first.
    """

    url: str
    deliveries: list[Delivery] = field(default_factory=list)
    refuses: int = 0

    def wait_for(self, seen: Callable[[Delivery], bool], what: str) -> Delivery:
        return eventually(
            lambda: next((one for one in self.deliveries if seen(one)), None), what, seconds=60
        )


@contextmanager
def receiver() -> Iterator[Receiver]:
    made: Receiver

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["content-length"]))
            headers = {name.lower(): value for name, value in self.headers.items()}
            made.deliveries.append(Delivery(headers, body))
            self.send_response(500 if made.refuses > 0 else 204)
            made.refuses -= 1
            self.end_headers()

        def log_message(self, *args: Any) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    made = Receiver(f"http://127.0.0.1:{server.server_port}/cavok?of=e2e")
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield made
    server.shutdown()
    server.server_close()


@contextmanager
def killing_the_workers_of(function: str) -> Iterator[list[int]]:
    """Kills this stack's processes of a function, as often as there are any; yields the ids."""
    killed: list[int] = []
    over = threading.Event()

    def kill() -> None:
        while not over.wait(0.05):
            for pid in process.workers_of(function):
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    continue
                killed.append(pid)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
