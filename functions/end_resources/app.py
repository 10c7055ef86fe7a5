"""EndResources: deletes the resources of a deleted account, and their EventBridge schedules."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.observability import logger
from cavok.services.resources import end_resources


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the event `Account Deleted`. Returns how many resources were deleted."""
    account_id = event["detail"]["account_id"]
    logger.append_keys(account_id=account_id)
    ended = end_resources(
        account_id, resources=wiring.resources(), scheduler=wiring.scheduler_client()
    )
    logger.info("Resources ended", ended=ended)
    return {"ended": ended}
