"""run_bulk_operation: treats accounts of a bulk operation, and has the rest treated later."""

import time
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
from cavok.domain.bulk import BulkMessage
from cavok.domain.deadlines import BULK_SECONDS, Deadline
from cavok.messages import comes_again_from, one_message
from cavok.observability import logger
from cavok.services.bulk import Receipt, carry_on

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@one_message(failure="Bulk operation not carried on")
@comes_again_from(lambda: wiring.bulk_messages())  # noqa: PLW0108  tests replace it
def run(record: SQSRecord) -> None:
    """Carries one operation on. Raises ComesAgain after a failure that may pass."""
    message = BulkMessage.read(record.body)
    logger.append_keys(operation_id=message.operation_id)
    receipt = Receipt(record.message_id, int(record.attributes.approximate_receive_count))
    deadline = Deadline.after(BULK_SECONDS, time.monotonic)
    over = carry_on(message, receipt, wiring.bulk_dependencies(), deadline)
    logger.info("Carried on", over=over)


start_up.prepare(wiring.table, wiring.workflows)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Takes messages of the queue, each a bulk operation. Returns those that come again."""
    return process_partial_response(event, run, processor, context)
