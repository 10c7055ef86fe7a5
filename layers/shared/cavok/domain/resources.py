"""An instance under Cavok's control, and what following its schedule comes to."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Self

from cavok.domain.instances import Action, Kind, Operation
from cavok.domain.schedules import Schedule, Turn

AWS_RESTARTS_AFTER = timedelta(days=7)
"""A stopped database or cluster. Source: RDS User Guide, "Stopping a DB instance temporarily"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Resource:
    """One instance of an account. Times are UTC.

    followed_at  the turn of the schedule that was last seen to; earlier ones are past.
    stopped_at   when its schedule stopped it; null once it was started.
    note         what a person should know of the last turn; null if all is well.
    clocks       names of the Scheduler schedules that ask.
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
    clocks: tuple[str, ...] = ()

    def scheduled(self, schedule: Schedule | None, now: datetime) -> Self:
        """Another schedule, or none. It holds from its next turn on: what a person set is left."""
        return replace(
            self, schedule=schedule, followed_at=now, updated_at=now, stopped_at=None, note=None
        )

    def due_turn(self, now: datetime) -> Turn | None:
        """The turn that is to be seen to now, however late the clock asks."""
        if self.schedule is None:
            return None
        turn = self.schedule.latest_turn(now)
        return turn if turn.at > self.followed_at else None

    def next_turn(self, now: datetime) -> Turn | None:
        return self.schedule.next_turn(now) if self.schedule else None

    def operation(self, turn: Turn) -> Operation:
        return Operation(turn.action, self.kind, self.instance_id, self.region)

    def followed(self, turn: Turn, now: datetime, *, changed: bool) -> Self:
        """After a turn that AWS took. `changed`: the instance was not as it should be."""
        if turn.action is Action.START:
            return replace(self, followed_at=turn.at, stopped_at=None, note=None)
        restarted = (
            changed
            and self.kind is not Kind.EC2
            and self.stopped_at is not None
            and now - self.stopped_at >= AWS_RESTARTS_AFTER
        )
        note = (
            "AWS starts a stopped database again after seven days. It was stopped again."
            if restarted
            else None
        )
        stopped_at = now if changed or self.stopped_at is None else self.stopped_at
        return replace(self, followed_at=turn.at, stopped_at=stopped_at, note=note)

    def not_followed(self, turn: Turn, why: str) -> Self:
        """After a turn that was refused: said, and left until the next one."""
        return replace(self, followed_at=turn.at, note=why)
