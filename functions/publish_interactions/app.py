"""PublishInteractions: the table's stream -> the bus, for interactions and usage."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.observability import logger
from cavok.services.publish_interactions import publish_interactions


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Records of the stream in; out, the first that the bus did not take."""
    failed_at = publish_interactions(
        event["Records"],
        bus=wiring.bus(),
        free_interactions=int(wiring.setting("FREE_INTERACTIONS")),
    )
    logger.info("Published", records=len(event["Records"]), failed_at=failed_at)
    return {"batchItemFailures": [{"itemIdentifier": failed_at}] if failed_at else []}
