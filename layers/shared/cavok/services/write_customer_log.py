"""Writing a test's summary to the customer's log group. Its five calls are the steps of the logs
permission group: four create the group and the stream, and one writes.
"""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import datetime
from functools import partial
from typing import Any

from cavok.adapters.customer.logs import MISSING, VERIFICATIONS, CustomerLogs, LogLine
from cavok.adapters.customer.session import CustomerSession
from cavok.domain import permissions
from cavok.domain.access_denied import TIMED_OUT
from cavok.domain.deadlines import NO_DEADLINE, Deadline
from cavok.domain.errors import OutOfTime
from cavok.domain.steps import Judgement, Step, Verdict, out_of_time
from cavok.services.timing import timed

PREPARING = permissions.LOGS.actions[:-1]
"""The steps that `prepare_log` proves."""


def prepare_log(
    session: CustomerSession, now: datetime, deadline: Deadline = NO_DEADLINE
) -> list[Step]:
    """Makes the group, and the day's stream in it. One step a call. No call begins after the
    deadline.
    """
    calls = dict(CustomerLogs(session).prepare(VERIFICATIONS, _stream(now)))
    first, *others = calls
    made = _step(first, calls[first], session, deadline)
    if made.error_code == TIMED_OUT:
        # The service does not answer: do not wait for it again.
        return [replace(made, step=action, duration_ms=0) for action in calls]
    with ThreadPoolExecutor(len(others)) as pool:
        steps = pool.map(lambda action: _step(action, calls[action], session, deadline), others)
        return [made, *steps]


def write_verification_log(
    verification: Mapping[str, Any],
    steps: Sequence[Step],
    session: CustomerSession,
    now: datetime,
    deadline: Deadline = NO_DEADLINE,
) -> list[Step]:
    """Writes one JSON line to the day's log stream in /cavok/verifications, and returns a step per
    call. If `steps` has those of `prepare_log`, only the last call is left. `verification` holds
    fields for the line that identify the test. No call begins after the deadline.
    """
    verdicts = {step.step: step.verdict.value for step in steps}
    line = LogLine(
        now, {"event": "Verification", "at": now.isoformat(), **verification, "verdicts": verdicts}
    )
    prepared = [step for step in steps if step.step in PREPARING]
    made = [] if len(prepared) == len(PREPARING) else prepare_log(session, now, deadline)
    action, call = CustomerLogs(session).write(VERIFICATIONS, _stream(now), line)
    last = (made or prepared)[-1]
    if last.error_code == TIMED_OUT:
        return [*made, replace(last, step=action, duration_ms=0)]
    written = _step(action, call, session, deadline)
    refused = any(step.verdict is Verdict.DENIED for step in prepared)
    if not made and written.error_code in MISSING and not refused:
        # Another day began meanwhile, and its stream is missing.
        made = prepare_log(session, now, deadline)
        written = _step(action, call, session, deadline)
    return [*made, written]


def _stream(now: datetime) -> str:
    return f"{now:%Y-%m-%d}"


def _step(
    action: str, call: Callable[[], Judgement], session: CustomerSession, deadline: Deadline
) -> Step:
    return timed(action, partial(_in_time, call, deadline), session.region)


def _in_time(call: Callable[[], Judgement], deadline: Deadline) -> Judgement:
    try:
        deadline.check()
    except OutOfTime as error:
        return out_of_time(str(error))
    return call()
