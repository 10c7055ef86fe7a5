"""Tests that count within a calendar month, as usage does."""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

import pytest

F = TypeVar("F", bound=Callable[..., Any])
NORMALLY = 150
"""For so many seconds, a test of `one_month` may last. See `takes`."""


def takes(seconds: int) -> Callable[[F], F]:
    """Of a test with `one_month`: it may last so long on a busy machine, and begins no later before
    the end of a month. Waiting for the next month counts for pytest's timeout.
    """

    def mark(test: F) -> F:
        return pytest.mark.takes(seconds)(pytest.mark.timeout(2 * seconds)(test))

    return mark


def seconds_it_takes(test: pytest.Item) -> int:
    """How much of a month a test needs."""
    said = test.get_closest_marker("takes")
    return int(said.args[0]) if said else NORMALLY


def stay_within_a_month(seconds: float) -> None:
    """Returns at once if this month, UTC, has so many seconds left. If not, waits for the next."""
    left = seconds_left_in_month(datetime.now(UTC))
    if left < seconds:
        time.sleep(left + 1)


def seconds_left_in_month(now: datetime) -> float:
    midnight = now.replace(hour=0, minute=0, second=0, microsecond=0)
    some_day_of_the_next = midnight.replace(day=1) + timedelta(days=32)
    return (some_day_of_the_next.replace(day=1) - now).total_seconds()
