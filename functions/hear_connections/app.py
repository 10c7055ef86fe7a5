"""HearConnections: hears of customers' stacks and roles, and has their accounts tested."""

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
from cavok.domain.errors import MalformedHint
from cavok.domain.role_changes import said_in
from cavok.messages import comes_again_from, one_message, sent_at
from cavok.observability import count, logger
from cavok.services import connection_hints

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@one_message(failure="Connection not heard", expected=(NotDelivered,))
@comes_again_from(lambda: wiring.connection_hints())  # noqa: PLW0108  tests replace it
def hear(record: SQSRecord) -> None:
    """Follows one message. Raises ComesAgain, or NotDelivered, if it must be heard again."""
    try:
        loopback = wiring.loopback_webhooks_allowed()
        said = said_in(record.body, wiring.setting("AWS_REGION"), allow_loopback=loopback)
    except MalformedHint as error:
        count("MalformedHints")
        logger.info("Hint dropped", reason=str(error))
        return
    logger.append_keys(account_number=said.account_number, request_id=said.request_id)
    dependencies, now = wiring.hearing_dependencies(), datetime.now(UTC)
    followed = connection_hints.hear(said, sent_at(record), dependencies, now)
    logger.info("Hint", said=type(said).__name__, followed=followed)


start_up.prepare(wiring.table, wiring.express_workflows)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Takes messages of stacks and of EventBridge. Returns those to hear again."""
    return process_partial_response(event, hear, processor, context)
