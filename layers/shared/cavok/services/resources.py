"""Putting instances under Cavok's control, and following their schedules."""

from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING

from ulid import ULID

from cavok.domain.errors import (
    AccountNotFound,
    InstanceNotFound,
    InteractionRefused,
    ResourceNotFound,
)
from cavok.domain.instances import Instance, Kind
from cavok.domain.interactions import Interaction
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule
from cavok.services.instances import Asked, Connections, list_instances, operate

if TYPE_CHECKING:
    from cavok.adapters.scheduler import SchedulerClient
    from cavok.adapters.table.resources import Resources

SCHEDULE = "schedule"
"""The actor of what a schedule does."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Control:
    """What controlling resources takes."""

    resources: "Resources"
    scheduler: "SchedulerClient"
    connections: Connections


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResource:
    """What an admin asks for."""

    kind: Kind
    instance_id: str
    region: str
    schedule: Schedule | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Fired:
    """A clock that asks, and in which request."""

    organization_id: str
    account_id: str
    resource_id: str
    clock: str
    request_id: str


def add_resource(asked: Asked, new: NewResource, *, control: Control) -> Resource:
    """Raises AccountNotFound, InstanceNotFound, InvalidField, InteractionRefused, Conflict,
    ServiceUnavailable.
    """
    instance = _look(asked, new, control.connections)
    resource = Resource(
        organization_id=asked.organization_id,
        account_id=asked.account_id,
        resource_id=str(ULID()),
        kind=new.kind,
        instance_id=new.instance_id,
        region=new.region,
        name=instance.name,
        schedule=None,
        followed_at=asked.now,
        created_at=asked.now,
        created_by=asked.actor,
        updated_at=asked.now,
    )
    control.resources.add(resource)
    return _set(resource, new.schedule, asked.now, control) if new.schedule else resource


def schedule_resource(
    asked: Asked, resource_id: str, schedule: Schedule | None, *, control: Control
) -> Resource:
    """Another schedule, or none. Raises AccountNotFound, ResourceNotFound, Conflict,
    ServiceUnavailable.
    """
    control.connections.accounts.get(asked.organization_id, asked.account_id)
    resource = control.resources.get(asked.account_id, resource_id)
    return _set(resource, schedule, asked.now, control)


def remove_resource(asked: Asked, resource_id: str, *, control: Control) -> None:
    """Raises AccountNotFound, ResourceNotFound, ServiceUnavailable."""
    control.connections.accounts.get(asked.organization_id, asked.account_id)
    resource = control.resources.get(asked.account_id, resource_id)
    _end(resource, control.resources, control.scheduler)


def end_resources(account_id: str, *, resources: "Resources", scheduler: "SchedulerClient") -> int:
    """Those of an account that is gone; returns how many went. May be repeated. Raises
    ServiceUnavailable.
    """
    ended = list(resources.all_of(account_id))
    for resource in ended:
        _end(resource, resources, scheduler)
    return len(ended)


def follow_schedule(fired: Fired, *, control: Control, now: datetime) -> Interaction | None:
    """Does what the schedule of a resource wants by now, once, whoever asks and how often.

    The resource of an account that is gone goes too. Raises ServiceUnavailable where trying again
    may help.
    """
    try:
        resource = control.resources.get(fired.account_id, fired.resource_id)
    except ResourceNotFound:
        control.scheduler.delete([fired.clock])
        return None
    try:
        control.connections.accounts.get(fired.organization_id, fired.account_id)
    except AccountNotFound:
        _end(resource, control.resources, control.scheduler)
        return None
    turn = resource.due_turn(now)
    if turn is None:
        return None
    asked = Asked(
        organization_id=fired.organization_id,
        account_id=fired.account_id,
        actor=SCHEDULE,
        request_id=fired.request_id,
        now=now,
        key=f"{resource.resource_id}/{turn.at.isoformat()}",
    )
    interaction: Interaction | None = None
    try:
        interaction = operate(asked, resource.operation(turn), connections=control.connections)
        after = resource.followed(turn, now, changed=interaction.changed)
    except (InteractionRefused, InstanceNotFound) as refusal:
        after = resource.not_followed(turn, str(refusal))
    control.resources.save(after, as_of=resource.updated_at)
    return interaction


def _end(resource: Resource, resources: "Resources", scheduler: "SchedulerClient") -> None:
    """SchedulerClient first: what is left of a resource still names those that are to be ended."""
    scheduler.delete(resource.clocks)
    resources.delete(resource)


def _set(
    resource: Resource, schedule: Schedule | None, now: datetime, control: Control
) -> Resource:
    """Creates before it saves: a needless invocation does no harm, a missing one does."""
    scheduled = resource.scheduled(schedule, now)
    crons = schedule.crons(now) if schedule else {}
    clocks = control.scheduler.create(scheduled, crons)
    scheduled = replace(scheduled, clocks=clocks)
    control.resources.save(scheduled, as_of=resource.updated_at)
    control.scheduler.delete(name for name in resource.clocks if name not in clocks)
    return scheduled


def _look(asked: Asked, new: NewResource, connections: Connections) -> Instance:
    listing = list_instances(asked, region=new.region, kind=new.kind, connections=connections)
    for instance in listing.items:
        if instance.instance_id == new.instance_id:
            return instance
    for unavailable in listing.unavailable:
        raise InteractionRefused(unavailable.detail)
    raise InstanceNotFound(
        f"There is no {new.kind.value} instance {new.instance_id} in {new.region}."
    )
