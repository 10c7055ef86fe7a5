"""ProbePermission: one permission, one verdict."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.sealing import session_context
from cavok.observability import logger, metrics
from cavok.services.probe_permission import probe_permission


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A sealed session and an action in, the action's step out."""
    logger.append_keys(account_id=event["account_id"], verification_id=event["verification_id"])
    sealed_for = session_context(
        event["organization_id"], event["account_id"], event["verification_id"]
    )
    session = CustomerSession.of_secret(wiring.sealer().open(event["session"], sealed_for))
    step = probe_permission(event["action"], session)
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
    return step.as_dict()
