"""What the tests of the deployed local stack share: organizations, accounts, and the sample
customers' first tests.
"""

from __future__ import annotations

import json
import random
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace
from typing import Any

import pytest

from local import aws, customers
from local.customers import CUSTOMERS, Customer, CustomerAccount
from local.stack import Stack
from tests.e2e.using import (
    ScheduledStop,
    Use,
    Used,
    connect_and_use,
    fall_back_on_schedule,
    schedule_a_stop,
)
from tests.support import journeys
from tests.support.fixtures import (
    declare,
    invariants,
    let_the_last_test_drain,
    one_month,
    own_organization,
    stack,
)
from tests.support.http import answer
from tests.support.invariants import Invariants
from tests.support.journeys import Journeys
from tests.support.organizations import Organization, new_organization

__all__ = ["declare", "invariants", "one_month", "own_organization", "stack"]

TESTS_AT_ONCE = 3
"""A test probes six permissions at a time, each in a process of its own on this machine."""


@pytest.hookimpl(trylast=True)  # when -k and -m have chosen
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    items.sort(key=lambda item: item.get_closest_marker("last") is not None)
    let_the_last_test_drain(items)


@pytest.fixture(scope="session")
def new_account_number() -> Callable[[], str]:
    """Makes 12-digit account numbers that no other test uses."""
    return lambda: f"7{random.randrange(10**11):011d}"


@pytest.fixture(scope="session")
def new_place(stack: Stack, new_account_number: Callable[[], str]) -> Callable[[], CustomerAccount]:
    """Makes AWS accounts that nobody used before."""
    return lambda: CustomerAccount(stack.emulator_url, new_account_number())


@pytest.fixture(scope="session")
def organization(stack: Stack) -> Iterator[Organization]:
    with new_organization(stack) as made:
        yield made


@pytest.fixture(scope="session")
def other_organization(stack: Stack) -> Iterator[Organization]:
    with new_organization(stack) as made:
        yield made


@pytest.fixture(scope="session")
def journeys_of_all(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> Iterator[Journeys]:
    """Every sample customer, and some more, connected and tested for the first time."""
    admin = organization.admin
    policy = answer(admin.get("/v1/permissions"))["policy_document"]
    with ThreadPoolExecutor(TESTS_AT_ONCE) as pool, ThreadPoolExecutor() as waiting:
        yield Journeys(
            {
                customer.key: (pool if _gets_in(customer) else waiting).submit(
                    journeys.connect_and_test, admin, customer, new_place(), policy
                )
                for customer in _sample_customers(new_place)
            }
        )


def _gets_in(customer: Customer) -> bool:
    """Whether a test gets as far as the probes; else it mostly waits."""
    return customer.has_role and customer.change is not customers.delete_keys


def _sample_customers(new_place: Callable[[], CustomerAccount]) -> list[Customer]:
    """The sample customers, none of whom shares an account with the demo's, and some more."""
    own = [
        replace(customer, keys_from=customer.keys_from and new_place().account_number)
        for customer in CUSTOMERS.values()
    ]
    return [
        *own,
        replace(CUSTOMERS["all-permissions"], key="logs-off", write_logs=False),
        replace(CUSTOMERS["access-key"], key="deleted-key", change=customers.delete_keys),
    ]


@pytest.fixture(scope="session")
def use(organization: Organization, new_place: Callable[[], CustomerAccount]) -> Use:
    """Connects a sample customer's account, tested."""
    return lambda *args, **fields: connect_and_use(organization.admin, new_place(), *args, **fields)


@pytest.fixture(scope="module")
def used(use: Use) -> Used:
    made = use()
    assert made.connected.account()["status"] == "confirmed"
    return made


@pytest.fixture(scope="session")
def scheduled_stop(use: Use) -> ScheduledStop:
    """A database under a schedule whose window ends two minutes after the first test."""
    return schedule_a_stop(use(), "orders")


@pytest.fixture(scope="session")
def stop_whose_key_is_used(use: Use) -> ScheduledStop:
    """The same, where a client has sent a request with the key of the schedule's turn."""
    planned = schedule_a_stop(use(write_logs=False), "orders")
    connected = planned.used.connected
    early = connected.person.post(
        f"{connected.path}/instances/rds/{planned.instance_id}/stop",
        params={"region": "us-east-1"},
        headers={"Idempotency-Key": f"{planned.resource['resource_id']}/{planned.at.isoformat()}"},
    )
    answer(early)
    return planned


@pytest.fixture(scope="session")
def fallen_turn(use: Use) -> Iterator[Future[tuple[Used, list[dict[str, Any]]]]]:
    """A schedule's start that falls back until the customer grants what it lacks, while other tests
    run. Gives the connection, and the turns when that was granted.
    """
    used = use()
    with ThreadPoolExecutor(1) as pool:
        yield pool.submit(lambda: (used, fall_back_on_schedule(used)))


@pytest.fixture
def bus(stack: Stack) -> Iterator[Callable[[], list[dict[str, Any]]]]:
    """What the bus tells from now on, as a rule of another service's hears it."""
    name = f"e2e-{time.time_ns()}"
    sqs, events = aws.client("sqs", stack.emulator_url), aws.client("events", stack.emulator_url)
    url = sqs.create_queue(QueueName=name)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]
    pattern = json.dumps({"source": [{"prefix": "cavok."}]})
    rule = {"Name": name, "EventBusName": stack.event_bus_name}
    events.put_rule(**rule, EventPattern=pattern)
    targets = [{"Id": "queue", "Arn": arn["QueueArn"]}]
    events.put_targets(Rule=name, EventBusName=stack.event_bus_name, Targets=targets)
    heard: list[dict[str, Any]] = []

    def hear() -> list[dict[str, Any]]:
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            for message in messages:
                heard.append(json.loads(message["Body"]))
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
        return heard

    yield hear
    events.remove_targets(Rule=name, EventBusName=stack.event_bus_name, Ids=["queue"])
    events.delete_rule(**rule)
    sqs.delete_queue(QueueUrl=url)


@pytest.fixture(scope="session", autouse=True)
def _what_takes_minutes_by_itself(request: pytest.FixtureRequest, invariants: Invariants) -> None:
    """Is started before all other tests, so that nobody waits for it."""
    items: list[pytest.Item] = request.session.items
    wanted = {name for item in items for name in item.fixturenames}  # type: ignore[attr-defined]
    for name in sorted({"scheduled_stop", "stop_whose_key_is_used", "fallen_turn"} & wanted):
        request.getfixturevalue(name)
