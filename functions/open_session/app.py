"""OpenSession: enters the account, proves the trust, seals the session."""

from typing import Any

from aws_lambda_powertools.metrics import MetricUnit
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.domain.errors import OurEntryBroken
from cavok.domain.verifications import Trigger
from cavok.observability import logger, metrics
from cavok.services.open_session import open_session


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Names in, sealed session, first steps and probes to run out."""
    logger.append_keys(account_id=event["account_id"], verification_id=event["verification_id"])
    try:
        opened = open_session(
            event["organization_id"],
            event["account_id"],
            event["verification_id"],
            Trigger(event["trigger"]),
            accounts=wiring.accounts(),
            entry=wiring.entry(),
            canary=wiring.canary(),
            sealer=wiring.sealer,
        )
    except OurEntryBroken:
        metrics.add_metric("OurEntryBroken", MetricUnit.Count, 1)
        raise
    logger.info("Session opened", probes=len(opened.probes))
    return opened.as_dict()
