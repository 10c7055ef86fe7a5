"""The longest task of the page's own thread, while the views and modals with the most to draw open:
whoever types or scrolls waits for it.
"""

from __future__ import annotations

import json
from bisect import bisect
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import Any, TypeVar
from urllib.parse import parse_qs, urlsplit

from playwright.sync_api import Page, expect

from cavok.domain.regions import REGIONS
from tests.bench.measure import Sample
from tests.bench.yardstick import Yardstick
from tests.support.page import samples

MANY, CAUSES, SHARED, DAYS = 10_000, 40, 3, 90
TESTS = 500
"""As many of an account as the page reads."""
SEVERAL = 100
"""Instances of one account."""
_ONE = "/v1/accounts/acc000000"
RUNS = 3
_TASKS = "disabled-by-default-devtools.timeline"
_OF_THE_BENCH = "DevToolsSession::DispatchProtocolCommand"

T = TypeVar("T")


@dataclass(frozen=True)
class LongestTask:
    """`here`: the longest by the clock and the one with the most CPU, in seconds. Other load makes
    the first one longer, and the second one hardly. The machine was so many times `slower` than
    the reference then.
    """

    here: Sample
    slower: float

    @property
    def reference_ms(self) -> float:
        return self.here.cpu * 1000 / self.slower


def during(act: Callable[[], T], page: Page) -> tuple[T, LongestTask]:
    """What this returns, and its longest task. The yardstick is read right before and after."""
    browser = page.context.browser
    assert browser
    before = Yardstick().slower()
    browser.start_tracing(page=page, categories=[_TASKS])
    done = act()
    here = longest_of(json.loads(browser.stop_tracing())["traceEvents"])
    return done, LongestTask(here, (before + Yardstick().slower()) / 2)


def longest_of(trace: list[dict[str, Any]]) -> Sample:
    """Of the tasks of the page, not of those in which the bench looks at it."""
    pages = {
        (event["pid"], event["tid"])
        for event in trace
        if event["name"] == "thread_name" and event["args"]["name"] == "CrRendererMain"
    }
    events = [event for event in trace if (event["pid"], event["tid"]) in pages]
    looks = sorted(event["ts"] for event in events if event["name"] == _OF_THE_BENCH)
    tasks = [
        event
        for event in events
        if event["name"] == "RunTask"
        and "dur" in event  # not the one that still runs
        and bisect(looks, event["ts"]) == bisect(looks, event["ts"] + event["dur"])
    ]
    wall = max(task["dur"] for task in tasks)
    # Chromium leaves out the CPU of some, and gives others more than they had time for.
    cpu = max(min(task.get("tdur", task["dur"]), task["dur"]) for task in tasks)
    return Sample(wall / 1e6, cpu / 1e6)


def measure(
    visit: Callable[[Mapping[str, Any]], AbstractContextManager[Page]], address: str
) -> dict[str, LongestTask]:
    """By what is done, the median of some runs. `visit`: opens a page that gets these answers."""
    found = {}
    for name, (hash_, answers, act) in _HEAVY.items():
        replies, runs = samples.everything() | answers(), []
        for _ in range(RUNS):
            with visit(replies) as page:
                # The page itself is there; its list of accounts is not.
                page.goto(f"{address}#/access-details", wait_until="networkidle")
                runs.append(during(partial(_open, page, hash_, act), page)[1])
        found[name] = sorted(runs, key=lambda each: each.reference_ms)[RUNS // 2]
    return found


def _open(page: Page, hash_: str, act: Callable[[Page], Any]) -> None:
    page.evaluate("hash => { location.hash = hash; }", hash_)
    act(page)
    page.wait_for_timeout(300)  # the frames that paint it


def _healths(count: int = DAYS) -> dict[str, Any]:
    """Tests of these days, one a day, or more; each other one failed; twenty regions."""
    regions = [samples.REACHABLE | {"region": region} for region in sorted(REGIONS)[:20]]
    account = samples.account(0, created_at="2025-01-01T10:00:00Z", region_health=regions)
    steps = samples.all_steps(account, samples.PARTIAL)
    outcomes = {"confirmed": steps, "failed": samples.not_entered(account)}
    tests = []
    for index in range(count):
        at = _in(-24 * DAYS * index // count - 1)
        outcome = list(outcomes)[index % 2]
        test = samples.finished_test(f"test{index}", outcome=outcome, steps=outcomes[outcome])
        tests.append(test | {"started_at": at, "finished_at": at, "region_health": regions})
    last = {"verification_id": "test0", "outcome": "confirmed", "finished_at": _in(-1)}
    return {
        _ONE: account | {"verification": last},
        f"{_ONE}/verifications": _pages_of(tests),
        f"{_ONE}/verifications/test0": tests[0],
    }


def _in(hours: int) -> str:
    return f"{datetime.now(UTC) + timedelta(hours=hours):%Y-%m-%dT%H:%M:%SZ}"


def _resource(index: int, account: dict[str, Any]) -> dict[str, Any]:
    turn = {"action": "stop", "at": _in(4)}
    own = {"resource_id": f"res{index:05}", "name": f"web{index}", "next_action": turn}
    return samples.listed(samples.RESOURCES[0] | own, account)


def _schedules() -> dict[str, Any]:
    accounts = (samples.account(index, status="confirmed") for index in range(MANY))
    every = [_resource(index, account) for index, account in enumerate(accounts)]
    return {"/v1/resources": _pages_of(every)}


def _several() -> dict[str, Any]:
    account = samples.account(0)
    items = [_resource(index, account) for index in range(SEVERAL)]
    return {f"{_ONE}/resources": {"items": items, "next_cursor": None}}


def _pages_of(items: list[dict[str, Any]]) -> Any:
    def reply(request: Any) -> dict[str, Any]:
        query = parse_qs(urlsplit(request.url).query)
        start, size = int(query.get("cursor", ["0"])[0]), int(query.get("limit", ["100"])[0])
        end = start + size
        more = str(end) if end < len(items) else None
        return {"items": items[start:end], "next_cursor": more}

    return reply


def _problems() -> dict[str, Any]:
    """Forty causes in ten thousand accounts, of which each has three that all have, and another."""
    fleet = []
    for index in range(MANY):
        account = samples.account(index, status="degraded", access_type="assume_role")
        (problem,) = account["issues"]
        causes = (*range(SHARED), SHARED + index % (CAUSES - SHARED))
        messages = [problem["message"].replace("Stop", f"Stop{cause}") for cause in causes]
        fleet.append(account | {"issues": [problem | {"message": each} for each in messages]})
    reply = samples.problems_of(fleet)
    # The page asks for the first ones again with each press.
    known: dict[str, Any] = {}

    def again(request: Any) -> Any:
        if request.url not in known:
            known[request.url] = reply(request)
        return known[request.url]

    return {"/v1/problems": again}


def _look_at_all(page: Page) -> None:
    more = page.get_by_role("button", name="Look at more accounts")
    expect(page.locator(".cause")).to_have_count(CAUSES)
    while more.count():
        more.click()
        expect(page.get_by_role("main").locator("[aria-busy=true]")).to_have_count(0)


def _look_at_instances(presses: int, page: Page) -> None:
    for _ in range(presses):
        page.get_by_role("button", name="Look at more instances").click()
        expect(page.get_by_role("main").locator("[aria-busy=true]")).to_have_count(0)


def _show_breaks(page: Page) -> None:
    page.get_by_role("grid").wait_for()
    page.get_by_role("button", name="Show more").click()


def _change_a_schedule(page: Page) -> None:
    page.get_by_role("button", name="Change the schedule of web1", exact=True).click()
    page.get_by_role("dialog").get_by_role("button", name="Save").wait_for()


def _set_one_week(page: Page) -> None:
    expect(page.locator(".resource")).to_have_count(SEVERAL)
    page.get_by_role("button", name="One week for several").click()
    expect(page.get_by_role("dialog").locator(".several-line")).to_have_count(SEVERAL)


_LINES = "\n".join(f"{500_000_000_000 + index},Account {index}" for index in range(MANY))


def _choose_a_file(page: Page) -> None:
    file = {"name": "accounts.csv", "mimeType": "text/csv", "buffer": _LINES.encode()}
    page.get_by_label("Or a file").set_input_files([file])  # type: ignore[list-item]
    page.get_by_role("status").filter(has_text=f"{MANY:,} accounts").wait_for()


def _paste(page: Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    page.get_by_label("Account numbers").focus()
    page.evaluate("text => navigator.clipboard.writeText(text)", _LINES)
    page.keyboard.press("Control+v")
    page.get_by_role("status").filter(has_text=f"{MANY:,} accounts").wait_for()


_HEAVY: dict[str, tuple[str, Callable[[], dict[str, Any]], Callable[[Page], Any]]] = {
    "the health of an account in 20 regions": (
        "#/accounts/acc000000/health",
        _healths,
        lambda page: page.get_by_role("grid").wait_for(),
    ),
    f"the breaks of an account with {TESTS} tests": (
        "#/accounts/acc000000/health",
        partial(_healths, TESTS),
        _show_breaks,
    ),
    "the schedules of 800 instances": ("#/schedules", _schedules, partial(_look_at_instances, 3)),
    "the schedules of 3,200 instances": (
        "#/schedules",
        _schedules,
        partial(_look_at_instances, 5),
    ),
    f"{CAUSES} problems of {MANY:,} accounts": ("#/problems", _problems, _look_at_all),
    "Change the schedule": ("#/accounts/acc000000/schedules", dict, _change_a_schedule),
    f"One week for {SEVERAL} instances": (
        "#/accounts/acc000000/schedules",
        _several,
        _set_one_week,
    ),
    f"Add many: a file of {MANY:,} lines": ("#/accounts/many", dict, _choose_a_file),
    f"Add many: {MANY:,} pasted lines": ("#/accounts/many", dict, _paste),
}
