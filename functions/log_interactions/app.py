"""LogInteractions: `Instance Interaction` events of the bus -> the log groups of the customers who
want that.
"""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.observability import logger
from cavok.services.log_interactions import log_interactions, read_events


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Messages in; out, those that must be tried again, and after some tries wait for a person."""
    events, failed = read_events(
        {record["messageId"]: record["body"] for record in event["Records"]}
    )
    failed |= log_interactions(events, writing=wiring.log_writing(), now=datetime.now(UTC))
    for message_id, error in failed.items():
        logger.warning("Line not written", message_id=message_id, error=repr(error))
    logger.info("Wrote lines", lines=len(events), failed=len(failed))
    return {"batchItemFailures": [{"itemIdentifier": message_id} for message_id in failed]}
