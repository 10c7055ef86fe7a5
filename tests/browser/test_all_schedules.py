"""The schedules of all accounts: what stops tonight and starts tomorrow, with few and with many
accounts.
"""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.support.page import measures, samples
from tests.support.page.waiting import HeldRequests, until

RESOURCES = "/v1/resources"
NOW = "2026-01-08T12:00:00Z"
"""A Thursday."""

OFFICE = {
    "time_zone": "UTC",
    "windows": [
        {"days": ["mon", "tue", "wed", "thu", "fri"], "start": "08:00", "stop": "20:00"},
    ],
}
STOP = {"action": "stop", "at": "2026-01-08T20:00:00Z"}
PAGE = 100


def a_resource(index: int, **changes: Any) -> dict[str, Any]:
    """An instance of its own account, which stops at eight."""
    account = samples.account(index, status="confirmed")
    schedule: dict[str, Any] = {
        "resource_id": f"res{index:05}",
        "name": f"web{index}",
        "schedule": OFFICE,
        "next_action": STOP,
        "note": None,
    }
    return samples.listed(samples.RESOURCES[0] | schedule | changes, account)


def pages_of(resources: list[dict[str, Any]]) -> Any:
    """What the API answers, page by page, without other filters than the account."""

    def reply(request: Any) -> dict[str, Any]:
        query = parse_qs(urlsplit(request.url).query)
        start, wanted = int(query.get("cursor", ["0"])[0]), query.get("account_id")
        found = [one for one in resources if not wanted or one["account_id"] == wanted[0]]
        more = start + PAGE < len(found)
        return {
            "items": found[start : start + PAGE],
            "next_cursor": str(start + PAGE) if more else None,
        }

    return reply


def part(page: Page, name: str) -> Locator:
    return page.get_by_role("region", name=name, exact=True)


@pytest.fixture
def admin(admin):
    """On a Thursday at noon."""
    admin.page.clock.install(time=NOW)
    return admin


def test_what_stops_tonight_and_starts_tomorrow_is_told_by_account(page, admin, answer_with):
    resting = a_resource(2) | {"account_status": "failed"}
    unscheduled = a_resource(3, schedule=None, next_action=None)
    answer_with(
        page, RESOURCES, {"items": [a_resource(1), resting, unscheduled], "next_cursor": None}
    )
    admin.go("#/schedules")

    expect(page.get_by_role("link", name="Schedules")).to_have_attribute("aria-current", "page")
    expect(page.get_by_role("heading", level=2)).to_have_text(
        ["Tonight", "Tomorrow", "Tomorrow night", "Without a schedule"]
    )
    tonight = part(page, "Tonight")
    expect(tonight).to_contain_text("1 stops · 1 rests, because its account is not connected")
    row = tonight.get_by_role("listitem").filter(has_text="web1")
    expect(row).to_contain_text("in UTC")
    expect(row).to_contain_text("Stops web1")
    expect(part(page, "Tomorrow").get_by_role("listitem").first).to_contain_text("Starts web1")
    expect(tonight).to_contain_text("not connected: nothing happens")
    free = part(page, "Without a schedule").get_by_role("listitem")
    expect(free).to_have_count(1)
    expect(free).to_contain_text(f"web3 {samples.RESOURCES[0]['instance_id']} · EC2 · us-east-1")
    account = row.get_by_role("link", name="Account00001")
    expect(account).to_have_attribute("href", "#/accounts/acc000001/schedules")
    assert_accessible(page)


@pytest.mark.in_firefox
@pytest.mark.parametrize(
    ("status", "count"), [("confirmed", 60), ("confirmed", 20), ("failed", 60)]
)
def test_the_name_of_an_instance_leads_to_its_row_in_its_account(
    page, admin, answer_with, status, count
):
    """Of a connected account to what can be done to it, otherwise to its schedule."""
    account = samples.account(0, status=status)
    web = samples.RESOURCES[0] | {"next_action": STOP}
    there = [
        web | {"resource_id": f"res{at}", "instance_id": f"i-{at}", "name": f"web{at}"}
        for at in range(count)
    ]
    name = f"web{count - 20 or 19}"
    instances = [
        {key: each[key] for key in ("kind", "instance_id", "name", "region")}
        | {"state": "running", "type": "t3.micro"}
        for each in there
    ]
    one = "/v1/accounts/acc000000"
    answer_with(page, f"{one}/resources", {"items": there, "next_cursor": None})
    answer_with(page, f"{one}/interactions", {"items": [], "next_cursor": None})
    listing = samples.just_listed(items=instances, unavailable=[])
    answer_with(page, f"{one}/instances", listing)
    answer_with(page, one, account)
    everything = {"items": [samples.listed(there[int(name[3:])], account)], "next_cursor": None}
    answer_with(page, RESOURCES, everything)
    admin.go("#/schedules")
    part(page, "Tonight").get_by_role("link", name=name, exact=True).press("Enter")

    page.get_by_role("heading", name=account["name"], level=1).wait_for()
    row = page.get_by_role("listitem").filter(has_text=name)
    expect(row).to_be_focused()
    expect(row).to_be_in_viewport()
    does = f"Stop {name}" if status == "confirmed" else f"Change the schedule of {name}"
    page.keyboard.press("Tab")
    expect(page.get_by_role("button", name=does)).to_be_focused()


GONE = "The instance that you came for is not in this list."


@pytest.mark.in_firefox
def test_an_instance_that_is_not_there_any_more_is_said(page, admin, answer_with):
    """Not while it may be where AWS could not list."""
    one = "/v1/accounts/acc000000"
    part, whole = samples.just_listed(), samples.just_listed(unavailable=[])
    new = whole["items"][0] | {"instance_id": "i-new", "name": "new"}
    listings = [part, part, whole, whole | {"items": [*whole["items"], new]}]
    answer_with(page, f"{one}/resources", {"items": [], "next_cursor": None})
    answer_with(page, f"{one}/interactions", {"items": [], "next_cursor": None})
    answer_with(page, f"{one}/instances", lambda _: listings.pop(0))
    answer_with(page, one, samples.account(0))
    where = "%2F".join(part["unavailable"][0][name] for name in ("kind", "region"))
    admin.go(f"#/accounts/acc000000/instances?row={where}%2Fgone")
    expect(page.get_by_text("Some could not be listed:")).to_be_visible()
    expect(page.get_by_text(GONE)).to_have_count(0)
    admin.go("#/accounts/acc000000/instances?row=ec2%2Fus-east-1%2Fi-gone")
    expect(page.get_by_text(GONE)).to_be_visible()
    assert_accessible(page)
    admin.go(f"#/accounts/acc000000/instances?row={where}%2Fgone")
    expect(page.get_by_text(GONE)).to_be_visible()
    # What came since the last look is looked for.
    key = "%2F".join(new[name] for name in ("kind", "region", "instance_id"))
    admin.go(f"#/accounts/acc000000/instances?row={key}")
    expect(page.locator(".instance:focus")).to_contain_text("new")
    expect(page.get_by_text(GONE)).to_have_count(0)


def test_a_schedule_that_is_not_there_any_more_is_said(page, admin, answer_with):
    """Not if its page comes last."""
    one = "/v1/accounts/acc000000"
    first, last = (samples.RESOURCES[0] | {"resource_id": key} for key in ("first", "last"))
    pages = {
        True: {"items": [first], "next_cursor": "more"},
        False: {"items": [last], "next_cursor": None},
    }
    answer_with(page, f"{one}/resources", lambda request: pages["cursor=" not in request.url])
    answer_with(page, one, samples.account(0, status="failed"))
    admin.go("#/accounts/acc000000/schedules?row=last")
    expect(page.locator("[data-key=last]")).to_be_focused()
    expect(page.get_by_text(GONE)).to_have_count(0)
    admin.go("#/accounts/acc000000/schedules?row=gone")
    expect(page.get_by_text(GONE)).to_be_visible()


@pytest.mark.in_firefox
def test_a_keyboard_chooses_what_is_shown_and_the_address_keeps_it(page, admin, answer_with):
    asked = answer_with(page, RESOURCES, pages_of([a_resource(1), a_resource(2)]))
    admin.go("#/schedules")
    wait_until_loaded(page)

    happens = page.get_by_label("What happens")
    happens.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("heading", level=2)).to_have_text(["Tomorrow"])
    expect(happens).to_be_focused()
    expect(happens).to_have_value("start")
    only = page.get_by_role("button", name="Only this account: Account00002")
    only.press("Enter")
    expect(page.get_by_role("listitem").filter(has_text="web1")).to_have_count(0)
    expect(page).to_have_url(re.compile(r"#/schedules\?action=start&account_id=acc000002$"))
    assert "account_id=acc000002" in asked[-1].url
    expect(page.get_by_text("Schedules of Account00002 are shown.")).to_be_visible()

    page.reload()
    expect(page.get_by_role("heading", level=2)).to_have_text(["Tomorrow"])
    expect(page.get_by_label("What happens")).to_have_value("start")
    expect(part(page, "Tomorrow")).to_contain_text("web2")
    page.get_by_role("button", name="Show all accounts").press("Enter")
    expect(part(page, "Tomorrow")).to_contain_text("web1")


def test_a_keyboard_gets_to_each_region_while_those_in_use_become_known(page, admin, answer_with):
    """They come first, but not under whoever goes through them."""
    there = [a_resource(index, region="us-east-1") for index in range(PAGE)]
    others = [
        a_resource(PAGE + index, region=region)
        for index, region in enumerate(["eu-west-1", "ap-south-1", "sa-east-1"])
    ]

    def reply(request: Any) -> dict[str, Any]:
        wanted = parse_qs(urlsplit(request.url).query).get("region")
        found = [one for one in there + others if not wanted or one["region"] == wanted[0]]
        return {"items": found[:PAGE], "next_cursor": None if wanted else "1"}

    answer_with(page, RESOURCES, reply)
    admin.go("#/schedules")
    wait_until_loaded(page)
    region = page.get_by_label("Region")
    region.focus()
    offered = region.locator("option").evaluate_all("all => all.map(({ value }) => value)")
    reached = []
    for _ in offered[1:]:
        page.keyboard.press("ArrowDown")
        reached.append(region.input_value())
        wait_until_loaded(page)
    assert reached == offered[1:]
    # Once the reader is elsewhere, they are at the top.
    page.get_by_label("What happens").focus()
    used = ["ap-south-1", "eu-west-1", "sa-east-1", "us-east-1"]
    expect(region.locator("option").nth(4)).to_have_text(used[-1])
    assert region.locator("option").all_inner_texts()[1:5] == used


def test_a_name_in_another_direction_turns_nothing_round_beside_it(page, admin, answer_with):
    names = ["\u05e9\u05e8\u05ea", "\u202egnp", "web"]
    answer_with(
        page,
        RESOURCES,
        pages_of(
            [
                a_resource(1, name=name, instance_id=f"i-{index}", resource_id=f"res{index}")
                for index, name in enumerate(names)
            ]
        ),
    )
    admin.go("#/schedules")
    wait_until_loaded(page)
    lefts = {
        name: part(page, "Tonight").get_by_role("link", name=name).first.bounding_box()["x"]
        for name in names
    }
    shown = part(page, "Tonight").locator(".trail-what").first.get_by_role("link").all_inner_texts()
    assert [lefts[name] for name in shown] == sorted(lefts.values())
    where = part(page, "Tonight").locator(".trail-what .muted").first.bounding_box()["x"]
    assert where > max(lefts.values())


@pytest.mark.parametrize(("count", "presses"), [(1, 0), (10, 0), (300, 2), (10_000, 3)])
def test_a_fleet_comes_a_page_at_a_time(page, admin, answer_with, count, presses):
    page.evaluate(f"() => {{ {measures.RECORD_TASKS} }}")
    answer_with(page, RESOURCES, pages_of([a_resource(index) for index in range(count)]))
    admin.go("#/schedules")
    rows = part(page, "Tonight").get_by_role("listitem")
    expect(rows).to_have_count(min(count, PAGE))

    more = page.get_by_role("button", name="Look at more instances")
    for pressed in range(presses):
        loaded = min(count, PAGE * 2 ** (pressed + 1))
        more.click()
        expect(part(page, "Tonight")).to_contain_text(re.compile(rf"^Tonight{loaded} stop"))
    # Of a part, as many as make a long list; the count says all.
    expect(rows).to_have_count(min(count, PAGE))
    expect(more).to_have_count(0 if count <= 300 else 1)
    # As long as instances are left, only turns up to their next one are certainly all.
    expect(part(page, "Tomorrow")).to_have_count(1 if count <= 300 else 0)
    so_far = part(page, "Tonight").get_by_text(re.compile("^[0-9,]+ stops?( so far)?$"))
    expect(so_far).to_have_text("800 stop so far" if count > 300 else re.compile("stops?$"))
    if count > PAGE:
        show = page.get_by_role("button", name="Show 100 more: Tonight", exact=True)
        show.press("Enter")
        expect(rows).to_have_count(2 * PAGE)
        expect(show).to_be_focused()
    work = page.evaluate("window.work")
    assert work["nodes"] < 1_000, work


def test_the_last_rows_of_a_part_get_the_focus_from_the_button_that_showed_them(
    page, admin, answer_with
):
    answer_with(page, RESOURCES, pages_of([a_resource(index) for index in range(PAGE + 20)]))
    admin.go("#/schedules")
    page.get_by_role("button", name="Look at more instances").click()
    rows = part(page, "Tonight").get_by_role("listitem")
    part(page, "Tonight").get_by_role("button", name="Show 20 more").press("Enter")
    expect(rows).to_have_count(PAGE + 20)
    expect(rows.nth(PAGE)).to_be_focused()
    expect(part(page, "Tonight").get_by_role("button", name="Show")).to_have_count(0)

    page.get_by_role("link", name="Problems").click()
    page.go_back()
    expect(rows).to_have_count(PAGE + 20)


@pytest.mark.parametrize("width", [1280, 360])
def test_rows_that_the_browser_skips_move_nothing(page, admin, answer_with, width):
    there = [a_resource(index) for index in range(PAGE)]
    answer_with(page, RESOURCES, pages_of(there))
    page.add_init_script(measures.RECORD_SHIFTS)
    page.set_viewport_size({"width": width, "height": 860})
    admin.go("#/schedules")
    page.reload()
    wait_until_loaded(page)
    expect(part(page, "Tonight").get_by_role("listitem")).to_have_count(PAGE)
    answer_with(page, RESOURCES, pages_of([{**one, "region": "eu-west-1"} for one in there]))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(part(page, "Tonight").get_by_text("eu-west-1")).to_have_count(PAGE)
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifts") < 0.01


@pytest.mark.parametrize("width", [360, 640])
def test_it_fits_a_narrow_screen_and_one_of_twice_the_size(page, admin, answer_with, width):
    """A screen of 1280 px at 200 % is 640 px wide."""
    long = a_resource(1, name="a-name-of-an-instance-that-is-as-long-as-names-may-be" * 3)
    answer_with(page, RESOURCES, {"items": [long], "next_cursor": None})
    page.set_viewport_size({"width": width, "height": 740})
    admin.go("#/schedules")

    expect(part(page, "Tonight")).to_be_visible()
    assert_fits(page)


def test_a_viewer_sees_them_too(viewer, answer_with):
    viewer.page.clock.install(time=NOW)
    answer_with(viewer.page, RESOURCES, {"items": [a_resource(1)], "next_cursor": None})
    viewer.go("#/schedules")

    expect(part(viewer.page, "Tonight")).to_contain_text("web1")


def test_spaces_around_what_is_searched_hide_nothing(page, admin, answer_with):
    answer_with(page, RESOURCES, pages_of([a_resource(1), a_resource(2)]))
    admin.go("#/schedules?q=%20%20")
    rows = part(page, "Tonight").get_by_role("listitem")
    expect(rows).to_have_count(2)
    search = page.get_by_label("Search instances")
    for typed in ("web1 ", " web1", "4000-0000-0001"):
        search.fill(typed)
        page.clock.run_for(300)
        expect(rows).to_have_count(1)
    search.fill("   ")
    page.clock.run_for(300)
    expect(rows).to_have_count(2)


@pytest.mark.parametrize("width", [1280, 360])
def test_search_all_says_how_far_it_is_and_can_be_stopped(page, admin, answer_with, width):
    """Nothing moves meanwhile. What was read stays, and the next press reads on from there."""
    page.add_init_script(measures.RECORD_SHIFTS)
    page.set_viewport_size({"width": width, "height": 860})
    asked = answer_with(page, RESOURCES, pages_of([a_resource(index) for index in range(1_200)]))
    admin.go("#/schedules?q=web1")
    page.reload()
    rows = part(page, "Tonight").get_by_role("listitem")
    expect(rows).to_have_count(11)
    at_ends = re.compile(r"/v1/resources\?.*cursor=1?100(&|$)")
    held = HeldRequests(page, at_ends)
    # With a pointer, which nothing else may catch.
    page.get_by_role("button", name="Search all").click()
    expect(page.get_by_role("button", name="Stop · 100 read")).to_be_focused()
    # Half a second after a press, what moves is no answer to it.
    page.wait_for_timeout(600)
    held.first().fallback()
    stop = page.get_by_role("button", name="Stop · 1,100 read")
    expect(stop).to_be_focused()
    page.wait_for_timeout(100)
    assert page.evaluate("window.shifts") < 0.01
    stop.press("Enter")
    expect(page.get_by_text("Only 1,100 instances are searched so far.")).to_be_visible()
    expect(page.get_by_role("button", name="Search all")).to_be_focused()
    expect(part(page, "Tonight")).to_contain_text("211 stop so far")
    page.unroute(at_ends)

    before = len(asked)
    page.get_by_role("button", name="Search all").press("Enter")
    expect(page.get_by_text("All 1,200 instances are searched.")).to_be_visible()
    assert len(asked) - before == 1


@pytest.mark.parametrize("how", ["emptied", "left"])
def test_search_all_ends_with_its_search_and_what_it_has_read_stays(page, admin, answer_with, how):
    asked = answer_with(page, RESOURCES, pages_of([a_resource(index) for index in range(1_200)]))
    admin.go("#/schedules?q=web1")
    at_middle = re.compile(r"/v1/resources\?.*cursor=600(&|$)")
    held = HeldRequests(page, at_middle)
    page.get_by_role("button", name="Search all").click()
    field = page.get_by_label("Search instances")
    if how == "emptied":
        held.first()
        field.fill("")
        expect(page.get_by_role("button", name="Stop")).to_have_count(0)
        held.first().fallback()
        until(page, lambda: len(asked) == 1 + 7, "the answer that was under way")
        field.fill("web1")
        # It is announced, too.
        said = page.locator("main").get_by_text("Only 700 instances are searched so far.")
        expect(said).to_be_visible()
    else:
        held.first()
        admin.go("#/organization")
        page.go_back()
        expect(page.get_by_text("Only 600 instances are searched so far.")).to_be_visible()
    page.unroute(at_middle)
    before = len(asked)
    page.get_by_role("button", name="Search all").click()
    expect(page.get_by_text("All 1,200 instances are searched.")).to_be_visible()
    assert len(asked) - before == (5 if how == "emptied" else 6)


def test_without_instances_it_says_so(page, admin, answer_with):
    answer_with(page, RESOURCES, {"items": [], "next_cursor": None})
    admin.go("#/schedules")

    expect(page.get_by_text("Nothing to show")).to_be_visible()
    assert_accessible(page)
