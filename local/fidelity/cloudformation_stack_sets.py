"""CloudFormation StackSets with service-managed permissions: stacks in the members of an AWS
Organization, now and later.

This module knows stack sets, where they deploy, and their operations. Requests reach it through
`cloudformation_stack_set_requests`, templates through `cloudformation_stack_set_resource`.
"""

from __future__ import annotations

import asyncio
import html
import re
import time
import uuid
from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from ministack.core import iam_evaluator
from ministack.core.responses import request_scope
from ministack.services import cloudformation, organizations
from ministack.services.cloudformation import handlers

from local.fidelity.account import is_off
from local.fidelity.organizations_accounts import is_unusable, on_change

TRUSTED = "member.org.stacksets.cloudformation.amazonaws.com"
"""The principal of StackSets that an organization lets in, or whose administration it delegates."""
_POLL_SECONDS = 0.02
_AT_ONCE_AT_MOST = 50
"""Accounts that an operation works on. AWS says that it may be fewer than the preferences want."""
_AUTOMATICALLY_AT_ONCE = 10
"""The same of an automatic deployment. AWS says only that preferences do not apply."""


class Refused(Exception):
    """A request that CloudFormation refuses."""

    def __init__(self, code: str, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.code = code
        self.status = status


class Place(NamedTuple):
    account: str
    region: str


@dataclass
class Instance:
    """A stack of a stack set, or the attempt to make one."""

    place: Place
    unit: str
    """The root or organizational unit that was targeted."""
    overrides: dict[str, str] = field(default_factory=dict)
    stack_name: str = ""
    stack_id: str = ""
    status: str = "OUTDATED"
    detailed_status: str = "PENDING"
    reason: str = ""
    operation_id: str = ""


@dataclass
class Operation:
    """What happens to some instances of a stack set."""

    action: str
    preferences: dict[str, Any]
    targets: dict[str, Any]
    retain: bool = False
    id: str = field(default_factory=lambda: str(uuid.uuid4()))
    status: str = "QUEUED"
    started_at: float = field(default_factory=time.time)
    ended_at: float | None = None
    results: dict[Place, tuple[str, str]] = field(default_factory=dict)
    """Status and reason of each instance."""
    done: asyncio.Task[None] | None = None


@dataclass
class StackSet:
    name: str
    management: str
    region: str
    template: str
    parameters: dict[str, str]
    capabilities: list[str]
    tags: list[dict[str, str]]
    description: str
    deploys_automatically: bool
    retains_stacks: bool
    queues_operations: bool
    uuid: str = field(default_factory=lambda: str(uuid.uuid4()))
    instances: dict[Place, Instance] = field(default_factory=dict)
    operations: dict[str, Operation] = field(default_factory=dict)
    targeted: dict[str, set[str]] = field(default_factory=dict)
    """Regions by root or organizational unit."""
    seen: dict[str, str] = field(default_factory=dict)
    """The accounts that were in these, when it was looked last, and in which of them."""
    lock: asyncio.Lock = field(default_factory=asyncio.Lock)

    @property
    def id(self) -> str:
        return f"{self.name}:{self.uuid}"

    @property
    def arn(self) -> str:
        return f"arn:aws:cloudformation:{self.region}:{self.management}:stackset/{self.id}"


stack_sets: dict[tuple[str, str, str], StackSet] = {}
"""By management account, region and name."""


def find(management: str, region: str, name_or_id: str) -> StackSet:
    """Raises Refused."""
    found = stack_sets.get((management, region, name_or_id.split(":", maxsplit=1)[0]))
    if found is None or name_or_id not in (found.name, found.id):
        raise Refused("StackSetNotFoundException", f"StackSet {name_or_id} not found", 404)
    return found


# Where a stack set deploys


def accounts_under(management: str, units: Iterable[str]) -> dict[str, str]:
    """The accounts in these roots or units, or beneath, and in which of these each is. The
    management account is skipped.
    """
    with request_scope(management, "us-east-1"):
        children: dict[str, list[str]] = {}
        for unit in organizations._ous.values():
            children.setdefault(unit["_ParentId"], []).append(unit["Id"])
        inside: dict[str, str] = {}
        for unit in units:
            reached = [unit]
            for one in reached:
                inside.setdefault(one, unit)
                reached += children.get(one, [])
        return {
            account["Id"]: inside[account["_ParentId"]]
            for account in organizations._accounts.values()
            if account["_ParentId"] in inside and account["Id"] != management
        }


def targeted_accounts(stack_set: StackSet, targets: dict[str, Any]) -> dict[str, str]:
    """The accounts that deployment targets mean, and in which of their units each is."""
    named = set(targets.get("Accounts") or ())
    under = accounts_under(stack_set.management, targets.get("OrganizationalUnitIds") or ())
    kind = targets.get("AccountFilterType") or ("UNION" if named else "NONE")
    if kind == "NONE":
        return under
    if kind == "INTERSECTION":
        return {account: unit for account, unit in under.items() if account in named}
    if kind == "DIFFERENCE":
        return {account: unit for account, unit in under.items() if account not in named}
    there = {place.account: each.unit for place, each in stack_set.instances.items()}
    return under | {account: there[account] for account in named if account in there}


def check_units(management: str, targets: dict[str, Any]) -> None:
    """Raises Refused."""
    with request_scope(management, "us-east-1"):
        for unit in targets.get("OrganizationalUnitIds") or ():
            if unit not in organizations._roots and unit not in organizations._ous:
                raise Refused("ValidationError", f"Organizational unit {unit} does not exist")


# Operations

Act = Callable[[StackSet, Instance, Operation], Awaitable[str | None]]
"""Does something to one instance. Gives the reason why it failed, or None."""


def create_instances(
    stack_set: StackSet,
    targets: dict[str, Any],
    regions: list[str],
    overrides: dict[str, str],
    preferences: dict[str, Any],
) -> Operation:
    """Deploy where there is no instance yet. Raises Refused."""
    require_no_operation(stack_set)
    units = targets.get("OrganizationalUnitIds") or ()
    added = {unit: stack_set.targeted.get(unit, set()).union(regions) for unit in units}
    aim(stack_set, stack_set.targeted | added)

    def plan() -> list[Instance]:
        accounts = targeted_accounts(stack_set, targets)
        return _new_instances(stack_set, accounts, regions, overrides)

    return _queue(stack_set, Operation("CREATE", preferences, targets), plan, _create)


def update_instances(
    stack_set: StackSet,
    targets: dict[str, Any],
    regions: list[str],
    preferences: dict[str, Any],
) -> Operation:
    """Update instances: all, or those of these targets and regions. Raises Refused."""
    require_no_operation(stack_set)

    def plan() -> list[Instance]:
        chosen = targeted_accounts(stack_set, targets) if targets else None
        return [
            each
            for place, each in stack_set.instances.items()
            if (chosen is None or place.account in chosen)
            and (not regions or place.region in regions)
        ]

    for each in stack_set.instances.values():
        each.status = "OUTDATED"
    return _queue(stack_set, Operation("UPDATE", preferences, targets), plan, _update)


def delete_instances(
    stack_set: StackSet,
    targets: dict[str, Any],
    regions: list[str],
    preferences: dict[str, Any],
    *,
    retain: bool,
) -> Operation:
    """Delete instances, and their stacks if they are not retained. Raises Refused."""
    require_no_operation(stack_set)
    if not targets.get("Accounts"):
        gone = targets.get("OrganizationalUnitIds") or ()
        left = {
            unit: there - set(regions) if unit in gone else there
            for unit, there in stack_set.targeted.items()
        }
        aim(stack_set, {unit: there for unit, there in left.items() if there})

    def plan() -> list[Instance]:
        chosen = targeted_accounts(stack_set, targets)
        return _instances_in(stack_set, chosen, regions)

    operation = Operation("DELETE", preferences, targets, retain=retain)
    return _queue(stack_set, operation, plan, _delete)


def delete_places(
    stack_set: StackSet, places: set[Place], preferences: dict[str, Any]
) -> Operation:
    """Delete these instances and their stacks. Raises Refused."""
    require_no_operation(stack_set)
    targets = {"Accounts": sorted({place.account for place in places})}

    def plan() -> list[Instance]:
        return [each for place, each in stack_set.instances.items() if place in places]

    return _queue(stack_set, Operation("DELETE", preferences, targets), plan, _delete)


def aim(stack_set: StackSet, targeted: dict[str, set[str]]) -> None:
    """Where the stack set deploys automatically from now on: regions by root or unit."""
    stack_set.targeted = targeted
    stack_set.seen = accounts_under(stack_set.management, targeted)


def _new_instances(
    stack_set: StackSet,
    accounts: dict[str, str],
    regions: Iterable[str],
    overrides: dict[str, str],
) -> list[Instance]:
    wanted = {
        Place(account, region): unit for region in regions for account, unit in accounts.items()
    }
    made = {
        place: Instance(place, unit, overrides)
        for place, unit in wanted.items()
        if place not in stack_set.instances
    }
    stack_set.instances |= made
    return list(made.values())


def _instances_in(
    stack_set: StackSet, accounts: Iterable[str], regions: Iterable[str]
) -> list[Instance]:
    wanted = [Place(account, region) for region in regions for account in accounts]
    return [stack_set.instances[place] for place in wanted if place in stack_set.instances]


def require_no_operation(stack_set: StackSet) -> None:
    """Raises Refused if an operation runs and the stack set does not queue others. Before a request
    changes anything.
    """
    running = any(each.ended_at is None for each in stack_set.operations.values())
    if running and not stack_set.queues_operations:
        said = f"Another Operation on StackSet {stack_set.arn} is in progress"
        raise Refused("OperationInProgressException", said, 409)


def _queue(
    stack_set: StackSet, operation: Operation, plan: Callable[[], list[Instance]], act: Act
) -> Operation:
    stack_set.operations[operation.id] = operation
    running = _run(stack_set, operation, plan, act)
    operation.done = asyncio.get_running_loop().create_task(running)
    return operation


async def _run(
    stack_set: StackSet, operation: Operation, plan: Callable[[], list[Instance]], act: Act
) -> None:
    async with stack_set.lock:
        operation.status = "RUNNING"
        instances = plan()
        regions = dict.fromkeys(each.place.region for each in instances)
        failed = False
        for region in regions:
            there = [each for each in instances if each.place.region == region]
            failed = not await _run_in_region(stack_set, operation, there, act, cancel=failed)
        operation.status = "FAILED" if failed else "SUCCEEDED"
        operation.ended_at = time.time()


async def _run_in_region(
    stack_set: StackSet,
    operation: Operation,
    instances: list[Instance],
    act: Act,
    *,
    cancel: bool,
) -> bool:
    """Whether no more failed than the operation tolerates. Else the rest is cancelled."""
    tolerated, at_once = _limits(operation, len(instances))
    strict = operation.preferences.get("ConcurrencyMode") != "SOFT_FAILURE_TOLERANCE"
    failures, waiting = 0, list(instances)
    while waiting and not cancel and failures <= tolerated:
        size = min(at_once, tolerated + 1 - failures) if strict else at_once
        batch, waiting = waiting[:size], waiting[size:]
        outcomes = await asyncio.gather(
            *(_run_one(stack_set, each, operation, act) for each in batch)
        )
        failures += outcomes.count("FAILED")
    for each in waiting:
        each.detailed_status, each.operation_id = "CANCELLED", operation.id
        said = "Cancelled since failure tolerance has exceeded"
        each.reason = said
        operation.results[each.place] = "CANCELLED", said
    return not cancel and failures <= tolerated


def _limits(operation: Operation, accounts: int) -> tuple[int, int]:
    """How many failures a region has at most, and how many accounts at once."""
    chosen = operation.preferences
    percent = int(chosen.get("FailureTolerancePercentage") or 0)
    tolerated = int(chosen.get("FailureToleranceCount") or accounts * percent // 100)
    percent = int(chosen.get("MaxConcurrentPercentage") or 0)
    at_once = int(chosen.get("MaxConcurrentCount") or accounts * percent // 100)
    return tolerated, min(max(at_once, 1), _AT_ONCE_AT_MOST)


async def _run_one(stack_set: StackSet, instance: Instance, operation: Operation, act: Act) -> str:
    instance.detailed_status, instance.operation_id = "RUNNING", operation.id
    account, region = instance.place
    if is_unusable(account) and not operation.retain:
        outcome, reason = "SKIPPED_SUSPENDED_ACCOUNT", "The account is suspended."
    else:
        with request_scope(account, region):
            session = f"{stack_set.uuid.replace('-', '')}"
            iam_evaluator._request_caller_arn.set(
                f"arn:aws:sts::{account}:assumed-role/stacksets-exec-{session}/{session}"
            )
            failure = _region_off(stack_set, instance, operation)
            failure = failure or await act(stack_set, instance, operation)
        outcome, reason = ("FAILED", failure) if failure else ("SUCCEEDED", "")
    instance.detailed_status, instance.reason = outcome, reason
    if outcome == "SUCCEEDED":
        instance.status = "CURRENT"
    operation.results[instance.place] = outcome, reason
    return outcome


def _region_off(stack_set: StackSet, instance: Instance, operation: Operation) -> str | None:
    """Why AWS makes and updates no stack in a region that the member, or the management account,
    must opt in to and did not. How it says so, it does not document.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-opt-in-regions.html
    """
    account, region = instance.place
    off = [number for number in (account, stack_set.management) if is_off(number, region)]
    if not off or operation.action == "DELETE":
        return None
    return f"Region {region} is not enabled in account {off[0]}."


# What is done to one instance, in the scope of its account and region


async def _create(stack_set: StackSet, instance: Instance, _operation: Operation) -> str | None:
    instance.stack_name = f"StackSet-{stack_set.name}-{uuid.uuid4()}"
    refused = _error_in(handlers._create_stack(_request(stack_set, instance)))
    if refused:
        return refused
    instance.stack_id = _stack(instance)["StackId"]
    return await _ended(instance, "CREATE_COMPLETE")


async def _update(stack_set: StackSet, instance: Instance, operation: Operation) -> str | None:
    if not instance.stack_id or _stack(instance)["StackStatus"].startswith("ROLLBACK"):
        return await _create(stack_set, instance, operation)
    refused = _error_in(handlers._update_stack(_request(stack_set, instance)))
    if refused:
        return None if "No updates are to be performed" in refused else refused
    return await _ended(instance, "UPDATE_COMPLETE")


async def _delete(stack_set: StackSet, instance: Instance, operation: Operation) -> str | None:
    if instance.stack_id and not operation.retain:
        handlers._delete_stack({"StackName": instance.stack_id})
        if reason := await _ended(instance, "DELETE_COMPLETE"):
            instance.status = "INOPERABLE"
            return reason
    del stack_set.instances[instance.place]
    return None


def _request(stack_set: StackSet, instance: Instance) -> dict[str, str]:
    """The parameters of CreateStack and UpdateStack, as the Query API has them."""
    request = {"StackName": instance.stack_name, "TemplateBody": stack_set.template}
    for number, capability in enumerate(stack_set.capabilities, 1):
        request[f"Capabilities.member.{number}"] = capability
    for number, tag in enumerate(stack_set.tags, 1):
        request[f"Tags.member.{number}.Key"] = tag["Key"]
        request[f"Tags.member.{number}.Value"] = tag["Value"]
    parameters = stack_set.parameters | instance.overrides
    for number, (name, value) in enumerate(parameters.items(), 1):
        request[f"Parameters.member.{number}.ParameterKey"] = name
        request[f"Parameters.member.{number}.ParameterValue"] = value
    return request


def _error_in(response: Any) -> str | None:
    status, _, body = response
    if status == 200:
        return None
    return html.unescape(re.findall("<Message>(.*?)</Message>", body.decode(), re.DOTALL)[0])


def _stack(instance: Instance) -> dict[str, Any]:
    stack: dict[str, Any] = cloudformation._stacks[instance.stack_name]
    return stack


async def _ended(instance: Instance, good: str) -> str | None:
    """Waits for the stack. Gives the reason why it did not end well."""
    await asyncio.sleep(0)
    while _stack(instance)["StackStatus"].endswith("_IN_PROGRESS"):
        await asyncio.sleep(_POLL_SECONDS)
    if _stack(instance)["StackStatus"] == good:
        return None
    for event in cloudformation._stack_events[instance.stack_id]:
        if event["ResourceStatus"].endswith("_FAILED"):
            return (
                f"ResourceLogicalId:{event['LogicalResourceId']}, "
                f"ResourceType:{event['ResourceType']}, "
                f"ResourceStatusReason:{event['ResourceStatusReason']}."
            )
    return str(_stack(instance)["StackStatus"])


# Automatic deployment


def _follow(management: str) -> None:
    """Deploy to accounts that came to where a stack set deploys automatically, and delete from
    those that went, first. One that moves between two targets went, and came. Account filters and
    overrides are not for those that come: AWS says so.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/stacksets-orgs-manage-auto-deployment.html
    """
    for stack_set in list(stack_sets.values()):
        if stack_set.management == management:
            _follow_one(stack_set)


def _follow_one(stack_set: StackSet) -> None:
    there = accounts_under(stack_set.management, stack_set.targeted)
    came = dict(there.items() - stack_set.seen.items())
    went = dict(stack_set.seen.items() - there.items())
    stack_set.seen = there
    if not stack_set.deploys_automatically:
        return
    preferences = {"FailureTolerancePercentage": 100, "MaxConcurrentCount": _AUTOMATICALLY_AT_ONCE}
    if went:
        targets = {"Accounts": sorted(went)}
        operation = Operation("DELETE", preferences, targets, retain=stack_set.retains_stacks)

        def leaving() -> list[Instance]:
            regions = {place.region for place in stack_set.instances}
            return _instances_in(stack_set, went, regions)

        _queue(stack_set, operation, leaving, _delete)
    if came:
        targets = {"OrganizationalUnitIds": sorted(set(came.values()))}

        def coming() -> list[Instance]:
            return [
                instance
                for account, unit in came.items()
                for instance in _new_instances(
                    stack_set, {account: unit}, stack_set.targeted.get(unit, ()), {}
                )
            ]

        _queue(stack_set, Operation("CREATE", preferences, targets), coming, _create)


on_change.append(_follow)
