"""Every two operations on a resource and its schedule, each between every two AWS calls of the
other: the clocks stay those of the stored schedule, and no other clock acts.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from functools import partial
from typing import Any

import pytest
from moto.backends import get_backend

from cavok import wiring
from cavok.adapters.table.accounts import Accounts
from cavok.domain.clocks import ClockMessage, clocks_of, names_of
from cavok.domain.deadlines import NO_DEADLINE
from cavok.domain.errors import (
    AccountNotFound,
    Conflict,
    ResourceNotFound,
    ServiceUnavailable,
    UnknownClock,
)
from cavok.domain.resources import Resource
from cavok.domain.schedules import DAYS, Schedule, Window
from cavok.services.accounts import disconnect_account
from cavok.services.reconcile_clocks import reconcile_clocks
from cavok.services.resources import (
    ResourceDependencies,
    add_resource,
    end_resources,
    follow_schedule,
    remove_resource,
    schedule_resource,
)
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    ORGANIZATION_ID,
    a_resource,
    by,
)
from tests.support.instances import make_database
from tests.support.interleaving import Answer, calls_of, interleavings, snapshot
from tests.support.moto_stack import CLOCKS, REGION
from tests.support.schedules import FiredClocks, new
from tests.support.start_stop import CONTEXT, Connect, history

OFFICE = Schedule("UTC", (Window(DAYS, "08:00", "18:00"),))
NEW_YORK = Schedule("America/New_York", (Window(DAYS[:5], "08:00", "18:00"),))
WEEKEND = Schedule("Europe/Berlin", (Window(DAYS[5:], "10:00", "18:00"),))
LATER = NOW + timedelta(hours=1)
EVENING = NOW.replace(hour=18)
"""NOW is a Saturday, at noon."""
EXPECTED = (AccountNotFound, Conflict, ResourceNotFound, ServiceUnavailable, UnknownClock)


@dataclass
class Story:
    """A database that is a resource, with the office's schedule; and what can be done with it."""

    control: ResourceDependencies
    accounts: Accounts
    resource: Resource

    def change(self, schedule: Schedule | None) -> Callable[[], Resource]:
        return lambda: schedule_resource(
            replace(CONTEXT, now=LATER),
            self.resource.resource_id,
            schedule,
            dependencies=self.control,
        )

    def end_schedule(self) -> Resource:
        """Of the resource that is there, if any."""
        there = [resource.resource_id for resource in self.stored()] or ["none"]
        context = replace(CONTEXT, now=LATER)
        return schedule_resource(context, there[0], None, dependencies=self.control)

    def remove(self) -> None:
        context = replace(CONTEXT, now=LATER)
        remove_resource(context, self.resource.resource_id, dependencies=self.control)

    def add(self) -> Resource:
        """The request that made the resource, repeated by a client that got no answer."""
        return add_resource(replace(CONTEXT, now=LATER), new(OFFICE), dependencies=self.control)

    def add_as_somebody_else(self) -> Resource:
        context = replace(CONTEXT, requester=by("bob@example.com"), now=LATER)
        return add_resource(context, new(NEW_YORK), dependencies=self.control)

    def delete_account(self) -> None:
        disconnect_account(
            ORGANIZATION_ID, ACCOUNT_ID, requester=by("ada"), accounts=self.accounts, now=LATER
        )
        self.end()

    def end(self) -> int:
        return end_resources(
            ORGANIZATION_ID,
            ACCOUNT_ID,
            accounts=self.accounts,
            resources=self.control.resources,
            scheduler=self.control.scheduler,
            request_id="e-1",
            now=LATER,
            deadline=NO_DEADLINE,
        )

    def take(self, message: ClockMessage, now: datetime) -> object:
        return follow_schedule(message, request_id="f-1", dependencies=self.control, now=now)

    def follow(self, clock: str | None = None, now: datetime = EVENING) -> object:
        """The evening's clock of the previous schedule."""
        message = ClockMessage(
            organization_id=ORGANIZATION_ID,
            account_id=ACCOUNT_ID,
            resource_id=self.resource.resource_id,
            clock=clock or self.resource.clocks[-1],
            made_at=NOW.isoformat(),
        )
        return self.take(message, now)

    def reconcile(self) -> int:
        """A moment later: nothing is old enough to be ended."""
        found = reconcile_clocks(
            resources=self.control.resources,
            scheduler=self.control.scheduler,
            now=LATER,
            deadline=NO_DEADLINE,
        )
        return len(list(found))

    def operation(self, name: str) -> Callable[[], object]:
        """With its caller, which repeats it where that may help."""
        operation: Callable[[], object] = {
            "set New York": self.change(NEW_YORK),
            "set the weekend": self.change(WEEKEND),
            "set it again": self.change(OFFICE),
            "end the schedule": self.change(None),
            "end its schedule": self.end_schedule,
            "remove": self.remove,
            "add again": self.add,
            "add as somebody else": self.add_as_somebody_else,
            "delete the account": self.delete_account,
            "follow": self.follow,
            "reconcile": self.reconcile,
        }[name]
        passing = (Conflict, ServiceUnavailable) if name == "follow" else ServiceUnavailable
        return lambda: _repeated(operation, passing)

    def ever_made(self, *names: str) -> set[str]:
        """Clocks of the evening: of the previous schedule, and of those that are set."""
        schedules = [SETS[name] for name in names if name in SETS]
        had = [self.resource, *(self.resource.scheduled(each, LATER) for each in schedules)]
        return {names_of(clocks_of(resource, LATER))[-1] for resource in had if resource.schedule}

    def stored(self) -> list[Resource]:
        return list(wiring.resources().all_of(ACCOUNT_ID))


def clocks() -> set[str]:
    """Straight from moto, which is faster: this is asked a thousand times."""
    return set(get_backend("scheduler")["123456789012"][REGION].schedule_groups[CLOCKS].schedules)


def database() -> Any:
    return get_backend("rds")["123456789012"][REGION].databases["orders"]


SETS = {
    "set New York": NEW_YORK,
    "set the weekend": WEEKEND,
    "set it again": OFFICE,
    "end the schedule": None,
}
OPERATIONS = (
    "set New York",
    "set the weekend",
    "set it again",
    "end the schedule",
    "remove",
    "add again",
    "delete the account",
    "follow",
    "reconcile",
)


ADDING = (
    "add again",
    "add as somebody else",
    "end its schedule",
    "delete the account",
    "reconcile",
)


@pytest.fixture
def story(connect: Connect, control: ResourceDependencies, accounts: Accounts) -> Story:
    connect()
    make_database("orders")
    resource = add_resource(CONTEXT, new(OFFICE), dependencies=control)
    return Story(control, accounts, resource)


def _repeated(operation: Callable[[], object], passing: Any) -> object:
    try:
        return operation()
    except passing:
        return operation()


@pytest.mark.parametrize("first", OPERATIONS)
def test_whatever_comes_between_the_clocks_are_those_of_the_stored_schedule(
    first: str, story: Story
) -> None:
    bring_back = snapshot()
    calls = calls_of(bring_back, story.operation(first))
    for second in OPERATIONS:
        one, two = story.operation(first), story.operation(second)
        for run in interleavings(bring_back, one, two, calls):
            answers, stored = [(first, run.first), (second, run.second)], story.stored()
            wrong = [
                *_unexpected(answers),
                *_wrong_clocks(stored),
                *_wrong_schedule(answers, stored),
                *_acting(story.ever_made(first, second), story),
            ]
            assert not wrong, f"{first} | {second} at {run.at}: {wrong}"


@pytest.mark.parametrize("first", ADDING)
def test_whatever_comes_between_an_instance_is_one_resource_of_an_account_that_is_there(
    first: str, connect: Connect, control: ResourceDependencies, accounts: Accounts
) -> None:
    connect()
    make_database("orders")
    bring_back = snapshot()
    story = Story(control, accounts, a_resource())
    calls = calls_of(bring_back, story.operation(first))
    for second in ADDING:
        one, two = story.operation(first), story.operation(second)
        for run in interleavings(bring_back, one, two, calls):
            answers, stored = [(first, run.first), (second, run.second)], story.stored()
            done = {name for name, answer in answers if not answer.error}
            wrong = [*_unexpected(answers), *_wrong_clocks(stored)]
            if "delete the account" in (first, second):
                assert stored == [], f"{first} | {second} at {run.at}"
            elif adding := done & {"add again", "add as somebody else"}:
                assert len(adding) == len(stored) == 1, f"{first} | {second} at {run.at}"
            if "end its schedule" in done:
                assert [each.schedule for each in stored] == [None], f"{first} at {run.at}"
            assert not wrong, f"{first} | {second} at {run.at}: {wrong}"


LONGER = Schedule("UTC", (Window(DAYS, "06:00", "18:00"),))
"""Stops when OFFICE does."""
OVERTIME = Schedule("UTC", (Window(DAYS, "08:00", "20:00"),))
BEFORE_TURN, AFTER_TURN = timedelta(milliseconds=-100), timedelta(seconds=5)


@pytest.mark.parametrize(
    ("schedule", "at", "turns"),
    [
        (LONGER, BEFORE_TURN, {1}),
        (LONGER, AFTER_TURN, {1}),
        (OFFICE, AFTER_TURN, {1}),
        (OVERTIME, AFTER_TURN, {0, 1}),
        (None, AFTER_TURN, {0, 1}),
    ],
    ids=["longer, before", "longer, after", "unchanged", "overtime", "none"],
)
def test_a_turn_whose_clock_fires_late_is_made_once_unless_another_schedule_lacks_it(
    schedule: Schedule | None,
    at: timedelta,
    turns: set[int],
    story: Story,
    fired_clocks: FiredClocks,
) -> None:
    """The clock fires within the minute of its turn. The clocks that the change makes fire tomorrow
    at first. If the other schedule lacks the turn, it counts what came first.
    """
    bring_back = snapshot()

    def prepare() -> None:
        bring_back()
        fired_clocks.entries.clear()

    def change() -> Resource:
        context, changed = replace(CONTEXT, now=EVENING + at), story.resource.resource_id
        return schedule_resource(context, changed, schedule, dependencies=story.control)

    def fire() -> object:
        late = EVENING + timedelta(seconds=59)
        return _repeated(partial(story.follow, now=late), (Conflict, ServiceUnavailable))

    for first, second in ((fire, change), (change, fire)):
        for run in interleavings(prepare, first, second):
            for message in fired_clocks.messages():
                story.take(message, EVENING + timedelta(minutes=1))
            made = [each for each in history(wiring.interactions()) if each.action == "stop"]
            assert len(made) in turns, f"{made} at {run.at}"
            assert (database().status == "stopped") == bool(made), f"at {run.at}"


def _unexpected(answers: list[tuple[str, Answer]]) -> Iterator[str]:
    """A caller may be told that something is gone or was changed, and nothing else."""
    for name, answer in answers:
        if answer.error and not isinstance(answer.error, EXPECTED):
            yield f"{name}: {answer.error!r}"


def _wrong_clocks(stored: list[Resource]) -> Iterator[str]:
    wanted = {name for resource in stored for name in names_of(clocks_of(resource, LATER))}
    if (there := clocks()) != wanted:
        yield f"missing: {wanted - there}, unknown: {there - wanted}"


def _wrong_schedule(answers: list[tuple[str, Answer]], stored: list[Resource]) -> Iterator[str]:
    """What is stored is what those wanted who were told that it is done."""
    done = {name for name, answer in answers if not answer.error}
    if done & {"remove", "delete the account"}:
        right: list[list[Schedule | None]] = [[], [OFFICE]] if "add again" in done else [[]]
    else:
        right = [[SETS[name]] for name in done if name in SETS] or [[OFFICE]]
    if [resource.schedule for resource in stored] not in right:
        yield f"{stored}, though done is {done}"


def _acting(ever_made: set[str], story: Story) -> Iterator[str]:
    """Clocks that act, though no schedule has them."""
    database().status = "available"
    for name in ever_made - clocks():
        with suppress(UnknownClock):
            yield f"{name} was followed: {story.follow(name)}"
    if database().status != "available":
        yield "the instance was stopped"
