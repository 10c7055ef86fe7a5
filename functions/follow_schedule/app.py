"""FollowSchedule: what the schedule of a resource wants by now, asked by EventBridge Scheduler; and
the end of the resources of an account that is gone.
"""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.observability import logger
from cavok.services.resources import Fired, follow_schedule


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Names in, what was done out; nothing where nothing is due."""
    logger.append_keys(account_id=event["account_id"], resource_id=event["resource_id"])
    fired = Fired(**event, request_id=context.aws_request_id)
    interaction = follow_schedule(fired, control=wiring.control(), now=datetime.now(UTC))
    done = {"action": interaction.action, "detail": interaction.detail} if interaction else None
    logger.info("Schedule followed", done=done)
    return {"done": done}
