"""A weekly schedule: when an instance should run, in local time.

All decisions are made here, from the schedule and the time. EventBridge Scheduler only triggers
them, so a late or repeated invocation does no harm.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from zoneinfo import ZoneInfo

from cavok.domain.kinds import Action

REPEATED_FOR = timedelta(hours=1)
"""How long a schedule's turn, or a request under its key, is tried again. A turn is followed as
long.
"""

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_DAY_MINUTES = 24 * 60
_WEEK_MINUTES = 7 * _DAY_MINUTES
_LOOKED_AHEAD = timedelta(days=366 * 3)
"""How far ahead `crons` looks for changes of daylight saving time."""


@dataclass(frozen=True, slots=True)
class Window:
    """On from `start` to `stop`, `HH:MM` each, on these days. If `stop` is not after `start`, the
    window ends on the next day.
    """

    days: tuple[str, ...]
    start: str
    stop: str


@dataclass(frozen=True, slots=True)
class Transition:
    """A start or stop that a schedule requires at a time, UTC."""

    at: datetime
    action: Action


@dataclass(frozen=True, slots=True)
class Schedule:
    """On in its windows, off between them. `time_zone` is an IANA name."""

    time_zone: str
    windows: tuple[Window, ...]

    def latest_transition(self, now: datetime) -> Transition:
        """The most recent transition. Its action is the wanted state now."""
        past = (each for each in self._transitions_around(now) if each.at <= now)
        return max(past, key=lambda transition: transition.at)

    def next_transition(self, now: datetime) -> Transition:
        """The first transition after `now`."""
        coming = (each for each in self._transitions_around(now) if each.at > now)
        return min(coming, key=lambda transition: transition.at)

    def crons(self, now: datetime) -> dict[str, str]:
        """EventBridge Scheduler's cron expressions in this time zone, by time of day `HHMM`.

        Scheduler skips local times that do not exist when clocks go forward. For those days an
        expression for the shifted time is added. Source: EventBridge Scheduler User Guide,
        "Schedule types", daylight saving time.
        """
        days_of: dict[str, set[int]] = {}
        for minute, _ in self._edges():
            day, of_day = divmod(minute, _DAY_MINUTES)
            days_of.setdefault(_clock(of_day), set()).add(day)
            for skipped in self._days_without(day, of_day, now):
                there = self._instant(skipped, of_day).astimezone(ZoneInfo(self.time_zone))
                days_of.setdefault(f"{there:%H:%M}", set()).add(there.weekday())
        return {
            at.replace(":", ""): f"cron({int(at[3:])} {int(at[:2])} ? * {_names(days)} *)"
            for at, days in sorted(days_of.items())
        }

    def _edges(self) -> Sequence[tuple[int, Action]]:
        """Minutes of the local week at which the wanted state changes. If the instance is on (or
        off) all week, there is one each midnight: AWS restarts a stopped database after seven days,
        and somebody may stop what should be on. It does nothing if the state is right.
        """
        begun, open_windows = Counter[int](), 0
        for window in self.windows:
            start, stop = _minutes(window.start), _minutes(window.stop)
            length = (stop - start) % _DAY_MINUTES or _DAY_MINUTES
            for day in window.days:
                first = DAYS.index(day) * _DAY_MINUTES + start
                begun[first] += 1
                begun[(first + length) % _WEEK_MINUTES] -= 1
                open_windows += first + length >= _WEEK_MINUTES  # At the last minute of the week.
        edges = []
        for minute, more in sorted(begun.items()):
            was_on, open_windows = open_windows > 0, open_windows + more
            if was_on is not (open_windows > 0):
                edges.append((minute, Action.STOP if was_on else Action.START))
        if edges:
            return edges
        action = Action.START if open_windows else Action.STOP
        return [(day * _DAY_MINUTES, action) for day in range(7)]

    def _transitions_around(self, now: datetime) -> Iterator[Transition]:
        """All transitions of the past week and of the coming one."""
        edges = self._edges()
        today = now.astimezone(ZoneInfo(self.time_zone)).date()
        for offset in range(-9, 10):
            day = today + timedelta(days=offset)
            for minute, action in edges:
                if minute // _DAY_MINUTES == day.weekday():
                    yield Transition(self._instant(day, minute % _DAY_MINUTES), action)

    def _instant(self, day: date, minute: int) -> datetime:
        """A local time of a day, in UTC. A repeated local time is the first of the two; nonexistent
        local times shift forward (PEP 495, `fold=0`).
        """
        local = datetime.combine(day, time(*divmod(minute, 60)), ZoneInfo(self.time_zone))
        return local.astimezone(UTC)

    def _days_without(self, weekday: int, minute: int, now: datetime) -> Iterator[date]:
        """Coming days on which this local time does not exist."""
        zone = ZoneInfo(self.time_zone)
        today = now.astimezone(zone).date()
        for day in _days_with_a_gap(self.time_zone, today, now.date() + _LOOKED_AHEAD):
            if day.weekday() == weekday:
                there = self._instant(day, minute).astimezone(zone)
                if (there.hour, there.minute) != divmod(minute, 60):
                    yield day


@lru_cache(maxsize=1000)
def _days_with_a_gap(time_zone: str, first: date, end: date) -> tuple[date, ...]:
    """The days, up to `end`, on which clocks may go forward: the noon after is further from UTC
    than the noon before. Found once for all schedules in the zone, because it takes a thousand
    looks at its rules.
    """
    noon = datetime.combine(first, time(12), ZoneInfo(time_zone))
    one = timedelta(days=1)
    offsets = [
        (noon + number * one).utcoffset() or timedelta()
        for number in range(-1, (end - first).days + 1)
    ]
    pairs = zip(offsets, offsets[2:], strict=False)
    return tuple(first + number * one for number, (a, b) in enumerate(pairs) if a < b)


# Files of a machine's time zone database that are not zones, or that count leap seconds.
_NO_TIME_ZONES = ("localtime", "Factory", "posixrules", "posix/", "right/")


def is_time_zone(name: str) -> bool:
    """Whether this is the name of an IANA time zone."""
    try:
        ZoneInfo(name)
    except (ValueError, OSError, KeyError):
        return False
    return not name.startswith(_NO_TIME_ZONES)


def _minutes(clock: str) -> int:
    hours, minutes = clock.split(":")
    return int(hours) * 60 + int(minutes)


def _clock(minute: int) -> str:
    return f"{minute // 60:02}:{minute % 60:02}"


def _names(days: set[int]) -> str:
    return ",".join(DAYS[day].upper() for day in sorted(days))
