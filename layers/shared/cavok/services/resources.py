"""Resources: instances under Cavok's control, and following their schedules."""

from collections.abc import Callable, Container, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from itertools import takewhile
from typing import TYPE_CHECKING

from cavok.domain import audit
from cavok.domain.accounts import Account
from cavok.domain.actors import SCHEDULE, SYSTEM, Requester
from cavok.domain.audit import AuditEntry
from cavok.domain.clocks import Clock, ClockMessage, clocks_of, names_of
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.errors import (
    AccountNotFound,
    Conflict,
    InstanceNotFound,
    InteractionRefused,
    InvalidField,
    NotAnswered,
    ServiceUnavailable,
    UnknownClock,
)
from cavok.domain.ids import new_id
from cavok.domain.instances import Instance
from cavok.domain.interactions import Interaction
from cavok.domain.kinds import Kind
from cavok.domain.outcomes import is_passing
from cavok.domain.quotas import QuotaName
from cavok.domain.resources import Resource
from cavok.domain.schedules import Schedule, Transition
from cavok.domain.versions import Versions
from cavok.services.clocks import complete_clocks
from cavok.services.connections import ConnectionDependencies, RequestContext
from cavok.services.instances import list_instances
from cavok.services.start_stop import start_stop

if TYPE_CHECKING:
    from cavok.adapters.queue import Queue
    from cavok.adapters.scheduler import SchedulerClient
    from cavok.adapters.table.accounts import Accounts
    from cavok.adapters.table.quotas import Quotas
    from cavok.adapters.table.resources import Resources


_AFTER_TURN = timedelta(seconds=5)
"""A message that came before its turn would do nothing: machines' clocks differ a little."""


@dataclass(frozen=True, slots=True, kw_only=True)
class ResourceDependencies:
    """What controlling resources needs. Only setting a schedule sends to `fired_clocks`."""

    resources: "Resources"
    scheduler: "SchedulerClient"
    fired_clocks: "Callable[[], Queue]"
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


def add_resource(
    context: RequestContext,
    new: NewResource,
    *,
    dependencies: ResourceDependencies,
    quotas: "Quotas | None" = None,
) -> Resource:
    """Puts an existing instance under control. A repetition within a day completes what was begun.
    Raises AccountNotFound, InstanceNotFound, InvalidField, InteractionRefused, Conflict,
    QuotaExceeded, ServiceUnavailable.
    """
    connections, resources = dependencies.connections, dependencies.resources
    account = connections.accounts.get(context.organization_id, context.account_id)
    wanted = Resource(
        organization_id=context.organization_id,
        account_id=context.account_id,
        resource_id=new_id(),
        kind=new.kind,
        instance_id=new.instance_id,
        region=new.region,
        name=None,
        schedule=None,
        followed_at=context.now,
        created_at=context.now,
        created_by=context.requester.actor.name,
        updated_at=context.now,
    ).scheduled(new.schedule, context.now)
    added = resources.made_before(wanted)
    if added is None:
        name = _find_instance(context, new, connections, quotas).name
        clocks = names_of(clocks_of(wanted, context.now))
        new_one = replace(wanted, name=name, schedule=None, clocks=clocks)
        entry = audit.resource_added(new_one, account, context.requester)
        added = resources.add(new_one, entry)
    elif quotas:
        _count_change(context, quotas)
    after = added
    if not added.has(new.schedule):
        # After a repetition too: until it is set, a schedule has no turns.
        after = replace(added, schedule=new.schedule, followed_at=context.now)
    return _change(added, after, account, context, dependencies)


def schedule_resource(
    context: RequestContext,
    resource_id: str,
    schedule: Schedule | None,
    *,
    versions: Versions | None = None,
    dependencies: ResourceDependencies,
    quotas: "Quotas | None" = None,
) -> Resource:
    """Sets another schedule, or none if `schedule` is null. Ending one has no quota. Here and
    below, `versions`: the versions that the client allows; None allows any. A repetition completes
    what an earlier request left. Raises AccountNotFound, ResourceNotFound, PreconditionFailed,
    Conflict, QuotaExceeded, ServiceUnavailable.
    """
    connections, resources = dependencies.connections, dependencies.resources
    account = connections.accounts.get(context.organization_id, context.account_id)
    resource = resources.get(context.account_id, resource_id)
    applied = resource.schedule == schedule  # also while clocks of one that was ended are left
    resource.at_one_of(versions.after_the_change() if versions and applied else versions)
    after = resource if resource.has(schedule) else resource.scheduled(schedule, context.now)
    if quotas and schedule:
        _count_change(context, quotas)
    return _change(resource, after, account, context, dependencies)


def _count_change(context: RequestContext, quotas: "Quotas") -> None:
    """Called before clocks are made. An unchanged schedule counts too: Scheduler is asked for each
    clock, and all organizations share its quota of calls.
    """
    quotas.take(QuotaName.CHANGES, context.organization_id, context.now)


def remove_resource(
    context: RequestContext,
    resource_id: str,
    *,
    versions: Container[str] | None = None,
    dependencies: ResourceDependencies,
) -> None:
    """Ends control of an instance, whose state stays. A repetition within a day ends the clocks
    that are left. Raises AccountNotFound, ResourceNotFound, PreconditionFailed, ServiceUnavailable.

    The resource is deleted first: its clocks do nothing without it.
    """
    account = dependencies.connections.accounts.get(context.organization_id, context.account_id)
    clocks = dependencies.resources.remove(
        context.account_id,
        resource_id,
        context.now,
        versions,
        lambda removed: audit.resource_removed(removed, account, context.requester, context.now),
    )
    _end_clocks_of_deleted(
        context.account_id, resource_id, clocks, dependencies.resources, dependencies.scheduler
    )


def end_resources(
    organization_id: str,
    account_id: str,
    *,
    accounts: "Accounts",
    resources: "Resources",
    scheduler: "SchedulerClient",
    request_id: str,
    now: datetime,
    deadline: Deadline,
) -> int:
    """Deletes all resources of a deleted account, and returns how many there were. Then ends their
    clocks until the deadline. Raises ServiceUnavailable if resources are left; a repetition goes on
    with them.

    The event alone proves nothing: an account that still exists, or that belongs to another
    organization, keeps its resources.
    """
    try:
        accounts.get(organization_id, account_id)
    except AccountNotFound:
        ended = [r for r in resources.all_of(account_id) if r.organization_id == organization_id]
    else:
        return 0
    for resource in ended:
        if not deadline.left:
            raise ServiceUnavailable("Not all resources of the account are deleted yet.")
        _remove_with_its_account(resource, resources, request_id, now)
    _end_clocks_of_account(account_id, resources, scheduler, deadline)
    return len(ended)


def _end_clocks_of_account(
    account_id: str, resources: "Resources", scheduler: "SchedulerClient", deadline: Deadline
) -> None:
    """A clock that is left does nothing: it ends when it fires, or by `reconcile_clocks`. So it is
    no failure if there are many, or if Scheduler throttles some. Raises ServiceUnavailable if it
    refuses those of every resource.
    """
    ended, refusal = 0, None
    for resource_id, clocks in resources.clocks_of_deleted(account_id):
        if not clocks or not deadline.left:
            continue
        try:
            _end_clocks_of_deleted(
                account_id, resource_id, clocks, resources, scheduler, deadline=deadline
            )
            ended += 1
        except ServiceUnavailable as error:
            refusal = error
    if refusal and not ended:
        raise refusal


def _end_clocks_of_deleted(
    account_id: str,
    resource_id: str,
    clocks: tuple[str, ...],
    resources: "Resources",
    scheduler: "SchedulerClient",
    *,
    deadline: Deadline = NO_DEADLINE,
) -> None:
    """Ends a resource's clocks, and forgets them, so that a repetition goes on with others."""
    scheduler.end(takewhile(lambda _: deadline.left, clocks))
    if clocks and deadline.left:
        resources.forget_clocks_of_deleted(account_id, resource_id)


def follow_schedule(
    message: ClockMessage, *, request_id: str, dependencies: ResourceDependencies, now: datetime
) -> Interaction | None:
    """Handles the due transition of a resource's schedule, when one of its clocks sent a message.
    Returns the interaction; null if nothing was due or if it was refused. A transition is handled
    once, however often this is called.

    Deletes the resource of a deleted account. Raises UnknownClock if no schedule has this clock,
    and ends a leftover clock; raises ServiceUnavailable if a retry may help.
    """
    resources, scheduler = dependencies.resources, dependencies.scheduler
    resource = resources.find(message.account_id, message.resource_id)
    if resource is None or not message.is_of(resource):
        if message.is_left_over(resource, now):
            scheduler.end([message.clock])
        raise UnknownClock(f"No schedule has the clock {message.clock}.")
    try:
        dependencies.connections.accounts.get(message.organization_id, message.account_id)
        transition = resource.due_transition(now)
        if transition is None:
            return None
        return _make_turn(resource, transition, request_id, dependencies, now)
    except AccountNotFound:  # Also if it was deleted while the turn was being made.
        clocks = _remove_with_its_account(resource, resources, request_id, now)
        scheduler.end(clocks)
        return None


def _make_turn(
    resource: Resource,
    transition: Transition,
    request_id: str,
    dependencies: ResourceDependencies,
    now: datetime,
) -> Interaction | None:
    context = RequestContext(
        organization_id=resource.organization_id,
        account_id=resource.account_id,
        requester=Requester(actor=SCHEDULE, request_id=request_id),
        now=now,
        idempotency_key=f"{resource.resource_id}/{transition.at.isoformat()}",
    )
    operation = resource.operation(transition)
    interaction: Interaction | None = None
    try:
        interaction = start_stop(context, operation, dependencies=dependencies.connections)
        after = resource.followed(transition, now, changed=interaction.changed)
    except (InteractionRefused, InstanceNotFound, InvalidField, NotAnswered) as failure:
        after = resource.not_followed(transition, _note(failure))
    dependencies.resources.save(after, before=resource)
    return interaction


def _note(failure: Exception) -> str:
    return f"{failure} Cavok tries again for an hour." if is_passing(failure) else str(failure)


def _remove_with_its_account(
    resource: Resource, resources: "Resources", request_id: str, now: datetime
) -> tuple[str, ...]:
    requester = Requester(actor=SYSTEM, request_id=request_id)
    return resources.remove(
        resource.account_id,
        resource.resource_id,
        now,
        entry_of=lambda removed: audit.resource_removed(removed, None, requester, now),
    )


def _change(
    before: Resource,
    after: Resource,
    account: Account,
    context: RequestContext,
    dependencies: ResourceDependencies,
) -> Resource:
    """Creates the clocks of another schedule, saves it, sends the message of a turn that they may
    miss, and only then ends the clocks of the previous one. If this stops halfway, repeating the
    request completes it: it makes the same clocks. Ending a schedule has no quota, so its clocks
    are forgotten once they are gone.
    """
    resources, scheduler, now = dependencies.resources, dependencies.scheduler, context.now
    clocks = clocks_of(after, now)
    names, previous = names_of(clocks), names_of(clocks_of(before, now))
    others = [name for name in dict.fromkeys(before.clocks + previous) if name not in names]
    if after == before:
        complete_clocks(after, clocks, resources=resources, scheduler=scheduler)
    else:
        scheduler.create(after, clocks)
        after = replace(after, clocks=(*names, *(previous or others)))
        entry = audit.schedule_changed(before, after, account, context.requester, now)
        another = after.schedule != before.schedule
        after = _save(after, before, names, entry if another else None, dependencies)
    _fire_for_turn_near(after, clocks, now, dependencies)
    scheduler.end(others)
    if others and after.schedule is None:
        resources.forget_clocks(after)
    return after


def _save(
    after: Resource,
    before: Resource,
    clocks: tuple[str, ...],
    entry: AuditEntry | None,
    dependencies: ResourceDependencies,
) -> Resource:
    """Saves a changed schedule, or ends its clocks if another change came first. Returns what is
    stored. Raises Conflict, ServiceUnavailable.
    """
    try:
        dependencies.resources.save(after, before=before, entry=entry)
    except Conflict:
        stored = dependencies.resources.find(after.account_id, after.resource_id)
        if stored and stored.revision == after.revision:
            return stored
        dependencies.scheduler.end(clocks)
        raise
    return after


def _fire_for_turn_near(
    resource: Resource,
    clocks: Sequence[Clock],
    now: datetime,
    dependencies: ResourceDependencies,
) -> None:
    """Sends the message of a new clock for a turn that is near. The previous clocks' messages,
    which may be late or wait, do nothing any more. A clock decides nothing: if its own message
    comes too, that does no harm. Raises ServiceUnavailable.
    """
    turn = resource.turn_near(now)
    if turn is None:
        return
    delay = max(turn.at - now, timedelta()) + _AFTER_TURN
    message = ClockMessage.of(resource, clocks[0])
    (refusal,) = dependencies.fired_clocks().send([message], delay=delay)
    if refusal:
        raise ServiceUnavailable(
            f"The schedule is set, but the {turn.action.value} that is due now may be missed. "
            "Please try again in a moment."
        )


def _find_instance(
    context: RequestContext,
    new: NewResource,
    connections: ConnectionDependencies,
    quotas: "Quotas | None",
) -> Instance:
    if quotas:
        quotas.take(QuotaName.LISTINGS, context.organization_id, context.now)
    listing = list_instances(context, region=new.region, kind=new.kind, dependencies=connections)
    for instance in listing.items:
        if instance.instance_id == new.instance_id:
            return instance
    for unavailable in listing.unavailable:
        raise unavailable.cause(unavailable.detail)
    raise InstanceNotFound(
        f"There is no {new.kind.value} instance {new.instance_id} in {new.region}."
    )
