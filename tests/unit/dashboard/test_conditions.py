"""Each point in which the page must tell the truth is shown under each condition."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path

import pytest

from tests.browser.conditions import LEFT_OUT, POINTS, Condition

BROWSER_TESTS = Path(__file__).parents[2] / "browser"
CELLS = [(point, condition) for point in POINTS for condition in Condition]


@pytest.fixture(scope="module")
def shown() -> dict[tuple[int, Condition], list[str]]:
    """The tests of each point and condition."""
    table: dict[tuple[int, Condition], list[str]] = {}
    for path in sorted(BROWSER_TESTS.glob("test_*.py")):
        for name, test in vars(import_module(f"tests.browser.{path.stem}")).items():
            for mark in getattr(test, "pytestmark", []) if name.startswith("test_") else []:
                if mark.name == "shows":
                    point, conditions = mark.args
                    for condition in conditions:
                        table.setdefault((point, condition), []).append(name)
    return table


@pytest.mark.parametrize("cell", CELLS, ids=lambda cell: f"{cell[0]} {cell[1]}")
def test_each_point_is_shown_under_each_condition_or_says_why_not(shown, cell):
    assert (cell in shown) is not (cell in LEFT_OUT), POINTS[cell[0]]


def test_the_table_has_no_other_cells(shown):
    assert {*shown, *LEFT_OUT} == set(CELLS)
