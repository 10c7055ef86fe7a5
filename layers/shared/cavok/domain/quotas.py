"""Quotas: limits on acts of an organization that cost others something. They hold for requests of
people and clients, never for schedules and sweeps.
"""

import re
from collections.abc import Container, Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from cavok.domain.errors import QuotaExceeded


class QuotaName(StrEnum):
    """What is limited. `requests` counts in each process alone; all others count together. `tests`:
    tests that a person starts or restarts. `listings`: listings of instances that are read from
    AWS, not repeated from memory; and looking up the accounts of a bulk operation's filter.
    `changes`: to accounts and their credentials; invitations; setting a schedule, even an unchanged
    one; and other bulk operations; not requests that end something. `webhook_changes`: setting and
    resuming the webhook, and delivering messages again.
    """

    REQUESTS = "requests"
    TESTS = "tests"
    LISTINGS = "listings"
    STARTS_AND_STOPS = "starts_and_stops"
    WEBHOOK_TESTS = "webhook_tests"
    WEBHOOK_CHANGES = "webhook_changes"
    NEW_ACCOUNTS = "new_accounts"
    CHANGES = "changes"


HALF_FOR_VIEWERS = frozenset({QuotaName.REQUESTS, QuotaName.LISTINGS})
"""Quotas that viewers use too."""

HALF_IN_BULK = frozenset({QuotaName.TESTS, QuotaName.CHANGES})
"""Quotas that bulk operations use too."""


def period_lasts(began_at: datetime, per: timedelta, now: datetime) -> bool:
    """Whether a period that began then is not over. Two machines' clocks may differ a little, and
    one may have been set back.
    """
    return abs(now - began_at) < per


@dataclass(frozen=True, slots=True)
class Uses:
    """How often a quota was used since `began_at` (UTC): the first use after the previous period
    was over.
    """

    began_at: datetime
    used: int


@dataclass(frozen=True, slots=True)
class Quota:
    """At most `limit` uses within `per` of the first. `whose`: who has the limit, for people."""

    name: QuotaName
    limit: int
    per: timedelta
    whose: str = "Your organization"

    def current(self, uses: Uses | None, now: datetime) -> Uses:
        """The stored uses, or none if their period is over."""
        if uses is None or not period_lasts(uses.began_at, self.per, now):
            return Uses(now, 0)
        return uses

    def take(self, uses: Uses | None, now: datetime, more: int = 1) -> Uses:
        """The uses, with so many more. Raises QuotaExceeded."""
        current = self.current(uses, now)
        if current.used + more > self.limit:
            wait = current.began_at + self.per - now
            raise QuotaExceeded(self.name, self.limit, self.per, wait, self.whose)
        return replace(current, used=current.used + more)

    def remaining(self, uses: Uses | None, now: datetime) -> int:
        """How many uses are left."""
        return max(self.limit - self.current(uses, now).used, 0)

    def for_viewers(self) -> Self:
        """The same uses count, but viewers are refused once half is used: the rest is for people
        who may make changes. Other quotas are returned unchanged.
        """
        return self._half_if(HALF_FOR_VIEWERS, "Viewers of your organization")

    def in_bulk(self) -> Self:
        """The same for bulk operations, which wait then: the rest is for people's single acts."""
        return self._half_if(HALF_IN_BULK, "Bulk operations of your organization")

    def _half_if(self, names: Container[QuotaName], whose: str) -> Self:
        if self.name not in names:
            return self
        return replace(self, limit=max(self.limit // 2, 1), whose=whose)


_ONE = re.compile(r"([a-z_]+):([1-9][0-9]{0,6})/([1-9][0-9]{0,4})")


def parse_quotas(text: str) -> Mapping[QuotaName, Quota]:
    """Reads `requests:1200/60,tests:60/60,…`: of each name the limit, and its seconds. Raises
    ValueError unless each name comes once.
    """
    found = [match.groups() for each in text.split(",") if (match := _ONE.fullmatch(each))]
    named = sorted(name for name, _, _ in found)
    if named != sorted(QuotaName) or len(found) != len(text.split(",")):
        names = ", ".join(QuotaName)
        raise ValueError(f"Quotas must be name:limit/seconds, once for each of {names}: {text}")
    return {
        QuotaName(name): Quota(QuotaName(name), int(limit), timedelta(seconds=int(seconds)))
        for name, limit, seconds in found
    }
