"""The bodies of resources and their schedules."""

from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictStr

from cavok.api.models.common import Matching, RequestBody, ResponseBody, Timestamp
from cavok.domain.kinds import Action, Kind
from cavok.domain.schedules import Schedule, Window, is_time_zone
from cavok.services.resources import NewResource


def _time_zone(value: str) -> str:
    if not is_time_zone(value):
        raise ValueError("Choose a time zone of the IANA database, such as Europe/Berlin.")
    return value


Day = Literal["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
TimeOfDay = Annotated[
    StrictStr,
    Matching(
        "([01][0-9]|2[0-3]):[0-5][0-9]",
        "A time of day is HH:MM, from 00:00 to 23:59.",
    ),
]
TimeZone = Annotated[StrictStr, AfterValidator(_time_zone), Field(max_length=64)]


class WindowBody(RequestBody):
    """On from `start` to `stop` on these days. A window that ends at or before its start runs past
    midnight.
    """

    days: Annotated[list[Day], Field(min_length=1, max_length=7)]
    start: TimeOfDay
    stop: TimeOfDay


class ScheduleBody(RequestBody):
    """On in its windows and off between them, in local time. Without windows it is always off."""

    time_zone: TimeZone
    windows: Annotated[list[WindowBody], Field(max_length=14)]

    def schedule(self) -> Schedule:
        """The schedule as the domain has it."""
        return Schedule(
            self.time_zone, tuple(Window(tuple(w.days), w.start, w.stop) for w in self.windows)
        )


class NewResourceBody(RequestBody):
    """An instance for Cavok to control, with or without a schedule."""

    kind: Kind
    instance_id: Annotated[StrictStr, Field(min_length=1, max_length=64)]
    region: Annotated[StrictStr, Field(min_length=1, max_length=30)]
    schedule: ScheduleBody | None = None

    def new_resource(self) -> NewResource:
        """The resource to add, as the domain has it."""
        return NewResource(
            kind=self.kind,
            instance_id=self.instance_id,
            region=self.region,
            schedule=self.schedule.schedule() if self.schedule else None,
        )


class ResourceChangeBody(RequestBody):
    """The new schedule, or null for none."""

    schedule: ScheduleBody | None


class NextAction(ResponseBody):
    action: Action
    at: Timestamp


class ResourceBody(ResponseBody):
    """An instance that Cavok controls. `next_action` is what its schedule does next; `note` says
    what went wrong or was unusual the last time, and is null otherwise.
    """

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


class ResourceList(ResponseBody):
    items: list[ResourceBody]
    next_cursor: str | None
