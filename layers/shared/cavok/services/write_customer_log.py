"""Writing a test's summary to the customer's log group. Its five calls are the steps of the logs
permission group.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from cavok.adapters.customer.logs import VERIFICATIONS, CustomerLogs, LogLine
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.access_denied import TIMED_OUT
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.errors import OutOfTime
from cavok.domain.steps import Judgement, Step, out_of_time
from cavok.services.timing import timed


def write_verification_log(
    verification: Mapping[str, Any],
    steps: Sequence[Step],
    session: CustomerSession,
    now: datetime,
    deadline: Deadline = NO_DEADLINE,
) -> list[Step]:
    """Writes one JSON line to the day's log stream in /cavok/verifications, and returns a step per
    call. `verification` holds fields for the line that identify the test. No call begins after the
    deadline.
    """
    verdicts = {step.step: step.verdict.value for step in steps}
    line = LogLine(
        now, {"event": "Verification", "at": now.isoformat(), **verification, "verdicts": verdicts}
    )
    written: list[Step] = []
    for action, call in CustomerLogs(session).write(VERIFICATIONS, f"{now:%Y-%m-%d}", line):
        if written and written[-1].error_code == TIMED_OUT:
            # The service does not answer: do not wait for it again.
            written.append(replace(written[-1], step=action, duration_ms=0))
        else:
            written.append(timed(action, partial(_in_time, call, deadline), session.region))
    return written


def _in_time(call: Callable[[], Judgement], deadline: Deadline) -> Judgement:
    try:
        deadline.check()
    except OutOfTime as error:
        return out_of_time(str(error))
    return call()
