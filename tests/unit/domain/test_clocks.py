"""Which clocks a resource's schedule needs, and which it knows."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

from cavok.domain.clocks import IN_THE_MAKING, Clock, clocks_of, is_left_over, knows, names_of
from cavok.domain.kinds import Kind
from cavok.domain.resources import Resource
from cavok.domain.schedules import DAYS, Schedule, Window
from tests.support.builders import NOW, a_resource

OFFICE = Schedule("Europe/Berlin", (Window(DAYS[:5], "08:00", "18:00"),))
NIGHT = Schedule("Europe/Berlin", (Window(DAYS, "18:00", "04:00"),))
FREE = a_resource(kind=Kind.RDS, instance_id="orders")
ORDERS = FREE.scheduled(OFFICE, NOW)
LONGEST_NAME = 64
"""Of a schedule. Source: EventBridge Scheduler API reference, CreateSchedule."""


def test_a_clock_is_named_after_its_resource_the_revision_and_its_time_of_day() -> None:
    made_for = f"{ORDERS.resource_id}-{ORDERS.revision}"

    assert clocks_of(ORDERS, NOW) == (
        Clock(f"{made_for}-0800", "cron(0 8 ? * MON,TUE,WED,THU,FRI *)", "Europe/Berlin", NOW),
        Clock(f"{made_for}-1800", "cron(0 18 ? * MON,TUE,WED,THU,FRI *)", "Europe/Berlin", NOW),
    )
    assert all(len(name) <= LONGEST_NAME for name in names_of(clocks_of(ORDERS, NOW)))


def test_no_two_schedules_that_a_resource_ever_had_share_a_clock() -> None:
    had = [
        ORDERS,
        ORDERS.scheduled(NIGHT, NOW),
        ORDERS.scheduled(NIGHT, NOW).scheduled(OFFICE, NOW),
    ]
    names = [name for resource in had for name in names_of(clocks_of(resource, NOW))]

    assert len(set(names)) == len(names)


def test_without_a_schedule_there_are_no_clocks() -> None:
    assert clocks_of(FREE, NOW) == ()
    assert clocks_of(ORDERS.scheduled(None, NOW), NOW) == ()


def test_a_resource_knows_the_clocks_of_its_schedule_and_no_others() -> None:
    changed, ended = ORDERS.scheduled(NIGHT, NOW), ORDERS.scheduled(None, NOW)
    of_before = replace(ORDERS, revision=None)
    resources = [ORDERS, changed, ended, of_before, replace(ORDERS, resource_id="another"), FREE]

    def known_by(resource: Resource) -> list[Resource]:
        (name, *_) = names_of(clocks_of(resource, NOW))
        return [each for each in resources if knows(each, name)]

    for resource in (ORDERS, changed, of_before):
        assert known_by(resource) == [resource]


def test_an_unknown_clock_is_left_over_after_a_day() -> None:
    assert not is_left_over(NOW - IN_THE_MAKING, NOW)
    assert is_left_over(NOW - IN_THE_MAKING - timedelta(seconds=1), NOW)
