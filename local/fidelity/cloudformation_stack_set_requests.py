"""The requests of CloudFormation that are about stack sets."""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any
from urllib.parse import urlsplit
from xml.sax.saxutils import escape

from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import s3
from ministack.services.cloudformation import engine, handlers, helpers

from local.fidelity import organizations_services
from local.fidelity.cloudformation_stack_sets import (
    TRUSTED,
    Instance,
    Operation,
    Refused,
    StackSet,
    check_units,
    create_instances,
    delete_instances,
    find,
    require_no_operation,
    stack_sets,
    update_instances,
)
from local.fidelity.correction import Response, replaces
from local.fidelity.organizations import management_of

Request = dict[str, Any]
Answer = dict[str, Any]

_PAGE = 100


@replaces(handlers, "_ACTION_HANDLERS")
def answer_about_stack_sets(actions: dict[str, Any]) -> dict[str, Any]:
    """Stack sets with service-managed permissions, for the management account of an organization
    that lets StackSets in, or for a delegated administrator. The emulator knows no stack sets.

    Self-managed permissions are not emulated, nor what asks about drift.
    https://docs.aws.amazon.com/AWSCloudFormation/latest/UserGuide/what-is-cfnstacksets.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackSet.html
    https://docs.aws.amazon.com/AWSCloudFormation/latest/APIReference/API_CreateStackInstances.html
    """
    for name, operation in _OPERATIONS.items():
        actions[name] = _handler(name, operation)
    return actions


def _handler(name: str, operation: Callable[[Request], Answer]) -> Callable[[Any], Response]:
    def handle(params: Any) -> Response:
        try:
            answer = operation(_tree(params))
        except Refused as refused:
            return helpers._error(refused.code, str(refused), refused.status)  # type: ignore[no-any-return]
        result = f"<{name}Result>{_elements(answer)}</{name}Result>"
        return helpers._xml(200, f"{name}Response", result)  # type: ignore[no-any-return]

    return handle


def _tree(params: dict[str, Any]) -> Request:
    """The parameters of the Query API, `A.member.1.B`, as the structure that they mean."""
    tree: dict[str, Any] = {}
    for key, value in params.items():
        *path, last = key.split(".")
        inside = tree
        for step in path:
            inside = inside.setdefault(step, {})
        inside[last] = value[0] if isinstance(value, list) else value
    return {name: _lists(value) for name, value in tree.items()}


def _lists(value: Any) -> Any:
    if not isinstance(value, dict):
        return value
    if set(value) == {"member"}:
        members = value["member"]
        return [_lists(members[number]) for number in sorted(members, key=int)]
    return {name: _lists(inside) for name, inside in value.items()}


def _elements(value: Any) -> str:
    if isinstance(value, dict):
        return "".join(
            f"<{name}>{_elements(inside)}</{name}>"
            for name, inside in value.items()
            if inside is not None
        )
    if isinstance(value, list):
        return "".join(f"<member>{_elements(each)}</member>" for each in value)
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return f"{datetime.fromtimestamp(value, UTC):%Y-%m-%dT%H:%M:%S.%fZ}"
    return escape(str(value))


def owner(request: Request) -> str:
    """The account whose stack sets a request means. Raises Refused."""
    number: str = get_account_id()
    if request.get("CallAs") != "DELEGATED_ADMIN":
        return number
    management = management_of(number)
    if not management or not organizations_services.is_delegated(management, number, TRUSTED):
        raise Refused("ValidationError", "Account used is not a delegated administrator")
    return management


def named(request: Request) -> StackSet:
    """Raises Refused."""
    return find(owner(request), get_region(), request["StackSetName"])


def make(request: Request) -> StackSet:
    """CreateStackSet. Raises Refused."""
    management = owner(request)
    if request.get("PermissionModel") != "SERVICE_MANAGED":
        raise Refused("ValidationError", "The emulator has SERVICE_MANAGED stack sets only")
    if management_of(management) != management:
        raise Refused(
            "ValidationError",
            "You must be the management account or delegated admin account of an organization "
            "before operating a SERVICE_MANAGED stack set",
        )
    if not organizations_services.is_enabled(management, TRUSTED):
        raise Refused(
            "ValidationError",
            "You must enable organizations access to operate a service managed stack set",
        )
    if not request.get("AutoDeployment"):
        raise Refused("ValidationError", "AutoDeployment is required for SERVICE_MANAGED")
    key = management, get_region(), request["StackSetName"]
    if key in stack_sets:
        raise Refused("NameAlreadyExistsException", f"StackSet {key[-1]} already exists", 409)
    stack_set = StackSet(
        name=request["StackSetName"],
        management=management,
        region=get_region(),
        template=_template(request),
        parameters={},
        capabilities=[],
        tags=[],
        description="",
        deploys_automatically=False,
        retains_stacks=False,
        queues_operations=False,
    )
    change(stack_set, request)
    stack_sets[key] = stack_set
    return stack_set


def change(stack_set: StackSet, request: Request) -> None:
    """What CreateStackSet and UpdateStackSet say about a stack set itself. Raises Refused."""
    if request.get("TemplateBody") or request.get("TemplateURL"):
        stack_set.template = _template(request)
    if "Parameters" in request:
        stack_set.parameters = {
            each["ParameterKey"]: stack_set.parameters.get(each["ParameterKey"], "")
            if _is_true(each.get("UsePreviousValue"))
            else str(each.get("ParameterValue", ""))
            for each in request["Parameters"] or ()
        }
    stack_set.capabilities = request.get("Capabilities") or stack_set.capabilities
    stack_set.tags = request.get("Tags") or stack_set.tags
    stack_set.description = request.get("Description") or stack_set.description
    if automatic := request.get("AutoDeployment"):
        stack_set.deploys_automatically = _is_true(automatic.get("Enabled"))
        stack_set.retains_stacks = _is_true(automatic.get("RetainStacksOnAccountRemoval"))
    if managed := request.get("ManagedExecution"):
        stack_set.queues_operations = _is_true(managed.get("Active"))


def _is_true(value: Any) -> bool:
    return str(value).lower() == "true"


def _template(request: Request) -> str:
    body = request.get("TemplateBody") or _fetched(request.get("TemplateURL") or "")
    template = body if isinstance(body, str) else json.dumps(body)
    try:
        parsed = engine._parse_template(template)
    except Exception as error:  # noqa: BLE001 - whatever the emulator's parsers raise
        raise Refused("ValidationError", f"Template format error: {error}") from None
    if "Transform" in parsed:
        raise Refused(
            "ValidationError", "Service-managed stack sets do not take templates with transforms"
        )
    return template


def _fetched(url: str) -> str:
    """The template at an address of S3, of whichever account."""
    path = urlsplit(url).path.removeprefix("/")
    bucket, _, key = path.partition("/")
    for account, name in list(s3._buckets._data):
        if name == bucket:
            with request_scope(account, get_region()):
                found = s3._get_object_data(bucket, key)
            if found is not None:
                return str(found.decode())
    raise Refused("ValidationError", f"Template not found at {url}")


def _create_stack_set(request: Request) -> Answer:
    return {"StackSetId": make(request).id}


def _describe_stack_set(request: Request) -> Answer:
    stack_set = named(request)
    return {
        "StackSet": {
            **_summary(stack_set),
            "StackSetARN": stack_set.arn,
            "TemplateBody": stack_set.template,
            "Parameters": [
                {"ParameterKey": name, "ParameterValue": value}
                for name, value in stack_set.parameters.items()
            ],
            "Capabilities": stack_set.capabilities,
            "Tags": stack_set.tags,
            "OrganizationalUnitIds": list(stack_set.targeted),
            "Regions": sorted({place.region for place in stack_set.instances}),
        }
    }


def _summary(stack_set: StackSet) -> Answer:
    automatic: Answer = {"Enabled": stack_set.deploys_automatically}
    if stack_set.deploys_automatically:
        automatic["RetainStacksOnAccountRemoval"] = stack_set.retains_stacks
    return {
        "StackSetName": stack_set.name,
        "StackSetId": stack_set.id,
        "Description": stack_set.description or None,
        "Status": "ACTIVE",
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment": automatic,
        "ManagedExecution": {"Active": stack_set.queues_operations},
    }


def _list_stack_sets(request: Request) -> Answer:
    key = owner(request), get_region()
    found = [each for each in stack_sets.values() if (each.management, each.region) == key]
    wanted = found if request.get("Status") in (None, "ACTIVE") else []
    return _page(wanted, _summary, request)


def _update_stack_set(request: Request) -> Answer:
    stack_set = named(request)
    targets = request.get("DeploymentTargets") or {}
    check_units(stack_set.management, targets)
    require_no_operation(stack_set)
    change(stack_set, request)
    operation = update_instances(
        stack_set, targets, request.get("Regions") or [], request.get("OperationPreferences") or {}
    )
    return {"OperationId": operation.id}


def _delete_stack_set(request: Request) -> Answer:
    remove(named(request))
    return {}


def remove(stack_set: StackSet) -> None:
    """Raises Refused, if the stack set has instances."""
    if stack_set.instances:
        raise Refused("StackSetNotEmptyException", "StackSet is not empty", 409)
    del stack_sets[stack_set.management, stack_set.region, stack_set.name]


def create_instances_of(stack_set: StackSet, request: Request) -> Operation:
    """CreateStackInstances. Raises Refused."""
    targets = _targets(stack_set, request)
    if targets.get("AccountFilterType") == "UNION":
        raise Refused("ValidationError", "UNION is not supported for CreateStackInstances")
    if targets.get("Accounts") and not targets.get("AccountFilterType"):
        raise Refused("ValidationError", "AccountFilterType is required with Accounts")
    overrides = {
        each["ParameterKey"]: str(each["ParameterValue"])
        for each in request.get("ParameterOverrides") or ()
    }
    return create_instances(
        stack_set,
        targets,
        request["Regions"],
        overrides,
        request.get("OperationPreferences") or {},
    )


def _targets(stack_set: StackSet, request: Request) -> dict[str, Any]:
    targets: dict[str, Any] = request.get("DeploymentTargets") or {}
    if request.get("Accounts") or not targets:
        raise Refused(
            "ValidationError",
            "StackSets with SERVICE_MANAGED permission model can only have OrganizationalUnit as "
            "target",
        )
    if not targets.get("OrganizationalUnitIds"):
        raise Refused("ValidationError", "OrganizationalUnitIds are required")
    check_units(stack_set.management, targets)
    return targets


def _create_stack_instances(request: Request) -> Answer:
    return {"OperationId": create_instances_of(named(request), request).id}


def _delete_stack_instances(request: Request) -> Answer:
    stack_set = named(request)
    operation = delete_instances(
        stack_set,
        _targets(stack_set, request),
        request["Regions"],
        request.get("OperationPreferences") or {},
        retain=_is_true(request["RetainStacks"]),
    )
    return {"OperationId": operation.id}


def _list_stack_instances(request: Request) -> Answer:
    stack_set = named(request)
    wanted = {each["Name"]: each["Values"] for each in request.get("Filters") or ()}
    account, region = request.get("StackInstanceAccount"), request.get("StackInstanceRegion")
    found = [
        each
        for place, each in stack_set.instances.items()
        if account in (None, place.account)
        and region in (None, place.region)
        and wanted.get("DETAILED_STATUS") in (None, each.detailed_status)
        and wanted.get("LAST_OPERATION_ID") in (None, each.operation_id)
    ]
    return _page(found, lambda each: _instance(stack_set, each), request)


def _describe_stack_instance(request: Request) -> Answer:
    stack_set = named(request)
    wanted = request["StackInstanceAccount"], request["StackInstanceRegion"]
    for place, instance in stack_set.instances.items():
        if place == wanted:
            return {"StackInstance": _instance(stack_set, instance)}
    said = f"Stack instance not found for account {wanted[0]}, region {wanted[1]}"
    raise Refused("StackInstanceNotFoundException", said, 404)


def _instance(stack_set: StackSet, instance: Instance) -> Answer:
    return {
        "StackSetId": stack_set.id,
        "Account": instance.place.account,
        "Region": instance.place.region,
        "StackId": instance.stack_id or None,
        "Status": instance.status,
        "StatusReason": instance.reason or None,
        "StackInstanceStatus": {"DetailedStatus": instance.detailed_status},
        "OrganizationalUnitId": instance.unit,
        "DriftStatus": "NOT_CHECKED",
        "LastOperationId": instance.operation_id or None,
    }


def _operation_of(request: Request) -> tuple[StackSet, Operation]:
    stack_set = named(request)
    operation = stack_set.operations.get(request["OperationId"])
    if operation is None:
        said = f"Operation {request['OperationId']} not found"
        raise Refused("OperationNotFoundException", said, 404)
    return stack_set, operation


def _describe_stack_set_operation(request: Request) -> Answer:
    stack_set, operation = _operation_of(request)
    return {
        "StackSetOperation": {
            **_operation(operation),
            "StackSetId": stack_set.id,
            "RetainStacks": operation.retain if operation.action == "DELETE" else None,
            "DeploymentTargets": operation.targets,
        }
    }


def _operation(operation: Operation) -> Answer:
    return {
        "OperationId": operation.id,
        "Action": operation.action,
        "Status": operation.status,
        "CreationTimestamp": operation.started_at,
        "EndTimestamp": operation.ended_at,
    }


def _list_stack_set_operations(request: Request) -> Answer:
    return _page(list(named(request).operations.values())[::-1], _operation, request)


def _list_stack_set_operation_results(request: Request) -> Answer:
    _, operation = _operation_of(request)

    def shown(result: Any) -> Answer:
        (account, region), (status, reason) = result
        known = "SUCCEEDED" if status == "SKIPPED_SUSPENDED_ACCOUNT" else status
        return {
            "Account": account,
            "Region": region,
            "Status": known,
            "StatusReason": reason or None,
        }

    return _page(list(operation.results.items()), shown, request)


def _list_targets(request: Request) -> Answer:
    def shown(target: Any) -> Answer:
        return {"OrganizationalUnitId": target[0], "Regions": sorted(target[1])}

    return _page(list(named(request).targeted.items()), shown, request)


def _page(found: list[Any], show: Callable[[Any], Answer], request: Request) -> Answer:
    start, most = int(request.get("NextToken") or 0), int(request.get("MaxResults") or _PAGE)
    more = str(start + most) if start + most < len(found) else None
    return {"Summaries": [show(each) for each in found[start : start + most]], "NextToken": more}


def _activate(_request: Request) -> Answer:
    number = get_account_id()
    if management_of(number) != number:
        said = "You must be the management account of an organization"
        raise Refused("InvalidOperationException", said)
    organizations_services.enable(number, TRUSTED)
    return {}


def _access(request: Request) -> Answer:
    enabled = organizations_services.is_enabled(owner(request), TRUSTED)
    return {"Status": "ENABLED" if enabled else "DISABLED"}


_OPERATIONS = {
    "ActivateOrganizationsAccess": _activate,
    "CreateStackInstances": _create_stack_instances,
    "CreateStackSet": _create_stack_set,
    "DeleteStackInstances": _delete_stack_instances,
    "DeleteStackSet": _delete_stack_set,
    "DescribeOrganizationsAccess": _access,
    "DescribeStackInstance": _describe_stack_instance,
    "DescribeStackSet": _describe_stack_set,
    "DescribeStackSetOperation": _describe_stack_set_operation,
    "ListStackInstances": _list_stack_instances,
    "ListStackSetAutoDeploymentTargets": _list_targets,
    "ListStackSetOperationResults": _list_stack_set_operation_results,
    "ListStackSetOperations": _list_stack_set_operations,
    "ListStackSets": _list_stack_sets,
    "UpdateStackSet": _update_stack_set,
}
