"""Weeks for schedules on the stack, whose Scheduler has the real clock. Their edges are hours away,
so that no turn comes during a test, or they are the turn that the test waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
FAR = timedelta(hours=2)

_ALL_AROUND = ("UTC", "Asia/Dhaka", "Pacific/Tarawa", "America/Costa_Rica")
"""Six hours from one to the next, all year."""


def window(days: Sequence[str], start: datetime, stop: datetime) -> dict[str, Any]:
    """A window of a schedule, from the time of day of `start` to that of `stop`."""
    return {"days": list(days), "start": f"{start:%H:%M}", "stop": f"{stop:%H:%M}"}


def window_around_now(time_zone: str, days: Sequence[str]) -> dict[str, Any]:
    """A window whose edges are six hours away: its schedule does not fire during a test."""
    now = datetime.now(ZoneInfo(time_zone))
    return window(days, now - timedelta(hours=6), now + timedelta(hours=6))


def zone_far_from_now(*edges: str) -> str:
    """A time zone in which it is none of these times of day, nor nearly."""
    return zone_far_from(datetime.now(UTC), *edges)


def zone_far_from(now: datetime, *edges: str) -> str:
    """The same at a given time. Raises StopIteration if there is none. `edges`: such as 07:30."""
    return next(
        zone
        for zone in _ALL_AROUND
        if all(_between(now.astimezone(ZoneInfo(zone)), edge) >= FAR for edge in edges)
    )


def _between(now: datetime, edge: str) -> timedelta:
    """From this moment to the nearest one at this time of day."""
    hour, minute = map(int, edge.split(":"))
    apart = abs(now - now.replace(hour=hour, minute=minute, second=0, microsecond=0))
    return min(apart, timedelta(days=1) - apart)


def turn_soon() -> datetime:
    """The next full minute but one, UTC: one to two minutes from now."""
    return (datetime.now(UTC) + timedelta(minutes=2)).replace(second=0, microsecond=0)


def twelve_hours_until(stop: datetime) -> dict[str, Any]:
    """A schedule that is on every day for the twelve hours that end then, UTC."""
    return {"time_zone": "UTC", "windows": [window(DAYS, stop - timedelta(hours=12), stop)]}


def twelve_hours_from(start: datetime) -> dict[str, Any]:
    """A schedule that is on every day for twelve hours from then on, UTC."""
    return {"time_zone": "UTC", "windows": [window(DAYS, start, start + timedelta(hours=12))]}
