"""ProbeAccount: a test that nobody watches, in one go: enters the account, makes every probe and
writes its log. The session stays in here, so nothing needs sealing.
"""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.domain.errors import OurEntryBroken
from cavok.domain.steps import Verdict
from cavok.observability import counted, logger, metrics
from cavok.services.enter_account import Visit, enter
from cavok.services.probe_account import probe_account
from cavok.services.write_customer_log import write_verification_log


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> list[dict[str, Any]]:
    """Names in, the steps of all groups out."""
    test = {name: event[name] for name in ("account_id", "verification_id", "trigger")}
    logger.append_keys(**test)
    with counted(OurEntryBroken):
        entered = enter(Visit.of(event), wiring.doors())
    steps = list(entered.steps)
    if session := entered.session:
        steps += probe_account(entered.probes, session)
        if entered.account.write_logs:
            steps += write_verification_log(test, steps, session, datetime.now(UTC))
    unknown = sum(step.verdict is Verdict.INCONCLUSIVE for step in steps)
    if unknown:
        metrics.add_dimension("action", "all")
        metrics.add_metric("ProbeInconclusive", MetricUnit.Count, unknown)
    logger.info("Probed", refused=[step.step for step in steps if step.ok is False])
    return [step.as_dict() for step in steps]
