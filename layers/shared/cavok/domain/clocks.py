"""Clocks: the EventBridge schedules of resources. When one fires, `follow_schedule` runs.

A resource has one for each time of day at which its week changes. The name says for which revision
of the schedule it was made: a change makes other clocks and leaves those of the stored schedule
alone, and a clock that its resource does not know is recognized. A clock decides nothing.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import datetime, timedelta

from cavok.domain.resources import Resource

IN_THE_MAKING = timedelta(days=1)
"""A younger clock that its resource does not know may belong to a change that is not saved yet, or
that is being repeated after a failure.
"""


@dataclass(frozen=True, slots=True)
class Clock:
    """`cron` is EventBridge Scheduler's expression, in `time_zone`."""

    name: str
    cron: str
    time_zone: str
    made_at: datetime


def clocks_of(resource: Resource, now: datetime) -> tuple[Clock, ...]:
    """The clocks that a resource's schedule needs; none without a schedule."""
    if resource.schedule is None:
        return ()
    zone, made_for = resource.schedule.time_zone, _made_for(resource)
    crons = resource.schedule.crons(now)
    return tuple(Clock(f"{made_for}-{at}", cron, zone, now) for at, cron in crons.items())


def names_of(clocks: Iterable[Clock]) -> tuple[str, ...]:
    """As a resource remembers them."""
    return tuple(clock.name for clock in clocks)


def knows(resource: Resource, clock: str) -> bool:
    """Whether a clock of this name was made for the schedule that the resource has now."""
    made_for, _, _ = clock.rpartition("-")
    return resource.schedule is not None and made_for == _made_for(resource)


def is_left_over(made_at: datetime, now: datetime) -> bool:
    """Whether an unknown clock is of no use any more."""
    return now - made_at > IN_THE_MAKING


def _made_for(resource: Resource) -> str:
    """What the names of its clocks begin with. Schedules older than revisions have none."""
    if resource.revision is None:
        return resource.resource_id
    return f"{resource.resource_id}-{resource.revision}"
