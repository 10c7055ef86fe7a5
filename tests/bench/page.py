"""The page in Chromium: the weight of its first view, the time until the list is painted, layout
shifts, the cost of scrolling through 10,000 accounts, and the longest tasks.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from typing import Any

from playwright.sync_api import Browser, Page, Route, sync_playwright

from local.stack import Stack
from tests.bench import long_tasks
from tests.bench.long_tasks import LongestTask
from tests.bench.measure import Medians, Sample, interleaved
from tests.support.page import chromium, samples
from tests.support.page.measures import (
    RECORD_SHIFTS,
    ROW,
    Scrolling,
    open_until,
    scroll_back,
    scroll_to_the_end,
)
from tests.support.page.measures import weigh as weigh_visit

FEW, MANY = 10, 10_000
VIEWS = {
    "list": "#/accounts",
    "account": "#/accounts/acc000000",
    "test": "#/accounts/acc000000/tests/test1",
    "instances": "#/accounts/acc000000/instances",
    "organization": "#/organization",
}
_KEY = "cavok.session"
_RECORD_FIRST_ROW = f"""
window.listed = new Promise((resolve) => new MutationObserver((_, observer) => {{
  if (!document.querySelector("{ROW}")) return;
  observer.disconnect();
  // After the frame that paints it.
  requestAnimationFrame(() => setTimeout(() => resolve(performance.now())));
}}).observe(document, {{ childList: true, subtree: true }}));
"""


@dataclass(frozen=True)
class Measured:
    """`weights` are bytes per request, by view. `opening` is the time until the first row is
    painted, by the number of accounts. `shifts` are Cumulative Layout Shifts, by view.
    `longest_tasks`: by what is done.
    """

    weights: Mapping[str, list[int]]
    opening: Mapping[int, Medians]
    shifts: Mapping[str, float]
    scrolling: Scrolling
    rows_at_most: int
    longest_tasks: Mapping[str, LongestTask]


def measure(stack: Stack, runs: int) -> Measured:
    with sync_playwright() as playwright:
        browser = chromium.launch(playwright)
        visitors = _Visitors(browser, stack)
        many = _answers(MANY)
        opening = {
            FEW: _opening(visitors, _answers(FEW)),
            MANY: _opening(visitors, many),
        }
        medians = interleaved({str(count): one for count, one in opening.items()}, runs)
        with visitors.page(many) as page:
            page.goto(stack.dashboard_url)
            page.locator(ROW).first.wait_for()
            rows = scroll_to_the_end(page, MANY)
            scrolling, longest = long_tasks.during(lambda: scroll_back(page), page)
        return Measured(
            weights=_weights(visitors),
            opening={count: medians[str(count)] for count in opening},
            shifts={name: _shifts(visitors, many, hash_) for name, hash_ in VIEWS.items()},
            scrolling=scrolling,
            rows_at_most=rows,
            longest_tasks={
                f"scrolling through {MANY:,} accounts": longest,
                **long_tasks.measure(visitors.page, stack.dashboard_url),
            },
        )


class _Visitors:
    """Browser contexts with an empty cache and a signed-in user."""

    def __init__(self, browser: Browser, stack: Stack) -> None:
        self._browser, self.stack = browser, stack
        with self.page(signed_in=False) as page:
            chromium.sign_in(page, stack, stack.users["other_admin"])
            session = json.dumps(page.evaluate(f"sessionStorage['{_KEY}']"))
        self._keep_session = f"sessionStorage['{_KEY}'] ??= {session};"

    @contextmanager
    def page(
        self, answers: Mapping[str, Any] | None = None, *, signed_in: bool = True
    ) -> Iterator[Page]:
        context = self._browser.new_context(viewport={"width": 1280, "height": 860})
        page = context.new_page()
        if signed_in:
            page.add_init_script(self._keep_session)
        for path, reply in (answers or {}).items():
            page.route(re.compile(rf"^[^?#]*{path}(\?[^#]*)?$"), _answering(reply))
        yield page
        context.close()


def _answers(count: int) -> dict[str, Any]:
    return samples.everything([samples.account(index) for index in range(count)])


def _answering(reply: Any) -> Callable[[Route], None]:
    return lambda route: route.fulfill(json=reply(route.request) if callable(reply) else reply)


def _weights(visitors: _Visitors) -> dict[str, list[int]]:
    """Responses of the real stack, with an empty cache. Its other organization has few accounts:
    answers grow with them.
    """
    weights = {}
    for name, heading, signed_in in (
        ("sign-in", "Sign in", False),
        ("list", "Cloud Accounts", True),
    ):
        with visitors.page(signed_in=signed_in) as page:
            visit = partial(open_until, page, visitors.stack.dashboard_url, heading)
            weights[name] = weigh_visit(page, visit)
    return weights


def _opening(visitors: _Visitors, answers: Mapping[str, Any]) -> Callable[[], Sample]:
    """With an empty cache and fake API responses, so that only the page is measured."""

    def sample() -> Sample:
        with visitors.page(answers) as page:
            page.add_init_script(_RECORD_FIRST_ROW)
            page.goto(visitors.stack.dashboard_url)
            listed = page.evaluate("window.listed")
        return Sample(wall=listed / 1000, cpu=0)

    return sample


def _shifts(visitors: _Visitors, answers: Mapping[str, Any], hash_: str) -> float:
    with visitors.page(answers) as page:
        page.add_init_script(RECORD_SHIFTS)
        page.goto(f"{visitors.stack.dashboard_url}{hash_}", wait_until="networkidle")
        page.wait_for_timeout(500)
        return float(page.evaluate("window.shifts"))
