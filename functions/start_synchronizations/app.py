"""StartSynchronizations: every few minutes, starts the synchronizations that are due."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.actors import SCHEDULE, Requester
from cavok.observability import logger
from cavok.services.start_synchronizations import start_due

start_up.prepare(wiring.table)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Takes any event. Returns how many it started."""
    requester = Requester(actor=SCHEDULE, request_id=context.aws_request_id)
    started = start_due(wiring.start_dependencies(), requester, datetime.now(UTC))
    logger.info("Synchronizations started", enrollments=started)
    return {"started": len(started)}
