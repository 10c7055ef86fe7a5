"""Resources, their EventBridge schedules, and following their schedules."""

from __future__ import annotations

import json
from collections.abc import Iterable
from contextlib import nullcontext
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from typing import Any
from unittest.mock import Mock

import boto3
import pytest
from botocore.stub import Stubber

from cavok import wiring
from cavok.adapters.customer.instances import InstanceClient
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import Interactions
from cavok.adapters.table.resources import Resources
from cavok.domain import audit, schedules
from cavok.domain.accounts import Status
from cavok.domain.actors import SCHEDULE
from cavok.domain.audit import AuditEntry, schedule_changed
from cavok.domain.clocks import IN_THE_MAKING, clocks_of
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.errors import (
    AccountNotFound,
    CallFailed,
    Conflict,
    EntryInconclusive,
    InstanceNotFound,
    InvalidField,
    NotAnswered,
    RefusedByAws,
    ResourceNotFound,
    ServiceUnavailable,
    StillRunning,
    UnknownClock,
)
from cavok.domain.ids import new_id
from cavok.domain.interactions import InteractionOutcome, Result
from cavok.domain.organizations import message_group
from cavok.domain.quotas import QuotaName
from cavok.domain.resources import AWS_RESTARTS_AFTER, Resource
from cavok.domain.schedules import DAYS, Schedule, Window
from cavok.domain.steps import judge
from cavok.domain.versions import Versions
from cavok.observability import metrics
from cavok.services.accounts import disconnect_account
from cavok.services.connections import RequestContext
from cavok.services.reconcile_clocks import reconcile_clocks
from cavok.services.resources import (
    ResourceDependencies,
    add_resource,
    end_resources,
    remove_resource,
    schedule_resource,
)
from cavok.services.start_stop import start_stop
from functions.follow_schedule import app
from tests.support.api import Context
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    ORGANIZATION_ID,
    an_account,
    by,
)
from tests.support.faults import Calls, Fault, watched
from tests.support.instances import make_database
from tests.support.interleaving import snapshot
from tests.support.moto_stack import Clock, items
from tests.support.schedules import (
    EVENING,
    NIGHT,
    QUEUE_URL,
    FiredClocks,
    clock_of,
    fire,
    new,
    schedules_in,
    stored,
)
from tests.support.start_stop import CONTEXT, Connect, Sessions, history

OFFICE = Schedule("Europe/Berlin", (Window(DAYS[:5], "08:00", "18:00"),))
ALWAYS_OFF = Schedule("UTC", ())
NAMES = dict.fromkeys(("organization_id", "account_id", "resource_id", "clock"), "x")


def state() -> str:
    found = boto3.client("rds", "us-east-1").describe_db_instances(DBInstanceIdentifier="orders")
    return found["DBInstances"][0]["DBInstanceStatus"]


def test_a_resource_has_an_eventbridge_schedule_for_each_time_of_day_in_its_time_zone(
    connect: Connect, control: ResourceDependencies, scheduler: Any
) -> None:
    connect()
    make_database("orders")

    resource = add_resource(CONTEXT, new(OFFICE), dependencies=control)

    assert {
        name: (schedule["ScheduleExpression"], schedule["ScheduleExpressionTimezone"])
        for name, schedule in schedules_in(scheduler).items()
    } == {
        clock_of(resource, "0800"): ("cron(0 8 ? * MON,TUE,WED,THU,FRI *)", "Europe/Berlin"),
        clock_of(resource, "1800"): ("cron(0 18 ? * MON,TUE,WED,THU,FRI *)", "Europe/Berlin"),
    }
    for schedule in schedules_in(scheduler).values():
        target, request = schedule["Target"], json.loads(schedule["Target"]["Input"])
        assert target["Arn"] == "arn:aws:scheduler:::aws-sdk:sqs:sendMessage"
        assert request["QueueUrl"] == QUEUE_URL
        assert request["MessageGroupId"] == message_group(ORGANIZATION_ID)
    assert stored(resource) == resource


@pytest.mark.parametrize(
    ("code", "message", "expected"),
    [
        ("ValidationException", "Invalid ScheduleExpressionTimezone: EST", InvalidField),
        ("ValidationException", "Invalid Schedule Expression", ServiceUnavailable),
        ("ThrottlingException", "Rate of the zone exceeded", ServiceUnavailable),
    ],
)
def test_a_time_zone_that_aws_does_not_know_is_a_wrong_field_and_no_fault_of_ours(
    connect: Connect,
    control: ResourceDependencies,
    scheduler: Any,
    code: str,
    message: str,
    expected: type[Exception],
) -> None:
    connect()
    make_database("orders")
    stub = Stubber(scheduler)
    stub.add_client_error("create_schedule", code, message)

    with stub, pytest.raises(expected):
        add_resource(CONTEXT, new(OFFICE), dependencies=control)


def test_an_instance_can_be_a_resource_only_once(
    orders: Resource, control: ResourceDependencies
) -> None:
    with pytest.raises(Conflict, match="orders"):
        add_resource(CONTEXT, new(), dependencies=control)


def test_an_instance_that_does_not_exist_cannot_be_a_resource(
    connect: Connect, control: ResourceDependencies
) -> None:
    connect()

    with pytest.raises(InstanceNotFound):
        add_resource(CONTEXT, new(instance_id="nothing"), dependencies=control)


@pytest.mark.parametrize(
    ("code", "raised"),
    [("Throttling", NotAnswered), ("AccessDenied", RefusedByAws)],
)
def test_an_instance_that_could_not_be_looked_for_is_worth_another_try_only_if_that_passes(
    connect: Connect,
    control: ResourceDependencies,
    monkeypatch: pytest.MonkeyPatch,
    code: str,
    raised: type[Exception],
) -> None:
    def fail(client: InstanceClient) -> Any:
        raise CallFailed(judge(code, "no"))

    connect()
    monkeypatch.setattr(InstanceClient, "list", fail)

    with pytest.raises(raised, match=f"rds:DescribeDBInstances: {code}"):
        add_resource(CONTEXT, new(), dependencies=control)


def test_another_schedule_replaces_the_eventbridge_schedules(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    schedule_resource(CONTEXT, orders.resource_id, NIGHT, dependencies=control)

    assert {name[-4:] for name in schedules_in(scheduler)} == {"2200", "0400"}
    schedule_resource(
        replace(CONTEXT, now=NOW + timedelta(hours=1)),
        orders.resource_id,
        None,
        dependencies=control,
    )
    assert schedules_in(scheduler) == {}
    assert stored(orders).schedule is None


def test_a_removed_resource_has_no_eventbridge_schedules_and_can_be_added_again(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    remove_resource(CONTEXT, orders.resource_id, dependencies=control)

    assert schedules_in(scheduler) == {}
    with pytest.raises(ResourceNotFound):
        stored(orders)
    add_resource(CONTEXT, new(), dependencies=control)


def test_another_organization_cannot_use_the_resources(
    orders: Resource, control: ResourceDependencies
) -> None:
    context = replace(CONTEXT, organization_id="org-two")

    for call in (
        lambda: add_resource(context, new(), dependencies=control),
        lambda: schedule_resource(context, orders.resource_id, None, dependencies=control),
        lambda: remove_resource(context, orders.resource_id, dependencies=control),
    ):
        with pytest.raises(AccountNotFound):
            call()
    assert stored(orders) == orders


def test_a_transition_is_an_interaction_like_a_persons_with_the_schedule_as_actor(
    orders: Resource, control: ResourceDependencies, interactions: Interactions
) -> None:
    interaction = fire(orders, control, EVENING)

    assert state() == "stopped"
    assert (interaction.actor, interaction.action) == (SCHEDULE, "stop")
    assert history(interactions)[0] == interaction


def test_a_transition_is_handled_once_however_often_the_function_is_invoked(
    orders: Resource, control: ResourceDependencies, interactions: Interactions
) -> None:
    fire(orders, control, EVENING)
    boto3.client("rds", "us-east-1").start_db_instance(DBInstanceIdentifier="orders")

    for minutes in (0, 1, 60):
        assert fire(orders, control, EVENING + timedelta(minutes=minutes)) is None

    assert state() == "available", "a start by a person lasts until the next transition"
    assert [i.action for i in history(interactions)].count("stop") == 1  # type: ignore[comparison-overlap]


def test_no_key_of_a_person_is_taken_for_that_of_a_turn(
    orders: Resource, control: ResourceDependencies
) -> None:
    """Who has stopped it in advance under the turn's key would silently turn the schedule off."""
    assert orders.schedule
    turn = orders.schedule.latest_transition(EVENING)
    key = f"{orders.resource_id}/{turn.at.isoformat()}"
    early = replace(CONTEXT, idempotency_key=key, now=EVENING - timedelta(hours=3))
    start_stop(early, orders.operation(turn), dependencies=control.connections)
    boto3.client("rds", "us-east-1").start_db_instance(DBInstanceIdentifier="orders")

    fire(orders, control, EVENING)

    assert state() == "stopped"


def test_before_the_transition_nothing_happens(
    orders: Resource, control: ResourceDependencies
) -> None:
    assert fire(orders, control, NOW + timedelta(hours=1)) is None
    assert state() == "available"


def test_a_transition_of_a_disconnected_account_is_noted_and_not_retried(
    orders: Resource, control: ResourceDependencies, accounts: Accounts
) -> None:
    accounts.changed(
        ORGANIZATION_ID, ACCOUNT_ID, lambda account: replace(account, status=Status.FAILED)
    )

    assert fire(orders, control, EVENING) is None

    assert state() == "available"
    assert "not connected" in str(stored(orders).note)
    accounts.changed(
        ORGANIZATION_ID, ACCOUNT_ID, lambda account: replace(account, status=Status.CONFIRMED)
    )
    morning, next_evening = EVENING + timedelta(hours=14), EVENING + timedelta(days=1)
    fire(orders, control, morning)
    assert stored(orders).note is None
    fire(orders, control, next_evening)
    assert state() == "stopped"


def test_a_transition_that_was_inconclusive_is_noted_and_tried_again_by_who_follows_it(
    orders: Resource,
    control: ResourceDependencies,
    sessions: Sessions,
    interactions: Interactions,
) -> None:
    sessions.error = EntryInconclusive("Throttling: slow down.")

    assert fire(orders, control, EVENING) is None

    turn = history(interactions)[0]
    assert (turn.outcome, turn.result) == (InteractionOutcome.REFUSED, Result.PENDING)
    assert str(stored(orders).note).endswith("Cavok tries again for an hour.")


def test_a_transition_whose_maker_may_still_be_at_it_comes_again(
    orders: Resource, control: ResourceDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Scheduler may invoke the function twice, and Lambda repeats one that died."""

    class Died(BaseException):
        pass

    def die(*_: object, **__: object) -> None:
        raise Died

    with monkeypatch.context() as patch:
        patch.setattr(InstanceClient, "act", die)
        with pytest.raises(Died):
            fire(orders, control, EVENING)

    with pytest.raises(StillRunning):
        fire(orders, control, EVENING + timedelta(seconds=30))
    assert fire(orders, control, EVENING + timedelta(minutes=2)).outcome == "accepted"
    assert state() == "stopped"


def test_a_database_that_aws_restarted_is_stopped_again_and_that_is_noted(
    connect: Connect, control: ResourceDependencies
) -> None:
    connect()
    make_database("orders")
    resource = add_resource(CONTEXT, new(ALWAYS_OFF), dependencies=control)
    midnight = (NOW + timedelta(days=1)).replace(hour=0)
    fire(resource, control, midnight)
    assert state() == "stopped"
    for day in range(1, 7):
        fire(resource, control, midnight + timedelta(days=day))
    boto3.client("rds", "us-east-1").start_db_instance(DBInstanceIdentifier="orders")

    fire(resource, control, midnight + AWS_RESTARTS_AFTER)

    assert state() == "stopped"
    assert "again after seven days" in str(stored(resource).note)


def test_the_resources_of_a_deleted_account_are_deleted_with_their_eventbridge_schedules(
    orders: Resource, control: ResourceDependencies, scheduler: Any, accounts: Accounts
) -> None:
    disconnect_account(
        ORGANIZATION_ID, ACCOUNT_ID, requester=CONTEXT.requester, accounts=accounts, now=NOW
    )

    assert fire(orders, control, EVENING) is None

    assert schedules_in(scheduler) == {}
    with pytest.raises(ResourceNotFound):
        stored(orders)
    assert state() == "available"


def test_the_event_of_a_deleted_account_deletes_its_resources_at_once(
    orders: Resource, control: ResourceDependencies, scheduler: Any, accounts: Accounts
) -> None:
    disconnect_account(
        ORGANIZATION_ID, ACCOUNT_ID, requester=CONTEXT.requester, accounts=accounts, now=NOW
    )

    assert [end(ORGANIZATION_ID, control, accounts) for _ in range(2)] == [1, 0]

    assert schedules_in(scheduler) == {}
    with pytest.raises(ResourceNotFound):
        stored(orders)


@pytest.mark.parametrize("organization_id", [ORGANIZATION_ID, "another"])
def test_an_event_that_says_so_ends_no_resources_of_an_account_that_is_there(
    organization_id: str,
    orders: Resource,
    control: ResourceDependencies,
    scheduler: Any,
    accounts: Accounts,
) -> None:
    """Any service with PutEvents on the bus can send `Account Deleted`, also in error."""
    before = schedules_in(scheduler).keys()

    assert end(organization_id, control, accounts) == 0

    assert stored(orders) == orders
    assert schedules_in(scheduler).keys() == before


def end(
    organization_id: str,
    control: ResourceDependencies,
    accounts: Accounts,
    deadline: Deadline = NO_DEADLINE,
) -> int:
    return end_resources(
        organization_id,
        ACCOUNT_ID,
        accounts=accounts,
        resources=control.resources,
        scheduler=control.scheduler,
        request_id="e-1",
        now=NOW,
        deadline=deadline,
    )


@pytest.fixture
def deleted(orders: Resource, control: ResourceDependencies, accounts: Accounts) -> list[Resource]:
    """The six resources of a deleted account. They have two clocks each."""
    found = [orders]
    for index in range(5):
        other = replace(orders, resource_id=new_id(), instance_id=f"orders-{index}")
        clocks = control.scheduler.create(other, clocks_of(other, NOW))
        found.append(control.resources.add(replace(other, clocks=clocks)))
    disconnect_account(
        ORGANIZATION_ID, ACCOUNT_ID, requester=CONTEXT.requester, accounts=accounts, now=NOW
    )
    return found


def test_many_clocks_of_a_deleted_account_are_no_failure_and_end_when_they_fire_or_within_days(
    deleted: list[Resource], control: ResourceDependencies, scheduler: Any, accounts: Accounts
) -> None:
    """A run ends those for which it has time: five here. All of its resources are deleted."""

    def up() -> float:
        return 12.0 - len(schedules_in(scheduler))

    assert end(ORGANIZATION_ID, control, accounts, Deadline.after(5, up)) == 6

    assert list(control.resources.all_of(ACCOUNT_ID)) == []
    left = set(schedules_in(scheduler))
    assert len(left) == 7
    for resource in deleted:
        fired = clock_of(resource, "1800")
        with pytest.raises(UnknownClock):
            fire(resource, control, EVENING, clock=fired)
        left.discard(fired)
        assert set(schedules_in(scheduler)) == left
    made_unknown = reconcile_clocks(
        resources=control.resources,
        scheduler=control.scheduler,
        now=Clock.time + IN_THE_MAKING + timedelta(minutes=1),
        deadline=NO_DEADLINE,
    )
    assert {name for _, name in made_unknown} == left
    assert schedules_in(scheduler) == {}


def test_a_run_that_has_no_time_for_all_resources_of_a_deleted_account_is_repeated_and_goes_on(
    deleted: list[Resource], control: ResourceDependencies, scheduler: Any, accounts: Accounts
) -> None:
    for left in (4, 2):
        seconds = count()
        with pytest.raises(ServiceUnavailable, match="Not all"):
            end(
                ORGANIZATION_ID,
                control,
                accounts,
                Deadline.after(2.5, lambda seconds=seconds: float(next(seconds))),  # type: ignore[misc]
            )
        assert len(list(control.resources.all_of(ACCOUNT_ID))) == left

    assert end(ORGANIZATION_ID, control, accounts) == 2
    assert schedules_in(scheduler) == {}


@pytest.mark.parametrize("lets", [0, 1])
def test_scheduler_may_refuse_some_clocks_of_a_deleted_account_but_not_all(
    lets: int,
    deleted: list[Resource],
    control: ResourceDependencies,
    scheduler: Any,
    accounts: Accounts,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """It throttles while many accounts are deleted. If it ends none, an operator should know."""
    real, ended = control.scheduler.end, {name for each in deleted[:lets] for name in each.clocks}

    def throttled(names: Iterable[str]) -> None:
        for name in names:
            if name not in ended:
                raise ServiceUnavailable("no")
            real([name])

    monkeypatch.setattr(control.scheduler, "end", throttled)

    with nullcontext() if lets else pytest.raises(ServiceUnavailable):
        end(ORGANIZATION_ID, control, accounts)

    assert len(schedules_in(scheduler)) == 12 - 2 * lets
    assert list(control.resources.all_of(ACCOUNT_ID)) == []


def test_a_clock_without_a_resource_is_ended_when_it_fires(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    wiring.resources().remove(ACCOUNT_ID, orders.resource_id, NOW)

    with pytest.raises(UnknownClock):
        fire(orders, control, EVENING)

    assert set(schedules_in(scheduler)) == {clock_of(orders, "0800")}
    assert state() == "available"


def test_a_clock_of_another_schedule_does_nothing_and_is_ended_after_a_day(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    """Before, it may belong to a change that is not saved yet."""
    other = orders.scheduled(ALWAYS_OFF, NOW)
    control.scheduler.create(other, clocks_of(other, NOW))
    unknown = clock_of(other, "0000")

    for now, left in ((NOW + timedelta(hours=12), True), (NOW + timedelta(hours=36), False)):
        with pytest.raises(UnknownClock):
            fire(other, control, now, clock=unknown)

        assert (unknown in schedules_in(scheduler)) is left
    assert state() == "available"
    assert stored(orders) == orders


def test_a_clock_that_another_organization_names_neither_acts_nor_ends_anything(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    with pytest.raises(UnknownClock):
        fire(orders, control, EVENING + timedelta(days=3), organization_id="org-two")

    assert len(schedules_in(scheduler)) == 2
    assert stored(orders) == orders
    assert state() == "available"


def test_the_clocks_of_before_there_were_revisions_are_followed_and_replaced(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    control.scheduler.end(orders.clocks)
    old = replace(orders, revision=None)
    old = replace(old, clocks=control.scheduler.create(old, clocks_of(old, NOW)))
    wiring.resources().save(old, before=orders)
    assert set(schedules_in(scheduler)) == {f"{orders.resource_id}-{at}" for at in ("0800", "1800")}

    fire(orders, control, EVENING, clock=f"{orders.resource_id}-1800", made_at=None)

    assert state() == "stopped"
    after = schedule_resource(CONTEXT, orders.resource_id, NIGHT, dependencies=control)
    assert set(schedules_in(scheduler)) == {clock_of(after, at) for at in ("2200", "0400")}


def test_the_same_schedule_again_changes_nothing_and_makes_the_clocks_that_are_missing(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    before = schedules_in(scheduler).keys()
    control.scheduler.end([clock_of(orders, "0800")])
    later = replace(CONTEXT, now=EVENING)

    again = schedule_resource(later, orders.resource_id, orders.schedule, dependencies=control)

    assert again == stored(orders) == orders
    assert schedules_in(scheduler).keys() == before


def test_a_repeated_request_gets_the_resource_that_it_made(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    before = schedules_in(scheduler).keys()
    later = replace(CONTEXT, now=NOW + timedelta(minutes=1))

    assert add_resource(later, new(orders.schedule), dependencies=control) == orders

    assert schedules_in(scheduler).keys() == before
    tomorrow = replace(CONTEXT, now=NOW + timedelta(days=1))
    somebody = replace(CONTEXT, requester=by("somebody else"))
    for context in (tomorrow, somebody):
        with pytest.raises(Conflict):
            add_resource(context, new(orders.schedule), dependencies=control)
    schedule_resource(later, orders.resource_id, NIGHT, dependencies=control)
    with pytest.raises(Conflict):
        add_resource(later, new(orders.schedule), dependencies=control)


def test_a_resource_that_was_deleted_is_deleted_again_for_a_day_by_its_organization_alone(
    orders: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    with Stubber(scheduler) as stub:
        stub.add_client_error("delete_schedule", "ThrottlingException")
        with pytest.raises(ServiceUnavailable):
            remove_resource(CONTEXT, orders.resource_id, dependencies=control)
    assert len(schedules_in(scheduler)) == 2

    remove_resource(CONTEXT, orders.resource_id, dependencies=control)

    assert schedules_in(scheduler) == {}
    tomorrow = replace(CONTEXT, now=NOW + timedelta(days=1))
    with pytest.raises(ResourceNotFound):
        remove_resource(tomorrow, orders.resource_id, dependencies=control)
    with pytest.raises(AccountNotFound):
        remove_resource(
            replace(CONTEXT, organization_id="org-two"), orders.resource_id, dependencies=control
        )


def test_a_schedule_that_is_set_while_another_is_ended_keeps_its_clocks(
    orders: Resource, control: ResourceDependencies, scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    end, others = control.scheduler.end, iter([NIGHT])

    def meet_another(names: Any) -> None:
        ended = list(names)
        for other in others:
            schedule_resource(CONTEXT, orders.resource_id, other, dependencies=control)
        end(ended)

    monkeypatch.setattr(control.scheduler, "end", meet_another)

    schedule_resource(CONTEXT, orders.resource_id, None, dependencies=control)

    assert stored(orders).schedule == NIGHT
    assert set(stored(orders).clocks) >= schedules_in(scheduler).keys() != set()


@pytest.fixture
def halfway(connect: Connect, control: ResourceDependencies, scheduler: Any) -> Resource:
    """Until its first schedule is set, a resource has its revision and clocks, but no schedule."""
    connect()
    make_database("orders")
    with Stubber(scheduler) as stub:
        stub.add_client_error("create_schedule", "ThrottlingException")
        with pytest.raises(ServiceUnavailable):
            add_resource(CONTEXT, new(NIGHT), dependencies=control)
    (resource,) = wiring.resources().all_of(ACCOUNT_ID)
    return resource


def test_a_first_schedule_that_was_ended_halfway_is_not_set(
    halfway: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    schedule_resource(CONTEXT, halfway.resource_id, None, dependencies=control)

    with pytest.raises(Conflict):
        add_resource(CONTEXT, new(NIGHT), dependencies=control)

    ended = stored(halfway)
    assert (ended.schedule, ended.clocks, schedules_in(scheduler)) == (None, (), {})
    schedule_resource(CONTEXT, halfway.resource_id, None, dependencies=control)
    assert stored(halfway) == ended


def test_a_first_schedule_that_is_set_before_it_is_ended_stays_and_the_end_is_a_conflict(
    halfway: Resource,
    control: ResourceDependencies,
    scheduler: Any,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    save, repetitions = control.resources.save, iter([new(NIGHT)])

    def meet_the_repetition(resource: Resource, **how: Any) -> None:
        for repetition in repetitions:
            add_resource(CONTEXT, repetition, dependencies=control)
        save(resource, **how)

    monkeypatch.setattr(control.resources, "save", meet_the_repetition)

    with pytest.raises(Conflict):
        schedule_resource(CONTEXT, halfway.resource_id, None, dependencies=control)

    assert stored(halfway).schedule == NIGHT
    assert set(stored(halfway).clocks) == schedules_in(scheduler).keys() != set()


def test_clocks_that_could_not_be_ended_halfway_are_ended_by_a_repetition(
    halfway: Resource, control: ResourceDependencies, scheduler: Any
) -> None:
    control.scheduler.create(halfway, clocks_of(replace(halfway, schedule=NIGHT), NOW))
    for _ in range(2):
        with Stubber(scheduler) as stub:
            stub.add_client_error("delete_schedule", "ThrottlingException")
            with pytest.raises(ServiceUnavailable):
                schedule_resource(CONTEXT, halfway.resource_id, None, dependencies=control)
    assert len(schedules_in(scheduler)) == 2

    schedule_resource(CONTEXT, halfway.resource_id, None, dependencies=control)

    assert schedules_in(scheduler) == {}


def test_a_schedule_that_is_ended_takes_the_clocks_with_it_that_it_got_later(
    connect: Connect, control: ResourceDependencies, scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the last Sunday of March there is no 02:30 in Berlin, which nobody looked for at first."""
    connect()
    make_database("orders")
    early = Schedule("Europe/Berlin", (Window(DAYS, "02:30", "18:00"),))
    with monkeypatch.context() as patch:
        patch.setattr(schedules, "_LOOKED_AHEAD", timedelta(days=1))
        orders = add_resource(CONTEXT, new(early), dependencies=control)
    schedule_resource(CONTEXT, orders.resource_id, early, dependencies=control)
    assert clock_of(orders, "0330") in schedules_in(scheduler).keys() - set(stored(orders).clocks)

    schedule_resource(CONTEXT, orders.resource_id, None, dependencies=control)

    assert schedules_in(scheduler) == {}
    assert stored(orders).clocks == ()


@pytest.mark.parametrize("fault", [Fault.THROTTLED, Fault.TIMEOUT])
@pytest.mark.parametrize("remove", [False, True])
def test_what_has_ended_is_ended_even_if_its_clocks_are_not_forgotten(
    orders: Resource, control: ResourceDependencies, scheduler: Any, remove: bool, fault: Fault
) -> None:
    """Then a repetition ends them again."""

    def end() -> None:
        if remove:
            remove_resource(CONTEXT, orders.resource_id, dependencies=control)
        else:
            schedule_resource(CONTEXT, orders.resource_id, None, dependencies=control)

    bring_back = snapshot()
    with watched(Calls()) as calls:
        end()
    bring_back()
    last = len(calls.made) - 1
    with watched(Calls(index=last, fault=fault)):
        end()

    assert calls.made[last] == "UpdateItem"
    assert schedules_in(scheduler) == {}
    end()


def test_a_resource_whose_account_is_deleted_meanwhile_is_not_added(
    connect: Connect, control: ResourceDependencies, scheduler: Any, accounts: Accounts
) -> None:
    connect()
    make_database("orders")
    deleted = replace(control, resources=DeletingFirst(control.resources, accounts))

    with pytest.raises(AccountNotFound):
        add_resource(CONTEXT, new(OFFICE), dependencies=deleted)

    assert list(wiring.resources().all_of(ACCOUNT_ID)) == []
    assert schedules_in(scheduler) == {}


def test_a_first_schedule_that_another_request_set_meanwhile_is_not_told_again(
    orders: Resource,
) -> None:
    new_one = replace(orders, schedule=None)
    entry = schedule_changed(new_one, orders, an_account(), CONTEXT.requester, NOW)

    with pytest.raises(Conflict):
        wiring.resources().save(orders, before=new_one, entry=entry)

    assert stored(orders) == orders
    acts = [item["action"] for item in items() if item["sk"].startswith("AUDIT#")]
    assert acts.count("schedule_changed") == 1


class DeletingFirst(Resources):
    """Resources of an account that somebody deletes at the last moment."""

    def __init__(self, resources: Resources, accounts: Accounts) -> None:
        super().__init__(resources._table)
        self._accounts = accounts

    def add(self, resource: Resource, entry: AuditEntry | None = None) -> Resource:
        account = self._accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
        self._accounts.delete(account, entry=audit.deleted(account, by("somebody"), NOW), now=NOW)
        return super().add(resource, entry)


# ---- a change around the minute of a turn --------------------------------------------------------


LONGER = Schedule("UTC", (Window(DAYS, "06:00", "18:00"),))
"""Stops when the schedule of `orders` does."""


@pytest.mark.parametrize(
    ("at", "delay"),
    [(-120, 125), (-59.5, 65), (-0.1, 6), (0, 5), (5, 5), (3600, 5)],
)
def test_a_change_has_the_turn_made_that_its_clocks_may_miss(
    at: float,
    delay: int,
    orders: Resource,
    control: ResourceDependencies,
    fired_clocks: FiredClocks,
) -> None:
    """The message is one of a new clock, in the organization's group, and comes after the turn."""
    now = EVENING + timedelta(seconds=at)

    changed = schedule_resource(
        replace(CONTEXT, now=now), orders.resource_id, LONGER, dependencies=control
    )

    (entry,) = fired_clocks.entries
    (message,) = fired_clocks.messages()
    assert (entry["DelaySeconds"], entry["MessageGroupId"]) == (
        delay,
        message_group(ORGANIZATION_ID),
    )
    assert message.is_of(changed)
    comes_at = now + timedelta(seconds=delay)
    assert EVENING + timedelta(seconds=5) <= comes_at
    fire(changed, control, comes_at, clock=message.clock)
    assert (stops(), state()) == ([("f-1", True)], "stopped")


@pytest.mark.parametrize("again", [False, True], ids=["another schedule", "the same again"])
@pytest.mark.parametrize("at", [-121, -3600, 3601, 40_000])
def test_a_change_before_that_or_an_hour_later_sends_no_message_of_its_own(
    at: int, again: bool, orders: Resource, control: ResourceDependencies, fired_clocks: FiredClocks
) -> None:
    """A turn that was lost is not made hours later, over a state that a person set since."""
    context = replace(CONTEXT, now=EVENING + timedelta(seconds=at))
    schedule = orders.schedule if again else LONGER

    schedule_resource(context, orders.resource_id, schedule, dependencies=control)

    assert fired_clocks.entries == []


def test_a_schedule_without_the_turn_and_no_schedule_cancel_it(
    orders: Resource, control: ResourceDependencies, fired_clocks: FiredClocks
) -> None:
    context = replace(CONTEXT, now=EVENING + timedelta(seconds=5))

    for schedule in (NIGHT, None):
        changed = schedule_resource(context, orders.resource_id, schedule, dependencies=control)
        assert changed.due_transition(EVENING + timedelta(minutes=1)) is None

    assert fired_clocks.entries == []


@pytest.mark.parametrize("conditional", [False, True], ids=["", "If-Match"])
def test_a_message_that_could_not_be_sent_is_sent_by_the_repeated_request(
    conditional: bool, orders: Resource, control: ResourceDependencies, fired_clocks: FiredClocks
) -> None:
    """Also with the condition of the first one, which the stored schedule does not meet now."""
    context = replace(CONTEXT, now=EVENING + timedelta(seconds=5))
    versions = Versions(frozenset({orders.version}), ()) if conditional else None

    def change(context: RequestContext) -> Resource:
        return schedule_resource(
            context, orders.resource_id, LONGER, versions=versions, dependencies=control
        )

    fired_clocks.refuses = True
    with pytest.raises(ServiceUnavailable, match="stop"):
        change(context)
    fired_clocks.refuses = False

    again = replace(context, now=EVENING + timedelta(seconds=40))
    changed = change(again)

    (message,) = fired_clocks.messages()
    assert message.is_of(changed)
    assert changed.due_transition(again.now)


def test_a_schedule_whose_clocks_could_not_be_ended_is_ended_again_under_its_old_tag(
    orders: Resource, control: ResourceDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    versions = Versions(frozenset({orders.version}), ())

    def end() -> Resource:
        return schedule_resource(
            CONTEXT, orders.resource_id, None, versions=versions, dependencies=control
        )

    with monkeypatch.context() as patch:
        patch.setattr(control.scheduler, "end", Mock(side_effect=ServiceUnavailable("Not now.")))
        with pytest.raises(ServiceUnavailable):
            end()

    end()

    stored = control.resources.get(orders.account_id, orders.resource_id)
    assert (stored.schedule, stored.clocks) == (None, ())


def test_a_resource_that_is_added_just_before_a_turn_makes_it(
    connect: Connect, control: ResourceDependencies, fired_clocks: FiredClocks
) -> None:
    connect()
    make_database("orders")
    just_before = replace(CONTEXT, now=EVENING - timedelta(seconds=1))

    added = add_resource(just_before, new(LONGER), dependencies=control)

    (message,) = fired_clocks.messages()
    fire(added, control, EVENING + timedelta(seconds=5), clock=message.clock)
    assert state() == "stopped"


def test_a_resource_whose_schedule_is_set_by_a_repeated_request_has_no_turns_before(
    connect: Connect,
    control: ResourceDependencies,
    scheduler: Any,
    fired_clocks: FiredClocks,
) -> None:
    """Between the two, its schedule had no clocks, and the person was told that it failed."""
    connect()
    make_database("orders")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(control.scheduler, "create", Mock(side_effect=ServiceUnavailable("no")))
        with pytest.raises(ServiceUnavailable):
            add_resource(CONTEXT, new(LONGER), dependencies=control)
    night = replace(CONTEXT, now=EVENING + timedelta(hours=3))

    added = add_resource(night, new(LONGER), dependencies=control)

    assert added.schedule == LONGER
    assert added.due_transition(night.now + timedelta(minutes=1)) is None
    assert fired_clocks.entries == []


# ---- from the clock's message to the act ---------------------------------------------------------


@pytest.fixture
def fired(
    orders: Resource, control: ResourceDependencies, scheduler: Any, monkeypatch: pytest.MonkeyPatch
) -> dict[str, Any]:
    """What Lambda hands the function when the clock of the evening has fired."""

    class Evening(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> Any:
            return EVENING

    monkeypatch.setattr(app, "datetime", Evening)
    monkeypatch.setattr(wiring, "resource_dependencies", lambda: control)
    monkeypatch.setattr(metrics.provider, "namespace", "Cavok/Accounts")
    record = {
        "messageId": "m-1",
        "receiptHandle": "r-1",
        "body": json.loads(schedules_in(scheduler)[clock_of(orders, "1800")]["Target"]["Input"])[
            "MessageBody"
        ],
        "attributes": {"ApproximateReceiveCount": "1"},
        "eventSource": "aws:sqs",
    }
    return {"Records": [record]}


def handled(event: dict[str, Any]) -> Any:
    return app.handler(event, Context())  # type: ignore[arg-type]


def stops() -> list[tuple[str, bool]]:
    """The request and the effect of each stop."""
    made = [each for each in history(wiring.interactions()) if each.action == "stop"]
    return [(each.request_id, each.changed) for each in made]


def test_a_clock_that_fired_waits_in_the_queue_and_is_followed_once(
    fired: dict[str, Any],
) -> None:
    """SQS may hand a message over twice."""
    assert handled(fired) == {"batchItemFailures": []}
    assert state() == "stopped"

    assert handled(fired) == {"batchItemFailures": []}
    assert stops() == [("m-1", True)]


def test_a_schedule_stops_at_its_time_whatever_people_used_up(
    fired: dict[str, Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("QUOTAS", ",".join(f"{name}:1/3600" for name in QuotaName))
    wiring.quotas.cache_clear()
    counted = [name for name in QuotaName if name is not QuotaName.REQUESTS]
    for name in counted:
        wiring.quotas().take(name, ORGANIZATION_ID, EVENING)

    assert handled(fired) == {"batchItemFailures": []}

    assert state() == "stopped"
    left = wiring.quotas().remaining(ORGANIZATION_ID, EVENING)
    wiring.quotas.cache_clear()
    assert left == dict.fromkeys(counted, 0)


def test_a_turn_that_could_not_be_made_is_taken_from_the_queue_again(
    fired: dict[str, Any], control: ResourceDependencies, monkeypatch: pytest.MonkeyPatch
) -> None:
    down = Mock(side_effect=ServiceUnavailable("The table does not answer."))
    with monkeypatch.context() as patched:
        patched.setattr(app, "follow_schedule", down)
        assert handled(fired) == {"batchItemFailures": [{"itemIdentifier": "m-1"}]}
    assert stops() == []

    assert handled(fired) == {"batchItemFailures": []}
    assert state() == "stopped"


def test_a_clock_of_before_the_queue_and_an_operator_invoke_the_function_itself(
    fired: dict[str, Any],
) -> None:
    (record,) = fired["Records"]

    answer = handled(json.loads(record["body"]))

    assert answer["done"]["action"] == "stop"
    assert state() == "stopped"


def test_a_clock_that_scheduler_could_not_send_is_followed_by_hand(
    orders: Resource, scheduler: Any, fired: dict[str, Any]
) -> None:
    """The dead letter is the whole request to SQS."""
    request = schedules_in(scheduler)[clock_of(orders, "1800")]["Target"]["Input"]

    assert handled(json.loads(request))["done"]["action"] == "stop"


@pytest.mark.parametrize(
    "body",
    [
        "not JSON",
        "[]",
        "{}",
        '{"MessageBody": 1}',
        "[" * 100_000,
        json.dumps(NAMES | {"clock": 1}),
        json.dumps(NAMES | {"made_at": "yesterday"}),
    ],
)
def test_a_message_that_no_retry_can_fix_is_dropped(
    fired: dict[str, Any], body: str, capsys: pytest.CaptureFixture[str]
) -> None:
    fired["Records"][0]["body"] = body

    assert handled(fired) == {"batchItemFailures": []}
    assert '"DroppedEvents"' in capsys.readouterr().out
    assert stops() == []


@pytest.mark.parametrize("event", [{}, {"MessageBody": "not JSON"}, NAMES | {"clock": 1}])
def test_an_event_that_no_retry_can_fix_is_not_tried_again(
    fired: dict[str, Any], event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    """Lambda invokes the function twice more if it fails."""
    assert handled(event) == {"done": None}
    assert '"DroppedEvents"' in capsys.readouterr().out


def test_a_turn_that_another_message_is_making_is_no_error_and_comes_again(
    fired: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """A schedule that is set shortly before its turn has two messages for it."""
    act, twins = InstanceClient.act, []

    def while_the_other_is_at_it(*args: Any, **kwargs: Any) -> Any:
        with pytest.raises(StillRunning):
            app.follow(fired["Records"][0])
        twins.append("came again")
        return act(*args, **kwargs)

    with caplog.at_level("WARNING"):
        monkeypatch.setattr(InstanceClient, "act", while_the_other_is_at_it)
        assert handled(fired) == {"batchItemFailures": []}

    assert twins == ["came again"]
    assert "Message comes again" in caplog.text
    assert not [each for each in caplog.records if each.levelname == "ERROR"]
    assert len(stops()) == 1


def test_an_event_that_fails_is_logged_and_tried_again(
    fired: dict[str, Any], monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    down = Mock(side_effect=ServiceUnavailable("The table does not answer."))
    monkeypatch.setattr(app, "follow_schedule", down)

    with pytest.raises(ServiceUnavailable):
        handled(json.loads(fired["Records"][0]["body"]))
    assert "Schedule not followed" in caplog.text
