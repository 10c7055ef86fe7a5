"""Writing a test's summary to the customer's account: its five calls are the verdicts of the logs
group.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from cavok.adapters.customer import CustomerSession
from cavok.adapters.customer_logs import VERIFICATIONS, CustomerLogs, LogLine
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
    calls = CustomerLogs(session).write(VERIFICATIONS, f"{now:%Y-%m-%d}", line)
    return [timed(action, call, session.region) for action, call in calls]
