"""Every view and modal: no axe violations in both themes, usable by keyboard alone, no sideways
scrolling from 360 px on."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import COLORS, assert_accessible, assert_fits, wait_until_loaded
from tests.browser.conftest import some_number
from tests.support.page import samples
from tests.support.page.keyboard import reach
from tests.support.page.views import MODALS, NEEDS_SIGN_IN
from tests.support.page.waiting import until


@pytest.fixture
def furnished(answer_everything) -> Callable[[Page], Page]:
    """A page whose API answers with one sample of everything, whatever the stack has."""

    def furnish(page: Page) -> Page:
        answer_everything(page)
        return page

    return furnish


IN_BOTH_THEMES = ("list", "overview, regions", "health", "all schedules", "problems", "enrollment")
"""Where it is wide, with what is there only then. The rest has the same colours at 360 px."""
MODALS_IN_BOTH = ("Go to…", "Change", "Stop web1", "One week for several", "Add resources")
"""Likewise."""


def open_all(page: Page) -> None:
    """What is held back at first, such as the next 14 days."""
    for details in page.locator("details").all():
        details.evaluate("it => { it.open = true; }")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360)])
def test_every_view_passes_axe_and_fits(sign_in, open_context, furnished, theme, width):
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    page.goto("about:blank")
    furnished(page)
    person = sign_in("admin", on=page)
    for name, hash_ in NEEDS_SIGN_IN.items():
        person.page.evaluate("hash => { location.hash = hash; }", hash_)
        wait_until_loaded(page)
        assert_accessible(page)
        assert_fits(page)
        if theme == "light" and name in IN_BOTH_THEMES:
            page.emulate_media(color_scheme="dark")
            assert_accessible(page, COLORS)
            page.emulate_media(color_scheme="light")


@pytest.mark.parametrize(("theme", "width"), [("dark", 1280), ("light", 360)])
def test_every_modal_passes_axe(sign_in, open_context, furnished, theme, width):
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    furnished(page)
    person = sign_in("admin", on=page)
    for name, hash_ in MODALS:
        person.go("#/accounts")
        page.evaluate("hash => { location.hash = hash; }", hash_)
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("dialog").wait_for()
        open_all(page)
        # The view behind it is inert, and has a test of its own.
        assert_accessible(page, within="dialog")
        assert_fits(page)
        if theme == "dark" and name in MODALS_IN_BOTH:
            page.emulate_media(color_scheme="light")
            assert_accessible(page, COLORS, "dialog")
            page.emulate_media(color_scheme="dark")
        page.keyboard.press("Escape")
        expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.get_by_role("button", name=name, exact=True)).to_be_focused()


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_shown_before_signing_in_passes_axe(open_context, stack, theme):
    page = open_context(color_scheme=theme).new_page()
    for hash_ in ("", "#/access-details"):
        page.goto(f"{stack.dashboard_url}{hash_}")
        wait_until_loaded(page)
        assert_accessible(page)


CUT_IN_A_CELL = """() => [...document.querySelectorAll(".account-row[data-id] .cell")]
  .filter((cell) => cell.offsetParent && !cell.classList.contains("cell-name"))
  .filter((cell) => cell.scrollWidth > cell.clientWidth + 1)
  .map((cell) => cell.textContent)"""


def test_the_list_and_an_account_fit_any_width(page, sign_in, furnished):
    furnished(page)
    person = sign_in("admin")
    for width in (360, 414, 600, 768, 900, 961, 1100, 1440, 2200):
        page.set_viewport_size({"width": width, "height": 800})
        person.go("#/accounts")
        page.reload()
        wait_until_loaded(page)
        for index in range(3):
            button = page.get_by_role("button", name=f"Test Account0000{index}")
            expect(button).to_be_in_viewport(ratio=1)
        assert page.evaluate(CUT_IN_A_CELL) == [], f"at {width} px"
        assert_fits(page)
        person.go("#/accounts/acc000004")
        wait_until_loaded(page)
        assert_fits(page)


LONGEST_MARK = "Incomplete. Last updated 26 Nov 2026, 14:02"
# What reaches out of its row, which has a fixed height and shows nothing beside itself.
CUT = """() => [...document.querySelectorAll(".account-row[data-id]")].flatMap((row) => {
  const there = row.getBoundingClientRect();
  return [...row.querySelectorAll(".cell, .cell > *, .status, .chip")].filter((it) => {
    const box = it.getBoundingClientRect();
    const inside = box.top > there.top - 1 && box.bottom < there.bottom + 1;
    return box.width && !(inside && box.right < there.right + 1);
  }).map((it) => `${it.className}: ${it.textContent}`);
})"""
CUT_NAMES = """() => [...document.querySelectorAll(".account-row[data-id] [data-part=name]")]
  .filter((it) => it.scrollWidth > it.clientWidth || it.scrollHeight > it.clientHeight)
  .map((it) => it.textContent)"""


def say_longest(page: Page) -> None:
    for mark in page.locator(".freshness").all():
        mark.locator("span").evaluate("(it, text) => { it.textContent = text; }", LONGEST_MARK)


# What has a letter or two a line, of what has something beside it.
SQUEEZED = """() => [...document.querySelectorAll("dd, th, td")].filter((it) => {
  const range = new Range();
  range.selectNodeContents(it);
  const lines = new Set([...range.getClientRects()].map(({ top }) => Math.round(top))).size;
  return lines > 2 && it.textContent.length / lines < 4;
}).map((it) => it.textContent)"""


@pytest.mark.parametrize("width", [360, 1000, 1280])
def test_texts_at_twice_the_size_are_not_cut(sign_in, open_context, answer_everything, width):
    page = open_context(viewport={"width": width, "height": 900}).new_page()
    accounts = [samples.account(index) for index in range(10)]
    for index, name in enumerate(("PaymentsProduction", "PaymentsProductionEuropeWestOne")):
        accounts[index]["name"] = name
    answer_everything(page, accounts)
    person = sign_in("admin", on=page)
    wait_until_loaded(page)
    page.evaluate(
        """() => {
          document.documentElement.style.fontSize = "200%";
          dispatchEvent(new Event("resize"));
        }"""
    )
    is_apart = """() => {
          const rows = [...document.querySelectorAll(".account-row[data-id]")]
            .map((row) => row.getBoundingClientRect());
          return rows.length > 1
            && rows.every((row, index) => !index || row.top >= rows[index - 1].bottom - 1);
        }"""
    until(page, lambda: page.evaluate(is_apart), "no row covers another")
    assert page.evaluate(CUT) == []
    assert page.evaluate(CUT_NAMES) == []
    say_longest(page)
    assert_fits(page)
    squeezed = []
    for hash_ in NEEDS_SIGN_IN.values():
        person.go(hash_)
        wait_until_loaded(page)
        open_all(page)
        say_longest(page)
        assert_fits(page)
        squeezed += page.evaluate(SQUEEZED)
    for name, hash_ in MODALS:
        person.go(hash_)
        page.get_by_role("button", name=name, exact=True).click()
        page.get_by_role("dialog").wait_for()
        open_all(page)
        assert_fits(page)
        squeezed += page.evaluate(SQUEEZED)
        page.keyboard.press("Escape")
    assert squeezed == []


def test_an_account_is_added_tested_and_left_by_keyboard_alone(admin):
    page = admin.page
    number = some_number()

    admin.add_account()
    page.reload()
    expect(page.get_by_role("row").nth(1)).to_be_visible()
    page.keyboard.press("Tab")
    expect(page.get_by_role("link", name="Skip to the content")).to_be_focused()
    page.keyboard.press("Enter")
    reach(page, "New Account")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_be_visible()
    reach(page, "Provider ID")
    page.keyboard.type(number)
    reach(page, "Name")
    page.keyboard.type(f"Keys{number[-6:]}")
    reach(page, "Assume Role")
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("Secret access key")).to_be_visible()
    page.keyboard.press("ArrowUp")
    reach(page, "Yes")
    page.keyboard.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("heading", name=f"Keys{number[-6:]}")).to_be_focused()
    expect(page.get_by_role("link", name="Deploy on AWS")).to_be_visible()
    reach(page, "Other ways")
    page.keyboard.press("Enter")
    expect(page.get_by_role("tab", name="CloudFormation")).to_be_visible()
    reach(page, "CloudFormation")
    page.keyboard.press("ArrowRight")
    expect(page.get_by_role("tab", name="Terraform")).to_have_attribute("aria-selected", "true")
    expect(page.get_by_role("tabpanel", name="Terraform")).to_be_visible()
    page.keyboard.press("End")
    expect(page.get_by_role("tabpanel", name="Policies by hand")).to_be_visible()
    reach(page, "Cloud Accounts", backwards=True)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="Cloud Accounts")).to_be_visible()


def test_motion_stops_for_those_who_asked_for_it(sign_in, open_context, furnished):
    page = open_context(reduced_motion="reduce").new_page()
    furnished(page)
    person = sign_in("admin", on=page)
    person.go("#/accounts/acc000005/instructions")
    wait_until_loaded(page)
    moving = page.evaluate(
        "document.getAnimations().filter((a) => a.playState === 'running').length"
    )
    assert moving == 0


def test_the_theme_can_be_chosen_and_is_kept(admin):
    page = admin.page
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.get_by_role("button", name="Theme: the system's colours. Switch to light").click()
    page.get_by_role("button", name="Theme: light. Switch to dark").click()
    assert page.evaluate(ground) != light
    page.reload()
    assert page.evaluate(ground) != light
    page.get_by_role("button", name="Theme: dark. Switch to the system's colours").click()
    assert page.evaluate(ground) == light


MARKED = """([chosen, others]) => {
  const ground = (node) => getComputedStyle(node).backgroundColor;
  const it = document.querySelector(chosen);
  const all = [...document.querySelectorAll(others)];
  const parts = [it, ...it.querySelectorAll("*")].map((node) => getComputedStyle(node).color);
  // Otherwise the browser takes it away, which computed styles do not show.
  return getComputedStyle(it).forcedColorAdjust === "none" && all.length > 0 &&
    all.every((node) => ground(node) !== ground(it)) &&
    parts.every((color) => color !== ground(it));
}"""


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_is_chosen_is_marked_in_forced_colors(sign_in, open_context, furnished, theme):
    page = open_context(color_scheme=theme, forced_colors="active").new_page()
    furnished(page)
    person = sign_in("admin", on=page)
    chosen = {
        "#/accounts": [
            (".nav a[aria-current]", ".nav a:not([aria-current])"),
            (".filter :checked + .filter-face", ".filter :not(:checked) + .filter-face"),
        ],
        "#/accounts/acc000004/instructions": [
            (".subnav a[aria-current]", ".subnav a:not([aria-current])"),
            ('.tab[aria-selected="true"]', '.tab[aria-selected="false"]'),
        ],
    }
    for view, pairs in chosen.items():
        person.go(view)
        wait_until_loaded(page)
        for pair in pairs:
            page.locator(pair[0]).wait_for()
            assert page.evaluate(MARKED, pair), pair
