"""SurveyRegions: shows the steps of entering, and finds what each of an account's regions answers
and which instances to ask about.
"""

from datetime import UTC, datetime
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import start_up, wiring
from cavok.observability import logger
from cavok.services.survey_account import survey_account

start_up.prepare(wiring.table, wiring.sealer, wiring.progress)


@logger.inject_lambda_context(correlation_id_path="correlation_id")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes a sealed session, the steps of entering and the account's regions. Returns the
    survey.
    """
    logger.append_keys(account_id=event["account_id"], verification_id=event["verification_id"])
    survey = survey_account(
        event, wiring.resources(), wiring.progress(), wiring.sealer(), datetime.now(UTC)
    )
    logger.info("Surveyed", regions={each.region: each.status for each in survey.region_health})
    return survey.as_dict()
