"""publish_account_events: the table's stream of accounts becomes events on the bus."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.batches import InOrder
from cavok.observability import logger
from cavok.services.publish_account_events import publish_account_events

processor: BatchProcessor = InOrder(EventType.DynamoDBStreams)


def publish(record: DynamoDBRecord) -> None:
    change = record.dynamodb
    assert change is not None
    assert change.approximate_creation_date_time is not None
    events = publish_account_events(
        change.old_image,
        change.new_image,
        datetime.fromtimestamp(change.approximate_creation_date_time, UTC),
        bus=wiring.bus(),
    )
    for event in events:
        logger.info("Published", type=event.type, event_id=event.detail["event_id"])


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Records of account items; answers with the first that could not be published."""
    return process_partial_response(event, publish, processor, context)
