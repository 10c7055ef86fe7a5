"""The list that an admin lives in, with few accounts and with ten thousand."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible, assert_fits
from tests.support.page import measures, samples
from tests.support.page.keyboard import reach
from tests.support.page.measures import LARGEST_SHIFT, RECORD_ALL_SHIFTS
from tests.support.page.waiting import (
    HeldRequests,
    pass_time,
    pass_time_until,
    stop_the_clock,
    until,
)

MANY = 10_000


@pytest.fixture
def many(admin, answer_with) -> Page:
    accounts = [samples.account(index) for index in range(MANY)]
    answer_with(admin.page, "/v1/organization", samples.organization(accounts))
    admin.requests = answer_with(admin.page, "/v1/accounts", samples.pages_of(accounts))
    admin.page.reload()
    admin.page.locator("[data-id='acc000000']").wait_for()
    return admin.page


def total(page: Page, text: str):
    return page.get_by_role("main").get_by_text(text, exact=True)


def row(page: Page, name: str):
    return page.get_by_role("row").filter(has_text=name)


def test_each_row_says_what_it_is_in_words_and_shapes(many):
    for index, word in ((0, "Confirmed"), (3, "Degraded"), (4, "Failed"), (5, "Unconfirmed")):
        line = row(many, f"Account{index:05d}")
        expect(line).to_contain_text(word)
        expect(line.locator(".status-mark svg")).to_have_count(1)
    shapes = {
        many.locator(f"[data-id='acc00000{index}'] .status-mark svg").inner_html()
        for index in (0, 3, 4, 5)
    }
    assert len(shapes) == 4
    first = row(many, "Account00000")
    expect(first).to_contain_text("400000000000")
    expect(first).to_contain_text("AWS · Assume Role")
    expect(first.get_by_role("listitem").nth(1)).to_have_text("RDS: full")
    expect(first.locator("time")).to_have_attribute("datetime", "2026-01-05T10:00:00Z")
    expect(first.get_by_role("button", name="Test Account00000")).to_be_visible()
    expect(row(many, "Account00003")).to_contain_text("AWS · Access Key")


def test_an_unconfirmed_account_leads_to_its_instructions(many):
    link = row(many, "Account00005").get_by_role("link", name="Instructions")
    expect(link).to_have_attribute("href", "#/accounts/acc000005/instructions")
    expect(row(many, "Account00005")).to_contain_text("never")


def test_ten_thousand_accounts_open_with_one_page(many, admin):
    many.wait_for_timeout(500)
    assert len(admin.requests) <= 2
    table = many.get_by_role("table")
    expect(table).to_have_attribute("aria-rowcount", str(MANY + 1))


def test_few_accounts_open_as_many_do_and_say_their_number(admin, answer_with):
    page = admin.page
    for count in (1, 10, 300):
        accounts = [samples.account(index) for index in range(count)]
        answer_with(page, "/v1/organization", samples.organization(accounts))
        answer_with(page, "/v1/accounts", samples.pages_of(accounts))
        page.reload()
        table = page.get_by_role("table")
        expect(table).to_have_attribute("aria-rowcount", str(count + 1))
        expect(page.locator(".filters .count").first).to_have_text(str(count))
        expect(row(page, "Account00000")).to_be_visible()


def test_scrolling_loads_them_all_and_keeps_the_document_small(many):
    assert measures.scroll_to_the_end(many, MANY) < 60
    expect(row(many, "Account09999")).to_be_visible()
    expect(total(many, "10,000 accounts")).to_be_visible()
    expect(row(many, "Account09999")).to_have_attribute("aria-rowindex", str(MANY + 1))
    assert measures.scroll_back(many).rows_at_most < 60


def test_coming_back_finds_the_list_where_it_was(many, answer_with):
    answer_with(many, "/v1/accounts/acc0000[0-9]+", samples.account(60))
    measures.scroll_until(many, row(many, "Account00060"))
    row(many, "Account00060").get_by_role("link", name="Account00060").click()
    expect(many.get_by_role("heading", name="Account00060")).to_be_visible()
    many.go_back()
    expect(row(many, "Account00060")).to_be_in_viewport()
    assert many.evaluate("window.scrollY") > 1000
    # So does a keyboard, over the way back in the view.
    name = row(many, "Account00060").get_by_role("link", name="Account00060")
    expect(name).to_be_focused()
    many.keyboard.press("Enter")
    expect(many.get_by_role("heading", name="Account00060")).to_be_focused()
    reach(many, "Cloud Accounts", backwards=True)
    many.keyboard.press("Enter")
    expect(name).to_be_focused()
    expect(name).to_be_in_viewport()


def test_search_looks_at_the_start_of_name_and_number(many):
    many.get_by_label("Search by name or account number").fill("account0123")
    expect(row(many, "Account01230")).to_be_visible()
    expect(total(many, "10 accounts")).to_be_visible()
    many.get_by_label("Search by name or account number").fill("400000009999")
    expect(row(many, "Account09999")).to_be_visible()
    expect(total(many, "1 account")).to_be_visible()
    expect(many).to_have_url(re.compile("q=400000009999"))


@pytest.mark.in_firefox
def test_search_finds_words_within_names_after_those_that_begin_so(admin, answer_with):
    page = admin.page
    named = ("QuietHouse", "Warehouse", "HouseProd", "Team12House", "Office")
    accounts = [samples.account(index, name=name) for index, name in enumerate(named)]
    answer_with(page, "/v1/organization", samples.organization(accounts))
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    page.reload()
    expect(row(page, "Office")).to_be_visible()
    search = page.get_by_label("Search by name or account number")
    expect(search).to_have_attribute("placeholder", "Word of a name, or number…")
    search.fill("house")
    expect(total(page, "3 accounts")).to_be_visible()
    expect(page.locator(".cell-name a")).to_have_text(["HouseProd", "QuietHouse", "Team12House"])
    search.fill("12")
    expect(page.locator(".cell-name a")).to_have_text(["Team12House"])


def test_a_filter_is_a_choice_with_numbers_and_part_of_the_address(many):
    group = many.get_by_role("group", name="Show by status")
    expect(group.get_by_role("radio", name=re.compile("Failed"))).to_have_count(1)
    expect(group).to_contain_text("Failed1,666")
    group.get_by_text("Failed").click()
    expect(row(many, "Account00004")).to_be_visible()
    expect(row(many, "Account00000")).to_have_count(0)
    many.reload()
    expect(row(many, "Account00004")).to_be_visible()
    expect(group.get_by_role("radio", name=re.compile("Failed"))).to_be_checked()


def test_rows_of_another_selection_are_marked_until_there_are_others(admin, answer_with):
    page = admin.page
    accounts = [samples.account(index) for index in range(12)]
    answer_with(page, "/v1/organization", samples.organization(accounts))
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    # Rows stay for some seconds of the page, which do not pass.
    stop_the_clock(page)
    admin.go("#/accounts")
    old, new = (page.locator(f"[data-id='acc00000{index}']") for index in (0, 4))
    table = page.get_by_role("table", name="Cloud Accounts")
    expect(old).to_be_visible()
    expect(table).to_have_attribute("aria-busy", "false")
    held = HeldRequests(page, re.compile("/v1/accounts[?].*status=failed"))
    page.get_by_role("group", name="Show by status").get_by_text("Failed").click()
    request = held.first()
    expect(table).to_have_attribute("aria-busy", "true")
    expect(old).to_have_css("opacity", "0.5")
    request.fallback()
    expect(old).to_have_count(0)
    expect(table).to_have_attribute("aria-busy", "false")
    expect(new).to_have_css("opacity", "1")


def test_rows_under_test_have_their_turns_though_one_hangs(admin, answer_with, watch):
    watch.expects_network_failures = True
    page = admin.page
    accounts = [samples.account(index, testing=True) for index in range(8)]
    numbers = answer_with(page, "/v1/organization", samples.organization(accounts))
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    looks = [
        answer_with(page, f"/v1/accounts/{account['account_id']}", account) for account in accounts
    ]
    hung = HeldRequests(page, "**/v1/accounts/acc000000")
    stop_the_clock(page)
    admin.go("#/accounts")
    expect(row(page, "Account00007")).to_contain_text("Testing…")
    pass_time_until(page, lambda: hung, "the first is asked for")
    before = len(numbers)
    pass_time_until(page, lambda: min(map(len, looks[1:])) > 2, "the others have their turns")
    pass_time_until(page, lambda: len(numbers) > before, "the numbers are read again")


def template(version: int) -> dict[str, Any]:
    return {"version": version, "current": 2, "outdated": version < 2, "changes": []}


@pytest.fixture
def updated_in_part(admin, answer_with) -> Page:
    """Thirty accounts, of which each third has a role of the newer version."""
    accounts = [
        samples.account(index, template=template(1 if index % 3 else 2)) for index in range(30)
    ]
    answer_with(admin.page, "/v1/organization", samples.organization(accounts))
    answer_with(admin.page, "/v1/accounts", samples.pages_of(accounts))
    admin.page.reload()
    admin.page.locator("[data-id='acc000000']").wait_for()
    return admin.page


def test_the_versions_of_roles_are_a_choice_to_which_the_organization_leads(updated_in_part):
    page = updated_in_part
    page.evaluate("location.hash = '#/organization'")
    section = page.get_by_role("region", name="Role versions")
    expect(section).to_contain_text("Version 2, the newest")
    expect(section).to_contain_text("Version 1, outdated")
    section.get_by_role("link", name="20 accounts").click()

    expect(total(page, "20 accounts")).to_be_visible()
    expect(row(page, "Account00001")).to_be_visible()
    expect(row(page, "Account00000")).to_have_count(0)
    choice = page.get_by_role("combobox", name="Role version")
    expect(choice).to_have_value("1")
    page.reload()
    expect(choice).to_have_value("1")
    expect(row(page, "Account00000")).to_have_count(0)
    choice.select_option("Version 2 · 10")
    expect(total(page, "10 accounts")).to_be_visible()
    expect(row(page, "Account00000")).to_be_visible()
    expect(page).to_have_url(re.compile("template_version=2"))
    page.get_by_role("group", name="Show by status").get_by_text("Degraded").click()
    expect(total(page, "5 accounts")).to_be_visible()
    expect(page).to_have_url(re.compile("status=degraded&template_version=2"))
    assert_accessible(page)
    assert_fits(page)
    choice.select_option("All role versions")
    expect(page).not_to_have_url(re.compile("template_version"))


def test_the_numbers_of_versions_turn_with_a_role_and_leave_the_choices_where_they_are(
    admin, answer_with
):
    page = admin.page
    now = [
        samples.account(0, template=template(2)),
        samples.account(1, template=template(1), status="confirmed", testing=True),
        samples.account(2, template=template(1)),
    ]
    numbers = answer_with(page, "/v1/organization", lambda _: samples.organization(now))
    answer_with(page, "/v1/accounts", samples.pages_of(now))
    answer_with(page, "/v1/accounts/acc000001", lambda _: now[1])
    stop_the_clock(page)
    admin.go("#/accounts")
    choices = page.get_by_role("combobox", name="Role version").locator("option")
    expect(row(page, "Account00001")).to_contain_text("Testing…")
    page.clock.run_for(100)
    expect(choices).to_have_text(["All role versions", "Version 2 · 1", "Version 1 · 2"])
    page.evaluate("window.before = [...document.querySelectorAll('.version-filter option')]")
    before = len(numbers)
    now[1] = samples.account(1, template=template(2), status="confirmed")
    turned = row(page, "Account00001").get_by_text("Testing…")
    pass_time_until(page, lambda: not turned.count(), "the role is known")
    # At once: the list itself is read again after 30 seconds only.
    page.clock.run_for(100)
    expect(choices).to_have_text(["All role versions", "Version 2 · 2", "Version 1 · 1"])
    until(page, lambda: len(numbers) > before, "the numbers are read again")
    assert page.evaluate("before.every((option) => option.isConnected)")


def test_where_all_roles_have_one_version_there_is_no_choice(many):
    expect(many.get_by_role("group", name="Show by status")).to_contain_text("Failed1,666")
    expect(many.get_by_role("combobox", name="Role version")).to_have_count(0)


def test_nothing_found_says_so_and_offers_the_way_back(many):
    many.get_by_label("Search by name or account number").fill("zzz")
    expect(many.get_by_role("heading", name="No account matches")).to_be_visible()
    many.get_by_role("button", name="Show all accounts").click()
    expect(row(many, "Account00000")).to_be_visible()


def test_an_empty_organization_is_invited_to_begin(admin, answer_with):
    answer_with(admin.page, "/v1/accounts", {"items": [], "next_cursor": None})
    admin.page.reload()
    expect(admin.page.get_by_role("heading", name="No accounts yet")).to_be_visible()


def test_a_row_under_test_turns_to_its_result_by_itself(admin, answer_with):
    before = samples.account(5, testing=True)
    now = [before]
    answer_with(admin.page, "/v1/accounts", {"items": [before], "next_cursor": None})
    answer_with(admin.page, "/v1/accounts/acc000005", lambda _: now[0])
    admin.page.reload()
    expect(row(admin.page, "Account00005")).to_contain_text("Testing…")
    tested = samples.account(0)["verification"]
    now[0] = samples.account(5, status="confirmed", verification=tested)
    expect(row(admin.page, "Account00005")).to_contain_text("Confirmed")


def test_the_numbers_of_the_filters_turn_with_a_row(admin, answer_with):
    page = admin.page
    before = samples.account(5, status="failed", testing=True)
    now = [before]
    answer_with(page, "/v1/accounts", {"items": [before], "next_cursor": None})
    answer_with(page, "/v1/accounts/acc000005", lambda _: now[0])
    answer_with(page, "/v1/organization", lambda _: samples.organization(now))
    stop_the_clock(page)
    admin.go("#/accounts")
    expect(row(page, "Account00005")).to_contain_text("Testing…")
    page.clock.run_for(100)
    confirmed = page.locator(".status-confirmed .count")
    expect(confirmed).to_have_text("0")
    now[0] = samples.account(5, status="confirmed")
    turned = row(page, "Account00005").get_by_text("Confirmed", exact=True)
    pass_time_until(page, turned.count, "the row turns")
    # At once: the list itself is read again after 30 seconds only.
    page.clock.run_for(100)
    expect(confirmed).to_have_text("1")


def test_rows_under_test_are_asked_for_no_sooner_than_the_api_asks(admin, answer_with, watch):
    watch.expect_status(429)
    page, asked = admin.page, []
    one = samples.account(5, testing=True)
    answer_with(page, "/v1/accounts", {"items": [one], "next_cursor": None})
    answer_with(page, "/v1/organization", samples.organization([one]))

    def refuse(route) -> None:
        asked.append(route.request)
        route.fulfill(
            status=429, headers={"retry-after": "60"}, json={"title": "Too many", "detail": ""}
        )

    page.route("**/v1/accounts/acc000005", refuse)
    stop_the_clock(page)
    admin.go("#/accounts")
    expect(row(page, "Account00005")).to_contain_text("Testing…")
    pass_time_until(page, lambda: asked, "it is asked for")
    pass_time(page, 55)
    assert len(asked) == 1
    pass_time_until(page, lambda: len(asked) == 2, "it is asked for again")


def test_a_hidden_tab_asks_for_nothing_and_at_once_when_it_is_looked_at_again(many, admin):
    many.clock.install()
    many.reload()
    expect(row(many, "Account00000")).to_be_visible()
    many.evaluate(
        """Object.defineProperty(
          document, "visibilityState", { value: "hidden", configurable: true })"""
    )
    many.clock.fast_forward("00:31")
    many.wait_for_load_state("networkidle")
    before = len(admin.requests)
    many.clock.fast_forward("10:00")
    many.wait_for_timeout(300)
    assert len(admin.requests) == before
    # From here on, each tick of the page may read.
    with many.expect_request(re.compile("/v1/accounts[?]")):
        many.evaluate("delete document.visibilityState")
        many.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
        many.clock.fast_forward("00:02")


def test_what_left_its_page_is_looked_at_by_itself(admin, answer_with, watch):
    """One fits the filter no longer, another was deleted elsewhere."""
    watch.expect_status(404)
    page = admin.page
    accounts = [samples.account(index, status="confirmed") for index in range(3)]
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    answer_with(page, "/v1/accounts/acc000001", samples.account(1, status="failed"))
    answer_with(page, "/v1/accounts/acc000002", samples.NO_SUCH)
    page.clock.install()
    page.goto("about:blank")
    admin.go("#/accounts?status=confirmed")
    expect(row(page, "Account00001")).to_contain_text("Confirmed")
    accounts[1:] = []
    page.clock.fast_forward("00:31")
    expect(row(page, "Account00001")).to_have_count(0)
    expect(row(page, "Account00002")).to_have_count(0)
    expect(row(page, "Account00000")).to_contain_text("Confirmed")
    expect(total(page, "1 account")).to_be_visible()


def test_the_focus_of_a_row_that_fits_no_longer_goes_to_the_one_in_its_place(admin, answer_with):
    page = admin.page
    accounts = [samples.account(index, status="failed") for index in range(3)]
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    answer_with(page, "/v1/accounts/acc000001", samples.account(1, status="confirmed"))
    page.clock.install()
    page.goto("about:blank")
    admin.go("#/accounts?status=failed")
    row(page, "Account00001").get_by_role("button", name="Test").focus()
    del accounts[1]
    page.clock.fast_forward("00:31")
    expect(row(page, "Account00001")).to_have_count(0)
    expect(row(page, "Account00002")).to_be_focused()


@pytest.mark.parametrize("status", [404, 422, 503])
def test_numbers_that_could_not_be_read_are_not_called_live(admin, answer_with, watch, status):
    watch.expect_status(status)
    page, broken = admin.page, [False]
    refused = samples.problem(status, "It cannot be told.")
    ours = samples.organization([samples.account(0)])
    answer_with(page, "/v1/organization", lambda _: refused if broken[0] else ours)
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    page.clock.install()
    page.goto("about:blank")
    admin.go("#/accounts")
    mark = page.locator(".freshness")
    expect(mark).to_have_text("Live")
    broken[0] = True
    page.clock.run_for(31_000)
    for _ in range(7):
        page.clock.run_for(5_000)
        page.wait_for_timeout(20)
    # The rows were read again meanwhile, and well.
    for _ in range(7):
        expect(mark).to_contain_text("Last updated")
        page.clock.run_for(5_000)
    broken[0] = False
    for _ in range(8):
        page.clock.run_for(5_000)
        page.wait_for_timeout(20)
    expect(mark).to_have_text("Live")


def few_of_many(found: dict[int, list[dict[str, Any]]], answers: int = 50):
    """What `GET /v1/accounts` answers to a filter that few of ten thousand fit: each answer looks
    at a part of them, and says nothing of how many these were.
    """

    def reply(request: Any) -> dict[str, Any]:
        query = parse_qs(urlsplit(request.url).query)
        at = int(query.get("cursor", ["0"])[0])
        return {
            "items": found.get(at, []),
            "next_cursor": str(at + 1) if at + 1 < answers else None,
        }

    return reply


ROWS_FOLLOW = """() => {
  const rows = [...document.querySelectorAll(".account-row[data-id]")];
  const boxes = rows.map((row) => row.getBoundingClientRect());
  boxes.sort((one, other) => one.top - other.top);
  return boxes.every(({ top }, at) => !at || Math.abs(top - boxes[at - 1].bottom) < 1);
}"""


@pytest.mark.in_firefox
def test_a_filter_that_few_fit_says_how_far_it_is_and_is_stopped_by_keyboard(admin, answer_with):
    page = admin.page
    fitting = {"status": "failed", "access_type": "access_key"}
    some = [samples.account(index, **fitting) for index in range(3)]
    answers = few_of_many({2: some[:1], 40: some[1:]})
    held = 4
    answer_with(page, "/v1/accounts", answers)
    waiting = HeldRequests(page, re.compile(rf"/v1/accounts\?.*cursor={held}(&|$)"))
    admin.go("#/accounts?status=failed&access_type=access_key")
    waiting.first()
    foot = page.locator(".list-foot")
    head = page.locator(".page-head")
    expect(head).to_contain_text("1 account so far")
    expect(page.locator(".cell-name a")).to_have_text([some[0]["name"]])
    assert_accessible(page)
    stop = head.get_by_role("button", name="Stop")
    stop.focus()
    page.keyboard.press("Enter")
    go_on = foot.get_by_role("button", name="Look at more")
    expect(go_on).to_be_focused()
    expect(foot).to_contain_text("1 account so far. Not all were looked at yet.")
    page.evaluate("dispatchEvent(new Event('online'))")  # what is read by itself looks no further
    page.wait_for_timeout(500)
    assert len(waiting) == 1
    page.unroute_all()
    answer_with(page, "/v1/accounts", answers)
    page.keyboard.press("Enter")
    expect(foot).to_have_text("3 accounts")
    expect(page.locator(".cell-name a")).to_have_count(3)


@pytest.mark.parametrize(("width", "size"), [(1280, 100), (1280, 200), (360, 100)])
def test_what_stops_it_stays_where_it_is_as_rows_come(width, size, admin, answer_with):
    page = admin.page
    page.set_viewport_size({"width": width, "height": 720})
    fits = {"status": "failed", "access_type": "assume_role"}
    fitting = [samples.account(index, **fits) for index in range(24)]
    found = {at: fitting[at * 3 : at * 3 + 3] for at in range(8)}
    answer_with(page, "/v1/accounts", few_of_many(found))
    bigger = f"document.documentElement.style.fontSize = '{size}%'"
    page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {bigger}; }})")
    page.add_init_script(RECORD_ALL_SHIFTS)
    page.goto("about:blank")
    waiting = HeldRequests(page, re.compile(r"/v1/accounts\?.*cursor="))
    admin.go("#/accounts?status=failed&access_type=assume_role")
    stop = page.get_by_role("button", name="Stop")
    stop.wait_for()
    place, rows = stop.bounding_box(), page.locator(".cell-name a")
    below = page.locator(".toolbar").bounding_box()
    page.evaluate("window.since = performance.now(); window.shifts = 0; window.moved = []")
    for count in range(1, 6):
        until(page, lambda count=count: len(waiting) == count, "the next request")
        waiting[-1].fallback()
        expect(page.locator(".arrived")).to_contain_text(f"{3 * count + 3} accounts so far")
        assert stop.bounding_box() == place
    expect(rows.first).to_be_visible()
    shifts, moved = page.evaluate("[window.shifts, window.moved]")
    assert shifts < LARGEST_SHIFT, moved
    assert_fits(page)
    page.mouse.click(place["x"] + place["width"] / 2, place["y"] + place["height"] / 2)
    expect(page.get_by_role("button", name="Look at more")).to_be_focused()
    expect(page.locator(".list-foot")).to_contain_text("18 accounts so far. Not all were")
    assert page.evaluate("window.shifts") < LARGEST_SHIFT
    assert page.locator(".toolbar").bounding_box() == below, "its room stays as it goes"


def test_a_press_that_stops_it_counts_also_if_an_account_comes_before_the_release(
    admin, answer_with
):
    page = admin.page
    fitting = [samples.account(index, status="failed") for index in range(3)]
    answer_with(page, "/v1/accounts", few_of_many({4: fitting[:1], 5: fitting[1:]}))
    waiting = HeldRequests(page, re.compile(r"/v1/accounts\?.*cursor=4(&|$)"))
    admin.go("#/accounts?status=failed")
    request = waiting.first()
    foot = page.locator(".list-foot")
    page.get_by_role("button", name="Stop").hover()
    page.mouse.down()
    with page.expect_response(re.compile(r"cursor=4(&|$)")):
        request.fallback()
    expect(page.locator(".arrived")).to_contain_text("3 accounts so far")
    page.mouse.up()
    expect(foot.get_by_role("button", name="Look at more")).to_be_visible()
    expect(foot).to_contain_text("3 accounts so far.")


def test_whoever_finds_none_of_many_sees_that_it_goes_on_and_then_that_there_is_none(
    admin, answer_with
):
    page = admin.page
    answer_with(page, "/v1/accounts", few_of_many({}, answers=6))
    waiting = HeldRequests(page, re.compile(r"/v1/accounts\?.*cursor=5(&|$)"))
    admin.go("#/accounts?has_problems=true")
    request = waiting.first()
    foot = page.locator(".list-foot")
    expect(foot).to_contain_text("0 accounts so far. Not all were looked at yet.")
    expect(foot).not_to_contain_text("No account matches")
    assert_accessible(page)
    request.fulfill(json={"items": [], "next_cursor": None})
    expect(foot).to_contain_text("No account matches")
    expect(page.get_by_role("button", name="Stop")).to_have_count(0)


@pytest.mark.parametrize("count", [0, 3])
def test_whoever_comes_back_finds_the_end_of_the_list_before_an_answer_does(
    count, admin, answer_with
):
    """A search that was stopped can go on, and nothing has no heads over it."""
    page = admin.page
    fits = {"status": "failed", "access_type": "assume_role"}
    some = [samples.account(index, **fits) for index in range(count)]
    answer_with(page, "/v1/accounts", few_of_many({0: some}, answers=50 if count else 1))
    waiting = HeldRequests(page, re.compile(r"/v1/accounts\?.*cursor=4(&|$)"))
    admin.go("#/accounts?status=failed&access_type=assume_role")
    foot, table = page.locator(".list-foot"), page.get_by_role("table", name="Cloud Accounts")
    if count:
        waiting.first()
        page.get_by_role("button", name="Stop").click()
    said = "Look at more" if count else "No account matches"
    expect(foot).to_contain_text(said)
    page.evaluate("location.hash = '#/schedules'")
    page.get_by_role("heading", name="Schedules", level=1).wait_for()
    HeldRequests(page, re.compile(r"/v1/(accounts\?|organization)"))
    page.go_back()
    page.get_by_role("heading", name="Cloud Accounts", level=1).wait_for()
    expect(foot).to_contain_text(said)
    expect(table).to_be_visible(visible=bool(count))


@pytest.mark.in_firefox
@pytest.mark.parametrize("width", [1280, 360])
def test_rows_follow_the_size_of_text(width, admin, answer_with):
    page = admin.page
    page.set_viewport_size({"width": width, "height": 720})
    answer_with(
        page, "/v1/accounts", samples.pages_of([samples.account(index) for index in range(60)])
    )
    page.reload()
    page.locator("[data-id='acc000000']").wait_for()
    for size in (200, 100):
        page.evaluate("size => { document.documentElement.style.fontSize = `${size}%`; }", size)
        until(page, lambda: page.evaluate(ROWS_FOLLOW), f"rows one after the other at {size}%")
