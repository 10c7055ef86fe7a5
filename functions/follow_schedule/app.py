"""FollowSchedule: starts or stops a resource's instance when EventBridge Scheduler invokes it."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.observability import logger
from cavok.services.resources import ScheduleInvocation, follow_schedule


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the schedule's input. Returns what was done; null if nothing was due."""
    logger.append_keys(account_id=event["account_id"], resource_id=event["resource_id"])
    invocation = ScheduleInvocation(**event, request_id=context.aws_request_id)
    interaction = follow_schedule(
        invocation, dependencies=wiring.resource_dependencies(), now=datetime.now(UTC)
    )
    done = {"action": interaction.action, "detail": interaction.detail} if interaction else None
    logger.info("Schedule followed", done=done)
    return {"done": done}
