"""Waiting for what a page does by itself: a busy machine takes its time."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta
from typing import Any

from playwright.sync_api import Page, Route

SECONDS = 30
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
"""Resolves once what was changed until now is laid out and painted."""


def until(page: Page, good: Callable[[], Any], what: str) -> None:
    """Returns once `good` is true. The page's requests reach a test only while it waits."""
    deadline = time.monotonic() + SECONDS
    while not good():
        assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}"
        page.wait_for_timeout(50)  # each look takes as much of a processor as a small task


def stop_the_clock(page: Page, at: str = "2026-01-05T10:00:00Z") -> None:
    """For the page that is opened next, it is this time, an ISO 8601 string that ends with its
    zone: a time without one would be the machine's. Time passes only as a test lets it: on a slow
    machine the page asks no more often, and nothing grows older. Timers of no length wait too.
    """
    page.clock.install(time=datetime.fromisoformat(at) - timedelta(hours=1))
    page.goto("about:blank")
    page.clock.pause_at(at)


def pass_time(page: Page, seconds: int) -> None:
    """One second after the other, so that answers come between them."""
    for _ in range(seconds):
        page.clock.run_for(1_000)
        page.wait_for_timeout(20)


def pass_time_until(page: Page, good: Callable[[], Any], what: str) -> None:
    """As many seconds of the page as it takes: an answer that comes late is waited for."""
    deadline = time.monotonic() + SECONDS
    while not good():
        assert time.monotonic() < deadline, f"not within {SECONDS} s: {what}"
        pass_time(page, 1)


@contextmanager
def unseen(page: Page) -> Iterator[None]:
    """Inside, nobody looks at the page, so that it reads nothing by itself. It hears of neither end
    of it.
    """
    page.evaluate(
        """Object.defineProperty(
          document, "visibilityState", { value: "hidden", configurable: true })"""
    )
    yield
    page.evaluate("delete document.visibilityState")


class HeldRequests(list[Route]):
    """The page's requests there, of this method and for this type of content if these are given:
    from now on they wait for the answer that a test gives them.
    """

    def __init__(
        self, page: Page, asked: str | re.Pattern[str], method: str = "", accept: str = ""
    ) -> None:
        super().__init__()
        self._page, self._method, self._accept = page, method, accept
        page.route(asked, self._hold)

    def _hold(self, route: Route) -> None:
        is_for = not self._accept or route.request.headers["accept"] == self._accept
        if is_for and self._method in ("", route.request.method):
            self.append(route)
        else:
            route.fallback()

    def first(self) -> Route:
        """The first one, once it has come."""
        until(self._page, lambda: self, "a request that is held")
        return self[0]
