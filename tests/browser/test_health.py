"""The health of a connection: how it was in the last days, what changed when it broke, and what is
known of each permission in each region.
"""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.support.page import samples
from tests.support.page.keyboard import press, reach
from tests.support.page.waiting import pass_time_until, stop_the_clock

ONE = "/v1/accounts/acc000000"
NOW = "2026-01-31T12:00:00Z"
SAMPLE = samples.account(0, created_at="2025-06-01T10:00:00Z")
BROKEN = samples.not_entered(SAMPLE)


def a_test(number: int, at: str, outcome: str, **changes: Any) -> dict[str, Any]:
    steps = BROKEN if outcome == "failed" else samples.all_steps(SAMPLE)
    times = {"started_at": at, "finished_at": at}
    return samples.finished_test(
        f"test{number}", trigger="scheduled", outcome=outcome, steps=steps, **times, **changes
    )


SINCE = {"tests": 6, "last_at": "2026-01-27T10:00:00Z"}
TESTS = [
    a_test(3, "2026-01-30T10:00:00Z", "confirmed"),
    a_test(2, "2026-01-28T10:00:00Z", "failed"),
    a_test(1, "2026-01-21T10:00:00Z", "confirmed", unchanged=SINCE),
]
"""A week is known, then 26 hours after each of two tests."""


FROM_LEFT_TO_RIGHT = """days => days
  .map((day) => [day.getBoundingClientRect().left, day.className.split("ribbon-").at(-1)])
  .sort(([a], [b]) => a - b).map(([, state]) => state)"""


REGIONS = [each["region"] for each in samples.REGION_HEALTH]
LAST = samples.finished_test(
    steps=samples.all_steps(SAMPLE, samples.PARTIAL), region_health=samples.REGION_HEALTH
)
"""The last test with a verdict, which the map shows."""


@pytest.fixture
def furnished(admin, answer_with) -> Page:
    answer_with(admin.page, ONE, SAMPLE)
    answer_with(admin.page, f"{ONE}/verifications", {"items": TESTS, "next_cursor": None})
    answer_with(admin.page, f"{ONE}/verifications/test1", LAST)
    return admin.page


@pytest.mark.in_firefox
def test_the_ribbon_says_what_is_known_and_what_is_not(furnished, admin):
    page = furnished
    page.clock.install(time=NOW)
    admin.go("#/accounts/acc000000/health")
    card = page.get_by_role("region", name="The connection in the last 90 days")
    expect(card).to_contain_text("Connected 88.1% of 9 days of known time.")
    ribbon = card.get_by_role("img", name="Connected 88.1% of 9 days")
    expect(ribbon.locator(".ribbon-day")).to_have_count(90)
    expect(ribbon.locator(".ribbon-failed")).to_have_count(2)
    expect(ribbon.locator(".ribbon-confirmed")).to_have_count(9)
    expect(ribbon.locator(".ribbon-unknown")).to_have_count(79)
    days = ["unknown"] * 79 + ["confirmed"] * 7 + ["failed"] * 2 + ["confirmed"] * 2
    assert ribbon.locator(".ribbon-day").evaluate_all(FROM_LEFT_TO_RIGHT) == days
    expect(card.locator(".legend li")).to_have_text(["Connected", "Not connected", "Not known"])
    press(page, "The days in words")
    rows = card.get_by_role("table").get_by_role("row")
    expect(rows.nth(2)).to_have_text("28 Jan 2026 – 29 Jan 2026Not connected2")
    assert_accessible(page)


def test_a_break_says_what_changed_and_leads_to_it(furnished, admin, answer_with):
    page = furnished
    for number, each in enumerate(reversed(TESTS), 1):
        answer_with(page, f"{ONE}/verifications/test{number}", each)
    page.clock.install(time=NOW)
    admin.go("#/accounts/acc000000/health")
    broken = page.get_by_role("region", name="When it broke").locator(".break")
    expect(broken).to_have_count(1)
    expect(broken).to_contain_text("Failed28 Jan 2026, 10:00 until 30 Jan 2026, 10:00")
    expect(broken).to_contain_text("Enter the account: allowed → denied")
    broken.get_by_role("link", name="What changed").click()
    expect(page).to_have_url(re.compile("/tests/test2/since/test1$"))
    expect(page.locator(".change")).not_to_have_count(0)


def test_a_test_that_ends_appears_without_a_reload(furnished, admin, answer_with):
    page, there = furnished, [TESTS]
    answer_with(page, f"{ONE}/verifications", lambda _: {"items": there[0], "next_cursor": None})
    stop_the_clock(page, NOW)
    admin.go("#/accounts/acc000000/health")
    expect(page.locator(".break")).to_have_count(1)
    expect(page.locator(".freshness")).to_have_text("Live")
    there[0] = [a_test(4, "2026-01-31T11:00:00Z", "failed"), *TESTS]
    pass_time_until(page, lambda: page.locator(".break").count() == 2, "the break")
    expect(page.locator(".break").first).to_contain_text("no test has found it better since")


def test_an_account_without_a_verdict_claims_nothing(furnished, admin, answer_with):
    page = furnished
    answer_with(page, f"{ONE}/verifications", {"items": [], "next_cursor": None})
    admin.go("#/accounts/acc000000/health")
    expect(page.get_by_role("main")).to_contain_text("Nothing is known: no test of this time")
    expect(page.locator(".ribbon .ribbon-unknown")).to_have_count(90)


@pytest.mark.parametrize(("theme", "width"), [("dark", 360), ("light", 1280)])
def test_the_view_fits_also_with_texts_of_twice_the_size(
    sign_in, open_context, answer_with, theme, width
):
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    answer_with(page, f"{ONE}/verifications", {"items": TESTS, "next_cursor": None})
    deny(answer_with, page)
    page.clock.install(time=NOW)
    sign_in("admin", on=page, hash_="#/accounts/acc000000/health")
    wait_until_loaded(page)
    # All that is there to be opened.
    page.get_by_text("The days in words").click()
    cell(page, "Stop instances, us-east-1: denied").click()
    expect(page.locator(".map-evidence .fix")).to_be_visible()
    assert_fits(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(page)
    assert_accessible(page)
    page.get_by_role("grid").focus()
    for key in ("ArrowRight", "End", "ArrowDown", "Home"):
        page.keyboard.press(key)
        assert page.evaluate(IS_SEEN), f"the cell under the cursor, and its row's name, after {key}"


# ---- permissions by region -----------------------------------------------------------------------


def cell(page: Page, name: str) -> Locator:
    """A cell of the map, such as "Stop instances, us-east-1"."""
    return page.get_by_role("grid").get_by_role("gridcell", name=name)


IS_SEEN = """() => {
  const cursor = document.querySelector(".map .is-cursor");
  return [cursor, cursor.parentNode.querySelector("th")].every((node) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    return node.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  });
}"""


def deny(answer_with: Any, page: Page) -> None:
    """Stopping instances is refused since the last test."""
    account = SAMPLE | samples.account(0, status="degraded", issues=[samples.FIXABLE])
    answer_with(page, ONE, account)
    steps = samples.all_steps(SAMPLE, samples.STOP_DENIED)
    health = {"region_health": samples.REGION_HEALTH}
    test = samples.finished_test(outcome="degraded", steps=steps, **health)
    answer_with(page, f"{ONE}/verifications/test1", test)


def test_each_permission_says_in_each_region_what_is_known(furnished, admin):
    page = furnished
    admin.go("#/accounts/acc000000/health")
    card = page.get_by_role("region", name="Permissions by region")
    expect(card.get_by_role("columnheader")).to_have_text(["Permission", *REGIONS])
    said = {
        "us-east-1": "proved",
        "eu-west-1": "predicted",
        "ap-south-1": "denied",
        "me-south-1": "not tried",
        "sa-east-1": "not known",
    }
    for region, state in said.items():
        expect(cell(page, f"Start databases, {region}: {state}")).to_be_visible()
    expect(cell(page, "Stop databases, eu-west-1: in part")).to_be_visible()
    expect(card.locator(".legend li")).to_have_count(6)


def test_a_cell_shows_on_what_it_rests_and_what_mends_it(sign_in, open_context, answer_with):
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    page = sign_in("admin", on=context.new_page()).page
    answer_with(page, f"{ONE}/verifications", {"items": TESTS, "next_cursor": None})
    deny(answer_with, page)
    page.evaluate("location.hash = '#/accounts/acc000000/health'")
    chosen = cell(page, "Stop instances, us-east-1: denied")
    expect(chosen).to_have_css("outline-style", "none")
    chosen.click()
    # Its background alone is hardly another.
    expect(chosen).to_have_css("outline-style", "solid")
    evidence = page.get_by_role("region", name="On what it rests")
    expect(evidence).to_contain_text("The test tried it in this region.")
    expect(evidence).to_contain_text("A policy of the role or user denies it explicitly.")
    evidence.get_by_text("The exact AWS answer").click()
    expect(evidence).to_contain_text("with an explicit deny")
    evidence.get_by_role("button", name="Copy: AWS CLI command").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == samples.FIXABLE["fix"]["cli"]
    cell(page, "Stop instances, ap-south-1: denied").click()
    expect(evidence).to_contain_text(
        "AWS refuses every call in this region, by a service control policy."
    )
    expect(evidence.locator(".fix")).to_have_count(0)
    assert_accessible(page)


@pytest.mark.in_firefox
def test_the_map_is_read_by_keyboard_alone(furnished, admin, answer_with):
    page = furnished
    deny(answer_with, page)
    admin.go("#/accounts/acc000000/health")
    grid = page.get_by_role("grid", name="Permissions by region")
    expect(grid).to_be_visible()
    reach(page, "Permissions by region")
    # To the fourth permission, and the last region.
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "End"):
        page.keyboard.press(key)
    chosen = cell(page, "Stop instances, sa-east-1: not known")
    expect(grid).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    expect(chosen).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_have_text("Stop instances, sa-east-1: not known")
    evidence = page.get_by_role("region", name="On what it rests")
    expect(evidence).to_contain_text("It is not known whether this region answers.")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(evidence.get_by_role("button", name="Copy: Policy statement")).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.ariaLabel") == "Copy: Policy statement":
            return
    pytest.fail("what is to be copied cannot be reached")


def test_a_map_of_before_says_so_and_asks_for_nothing(furnished, admin, answer_with):
    page = furnished
    deny(answer_with, page)
    # A later test found it confirmed again, by the account.
    answer_with(page, ONE, SAMPLE)
    admin.go("#/accounts/acc000000/health")
    cell(page, "Stop instances, us-east-1: denied").click()
    expect(page.get_by_role("main")).to_contain_text("This is what was found then")
    evidence = page.get_by_role("region", name="On what it rests")
    expect(evidence.locator(".fix, .step-remedy:visible")).to_have_count(0)
