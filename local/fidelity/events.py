"""EventBridge."""

from __future__ import annotations

import contextvars
import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.core.responses import _request_account_id, get_account_id, set_request_region
from ministack.services import cloudtrail, eventbridge
from ministack.services import iam as iam_service
from ministack.services.cloudformation import provisioners

from local.fidelity.correction import Response, corrects, replaces

_CHANGING_ROLES = (
    "CreateRole",
    "DeleteRole",
    "UpdateAssumeRolePolicy",
    "PutRolePolicy",
    "DeleteRolePolicy",
    "AttachRolePolicy",
    "DetachRolePolicy",
    "PutRolePermissionsBoundary",
    "DeleteRolePermissionsBoundary",
)
_OF_IAM = "us-east-1"
_ARRIVED = "_Arrived"
"""Marks an event that came from another account."""


@corrects(iam_actions, "request_tag_context")
def provide_the_source_key(
    original: Any, service: str, action: str, body: bytes, params: Any
) -> dict[str, Any]:
    """Policies may have conditions on `events:source`: the sources of the entries of a PutEvents.
    The emulator does not know it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """
    context: dict[str, Any] = original(service, action, body, params)
    if service != "events" or not action.endswith("PutEvents"):
        return context
    entries = json.loads(body or b"{}").get("Entries") or []
    return {**context, "events:source": sorted({entry["Source"] for entry in entries})}


@replaces(provisioners, "_RESOURCE_HANDLERS")
def give_buses_their_policy(handlers: dict[str, Any]) -> dict[str, Any]:
    """A bus has the `Policy` that its template says. The emulator forgets it.

    https://docs.aws.amazon.com/AWSCloudFormation/latest/TemplateReference/aws-resource-events-eventbus.html
    """
    of_buses = handlers["AWS::Events::EventBus"]
    create, update = of_buses["create"], of_buses["update"]

    def created(logical_id: str, props: dict[str, Any], stack_name: str) -> Any:
        made = create(logical_id, props, stack_name)
        eventbridge._event_bus_policies[made[0]] = props.get("Policy")
        return made

    def updated(physical_id: str, old: dict[str, Any], new: dict[str, Any], *rest: Any) -> Any:
        made = update(physical_id, old, new, *rest)
        eventbridge._event_bus_policies[physical_id] = new.get("Policy")
        return made

    handlers["AWS::Events::EventBus"] = of_buses | {"create": created, "update": updated}
    return handlers


@corrects(eventbridge, "_invoke_target")
def send_to_buses_of_other_accounts(
    original: Any, target: dict[str, Any], event: dict[str, Any], rule: Any, view: Any = None
) -> Any:
    """A rule's target may be a bus of another account, also in another region: if the target's role
    trusts EventBridge for the rule's account and may put events there, and the policy of that bus
    lets it. The event keeps its account. One that came from another account is not sent on to a
    third.

    The emulator sends to buses of the same account and region alone.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-cross-account.html
    https://docs.aws.amazon.com/eventbridge/latest/userguide/cross-service-confused-deputy-prevention.html
    """
    arn = str(target.get("Arn"))
    _, _, service, region, account, resource = [*arn.split(":", 5), *[""] * 5][:6]
    elsewhere = (account, region) != (get_account_id(), eventbridge.get_region())
    if service != "events" or not resource.startswith("event-bus/") or not elsewhere:
        return original(target, event, rule, view)
    name = resource.removeprefix("event-bus/")
    if _ARRIVED in event or not _role_may_send(str(target.get("RoleArn")), event["Source"], arn):
        return None
    arrived = {**event, "EventBusName": name, _ARRIVED: True}
    sender = _sending(str(target["RoleArn"]), event["Source"], arn)

    def arrive() -> None:
        policy = eventbridge._event_bus_policies.get(name)
        decided = iam_evaluator.evaluate_resource_policy(policy, sender)
        if name in eventbridge._event_buses and decided.decision == "Allow":
            eventbridge._dispatch_event(arrived)

    return _in(account, region, arrive)


def _in(account: str, region: str, act: Callable[[], Any]) -> Any:
    """Acts there, as requests do."""

    def there() -> Any:
        _request_account_id.set(account)
        set_request_region(region)
        return act()

    return contextvars.copy_context().run(there)


def _sending(role_arn: str, source: str, bus_arn: str) -> Any:
    account, role = role_arn.split(":")[4], role_arn.rpartition("/")[2]
    return iam_evaluator.EvalContext(
        principal_arn=f"arn:aws:sts::{account}:assumed-role/{role}/events",
        principal_type="AssumedRole",
        principal_account=account,
        action="events:PutEvents",
        resource_arn=bus_arn,
        region=bus_arn.split(":")[3],
        service_context={"events:source": [source]},
    )


def _role_may_send(role_arn: str, source: str, bus_arn: str) -> bool:
    role = iam_service._roles.get(role_arn.rpartition("/")[2])
    if role is None or role["Arn"] != role_arn:
        return False
    trust = role["AssumeRolePolicyDocument"]
    statements = (json.loads(trust) if isinstance(trust, str) else trust)["Statement"]
    sending = _sending(role_arn, source, bus_arn)
    assuming = replace(sending, service_context={"aws:sourceaccount": get_account_id()})
    trusts = any(
        iam_evaluator._service_principal_matches(each.get("Principal"), "events.amazonaws.com")
        and iam_evaluator._conditions_met(each.get("Condition") or {}, assuming)
        for each in statements
    )
    policies = iam_evaluator._gather_role_policies(role["RoleName"], get_account_id())
    decided = iam_evaluator.evaluate(sending, policies)
    return trusts and decided.decision == "Allow"


@replaces(iam_service, "_IAM_HANDLERS")
def tell_of_changes_of_roles(handlers: dict[str, Any]) -> dict[str, Any]:
    """Where an account has a trail that logs, CloudTrail tells the default bus of us-east-1 of each
    call of IAM. Here: of those that change a role, if a request made them. Those of stacks are not
    told.

    The emulator tells of none.
    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-service-event-cloudtrail.html
    """

    def telling(call: str, handler: Any) -> Any:
        def called(params: Any) -> Response:
            answer: Response = handler(params)
            if answer[0] < 300 and _has_a_trail(get_account_id()):
                _in(get_account_id(), _OF_IAM, lambda: _report(call, params))
            return answer

        return called

    return handlers | {call: telling(call, handlers[call]) for call in _CHANGING_ROLES}


def _has_a_trail(account: str) -> bool:
    return any(
        owner == account
        and trail["IsLogging"]
        and (region == _OF_IAM or trail["IsMultiRegionTrail"])
        for (owner, region, _), trail in cloudtrail._trails.all_items()
    )


def _report(call: str, params: dict[str, list[str]]) -> None:
    given = ("RoleName", "PolicyName", "PolicyArn", "PolicyDocument", "PermissionsBoundary")
    detail = {
        "eventVersion": "1.11",
        "userIdentity": {"arn": iam_evaluator.caller_arn(), "accountId": get_account_id()},
        "eventTime": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%SZ}",
        "eventSource": "iam.amazonaws.com",
        "eventName": call,
        "awsRegion": _OF_IAM,
        "requestParameters": {
            name[0].lower() + name[1:]: params[name][0] for name in given if params.get(name)
        },
        "readOnly": False,
        "eventType": "AwsApiCall",
        "recipientAccountId": get_account_id(),
    }
    entry = {
        "Source": "aws.iam",
        "DetailType": "AWS API Call via CloudTrail",
        "Detail": json.dumps(detail),
    }
    eventbridge._ensure_default_bus()
    eventbridge._put_events({"Entries": [entry]}, allow_aws_source=True)
