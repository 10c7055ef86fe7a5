"""SurveyRegions: what each of an account's regions answers, and which instances to ask about."""

from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from itertools import islice
from typing import Any

from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok import wiring
from cavok.domain.survey import MAX_UNDER_CONTROL
from cavok.domain.verifications import Trigger
from cavok.observability import logger
from cavok.services.sealed_session import unseal_session
from cavok.services.survey_regions import survey_regions

wiring.prepare(wiring.table, wiring.sealer)


@logger.inject_lambda_context(correlation_id_path="correlation_id")
def handler(event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """Takes a sealed session and the account's regions. Returns the survey."""
    logger.append_keys(account_id=event["account_id"], verification_id=event["verification_id"])
    resources = wiring.resources().all_of(event["account_id"])
    with ThreadPoolExecutor(1) as pool:  # beside opening the session: a person waits
        known = pool.submit(lambda: tuple(islice(resources, MAX_UNDER_CONTROL)))
        session = unseal_session(event["session"], event, wiring.sealer())
    survey = survey_regions(
        event["regions"],
        session,
        known.result(),
        trigger=Trigger(event["trigger"]),
        now=datetime.now(UTC),
    )
    logger.info("Surveyed", regions={each.region: each.status for each in survey.region_health})
    return survey.as_dict()
