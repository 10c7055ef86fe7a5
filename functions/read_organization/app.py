"""ReadOrganization: one round of an enrollment's synchronization, or of its removal."""

import time
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.deadlines import ROUND_SECONDS, Deadline
from cavok.domain.errors import OurEntryBroken
from cavok.observability import counted, logger, metrics
from cavok.services.synchronize_organization import RoundRequest, make_round

start_up.prepare(wiring.table, wiring.customer_roles)


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, bool]:
    """Takes the execution's input, and `failure`: why it is given up, or null. Returns whether
    another round is needed.
    """
    logger.append_keys(
        enrollment_id=event["enrollment_id"], synchronization_id=event["synchronization_id"]
    )
    deadline = Deadline.after(ROUND_SECONDS, time.monotonic)
    with counted(OurEntryBroken):
        more = make_round(RoundRequest.of(event), wiring.synchronization_dependencies(), deadline)
    logger.info("Round made", more=more)
    return {"more": more}
