"""The list as a CSV file: what is selected, whole, with progress; stopped, and failing."""

from __future__ import annotations

import json
import re

import pytest
from playwright.sync_api import Download, Page, Route, expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.support.page import samples
from tests.support.page.exports import EXPORTS, export_as_the_api_does, saved
from tests.support.page.keyboard import press
from tests.support.page.measures import LARGEST_SHIFT, RECORD_ALL_SHIFTS
from tests.support.page.waiting import TWO_FRAMES, HeldRequests, until

MANY = 2_500
FOLLOWING = re.compile(r"/v1/accounts\?cursor=")
"""What asks for another part."""


@pytest.fixture
def many(admin, answer_with) -> Page:
    page = admin.page
    accounts = [samples.account(index) for index in range(MANY)]
    answer_with(page, "/v1/organization", samples.organization(accounts))
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    admin.asked = export_as_the_api_does(page, accounts)
    page.reload()
    page.locator("[data-id='acc000000']").wait_for()
    page.get_by_role("button", name="Sort, filter, export").click()
    return page


def test_all_accounts_become_one_file(many):
    with many.expect_download() as found:
        many.get_by_role("button", name="Export CSV").click()
    rows = saved(found.value)
    assert re.fullmatch(r"cavok-accounts-\d{4}-\d\d-\d\d\.csv", found.value.suggested_filename)
    assert [row["name"] for row in rows] == [f"Account{index:05d}" for index in range(MANY)]
    assert len({row["account_id"] for row in rows}) == MANY


@pytest.mark.in_firefox
def test_a_whole_export_says_that_it_is_done(many, admin):
    """Playwright hears of no download of Firefox's, which shows it in a window that is active."""
    many.get_by_role("button", name="Export CSV").click()
    expect(many.locator("#toasts")).to_contain_text("2,500 accounts exported")
    focused = "document.activeElement.textContent.includes('Export CSV')"
    until(many, lambda: many.evaluate(focused), "the focus on the button")
    assert len(admin.asked) == 3


def test_what_is_selected_is_exported_in_its_order(many, admin):
    many.get_by_label("Problems").select_option("With problems")
    many.get_by_label("Order").select_option("Name, Z to A")
    many.get_by_role("group", name="Show by status").get_by_text("Failed").click()
    expect(many.locator(".cell-name a").first).to_have_text("Account02494")
    with many.expect_download() as found:
        many.get_by_role("button", name="Export CSV").click()
    rows = saved(found.value)
    assert admin.asked == [{"status": "failed", "has_problems": "true", "sort": "-name"}]
    assert {row["status"] for row in rows} == {"failed"}
    assert [row["name"] for row in rows] == sorted((row["name"] for row in rows), reverse=True)
    assert len(rows) == sum(index % 6 == 4 for index in range(MANY))


def test_an_export_says_how_far_it_is_and_can_be_stopped(many):
    downloads: list[Download] = []

    def keep(download: Download) -> None:
        downloads.append(download)

    many.on("download", keep)
    held = HeldRequests(many, FOLLOWING)
    export = many.get_by_role("button", name="Export CSV")
    expect(export).to_be_visible()
    press(many, "Export CSV")
    request = held.first()
    cancel = many.get_by_role("button", name="Cancel · 1,000")
    expect(cancel).to_be_focused()
    bar = many.get_by_role("progressbar", name="Export CSV")
    expect(bar).to_have_js_property("value", 1_000)
    expect(bar).to_have_js_property("max", MANY)
    assert_accessible(many)
    many.keyboard.press("Enter")
    expect(export).to_be_focused()
    request.abort()
    many.unroute(FOLLOWING)
    with many.expect_download() as found:
        many.keyboard.press("Enter")
    assert len(saved(found.value)) == MANY
    assert len(downloads) == 1, "what was stopped is no file, not even later"


def leave_during_an_export(page: Page, is_of_chosen: bool) -> Route:
    """Returns the request that is held."""
    held = HeldRequests(page, FOLLOWING)
    place = page.locator("main")
    if is_of_chosen:
        page.get_by_role("checkbox", name="Choose Account00000", exact=True).check()
        page.get_by_role("button", name="Choose all 2,500 of this list").click()
        place = page.locator(".bulk")
    place.get_by_role("button", name="Export CSV").click()
    request = held.first()
    page.get_by_role("link", name="Problems", exact=True).click()
    expect(page.get_by_role("heading", name="Problems", level=1)).to_be_visible()
    page.unroute(FOLLOWING)
    return request


@pytest.mark.parametrize("is_of_chosen", [False, True])
def test_an_export_goes_on_in_another_view_and_is_saved_there(is_of_chosen, many):
    request = leave_during_an_export(many, is_of_chosen)
    frame = many.get_by_role("banner")
    expect(frame).to_contain_text(
        re.compile(r"The export of 2,500 accounts, begun at .* goes on\.")
    )
    assert "goes on" in frame.aria_snapshot()
    assert_accessible(many)
    many.set_viewport_size({"width": 360, "height": 640})
    many.evaluate(TWO_FRAMES)
    many.evaluate(RECORD_ALL_SHIFTS)
    with many.expect_download() as found:
        request.fallback()
    assert len(saved(found.value)) == MANY
    expect(many.locator("#toasts")).to_contain_text("2,500 accounts exported")
    expect(frame).not_to_contain_text("goes on")
    assert "goes on" not in frame.aria_snapshot()
    many.evaluate(TWO_FRAMES)
    assert many.evaluate("window.shifts") < LARGEST_SHIFT, many.evaluate("window.moved")


OTHER_VIEWS = (
    "accounts/many",
    "accounts/acc000000/schedules",
    "organization",
    "problems",
    "schedules",
    "accounts",
)
"""The last one with the bar of several accounts."""
SIZES = ((375, 553, 100), (360, 640, 200), (1280, 590, 100))
COVERED = """async () => {
  const parts = "a, button, input, select, textarea, summary, [tabindex='0']";
  const nodes = [...document.querySelectorAll(`#app :is(${parts}):not(.skip)`)]
    .filter((node) => node.checkVisibility({ visibilityProperty: true }));
  const isSeen = (node, ...at) => {
    const { left, top, width, height } = (node.closest("label") ?? node).getBoundingClientRect();
    return at.some((x) => at.some((y) => {
      const hit = document.elementFromPoint(left + width * x, top + height * y);
      return hit && (hit.contains(node) || (node.closest("label") ?? node).contains(hit));
    }));
  };
  const covered = [];
  for (const node of nodes) {
    if (!node.isConnected || node.disabled) continue;
    const name = node.ariaLabel || node.textContent || node.name;
    node.focus();
    // The bar may grow for whoever has a keyboard, and then scrolls the focus out from below it.
    if (!isSeen(node, 0.1, 0.5, 0.9)) await %s;
    const has = node === document.activeElement;
    if (has && !isSeen(node, 0.1, 0.5, 0.9)) covered.push(`focus: ${name}`);
    const isShown = (block) => {
      node.scrollIntoView({ block, inline: "center" });
      return isSeen(node, 0.5);
    };
    if (!["center", "start", "end"].some(isShown)) covered.push(`press: ${name}`);
  }
  return covered;
}""".replace("%s", TWO_FRAMES)
"""What is wholly covered when it has the focus, or cannot be scrolled to where it is pressed."""


def begin_exports_of_chosen(page: Page, count: int) -> None:
    """Without an end, however slow the machine is."""
    page.evaluate("AbortSignal.timeout = () => new AbortController().signal")
    held = HeldRequests(page, EXPORTS, accept="text/csv")
    for index in range(count):
        page.get_by_role("checkbox", name=f"Choose Account{index:05d}", exact=True).check()
        page.locator(".bulk").get_by_role("button", name="Export CSV").click()
    until(page, lambda: len(held) == count, "requests that are held")


@pytest.mark.timeout(240)
def test_exports_that_go_on_cover_nothing_for_good(admin, answer_everything):
    page, covered = admin.page, {}
    answer_everything(page)
    page.reload()
    begin_exports_of_chosen(page, 3)
    for view in OTHER_VIEWS:
        page.evaluate("(view) => { location.hash = `#/${view}`; }", view)
        wait_until_loaded(page)
        expect(page.get_by_role("button", name="Cancel · 0")).to_have_count(3)
        for width, height, size in SIZES:
            page.set_viewport_size({"width": width, "height": height})
            page.evaluate(f"document.documentElement.style.fontSize = '{size}%'")
            page.keyboard.press("Tab")
            page.evaluate(TWO_FRAMES)
            if found := page.evaluate(COVERED):
                covered[view, width] = found
    assert not covered, covered


@pytest.mark.parametrize("is_of_chosen", [False, True])
def test_it_is_cancelled_there_also_after_the_way_back(is_of_chosen, many, admin):
    request = leave_during_an_export(many, is_of_chosen)
    many.go_back()
    expect(many.get_by_role("heading", name="Cloud Accounts", level=1)).to_be_visible()
    asked = len(admin.asked)
    many.set_viewport_size({"width": 360, "height": 740})
    many.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(many)
    frame = many.get_by_role("banner")
    frame.get_by_role("button", name="Cancel · 1,000").click()
    expect(many.locator("#announcer")).to_have_text(re.compile(r"^Export .* is cancelled\.$"))
    expect(frame).not_to_contain_text("goes on")
    request.abort()
    assert len(admin.asked) == asked


@pytest.mark.in_firefox
@pytest.mark.parametrize("of", ["pointer", "key"])
def test_a_press_that_began_on_cancel_begins_no_export(of, many, admin):
    """However soon the export ends by itself: between press and release, the button is another."""
    held = HeldRequests(many, FOLLOWING)
    many.get_by_role("button", name="Export CSV").click()
    request = held.first()
    cancel = many.get_by_role("button", name="Cancel · 1,000")
    cancel.hover()
    cancel.focus()
    pressed, key = (many.mouse, []) if of == "pointer" else (many.keyboard, ["Space"])
    pressed.down(*key)
    many.unroute(FOLLOWING)
    request.fallback()
    expect(many.locator("#toasts")).to_contain_text("2,500 accounts exported")
    export = many.get_by_role("button", name="Export CSV")
    expect(export).to_be_visible()
    pressed.up(*key)
    many.evaluate("new Promise((done) => setTimeout(done))")
    assert (export.count(), len(admin.asked)) == (1, 3)
    export.click()
    until(many, lambda: len(admin.asked) == 6, "the next export")


def test_a_double_click_is_one_press_and_so_is_a_key_that_is_held(many):
    export = many.get_by_role("button", name="Export CSV")
    with many.expect_download() as found:
        export.dblclick()
    assert len(saved(found.value)) == MANY
    expect(export).to_be_focused()
    with many.expect_download() as found:
        for _ in range(4):
            many.keyboard.down("Enter")
        many.keyboard.up("Enter")
    assert len(saved(found.value)) == MANY


def test_an_export_that_fails_says_why_and_begins_anew(many, watch):
    watch.expect_status(503)
    broken = [True]

    def refuse(route: Route) -> None:
        if not broken[0] or "cursor=" not in route.request.url:
            return route.fallback()
        body = json.dumps(samples.problem(503, "Later.")[1])
        return route.fulfill(status=503, content_type="application/problem+json", body=body)

    many.route(EXPORTS, refuse)
    many.get_by_role("button", name="Export CSV").click()
    expect(many.locator("#toasts")).to_contain_text("Later.")
    broken[0] = False
    with many.expect_download() as found:
        many.get_by_role("button", name="Export CSV").click()
    assert len(saved(found.value)) == MANY


def test_an_export_fits_a_narrow_screen(many):
    many.set_viewport_size({"width": 360, "height": 740})
    HeldRequests(many, FOLLOWING)
    many.get_by_role("button", name="Export CSV").click()
    expect(many.get_by_role("button", name="Cancel · 1,000")).to_be_visible()
    assert_accessible(many)
    assert_fits(many)


def test_a_viewer_exports_too(viewer, answer_with):
    page = viewer.page
    accounts = [samples.account(0)]
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    export_as_the_api_does(page, accounts)
    page.reload()
    page.get_by_role("button", name="Sort, filter, export").click()
    with page.expect_download() as found:
        page.get_by_role("button", name="Export CSV").click()
    assert [row["name"] for row in saved(found.value)] == ["Account00000"]
