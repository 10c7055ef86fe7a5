"""Interactions with a customer's account, and the usage that they count towards."""

import hashlib
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Self

from cavok.domain.accounts import CONNECTED, Account, Outcome
from cavok.domain.actors import Actor
from cavok.domain.kinds import Kind
from cavok.domain.verifications import Trigger, Verification

KEPT_FOR = timedelta(days=90)


class InteractionAction(StrEnum):
    """What a person or a schedule did with the account."""

    START = "start"
    STOP = "stop"
    LIST = "list"
    TEST = "test"


class InteractionOutcome(StrEnum):
    """Whether the request was accepted, or refused by Cavok or AWS. `pending`: a start or stop that
    is open. It is stored before AWS is called; it counts, and is shown, once it is closed.
    """

    ACCEPTED = "accepted"
    REFUSED = "refused"
    PENDING = "pending"


class Result(StrEnum):
    """Whether the instance reached the requested state. `unknown`: Cavok could not look, the
    instance was still changing when the time for following was over, or a later request changed it.
    """

    REACHED = "reached"
    NOT_REACHED = "not_reached"
    PENDING = "pending"
    UNKNOWN = "unknown"


class Logged(StrEnum):
    """Whether the interaction was written to the customer's own log group."""

    WRITTEN = "written"
    REFUSED = "refused"
    OFF = "off"
    PENDING = "pending"


@dataclass(frozen=True, slots=True, kw_only=True)
class Interaction:
    """One start, stop, listing or test. `kind`, `instance_id` and `region` are null where they do
    not apply.

    actor       who requested it: a person or a schedule.
    request_id  finds the HTTP request, schedule invocation or test in Cavok's own logs.
    changed     whether AWS was called to change the instance's state. False if it was already in
                the wanted state.
    result      the result of a start or stop. Null if there is nothing to wait for: a listing, a
                test, a refused request. A schedule's turn that AWS refuses for a passing cause is
                tried again, and this is the result of the last try.
    state, state_reason
                the last observed state, and why the instance is in it.
    tried_at    when a schedule's turn was last tried again; null if it was not.
    held_until  for an open start or stop: its process may be calling AWS until then. In the past:
                it ended without AWS's answer. Null: nobody calls, and nothing was done.
    key_hash    a hash of its actor, idempotency key, action, instance and region; null without a
                key.
    refusal     the code of the cause for which it was refused. Null if it was not, or nobody knows.
    counted     whether it counts toward the month's usage. A listing right after a counted one
                does not.
    """

    organization_id: str
    account_id: str
    interaction_id: str
    action: InteractionAction
    outcome: InteractionOutcome
    detail: str
    actor: Actor
    at: datetime
    request_id: str
    logged: Logged
    kind: Kind | None = None
    instance_id: str | None = None
    region: str | None = None
    changed: bool = False
    result: Result | None = None
    state: str | None = None
    state_reason: str | None = None
    tried_at: datetime | None = None
    held_until: datetime | None = None
    key_hash: str | None = None
    refusal: str | None = None
    counted: bool = True

    def not_counted(self) -> Self:
        """A listing that another process has just made and counted."""
        detail = f"{self.detail} It counts once with the one of less than a minute before."
        return replace(self, detail=detail, counted=False)

    @property
    def counts_once(self) -> bool:
        """Whether the next ones of its kind, soon after it, do not count: of listings."""
        return self.action is InteractionAction.LIST

    @property
    def kept_until(self) -> datetime:
        """90 days after it was requested."""
        return self.at + KEPT_FOR

    @property
    def open(self) -> bool:
        """Whether its outcome is not known yet."""
        return self.outcome is InteractionOutcome.PENDING


def key_hash(*texts: str) -> str:
    """A request key stands for one action on one instance. Another action is another request."""
    request = chr(0).join(texts)
    return hashlib.sha256(request.encode()).hexdigest()


def logged_at_first(account: Account) -> Logged:
    """`logged` of a new interaction. Nothing is written to an account that is not connected: it may
    belong to somebody else.
    """
    if not account.write_logs:
        return Logged.OFF
    return Logged.PENDING if account.status in CONNECTED else Logged.REFUSED


def interaction_of_test(account: Account, verification: Verification) -> Interaction | None:
    """The interaction for a person's test with a verdict. None for a scheduled test, which is
    Cavok's own maintenance, and for an aborted test: customers do not pay for these.
    """
    if verification.trigger is not Trigger.MANUAL or verification.outcome is None:
        return None
    failed = verification.outcome is Outcome.FAILED
    return Interaction(
        organization_id=account.organization_id,
        account_id=account.account_id,
        interaction_id=verification.verification_id,
        action=InteractionAction.TEST,
        outcome=InteractionOutcome.REFUSED if failed else InteractionOutcome.ACCEPTED,
        detail=f"The test found the account {verification.outcome.value}."
        if account.status == verification.outcome.value
        else "The test could not enter the account yet.",
        actor=verification.actor,
        at=verification.started_at,
        request_id=verification.verification_id,
        logged=logged_at_first(account),
    )


def period_of(at: datetime) -> str:
    """The calendar month, UTC, in which an interaction counts: `2025-07`."""
    return f"{at.astimezone(UTC):%Y-%m}"


def end_of(period: str) -> datetime:
    """The first moment after this calendar month, UTC."""
    year, month = (int(part) for part in period.split("-"))
    return datetime(year + month // 12, month % 12 + 1, 1, tzinfo=UTC)


MONTHS_SHOWN = 12
"""With the current one."""


def months_until(at: datetime) -> tuple[str, ...]:
    """The calendar months that are shown together, oldest first; the last is that of `at`."""
    this = at.astimezone(UTC)
    count = 12 * this.year + this.month - 1
    months = range(count - MONTHS_SHOWN + 1, count + 1)
    return tuple(f"{month // 12:04}-{month % 12 + 1:02}" for month in months)


@dataclass(frozen=True, slots=True)
class MonthUsage:
    """The interactions of a month, UTC. If it is not complete, there were more."""

    period: str
    used: int
    complete: bool = True


@dataclass(frozen=True, slots=True)
class Usage:
    """Interactions of one account in one month. Interactions beyond the free ones are billable,
    never blocked.
    """

    period: str
    free_interactions: int
    used: int

    @property
    def remaining(self) -> int:
        """The number of free interactions left."""
        return max(self.free_interactions - self.used, 0)

    @property
    def billable(self) -> int:
        """The number of interactions beyond the free ones."""
        return max(self.used - self.free_interactions, 0)

    @property
    def resets_at(self) -> datetime:
        """The first moment of the next month, UTC."""
        return end_of(self.period)


@dataclass(frozen=True, slots=True)
class AccountUsage:
    """Usage of one account of an organization. `name` is null if the account was deleted."""

    account_id: str
    name: str | None
    usage: Usage


THRESHOLDS = (80, 100)
"""Percent of the free interactions."""


def thresholds_crossed(before: int, after: int, free: int) -> tuple[int, ...]:
    """The thresholds, in percent, that a counter crossed when it rose from `before` to `after`."""
    return tuple(percent for percent in THRESHOLDS if before * 100 < percent * free <= after * 100)
