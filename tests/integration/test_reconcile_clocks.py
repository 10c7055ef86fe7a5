"""The clocks become those of the stored schedules, whatever was wrong."""

from __future__ import annotations

import tracemalloc
from collections.abc import Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any

import pytest
from boto3.dynamodb.types import TypeSerializer
from botocore.utils import parse_timestamp

from cavok import wiring
from cavok.adapters.scheduler import SchedulerClient
from cavok.adapters.table.resources import ResourceItem
from cavok.domain.clocks import clocks_of, names_of
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.errors import MalformedEvent, ServiceUnavailable
from cavok.domain.ids import new_id
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule
from cavok.services.reconcile_clocks import Difference, reconcile_clocks
from cavok.services.resources import ResourceDependencies, schedule_resource
from tests.support.builders import ACCOUNT_ID, NOW, a_resource
from tests.support.moto_stack import TABLE, Clock, client, written_by_a_newer_release
from tests.support.schedules import NIGHT, clock_of, schedules_in, stored
from tests.support.start_stop import CONTEXT
from tests.support.template import template

A_DAY_LATER = timedelta(days=1, minutes=1)


def reconcile(
    control: ResourceDependencies,
    after: timedelta = A_DAY_LATER,
    deadline: Deadline = NO_DEADLINE,
) -> dict[str, Difference]:
    """Runs that much later."""
    found = reconcile_clocks(
        resources=control.resources,
        scheduler=control.scheduler,
        now=Clock.time + after,
        deadline=deadline,
    )
    return {clock: difference for difference, clock in found}


def unknown(resource: Resource, control: ResourceDependencies) -> str:
    """A clock of a change that was never saved."""
    other = resource.scheduled(Schedule("UTC", ()), NOW)
    (name,) = control.scheduler.create(other, clocks_of(other, NOW))
    return name


def test_where_nothing_is_wrong_nothing_is_mended(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    before = schedules_in(scheduler).keys()

    assert reconcile(control) == {}

    assert schedules_in(scheduler).keys() == before


def test_a_missing_clock_is_created_as_it_was(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    name = clock_of(orders, "1800")
    before = schedules_in(scheduler)[name]
    control.scheduler.end([name])

    assert reconcile(control) == {name: Difference.MISSING}

    after = schedules_in(scheduler)[name]
    for member in ("ScheduleExpression", "ScheduleExpressionTimezone", "FlexibleTimeWindow"):
        assert after[member] == before[member]
    assert after["Target"]["Arn"] == before["Target"]["Arn"]
    assert reconcile(control) == {}


def test_an_unknown_clock_is_ended_after_a_day(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    """Before, it may be that of a change that is not saved yet."""
    before = schedules_in(scheduler).keys()
    left = unknown(orders, control)

    assert reconcile(control, timedelta(0)) == {}
    assert reconcile(control) == {left: Difference.UNKNOWN}

    assert schedules_in(scheduler).keys() == before


def test_the_clocks_of_a_resource_that_is_gone_are_ended(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    wiring.resources().remove(ACCOUNT_ID, orders.resource_id, NOW)

    assert reconcile(control) == dict.fromkeys(orders.clocks, Difference.UNKNOWN)

    assert schedules_in(scheduler) == {}


def test_many_unknown_clocks_are_no_failure_and_each_run_ends_more_of_them(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    """Such as of a large account that was deleted. Missing ones are created all the same."""
    for index in range(4):
        free = a_resource(resource_id=f"01JN8Q5M3D{index:016}")
        resource = free.scheduled(NIGHT, NOW)
        control.scheduler.create(resource, clocks_of(resource, NOW))
    control.scheduler.end(orders.clocks[:1])
    seconds = count()

    first = reconcile(control, deadline=Deadline.after(3.5, lambda: float(next(seconds))))

    assert list(first.values()) == [Difference.MISSING] + [Difference.UNKNOWN] * 3
    assert list(reconcile(control).values()) == [Difference.UNKNOWN] * 5
    assert set(schedules_in(scheduler)) == set(orders.clocks)


def test_the_names_of_a_million_clocks_have_room_in_the_function(
    control: ResourceDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One organization makes them in ten hours, and nobody else should lack the comparison."""
    function = template()["Resources"]["ReconcileClocks"]["Properties"]
    runtime, measured = 120e6, 10_000
    peak = 0

    def listed() -> Iterator[tuple[str, datetime]]:
        nonlocal peak
        tracemalloc.start()
        for number in range(measured):
            yield f"{new_id()}-{number:016x}-0000", parse_timestamp(str(number))
        peak = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()

    monkeypatch.setattr(control.scheduler, "all_clocks", listed)
    monkeypatch.setattr(control.scheduler, "resource_of", lambda _: None)
    monkeypatch.setattr(control.scheduler, "end", lambda _: None)
    reconcile(control)

    assert runtime + peak * 1_000_000 / measured < function["MemorySize"] * 1024**2


def test_the_clocks_of_a_schedule_that_the_index_does_not_have_stay(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    """It was set before there was the index, or a moment ago."""
    key = {"pk": f"ACCOUNT#{ACCOUNT_ID}", "sk": f"RESOURCE#{orders.resource_id}"}
    client("dynamodb").update_item(
        TableName=TABLE,
        Key={name: TypeSerializer().serialize(value) for name, value in key.items()},
        UpdateExpression="REMOVE scheduled",
    )
    before = schedules_in(scheduler).keys()

    assert reconcile(control) == {}

    assert schedules_in(scheduler).keys() == before
    wiring.resources().save(stored(orders), before=orders)
    assert [read() for _, read in wiring.resources().scheduled()] == [stored(orders)]


def test_many_accounts_and_clocks_are_read_by_page(
    control: ResourceDependencies, scheduler: Any
) -> None:
    """More than a page of each: 100 clocks a call, 100 resources a read."""
    lacking = set()
    for index in range(150):
        free = a_resource(
            account_id=f"01JN8Q5M3C{index:016}",
            resource_id=f"01JN8Q5M3D{index:016}",
            instance_id=f"db-{index}",
        )
        resource = free.scheduled(NIGHT, NOW)
        ResourceItem.of(resource).save()
        first, second = clocks_of(resource, NOW)
        control.scheduler.create(resource, [first])
        lacking.add(second.name)

    assert reconcile(control) == dict.fromkeys(lacking, Difference.MISSING)
    assert reconcile(control) == {}


class Refusing(SchedulerClient):
    """EventBridge Scheduler takes no clock of one resource."""

    def __init__(self, real: SchedulerClient, resource_id: str) -> None:
        super().__init__(real._scheduler, real._settings)
        self._refused = resource_id

    def create(self, resource: Resource, clocks: Any) -> Any:
        if resource.resource_id == self._refused:
            raise ServiceUnavailable("The schedule could not be set.")
        return super().create(resource, clocks)


def test_a_clock_that_cannot_be_created_holds_up_no_other(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    """Whichever comes first: one resource of the three is refused in turn."""
    lacking = {orders.resource_id: orders}
    for index in range(2):
        free = a_resource(resource_id=f"01JN8Q5M3D{index:016}", instance_id=f"db-{index}")
        lacking[free.resource_id] = free.scheduled(NIGHT, NOW)
        ResourceItem.of(lacking[free.resource_id]).save()
    for refused in lacking:
        control.scheduler.end(
            name for r in lacking.values() for name in names_of(clocks_of(r, NOW))
        )
        unknown(orders, control)
        refusing = replace(control, scheduler=Refusing(control.scheduler, refused))

        with pytest.raises(ServiceUnavailable):
            reconcile(refusing)

        others = [resource for id_, resource in lacking.items() if id_ != refused]
        wanted = {name for resource in others for name in names_of(clocks_of(resource, NOW))}
        assert set(schedules_in(scheduler)) == wanted


@pytest.mark.parametrize("attribute", ["kind", "schedule", "followed_at"])
def test_a_resource_that_cannot_be_read_holds_up_no_other(
    orders: Resource,
    control: ResourceDependencies,
    scheduler: Any,
    attribute: str,
    caplog: pytest.LogCaptureFixture,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Such as one that a newer release wrote. Its clocks stay, also those that may be left over."""
    others = [
        a_resource(
            organization_id=f"org-{index}",
            account_id=f"01JN8Q5M3C{index:016}",
            resource_id=f"{index}" * 26,
        ).scheduled(NIGHT, NOW)
        for index in range(3)
    ]
    for resource in others:
        ResourceItem.of(resource).save()
    unknown(others[0], control)
    own = {*orders.clocks, unknown(orders, control)}
    written_by_a_newer_release(f"RESOURCE#{orders.resource_id}", attribute)

    with pytest.raises(ValueError, match=r"newer release|Extra data"):
        reconcile(control)

    wanted = {name for each in others for name in names_of(clocks_of(each, NOW))}
    assert set(schedules_in(scheduler)) == wanted | own
    errors = [vars(each) for each in caplog.records if each.levelname == "ERROR"]
    key = f"ACCOUNT#{ACCOUNT_ID} RESOURCE#{orders.resource_id}"
    assert {each["item"] for each in errors} == {key} | own
    assert capsys.readouterr().out.count('"ClockFaults":[1.0]') == len(errors)


@pytest.mark.parametrize("message", ["not JSON", "{}", '{"MessageBody": "[]"}'])
def test_a_clock_that_is_not_ours_holds_up_no_other(
    orders: Resource, control: ResourceDependencies, scheduler: Any, message: str
) -> None:
    """Somebody made it by hand, in our group."""
    wiring.resources().remove(ACCOUNT_ID, orders.resource_id, NOW)
    ours = next(iter(schedules_in(scheduler).values()))
    given = {name: ours[name] for name in ("GroupName", "ScheduleExpression", "FlexibleTimeWindow")}
    names = {"0-first", "z-last"}
    for name in names:
        scheduler.create_schedule(Name=name, Target=ours["Target"] | {"Input": message}, **given)

    with pytest.raises(MalformedEvent):
        reconcile(control)

    assert set(schedules_in(scheduler)) == names


class Throttled(SchedulerClient):
    """EventBridge Scheduler is busy when it is asked about one clock, or is to end it."""

    def __init__(self, real: SchedulerClient, name: str, at: str) -> None:
        super().__init__(real._scheduler, real._settings)
        self._name, self._at = name, at

    def resource_of(self, name: str) -> Any:
        self._refuse(name, "read")
        return super().resource_of(name)

    def end(self, names: Any) -> None:
        for name in names:
            self._refuse(name, "end")
            super().end([name])

    def _refuse(self, name: str, at: str) -> None:
        if (name, at) == (self._name, self._at):
            raise ServiceUnavailable("The schedule could not be reached.")


@pytest.mark.parametrize("at", ["read", "end"])
def test_an_unknown_clock_that_cannot_be_ended_holds_up_no_other(
    orders: Resource, control: ResourceDependencies, scheduler: Any, at: str
) -> None:
    wiring.resources().remove(ACCOUNT_ID, orders.resource_id, NOW)
    for name in sorted(orders.clocks):
        throttled = replace(control, scheduler=Throttled(control.scheduler, name, at))

        with pytest.raises(ServiceUnavailable):
            reconcile(throttled)

        assert set(schedules_in(scheduler)) == {name}
        control.scheduler.create(orders, clocks_of(orders, NOW))


class Changing(SchedulerClient):
    """While a missing clock is created, a person sets another schedule."""

    def __init__(self, real: SchedulerClient, change: Any) -> None:
        super().__init__(real._scheduler, real._settings)
        self._change = change

    def create(self, *arguments: Any) -> Any:
        self._change()
        return super().create(*arguments)


def test_a_clock_of_a_schedule_that_was_just_changed_is_not_left_behind(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    control.scheduler.end([clock_of(orders, "0800")])

    def change() -> None:
        schedule_resource(CONTEXT, orders.resource_id, NIGHT, dependencies=control)

    changing = replace(control, scheduler=Changing(control.scheduler, change))

    assert reconcile(changing) == {}

    assert set(schedules_in(scheduler)) == set(names_of(clocks_of(stored(orders), NOW)))
