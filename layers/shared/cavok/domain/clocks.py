"""Clocks: the EventBridge schedules of resources. When one fires, `follow_schedule` runs.

A resource has one for each time of day at which its week changes. A clock's name has the schedule's
revision: a change makes other clocks and does not touch those of the stored schedule, and a clock
that its resource does not know is recognized. A clock decides nothing.
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Self

from cavok.domain.errors import MalformedEvent
from cavok.domain.organizations import message_group
from cavok.domain.reading import ids_of, object_of, read_json, time_of
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


@dataclass(frozen=True, slots=True, kw_only=True)
class ClockMessage:
    """A clock's message when it fires: its name, its resource and, if known, its creation time."""

    organization_id: str
    account_id: str
    resource_id: str
    clock: str
    made_at: str | None = None

    @classmethod
    def of(cls, resource: Resource, clock: Clock) -> Self:
        """The message of a resource's clock."""
        return cls(
            organization_id=resource.organization_id,
            account_id=resource.account_id,
            resource_id=resource.resource_id,
            clock=clock.name,
            made_at=clock.made_at.isoformat(),
        )

    @property
    def group(self) -> str:
        """The same for all clocks of an organization."""
        return message_group(self.organization_id)

    @property
    def body(self) -> str:
        """JSON, which `read` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def read(cls, message: str | Mapping[str, Any]) -> Self:
        """Reads a clock's message, or the whole request to SQS, which Scheduler puts into the
        dead-letter queue. Raises MalformedEvent.
        """
        given = object_of(read_json(message) if isinstance(message, str) else message)
        if "MessageBody" in given:
            given = object_of(read_json(given["MessageBody"]))
        names = ids_of(given, "organization_id", "account_id", "resource_id", "clock")
        if not _NAME.fullmatch(names["clock"]):
            raise MalformedEvent("clock is not the name of a schedule.")
        made_at = time_of(given, "made_at").isoformat() if given.get("made_at") else None
        return cls(**names, made_at=made_at)

    def is_of(self, resource: Resource) -> bool:
        """Whether the resource has this clock for its current schedule."""
        return self.organization_id == resource.organization_id and knows(resource, self.clock)

    def is_left_over(self, resource: Resource | None, now: datetime) -> bool:
        """Whether the clock should be deleted. Clocks of a change in progress must stay."""
        if resource is None:
            return True
        made_at = datetime.fromisoformat(self.made_at) if self.made_at else resource.created_at
        return not knows(resource, self.clock) and is_left_over(made_at, now)


_NAME = re.compile("[0-9A-Za-z_.-]{1,64}")
"""EventBridge Scheduler refuses to delete any other. Source: its API Reference, DeleteSchedule."""


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
    """The prefix of its clocks' names. Schedules older than revisions have none in it."""
    if resource.revision is None:
        return resource.resource_id
    return f"{resource.resource_id}-{resource.revision}"
