"""When an account is due for its next scheduled test."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = timedelta(days=1)
FIRST_RETRY = timedelta(minutes=2)
REST_AFTER = timedelta(days=7)
REST_BETWEEN = timedelta(hours=1)
"""Minimum time between two daily tests."""
LONGEST_WAIT = REST_BETWEEN + DAY
"""No account is due later than this after a test with a verdict."""


@dataclass(frozen=True, slots=True)
class Attention:
    """The facts that decide when an account is due. `attempts` counts consecutive tests that did
    not find it connected.
    """

    account_id: str
    connected: bool
    was_connected: bool
    attempts: int
    touched_at: datetime
    revoked: bool = False


def next_verification_at(attention: Attention, now: datetime) -> datetime | None:
    """Connected accounts are tested daily, others after 2, 4, 8 … minutes and then daily.

    None for an account that was never connected and that nobody has changed or tested for a week:
    it rests until somebody does. None for an account whose use was revoked: it rests until a person
    tests it.
    """
    if attention.revoked:
        return None
    if attention.connected:
        return next_daily_slot(attention.account_id, now)
    if not attention.was_connected and now - attention.touched_at > REST_AFTER:
        return None
    doublings = min(max(attention.attempts - 1, 0), 20)
    backoff = FIRST_RETRY * (1 << doublings)
    return now + backoff if backoff < DAY else next_daily_slot(attention.account_id, now)


def next_daily_slot(account_id: str, now: datetime) -> datetime:
    """The account's own time of day, 1 to 25 hours ahead.

    It spreads accounts over the day at once, even if they were all connected or tested at the same
    moment, after an import, an outage or a deployment. Random jitter would take weeks to do so.
    """
    earliest = now + REST_BETWEEN
    midnight = earliest.replace(hour=0, minute=0, second=0, microsecond=0)
    slot = midnight + daily_offset(account_id)
    return slot if slot >= earliest else slot + DAY


def daily_offset(account_id: str) -> timedelta:
    """Time of day (UTC) at which an account is tested. It never changes."""
    digest = hashlib.blake2b(account_id.encode(), digest_size=8).digest()
    return DAY * (int.from_bytes(digest) / 2**64)
