"""Detection: finding a new role while somebody reads the instructions of its account."""

from collections.abc import Mapping
from datetime import datetime, timedelta
from enum import StrEnum

from cavok.domain.accounts import CONNECTED, AccessType, Account
from cavok.domain.verifications import State, Verification, merely_not_entered

EVERY = timedelta(seconds=5)
"""An account is looked at once in this time, however many people read its instructions."""

LOOKS_AT_ONCE = 5
"""Accounts of one organization that are looked at in that time. So one organization takes one call
a second of the 600 that STS answers for all. Source: IAM User Guide, "IAM and AWS STS quotas".
"""

KEPT_FOR = timedelta(hours=1)
"""How long the looks of an organization are remembered after the last."""


class Detection(StrEnum):
    """`waiting`: the account is looked at, and its role does not let us in yet. `busy`: others of
    the organization are looked at or tested first. `found`: the role lets us in, and a test has
    started. `off`: a role is not what this account waits for.
    """

    WAITING = "waiting"
    BUSY = "busy"
    FOUND = "found"
    OFF = "off"


Looks = Mapping[str, datetime]
"""When accounts of one organization were looked at last."""


def waits_for_its_role(account: Account, newest: Verification | None, now: datetime) -> bool:
    """Whether only the entry is missing, as far as the newest test tells. True also while a test
    runs: whoever began it may have died before its execution, so the next look starts it again.

    An open role lets us in too, and a test that was aborted proved nothing: looking would start
    such tests again and again.
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
    """Why this account must not be looked at now. None if it may. `looks` are recent."""
    if account_id in looks:
        return Detection.WAITING
    return Detection.BUSY if len(looks) >= LOOKS_AT_ONCE else None
