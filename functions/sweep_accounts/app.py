"""SweepAccounts: tests the accounts whose re-verification is due, and starts the synchronizations
that are.
"""

import time
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit, single_metric
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.actors import SCHEDULE, Requester
from cavok.domain.deadlines import STARTING_SECONDS, SWEEP_SECONDS, Deadline
from cavok.observability import count, logger, report_own_refusals
from cavok.services.start_synchronizations import start_due
from cavok.services.sweep import Sweep, Swept

TESTS_A_LINE = 1000
"""Their ids take some 60 kB. CloudWatch Logs takes 256 kB a line."""

start_up.prepare(wiring.table, wiring.customer_roles, wiring.express_workflows)


@logger.inject_lambda_context(correlation_id_path="sweep_id")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the sweep's name, ARN and start, and `apart`: whether the last invocation died. Returns
    the number of tested accounts, those with tests of their own, and whether any may be left.
    Raises SweepFailed, and WrongKey in the end, so that an alarm rings.
    """
    deadline = Deadline.after(SWEEP_SECONDS, time.monotonic)
    sweep = Sweep(
        event["sweep_arn"],
        event["sweep_id"],
        _began(event),
        int(wiring.setting("SWEEP_TESTS")),
        wiring.sweep_dependencies(),
    )
    try:
        swept = sweep.run(deadline, apart=event["apart"])
    finally:  # A sweep that fails has tested accounts, too.
        _measure(sweep.swept)
    if not swept.left_to_another:
        count("HoursUntested", swept.hours_untested)
    _start_synchronizations(event["sweep_id"])
    if swept.wrong_keys:
        raise swept.wrong_keys[0]
    return swept.as_dict()


def _began(event: dict[str, Any]) -> datetime:
    """When the sweep began. While a release is deployed, the former workflow does not say: now."""
    began = event.get("sweep_started_at")
    return datetime.fromisoformat(began) if began else datetime.now(UTC)


def _measure(swept: Swept) -> None:
    if swept.left_to_another:
        return
    for outcome, tests in swept.outcomes.items():
        with single_metric("Verifications", MetricUnit.Count, tests) as metric:
            metric.add_dimension("outcome", outcome)
    logger.info(
        "Swept", outcomes=swept.outcomes, unchanged=swept.unchanged, apart=swept.handed_over
    )
    made = list(swept.tests.items())
    for start in range(0, len(made), TESTS_A_LINE):
        logger.info("Tested", tests=dict(made[start : start + TESTS_A_LINE]))
    report_own_refusals(swept.refused_by_us)
    if swept.failed:
        logger.error("Not tested", failed={who: repr(e)[:300] for who, e in swept.failed.items()})


def _start_synchronizations(sweep_id: str) -> None:
    """After the tests, so that no account waits for them. What is not started stays due."""
    requester = Requester(actor=SCHEDULE, request_id=sweep_id)
    deadline = Deadline.after(STARTING_SECONDS, time.monotonic)
    started = start_due(wiring.start_dependencies(), requester, datetime.now(UTC), deadline)
    if started:
        logger.info("Synchronizations started", enrollments=started)
