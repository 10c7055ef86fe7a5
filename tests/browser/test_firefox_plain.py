"""What the page must tell, in Firefox, on a plain network. The first three points are in
`test_firefox.py`, under more conditions.
"""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import pytest

from tests.browser import conditions
from tests.support.page.in_firefox import launched, needs_firefox

__all__ = ["launched"]

pytestmark = needs_firefox

CONDITIONS = (conditions.PLAIN,)
POINTS = {
    point
    for point in conditions.POINTS
    if point > 3 and (point, conditions.PLAIN) not in conditions.LEFT_OUT
}
_MODULES = ("connecting", "detection", "findings", "new_account", "results", "schedules", "tests")


def _collected() -> Iterator[tuple[str, object]]:
    """The tests of these points, and the fixtures of their modules."""
    for name in _MODULES:
        for key, value in vars(import_module(f"tests.browser.test_{name}")).items():
            if isinstance(value, pytest.FixtureDef) or type(value).__name__.startswith("Fixture"):
                yield key, value
            for mark in getattr(value, "pytestmark", ()) if key.startswith("test_") else ():
                point, under = mark.args if mark.name == "shows" else (0, ())
                if point in POINTS and conditions.PLAIN in under:
                    yield key, value


globals().update(_collected())


def test_each_of_these_points_is_among_them() -> None:
    marks = [m for test in list(globals().values()) for m in getattr(test, "pytestmark", ())]
    assert {mark.args[0] for mark in marks if mark.name == "shows"} == POINTS
