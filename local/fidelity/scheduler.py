"""EventBridge Scheduler."""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions
from ministack.services import eventbridge, sqs

from local.fidelity.correction import corrects


@corrects(iam_actions, "extract_resource_arn")
def name_the_group_in_schedule_arns(original: Any, service: str, *request: Any) -> str:
    """The ARN of a schedule names its group: `schedule/GROUP/NAME`. A listing is of `schedule/*/*`,
    whichever group it asks for.

    The emulator says `default` for each group when it evaluates policies, and `*` of a listing.
    https://docs.aws.amazon.com/service-authorization/latest/reference/list_amazoneventbridgescheduler.html
    https://github.com/aws/aws-cdk/issues/38201
    """
    arn: str = original(service, *request)
    method, path, _, body, query_params, region, account_id = request
    if service != "scheduler":
        return arn
    if (method, path) == ("GET", "/schedules"):
        return f"arn:aws:scheduler:{region}:{account_id}:schedule/*/*"
    named = query_params.get("groupName") or json.loads(body or b"{}").get("GroupName")
    group = named[0] if isinstance(named, list) else named
    return arn.replace(":schedule/default/", f":schedule/{group or 'default'}/")


@corrects(eventbridge, "_invoke_target")
def send_messages_as_the_input_says(original: Any, target: Any, *event: Any) -> Any:
    """The universal target `aws-sdk:sqs:sendMessage` makes the request that a schedule's input is.

    The emulator knows no universal targets and does nothing.
    https://docs.aws.amazon.com/scheduler/latest/UserGuide/managing-targets-universal.html
    """
    if target.get("Arn") != "arn:aws:scheduler:::aws-sdk:sqs:sendMessage":
        return original(target, *event)
    request = json.loads(target["Input"])
    return sqs._act_send_message(request, request["QueueUrl"])
