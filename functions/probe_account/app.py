"""ProbeAccount: a scheduled test in one function. It enters the account, surveys its regions, makes
every probe and writes the customer's log. The session stays in this process, so it is not sealed.
"""

import time
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.domain.deadlines import ACCOUNT_SECONDS, LOG_SECONDS, Deadline
from cavok.domain.errors import OurEntryBroken
from cavok.domain.steps import Verdict
from cavok.domain.survey import Survey
from cavok.observability import counted, logger, metrics
from cavok.services.enter_for_verification import VerificationRequest, enter_for_verification
from cavok.services.probe_account import probe_account
from cavok.services.survey_regions import survey_regions
from cavok.services.write_customer_log import write_verification_log

wiring.prepare(wiring.table, wiring.customer_roles)


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the execution's input. Returns the steps of all groups, and the survey."""
    test = {name: event[name] for name in ("account_id", "verification_id", "trigger")}
    logger.append_keys(**test)
    request = VerificationRequest.of(event)
    deadline = Deadline.after(ACCOUNT_SECONDS, time.monotonic)
    with counted(OurEntryBroken):
        result = enter_for_verification(request, wiring.entry_dependencies(), wiring.canary())
    steps, survey = list(result.steps), Survey()
    if session := result.session:
        survey = survey_regions(
            result.account.regions,
            session,
            wiring.resources().all_of(request.account_id),
            trigger=request.trigger,
            now=datetime.now(UTC),
        )
        account = ProbedAccount(
            session=session.at(survey.probing_region(session.region)),
            survey=survey,
            deadline=deadline,
        )
        steps += probe_account(result.probes, account)
        if result.account.write_logs:
            steps += write_verification_log(
                test, steps, session, datetime.now(UTC), deadline.later(LOG_SECONDS)
            )
    unknown = sum(step.verdict is Verdict.INCONCLUSIVE for step in steps)
    if unknown:
        metrics.add_dimension("action", "all")
        metrics.add_metric("ProbeInconclusive", MetricUnit.Count, unknown)
    logger.info("Probed", refused=[step.step for step in steps if step.ok is False])
    return {"steps": [step.as_dict() for step in steps], "survey": survey.recorded.as_dict()}
