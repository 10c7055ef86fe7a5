"""How the emulator asks the provider of a custom resource through an SNS topic."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

import pytest

from tests.support.piped_emulator import PipedEmulator, in_the_end

pytestmark = pytest.mark.timeout(900)  # longer than `in_the_end` waits
REGION = "us-east-1"


class Provider:
    """An account whose topic takes requests of everybody's, and reads them from a queue."""

    def __init__(self, emulator: PipedEmulator, number: str) -> None:
        self.emulator = emulator
        self.number = number
        self.topic = f"arn:aws:sns:{REGION}:{number}:doors"
        self.sns = emulator.client("sns", number)
        self._sqs = emulator.client("sqs", number)
        self.sns.create_topic(Name="doors")
        self.let_publish("*")
        longest = {"VisibilityTimeout": "43200"}
        self._queue = self._sqs.create_queue(QueueName="doors", Attributes=longest)["QueueUrl"]
        queue = f"arn:aws:sqs:{REGION}:{number}:doors"
        from_topic = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": queue,
            "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}},
        }
        self._sqs.set_queue_attributes(
            QueueUrl=self._queue, Attributes={"Policy": text(from_topic)}
        )
        self.sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=queue)

    def let_publish(self, principal: str) -> None:
        everybody = {
            "Effect": "Allow",
            "Principal": {"AWS": principal},
            "Action": "sns:Publish",
            "Resource": self.topic,
        }
        self.sns.set_topic_attributes(
            TopicArn=self.topic, AttributeName="Policy", AttributeValue=text(everybody)
        )

    def notified(self) -> dict[str, Any]:
        """The next notification of the topic."""

        def look() -> dict[str, Any] | None:
            for message in self._sqs.receive_message(QueueUrl=self._queue).get("Messages", []):
                self._sqs.delete_message(
                    QueueUrl=self._queue, ReceiptHandle=message["ReceiptHandle"]
                )
                found: dict[str, Any] = json.loads(message["Body"])
                return found
            return None

        return in_the_end(look, what="the topic tells something")

    def asked(self) -> dict[str, Any]:
        """The next request of a stack."""
        request: dict[str, Any] = json.loads(self.notified()["Message"])
        return request

    def answer(self, request: dict[str, Any], **fields: Any) -> int:
        copied = {name: request[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
        response = {"Status": "SUCCESS", "PhysicalResourceId": "door-1", **copied, **fields}
        return self.put(request, json.dumps(response).encode())

    def put(self, request: dict[str, Any], body: bytes) -> int:
        return self.emulator.request("PUT", request["ResponseURL"], body)[0]


class Customer:
    """An account with one stack, whose custom resource the provider makes."""

    def __init__(self, emulator: PipedEmulator, number: str) -> None:
        self.number = number
        self.cloudformation = emulator.client("cloudformation", number)

    def create(self, token: str, **properties: Any) -> None:
        self.cloudformation.create_stack(
            StackName="house", TemplateBody=stack_template(token, **properties)
        )

    def update(self, token: str, **properties: Any) -> None:
        self.cloudformation.update_stack(
            StackName="house", TemplateBody=stack_template(token, **properties)
        )

    def stack(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloudformation.describe_stacks(StackName=self.stack_id)[
            "Stacks"
        ][0]
        return found

    @property
    def stack_id(self) -> str:
        return str(self.events()[0]["StackId"])

    def ends(self, status: str) -> None:
        stack = in_the_end(self.stack, lambda found: not found["StackStatus"].endswith("PROGRESS"))
        assert stack["StackStatus"] == status

    def events(self) -> list[dict[str, Any]]:
        events: list[dict[str, Any]] = self.cloudformation.describe_stack_events(StackName="house")[
            "StackEvents"
        ]
        return events

    def reason(self, status: str) -> str:
        """Why the door has this status."""
        (reason,) = [
            event["ResourceStatusReason"]
            for event in self.events()
            if (event["LogicalResourceId"], event["ResourceStatus"]) == ("Door", status)
        ]
        return str(reason)


def text(*statements: dict[str, Any]) -> str:
    return json.dumps({"Version": "2012-10-17", "Statement": list(statements)})


def stack_template(token: str, **properties: Any) -> str:
    door = {"Type": "Custom::Door", "Properties": {"ServiceToken": token, **properties}}
    outputs = {"Door": {"Value": {"Ref": "Door"}}, "Key": {"Value": {"Fn::GetAtt": "Door.Key"}}}
    return json.dumps({"Resources": {"Door": door}, "Outputs": outputs})


@pytest.fixture
def provider(emulator: PipedEmulator, new_account_number: Callable[[], str]) -> Provider:
    return Provider(emulator, new_account_number())


@pytest.fixture
def customer(emulator: PipedEmulator, new_account_number: Callable[[], str]) -> Customer:
    return Customer(emulator, new_account_number())


@pytest.fixture
def made(provider: Provider, customer: Customer) -> dict[str, Any]:
    """The request that made the customer's door."""
    customer.create(provider.topic, Color="red", Locked=True, Panes=[1, 2])
    request = provider.asked()
    provider.answer(request, Data={"Key": "under the mat"})
    customer.ends("CREATE_COMPLETE")
    return request


def test_a_topic_of_another_account_is_told_what_to_create_and_the_stack_waits(
    provider: Provider, customer: Customer
) -> None:
    customer.create(provider.topic, Color="red", Locked=True, Panes=[1, 2])

    notified = provider.notified()

    assert notified["TopicArn"] == provider.topic
    assert notified["Subject"] == "AWS CloudFormation custom resource request"
    request = json.loads(notified["Message"])
    assert list(request) == [
        "RequestType",
        "ServiceToken",
        "ResponseURL",
        "StackId",
        "RequestId",
        "LogicalResourceId",
        "ResourceType",
        "ResourceProperties",
    ]
    assert request["RequestType"] == "Create"
    assert request["ServiceToken"] == provider.topic
    assert request["StackId"].startswith(
        f"arn:aws:cloudformation:{REGION}:{customer.number}:stack/house/"
    )
    assert (request["LogicalResourceId"], request["ResourceType"]) == ("Door", "Custom::Door")
    assert request["ResourceProperties"] == {
        "ServiceToken": provider.topic,
        "Color": "red",
        "Locked": "true",
        "Panes": ["1", "2"],
    }
    assert customer.stack()["StackStatus"] == "CREATE_IN_PROGRESS"

    assert provider.answer(request, Data={"Key": "under the mat"}) == 200

    customer.ends("CREATE_COMPLETE")
    outputs = {each["OutputKey"]: each["OutputValue"] for each in customer.stack()["Outputs"]}
    assert outputs == {"Door": "door-1", "Key": "under the mat"}


def test_the_address_for_a_response_is_a_presigned_one_of_a_bucket_of_the_region(
    made: dict[str, Any],
) -> None:
    url = urlsplit(made["ResponseURL"])

    bucket, key = unquote(url.path).removeprefix("/").split("/", 1)
    assert bucket == "cloudformation-custom-resource-response-useast1"
    assert key == f"{made['StackId']}|Door|{made['RequestId']}"
    query = parse_qs(url.query)
    assert (query["X-Amz-SignedHeaders"], query["X-Amz-Expires"]) == (["host"], ["7200"])


def test_an_update_tells_what_changed_and_a_deletion_which_resource(
    provider: Provider, customer: Customer, made: dict[str, Any]
) -> None:
    customer.update(provider.topic, Color="blue")
    request = provider.asked()

    assert request["RequestType"] == "Update"
    assert request["PhysicalResourceId"] == "door-1"
    assert request["ResourceProperties"] == {"ServiceToken": provider.topic, "Color": "blue"}
    assert request["OldResourceProperties"] == made["ResourceProperties"]
    assert (request["StackId"], request["RequestId"] != made["RequestId"]) == (
        made["StackId"],
        True,
    )
    provider.answer(request, Data={"Key": "lost"})
    customer.ends("UPDATE_COMPLETE")

    stack_id = customer.stack_id
    customer.cloudformation.delete_stack(StackName="house")
    request = provider.asked()

    assert (request["RequestType"], request["PhysicalResourceId"]) == ("Delete", "door-1")
    assert "OldResourceProperties" not in request
    provider.answer(request)
    described = customer.cloudformation.describe_stacks
    in_the_end(
        lambda: described(StackName=stack_id)["Stacks"][0]["StackStatus"] == "DELETE_COMPLETE",
        what="the stack is deleted",
    )


def test_an_update_that_makes_another_resource_deletes_the_old_one(
    provider: Provider, customer: Customer, made: dict[str, Any]
) -> None:
    customer.update(provider.topic, Color="blue")
    provider.answer(provider.asked(), PhysicalResourceId="door-2", Data={"Key": "new"})

    request = provider.asked()

    assert (request["RequestType"], request["PhysicalResourceId"]) == ("Delete", "door-1")
    provider.answer(request)
    customer.ends("UPDATE_COMPLETE")


def test_a_failure_is_the_stacks_with_its_reason_and_the_provider_cleans_up(
    provider: Provider, customer: Customer
) -> None:
    customer.create(provider.topic)
    request = provider.asked()
    provider.answer(request, Status="FAILED", Reason="No wood.")

    deletion = provider.asked()

    assert (deletion["RequestType"], deletion["PhysicalResourceId"]) == ("Delete", "door-1")
    provider.answer(deletion)
    customer.ends("ROLLBACK_COMPLETE")
    assert customer.reason("CREATE_FAILED") == (
        "Received response status [FAILED] from custom resource. "
        f"Message returned: No wood. (RequestId: {request['RequestId']})"
    )


def test_a_stack_that_hears_nothing_for_its_timeout_fails_and_asks_to_clean_up(
    emulator: PipedEmulator, provider: Provider, customer: Customer
) -> None:
    customer.create(provider.topic, ServiceTimeout=600)
    request = provider.asked()
    emulator.let_pass(599)
    assert customer.stack()["StackStatus"] == "CREATE_IN_PROGRESS"
    emulator.let_pass(1)

    deletion = provider.asked()

    assert deletion["RequestType"] == "Delete"
    assert deletion["PhysicalResourceId"].startswith("house-Door-")
    provider.answer(deletion, PhysicalResourceId=deletion["PhysicalResourceId"])
    customer.ends("ROLLBACK_COMPLETE")
    reason = customer.reason("CREATE_FAILED")
    assert reason.startswith("CloudFormation did not receive a response from your Custom Resource.")
    assert f"requestId [{request['RequestId']}]" in reason


def test_a_deletion_that_fails_leaves_the_stack(
    provider: Provider, customer: Customer, made: dict[str, Any]
) -> None:
    customer.cloudformation.delete_stack(StackName="house")
    provider.answer(provider.asked(), Status="FAILED", Reason="It is stuck.")

    customer.ends("DELETE_FAILED")
    assert "It is stuck." in customer.reason("DELETE_FAILED")


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"PhysicalResourceId": ""}, "Invalid PhysicalResourceId"),
        ({"PhysicalResourceId": "x" * 1025}, "Invalid PhysicalResourceId"),
        ({"Data": {"Key": "x" * 4096}}, "Response object is too long."),
        ({"RequestId": "another"}, "Invalid Response object."),
        ({"StackId": "another"}, "Invalid Response object."),
    ],
)
def test_a_response_that_breaks_the_rules_fails_the_resource(
    provider: Provider, customer: Customer, change: dict[str, Any], reason: str
) -> None:
    customer.create(provider.topic)
    provider.answer(provider.asked(), **change)

    provider.answer(provider.asked())
    customer.ends("ROLLBACK_COMPLETE")
    assert customer.reason("CREATE_FAILED") == reason


def test_only_who_has_the_address_answers(
    emulator: PipedEmulator, provider: Provider, customer: Customer
) -> None:
    customer.create(provider.topic)
    request = provider.asked()
    url = request["ResponseURL"]

    for stranger in (url.split("?")[0], f"{url}0", url.replace("%7CDoor%7C", "%7CGate%7C")):
        assert emulator.request("PUT", stranger, b"{}")[0] == 403
    assert emulator.request("GET", url)[0] == 403
    assert customer.stack()["StackStatus"] == "CREATE_IN_PROGRESS"

    assert provider.answer(request, Data={"Key": "mine"}) == 200
    customer.ends("CREATE_COMPLETE")
    assert provider.answer(request, Data={"Key": "again"}) == 200

    emulator.let_pass(7201)
    assert provider.answer(request, Data={"Key": "late"}) == 403


def test_the_topics_policy_says_whose_stacks_may_ask(
    provider: Provider, customer: Customer
) -> None:
    provider.let_publish("arn:aws:iam::123456789012:root")

    customer.create(provider.topic)

    customer.ends("ROLLBACK_COMPLETE")
    reason = customer.reason("CREATE_FAILED")
    assert f"is not authorized to perform: sns:Publish on resource: {provider.topic}" in reason
    assert "Status Code: 403; Error Code: AuthorizationError" in reason


@pytest.mark.parametrize(
    ("name", "region", "words"),
    [
        ("absent", REGION, "Error Code: NotFound"),
        (
            "doors",
            "eu-central-1",
            "Invalid parameter: TopicArn (Service: AmazonSNS; Status Code: 400",
        ),
    ],
)
def test_a_topic_that_is_absent_or_elsewhere_is_no_provider(
    provider: Provider, customer: Customer, name: str, region: str, words: str
) -> None:
    provider.emulator.client("sns", provider.number, region).create_topic(Name="doors")

    customer.create(f"arn:aws:sns:{region}:{provider.number}:{name}")

    customer.ends("ROLLBACK_COMPLETE")
    assert words in customer.reason("CREATE_FAILED")


def test_a_resource_keeps_its_provider(
    provider: Provider, customer: Customer, made: dict[str, Any]
) -> None:
    provider.sns.create_topic(Name="other")

    customer.update(f"{provider.topic.rsplit(':', 1)[0]}:other")

    customer.ends("UPDATE_ROLLBACK_COMPLETE")
    assert customer.reason("UPDATE_FAILED") == "Modifying service token is not allowed."
