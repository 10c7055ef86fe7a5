"""What `make bench` starts, and what it compares with."""

from __future__ import annotations

import re

import pytest

from cavok import wiring
from local.settings import ROOT
from tests.bench.__main__ import _starts, of_starts
from tests.bench.measure import Medians
from tests.bench.start_up import _FIRST_CLIENTS, BEFORE, WITHOUT_LAYER, StartUp
from tests.bench.targets import NEW_STARTS, PAGE_START
from tests.support.template import FUNCTIONS

NEW = {"HearConnections", "ReadOrganization", "RunBulkOperation", "SweepAccounts"}
"""Functions that were not there before. Their starts are held to yardsticks alone."""


def test_each_function_of_the_layer_has_its_first_clients_and_what_it_took_before() -> None:
    assert set(_FIRST_CLIENTS) == set(FUNCTIONS) - WITHOUT_LAYER
    assert set(BEFORE) == set(_FIRST_CLIENTS) - NEW


def test_the_first_clients_are_made_by_wiring() -> None:
    made = {
        name
        for calls in _FIRST_CLIENTS.values()
        for name in re.findall(r"wiring\.(\w+)", str(calls))
    }

    assert made
    assert {name for name in made if not callable(getattr(wiring, name, None))} == set()


@pytest.mark.parametrize("function", sorted(_FIRST_CLIENTS))
def test_what_a_start_makes_is_among_the_first_clients(function: str) -> None:
    source = (ROOT / FUNCTIONS[function]["CodeUri"] / "app.py").read_text()
    prepared = re.findall(r"wiring\.(\w+)", source.partition("start_up.prepare(")[2].split(")")[0])

    listed = re.findall(r"wiring\.(\w+)", str(_FIRST_CLIENTS[function]))
    assert prepared
    assert set(prepared) <= set(listed)


def test_a_function_that_imports_routes_when_asked_has_those_of_a_request() -> None:
    lazy = {
        name
        for name, function in FUNCTIONS.items()
        if "make_app(" in (ROOT / function["CodeUri"] / "app.py").read_text()
    }

    assert lazy == {name for name, made in _FIRST_CLIENTS.items() if "methods_at" in str(made)}


@pytest.mark.parametrize("slower", [1, 2])
def test_a_start_is_compared_in_yardsticks(slower: int) -> None:
    """Twice the CPU time on a machine that is half as fast is no slower."""
    ready, yardstick = Medians(0, 0.3 * slower), Medians(0, 0.1 * slower)

    start = StartUp("OpenSession", ready, ready, yardstick)

    assert start.of_before == pytest.approx(3 / BEFORE["OpenSession"])


@pytest.mark.parametrize("function", sorted(FUNCTIONS))
def test_no_functions_start_may_become_three_times_as_long(function: str) -> None:
    """Also of one that was not there before, or has no layer."""
    yardstick = Medians(0, 0.1)
    most = {name: 0.4 * yardsticks for name, yardsticks in BEFORE.items()}
    most |= dict.fromkeys(WITHOUT_LAYER, PAGE_START.at_most)
    allowed = most.get(function, NEW_STARTS.at_most)
    ready, tripled = (Medians(0, yardstick.cpu * allowed * times) for times in (0.99, 3))

    found = [StartUp(function, each, each, yardstick) for each in (ready, tripled)]

    assert [one.is_met for one in of_starts(found)] == [True, False]


def test_a_function_without_a_layer_is_not_said_to_be_new() -> None:
    found = [
        StartUp(name, Medians(0, 0.04), Medians(0, 0.04), Medians(0, 0.1))
        for name in ("DashboardPage", "SweepAccounts", "OpenSession")
    ]

    assert [row[-1] for row in _starts(found, 7).rows[1:]] == [
        "has no layer",
        "was not there",
        f"{100 * 0.4 / BEFORE['OpenSession']:.0f} %",
    ]
