"""What follows when a line for the customer's log is refused."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from cavok.domain.accounts import CONNECTED, Account, Capability, Status
from cavok.domain.issues import LOG_WRITING_REFUSED, log_writing_issues
from cavok.domain.permissions import LOGS
from cavok.domain.steps import Step


def with_log_writing_refused(account: Account, refused: Sequence[Step], now: datetime) -> Account:
    """The account degraded, with the remedy, and due for a test that tells the whole of it.

    The very same account where that is known already, where logs are off by now, and where the
    account is not connected, so that something worse is said of it.
    """
    known = any(issue.code == LOG_WRITING_REFUSED for issue in account.issues)
    if known or not refused or not account.write_logs or account.status not in CONNECTED:
        return account
    works_in_part = account.capabilities[LOGS.group] is not Capability.NONE
    return replace(
        account,
        status=Status.DEGRADED,
        issues=(*account.issues, *log_writing_issues(account, refused)),
        capabilities={
            **account.capabilities,
            LOGS.group: Capability.PARTIAL if works_in_part else Capability.NONE,
        },
        next_verification_at=now,
        updated_at=now,
    )
