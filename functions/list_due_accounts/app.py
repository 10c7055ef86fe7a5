"""ListDueAccounts: leases one page of accounts that are due for verification."""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.adapters.workflows import execution_input
from cavok.observability import logger, metrics
from cavok.services.sweep import lease_due_accounts


@logger.inject_lambda_context(correlation_id_path="sweep_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the sweep's name and ARN. Returns the inputs of `verify_account` executions: none if no
    account is due.
    """
    leased = lease_due_accounts(
        event["sweep_arn"],
        due=wiring.due_accounts(),
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        now=datetime.now(UTC),
    )
    metrics.add_metric("AccountsDue", MetricUnit.Count, len(leased))
    logger.info("Leased due accounts", count=len(leased))
    return {"accounts": [execution_input(test, event["sweep_id"]) for test in leased]}
