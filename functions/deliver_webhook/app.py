"""deliver_webhook: sends events to organizations' webhooks, each as one signed message."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.adapters.webhook_client import NotDelivered
from cavok.domain.events import read_event
from cavok.domain.webhooks import RetryMessage
from cavok.messages import one_message, sent_at
from cavok.observability import logger
from cavok.services.webhooks import deliver_message

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@one_message(failure="Delivery failed", metric="WebhookFaults", expected=(NotDelivered,))
def send(record: SQSRecord) -> None:
    """Delivers one event. Raises NotDelivered if its message is to come again."""
    logger.remove_keys(["event_id", "type"])  # left by the previous record
    event = read_event(record.body)
    logger.append_keys(event_id=event["detail"]["event_id"], type=event["detail-type"])
    deliver_message(
        event,
        _retry_message(record),
        dependencies=wiring.delivery_dependencies(),
        now=datetime.now(UTC),
    )


def _retry_message(record: SQSRecord) -> RetryMessage | None:
    """The record if it comes from WebhookRetries; None for an event's first try."""
    retries = wiring.setting("WEBHOOK_RETRIES_URL").rpartition("/")[2]
    if record.event_source_arn.rpartition(":")[2] != retries:
        return None
    return RetryMessage(
        sent_at=sent_at(record),
        received=int(record.attributes.approximate_receive_count),
        receipt_handle=record.receipt_handle,
    )


start_up.prepare(wiring.table, wiring.sealer)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Takes messages of the queue, each an event. Returns those to retry."""
    return process_partial_response(event, send, processor, context)
