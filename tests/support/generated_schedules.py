"""Strategies for weekly schedules and moments."""

from __future__ import annotations

from datetime import UTC, datetime

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
ZONES = st.sampled_from(
    [
        "UTC",
        "Europe/Berlin",
        "America/New_York",
        "Australia/Lord_Howe",
        "Asia/Kathmandu",
        "America/Sao_Paulo",
        "Pacific/Apia",
    ]
)
SCHEDULES = st.builds(Schedule, ZONES, st.lists(WINDOWS, max_size=4).map(tuple))
INSTANTS = st.datetimes(datetime(2024, 1, 1), datetime(2027, 12, 31)).map(  # noqa: DTZ001
    lambda at: at.replace(tzinfo=UTC)
)
