"""RecordVerification: what a test's steps mean, written once; and the end of tests that were
stopped or died.
"""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.observability import logger, metrics
from cavok.services.finish_verification import EndOfTest, settle_test


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """A workflow's report, or EventBridge's word that an execution ended without one."""
    report = EndOfTest.of_event(event)
    logger.append_keys(account_id=report.account_id, verification_id=report.verification_id)
    settled = settle_test(
        report,
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        now=datetime.now(UTC),
    )
    outcome = settled.outcome or settled.state
    metrics.add_dimension("outcome", outcome)
    metrics.add_metric("Verifications", MetricUnit.Count, 1)
    logger.info("Verification settled", outcome=outcome, trigger=settled.trigger)
    return {
        "verification_id": settled.verification_id,
        "state": settled.state,
        "outcome": settled.outcome,
    }
