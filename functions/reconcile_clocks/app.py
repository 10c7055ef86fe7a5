"""ReconcileClocks: once a day, makes the clocks those of the stored schedules."""

import time
from collections import Counter
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.deadlines import RECONCILING_SECONDS, Deadline
from cavok.observability import count, logger
from cavok.services.reconcile_clocks import reconcile_clocks

start_up.prepare(wiring.table, wiring.scheduler_client)


@logger.inject_lambda_context
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, int]:
    """Takes any event. Returns how many clocks it mended, by what was wrong."""
    mended: Counter[str] = Counter()
    for difference, clock in reconcile_clocks(
        resources=wiring.resources(),
        scheduler=wiring.scheduler_client(),
        now=datetime.now(UTC),
        deadline=Deadline.after(RECONCILING_SECONDS, time.monotonic),
    ):
        count(difference)
        logger.warning("Clock mended", difference=difference, clock=clock)
        mended[difference] += 1
    logger.info("Clocks reconciled", mended=mended)
    return mended
