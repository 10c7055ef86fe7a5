"""Whenever a test begins, no turn of its schedule is near."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest

from tests.support import weeks
from tests.support.weeks import FAR, window_around_now, zone_far_from

EDGES = ("07:30", "18:00", "22:00", "03:00")
MINUTES = range(0, 24 * 60, 7)


@pytest.mark.parametrize("day", ["2026-03-29", "2026-07-01", "2026-10-25", "2028-02-29"])
def test_there_is_a_time_zone_in_which_no_edge_is_near_at_any_minute(day: str) -> None:
    for minute in MINUTES:
        now = datetime.fromisoformat(f"{day}T00:00Z") + timedelta(minutes=minute)
        there = now.astimezone(ZoneInfo(zone_far_from(now, *EDGES)))
        near = {f"{there + timedelta(minutes=m):%H:%M}" for m in range(-119, 120)}
        assert near.isdisjoint(EDGES)


def test_edges_that_leave_no_room_are_no_choice() -> None:
    hourly = [f"{hour:02}:00" for hour in range(24)]
    with pytest.raises(StopIteration):
        zone_far_from(datetime(2026, 3, 1, tzinfo=UTC), *hourly)


@pytest.mark.parametrize("hour", [0, 5, 12, 23])
def test_a_window_around_now_has_its_edges_hours_away(
    monkeypatch: pytest.MonkeyPatch, hour: int
) -> None:
    class Now(datetime):
        @classmethod
        def now(cls, tz: object = None) -> datetime:
            return datetime(2026, 3, 1, hour, 59, tzinfo=UTC)

    monkeypatch.setattr(weeks, "datetime", Now)
    window = window_around_now("UTC", ["sun"])

    for edge in (window["start"], window["stop"]):
        assert weeks._between(Now.now(), edge) > FAR
