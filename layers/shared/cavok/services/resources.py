"""Resources: instances under Cavok's control, and following their schedules."""

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
from cavok.domain.instances import Instance
from cavok.domain.interactions import Interaction
from cavok.domain.kinds import Kind
from cavok.domain.outcomes import is_passing
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule
from cavok.domain.verifications import SCHEDULE
from cavok.services.connections import ConnectionDependencies, RequestContext
from cavok.services.instances import list_instances
from cavok.services.start_stop import start_stop

if TYPE_CHECKING:
    from cavok.adapters.scheduler import SchedulerClient
    from cavok.adapters.table.accounts import Accounts
    from cavok.adapters.table.resources import Resources


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDependencies:
    """What controlling resources needs."""

    resources: "Resources"
    scheduler: "SchedulerClient"
    connections: ConnectionDependencies


@dataclass(frozen=True, slots=True, kw_only=True)
class NewResource:
    """The instance to put under control. The identifier is as AWS stores it."""

    kind: Kind
    instance_id: str
    region: str
    schedule: Schedule | None

    def __post_init__(self) -> None:
        object.__setattr__(self, "instance_id", self.kind.descriptor.stored_id(self.instance_id))


@dataclass(frozen=True, slots=True, kw_only=True)
class ScheduleInvocation:
    """One invocation by EventBridge Scheduler. `clock` is the name of the EventBridge schedule."""

    organization_id: str
    account_id: str
    resource_id: str
    clock: str
    request_id: str


def add_resource(
    context: RequestContext, new: NewResource, *, dependencies: ResourceDependencies
) -> Resource:
    """Puts an existing instance under control. Raises AccountNotFound, InstanceNotFound,
    InvalidField, InteractionRefused, Conflict, ServiceUnavailable.
    """
    instance = _find_instance(context, new, dependencies.connections)
    resource = Resource(
        organization_id=context.organization_id,
        account_id=context.account_id,
        resource_id=str(ULID()),
        kind=new.kind,
        instance_id=new.instance_id,
        region=new.region,
        name=instance.name,
        schedule=None,
        followed_at=context.now,
        created_at=context.now,
        created_by=context.actor,
        updated_at=context.now,
    )
    dependencies.resources.add(resource)
    if new.schedule is None:
        return resource
    return _set_schedule(resource, new.schedule, context.now, dependencies)


def schedule_resource(
    context: RequestContext,
    resource_id: str,
    schedule: Schedule | None,
    *,
    dependencies: ResourceDependencies,
) -> Resource:
    """Sets another schedule, or none if `schedule` is null. Raises AccountNotFound,
    ResourceNotFound, Conflict, ServiceUnavailable.
    """
    resource = _get(context, resource_id, dependencies)
    return _set_schedule(resource, schedule, context.now, dependencies)


def remove_resource(
    context: RequestContext, resource_id: str, *, dependencies: ResourceDependencies
) -> None:
    """Ends control of an instance, whose state stays. Raises AccountNotFound, ResourceNotFound,
    ServiceUnavailable.
    """
    resource = _get(context, resource_id, dependencies)
    _delete(resource, dependencies.resources, dependencies.scheduler)


def end_resources(
    organization_id: str,
    account_id: str,
    *,
    accounts: "Accounts",
    resources: "Resources",
    scheduler: "SchedulerClient",
) -> int:
    """Deletes all resources of a deleted account, and returns how many there were. Idempotent.
    Raises ServiceUnavailable.

    The event alone proves nothing: an account that is there, or another organization's, keeps them.
    """
    try:
        accounts.get(organization_id, account_id)
    except AccountNotFound:
        ended = [r for r in resources.all_of(account_id) if r.organization_id == organization_id]
    else:
        return 0
    for resource in ended:
        _delete(resource, resources, scheduler)
    return len(ended)


def follow_schedule(
    invocation: ScheduleInvocation, *, dependencies: ResourceDependencies, now: datetime
) -> Interaction | None:
    """Handles the due transition of a resource's schedule. Returns the interaction; null if nothing
    was due or if it was refused. A transition is handled once, however often this is called.

    Deletes the resource of a deleted account. Raises ServiceUnavailable if a retry may help.
    """
    resources, scheduler = dependencies.resources, dependencies.scheduler
    try:
        resource = resources.get(invocation.account_id, invocation.resource_id)
    except ResourceNotFound:
        scheduler.delete([invocation.clock])
        return None
    try:
        dependencies.connections.accounts.get(invocation.organization_id, invocation.account_id)
    except AccountNotFound:
        _delete(resource, resources, scheduler)
        return None
    transition = resource.due_transition(now)
    if transition is None:
        return None
    context = RequestContext(
        organization_id=invocation.organization_id,
        account_id=invocation.account_id,
        actor=SCHEDULE,
        request_id=invocation.request_id,
        now=now,
        idempotency_key=f"{resource.resource_id}/{transition.at.isoformat()}",
    )
    operation = resource.operation(transition)
    interaction: Interaction | None = None
    try:
        interaction = start_stop(context, operation, dependencies=dependencies.connections)
        after = resource.followed(transition, now, changed=interaction.changed)
    except (InteractionRefused, InstanceNotFound) as refusal:
        after = resource.not_followed(transition, _note(refusal))
    resources.save(after, as_of=resource.updated_at)
    return interaction


def _note(refusal: Exception) -> str:
    return f"{refusal} Cavok tries again for an hour." if is_passing(refusal) else str(refusal)


def _get(context: RequestContext, resource_id: str, dependencies: ResourceDependencies) -> Resource:
    dependencies.connections.accounts.get(context.organization_id, context.account_id)
    return dependencies.resources.get(context.account_id, resource_id)


def _delete(resource: Resource, resources: "Resources", scheduler: "SchedulerClient") -> None:
    """Deletes the EventBridge schedules first: should that fail, the stored resource names them."""
    scheduler.delete(resource.schedule_names)
    resources.delete(resource)


def _set_schedule(
    resource: Resource,
    schedule: Schedule | None,
    now: datetime,
    dependencies: ResourceDependencies,
) -> Resource:
    """Creates EventBridge schedules before it saves: a needless invocation does no harm, a missing
    one does.
    """
    scheduled = resource.scheduled(schedule, now)
    crons = schedule.crons(now) if schedule else {}
    names = dependencies.scheduler.create(scheduled, crons)
    scheduled = replace(scheduled, schedule_names=names)
    dependencies.resources.save(scheduled, as_of=resource.updated_at)
    dependencies.scheduler.delete(name for name in resource.schedule_names if name not in names)
    return scheduled


def _find_instance(
    context: RequestContext, new: NewResource, connections: ConnectionDependencies
) -> Instance:
    listing = list_instances(context, region=new.region, kind=new.kind, dependencies=connections)
    for instance in listing.items:
        if instance.instance_id == new.instance_id:
            return instance
    for unavailable in listing.unavailable:
        raise InteractionRefused(unavailable.detail)
    raise InstanceNotFound(
        f"There is no {new.kind.value} instance {new.instance_id} in {new.region}."
    )
