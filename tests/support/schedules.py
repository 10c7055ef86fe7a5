"""A database under control, its schedule, and its clocks in EventBridge Scheduler, on moto."""

from __future__ import annotations

from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.queue import Queue
from cavok.adapters.scheduler import SchedulerClient, SchedulerSettings
from cavok.domain.clocks import ClockMessage
from cavok.domain.kinds import Kind
from cavok.domain.resources import Resource
from cavok.domain.schedules import DAYS, Schedule, Window
from cavok.services.connections import ConnectionDependencies
from cavok.services.resources import (
    NewResource,
    ResourceDependencies,
    add_resource,
    follow_schedule,
)
from tests.support.builders import ACCOUNT_ID, NOW, ORGANIZATION_ID
from tests.support.instances import make_database
from tests.support.moto_stack import CLOCKS, client
from tests.support.start_stop import CONTEXT, Connect

QUEUE_URL = "https://sqs.us-east-1.amazonaws.com/111122223333/fired"


NIGHT = Schedule("UTC", (Window(DAYS, "22:00", "04:00"),))


EVENING = NOW.replace(hour=18)
"""NOW is a Saturday, at noon."""


@pytest.fixture
def scheduler() -> Any:
    made = client("scheduler")
    made.create_schedule_group(Name=CLOCKS)
    return made


class FiredClocks:
    """The queue of fired clocks. `entries` are the messages that a function sent to it itself."""

    def __init__(self) -> None:
        self.entries: list[dict[str, Any]] = []
        self.refuses = False

    def send_message_batch(self, QueueUrl: str, Entries: list[Any]) -> dict[str, Any]:  # noqa: N803
        if self.refuses:
            return {"Failed": [{"Id": each["Id"], "Code": "InternalError"} for each in Entries]}
        self.entries += Entries
        return {}

    def messages(self) -> list[ClockMessage]:
        return [ClockMessage.read(entry["MessageBody"]) for entry in self.entries]


@pytest.fixture
def fired_clocks() -> FiredClocks:
    return FiredClocks()


@pytest.fixture
def control(
    scheduler: Any, fired_clocks: FiredClocks, dependencies: ConnectionDependencies
) -> ResourceDependencies:
    settings = SchedulerSettings(
        group=CLOCKS,
        queue_url=QUEUE_URL,
        role_arn="arn:aws:iam::111122223333:role/clocks",
        dead_letter_arn="arn:aws:sqs:us-east-1:111122223333:unfollowed",
    )
    return ResourceDependencies(
        resources=wiring.resources(),
        scheduler=SchedulerClient(scheduler, settings),
        fired_clocks=lambda: Queue(fired_clocks, QUEUE_URL),  # type: ignore[arg-type]
        connections=dependencies,
    )


@pytest.fixture
def orders(connect: Connect, control: ResourceDependencies) -> Resource:
    """A database that should run on all days from eight to six, UTC; set at noon."""
    connect()
    make_database("orders")
    schedule = Schedule("UTC", (Window(DAYS, "08:00", "18:00"),))
    return add_resource(CONTEXT, new(schedule), dependencies=control)


def new(schedule: Schedule | None = None, instance_id: str = "orders") -> NewResource:
    return NewResource(
        kind=Kind.RDS, instance_id=instance_id, region="us-east-1", schedule=schedule
    )


def clock_of(resource: Resource, at: str) -> str:
    """The name of the clock of a time of day."""
    return f"{resource.resource_id}-{resource.revision}-{at}"


def message_of(resource: Resource, **but: Any) -> ClockMessage:
    ordinary: dict[str, Any] = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "resource_id": resource.resource_id,
        "clock": clock_of(resource, "1800"),
        "made_at": NOW.isoformat(),
    }
    return ClockMessage(**ordinary | but)


def fire(resource: Resource, control: ResourceDependencies, now: Any, **but: Any) -> Any:
    """A clock invokes, of the schedule that the resource had then."""
    message = message_of(resource, **but)
    return follow_schedule(message, request_id="f-1", dependencies=control, now=now)


def schedules_in(scheduler: Any) -> dict[str, Any]:
    names = [each["Name"] for each in scheduler.list_schedules(GroupName=CLOCKS)["Schedules"]]
    return {name: scheduler.get_schedule(GroupName=CLOCKS, Name=name) for name in names}


def stored(resource: Resource) -> Resource:
    return wiring.resources().get(ACCOUNT_ID, resource.resource_id)
