"""The shapes of resources and schedules in the HTTP API."""

import re
from typing import Annotated, Literal, Self

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, StrictStr

from cavok.api.instance_models import Timestamp
from cavok.domain.instances import Action, Kind
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule, Turn, Window, is_time_zone
from cavok.services.resources import NewResource

_CLOCK = re.compile(r"([01][0-9]|2[0-3]):[0-5][0-9]", re.ASCII)


def _clock(value: str) -> str:
    if not _CLOCK.fullmatch(value):
        raise ValueError("A time of day is HH:MM, from 00:00 to 23:59.")
    return value


def _time_zone(value: str) -> str:
    if not is_time_zone(value):
        raise ValueError("Choose a time zone of the IANA database, such as Europe/Berlin.")
    return value


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
Clock = Annotated[
    StrictStr,
    AfterValidator(_clock),
    Field(json_schema_extra={"pattern": f"^{_CLOCK.pattern}$"}),
]
TimeZone = Annotated[StrictStr, AfterValidator(_time_zone), Field(max_length=64)]


class WindowBody(BaseModel):
    """On from `start` to `stop` on these days, and past midnight where it ends at or before its
    start.
    """

    model_config = ConfigDict(extra="forbid")

    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    start: Clock
    stop: Clock


class ScheduleBody(BaseModel):
    """On in its windows and off between them, in local time. Without windows it is always off."""

    model_config = ConfigDict(extra="forbid")

    time_zone: TimeZone
    windows: Annotated[list[WindowBody], Field(max_length=14)]

    def schedule(self) -> Schedule:
        return Schedule(
            self.time_zone, tuple(Window(tuple(w.days), w.start, w.stop) for w in self.windows)
        )

    @classmethod
    def of(cls, schedule: Schedule) -> Self:
        return cls.model_validate(schedule, from_attributes=True)


class NewResourceBody(BaseModel):
    """An instance to put under control, with a schedule or without."""

    model_config = ConfigDict(extra="forbid")

    kind: Kind
    instance_id: Annotated[StrictStr, Field(min_length=1, max_length=64)]
    region: Annotated[StrictStr, Field(min_length=1, max_length=30)]
    schedule: ScheduleBody | None = None

    def new_resource(self) -> NewResource:
        return NewResource(
            kind=self.kind,
            instance_id=self.instance_id,
            region=self.region,
            schedule=self.schedule.schedule() if self.schedule else None,
        )


class ResourceChangeBody(BaseModel):
    """Another schedule; null for none."""

    model_config = ConfigDict(extra="forbid")

    schedule: ScheduleBody | None


class NextAction(BaseModel):
    action: Action
    at: Timestamp


class ResourceBody(BaseModel):
    """An instance under control, what comes next, and what one should know of the last turn."""

    resource_id: str
    kind: Kind
    instance_id: str
    region: str
    name: str | None
    schedule: ScheduleBody | None
    next_action: NextAction | None
    note: str | None
    created_at: Timestamp
    created_by: str
    updated_at: Timestamp

    @classmethod
    def of(cls, resource: Resource, next_turn: Turn | None) -> Self:
        return cls(
            resource_id=resource.resource_id,
            kind=resource.kind,
            instance_id=resource.instance_id,
            region=resource.region,
            name=resource.name,
            schedule=ScheduleBody.of(resource.schedule) if resource.schedule else None,
            next_action=NextAction(action=next_turn.action, at=next_turn.at) if next_turn else None,
            note=resource.note,
            created_at=resource.created_at,
            created_by=resource.created_by,
            updated_at=resource.updated_at,
        )


class ResourceList(BaseModel):
    items: list[ResourceBody]
    next_cursor: None = None
