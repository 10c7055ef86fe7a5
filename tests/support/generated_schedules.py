"""Strategies for weekly schedules and moments."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

from hypothesis import strategies as st

from cavok.domain.schedules import DAYS, Schedule, Window

CLOCKS = st.builds(
    lambda h, m: f"{h:02}:{m:02}", st.integers(0, 23), st.sampled_from([0, 1, 15, 30, 59])
)
WINDOWS = st.builds(
    Window,
    st.lists(st.sampled_from(DAYS), min_size=1, max_size=7, unique=True).map(tuple),
    CLOCKS,
    CLOCKS,
)
_QUARTER = timedelta(minutes=15)
CHANGES = {
    "Europe/Berlin": ("2027-03-28T01:00Z", "2026-10-25T01:00Z"),
    "America/New_York": ("2026-03-08T07:00Z", "2026-11-01T06:00Z"),
    # Half an hour.
    "Australia/Lord_Howe": ("2026-10-03T15:30Z", "2026-04-04T15:00Z"),
    # At midnight.
    "America/Santiago": ("2026-09-06T04:00Z", "2026-04-05T03:00Z"),
    "Asia/Beirut": ("2026-03-28T22:00Z", "2026-10-24T21:00Z"),
    # Friday, 30 December 2011, was left out.
    "Pacific/Apia": ("2011-12-30T10:00Z",),
}
"""When clocks go forward, and back."""

ZONES = st.sampled_from(["UTC", "Asia/Kathmandu", "America/Sao_Paulo", *CHANGES])
SCHEDULES = st.builds(Schedule, ZONES, st.lists(WINDOWS, max_size=4).map(tuple))
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)


@st.composite
def _around_changes(draw: st.DrawFn) -> tuple[Schedule, datetime]:
    zone = draw(st.sampled_from(list(CHANGES)))
    change = datetime.fromisoformat(draw(st.sampled_from(CHANGES[zone])))
    there = change.astimezone(ZoneInfo(zone))
    edges = st.integers(-6, 4).map(lambda quarters: f"{there + quarters * _QUARTER:%H:%M}")
    days = st.sampled_from([DAYS, (DAYS[there.weekday()],), (DAYS[there.weekday() - 1],)])
    windows = draw(
        st.lists(st.builds(Window, days, edges, edges), min_size=1, max_size=3).map(tuple)
    )
    hours = draw(st.one_of(st.just(-2), st.integers(-2, 4), st.integers(-24 * 15, 24 * 15)))
    return Schedule(zone, windows), change + timedelta(hours=hours)


AROUND_CHANGES = _around_changes()
"""A schedule whose windows begin and end about when its clocks change, and a moment within two
weeks of that, often within hours.
"""

MOMENTS = st.one_of(st.tuples(SCHEDULES, INSTANTS), AROUND_CHANGES)
"""A schedule, and any moment."""
