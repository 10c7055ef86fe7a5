"""A customer's stack tells Cavok of its role, and nobody presses Test."""

from __future__ import annotations

import json
from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import replace

import pytest

from local import aws
from local.customers import CustomerAccount, deploy
from local.faults import Fault, faults
from local.stack import Stack
from tests.support import inspection
from tests.support.connections import TEST_SECONDS, Connected, connect
from tests.support.http import answer
from tests.support.organizations import Organization
from tests.support.waiting import wait_for

pytestmark = pytest.mark.timeout(900)  # longer than its waits together
AGAIN_SECONDS = 180
"""A message that was not taken comes again after three minutes."""
CONFIRMED_WITHIN = AGAIN_SECONDS + TEST_SECONDS


@pytest.fixture
def speaking(organization: Organization, new_place: Callable[[], CustomerAccount]) -> Connected:
    """An account whose stack was deployed, and spoke."""
    connected = connect(organization.admin, new_place())
    deploy_speaking(connected)
    return connected


def deploy_speaking(connected: Connected) -> None:
    offer = connected.offer()
    deploy(
        connected.place,
        replace(offer, parameters=offer.parameters | {"ReportConnection": "Yes"}),
    )


def status_of(connected: Connected) -> str:
    return str(connected.account()["status"])


def wait_until_confirmed(speaking: Connected) -> None:
    wait_for(
        lambda: status_of(speaking),
        "confirmed".__eq__,
        what="the stack spoke",
        seconds=CONFIRMED_WITHIN,
    )


def refusals(stack: Stack) -> int:
    """How often a test with an execution of its own was refused so far."""
    lines = inspection.log_lines(stack, "/probe_account")
    return sum("EntryRefusedYet" in line for line in lines)


def aws_does_not_follow_yet(place: CustomerAccount) -> AbstractContextManager[None]:
    """A new role cannot be assumed for 10 to 30 seconds."""
    assuming = ["AssumeRole", place.account_number]
    return faults(Fault("sts", body_contains=assuming, status=403, code="AccessDenied"))


def test_the_account_is_confirmed_by_itself_once_aws_follows_and_disconnected_with_its_stack(
    stack: Stack, organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    speaking = connect(organization.admin, new_place())
    before = refusals(stack)
    with aws_does_not_follow_yet(speaking.place):
        deploy_speaking(speaking)
        wait_for(
            lambda: refusals(stack) > before,
            what="its first test was refused",
            seconds=CONFIRMED_WITHIN,
        )
    wait_until_confirmed(speaking)
    (test,) = answer(speaking.person.get(f"{speaking.path}/verifications"))["items"]
    assert (test["trigger"], test["outcome"]) == ("scheduled", "confirmed")

    cloudformation = speaking.place.client("cloudformation")
    cloudformation.delete_stack(StackName="CavokCloud")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="CavokCloud", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )

    wait_for(lambda: status_of(speaking), "failed".__eq__, seconds=420, what="the role is gone")
    (issue,) = speaking.account()["issues"]
    assert issue["code"] == "disconnected"


def test_a_stranger_may_speak_and_changes_nothing(
    stack: Stack, speaking: Connected, new_place: Callable[[], CustomerAccount]
) -> None:
    """Even with the external ID, of an account that is not the organization's."""
    wait_until_confirmed(speaking)
    stranger, before = new_place(), speaking.account()
    topic = f"arn:aws:sns:us-east-1:{stack.workload_account_id}:cavok-local-connections"
    said = {
        "RequestType": "Delete",
        "ResponseURL": "http://169.254.169.254/latest/meta-data/",
        "StackId": f"arn:aws:cloudformation:us-east-1:{stranger.account_number}:stack/a/b",
        "RequestId": "0c1f2d3e",
        "LogicalResourceId": "CavokConnection",
        "ResourceProperties": {"ExternalId": speaking.offer().external_id},
    }

    stranger.client("sns").publish(TopicArn=topic, Message=json.dumps(said))
    stranger.client("sns").publish(TopicArn=topic, Message="Hello?")

    sqs = aws.client("sqs", stack.emulator_url, stack.workload_account_id)
    names = sqs.list_queues()["QueueUrls"]
    (hints,) = (url for url in names if "ConnectionHints" in url)
    counts = ["ApproximateNumberOfMessages", "ApproximateNumberOfMessagesNotVisible"]
    wait_for(
        lambda: sqs.get_queue_attributes(QueueUrl=hints, AttributeNames=counts)["Attributes"],
        lambda found: {*found.values()} == {"0"},
        what="both were taken",
        seconds=AGAIN_SECONDS + 60,
    )
    assert speaking.account() == before


def test_a_stack_goes_on_although_nobody_here_has_its_account(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    """It is made, updated and deleted."""
    offer = connect(organization.admin, new_place()).offer()
    chosen = replace(offer, parameters=offer.parameters | {"ReportConnection": "Yes"})
    unknown = new_place()

    deploy(unknown, chosen)
    deploy(unknown, replace(chosen, parameters=chosen.parameters | {"WriteLogs": "No"}))

    cloudformation = unknown.client("cloudformation")
    (made,) = cloudformation.describe_stacks(StackName="CavokCloud")["Stacks"]
    assert made["StackStatus"] == "UPDATE_COMPLETE"
    cloudformation.delete_stack(StackName="CavokCloud")
    cloudformation.get_waiter("stack_delete_complete").wait(
        StackName="CavokCloud", WaiterConfig={"Delay": 1, "MaxAttempts": 60}
    )
