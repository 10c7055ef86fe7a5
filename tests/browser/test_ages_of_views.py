"""What a view reads itself, beside its account: read again, and no older than is said."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import wait_until_loaded
from tests.support.page import samples
from tests.support.page.waiting import (
    HeldRequests,
    pass_time,
    pass_time_until,
    stop_the_clock,
    until,
)

NEW_ENTRY = samples.AUDIT[1] | {"entry_id": "new", "detail": "Name: A → B"}
BUSY = samples.INTERACTIONS[0] | {"interaction_id": "new", "detail": "It was parked."}
TESTED = samples.finished_test("test2", trigger="scheduled", started_at="2026-01-06T10:00:00Z")
ONE, OURS = "/v1/accounts/acc000000", "/v1/organization"
ACCOUNT, ORGANIZATION = "#/accounts/acc000000", "#/organization"
READ_BY_VIEWS = [
    (ACCOUNT, f"{ONE}/usage", samples.USAGE, samples.USAGE | {"used": 843}, "843 of 1,000"),
    (
        f"{ACCOUNT}/interactions",
        f"{ONE}/interactions",
        samples.INTERACTIONS,
        BUSY,
        "It was parked.",
    ),
    (f"{ACCOUNT}/audit", f"{ONE}/audit", samples.AUDIT, NEW_ENTRY, "Name: A → B"),
    (f"{ACCOUNT}/tests", f"{ONE}/verifications", [samples.finished_test()], TESTED, "on schedule"),
    (
        f"{ACCOUNT}/schedules",
        f"{ONE}/resources",
        samples.RESOURCES[1:],
        samples.RESOURCES[0],
        "web1",
    ),
    (f"{ORGANIZATION}/audit", "/v1/audit", samples.AUDIT, NEW_ENTRY, "Name: A → B"),
    (
        ORGANIZATION,
        OURS,
        samples.organization([]),
        samples.organization([samples.account(0)]),
        "1 in all",
    ),
    (
        ORGANIZATION,
        f"{OURS}/usage",
        samples.usage_of([]),
        samples.usage_of([samples.account(5)]),
        "00005",
    ),
    (
        ORGANIZATION,
        f"{OURS}/webhook",
        samples.WEBHOOK,
        samples.WEBHOOK | {"updated_by": "them"},
        "by them",
    ),
]
"""What views read themselves: where, from which path, what is there, what comes, and its words."""


@pytest.mark.parametrize(("view", "path", "before", "after", "said"), READ_BY_VIEWS)
def test_it_is_read_again_and_counts_for_the_age_that_is_said(
    admin, answer_with, answer_everything, view, path, before, after, said
):
    page = admin.page
    is_list = isinstance(before, list)
    there: list[Any] = [{"items": before, "next_cursor": None} if is_list else before]
    answer_everything(page, [samples.account(0)])
    answer_with(page, path, lambda _: there[0])
    stop_the_clock(page)
    admin.go(view)
    mark = page.locator(".freshness")
    main = page.get_by_role("main")
    # As soon as it was read: a tick, which would make it live anyway, does not come.
    expect(mark).to_have_text("Live")
    expect(page.locator(".skeleton, [aria-busy=true]")).to_have_count(0)
    expect(main).not_to_contain_text(said)
    there[0] = {"items": [after, *before], "next_cursor": None} if is_list else after
    page.clock.run_for(31_000)
    if view.endswith(("/audit", "/interactions", "/tests")):
        page.get_by_role("button", name="Show newer").click()
    expect(main).to_contain_text(said)
    # Only the age tells: the account is read as ever, and this request is answered no more.
    page.route(re.compile(rf"{path}(\?|$)"), lambda _: None)
    for _ in range(16):
        page.clock.fast_forward("00:05")
        page.wait_for_timeout(20)
    expect(mark).to_contain_text("Last updated 10:0")
    expect(main).to_contain_text(said)


@pytest.mark.parametrize(
    ("view", "path"),
    [
        (ACCOUNT, f"{ONE}/usage"),
        (f"{ACCOUNT}/tests/test1", f"{ONE}/verifications/test1"),
        ("#/accounts", "/v1/accounts"),
    ],
)
def test_while_one_part_fails_the_mark_stays_however_often_another_is_read(
    admin, answer_with, answer_everything, watch, view, path
):
    watch.expect_status(500)
    page, broken = admin.page, [False]
    # Under test, so that the account is read every two seconds.
    answer_everything(page, [samples.account(0, testing=True)])
    failed = answer_with(page, path, lambda _: samples.BROKEN if broken[0] else None)
    stop_the_clock(page)
    admin.go(view)
    mark = page.locator(".freshness")

    def is_live() -> bool:
        return mark.all_text_contents() == ["Live"]

    pass_time_until(page, is_live, "all of it is read")
    broken[0] = True
    before = len(failed)
    # Three times the same request.
    pass_time_until(page, lambda: len(failed) >= before + 3, "it has failed")
    expect(mark).not_to_have_text("Live")
    # By its age alone it would be late only after these.
    for _ in range(8):
        pass_time(page, 1)
        assert not is_live()
    broken[0] = False
    pass_time_until(page, is_live, "it is read again")


PARTS = [
    *((view, path) for view, path, *_ in READ_BY_VIEWS),
    ("#/accounts", "/v1/accounts"),
    (ACCOUNT, ONE),
    (f"{ACCOUNT}/instructions", f"{ONE}/instructions"),
    (f"{ACCOUNT}/tests/test1", f"{ONE}/verifications/test1"),
    (f"{ACCOUNT}/tests/test1/since/test0", f"{ONE}/verifications/test0"),
    (f"{ACCOUNT}/least-privilege", f"{ONE}/least-privilege"),
    ("#/access-details", "/v1/permissions"),
]
"""All that a view asks for when it opens, and shows a problem instead of."""


@pytest.mark.parametrize(("view", "path"), PARTS)
def test_what_could_not_be_read_is_missed_and_tried_again_by_itself(
    admin, answer_with, answer_everything, watch, view, path
):
    # An error of which the store thinks that it says nothing of the whole.
    watch.expect_status(422)
    refused = samples.problem(422, "The account is not connected.", errors=[])
    page = admin.page
    mark = page.locator(".freshness")
    broken = [True]
    page.clock.install()
    page.goto("about:blank")
    answer_everything(page, [samples.account(0)])
    answer_with(page, path, lambda _: refused if broken[0] else None)
    admin.go(view)
    alert = page.get_by_role("main").get_by_role("alert")
    page.clock.run_for(5_000)
    expect(alert).to_be_visible()
    # Other parts of the view are read, and well.
    for _ in range(20):
        page.clock.run_for(1_000)
        assert (mark.text_content() if mark.count() else "") != "Live"
    expect(alert).to_be_visible()
    broken[0] = False
    for _ in range(8):
        page.clock.run_for(5_000)
        page.wait_for_timeout(20)
    expect(alert).to_have_count(0)
    list_again(page)
    if mark.count():
        expect(mark).to_have_text("Live")


def list_again(page: Page) -> None:
    """Instances are as old as their listing, which is not made again by itself."""
    refresh = page.get_by_role("button", name="Refresh", exact=True)
    if refresh.count():
        refresh.click()


@pytest.mark.parametrize("path", [f"{ONE}/resources", f"{ONE}/interactions"])
def test_what_instances_show_beside_aws_is_missed_too(
    admin, answer_with, answer_everything, watch, path
):
    watch.expect_status(500)
    page, broken = admin.page, [True]
    answer_everything(page, [samples.account(0)])
    answer_with(page, path, lambda _: samples.BROKEN if broken[0] else None)
    page.clock.install()
    page.goto("about:blank")
    admin.go(f"{ACCOUNT}/instances")
    expect(page.locator(".instance")).to_have_count(3)
    page.clock.run_for(5_000)
    expect(page.locator(".freshness")).to_contain_text("Incomplete. Last updated")
    broken[0] = False
    for _ in range(8):
        page.clock.run_for(5_000)
        page.wait_for_timeout(20)
    expect(page.locator(".freshness")).to_contain_text("Last updated")
    list_again(page)
    expect(page.locator(".freshness")).to_have_text("Live")
    expect(page.locator(".instance-note").first).to_be_visible()


def test_instances_that_could_not_be_listed_are_missed_and_cost_nothing_more(
    admin, answer_with, answer_everything, watch
):
    watch.expect_status(422)
    page = admin.page
    answer_everything(page, [samples.account(0)])
    refused = samples.problem(422, "The account is not connected.", errors=[])
    listed = answer_with(page, f"{ONE}/instances", refused)
    stop_the_clock(page)
    admin.go(f"{ACCOUNT}/instances")
    expect(page.get_by_role("main").get_by_role("alert")).to_be_visible()
    expect(page.locator(".freshness")).to_contain_text("Incomplete. Last updated")
    pass_time(page, 70)
    assert len(listed) == 1


def test_of_answers_out_of_order_the_last_asked_for_holds(admin, answer_with, answer_everything):
    page, path = admin.page, f"{ONE}/resources"
    answer_everything(page, [samples.account(0)])
    answer_with(page, f"{path}/res3", samples.RESOURCES[2])
    answer_with(page, f"{path}/res3", (204, None), method="DELETE")
    page.clock.install(time="2026-01-05T10:00:00Z")
    page.goto("about:blank")
    admin.go(f"{ACCOUNT}/schedules")
    expect(page.locator(".resource")).to_have_count(3)
    late = re.compile(f"{path}$")
    held = HeldRequests(page, late)
    page.clock.run_for(31_000)
    older = held.first()
    page.unroute(late)
    answer_with(page, path, {"items": samples.RESOURCES[:2], "next_cursor": None})
    page.get_by_role("button", name="Release ledger").click()
    page.get_by_role("dialog").get_by_role("button", name="Release").click()
    expect(page.locator(".resource")).to_have_count(2)
    with page.expect_response(late):
        older.fulfill(json={"items": samples.RESOURCES, "next_cursor": None})
    page.wait_for_timeout(200)
    expect(page.locator(".resource")).to_have_count(2)


def test_a_refresh_of_instances_lasts_until_all_of_it_is_read(
    admin, answer_with, answer_everything, watch
):
    watch.expect_status(422)
    page, path = admin.page, f"{ONE}/instances"
    answer_everything(page, [samples.account(0)])
    page.clock.install()
    page.goto("about:blank")
    admin.go(f"{ACCOUNT}/instances")
    expect(page.locator(".instance")).to_have_count(3)
    held = HeldRequests(page, re.compile(f"{path}\\?"))
    refused = answer_with(page, f"{ONE}/interactions", samples.problem(422, "Not now."))
    refresh = page.get_by_role("button", name="Refresh", exact=True)
    with page.expect_response(re.compile(f"{ONE}/interactions")):
        refresh.click()
    listing = held.first()
    page.wait_for_timeout(200)
    expect(refresh).to_have_attribute("aria-busy", "true")
    refresh.click()
    assert [len(held), len(refused)] == [1, 1]
    listing.fulfill(json=samples.INSTANCES)
    expect(page.locator("#toasts")).to_contain_text("Not now.")
    expect(refresh).not_to_have_attribute("aria-busy", "true")


def test_of_listings_of_instances_the_last_asked_for_holds(admin, answer_with, answer_everything):
    page, path = admin.page, f"{ONE}/instances"
    web = samples.INSTANCES["items"][0]
    stop = samples.INTERACTIONS[0] | {
        **{name: web[name] for name in ("kind", "instance_id", "region")},
        "action": "stop",
        "result": "pending",
        "state": None,
    }
    acts, reads = [stop], []

    def of_acts(request):
        reads.append(request)
        return {"items": acts, "next_cursor": None}

    answer_everything(page, [samples.account(0)])
    answer_with(page, f"{ONE}/interactions", of_acts)
    stop_the_clock(page)
    admin.go(f"{ACCOUNT}/instances")
    expect(page.locator(".instance")).to_have_count(3)
    until(page, lambda: len(reads) == 1, "a read of starts and stops")
    asked = re.compile(f"{path}\\?")
    held = HeldRequests(page, asked)
    page.get_by_role("button", name="Refresh", exact=True).click()
    older = held.first()
    # The refresh reads them, too. There is no result yet.
    until(page, lambda: len(reads) == 2, "another read of starts and stops")
    page.unroute(asked)
    # The result is found, so that AWS is asked again.
    answer_with(page, path, samples.INSTANCES | {"items": [web]})
    acts[0] = stop | {"result": "reached", "state": "stopped"}
    pass_time_until(page, lambda: len(reads) > 2, "a read of the result")
    expect(page.locator(".instance")).to_have_count(1)
    with page.expect_response(asked):
        older.fulfill(json=samples.INSTANCES)
    page.wait_for_timeout(200)
    expect(page.locator(".instance")).to_have_count(1)


def test_a_refusal_of_aws_stays_as_it_is_while_one_copies_it(admin, answer_everything):
    page = admin.page
    answer_everything(page, [samples.account(0)])
    page.clock.install()
    page.goto("about:blank")
    admin.go("#/accounts/acc000000/instances")
    refusal = page.locator(".notice li").first
    expect(refusal).to_be_visible()
    refusal.evaluate("(it) => getSelection().selectAllChildren(it)")
    with page.expect_response(f"**{ONE}/interactions*"):
        page.clock.run_for(31_000)
    page.wait_for_timeout(100)
    assert page.evaluate("getSelection().toString()") == refusal.inner_text()


def test_a_problem_of_a_reload_is_over_with_the_next_read(
    admin, answer_with, answer_everything, watch
):
    watch.expect_status(503)
    page, broken = admin.page, [False]
    unavailable = (503, {"message": "Service Unavailable"})
    answer_everything(page, [samples.account(0)])
    answer_with(page, f"{ONE}/least-privilege", lambda _: unavailable if broken[0] else None)
    page.clock.install(time="2026-01-05T10:00:00Z")
    page.goto("about:blank")
    admin.go(f"{ACCOUNT}/least-privilege")
    evaluated = page.get_by_text(re.compile("^Evaluated "))
    alert = page.get_by_role("main").get_by_role("alert")
    expect(evaluated).to_be_visible()
    broken[0] = True
    page.get_by_role("button", name="Evaluate again").click()
    for _ in range(8):
        page.clock.run_for(1_000)
        page.wait_for_timeout(20)
    expect(alert).to_be_visible()
    broken[0] = False
    page.clock.run_for(62_000)
    expect(alert).to_have_count(0)
    expect(evaluated).to_be_visible()


def test_usage_beyond_the_first_page_is_read_again_too(admin, answer_with):
    page, used = admin.page, [5]

    def usage(request: Any) -> Any:
        body = samples.usage_of([samples.account(index) for index in range(4)])
        if "cursor=more" not in request.url:
            return body
        row = body["items"][0] | {"account_id": "last", "name": "Last", "billable": 0}
        more = row | {"used": used[0], "remaining": 1000 - used[0]}
        return body | {"items": [more], "next_cursor": None}

    answer_with(page, f"{OURS}/usage", usage)
    page.clock.install(time="2026-01-05T10:00:00Z")
    page.goto("about:blank")
    admin.go(ORGANIZATION)
    page.get_by_role("button", name="Show more").click()
    expect(page.get_by_text("5 of 1,000")).to_be_visible()
    used[0] = 77
    page.clock.run_for(31_000)
    expect(page.get_by_text("77 of 1,000")).to_be_visible()
    expect(page.locator(".usage-row")).to_have_count(6)


def test_a_history_that_is_read_again_leaves_the_focus(admin, answer_everything):
    page = admin.page
    answer_everything(page, [samples.account(0)])
    page.clock.install(time="2026-01-05T10:00:00Z")
    page.goto("about:blank")
    admin.go(f"{ACCOUNT}/tests")
    changed = page.get_by_role("link", name=re.compile("What changed")).first
    changed.focus()
    with page.expect_response(re.compile(r"/verifications\?")):
        page.clock.run_for(31_000)
    page.wait_for_timeout(200)
    expect(changed).to_be_focused()


def test_what_another_started_is_followed(admin, answer_with, answer_everything):
    page, path = admin.page, f"{ONE}/interactions"
    answer_everything(page, [samples.account(0)])
    there = [samples.INTERACTIONS[0] | {"result": "pending", "state": None}]
    answer_with(page, path, lambda _: {"items": there, "next_cursor": None})
    listed = answer_with(page, f"{ONE}/instances", samples.INSTANCES)
    stop_the_clock(page)
    admin.go(f"{ACCOUNT}/instances")
    expect(page.locator(".followed-pending")).to_be_visible()
    there[0] = samples.INTERACTIONS[0]
    page.clock.run_for(10_000)
    expect(page.locator(".followed-reached")).to_be_visible()
    until(page, lambda: len(listed) == 2, "instances are listed again")
    pass_time(page, 60)
    assert len(listed) == 2


def test_schedules_beside_instances_count_for_the_age_that_is_said(admin, answer_everything):
    page = admin.page
    answer_everything(page, [samples.account(0)])
    page.clock.install(time="2026-01-05T10:00:00Z")
    page.goto("about:blank")
    admin.go(f"{ACCOUNT}/instances")
    expect(page.locator(".instance")).to_have_count(3)
    expect(page.locator(".freshness")).to_have_text("Live")
    page.route(re.compile(r"/resources$"), lambda _: None)
    for _ in range(16):
        page.clock.fast_forward("00:05")
        page.wait_for_timeout(20)
    expect(page.locator(".freshness")).to_contain_text("Last updated")


# Where the parts of a view's head, and what follows, stand with each text of its mark.
PLACES = """(texts) => {
  const mark = document.querySelector(".freshness");
  return texts.map(([state, text]) => {
    mark.className = `freshness freshness-${state}`;
    mark.querySelector("span").textContent = text;
    const head = mark.closest(".page-head, .crumb");
    const parts = [...head.querySelectorAll("h1, a, button, .arrived"), head, head.nextSibling];
    return parts.map((part) => part.getBoundingClientRect()).map(({ x, y }) => [x, y]).join(" ");
  });
}"""
SAYS = [
    ("live", ""),
    ("live", "Live"),
    ("late", "Last updated 14:02"),
    ("offline", "Offline. Last updated 14:02"),
    ("incomplete", "Incomplete. Last updated 26 Sept 2026, 14:02"),
]


@pytest.mark.parametrize("size", [100, 200])
@pytest.mark.parametrize("view", ["#/accounts", ACCOUNT, "#/problems", "#/organization/audit"])
def test_whatever_the_mark_says_nothing_moves_at_any_width(admin, answer_everything, view, size):
    page = admin.page
    answer_everything(page)
    admin.go(view)
    wait_until_loaded(page)
    page.evaluate("size => { document.documentElement.style.fontSize = `${size}%`; }", size)
    moved = []
    for width in range(360, 1281, 20):
        page.set_viewport_size({"width": width, "height": 800})
        if len(set(page.evaluate(PLACES, SAYS))) > 1:
            moved.append(width)
    assert moved == []
