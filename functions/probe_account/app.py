"""ProbeAccount: a scheduled test of an account that a sweep could not test among others."""

import time
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.deadlines import ACCOUNT_SECONDS, Deadline
from cavok.domain.errors import OurEntryBroken
from cavok.domain.steps import Verdict
from cavok.observability import counted, logger, metrics
from cavok.services.enter_for_verification import VerificationRequest
from cavok.services.scheduled_test import make_scheduled_test

start_up.prepare(wiring.table, wiring.customer_roles)


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the execution's input. Returns the steps of all groups, and the survey."""
    request = VerificationRequest.of(event)
    logger.append_keys(account_id=request.account_id, verification_id=request.verification_id)
    deadline = Deadline.after(ACCOUNT_SECONDS, time.monotonic)
    with counted(OurEntryBroken):
        steps, survey = make_scheduled_test(
            request, wiring.testing_dependencies(), deadline, datetime.now(UTC)
        )
    unknown = sum(step.verdict is Verdict.INCONCLUSIVE for step in steps)
    if unknown:
        metrics.add_dimension("action", "all")
        metrics.add_metric("ProbeInconclusive", MetricUnit.Count, unknown)
    logger.info("Probed", refused=[step.step for step in steps if step.ok is False])
    return {"steps": [step.as_dict() for step in steps], "survey": survey.recorded.as_dict()}
