"""FollowSchedule: starts or stops a resource's instance when EventBridge Scheduler invokes it."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.domain.errors import UnknownClock
from cavok.observability import count, logger
from cavok.services.resources import ScheduleInvocation, follow_schedule


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the clock's input. Returns what was done; null if nothing was due."""
    logger.append_keys(account_id=event["account_id"], resource_id=event["resource_id"])
    invocation = ScheduleInvocation(**event, request_id=context.aws_request_id)
    try:
        interaction = follow_schedule(
            invocation, dependencies=wiring.resource_dependencies(), now=datetime.now(UTC)
        )
    except UnknownClock as error:
        count("UnknownClocks")
        logger.warning("Clock dropped", reason=str(error))
        return {"done": None}
    done = {"action": interaction.action, "detail": interaction.detail} if interaction else None
    logger.info("Schedule followed", done=done)
    return {"done": done}
