"""Tests of the page wait for what comes, and not for a time: a busy machine may take longer."""

from __future__ import annotations

import ast
import re
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from itertools import pairwise
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from local.settings import ROOT
from tests.support.page import waiting
from tests.support.page.waiting import HeldRequests, pass_time_until, stop_the_clock, until

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


class PageWithClock(SlowPage):
    """Notes what is done with its clock."""

    def __init__(self) -> None:
        super().__init__()
        self.clock = self
        self.done: list[tuple[str, Any]] = []

    def install(self, time: Any) -> None:
        self.done.append(("install", time))

    def goto(self, address: str) -> None:
        self.done.append(("goto", address))

    def pause_at(self, time: Any) -> None:
        self.done.append(("pause_at", time))

    def run_for(self, milliseconds: int) -> None:
        self.done.append(("run_for", milliseconds))


def test_a_clock_is_stopped_before_the_page_is_opened_at_a_time_still_to_come() -> None:
    page: Any = PageWithClock()

    stop_the_clock(page, "2026-01-05T10:00:00Z")

    assert page.done == [
        ("install", datetime(2026, 1, 5, 9, tzinfo=UTC)),
        ("goto", "about:blank"),
        ("pause_at", "2026-01-05T10:00:00Z"),
    ]


def test_time_passes_until_what_must_come_is_there() -> None:
    page: Any = PageWithClock()

    pass_time_until(page, lambda: page.waits == 3, "three answers")

    assert page.done == [("run_for", 1_000)] * 3


def test_what_does_not_come_however_much_time_passes_is_named(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(waiting, "SECONDS", 0)
    page: Any = PageWithClock()

    with pytest.raises(AssertionError, match="it is read again"):
        pass_time_until(page, lambda: False, "it is read again")


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
