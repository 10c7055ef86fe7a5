"""The survey of a person's test, whose workflow carries a sealed session."""

from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from datetime import datetime
from itertools import islice
from typing import Any

from cavok.adapters.sealing import Sealer
from cavok.adapters.table.progress import Progress
from cavok.adapters.table.resources import Resources
from cavok.domain.steps import Step
from cavok.domain.survey import MAX_UNDER_CONTROL, Survey
from cavok.domain.verifications import Trigger
from cavok.services.sealed_session import unseal_session
from cavok.services.survey_regions import survey_regions


def survey_account(
    test: Mapping[str, Any],
    resources: Resources,
    progress: Progress,
    sealer: Sealer,
    now: datetime,
) -> Survey:
    """Stores the `steps` of entering for the page, and surveys the account's `regions`. `test` also
    has the names under which its `session` is sealed, and its `trigger`. Without a session, nothing
    is looked at. Raises SealBroken.
    """
    entering = [Step.from_dict(step) for step in test.get("steps", ())]
    under_control = resources.all_of(test["account_id"])
    with ThreadPoolExecutor(2) as pool:  # beside opening the session: a person waits
        if entering:
            pool.submit(progress.show, test["verification_id"], entering, now)
        if test["session"] is None:
            return Survey()
        known = pool.submit(lambda: tuple(islice(under_control, MAX_UNDER_CONTROL)))
        session = unseal_session(test["session"], test, sealer)
    return survey_regions(
        test["regions"], session, known.result(), trigger=Trigger(test["trigger"]), now=now
    )
