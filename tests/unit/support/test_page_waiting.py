"""Tests of the page wait for what comes, and not for a time: a busy machine may take longer."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.settings import ROOT
from tests.support.page import waiting
from tests.support.page.waiting import HeldRequests, until

MODULES = sorted((ROOT / "tests/browser").glob("*.py"))
each_module = pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)


class SlowPage:
    """Asks for something only when a test has waited three times."""

    def __init__(self, *methods: str) -> None:
        self.to_come = [*methods]
        self.waits = 0
        self.passed: list[str] = []

    def route(self, asked: str, handler: Callable[[Any], None]) -> None:
        self.handler = handler

    def wait_for_timeout(self, milliseconds: float) -> None:
        self.waits += 1
        while self.waits >= 3 and self.to_come:
            method = self.to_come.pop(0)
            request = SimpleNamespace(method=method)
            passes = lambda: self.passed.append(method)  # noqa: B023, E731  called at once
            self.handler(SimpleNamespace(request=request, fallback=passes))


def test_a_request_that_comes_late_is_held() -> None:
    page: Any = SlowPage("GET", "POST")

    held = HeldRequests(page, "**/v1/accounts", "POST")

    assert held.first().request.method == "POST"
    assert page.passed == ["GET"]
    assert len(held) == 1


def test_what_never_comes_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(waiting, "SECONDS", 0)
    page: Any = SlowPage()

    with pytest.raises(AssertionError, match="the list is read again"):
        until(page, lambda: False, "the list is read again")


@each_module
def test_requests_are_held_by_what_waits_for_them(path: Path) -> None:
    """A test that has a list of its own takes from it what may not be there yet."""
    assert re.findall(r"\.(?:append|extend)\(\[?route\]?\)", path.read_text()) == []


def neighbours(module: ast.AST) -> Iterator[tuple[ast.stmt, ast.stmt]]:
    """Each statement with the one after it."""
    for node in ast.walk(module):
        for body in (getattr(node, name, None) for name in ("body", "orelse", "finalbody")):
            if isinstance(body, list):
                yield from pairwise(body)


def is_pause(node: ast.stmt) -> bool:
    return isinstance(node, ast.Expr) and ".wait_for_timeout(" in ast.unparse(node)


def wants_something(node: ast.stmt) -> bool:
    """Whether it fails as long as nothing has come."""
    match node:
        case ast.Assert(test=ast.Name() | ast.Attribute() | ast.Subscript() | ast.Call()):
            return True
        case ast.Assert(test=ast.Compare(ops=[ast.Gt() | ast.GtE() | ast.NotEq()])):
            return True
    return False


@each_module
def test_no_pause_is_all_the_time_that_something_has_to_come(path: Path) -> None:
    """After a pause, only what did not happen is asserted: `until` waits for what must."""
    assert [
        f"line {wanting.lineno}: {ast.unparse(wanting)}"
        for pause, wanting in neighbours(ast.parse(path.read_text()))
        if is_pause(pause) and wants_something(wanting)
    ] == []
