"""A weekly schedule: when an instance should run, in local time.

All decisions are made here, from the schedule and the time. EventBridge Scheduler only triggers
them, so a late or repeated invocation does no harm.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
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
_MIDNIGHTS = range(0, _WEEK_MINUTES, _DAY_MINUTES)
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
        past = (each for each in self._transitions(now, range(-2, 2)) if each.at <= now)
        return max(past, key=lambda transition: transition.at)

    def next_transition(self, now: datetime) -> Transition:
        """The first transition after `now`."""
        coming = (each for each in self._transitions(now, range(-1, 3)) if each.at > now)
        return min(coming, key=lambda transition: transition.at)

    def crons(self, now: datetime) -> dict[str, str]:
        """EventBridge Scheduler's cron expressions in this time zone, by time of day `HHMM`.

        Scheduler skips local times that do not exist when clocks go forward. For those days there
        are expressions for the shifted times too. Source: EventBridge Scheduler User Guide,
        "Schedule types", daylight saving time.
        """
        zone, runs = ZoneInfo(self.time_zone), self._runs()
        minutes = {minute % _WEEK_MINUTES for first, end in runs for minute in (first, end)}
        days_of: dict[str, set[int]] = {}
        for minute in _MIDNIGHTS if _is_constant(runs) else minutes:
            days_of.setdefault(_clock(minute % _DAY_MINUTES), set()).add(minute // _DAY_MINUTES)
        for at in self._shifted(runs, now):
            there = at.astimezone(zone)
            days_of.setdefault(f"{there:%H:%M}", set()).add(there.weekday())
        return {
            at.replace(":", ""): f"cron({int(at[3:])} {int(at[:2])} ? * {_names(days)} *)"
            for at, days in sorted(days_of.items())
        }

    def _runs(self) -> Sequence[tuple[int, int]]:
        """When it is on, in minutes of the local week: from the first, to the second, which may be
        in the next week. Windows that overlap or touch are one.
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
        starts: list[int] = []
        stops: list[int] = []
        for minute, more in sorted(begun.items()):
            was_on, open_windows = open_windows > 0, open_windows + more
            if was_on is not (open_windows > 0):
                (stops if was_on else starts).append(minute)
        if not starts:
            return [(0, _WEEK_MINUTES)] if open_windows else []
        if stops[0] < starts[0]:
            stops.append(stops.pop(0) + _WEEK_MINUTES)
        return list(zip(starts, stops, strict=True))

    def _transitions(self, now: datetime, weeks: range) -> Iterator[Transition]:
        """The transitions of weeks around `now`, of which 0 is the current one. The first and the
        last may be none, if a run of another week joins theirs.

        If the instance is on (or off) all week, there is one each midnight: AWS restarts a stopped
        database after seven days, and somebody may stop what should be on. It does nothing if the
        state is right.
        """
        today, runs = now.astimezone(ZoneInfo(self.time_zone)).date(), self._runs()
        mondays = [self._monday(today + timedelta(days=7 * week)) for week in weeks]
        if _is_constant(runs):
            action = Action.START if runs else Action.STOP
            for monday in mondays:
                for minute in _MIDNIGHTS:
                    yield Transition(_instant(monday, minute), action)
            return
        for start, stop in _union(_span(monday, run) for monday in mondays for run in runs):
            yield Transition(start, Action.START)
            yield Transition(stop, Action.STOP)

    def _monday(self, day: date) -> datetime:
        """The midnight that this day's week begins with, in this time zone."""
        monday = day - timedelta(days=day.weekday())
        return datetime.combine(monday, time(), ZoneInfo(self.time_zone))

    def _shifted(self, runs: Sequence[tuple[int, int]], now: datetime) -> Iterator[datetime]:
        """All that runs start and stop on coming days that may lack local times, UTC. Yesterday is
        one of them: what it lacked may be today.
        """
        yesterday = now.astimezone(ZoneInfo(self.time_zone)).date() - timedelta(days=1)
        constant = _is_constant(runs)
        for day in _days_with_a_gap(self.time_zone, yesterday, now.date() + _LOOKED_AHEAD):
            if constant:
                yield _instant(self._monday(day), day.weekday() * _DAY_MINUTES)
                continue
            for run in runs:
                for minute in run:
                    if minute // _DAY_MINUTES % 7 == day.weekday():
                        begun = timedelta(days=7 * (minute // _WEEK_MINUTES))
                        yield from _span(self._monday(day - begun), run)


def _instant(monday: datetime, minute: int) -> datetime:
    """A minute of a local week, in UTC. Of a repeated local time, the first. Nonexistent local
    times shift forward (PEP 495, `fold=0`).
    """
    return (monday + timedelta(minutes=minute)).astimezone(UTC)


def _span(monday: datetime, run: tuple[int, int]) -> tuple[datetime, datetime]:
    """A run of a local week, in UTC. One that would end before it starts, because clocks go
    forward, keeps its length. If it were left out, AWS would restart a database that is on once a
    week, and nothing would stop it for the week that follows.
    """
    start, stop = _instant(monday, run[0]), _instant(monday, run[1])
    return start, stop if start < stop else start + timedelta(minutes=run[1] - run[0])


def _is_constant(runs: Sequence[tuple[int, int]]) -> bool:
    """Whether the instance is on, or off, all week."""
    return all(stop - start == _WEEK_MINUTES for start, stop in runs)


def _union(spans: Iterable[tuple[datetime, datetime]]) -> Iterable[list[datetime]]:
    """Spans that overlap or touch are one."""
    joined: list[list[datetime]] = []
    for start, stop in sorted(spans):
        if joined and start <= joined[-1][1]:
            joined[-1][1] = max(joined[-1][1], stop)
        else:
            joined.append([start, stop])
    return joined


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
