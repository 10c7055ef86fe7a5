"""ProbePermission: probes one permission, or makes the customer's log group, and shows it."""

import time
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.deadlines import PERMISSION_SECONDS, Deadline
from cavok.domain.steps import Step
from cavok.observability import logger, metrics
from cavok.services.probe_and_show import probe_and_show

start_up.prepare(wiring.sealer, wiring.progress)


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any] | list[dict[str, Any]]:
    """Takes a sealed session, the survey and an IAM action. Returns the action's step, or a list of
    the steps that make the log group.
    """
    logger.append_keys(account_id=event["account_id"], verification_id=event["verification_id"])
    deadline = Deadline.after(PERMISSION_SECONDS, time.monotonic)
    steps = probe_and_show(event, wiring.progress(), wiring.sealer(), deadline, datetime.now(UTC))
    if len(steps) > 1:
        return [step.as_dict() for step in steps]
    _measure(steps[0])
    return steps[0].as_dict()


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
