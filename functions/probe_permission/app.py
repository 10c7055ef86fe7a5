"""ProbePermission: probes one permission, or makes the customer's log group, and shows it."""

import time
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.domain.deadlines import PERMISSION_SECONDS, Deadline
from cavok.domain.steps import Step
from cavok.domain.survey import Survey
from cavok.observability import logger, metrics
from cavok.services.probe_permission import probe_permission
from cavok.services.sealed_session import unseal_session
from cavok.services.write_customer_log import PREPARING, prepare_log

wiring.prepare(wiring.sealer, wiring.progress)


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | list[dict[str, Any]]:
    """Takes a sealed session, the survey and an IAM action. Returns the action's step. The calls
    that make a log group depend on each other, so the first action returns the steps of all.
    """
    logger.append_keys(account_id=event["account_id"], verification_id=event["verification_id"])
    session = unseal_session(event["session"], event, wiring.sealer())
    deadline = Deadline.after(PERMISSION_SECONDS, time.monotonic)
    if event["action"] == PREPARING[0]:
        made = prepare_log(session, datetime.now(UTC), deadline)
        wiring.progress().show(event["verification_id"], made, datetime.now(UTC))
        return [step.as_dict() for step in made]
    account = ProbedAccount.of(session, Survey.from_dict(event["survey"]), deadline)
    step = probe_permission(event["action"], account)
    wiring.progress().show(event["verification_id"], [step], datetime.now(UTC))
    _measure(step)
    return step.as_dict()


def _measure(step: Step) -> None:
    metrics.add_dimension("action", step.step)
    metrics.add_metric("ProbeLatency", MetricUnit.Milliseconds, step.duration_ms)
    metrics.add_metric("ProbeInconclusive", MetricUnit.Count, int(step.ok is None))
    logger.info(
        "Probed",
        action=step.step,
        verdict=step.verdict,
        reason=step.reason,
        error_code=step.error_code,
    )
