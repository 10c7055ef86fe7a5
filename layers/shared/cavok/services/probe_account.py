"""Every permission of an account at once, for tests that nobody watches step by step."""

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

AT_ONCE = 13
"""Probes at a time: all of them, since what is waited for costs. No service of the customer's gets
more than six calls at once, as from the workflow's Map: its API limits are left alone.
"""

TRIES = 3
FIRST_WAIT = 1.0
"""Seconds before a probe that met a throttle is made again; then twice as long."""


def probe_account(
    actions: Sequence[str],
    session: CustomerSession,
    *,
    probe: Callable[[str, CustomerSession], Step] = probe_permission,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Step]:
    """One step an action, in the order of the actions. A probe that goes on failing for a passing
    cause is inconclusive and stops no other. One that was not answered has waited twice already,
    and is not made again: a customer's region that hangs must not outlast the function.
    """
    with ThreadPoolExecutor(AT_ONCE) as pool:
        return list(
            pool.map(partial(_patiently, session=session, probe=probe, sleep=sleep), actions)
        )


def _patiently(
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
