"""When an account is verified again by itself."""

import hashlib
from dataclasses import dataclass
from datetime import datetime, timedelta

DAY = timedelta(days=1)
FIRST_RETRY = timedelta(minutes=2)
REST_AFTER = timedelta(days=7)
_JITTER = timedelta(hours=2)


@dataclass(frozen=True, slots=True)
class Attention:
    """What decides when an account is due. `attempts` counts verifications in a row that did not
    connect it.
    """

    account_id: str
    connected: bool
    was_connected: bool
    attempts: int
    touched_at: datetime


def next_verification_at(attention: Attention, now: datetime) -> datetime | None:
    """Connected accounts daily, others after 2, 4, 8 … minutes up to a day.

    None for an account that was never connected and that nobody touched for a week: it rests until
    somebody does.
    """
    if attention.connected:
        return now + DAY - _jitter(attention.account_id)
    if not attention.was_connected and now - attention.touched_at > REST_AFTER:
        return None
    doublings = min(max(attention.attempts - 1, 0), 20)
    return now + min(FIRST_RETRY * (1 << doublings), DAY)


def _jitter(account_id: str) -> timedelta:
    """Zero to two hours, always the same for an account, so that accounts confirmed together drift
    apart.
    """
    digest = hashlib.blake2b(account_id.encode(), digest_size=8).digest()
    return _JITTER * (int.from_bytes(digest) / 2**64)
