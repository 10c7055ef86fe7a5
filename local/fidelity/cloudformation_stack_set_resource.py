"""A stack set as a resource of a template."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any

from ministack.services import cloudformation, iam
from ministack.services.cloudformation import provisioners, stacks

from local.fidelity.cloudformation_stack_set_requests import (
    change,
    create_instances_of,
    make,
    named,
    remove,
)
from local.fidelity.cloudformation_stack_sets import (
    Operation,
    Place,
    StackSet,
    aim,
    delete_places,
    targeted_accounts,
    update_instances,
)
from local.fidelity.correction import corrects, replaces

_TYPE = "AWS::CloudFormation::StackSet"
_ITSELF = (
    "AutoDeployment",
    "Capabilities",
    "Description",
    "ManagedExecution",
    "Parameters",
    "Tags",
    "TemplateBody",
    "TemplateURL",
)
"""Properties of the stack set. The others say where it deploys, and how."""

_loops: list[asyncio.AbstractEventLoop] = []
"""The emulator's, once it is known. Resources are made in threads beside it."""


@corrects(stacks, "_runs_on_worker_thread")
def let_a_stack_wait_for_its_stack_set(original: Any, resource_type: str) -> bool:
    """A stack waits until its stack set is deployed. In the emulator, a resource that waits is made
    in a thread of its own.
    """
    if resource_type != _TYPE:
        return bool(original(resource_type))
    _loops[:] = [asyncio.get_running_loop()]
    return True


@replaces(provisioners, "_RESOURCE_HANDLERS")
def make_stack_sets(resources: dict[str, Any]) -> dict[str, Any]:
    """`AWS::CloudFormation::StackSet`. Its stack fails if an operation does. Its deletion first
    deletes the instances that its targets mean, by their filter, and fails if others are left. Its
    update deletes first, then updates, then creates.

    The emulator makes nothing.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-cloudformation-stackset.html
    https://github.com/aws-cloudformation/aws-cloudformation-resource-providers-cloudformation
    (DeleteHandler, UpdateHandler, AltStackInstancesCalculator)
    """
    resources[_TYPE] = {"create": _create, "update": _update, "delete": _delete}
    return resources


@replaces(provisioners, "_RESOURCE_HANDLERS")
def make_no_role_that_is_there(resources: dict[str, Any]) -> dict[str, Any]:
    """A stack fails whose role has the name of one that it does not own. Here, in the stacks of
    stack sets alone: tests and sample customers make a role again in others.

    The emulator replaces the role.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-iam-role.html
    (RoleName)
    """
    create = resources["AWS::IAM::Role"]["create"]

    def create_new(logical_id: str, properties: dict[str, Any], stack_name: str) -> Any:
        name = properties.get("RoleName")
        if stack_name.startswith("StackSet-") and name in iam._roles:
            owned = cloudformation._stacks[stack_name]["_resources"]
            if logical_id not in owned:
                raise ValueError(
                    f'Resource handler returned message: "Role with name {name} already exists. '
                    '(Service: Iam, Status Code: 409)" (HandlerErrorCode: AlreadyExists)'
                )
        return create(logical_id, properties, stack_name)

    resources["AWS::IAM::Role"]["create"] = create_new
    return resources


def _create(logical_id: str, properties: dict[str, Any], _stack: str) -> tuple[str, dict[str, Any]]:
    _require_unique(logical_id, properties)
    stack_set = _wait_for(_made(properties))
    return stack_set.id, {"StackSetId": stack_set.id}


def _update(
    physical_id: str, old: dict[str, Any], new: dict[str, Any], _stack: str
) -> tuple[str, dict[str, Any]]:
    _require_unique(physical_id, new)
    for fixed in ("StackSetName", "PermissionModel", "CallAs"):
        if old.get(fixed) != new.get(fixed):
            raise ValueError(f"The emulator does not change {fixed} of a stack set.")
    _wait_for(_changed(named({**new, "StackSetName": physical_id}), old, new))
    return physical_id, {"StackSetId": physical_id}


def _delete(physical_id: str, properties: dict[str, Any]) -> None:
    _wait_for(_removed(named({**properties, "StackSetName": physical_id}), properties))


def _require_unique(resource: str, properties: dict[str, Any]) -> None:
    """The resource's schema says `uniqueItems` of both lists. Raises ValueError."""
    for index, group in enumerate(_groups(properties)):
        for name in ("Accounts", "OrganizationalUnitIds"):
            items = group["DeploymentTargets"].get(name) or []
            if len(set(items)) < len(items):
                raise ValueError(
                    f"Properties validation failed for resource {resource} with message:\n"
                    f"[#/StackInstancesGroup/{index}/DeploymentTargets/{name}: array items are not "
                    "unique]"
                )


def _wait_for(work: Coroutine[Any, Any, Any]) -> Any:
    return asyncio.run_coroutine_threadsafe(work, _loops[0]).result()


async def _made(properties: dict[str, Any]) -> StackSet:
    stack_set = make(properties)
    try:
        for group in _groups(properties):
            await _succeeds(create_instances_of(stack_set, _in_group(group, properties)))
    except Exception:
        # What a rollback would do with a resource that has an ID already.
        await _removed(stack_set, properties)
        raise
    return stack_set


async def _changed(stack_set: StackSet, old: dict[str, Any], new: dict[str, Any]) -> None:
    """Units are compared, not the accounts in them: one that is in two loses its stack with the
    first of them that is taken out, and gets it back only from one that is new.
    """
    preferences = new.get("OperationPreferences") or {}
    retargeted = _groups(old) != _groups(new)
    before, after = _places(stack_set, _groups(old)), _places(stack_set, _groups(new))
    if retargeted:
        gone = {
            place for unit, places in before.items() for place in places - after.get(unit, set())
        }
        aim(stack_set, _targeted(_groups(new)))
        if gone:
            await _succeeds(delete_places(stack_set, gone, preferences))
    if any(old.get(name) != new.get(name) for name in _ITSELF):
        change(stack_set, {"Parameters": [], **new})
        await _succeeds(update_instances(stack_set, {}, [], preferences))
    if retargeted:
        for group in _groups(new):
            targets = group["DeploymentTargets"]
            units = targets["OrganizationalUnitIds"]
            units = [unit for unit in units if after[unit] - before.get(unit, set())]
            if units:
                targets = {**targets, "OrganizationalUnitIds": units}
                added = {**group, "DeploymentTargets": targets}
                await _succeeds(create_instances_of(stack_set, _in_group(added, new)))


async def _removed(stack_set: StackSet, properties: dict[str, Any]) -> None:
    aim(stack_set, {})
    by_unit = _places(stack_set, _groups(properties)).values()
    if places := {place for places in by_unit for place in places}:
        preferences = properties.get("OperationPreferences") or {}
        await _succeeds(delete_places(stack_set, places, preferences))
    remove(stack_set)


def _groups(properties: dict[str, Any]) -> list[dict[str, Any]]:
    return properties.get("StackInstancesGroup") or []


def _places(stack_set: StackSet, groups: list[dict[str, Any]]) -> dict[str, set[Place]]:
    """By root or unit."""
    places: dict[str, set[Place]] = {}
    for group in groups:
        targets = group["DeploymentTargets"]
        for unit in targets.get("OrganizationalUnitIds") or ():
            accounts = targeted_accounts(stack_set, {**targets, "OrganizationalUnitIds": [unit]})
            places.setdefault(unit, set()).update(
                Place(account, region) for account in accounts for region in group["Regions"]
            )
    return places


def _targeted(groups: list[dict[str, Any]]) -> dict[str, set[str]]:
    targeted: dict[str, set[str]] = {}
    for group in groups:
        for unit in group["DeploymentTargets"].get("OrganizationalUnitIds") or ():
            targeted.setdefault(unit, set()).update(group["Regions"])
    return targeted


def _in_group(group: dict[str, Any], properties: dict[str, Any]) -> dict[str, Any]:
    return {**group, "OperationPreferences": properties.get("OperationPreferences")}


async def _succeeds(operation: Operation) -> None:
    assert operation.done
    await operation.done
    if operation.status != "SUCCEEDED":
        reasons = sorted({reason for _, reason in operation.results.values() if reason})
        raise RuntimeError(
            f'Resource handler returned message: "Stack set operation [{operation.id}] was '
            f'unexpectedly stopped or failed. status reason(s): {reasons}"'
        )
