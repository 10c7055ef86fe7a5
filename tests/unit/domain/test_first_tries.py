"""How long a process waits for a receiver at a first try."""

from __future__ import annotations

from contextlib import suppress
from datetime import timedelta

import pytest

from cavok.adapters.webhook_client import NotDelivered
from cavok.domain.first_tries import OWN_SECONDS, PERIOD, SECONDS, first_try_seconds, own_seconds
from cavok.services.first_tries import FirstTries
from tests.support.builders import NOW


@pytest.mark.parametrize(
    ("spent", "spent_on_own", "left"),
    [
        (0, 0, SECONDS),
        (3, 3, 5),
        (7.25, 0, 1),  # more than is left for all
        (100, 0, 1),
        (100, 3, 1),
        (100, 3.5, 0.5),
        (100, 3.51, 0),
        (SECONDS, SECONDS, 0),
    ],
)
def test_the_time_of_all_is_used_first_and_then_each_organizations_own(
    spent: float, spent_on_own: float, left: float
) -> None:
    assert first_try_seconds(spent, spent_on_own) == left


def test_a_try_that_is_not_accepted_uses_up_the_time_of_its_organization_alone() -> None:
    """Else one that is cut short after a second would be followed by three more."""
    assert own_seconds(0.25, accepted=True) == 0.25
    assert own_seconds(0.25, accepted=False) == OWN_SECONDS
    assert own_seconds(SECONDS, accepted=False) == SECONDS

    process = FirstTries()
    process.seconds("contoso", NOW)
    process.spend("contoso", 0.25, accepted=False)
    assert process.seconds("fabrikam", NOW) == SECONDS - 0.25
    process.spend("fabrikam", SECONDS, accepted=True)

    assert process.seconds("contoso", NOW) == 0
    assert process.seconds("northwind", NOW) == 1


@pytest.mark.parametrize("accepts", [True, False])
def test_a_process_learns_from_the_try_whether_it_was_accepted(accepts: bool) -> None:
    process = FirstTries()
    process.seconds("contoso", NOW)
    process.spend("fabrikam", SECONDS, accepted=True)

    with suppress(NotDelivered), process.spending("contoso"):
        if not accepts:
            raise NotDelivered("It answered 503.")

    assert (process.seconds("contoso", NOW) > 0) == accepts


def test_each_minute_begins_anew() -> None:
    process = FirstTries()
    assert process.seconds("contoso", NOW) == SECONDS
    process.spend("contoso", SECONDS, accepted=False)

    assert process.seconds("contoso", NOW + PERIOD - timedelta(seconds=1)) == 0
    assert process.seconds("northwind", NOW + PERIOD - timedelta(seconds=1)) == 1
    assert process.seconds("contoso", NOW + PERIOD) == SECONDS


def test_a_clock_that_is_set_back_holds_up_nobody() -> None:
    process = FirstTries()
    process.seconds("contoso", NOW)
    process.spend("contoso", SECONDS, accepted=False)

    assert process.seconds("contoso", NOW - timedelta(days=1)) == SECONDS
