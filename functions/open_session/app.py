"""OpenSession: enters the account, proves the trust, seals the session."""

from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.domain.errors import OurEntryBroken
from cavok.observability import counted, logger, metrics
from cavok.services.enter_account import Visit
from cavok.services.open_session import open_session


@logger.inject_lambda_context(correlation_id_path="correlation_id")
@metrics.log_metrics
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Names in, sealed session, first steps and probes to run out."""
    logger.append_keys(account_id=event["account_id"], verification_id=event["verification_id"])
    with counted(OurEntryBroken):
        opened = open_session(Visit.of(event), wiring.doors())
    logger.info("Session opened", probes=len(opened.probes))
    return opened.as_dict()
