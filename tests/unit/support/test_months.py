"""A test that counts within a calendar month stays within one."""

from __future__ import annotations

import ast
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from local.settings import ROOT
from tests.support import months
from tests.support.months import NORMALLY, seconds_it_takes, stay_within_a_month, takes

MODULES = [
    path
    for folder in ("e2e", "browser")
    for path in sorted((ROOT / "tests" / folder).glob("test_*.py"))
]
IN_ONE_MONTH = '\npytestmark = pytest.mark.usefixtures("one_month")\n'


def reads_usage(node: ast.AST, readers: set[str]) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="get"), args=[path, *_]):
            return ast.unparse(path).strip("'\"").endswith("usage")
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in readers
    return False


def comparing(module: ast.AST) -> list[str]:
    """The functions that read usage more than once, themselves or by another one of the module."""
    functions = [each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)]

    def reads(function: ast.FunctionDef, readers: set[str]) -> int:
        return sum(reads_usage(node, readers) for node in ast.walk(function))

    readers = {"counted", *(each.name for each in functions if reads(each, set()))}
    return [each.name for each in functions if reads(each, readers) > 1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_usage_is_compared_with_what_it_was_within_one_month(path: Path) -> None:
    """Else a test fails if the month, UTC, ends between its two reads."""
    text = path.read_text()

    assert IN_ONE_MONTH in text or comparing(ast.parse(text)) == []


class Now(datetime):
    """Four minutes before the end of a leap February."""

    @classmethod
    def now(cls, tz: Any = None) -> Now:
        return cls(2028, 2, 29, 23, 56, tzinfo=UTC)


@pytest.mark.parametrize(("seconds", "waits"), [(NORMALLY, []), (240, []), (241, [241])])
def test_a_test_begins_while_enough_of_the_month_is_left(
    monkeypatch: pytest.MonkeyPatch, seconds: int, waits: list[float]
) -> None:
    slept: list[float] = []
    monkeypatch.setattr(months, "datetime", Now)
    monkeypatch.setattr(months.time, "sleep", slept.append)

    stay_within_a_month(seconds)

    assert slept == waits


@takes(420)
def test_a_test_that_takes_longer_is_given_longer_after_it_has_waited(
    request: pytest.FixtureRequest,
) -> None:
    assert seconds_it_takes(request.node) == 420
    assert request.node.get_closest_marker("timeout").args == (840,)


def test_other_tests_take_no_longer_than_most(request: pytest.FixtureRequest) -> None:
    assert seconds_it_takes(request.node) == NORMALLY
