"""Quotas: how often an organization may do what costs others."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from cavok.domain.errors import QuotaExceeded


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` in any time of the length `per`."""

    name: str
    limit: int
    per: timedelta

    def take(self, taken: Sequence[datetime], now: datetime) -> tuple[datetime, ...]:
        """What counts from now on, this time too. `taken`: earlier times. Raises QuotaExceeded."""
        recent = [at for at in taken if now - at < self.per]
        if len(recent) >= self.limit:
            wait = recent[-self.limit] + self.per - now
            raise QuotaExceeded(self.name, self.limit, self.per, wait)
        return (*recent, now)


WEBHOOK_TESTS = Quota("webhook_tests", 6, timedelta(minutes=1))
WEBHOOK_REDELIVERIES = Quota("webhook_redeliveries", 60, timedelta(minutes=1))
