"""EndResources: deletes the resources of a deleted account, and their EventBridge schedules."""

import time
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.deadlines import ENDING_SECONDS, Deadline
from cavok.domain.events import EventType, checked_event
from cavok.messages import one_message
from cavok.observability import logger
from cavok.services.resources import end_resources

start_up.prepare(wiring.table)


@one_message(failure="Resources not ended")
def end(event: dict[str, Any]) -> int:
    """Returns how many resources of the deleted account were ended."""
    detail = checked_event(event, (EventType.DELETED,))["detail"]
    logger.append_keys(account_id=detail["account_id"])
    ended = end_resources(
        detail["organization_id"],
        detail["account_id"],
        accounts=wiring.accounts(),
        resources=wiring.resources(),
        scheduler=wiring.scheduler_client(),
        request_id=detail["event_id"],
        now=datetime.now(UTC),
        deadline=Deadline.after(ENDING_SECONDS, time.monotonic),
    )
    logger.info("Resources ended", ended=ended)
    return ended


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the event `Account Deleted`. Returns how many resources were deleted."""
    return {"ended": end(event) or 0}
