"""Writing a test's summary to the customer's account: its five calls are the verdicts of the logs
group.
"""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from cavok.adapters.customer.logs import VERIFICATIONS, CustomerLogs, LogLine
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.access_denied import TIMED_OUT
from cavok.domain.steps import Step
from cavok.services.timing import timed


def write_verification_log(
    verification: Mapping[str, Any], steps: Sequence[Step], session: CustomerSession, now: datetime
) -> list[Step]:
    """One JSON line in the day's stream of /cavok/verifications. `verification` says which test of
    what it was.
    """
    verdicts = {step.step: step.verdict.value for step in steps}
    line = LogLine(
        now, {"event": "Verification", "at": now.isoformat(), **verification, "verdicts": verdicts}
    )
    written: list[Step] = []
    for action, call in CustomerLogs(session).write(VERIFICATIONS, f"{now:%Y-%m-%d}", line):
        if written and written[-1].error_code == TIMED_OUT:
            # It hangs, and each further call would wait as long.
            written.append(replace(written[-1], step=action, duration_ms=0))
        else:
            written.append(timed(action, call, session.region))
    return written
