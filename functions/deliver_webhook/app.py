"""deliver_webhook: sends events to organizations' webhooks, each as one signed message."""

from collections.abc import Mapping
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

from cavok import wiring
from cavok.adapters.webhook_client import NotDelivered
from cavok.domain.events import read_event
from cavok.messages import one_message
from cavok.observability import logger
from cavok.services.webhooks import (
    GivenUp,
    Superseded,
    deliver,
    give_up,
    tries_of,
    try_again,
)

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


def is_first(record: SQSRecord) -> bool:
    """Whether its event is tried for the first time: all later tries come from WebhookRetries."""
    retries = wiring.setting("WEBHOOK_RETRIES_URL").rpartition("/")[2]
    return record.event_source_arn.rpartition(":")[2] != retries


def _tries_of(record: SQSRecord, event: Mapping[str, Any], now: datetime) -> int:
    attributes = record.attributes
    sent_at = datetime.fromtimestamp(int(attributes.sent_timestamp) / 1000, UTC)
    received = int(attributes.approximate_receive_count)
    return tries_of(event, sent_at, received, wiring.webhooks(), now)


@one_message(failure="Delivery failed", metric="WebhookFaults", expected=(NotDelivered,))
def send(record: SQSRecord) -> None:
    """Delivers one event. Raises NotDelivered if its message is to come again."""
    logger.remove_keys(["event_id", "type"])  # left by the previous record
    event = read_event(record.body)
    logger.append_keys(event_id=event["detail"]["event_id"], type=event["detail-type"])
    first, now = is_first(record), datetime.now(UTC)
    tries = 1 if first else _tries_of(record, event, now)
    if not tries:
        logger.info("Delivered before")
        return
    try:
        status = deliver(
            event,
            tries,
            webhooks=wiring.webhooks(),
            sealer=wiring.sealer(),
            client=wiring.webhook_client(),
            allow_loopback=wiring.loopback_webhooks_allowed(),
            now=now,
            first_tries=wiring.first_tries() if first else None,
        )
    except NotDelivered as error:
        whose = event["detail"]["organization_id"]
        logger.warning("Not delivered", reason=str(error), tries=tries, organization_id=whose)
        if isinstance(error, GivenUp):
            give_up(event, wiring.undelivered_webhooks())
        elif isinstance(error, Superseded):
            pass  # This message was one too many.
        elif not try_again(event, tries, record.receipt_handle, wiring.webhook_retries()):
            raise
    else:
        logger.info("Delivered" if status else "Nobody wants it", status=status)


wiring.prepare(wiring.table, wiring.sealer)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Takes messages of the queue, each an event. Returns those to retry."""
    return process_partial_response(event, send, processor, context)
