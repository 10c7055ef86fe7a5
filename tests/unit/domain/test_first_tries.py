"""How long a process waits for a receiver at a first try."""

from __future__ import annotations

from datetime import timedelta

import pytest

from cavok.domain.first_tries import PERIOD, SECONDS, first_try_seconds
from cavok.services.first_tries import FirstTries
from tests.support.builders import NOW


@pytest.mark.parametrize(
    ("spent", "spent_on_own", "left"),
    [
        (0, 0, SECONDS),
        (3, 3, 5),
        (7.25, 0, 1),  # more than is left for all
        (100, 0, 1),
        (100, 0.5, 0.5),
        (100, 0.51, 0),
        (SECONDS, SECONDS, 0),
    ],
)
def test_the_time_of_all_is_used_first_and_then_each_organizations_own(
    spent: float, spent_on_own: float, left: float
) -> None:
    assert first_try_seconds(spent, spent_on_own) == left


def test_each_minute_begins_anew() -> None:
    process = FirstTries()
    assert process.seconds("contoso", NOW) == SECONDS
    process.spend("contoso", SECONDS)

    assert process.seconds("contoso", NOW + PERIOD - timedelta(seconds=1)) == 0
    assert process.seconds("northwind", NOW + PERIOD - timedelta(seconds=1)) == 1
    assert process.seconds("contoso", NOW + PERIOD) == SECONDS


def test_a_clock_that_is_set_back_holds_up_nobody() -> None:
    process = FirstTries()
    process.seconds("contoso", NOW)
    process.spend("contoso", SECONDS)

    assert process.seconds("contoso", NOW - timedelta(days=1)) == SECONDS
