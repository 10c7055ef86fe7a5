"""The points in which the page must tell the truth, the conditions under which each is shown, and
the network that makes these conditions. `tests/unit/dashboard/test_conditions.py` holds the table.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from enum import StrEnum
from typing import Any

import pytest
from playwright.sync_api import Error, Page, Route, expect


class Condition(StrEnum):
    PLAIN = "plain"
    SLOW_MODULES = "slow modules"
    SLOW_API = "slow API"
    API_DOWN = "API down"
    TWO_TABS = "two tabs"


PLAIN, SLOW_MODULES, SLOW_API, API_DOWN, TWO_TABS = Condition
EVERY = (PLAIN, SLOW_MODULES, SLOW_API, API_DOWN)
"""What one test can be tried under. In a second tab somebody acts, which is a test of its own."""

POINTS = {
    1: "a view that was left reaches nothing",
    2: "accounts of others appear",
    3: "ages pass, and what is old says so",
    4: "Instructions say whether anybody looks",
    5: "the link of “Deploy on AWS” does not expire",
    6: "an instance that runs outside of its schedule is asked about",
    7: "words match wherever an account is spoken of",
    8: "a test's answers are AWS's own",
    9: "an error marks the window that it is about",
    10: "a test that cannot start without network says so",
    11: "the first field of a modal has the focus",
    12: "a number that is here already leads to its account",
    13: "a name that another account has is warned of",
    14: "a new row is shown among the others",
    15: "audit rows lead to what they are about",
    16: "the page is equally dark everywhere behind a modal",
}
_ADDS = "Nothing is added while the API is down: the form says so."
_STYLE = "The style sheet alone decides it."
LEFT_OUT = {
    (1, TWO_TABS): "Routes are a tab's own; tabs share nothing but the API.",
    (5, TWO_TABS): "Each tab renews the link that it shows itself.",
    (6, TWO_TABS): "The tab that sets the schedule asks; the other shows the new schedule.",
    (8, TWO_TABS): "What AWS answered to a test does not change.",
    (9, TWO_TABS): "The error answers the request of one tab.",
    **{(10, each): "There, a test starts." for each in Condition if each is not API_DOWN},
    (11, TWO_TABS): "Each tab has a focus of its own.",
    (12, API_DOWN): _ADDS,
    (13, API_DOWN): "The API alone knows the names.",
    (13, TWO_TABS): "The API says the same of a name, whoever gave it.",
    (14, API_DOWN): _ADDS,
    (14, TWO_TABS): "The second tab is offered the account: the second point.",
    (15, TWO_TABS): "What an entry leads to does not change.",
    **{(16, each): _STYLE for each in Condition if each is not PLAIN},
}
"""Cells without a test, and why."""

MODULE_MS, API_MS = 500, 1_500
UNAVAILABLE = {"message": "Service Unavailable"}


def shows(point: int, *conditions: Condition) -> pytest.MarkDecorator:
    """Of a test: what it shows, and under which conditions. One with the fixture `network` is run
    once under each."""
    return pytest.mark.shows(point, conditions)


class Network:
    """What lies between a page and what it loads. Delays pass on the page's own clock, so that a
    test need not wait for them."""

    def __init__(self, condition: Condition) -> None:
        self.condition = condition
        self.is_down = False
        self._passed = 0
        self._passing = False

    def attach(self, page: Page) -> None:
        """Puts it between this page and everything that no test answers itself."""
        if self.condition in (PLAIN, TWO_TABS):
            return
        page.clock.install()
        page.route(re.compile("/v1/"), lambda route: self.lets(route) and route.fallback())
        if self.condition is SLOW_MODULES:
            page.route(re.compile(r"/ui/[^?]*\.js$"), self._module)

    def lets(self, route: Route) -> bool:
        """Whether a request reaches the API; after its delay, if it does."""
        if self.is_down:
            route.fulfill(status=503, json=UNAVAILABLE)
            return False
        if self.condition is SLOW_API:
            self._wait(route.request.frame.page, API_MS)
        return True

    @contextmanager
    def outage(self, page: Page, back: str = "Live") -> Iterator[None]:
        """If the API is to be down, it is so inside, and the page says so, all of whose parts were
        read before. Afterwards it is live again, or says what `back` says."""
        if self.condition is not API_DOWN:
            yield
            return
        expect(page.locator(".freshness")).to_have_text("Live")
        # A view is live while a part of it is read for the first time.
        expect(page.locator("main [aria-busy=true]")).to_have_count(0)
        self.is_down = True
        self._until(page, "Last updated")
        yield
        self.is_down = False
        self._until(page, back)

    def _module(self, route: Route) -> None:
        self._wait(route.request.frame.page, MODULE_MS)
        route.fallback()

    def _wait(self, page: Page, milliseconds: int) -> None:
        until = self._passed + milliseconds
        # A page that is left or closed meanwhile has no clock any more.
        with suppress(Error):
            while (step := until - self._passed) > 0:
                if self._passing:
                    page.wait_for_timeout(5)
                    continue
                self._passing = True
                try:
                    page.clock.run_for(step)
                finally:
                    self._passed += step
                    self._passing = False

    @staticmethod
    def _until(page: Page, said: str) -> None:
        mark: Any = page.locator(".freshness")
        for _ in range(40):
            if said in (mark.text_content() or ""):
                break
            page.clock.fast_forward("00:05")
            page.wait_for_timeout(20)
        expect(mark).to_contain_text(said)
