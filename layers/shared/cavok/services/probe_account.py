"""Probing all permissions of an account at once, for scheduled tests."""

import time
from collections import defaultdict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from datetime import UTC, datetime
from functools import partial
from math import inf

from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.domain.access_denied import Reason
from cavok.domain.errors import ProbeTransient
from cavok.domain.steps import Evidence, Judgement, Step, Verdict, out_of_time
from cavok.services.probe_permission import probe_permission

TRIES = 3
FIRST_WAIT = 1.0
"""Seconds until a throttled probe is repeated. The next wait is twice as long."""
PROBES_OF_A_SERVICE = 6
"""How many probes of a scheduled test call one AWS service of a customer at once: their own tools
share its throttling limits. The catalog does not change it: more permissions wait for a free probe.
"""


def probe_account(
    actions: Sequence[str],
    account: ProbedAccount,
    *,
    probe: Callable[[str, ProbedAccount], Step] = probe_permission,
    sleep: Callable[[float], None] = time.sleep,
) -> list[Step]:
    """One step per action, in the order of `actions`. Up to PROBES_OF_A_SERVICE probes of a service
    run at once, because waiting costs money.

    A probe that keeps failing for a temporary reason is inconclusive and does not stop the others.
    At the account's deadline, probes that are still running are inconclusive; each ends by itself
    before its next call.
    """
    started_at = datetime.now(UTC)
    pools = defaultdict[str, ThreadPoolExecutor](partial(ThreadPoolExecutor, PROBES_OF_A_SERVICE))
    try:
        one = partial(_with_retries, account=account, probe=probe, sleep=sleep)
        running = {action: pools[_service(action)].submit(one, action) for action in actions}
        left = account.deadline.left
        done, _ = wait(running.values(), timeout=None if left == inf else left)
    finally:
        for pool in pools.values():
            pool.shutdown(wait=False, cancel_futures=True)
    late = out_of_time("The time for this test ran out before AWS had answered.")
    return [
        future.result()
        if future in done
        else Step.of(action, late, started_at=started_at, region=account.session.region)
        for action, future in running.items()
    ]


def _service(action: str) -> str:
    return action.partition(":")[0]


def _with_retries(
    action: str,
    *,
    account: ProbedAccount,
    probe: Callable[[str, ProbedAccount], Step],
    sleep: Callable[[float], None],
) -> Step:
    started_at = datetime.now(UTC)
    for attempt in range(TRIES):
        try:
            return probe(action, account)
        except ProbeTransient as error:
            code, _, message = str(error).partition(": ")
            pause = FIRST_WAIT * 2**attempt
            if attempt == TRIES - 1 or pause > account.deadline.left:
                break
            sleep(pause)
    judgement = Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=Reason.ERROR,
        error_code=code,
        detail=message,
    )
    return Step.of(action, judgement, started_at=started_at, region=account.session.region)
