"""Tests that count within a calendar month, as usage does."""

from __future__ import annotations

import time
from datetime import UTC, datetime, timedelta


def stay_within_a_month(seconds: float) -> None:
    """Returns at once if this month, UTC, has so many seconds left. If not, waits for the next."""
    left = seconds_left_in_month(datetime.now(UTC))
    if left < seconds:
        time.sleep(left + 1)


def seconds_left_in_month(now: datetime) -> float:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    some_day_of_the_next = midnight.replace(day=1) + timedelta(days=32)
    return (some_day_of_the_next.replace(day=1) - now).total_seconds()
