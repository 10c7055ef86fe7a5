"""Every producer and every consumer of messages, as the template connects them: what the producer
emits is given to the real handler behind the rule, filter, queue or schedule.
"""

from __future__ import annotations

import base64
import importlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.bus import Bus
from cavok.adapters.queue import Queue
from cavok.adapters.webhook_client import NotDelivered
from cavok.domain.connection_hints import IN_EFFECT_AFTER
from cavok.domain.enrollment_templates import member_template
from cavok.domain.instructions import installed
from cavok.observability import metrics
from tests.support import moto_stack
from tests.support.api import Context
from tests.support.builders import ORGANIZATION_ID, WORKLOAD
from tests.support.moto_stack import Clock, Json
from tests.support.role_changes import event_of_iam
from tests.support.template import FUNCTIONS, RESOURCES, folder, of_type


def sources(kind: str) -> dict[tuple[str, str], Json]:
    """Events of this type that SAM functions declare, by function and name."""
    return {
        (function, name): event["Properties"]
        for function, properties in FUNCTIONS.items()
        for name, event in properties.get("Events", {}).items()
        if event["Type"] == kind
    }


def mappings(source: str) -> list[tuple[str, Json]]:
    """Functions with their event source mappings, of streams (`Stream`) or queues (`Queue`)."""
    found = [
        (function, event)
        for kind in ("DynamoDB", "SQS")
        for (function, _), event in sources(kind).items()
        if source in event
    ]
    attribute = {"Stream": "StreamArn", "Queue": "Arn"}[source]
    return found + [
        (mapping["FunctionName"]["Ref"], mapping | {source: mapping["EventSourceArn"]})
        for mapping in of_type("AWS::Lambda::EventSourceMapping").values()
        if mapping["EventSourceArn"]["Fn::GetAtt"][1] == attribute
    ]


STREAMS, QUEUES = dict(mappings("Stream")), dict(mappings("Queue"))
"""The functions that a stream or a queue feeds, each with one of its mappings."""


@dataclass(frozen=True)
class Rule:
    """A rule: its pattern, and its targets as logical ids."""

    pattern: Json
    targets: tuple[str, ...]

    def types(self) -> list[str]:
        assert "detail-type" in self.pattern, "a rule names its detail-types: docs/architecture.md"
        return list(self.pattern["detail-type"])


TARGETS = {
    f"{name}.{target['Id']}": target
    for name, properties in of_type("AWS::Events::Rule").items()
    for target in properties["Targets"]
} | {f"{function}.{name}": event for (function, name), event in sources("EventBridgeRule").items()}
"""What the template says of each target of a rule, of SAM's rules too."""


def target_of(rule: str, arn: Json) -> str:
    """The logical id of a rule's target."""
    assert "Fn::GetAtt" in arn, f"{rule}: let `deliver` do what a target that is {arn} does"
    return str(arn["Fn::GetAtt"][0])


RULES = {
    name: Rule(
        properties["EventPattern"], tuple(target_of(name, t["Arn"]) for t in properties["Targets"])
    )
    for name, properties in of_type("AWS::Events::Rule").items()
} | {
    f"{function}{name}": Rule(properties["Pattern"], (function,))
    for (function, name), properties in sources("EventBridgeRule").items()
}


def invoke(function: str, event: Any) -> Any:
    """The real handler, with an event that went through JSON as on its way to Lambda."""
    app = importlib.import_module(f"functions.{folder(function)}.app")
    answer = app.handler(json.loads(json.dumps(event, default=_as_lambda_sends)), Context())
    return json.loads(json.dumps(answer))


def _as_lambda_sends(value: bytes) -> str:
    return base64.b64encode(value).decode()


def matches(pattern: Any, value: Any) -> bool:
    """Whether a pattern of EventBridge or Lambda accepts a value: exact values, prefixes, and what
    may not be there.
    """
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name not in value
            if inner == [{"exists": False}]
            else name in value and matches(inner, value[name])
            for name, inner in pattern.items()
        )
    return any(
        str(value).startswith(one["prefix"])
        if isinstance(one, dict) and "prefix" in one
        else value == one
        for one in pattern
    )


class Stream(moto_stack.Stream):
    """The table's stream, with the images that the template asks for."""

    def changes(self) -> list[Json]:
        """The records of the writes since the last call."""
        self.look()
        return [_in_view(record) for record in self.new_records()]


def _in_view(record: Json) -> Json:
    view = RESOURCES["Table"]["Properties"]["StreamSpecification"]["StreamViewType"]
    hidden = {"NEW_AND_OLD_IMAGES": (), "NEW_IMAGE": ("OldImage",), "OLD_IMAGE": ("NewImage",)}[
        view
    ]
    change = {name: value for name, value in record["dynamodb"].items() if name not in hidden}
    return record | {"dynamodb": change}


@dataclass
class EventBridge:
    """PutEvents, and the events as rules see them; and the queues that no rule feeds, with the
    groups of their messages.
    """

    events: list[Json] = field(default_factory=list)
    sent: dict[str, list[Json]] = field(
        default_factory=lambda: {
            "FollowedActs": [],
            "BulkOperations": [],
            "WebhookMessages": [],
            "WebhookRetries": [],
            "UndeliveredWebhooks": [],
        }
    )
    groups: dict[str, list[str]] = field(default_factory=dict)

    def send_message_batch(self, QueueUrl: str, Entries: list[Json]) -> Json:  # noqa: N803
        name = QueueUrl.rpartition("/")[2]
        assert name in self.sent, f"{name}: add it to `sent`, and to the fixture `eventbridge`"
        self.sent[name] += [json.loads(entry["MessageBody"]) for entry in Entries]
        self.groups.setdefault(name, []).extend(entry["MessageGroupId"] for entry in Entries)
        return {"Successful": [{"Id": entry["Id"]} for entry in Entries], "Failed": []}

    def put_events(self, Entries: list[Json]) -> Json:  # noqa: N803
        self.events += [
            {
                "version": "0",
                "id": f"e-{len(self.events)}",
                "source": entry["Source"],
                "detail-type": entry["DetailType"],
                "time": entry["Time"].isoformat(),
                "detail": json.loads(entry["Detail"]),
            }
            for entry in Entries
        ]
        return {"Entries": [{"EventId": "e"} for _ in Entries], "FailedEntryCount": 0}

    def put_foreign(self) -> None:
        """An interaction from another service, which knows no envelope."""
        detail = {
            "schema_version": 1,
            "organization_id": ORGANIZATION_ID,
            "account_id": "01JN8Q5M3C0000000000000009",
            "interaction_id": "planner-17",
            "action": "stop",
            "outcome": "accepted",
            "actor": "schedule",
            "at": Clock.time.isoformat(),
            "request_id": "r",
        }
        foreign = {"source": "cavok.planner", "detail-type": "Instance Interaction"}
        self.events.append(foreign | {"detail": detail})


@dataclass
class Receiver:
    """A customer's webhook receiver. It refuses so many messages."""

    bodies: list[Json] = field(default_factory=list)
    refuses: int = 0
    given: list[float] = field(default_factory=list)
    """The seconds that it was given for each message."""

    def post(self, url: object, body: bytes, headers: Mapping[str, str], *, seconds: float) -> int:
        self.given.append(seconds)
        if self.refuses:
            self.refuses -= 1
            raise NotDelivered("It answered 503.", 503)
        self.bodies.append(json.loads(body))
        return 200

    def put(self, url: object, body: bytes, *, seconds: float) -> int:
        """CloudFormation takes the answer to a stack."""
        return self.post(url, body, {}, seconds=seconds)


def said_by_a_stack(number: str, external_id: str) -> Json:
    """What CloudFormation publishes when a stack of the customers' template makes the role in this
    account: the template's own properties, with the values of its parameters.
    """
    template = json.loads(installed(json.dumps(member_template()), WORKLOAD, TOPIC))
    connection = template["Resources"]["CavokConnection"]
    values = {name: each.get("Default") for name, each in template["Parameters"].items()}
    values["ExternalId"] = external_id
    properties = json.loads(
        json.dumps(connection["Properties"]), object_hook=lambda node: _value(node, values)
    )
    region = TOPIC.split(":")[3]
    bucket = f"cloudformation-custom-resource-response-{region.replace('-', '')}"
    return {
        "RequestType": "Create",
        "ServiceToken": properties["ServiceToken"],
        "ResponseURL": f"https://{bucket}.s3.amazonaws.com/key?X-Amz-Signature=0f",
        "StackId": f"arn:aws:cloudformation:{region}:{number}:stack/CavokCloud/6d8c3bb0",
        "RequestId": "0c1f2d3e-5a6b-4c7d-8e9f-001122334455",
        "LogicalResourceId": "CavokConnection",
        "ResourceType": connection["Type"],
        "ResourceProperties": properties,
    }


def published(message: Any) -> Json:
    """What the queue gets of a message to the topic of stacks. Source: SNS Developer Guide, "Amazon
    SNS message and JSON formats".
    """
    (subscription,) = of_type("AWS::SNS::Subscription").values()
    assert not subscription["RawMessageDelivery"], "then anybody could send what looks like events"
    return {"Type": "Notification", "TopicArn": TOPIC, "Message": json.dumps(message)}


def told_by_the_rule_of_changes(number: str) -> list[Json]:
    """What the rule of the customers' template sends when the role is changed in this account."""
    rule = member_template()["Resources"]["CavokChangesRule"]["Properties"]
    pattern = json.loads(
        json.dumps(rule["EventPattern"]).replace('{"Ref": "CavokRole"}', '"CavokCloud"')
    )
    assert pattern["detail"].pop("errorCode") == [{"exists": False}]
    calls = pattern["detail"]["eventName"]
    events = [event_of_iam(number, f"e-{call}", eventName=call) for call in calls]
    assert all(matches(pattern, each) for each in events)
    return events


TOPIC = f"arn:aws:sns:us-east-1:{WORKLOAD}:cavok-connections"


def _value(node: Json, values: Mapping[str, Any]) -> Any:
    return values[node["Ref"]] if "Ref" in node else node


@pytest.fixture
def eventbridge(monkeypatch: pytest.MonkeyPatch) -> EventBridge:
    made = EventBridge()
    monkeypatch.setattr(wiring, "bus", lambda: Bus(made, "cavok"))  # type: ignore[arg-type]
    for get, name in (
        ("followed_acts", "FollowedActs"),
        ("bulk_messages", "BulkOperations"),
        ("webhook_messages", "WebhookMessages"),
        ("webhook_retries", "WebhookRetries"),
        ("undelivered_webhooks", "UndeliveredWebhooks"),
    ):
        queue = Queue(made, f"https://sqs.example/{name}")  # type: ignore[arg-type]
        monkeypatch.setattr(wiring, get, lambda queue=queue: queue)
    monkeypatch.setenv("FREE_INTERACTIONS", "1")
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    return made


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Receiver:
    made = Receiver()
    monkeypatch.setattr(wiring, "webhook_client", lambda: made)
    return made


def fed_by_clocks() -> str:
    """The queue to which the clocks send, as the functions know it that set them."""
    (queue,) = {
        properties["Environment"]["Variables"]["FIRED_CLOCKS_URL"]["Ref"]
        for properties in FUNCTIONS.values()
        if "FIRED_CLOCKS_URL" in properties.get("Environment", {}).get("Variables", {})
    }
    return str(queue)


def queue_names() -> dict[str, str]:
    """The function that each queue feeds."""
    return {mapping["Queue"]["Fn::GetAtt"][0]: name for name, mapping in mappings("Queue")}


def deliver(target: str, events: list[Json]) -> None:
    """To a function directly, or through the queue that feeds it. Nothing may fail, nothing may be
    dropped.
    """
    if target in FUNCTIONS:
        for event in events:
            invoke(target, event)
        return
    assert target in queue_names(), f"{target}: neither a function nor a queue that feeds one"
    sent_at = Clock.time - IN_EFFECT_AFTER  # else what a stack says waits so long
    records = records_of(target, events, sent_at=sent_at)
    answer = invoke(queue_names()[target], {"Records": records})
    assert answer == {"batchItemFailures": []}, target


def records_of(
    queue: str, events: list[Json], received: int = 1, *, sent_at: datetime | None = None
) -> list[Json]:
    """Messages as Lambda takes them from a queue, received so often. `sent_at`: null is now."""
    sent = str(round(1000 * (sent_at or Clock.time).timestamp()))
    return [
        {
            "messageId": f"m-{index}",
            "receiptHandle": "r",
            "body": json.dumps(event),
            "attributes": {"ApproximateReceiveCount": str(received), "SentTimestamp": sent},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:us-east-1:123456789012:{queue}",
        }
        for index, event in enumerate(events)
    ]


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the template sets and the other tests here do not need. The namespace of metrics is read
    at import.
    """
    monkeypatch.setattr(metrics.provider, "namespace", "Cavok/Accounts")
    for name in ("CANARY_ROLE_ARN", "CANARY_EXTERNAL_ID"):
        monkeypatch.setenv(name, "not used: the account is entered with an access key")


@pytest.fixture(autouse=True)
def nothing_is_dropped(monkeypatch: pytest.MonkeyPatch) -> None:
    """A consumer that drops an event of ours has met one that it cannot take."""

    def refuse(error: Exception, message_id: object) -> None:
        raise AssertionError(f"dropped: {error}")

    for place in ("cavok.batches", "cavok.messages"):
        monkeypatch.setattr(importlib.import_module(place), "drop", refuse)
