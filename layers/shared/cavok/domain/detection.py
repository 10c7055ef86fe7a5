"""Detection: finding a new role while somebody reads the instructions of its account."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from cavok.domain.accounts import CONNECTED, AccessType, Account
from cavok.domain.verifications import State, Verification, merely_not_entered

EVERY = timedelta(seconds=5)
"""An account is checked once in this time, however many people read its instructions."""

LOOKS_AT_ONCE = 5
"""The most accounts of one organization that are checked in that time. So one organization uses one
of the 600 calls a second that STS answers for all. Source: IAM User Guide, "IAM and AWS STS
quotas".
"""

KEPT_FOR = timedelta(hours=1)
"""How long the looks of an organization are remembered after the last one."""


class Detection(StrEnum):
    """`waiting`: the role does not let Cavok in yet. It is checked every five seconds at most.
    `busy`: five other accounts of the organization are being checked, the most at a time, or its
    quota of tests is used up for the moment. `found`: the role lets Cavok in, and a test has
    started. `off`: there is nothing to wait for. The account is connected, tested, revoked or
    entered with an access key, or its last test found something else.
    """

    WAITING = "waiting"
    BUSY = "busy"
    FOUND = "found"
    OFF = "off"


Looks = Mapping[str, datetime]
"""When accounts of one organization were last checked."""


def waits_for_its_role(account: Account, newest: Verification | None, now: datetime) -> bool:
    """Whether only the entry is missing, according to the newest test. Also true while a test
    runs: the process that began it may have died before its execution, so the next look starts it
    again.

    False for an open role and after an aborted test. An open role lets us in too, and an aborted
    test proved nothing: looks would start such tests again and again.
    """
    if account.access_type is not AccessType.ASSUME_ROLE or account.status in CONNECTED:
        return False
    if account.revoked:
        return False
    if account.testing(now):
        return True
    if newest is None or newest.connection_revision != account.connection_revision:
        return True
    return newest.state is State.FINISHED and merely_not_entered(newest.steps)


def recent(looks: Looks, now: datetime) -> Looks:
    """The looks that count against the limits."""
    return {account_id: at for account_id, at in looks.items() if now - at < EVERY}


def refusal(looks: Looks, account_id: str) -> Detection | None:
    """Why this account must not be checked now; None if it may be. `looks`: the recent ones."""
    if account_id in looks:
        return Detection.WAITING
    return Detection.BUSY if len(looks) >= LOOKS_AT_ONCE else None
