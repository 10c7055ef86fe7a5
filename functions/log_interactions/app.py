"""log_interactions: writes `Instance Interaction` events to the log groups of the customers whose
Write logs is Yes.
"""

import time
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import EventType, process_partial_response
from aws_lambda_powertools.utilities.batch.types import PartialItemFailureResponse
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.batches import WholeBatch
from cavok.domain.deadlines import LINES_SECONDS, Deadline
from cavok.observability import count, logger
from cavok.services.log_interactions import log_interactions, read_events

processor = WholeBatch(EventType.SQS, raise_on_entire_batch_failure=False)


def write(records: list[SQSRecord]) -> list[Exception | None]:
    """One outcome per record: None, or the error for which its event comes again."""
    events, unusable = read_events({record.message_id: record.body for record in records})
    deadline = Deadline.after(LINES_SECONDS, time.monotonic)
    writing, now = wiring.log_writing(), datetime.now(UTC)
    outcome = log_interactions(events, writing=writing, now=now, deadline=deadline)
    failed = outcome.failed
    for message_id, reason in failed.items():
        logger.warning("Line not written", message_id=message_id, error=repr(reason))
    if outcome.faults:
        count("LineFaults", outcome.faults)
    done = len(events) - len(failed) - len(outcome.dropped)
    logger.info("Wrote lines", lines=done, failed=len(failed))
    not_written = unusable | outcome.dropped | failed
    return [not_written.get(record.message_id) for record in records]


start_up.prepare(wiring.table, wiring.customer_roles)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Takes messages of the queue, each an event. Returns those to retry."""
    return process_partial_response(event, write, processor, context)
