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

    def of_entry(self, index: int) -> "IdempotencyKey":
        """The key of one entry of the body. No client can send it: its header has no control
        characters.
        """
        return IdempotencyKey(f"{self.key}\x1f{index}", self.body_hash)
