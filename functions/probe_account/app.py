"""ProbeAccount: every permission of an account in one go, and its log, for tests that nobody
watches.
"""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.adapters.customer import CustomerSession
from cavok.adapters.sealing import session_context
from cavok.domain.steps import Step
from cavok.observability import logger, metrics
from cavok.services.probe_account import probe_account
from cavok.services.write_customer_log import write_verification_log


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> list[dict[str, Any]]:
    """A sealed session, actions and the steps so far in; the steps of all groups out."""
    test = {name: event[name] for name in ("account_id", "verification_id", "trigger")}
    logger.append_keys(**test)
    sealed_for = session_context(
        event["organization_id"], event["account_id"], event["verification_id"]
    )
    session = CustomerSession.of_secret(wiring.sealer().open(event["session"], sealed_for))
    steps = probe_account(event["actions"], session)
    if event["write_logs"]:
        so_far = [*(Step.from_dict(step) for step in event["steps"]), *steps]
        steps += write_verification_log(test, so_far, session, datetime.now(UTC))
    metrics.add_dimension("action", "all")
    metrics.add_metric(
        "ProbeLatency", MetricUnit.Milliseconds, max(step.duration_ms for step in steps)
    )
    metrics.add_metric("ProbeInconclusive", MetricUnit.Count, sum(s.ok is None for s in steps))
    logger.info("Probed", refused=[step.step for step in steps if step.ok is False])
    return [step.as_dict() for step in steps]
