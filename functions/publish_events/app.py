"""publish_events: publishes the events that follow from changes in the table, also to webhooks, and
queues starts and stops to be followed, and bulk operations to be carried out.
"""

import time
from typing import Any

from aws_lambda_powertools.utilities.batch import EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.batches import WholeBatch
from cavok.observability import logger
from cavok.services.publish_events import To, publish_events

processor = WholeBatch(EventType.DynamoDBStreams)


def publish(records: list[DynamoDBRecord]) -> list[Exception | None]:
    """One outcome per record: None, or the error for which Lambda delivers it again."""
    events, outcomes = publish_events(
        records,
        bus=wiring.bus(),
        webhook_messages=wiring.webhook_messages,
        queues={To.FOLLOWED_ACTS: wiring.followed_acts, To.BULK_OPERATIONS: wiring.bulk_messages},
        free_interactions=int(wiring.setting("FREE_INTERACTIONS")),
        clock=time.monotonic,
    )
    if events:
        published = [{"type": event.type, "event_id": event.detail["event_id"]} for event in events]
        logger.info("Published", events=published)
    return outcomes


start_up.prepare(wiring.bus)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Takes records of the table's stream. Returns those to deliver again."""
    return process_partial_response(event, publish, processor, context)
