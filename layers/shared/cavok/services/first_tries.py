"""The time that a process spends on first tries of webhook messages, and on answers to stacks."""

import time
from collections import defaultdict
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime

from cavok.domain.first_tries import PERIOD, first_try_seconds, own_seconds
from cavok.domain.quotas import period_lasts


class FirstTries:
    """The seconds that this process spent on first tries, by organization. Each process counts its
    own, so that no message costs a write.
    """

    def __init__(self) -> None:
        self._began_at: datetime | None = None
        self._spent = 0.0
        self._own: dict[str, float] = defaultdict(float)

    def seconds(self, organization_id: str, now: datetime) -> float:
        """How long a first try may take now; 0: it is not made."""
        if self._began_at is None or not period_lasts(self._began_at, PERIOD, now):
            self._began_at = now
            self._spent = 0.0
            self._own.clear()
        return first_try_seconds(self._spent, self._own[organization_id])

    @contextmanager
    def spending(self, organization_id: str) -> Iterator[None]:
        """Counts the time of the block, in which a first try waits for its receiver. The block
        raises if the receiver does not accept the message.
        """
        began, accepted = time.monotonic(), False
        try:
            yield
            accepted = True
        finally:
            self.spend(organization_id, time.monotonic() - began, accepted=accepted)

    def spend(self, organization_id: str, seconds: float, *, accepted: bool) -> None:
        """Counts the time for which a first try waited for its receiver."""
        self._spent += seconds
        self._own[organization_id] += own_seconds(seconds, accepted=accepted)
