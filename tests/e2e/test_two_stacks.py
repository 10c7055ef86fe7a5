"""Two stacks of the template in one account and region, which do not notice each other."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from local import aws, customers, deploy, process
from local import stack as local_stack
from local.customers import CUSTOMERS, CustomerAccount
from local.settings import STACK_NAME
from local.stack import Stack
from tests.support.bus import bus_listener
from tests.support.connections import Connected, connect
from tests.support.http import answer, problem, signed_in
from tests.support.organizations import Organization
from tests.support.waiting import wait_for

SECOND = "cavok-second"
NAMED_WITHIN = {"AWS::ApiGatewayV2::Stage", "AWS::Cognito::UserPoolGroup"}
"""Types whose physical IDs are names within an API and a pool of the stack's own."""


@pytest.fixture(scope="module")
def second(stack: Stack) -> Iterator[Stack]:
    emulator = process.running()
    assert emulator
    deploy.deploy_beside(emulator, SECOND)
    yield local_stack.describe(emulator, deploy.outputs(emulator, SECOND))
    aws.cloudformation(emulator.url).delete_stack(StackName=SECOND)


@pytest.fixture(scope="module")
def connected(second: Stack, new_place: Callable[[], CustomerAccount]) -> Iterator[Connected]:
    """An account that the second stack alone was told of, tested."""
    customer, place = CUSTOMERS["all-permissions"], new_place()
    with signed_in(second, second.users["admin"]) as admin:
        made = connect(admin, place)
        customers.prepare(
            customer, place.emulator_url, account_number=place.account_number, offer=made.offer()
        )
        made.test()
        yield made


def physical(stack: Stack, name: str) -> set[tuple[str, str]]:
    """Type and physical ID of each resource."""
    client = aws.client("cloudformation", stack.emulator_url)
    return {
        (each["ResourceType"], each["PhysicalResourceId"])
        for page in client.get_paginator("list_stack_resources").paginate(StackName=name)
        for each in page["StackResourceSummaries"]
        if each["ResourceType"] not in NAMED_WITHIN
    }


def test_they_share_no_resource(stack: Stack, second: Stack) -> None:
    ours, theirs = physical(stack, STACK_NAME), physical(second, SECOND)

    assert len(ours) == len(theirs)
    assert ours & theirs == set()


def test_a_test_in_one_does_not_appear_in_the_other(
    bus: Callable[[], list[dict[str, Any]]],
    second: Stack,
    connected: Connected,
    organization: Organization,
    new_place: Callable[[], CustomerAccount],
) -> None:
    assert connected.account()["status"] == "confirmed"
    with bus_listener(second) as theirs:
        connected.test()
        theirs.wait_for(connected.account_id, "Verification Finished")
    # What ours does after that is heard, so that what it did before would have been.
    mark = connect(organization.admin, new_place()).account_id
    wait_for(lambda: [event for event in bus() if mark in str(event)])

    problem(organization.admin.get(connected.path), 404)
    number = connected.place.account_number
    assert answer(organization.admin.get(f"/v1/accounts?q={number}"))["items"] == []
    assert [event for event in bus() if connected.account_id in str(event)] == []


def test_a_token_of_one_is_none_of_the_other(connected: Connected, stack: Stack) -> None:
    with signed_in(stack, stack.users["admin"]) as ours:
        assert ours.get("/v1/accounts").status_code == 200
        ours.base_url = connected.person.base_url
        assert ours.get("/v1/accounts").status_code == 401


def test_metrics_and_dashboards_say_whose_they_are(connected: Connected) -> None:
    client = aws.client("cloudwatch", connected.place.emulator_url)
    found = client.list_metrics(Namespace="Cavok/Accounts", MetricName="Verifications")["Metrics"]
    services = {d["Value"] for m in found for d in m["Dimensions"] if d["Name"] == "service"}
    dashboards = {each["DashboardName"] for each in client.list_dashboards()["DashboardEntries"]}

    assert SECOND in services
    assert {f"{SECOND}-us-east-1", f"{STACK_NAME}-us-east-1"} <= dashboards
