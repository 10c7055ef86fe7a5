"""WriteCustomerLog: writes a test's summary to /cavok/… in the customer's account."""

import time
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.deadlines import PERMISSION_SECONDS, Deadline
from cavok.domain.steps import Step
from cavok.observability import logger
from cavok.services.sealed_session import unseal_session
from cavok.services.write_customer_log import write_verification_log

start_up.prepare(wiring.sealer)


@logger.inject_lambda_context(correlation_id_path="correlation_id")
def handler(event: dict[str, Any], context: LambdaContext) -> list[dict[str, Any]]:
    """Takes a sealed session and the steps so far. Returns the steps of the logs group that are
    left; without a session none, and writes nothing.
    """
    logger.append_keys(account_id=event["account_id"], verification_id=event["verification_id"])
    if event["session"] is None:
        return []
    deadline = Deadline.after(PERMISSION_SECONDS, time.monotonic)
    session = unseal_session(event["session"], event, wiring.sealer())
    test = {name: event[name] for name in ("account_id", "verification_id", "trigger")}
    steps = [Step.from_dict(step) for step in event["steps"]]
    written = write_verification_log(test, steps, session, datetime.now(UTC), deadline)
    logger.info("Wrote customer log", verdicts={step.step: step.verdict for step in written})
    return [step.as_dict() for step in written]
