"""follow_outcome: finds out the results of starts and stops, and tries schedules' turns again."""

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
from cavok.domain.followed_acts import FollowedAct
from cavok.messages import comes_again_from, one_message
from cavok.observability import logger
from cavok.services.follow_outcome import follow_outcome

processor = BatchProcessor(EventType.SQS, raise_on_entire_batch_failure=False)


@one_message(failure="Outcome not followed")
@comes_again_from(lambda: wiring.followed_acts())  # noqa: PLW0108  tests replace it
def look(record: SQSRecord) -> None:
    """Looks at one act's instance. Raises ComesAgain if it must look again."""
    act = FollowedAct.read(record.body)
    logger.append_keys(account_id=act.account_id, interaction_id=act.interaction_id)
    found = follow_outcome(
        act,
        connections=wiring.connection_dependencies(),
        resources=wiring.resources(),
        now=datetime.now(UTC),
    )
    logger.info("Outcome", result=found.result if found else None)


start_up.prepare(wiring.table, wiring.customer_roles)


@logger.inject_lambda_context(clear_state=True)
def handler(event: dict[str, Any], context: LambdaContext) -> PartialItemFailureResponse:
    """Takes messages of the queue, each an act to follow. Returns those to look at again."""
    return process_partial_response(event, look, processor, context)
