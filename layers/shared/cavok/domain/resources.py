"""An instance under Cavok's control, and how following its schedule changes it."""

import hashlib
from collections.abc import Container
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from cavok.domain.idempotency import REPEATED_WITHIN
from cavok.domain.instances import InstanceKey, Operation
from cavok.domain.kinds import Action, Kind
from cavok.domain.schedules import REPEATED_FOR, Schedule, Transition
from cavok.domain.versions import require_version

AWS_RESTARTS_AFTER = timedelta(days=7)
"""After this, AWS restarts a stopped instance of some kinds. Source: RDS User Guide, "Stopping a DB
instance temporarily".
"""

FIRST_FIRED_AFTER = timedelta(minutes=2)
"""A clock may miss a turn that is nearer when it is made. EventBridge Scheduler is precise to a
minute, and making clocks takes seconds. Source: EventBridge Scheduler User Guide, "Schedule types".
"""

_WITHOUT_REVISION = "0" * 16


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One instance of an account. Times are UTC.

    followed_at  time of the last transition that was handled. Older ones are never handled.
    stopped_at   when its schedule stopped it; null after a start.
    note         a message for people about the last transition; null if it went well.
    revision     of its schedule; null if that was set before there were revisions.
    clocks       names of all its clocks that may exist: those of its schedule, and those of the
                 previous one until they are known to be gone.
    """

    organization_id: str
    account_id: str
    resource_id: str
    kind: Kind
    instance_id: str
    region: str
    name: str | None
    schedule: Schedule | None
    followed_at: datetime
    created_at: datetime
    created_by: str
    updated_at: datetime
    stopped_at: datetime | None = None
    note: str | None = None
    revision: str | None = None
    clocks: tuple[str, ...] = ()

    @property
    def instance(self) -> InstanceKey:
        """The key of its instance in the account."""
        return InstanceKey(self.kind, self.region, self.instance_id)

    @property
    def version(self) -> str:
        """Changes with the schedule. 16 hexadecimal digits."""
        return self.revision or _WITHOUT_REVISION

    def at_one_of(self, versions: Container[str] | None) -> Self:
        """The resource itself. Raises PreconditionFailed if it is at none of these versions."""
        require_version(self.version, versions, of="schedule")
        return self

    def has(self, schedule: Schedule | None) -> bool:
        """Whether it has this schedule; if null, whether it also has no clocks. Clocks without a
        schedule belong to an ended schedule, or to the first one, which is being set: a new
        revision stops that.
        """
        return schedule == self.schedule and (schedule is not None or not self.clocks)

    def scheduled(self, schedule: Schedule | None, now: datetime) -> Self:
        """With another schedule, or none. It applies from its next transition on. Until then, a
        state that a person set stays. A due transition of the last hour that both schedules have
        stays due.
        """
        due = self._recently_due(now, now)
        stays_due = due and schedule and schedule.latest_transition(now) == due
        return replace(
            self,
            schedule=schedule,
            revision=self._next_revision(schedule),
            followed_at=self.followed_at if stays_due else now,
            updated_at=now,
            stopped_at=None,
            note=None,
        )

    def _next_revision(self, schedule: Schedule | None) -> str:
        """Derived from the previous revision and the schedule: a repeated request gets the same
        revision, two different requests at once get different ones, and none is used twice.
        """
        change = f"{self.revision}/{schedule!r}"
        return hashlib.blake2b(change.encode(), digest_size=8).hexdigest()

    def repeats(self, made: Self) -> bool:
        """Whether the request for this resource repeats the request that made another: the same
        person wanted the same schedule within a day, and it has not been changed since.
        """
        same = (self.created_by, self.revision) == (made.created_by, made.revision)
        return same and self.created_at - made.created_at < REPEATED_WITHIN

    def due_transition(self, now: datetime) -> Transition | None:
        """The latest transition if it was not handled yet, however late this is called."""
        if self.schedule is None:
            return None
        latest = self.schedule.latest_transition(now)
        return latest if latest.at > self.followed_at else None

    def turn_near(self, now: datetime) -> Transition | None:
        """The latest transition that a clock made now may miss: it became due within the last hour,
        or is about to.
        """
        return self._recently_due(now + FIRST_FIRED_AFTER, now)

    def _recently_due(self, at: datetime, now: datetime) -> Transition | None:
        """The due transition, unless it is too old to be tried again: since a turn that was lost
        days ago, a person may have set another state.
        """
        due = self.due_transition(at)
        return due if due and now - due.at <= REPEATED_FOR else None

    def next_transition(self, now: datetime) -> Transition | None:
        """Null without a schedule."""
        return self.schedule.next_transition(now) if self.schedule else None

    @property
    def turn_to_follow(self) -> Transition | None:
        """The first transition that was not handled yet: the next one, unless one is due. Null
        without a schedule.
        """
        return self.next_transition(self.followed_at)

    def operation(self, transition: Transition) -> Operation:
        """The start or stop that a transition of its schedule requires."""
        return Operation(transition.action, self.kind, self.instance_id, self.region)

    def followed(self, transition: Transition, now: datetime, *, changed: bool) -> Self:
        """After an accepted transition. `changed` says whether AWS was called."""
        if transition.action is Action.START:
            return replace(self, followed_at=transition.at, stopped_at=None, note=None)
        restarted = (
            changed
            and self.kind.descriptor.restarted_by_aws
            and self.stopped_at is not None
            and now - self.stopped_at >= AWS_RESTARTS_AFTER
        )
        stopped = f"stopped {self.kind.descriptor.plural}"
        restarts = f"AWS starts {stopped} again after seven days. It was stopped again."
        stopped_at = now if changed or self.stopped_at is None else self.stopped_at
        return replace(
            self,
            followed_at=transition.at,
            stopped_at=stopped_at,
            note=restarts if restarted else None,
        )

    def not_followed(self, transition: Transition, reason: str) -> Self:
        """After a refused transition, or one whose state was not reached. The next one is tried."""
        return replace(self, followed_at=transition.at, note=reason)

    def still_wanted(self, action: Action, asked_at: datetime, now: datetime) -> Transition | None:
        """The transition because of which the schedule requested this action at `asked_at`, if it
        still wants that. Null after another transition, and after a change of the schedule.
        """
        if self.schedule is None:
            return None
        latest = self.schedule.latest_transition(now)
        current = self.followed_at <= latest.at <= asked_at
        return latest if current and latest.action is action else None
