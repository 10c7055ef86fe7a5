"""The first view: how much comes over the wire, and whether anything jumps."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterable
from itertools import product
from typing import Any
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Page, Route, expect

from tests.browser.axe import wait_until_loaded
from tests.browser.conditions import UNAVAILABLE
from tests.support.page import samples
from tests.support.page.measures import LARGEST_SHIFT, RECORD_SHIFTS, open_until, weigh
from tests.support.page.views import MODALS, NEEDS_SIGN_IN
from tests.support.page.waiting import TWO_FRAMES, HeldRequests, until

ANSWER = """
const networkMs = 20; // so that a frame is drawn before any answer
const send = window.fetch;
window.asked = window.awaited = 0;
window.answered = {};
window.fetch = async (address, options = {}) => {
  const { href, pathname } = new URL(address, location.href);
  const { paths, waits = [] } = JSON.parse(sessionStorage.getItem("delay") ?? "{}");
  const request = `${options.method} ${href}`;
  const place = window.asked++;
  window.awaited += 1;
  try {
    const isLate = paths?.some((path) => pathname.endsWith(path)) ?? true;
    const late = waits[place] ?? waits.at(-1) ?? networkMs;
    await new Promise((resolve) => setTimeout(resolve, isLate ? late : networkMs));
    if (window.known?.[request]) return new Response(...window.known[request]);
    if (window.known && pathname.includes("/v1/")) console.error(`no answer to ${request}`);
    const answer = await send(address, options);
    const { status } = answer;
    if (pathname.includes("/v1/"))
      window.answered[request] = [(await answer.clone().text()) || null, { status }];
    return answer;
  } finally {
    window.awaited -= 1;
  }
};
"""
"""Keeps what is answered, and once it is `known`, answers so itself: without a route, the browser
has its cache, and a view opens in half the time.
"""
QUIET_MS = 100
RECENT_MS = 600
"""After this, a shift is no longer counted as what somebody has just done."""
LATE = (re.compile(r"/(?!style)[\w-]+\.css$"), re.compile(r"/(?!app|theme)[\w-]+\.js$"))
"""What a view may load after the first view: styles, and modules."""
LIMIT_BYTES, LIMIT_REQUESTS = 50_000, 8


def test_the_first_view_takes_at_most_50_kb_and_8_requests(open_context, stack):
    page = open_context().new_page()
    received = weigh(page, lambda: open_until(page, stack.dashboard_url, "Sign in"))
    assert len(received) <= LIMIT_REQUESTS, received
    assert sum(received) < LIMIT_BYTES, received


def test_so_does_the_list_with_the_answers_of_the_api(sign_in, stack):
    """Of an organization with few accounts: the answers grow with them."""
    page = sign_in("other_admin").page
    page.goto("about:blank")
    page.context.new_cdp_session(page).send("Network.clearBrowserCache")
    received = weigh(page, lambda: open_until(page, stack.dashboard_url, "Cloud Accounts"))
    assert len(received) <= LIMIT_REQUESTS, received
    assert sum(received) < LIMIT_BYTES, received


def test_a_second_visit_asks_for_next_to_nothing(open_context, stack):
    page = open_context().new_page()
    open_until(page, stack.dashboard_url, "Sign in")
    page.reload(wait_until="networkidle")
    transferred = page.evaluate(
        """performance.getEntriesByType("resource")
          .filter((entry) => entry.name.includes("/ui/"))
          .reduce((sum, entry) => sum + entry.transferSize, 0)"""
    )
    assert transferred < 2_000


VIEWS = (
    "accounts",
    "accounts?has_problems=true&sort=status",
    "accounts/many",
    *(f"accounts/acc000000{tab}" for tab in ("", "/health", "/schedules")),
    "enrollments",
    "enrollments/enr1",
    "enrollments/enr2",
    "organization",
)
OPENED_LESS_OFTEN = (
    "accounts?columns=name+status+regions+write_logs+created_at+test",
    "accounts/acc000005/connect",
    "accounts/acc000000/connect",
    "accounts/acc000000/instances",
    "schedules",
    "problems",
    "access-details",
)
"""Only with delays that a skeleton covers, to save time."""
NARROW = ("accounts/acc000000/health", "schedules", "problems")
"""Also where lines break and parts stand below each other, with one answer late at a time."""
COVERED_MS, SOON_MS = 300, 60
"""After a skeleton is there, and before."""


def wait_until_quiet(page: Page) -> None:
    """Every answer is there, and nothing more is asked for."""
    before = -1

    def is_quiet() -> bool:
        nonlocal before
        page.wait_for_timeout(QUIET_MS)
        asked = page.evaluate("window.asked + performance.getEntriesByType('resource').length")
        was, before = before, asked
        return asked == was and page.evaluate("window.awaited") == 0

    until(page, is_quiet, "every answer")


BACKWARDS_MS = (260, 230, 200, 170, 150)
"""What each request of a view waits for, in their order: the first one is answered last."""
THE_REST = [
    hash_
    for hash_ in NEEDS_SIGN_IN.values()
    if hash_.removeprefix("#/") not in VIEWS + OPENED_LESS_OFTEN
]
"""Opened once each."""
READ_AS_THEY_OPEN = ("Go to…", "Stop web1", "One week for several", "Add resources")
"""Modals that ask the API, or draw some at a time."""
HEALTH_AT = "2026-01-05T12:00:00Z"
SINCE = {"tests": 60, "last_at": "2025-12-19T10:00:00Z"}
HEALTH = [
    samples.finished_test(name, outcome=outcome, started_at=at, finished_at=at, unchanged=since)
    for name, outcome, at, since in (
        ("test1", "confirmed", "2026-01-05T10:00:00Z", None),
        ("test0", "failed", "2025-12-20T10:00:00Z", None),
        ("testx", "confirmed", "2025-11-20T10:00:00Z", SINCE),
    )
]
"""A month is known, in which the connection broke once."""


@pytest.fixture
def recording(answer_everything) -> Callable[[Page], Page]:
    """Has a page show the samples, and record what moves and what it asks."""

    def record(page: Page) -> Page:
        answer_everything(page, [samples.account(index) for index in range(200)])
        page.add_init_script(RECORD_SHIFTS + ANSWER)
        return page

    return record


@pytest.fixture
def opened(admin, recording) -> Page:
    return recording(admin.page)


def shifts_once_all_is_there(page: Page) -> float:
    wait_until_loaded(page)
    wait_until_quiet(page)
    wait_until_loaded(page)
    page.evaluate(TWO_FRAMES)
    return page.evaluate("window.shifts")


def reload(page: Page, waits: Iterable[int], paths: Iterable[str] | None = None) -> None:
    """With these requests late, or all."""
    delay = {"paths": paths and [*paths], "waits": [*waits]}
    page.evaluate("(delay) => sessionStorage.setItem('delay', JSON.stringify(delay))", delay)
    page.reload()


def shift(page: Page, waits: Iterable[int], paths: Iterable[str] | None = None) -> float:
    reload(page, waits, paths)
    return shifts_once_all_is_there(page)


@pytest.mark.timeout(900)  # opens the view some forty times
@pytest.mark.parametrize(
    ("view", "width"),
    [*((view, 1280) for view in VIEWS + OPENED_LESS_OFTEN), *((view, 360) for view in NARROW)],
)
def test_nothing_jumps_while_a_view_opens(view, width, admin, opened, answer_with):
    """Whichever answer comes first or last, before and after what covers the rest meanwhile."""
    page = opened
    page.set_viewport_size({"width": width, "height": 720})
    if view.endswith("health"):
        tests = {"items": HEALTH, "next_cursor": None}
        answer_with(page, "/v1/accounts/acc000000/verifications", tests)
        page.clock.set_fixed_time(HEALTH_AT)

    def shift_with_late(modules: re.Pattern[str]) -> float:
        held = HeldRequests(page, modules)
        page.reload()
        wait_until_quiet(page)
        for route in held:  # and those that come of them
            route.continue_()
        page.unroute(modules)
        return shifts_once_all_is_there(page)

    page.goto(f"{admin.stack.dashboard_url}#/{view}")
    page.reload()
    shifts_once_all_is_there(page)
    known = page.evaluate("window.answered")
    page.unroute_all()
    page.add_init_script(f"window.known = {json.dumps(known)}")
    answers = {path[path.index("/v1/") :] for path in (urlsplit(each).path for each in known)}
    is_narrow = width == 360
    slow = {frozenset((one,)) for one in answers}
    slow |= set() if is_narrow else {frozenset(answers - {one}) for one in answers}
    waits = (SOON_MS, COVERED_MS) if view in VIEWS and not is_narrow else (COVERED_MS,)
    delays = {(*paths, ms): shift(page, [ms], paths) for paths in slow if paths for ms in waits}
    shifts = delays | {late.pattern: shift_with_late(late) for late in LATE}
    assert all(value < LARGEST_SHIFT for value in shifts.values()), shifts


def test_nothing_jumps_before_signing_in(open_context, stack):
    page, shifts = open_context().new_page(), {}
    page.add_init_script(RECORD_SHIFTS + ANSWER)
    for width, view in product((1280, 360), ("", "#/access-details")):
        page.set_viewport_size({"width": width, "height": 720})
        page.goto(f"{stack.dashboard_url}{view}")
        shifts[view, width] = shift(page, BACKWARDS_MS)
    assert all(value < LARGEST_SHIFT for value in shifts.values()), shifts


def test_nothing_jumps_in_the_other_views(admin, opened, recording, sign_in):
    """Nor in most on a narrow screen. Some at a time, because most of the time they wait."""
    others = [sign_in("admin", on=opened.context.new_page()).page for _ in range(2)]
    tabs, account = [opened, *map(recording, others)], admin.add_account()
    made = admin.call("POST", f"/v1/accounts/{account['account_id']}/invitations").json()
    once = [*THE_REST, f"#{made['url'].partition('#')[2]}"]
    narrow = [hash_ for hash_ in NEEDS_SIGN_IN.values() if hash_.removeprefix("#/") not in NARROW]
    views, shifts = [*product(once, (1280,)), *product([*narrow, once[-1]], (360,))], {}
    for first in range(0, len(views), len(tabs)):
        shown = [*zip(tabs, views[first:], strict=False)]
        for tab, (view, width) in shown:
            if tab.viewport_size["width"] != width:
                tab.set_viewport_size({"width": width, "height": 720})
            tab.evaluate("(hash) => history.replaceState(null, '', hash)", view)
            reload(tab, BACKWARDS_MS)
        shifts |= {shows: shifts_once_all_is_there(tab) for tab, shows in shown}
    assert all(value < LARGEST_SHIFT for value in shifts.values()), shifts


WITH_A_MARK = ("accounts", "enrollments", "organization", "accounts/acc000005")
"""Views whose mark stands in their head, and one of an account."""


@pytest.mark.parametrize("view", WITH_A_MARK)
def test_nothing_jumps_as_reads_fail_and_come_back(view, admin, opened, answer_with, watch):
    """Nor as somebody adds an account: at 360 px, and at 200 % of 1280."""
    watch.expect_status(503)
    page, shifts = opened, {}
    more = [samples.account(index) for index in range(200)]
    more.append({**samples.account(300), "name": "Account00001b"})

    def outage(route: Route) -> None:
        # Repeated soon, as each GET is.
        route.fulfill(status=503, json=UNAVAILABLE, headers={"retry-after": "0.05"})

    def turn(to: str, change: Callable[[], None]) -> None:
        page.evaluate("window.shifts = 0")
        change()
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.locator("main")).to_contain_text(to)
        page.evaluate(TWO_FRAMES)
        shifts[len(shifts), width, to] = page.evaluate("window.shifts")

    def fail() -> None:
        page.route("**/v1/**", outage)

    def mend() -> None:
        page.unroute("**/v1/**", outage)

    for width, height in ((360, 720), (640, 430)):
        page.set_viewport_size({"width": width, "height": height})
        page.goto(f"{admin.stack.dashboard_url}#/{view}")
        page.reload()
        shifts_once_all_is_there(page)
        turn("Last updated", fail)
        turn("Live", mend)
        if view == "accounts":
            turn("1 new account", lambda: answer_with(page, "/v1/accounts", samples.pages_of(more)))
            turn("Last updated", fail)
            mend()
            answer_with(page, "/v1/accounts", samples.pages_of(more[:-1]))
    assert all(value < LARGEST_SHIFT for value in shifts.values()), shifts


LOGS = samples.issue("log_writing_refused", "Logs cannot be written.", "Allow it.")
CLOSED = samples.issue("revoked", "A person revoked the use of this account.", "Test the account.")
OPEN = samples.issue("confused_deputy", "The role is open.", "Ask for the external ID.")
TEMPLATE = {"version": 1, "current": 2, "outdated": True, "changes": []}
STATES: dict[str, dict[str, Any]] = {
    "Not confirmed yet": {"status": "unconfirmed"},
    "Connected. A test proved it.": {"status": "confirmed", "template": TEMPLATE},
    "Testing…": {"status": "confirmed", "template": TEMPLATE, "testing": True},
    "does not work": {"status": "degraded", "region_health": samples.REGION_HEALTH},
    "Log writing did not work": {"status": "degraded", "write_logs": False, "issues": [LOGS]},
    "Not connected": {"status": "failed"},
    "Blocked for your safety": {"status": "failed", "issues": [OPEN]},
    "Not there yet": {"status": "unconfirmed", "issues": samples.account(4)["issues"]},
    "Revoked": {"status": "unconfirmed", "issues": [CLOSED]},
}
"""By what the overview says then."""


def test_nothing_jumps_as_an_account_changes_by_itself(admin, opened, answer_with, watch):
    """What needs more or less room waits for a press. From each state to the next, and back."""
    watch.expect_status(404)
    page, shifts, path = opened, {}, "/v1/accounts/acc000000"
    newer = page.get_by_role("button", name="Show changes")
    main, turns = page.locator("main"), [*STATES, *reversed(STATES)]

    def turn(state: str, answer: Any) -> None:
        page.evaluate("window.shifts = 0")
        answer_with(page, path, answer)
        page.evaluate("window.dispatchEvent(new Event('online'))")
        until(page, lambda: state in main.text_content(), state)
        page.evaluate(TWO_FRAMES)
        shifts[len(shifts), width, state] = page.evaluate("window.shifts")

    for width in (1280, 640, 360):
        page.set_viewport_size({"width": width, "height": 720})
        answer_with(page, path, samples.account(0, **STATES[turns[0]]))
        page.goto(f"{admin.stack.dashboard_url}#/accounts/acc000000")
        page.reload()
        shifts_once_all_is_there(page)
        for version, state in enumerate(turns[1:]):
            turn(state, samples.account(0, **STATES[state], version=version + 2))
        expect(newer).to_be_hidden()
        turn("does not work", samples.account(0, **STATES["does not work"], version=99))
        expect(page.locator(".issues")).to_have_count(0)
        newer.click()
        expect(page.locator(".issues")).to_contain_text("ec2:StopInstances")
        expect(page.get_by_role("heading", name="Connection")).to_be_focused()
        expect(newer).to_be_hidden()
        page.wait_for_timeout(RECENT_MS)
        turn("Connected. A test", samples.account(0, status="confirmed", version=100))
        expect(page.locator(".issues")).to_contain_text("Found before")
        expect(newer).to_be_visible()
        turn("No such account", samples.problem(404, "No such account"))
    assert {at: value for at, value in shifts.items() if value >= LARGEST_SHIFT} == {}


CAPABLE = ("full", "partial", "none", "unknown")
SIZES = ("100%", "200%")
HEIGHTS = """(sizes) => sizes.map((size) => {
  document.documentElement.style.fontSize = size;
  return [...document.querySelectorAll(".verdict, .capability")].map((it) => it.offsetHeight);
})"""


def test_whatever_is_said_of_an_account_has_the_same_room(admin, opened, answer_with):
    page, path, heights = opened, "/v1/accounts/acc000000", {}
    groups = samples.account(0)["capabilities"]
    states = [
        *STATES.values(),
        *(
            {"status": status, "capabilities": dict.fromkeys(groups, state)}
            for status, state in product(("confirmed", "unconfirmed"), CAPABLE)
        ),
    ]
    for version, state in enumerate(states):
        answer_with(page, path, samples.account(0, **state, name=f"Turn{version}", version=version))
        if version:
            page.evaluate("window.dispatchEvent(new Event('online'))")
        else:
            page.goto(f"{admin.stack.dashboard_url}#/accounts/acc000000")
            page.reload()
        expect(page.get_by_role("heading", name=f"Turn{version}", exact=True)).to_be_visible()
        for width in (360, 480, 640, 1000, 1280):
            page.set_viewport_size({"width": width, "height": 720})
            for size, seen in zip(SIZES, page.evaluate(HEIGHTS, SIZES), strict=True):
                heights.setdefault((width, size), []).append(seen)
    differing = {at: seen for at, seen in heights.items() if any(each != seen[0] for each in seen)}
    assert differing == {}


ONE = "/v1/accounts/acc000000"
DELIVERIES = "/v1/organization/webhook/deliveries"
TRAILS = {
    "accounts/acc000000/interactions": (f"{ONE}/interactions", samples.INTERACTIONS),
    "accounts/acc000000/audit": (f"{ONE}/audit", samples.AUDIT),
    "accounts/acc000000/tests": (f"{ONE}/verifications", HEALTH),
    "organization/audit": ("/v1/audit", samples.AUDIT),
    "organization": (DELIVERIES, samples.DELIVERIES),
}
NAMES = ("interaction_id", "entry_id", "event_id", "verification_id")


@pytest.mark.parametrize("view", TRAILS)
def test_newer_entries_wait_for_a_press_so_that_nothing_jumps(view, admin, opened, answer_with):
    page, (path, entries) = opened, TRAILS[view]
    newer = page.get_by_role("button", name="Show newer")
    rows = page.get_by_role("main").locator(".trail > li, .history > li, .delivery")
    said = page.locator("#announcer")
    key = next(key for key in NAMES if key in entries[0])

    def page_of(request):
        start = 50 if "cursor=" in request.url else 0
        more = "more" if len(kept) > start + 50 else None
        return {"items": kept[start : start + 50], "next_cursor": more}

    def read(*newest: str) -> None:
        kept[:0] = [entries[0] | {key: name} for name in newest]
        with page.expect_response(re.compile(path)):
            page.evaluate("window.dispatchEvent(new Event('online'))")

    answer_with(page, path, page_of)
    for width in (1280, 360):
        kept = list(entries)
        page.set_viewport_size({"width": width, "height": 860})
        page.goto(f"{admin.stack.dashboard_url}#/{view}")
        page.reload()
        shifts_once_all_is_there(page)
        if path == DELIVERIES:
            page.get_by_text("Deliveries", exact=True).click()
            expect(rows).to_have_count(len(entries))
            page.wait_for_timeout(RECENT_MS)
        page.evaluate("window.shifts = 0")
        read("new")
        expect(newer).to_be_visible()
        expect(said).to_have_text("There are newer entries.")
        page.evaluate("document.querySelector('#announcer').textContent = ''")
        read("newer")
        page.evaluate(TWO_FRAMES)
        assert page.evaluate("window.shifts") < LARGEST_SHIFT, width
        expect(rows).to_have_count(len(entries))
        expect(said).to_have_text("")

        newer.click()
        expect(rows).to_have_count(len(entries) + 2)
        expect(rows.first).to_be_focused()
        expect(newer).to_be_hidden()

        if path == DELIVERIES:  # one page
            continue
        # So many that a page has none of those that are shown. Interactions change, so they are
        # read on, to the last of them.
        page.wait_for_timeout(RECENT_MS)
        page.evaluate("window.shifts = 0")
        read(*(f"newest{index}" for index in range(50)))
        expect(newer).to_be_visible()
        page.evaluate(TWO_FRAMES)
        assert page.evaluate("window.shifts") < LARGEST_SHIFT, width
        expect(rows).to_have_count(len(entries) + 2)
        newer.click()
        expect(rows).to_have_count(len(kept) if key == "interaction_id" else 50)
        expect(newer).to_be_hidden()


def test_nothing_jumps_as_the_first_instance_gets_a_note(admin, opened, answer_with):
    page, (first, *rest) = opened, samples.RESOURCES
    noted = first | {"note": "The account's quota of starts is used up. Cavok tries again."}
    shifts = {}
    for width in (1280, 640, 360):
        page.set_viewport_size({"width": width, "height": 860})
        answer_with(page, f"{ONE}/resources", {"items": [first, *rest], "next_cursor": None})
        page.goto(f"{admin.stack.dashboard_url}#/accounts/acc000000/schedules")
        page.reload()
        shifts_once_all_is_there(page)
        page.evaluate("window.shifts = 0")
        answer_with(page, f"{ONE}/resources", {"items": [noted, *rest], "next_cursor": None})
        page.evaluate("window.dispatchEvent(new Event('online'))")
        expect(page.get_by_text(noted["note"])).to_be_visible()
        page.evaluate(TWO_FRAMES)
        shifts[width] = page.evaluate("window.shifts")
    assert all(value < LARGEST_SHIFT for value in shifts.values()), shifts


def test_nothing_jumps_as_the_organization_opens_with_texts_of_twice_the_size(admin, opened):
    page, shifts = opened, {}
    page.add_init_script(
        """document.addEventListener("DOMContentLoaded", () => {
          document.documentElement.style.fontSize = "200%";
        })"""
    )
    for width in (1280, 640, 360):
        page.set_viewport_size({"width": width, "height": 860})
        page.goto(f"{admin.stack.dashboard_url}#/organization")
        shifts[width] = shift(page, BACKWARDS_MS)
    assert all(value < LARGEST_SHIFT for value in shifts.values()), shifts


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_jumps_where_an_account_is_connected_as_its_test_ends(
    width, admin, opened, answer_with
):
    """With something wrong: what that is needs much room."""
    page, tests = opened, "/v1/accounts/acc000003/verifications"
    runs = samples.finished_test(state="running", outcome=None, finished_at=None)

    def answer(test: dict[str, Any]) -> None:
        answer_with(page, tests, {"items": [test], "next_cursor": None})
        answer_with(page, f"{tests}/test1", test)

    answer(runs)
    page.set_viewport_size({"width": width, "height": 860})
    page.goto(f"{admin.stack.dashboard_url}#/accounts/acc000003/connect")
    page.reload()
    page.get_by_role("button", name="Test now").focus()
    page.wait_for_timeout(RECENT_MS)
    page.evaluate("window.shifts = 0")
    answer(samples.finished_test())
    expect(page.get_by_role("heading", name="What is wrong")).to_be_attached()
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("window.shifts") < LARGEST_SHIFT


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_jumps_where_an_account_is_connected_as_others_add_its_instances(
    width, admin, opened, answer_with
):
    page, issues = opened, [samples.FIXABLE, samples.SCOPED]
    answer_with(page, ONE, samples.account(0, status="degraded", issues=issues))
    answer_with(page, f"{ONE}/instances", samples.just_listed(unavailable=[]))
    answer_with(page, f"{ONE}/resources", {"items": [], "next_cursor": None})
    page.set_viewport_size({"width": width, "height": 640})
    page.goto(f"{admin.stack.dashboard_url}#/accounts/acc000000/connect")
    page.reload()
    page.get_by_role("button", name="Add resources").focus()
    shifts_once_all_is_there(page)
    page.wait_for_timeout(RECENT_MS)
    page.evaluate("window.shifts = 0")
    answer_with(page, f"{ONE}/resources", {"items": samples.RESOURCES, "next_cursor": None})
    page.evaluate("window.dispatchEvent(new Event('online'))")
    expect(page.get_by_text("All of them are added.")).to_be_visible()
    expect(page.get_by_role("button", name="Add resources")).to_be_focused()
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("window.shifts") < LARGEST_SHIFT


def test_nothing_jumps_while_a_modal_opens(admin, opened):
    """By a script: for half a second after a press, browsers take each shift as its own."""
    page, shifts = opened, {}
    for name in READ_AS_THEY_OPEN:
        page.evaluate("(view) => { location.hash = view; }", dict(MODALS)[name])
        page.reload()
        shifts_once_all_is_there(page)
        delay = {"waits": [COVERED_MS]}
        page.evaluate("(delay) => sessionStorage.setItem('delay', JSON.stringify(delay))", delay)
        page.evaluate("window.shifts = 0")
        page.get_by_role("button", name=name, exact=True).evaluate("button => button.click()")
        page.get_by_role("dialog").wait_for()
        shifts[name] = shifts_once_all_is_there(page)
        page.evaluate("sessionStorage.removeItem('delay')")
    assert all(value < LARGEST_SHIFT for value in shifts.values()), shifts
