"""ListDueAccounts: leases one page of accounts that are due for verification."""

import time
from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.adapters.workflows import execution_input
from cavok.domain.deadlines import Deadline
from cavok.observability import logger, metrics
from cavok.services.sweep import PAGE_SECONDS, lease_due_accounts

wiring.prepare(wiring.table)


@logger.inject_lambda_context(correlation_id_path="sweep_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the sweep's name and ARN. Returns the inputs of `verify_account` executions: none if no
    account is due.
    """
    page = lease_due_accounts(
        event["sweep_arn"],
        due=wiring.due_accounts(),
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        now=datetime.now(UTC),
        deadline=Deadline.after(PAGE_SECONDS, time.monotonic),
        limit=int(wiring.setting("SWEEP_TESTS")),
    )
    for account, error in page.failed:
        logger.error("Account not leased", account_id=account.account_id, error=repr(error))
    metrics.add_metric("AccountsDue", MetricUnit.Count, len(page.tests))
    logger.info("Leased due accounts", count=len(page.tests), failed=len(page.failed))
    return {"accounts": [execution_input(test, event["sweep_id"]) for test in page.tests]}
