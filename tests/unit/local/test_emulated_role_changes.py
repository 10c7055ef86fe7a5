"""How the emulator tells another account's bus that a role was changed."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest

from tests.support.piped_emulator import PipedEmulator, in_the_end

pytestmark = pytest.mark.timeout(900)  # longer than `in_the_end` waits
REGION = "us-east-1"


def statement(**fields: Any) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **fields}]})


class Hearing:
    """An account whose bus takes events of IAM of everybody's, and sends them to a queue."""

    def __init__(self, emulator: PipedEmulator, number: str) -> None:
        self.number, self.bus = number, f"arn:aws:events:{REGION}:{number}:event-bus/changes"
        policy = {
            "Effect": "Allow",
            "Principal": {"AWS": "*"},
            "Action": "events:PutEvents",
            "Resource": self.bus,
            "Condition": {"ForAllValues:StringEquals": {"events:source": ["aws.iam"]}},
        }
        queue = {"Fn::GetAtt": ["Queue", "Arn"]}
        bus = {"Name": "changes", "Policy": {"Version": "2012-10-17", "Statement": [policy]}}
        rule = {
            "EventBusName": {"Ref": "Bus"},
            "EventPattern": {"source": [{"prefix": ""}]},
            "Targets": [{"Id": "queue", "Arn": queue}],
        }
        resources = {
            "Bus": {"Type": "AWS::Events::EventBus", "Properties": bus},
            "Queue": {"Type": "AWS::SQS::Queue", "Properties": {"QueueName": "changes"}},
            "Rule": {"Type": "AWS::Events::Rule", "Properties": rule},
        }
        stacks = emulator.client("cloudformation", number)
        stacks.create_stack(StackName="hear", TemplateBody=json.dumps({"Resources": resources}))
        self._sqs = emulator.client("sqs", number)
        self._queue = in_the_end(
            lambda: self._sqs.list_queues().get("QueueUrls", [None])[0], what="the stack is there"
        )
        in_the_end(
            lambda: stacks.describe_stacks()["Stacks"][0]["StackStatus"] == "CREATE_COMPLETE",
            what="the stack is complete",
        )

    def heard(self) -> list[dict[str, Any]]:
        got = self._sqs.receive_message(QueueUrl=self._queue, MaxNumberOfMessages=10)
        return [json.loads(each["Body"]) for each in got.get("Messages", [])]


class Telling:
    """An account with a trail, and a rule that sends all events of one source to that bus."""

    def __init__(self, emulator: PipedEmulator, number: str, bus: str) -> None:
        self.number, self.iam = number, emulator.client("iam", number)
        self.events, self.trails = (
            emulator.client("events", number),
            emulator.client("cloudtrail", number),
        )
        self.iam.create_role(
            RoleName="tells",
            AssumeRolePolicyDocument=statement(
                Principal={"Service": "events.amazonaws.com"}, Action="sts:AssumeRole"
            ),
        )
        self.may_send_to(bus)
        self.trails.create_trail(Name="all", S3BucketName="trail")
        self.trails.start_logging(Name="all")
        self.send({"source": ["aws.iam"]}, bus)

    def may_send_to(self, bus: str) -> None:
        self.iam.put_role_policy(
            RoleName="tells",
            PolicyName="tells",
            PolicyDocument=statement(Action="events:PutEvents", Resource=bus),
        )

    def send(self, pattern: dict[str, Any], bus: str) -> None:
        role = f"arn:aws:iam::{self.number}:role/tells"
        self.events.put_rule(Name="tell", EventPattern=json.dumps(pattern))
        self.events.put_targets(Rule="tell", Targets=[{"Id": "bus", "Arn": bus, "RoleArn": role}])

    def change(self, for_account: str | None = None) -> None:
        """The trust of the role with which it tells."""
        only = {"StringEquals": {"aws:SourceAccount": for_account}}
        self.iam.update_assume_role_policy(
            RoleName="tells",
            PolicyDocument=statement(
                Principal={"Service": "events.amazonaws.com"},
                Action="sts:AssumeRole",
                Condition=only if for_account else {},
            ),
        )


@pytest.fixture
def hearing(emulator: PipedEmulator, new_account_number: Callable[[], str]) -> Hearing:
    return Hearing(emulator, new_account_number())


@pytest.fixture
def telling(
    emulator: PipedEmulator, new_account_number: Callable[[], str], hearing: Hearing
) -> Telling:
    return Telling(emulator, new_account_number(), hearing.bus)


def test_a_change_of_a_role_is_told_to_a_bus_of_another_account_once(
    hearing: Hearing, telling: Telling
) -> None:
    telling.change()

    (event,) = hearing.heard()
    assert (event["account"], event["source"]) == (telling.number, "aws.iam")
    detail = event["detail"]
    assert (detail["eventName"], detail["requestParameters"]["roleName"]) == (
        "UpdateAssumeRolePolicy",
        "tells",
    )
    assert detail["userIdentity"]["arn"] == f"arn:aws:iam::{telling.number}:root"


def test_a_call_that_fails_is_not_told(hearing: Hearing, telling: Telling) -> None:
    with pytest.raises(telling.iam.exceptions.NoSuchEntityException):
        telling.iam.delete_role(RoleName="absent")

    assert hearing.heard() == []


def test_without_a_trail_that_logs_nothing_is_told(hearing: Hearing, telling: Telling) -> None:
    telling.trails.stop_logging(Name="all")

    telling.change()

    assert hearing.heard() == []


def test_a_role_that_may_not_send_there_sends_nothing(hearing: Hearing, telling: Telling) -> None:
    telling.may_send_to(hearing.bus + "-other")
    hearing.heard()

    telling.change()

    assert hearing.heard() == []


def test_a_role_for_rules_of_another_account_sends_nothing(
    hearing: Hearing, telling: Telling
) -> None:
    telling.change(for_account=telling.number)
    assert len(hearing.heard()) == 1

    telling.change(for_account=hearing.number)

    assert hearing.heard() == []


def test_a_bus_takes_no_events_that_its_policy_does_not_name(
    hearing: Hearing, telling: Telling
) -> None:
    telling.send({"source": ["own"]}, hearing.bus)

    telling.events.put_events(
        Entries=[{"Source": "own", "DetailType": "AWS API Call via CloudTrail", "Detail": "{}"}]
    )

    assert hearing.heard() == []


def test_what_came_from_another_account_is_not_sent_on_to_a_third(
    emulator: PipedEmulator,
    new_account_number: Callable[[], str],
    hearing: Hearing,
    telling: Telling,
) -> None:
    third = Hearing(emulator, new_account_number())
    iam, events = emulator.client("iam", hearing.number), emulator.client("events", hearing.number)
    trust = statement(Principal={"Service": "events.amazonaws.com"}, Action="sts:AssumeRole")
    iam.create_role(RoleName="on", AssumeRolePolicyDocument=trust)
    allowed = statement(Action="events:PutEvents", Resource=third.bus)
    iam.put_role_policy(RoleName="on", PolicyName="on", PolicyDocument=allowed)
    where = {"EventBusName": "changes"}
    events.put_rule(Name="on", EventPattern=json.dumps({"source": ["aws.iam"]}), **where)
    role = f"arn:aws:iam::{hearing.number}:role/on"
    events.put_targets(
        Rule="on", Targets=[{"Id": "bus", "Arn": third.bus, "RoleArn": role}], **where
    )

    telling.change()

    assert (len(hearing.heard()), third.heard()) == (1, [])
