"""A request that a client repeats because it got no answer."""

from dataclasses import dataclass
from datetime import timedelta

REPEATED_WITHIN = timedelta(days=1)
"""A client that got no answer repeats its request within this time, and gets the same answer."""


@dataclass(frozen=True, slots=True)
class IdempotencyKey:
    """A client's key for a request, and a hash of the body that came with it."""

    key: str
    body_hash: str
