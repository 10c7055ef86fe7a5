"""FollowSchedule: starts or stops a resource's instance when one of its clocks fires."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.batch import (
    BatchProcessor,
    EventType,
    process_partial_response,
)
from aws_lambda_powertools.utilities.data_classes.sqs_event import SQSRecord
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.clocks import ClockMessage
from cavok.domain.errors import UnknownClock
from cavok.messages import one_message
from cavok.observability import count, logger
from cavok.services.resources import follow_schedule

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@one_message(failure="Schedule not followed")
def follow(record: SQSRecord | dict[str, Any]) -> dict[str, Any] | None:
    """Follows the message of one clock. Returns what was done; None if nothing was due or the
    message was dropped; only the log says which. Raises what ended it, so that the message comes
    again.
    """
    message, request_id = ClockMessage.read(record["body"]), record["messageId"]
    logger.append_keys(
        account_id=message.account_id, resource_id=message.resource_id, request_id=request_id
    )
    try:
        interaction = follow_schedule(
            message,
            request_id=request_id,
            dependencies=wiring.resource_dependencies(),
            now=datetime.now(UTC),
        )
    except UnknownClock as error:
        count("UnknownClocks")
        logger.warning("Clock dropped", reason=str(error))
        return None
    done = {"action": interaction.action, "detail": interaction.detail} if interaction else None
    logger.info("Schedule followed", done=done)
    return done


start_up.prepare(wiring.table)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> Any:
    """Takes messages of the queue, each from a clock that fired, and returns those to retry. Also
    takes such a message directly: from an operator, or from a clock that is older than the queue.
    Then it returns what was done, as `follow` does.
    """
    if "Records" in event:
        return process_partial_response(event, follow, processor, context)
    return {"done": follow({"messageId": context.aws_request_id, "body": event})}
