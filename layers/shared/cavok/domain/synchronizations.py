"""Synchronizations of an enrollment with its AWS Organization, and the walk through its units."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from cavok.domain.actors import Actor
from cavok.domain.enrollments import Enrollment
from cavok.domain.members import Place

KEPT_FOR = timedelta(days=90)

Unit = tuple[str, str]
"""The id and the name of a root or organizational unit."""


class SynchronizationState(StrEnum):
    """`failed`: it ended before it had read everything. What it had found until then is stored."""

    RUNNING = "running"
    FINISHED = "finished"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class OpenUnit:
    """A root or unit that the walk has not finished. `accounts`: whether its units are listed, so
    that its accounts come next. `token`: of the next page; null for the first. `restarts`: how
    often this listing began anew.
    """

    place: Place
    accounts: bool = False
    token: str | None = None
    restarts: int = 0

    @property
    def unit_id(self) -> str:
        """Its id: the last of its place."""
        return self.place.unit_ids[-1]

    def going_on(self, token: str | None) -> "OpenUnit | None":
        """What is left of it after a page; `token` is the page's. Null: nothing."""
        if token:
            return replace(self, token=token)
        return None if self.accounts else OpenUnit(self.place, accounts=True)


@dataclass(frozen=True, slots=True)
class Walk:
    """How far a synchronization is.

    open      what is still to be listed, in reverse order. None before the roots are.
    seen      the account numbers that AWS listed.
    compared  the last member that was compared with these; empty before the first.
    stuck     rounds in a row that came no further.
    units     the ids of the roots and units that AWS listed.
    """

    open: tuple[OpenUnit, ...] | None = None
    seen: frozenset[str] = frozenset()
    compared: str = ""
    stuck: int = 0
    units: frozenset[str] = frozenset()

    def from_roots(self, roots: Sequence[Unit]) -> Self:
        """From the roots on."""
        starts = (OpenUnit(Place((unit_id,), name)) for unit_id, name in reversed(roots))
        return replace(self, open=tuple(starts), units=frozenset(unit_id for unit_id, _ in roots))

    def after_page(self, token: str | None, units: Sequence[Unit] = ()) -> Self:
        """After a page of its last open unit, which listed these units, by id and name. The pages
        of a listing follow each other at once: AWS does not say how long a token is good.
        """
        assert self.open, "nothing is open"
        *others, last = self.open
        left = last.going_on(token)
        inside = (OpenUnit(last.place.inside(*unit)) for unit in reversed(units))
        return replace(
            self,
            open=(*others, *inside, *([left] if left else ())),
            units=self.units.union(unit_id for unit_id, _ in units),
        )


@dataclass(frozen=True, slots=True, kw_only=True)
class Synchronization:
    """One synchronization. Times are UTC.

    again    whether members whose role is missing are tried again: a person asked for it, or for an
             earlier one that did not end well.
    found    accounts that AWS listed so far.
    added    accounts that were added, changed: members and accounts that were changed,
    missing  members whose role is not there yet.
    reason   why it failed, for people; null if it did not.
    """

    organization_id: str
    enrollment_id: str
    synchronization_id: str
    actor: Actor
    again: bool
    state: SynchronizationState = SynchronizationState.RUNNING
    started_at: datetime
    finished_at: datetime | None = None
    found: int = 0
    added: int = 0
    changed: int = 0
    missing: int = 0
    reason: str | None = None

    @property
    def running(self) -> bool:
        """Whether it is stored as running, although it may be dead."""
        return self.state is SynchronizationState.RUNNING

    def as_of(self, enrollment: Enrollment, now: datetime) -> Self:
        """As it is shown: one that runs no more, because it died, has failed. One that is alive
        holds the slot of its enrollment.
        """
        alive = enrollment.held_by(self.synchronization_id) and enrollment.synchronizing(now)
        if not self.running or alive:
            return self
        return replace(self, state=SynchronizationState.FAILED, reason=DIED)


OVERTAKEN = (
    "A person changed the enrollment, or asked for a synchronization, while this one ran. Another "
    "one takes its place."
)
DIED = "It ended without saying why. The next one begins anew."
