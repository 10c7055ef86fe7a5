"""Probing all permissions of an account at once, for scheduled tests."""

import time
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from functools import partial

from cavok.adapters.customer.session import CustomerSession
from cavok.domain.access_denied import TIMED_OUT, Reason
from cavok.domain.errors import ProbeTransient
from cavok.domain.steps import Evidence, Judgement, Step, Verdict
from cavok.services.probe_permission import probe_permission

TRIES = 3
FIRST_WAIT = 1.0
"""Seconds until a throttled probe is repeated. The next wait is twice as long."""


def probe_account(
    actions: Sequence[str],
    session: CustomerSession,
    *,
    probe: Callable[[str, CustomerSession], Step] = probe_permission,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Step]:
    """One step per action, in the order of `actions`. All probes run at once: waiting costs money.

    A probe that keeps failing for a temporary reason is inconclusive and does not stop the others.
    A probe that timed out is not repeated: botocore has tried it twice, and a region that does not
    answer must not outlast the function.
    """
    with ThreadPoolExecutor(len(actions)) as pool:
        return list(
            pool.map(partial(_with_retries, session=session, probe=probe, sleep=sleep), actions)
        )


def _with_retries(
    action: str,
    *,
    session: CustomerSession,
    probe: Callable[[str, CustomerSession], Step],
    sleep: Callable[[float], None],
) -> Step:
    started_at = datetime.now(UTC)
    for attempt in range(TRIES):
        try:
            return probe(action, session)
        except ProbeTransient as error:
            code, _, message = str(error).partition(": ")
            if code == TIMED_OUT:
                break
            if attempt < TRIES - 1:
                sleep(FIRST_WAIT * 2**attempt)
    judgement = Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=Reason.ERROR,
        error_code=code,
        detail=message,
    )
    return Step.of(action, judgement, started_at=started_at, region=session.region)
