"""EndResources: deletes the resources of a deleted account, and their EventBridge schedules."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.domain.errors import UnusableEvent
from cavok.domain.events import checked_event
from cavok.observability import drop, logger
from cavok.services.resources import end_resources

wiring.prepare(wiring.table)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the event `Account Deleted`. Returns how many resources were deleted."""
    try:
        detail = checked_event(event)["detail"]
    except UnusableEvent as error:
        drop(error, event.get("id"))
        return {"ended": 0}
    logger.append_keys(account_id=detail["account_id"])
    ended = end_resources(
        detail["organization_id"],
        detail["account_id"],
        accounts=wiring.accounts(),
        resources=wiring.resources(),
        scheduler=wiring.scheduler_client(),
        request_id=detail["event_id"],
        now=datetime.now(UTC),
    )
    logger.info("Resources ended", ended=ended)
    return {"ended": ended}
