"""OpenSession: enters the account, checks its trust, and seals the session."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.domain.errors import OurEntryBroken
from cavok.observability import counted, logger, metrics
from cavok.services.enter_for_verification import VerificationRequest
from cavok.services.open_session import open_session

start_up.prepare(wiring.table, wiring.sealer, wiring.customer_roles)


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes the execution's input. Returns the sealed session, the trust steps and the probes to
    run.
    """
    logger.append_keys(account_id=event["account_id"], verification_id=event["verification_id"])
    with counted(OurEntryBroken):
        opened = open_session(
            VerificationRequest.of(event), wiring.entry_dependencies(), wiring.canary()
        )
    logger.info("Session opened", probes=len(opened.probes))
    return opened.as_dict()
