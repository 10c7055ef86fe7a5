"""RecordVerification: finishes a verification, or aborts one that was stopped or died."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.steps import refused_by_us
from cavok.messages import one_message
from cavok.observability import logger, metrics, report_own_refusals
from cavok.services.finish_verification import Ended, VerificationReport, finish_verification

start_up.prepare(wiring.table)


@one_message(failure="Verification not finished")
def finish(event: dict[str, Any]) -> dict[str, Any]:
    """Returns the verification's state and outcome."""
    report = VerificationReport.of_event(event)
    logger.append_keys(account_id=report.account_id, verification_id=report.verification_id)
    ended = finish_verification(
        report,
        verifications=wiring.verifications(),
        resources=wiring.resources,
        now=datetime.now(UTC),
    )
    _measure(ended)
    return ended.as_dict()


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes a workflow's report, or the EventBridge event of an execution that ended without
    one. Returns the verification's state and outcome; nothing if the execution tested no account.
    """
    return finish(event) or {}


def _measure(ended: Ended) -> None:
    """An alarm counts the aborted ones. It must not ring for what people do to their accounts."""
    verification = ended.verification
    outcome = verification.outcome or ("overtaken" if ended.overtaken else verification.state)
    metrics.add_dimension("outcome", outcome)
    metrics.add_metric("Verifications", MetricUnit.Count, 1)
    report_own_refusals(refused_by_us(verification.steps))
    logger.info("Verification finished", outcome=outcome, trigger=verification.trigger)
