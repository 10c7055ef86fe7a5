"""CloudFormation asks the provider of a custom resource through an SNS topic, and waits."""

from __future__ import annotations

import json
import re
import time
import urllib.request
from typing import Any
from urllib.parse import unquote, urlsplit

import pytest
from botocore.exceptions import WaiterError

from tests.contract.place import ON_LOOPBACK, Place

ASKED_WITHIN = 120.0
"""Seconds."""
TIMEOUT = "300"
"""Seconds that a stack waits for a response, so that none hangs for an hour when a test fails."""
ON_S3 = re.compile(
    r"cloudformation-custom-resource-response-[a-z0-9]+\.s3[.-][a-z0-9.-]*amazonaws\.com"
)


class Provider:
    """A topic, and the requests that it tells a queue."""

    def __init__(self, place: Place) -> None:
        sns, self._sqs = place.client("sns"), place.client("sqs")
        self.topic = sns.create_topic(Name=place.name("provider"))["TopicArn"]
        place.later(sns.delete_topic, TopicArn=self.topic)
        allowed = {
            "Effect": "Allow",
            "Principal": {"Service": "sns.amazonaws.com"},
            "Action": "sqs:SendMessage",
            "Resource": "*",
            "Condition": {"ArnEquals": {"aws:SourceArn": self.topic}},
        }
        policy = json.dumps({"Version": "2012-10-17", "Statement": [allowed]})
        made = self._sqs.create_queue(
            QueueName=place.name("provider"), Attributes={"Policy": policy}
        )
        self._queue = made["QueueUrl"]
        place.later(self._sqs.delete_queue, QueueUrl=self._queue)
        attributes = self._sqs.get_queue_attributes(
            QueueUrl=self._queue, AttributeNames=["QueueArn"]
        )
        queue_arn = attributes["Attributes"]["QueueArn"]
        sns.subscribe(TopicArn=self.topic, Protocol="sqs", Endpoint=queue_arn)

    def asked(self) -> dict[str, Any]:
        deadline = time.monotonic() + ASKED_WITHIN
        while True:
            got = self._sqs.receive_message(QueueUrl=self._queue, WaitTimeSeconds=2)
            for message in got.get("Messages", []):
                receipt = message["ReceiptHandle"]
                self._sqs.delete_message(QueueUrl=self._queue, ReceiptHandle=receipt)
                notified = json.loads(message["Body"])
                assert notified["Subject"] == "AWS CloudFormation custom resource request"
                request: dict[str, Any] = json.loads(notified["Message"])
                return request
            assert time.monotonic() < deadline, "nothing was asked"


def answer(request: dict[str, Any], status: str, **fields: Any) -> None:
    copied = {name: request[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    response = {"Status": status, "PhysicalResourceId": "contract-1", **copied, **fields}
    put = urllib.request.Request(
        request["ResponseURL"],
        json.dumps(response).encode(),
        {"Content-Type": ""},
        method="PUT",
    )
    with urllib.request.urlopen(put, timeout=30) as answered:
        assert answered.status == 200


@pytest.fixture(scope="module")
def provider(place: Place) -> Provider:
    return Provider(place)


def create(place: Place, provider: Provider, what: str) -> tuple[Any, str]:
    """A stack with nothing but a custom resource: a client, and the stack's name."""
    cloudformation, name = place.client("cloudformation"), place.name(what)
    properties = {"ServiceToken": provider.topic, "ServiceTimeout": TIMEOUT, "Number": 1}
    resource = {"Type": "Custom::CavokContract", "Properties": properties}
    template = json.dumps({"Resources": {"Contract": resource}})
    cloudformation.create_stack(StackName=name, TemplateBody=template)
    place.later(cloudformation.delete_stack, StackName=name)
    return cloudformation, name


def test_a_topic_is_asked_and_the_response_goes_to_s3(place: Place, provider: Provider) -> None:
    cloudformation, name = create(place, provider, "asks")
    request = provider.asked()

    assert request["RequestType"] == "Create"
    assert request["ServiceToken"] == provider.topic
    assert request["StackId"].startswith(
        f"arn:aws:cloudformation:{place.region}:{place.account_number}:stack/{name}/"
    )
    assert request["ResourceProperties"]["Number"] == "1"
    url = urlsplit(request["ResponseURL"])
    key = f"{request['StackId']}|Contract|{request['RequestId']}"
    assert unquote(url.path).endswith(f"/{key}")
    if not ON_LOOPBACK:
        assert url.scheme == "https"
        assert ON_S3.fullmatch(url.netloc)
        assert url.netloc.split(".")[0].endswith(f"-{place.region.replace('-', '')}")
    answer(request, "SUCCESS")
    cloudformation.get_waiter("stack_create_complete").wait(StackName=name)

    cloudformation.delete_stack(StackName=name)
    request = provider.asked()
    assert (request["RequestType"], request["PhysicalResourceId"]) == ("Delete", "contract-1")
    answer(request, "SUCCESS")
    cloudformation.get_waiter("stack_delete_complete").wait(StackName=name)


def test_a_failed_creation_has_its_reason_and_is_deleted(place: Place, provider: Provider) -> None:
    cloudformation, name = create(place, provider, "fails")
    request = provider.asked()
    answer(request, "FAILED", Reason="On purpose.")

    deletion = provider.asked()

    assert (deletion["RequestType"], deletion["PhysicalResourceId"]) == ("Delete", "contract-1")
    answer(deletion, "SUCCESS")
    with pytest.raises(WaiterError, match="ROLLBACK_COMPLETE"):
        cloudformation.get_waiter("stack_create_complete").wait(StackName=name)
    events = cloudformation.describe_stack_events(StackName=name)["StackEvents"]
    reasons = [each.get("ResourceStatusReason", "") for each in events]
    assert (
        "Received response status [FAILED] from custom resource. Message returned: On purpose. "
        f"(RequestId: {request['RequestId']})"
    ) in reasons
