"""deliver_webhook: sends events to organizations' webhooks, each as one signed message."""

from collections.abc import Iterator
from contextlib import contextmanager
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
from cavok.domain.webhooks import wait_seconds
from cavok.messages import one_message
from cavok.observability import logger
from cavok.services.webhooks import deliver

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@contextmanager
def hidden_until_next_try(receipt_handle: str, tries: int) -> Iterator[None]:
    """Hides a message that is not delivered."""
    try:
        yield
    except NotDelivered as error:
        wiring.webhook_messages().hide(receipt_handle, wait_seconds(tries))
        logger.warning("Not delivered", reason=str(error), tries=tries)
        raise


@one_message(failure="Delivery failed", metric="WebhookFaults", expected=(NotDelivered,))
def send(record: SQSRecord) -> None:
    """Delivers one event. Raises what ended the try."""
    logger.remove_keys(["event_id", "type"])  # left by the previous record
    event = read_event(record.body)
    logger.append_keys(event_id=event["detail"]["event_id"], type=event["detail-type"])
    tries = int(record.attributes.approximate_receive_count)
    with hidden_until_next_try(record.receipt_handle, tries):
        status = deliver(
            event,
            tries,
            webhooks=wiring.webhooks(),
            sealer=wiring.sealer(),
            client=wiring.webhook_client(),
            allow_loopback=wiring.loopback_webhooks_allowed(),
            now=datetime.now(UTC),
        )
    logger.info("Delivered" if status else "Nobody wants it", status=status)


wiring.prepare(wiring.table, wiring.sealer)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Takes messages of the queue, each an event. Returns those to retry."""
    return process_partial_response(event, send, processor, context)
