"""The order, filters and columns of the list: by the heads, by choices, in the address."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible, assert_fits
from tests.support.page import samples
from tests.support.page.waiting import until

MANY = 10_000


def furnish(admin, answer_with, count: int) -> Page:
    page = admin.page
    accounts = [samples.account(index) for index in range(count)]
    answer_with(page, "/v1/organization", samples.organization(accounts))
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    page.reload()
    page.locator("[data-id='acc000000']").wait_for()
    return page


@pytest.fixture
def thirty(admin, answer_with) -> Page:
    return furnish(admin, answer_with, 30)


def head(page: Page, name: str):
    return page.get_by_role("columnheader", name=name)


def first_row(page: Page):
    return page.locator(".account-row[aria-rowindex='2']")


def open_choices(page: Page) -> None:
    page.get_by_role("button", name="Sort, filter, export").click()
    expect(page.get_by_label("Order")).to_be_visible()


@pytest.mark.in_firefox
def test_a_head_sorts_its_column_and_says_so(thirty):
    expect(head(thirty, "Name")).to_have_attribute("aria-sort", "ascending")
    expect(head(thirty, "Status")).not_to_have_attribute("aria-sort", re.compile("."))
    head(thirty, "Status").get_by_role("button").click()
    expect(head(thirty, "Status")).to_have_attribute("aria-sort", "ascending")
    expect(first_row(thirty)).to_contain_text("Account00004")
    expect(first_row(thirty)).to_contain_text("Failed")
    expect(thirty).to_have_url(re.compile(r"#/accounts\?sort=status$"))
    head(thirty, "Status").get_by_role("button").click()
    expect(head(thirty, "Status")).to_have_attribute("aria-sort", "descending")
    expect(first_row(thirty)).to_contain_text("Confirmed")
    head(thirty, "Account, access").get_by_role("button").click()
    expect(first_row(thirty)).to_contain_text("400000000000")
    head(thirty, "Account, access").get_by_role("button").click()
    expect(first_row(thirty)).to_contain_text("400000000029")
    assert_accessible(thirty)


def test_a_keyboard_sorts_and_keeps_its_place(thirty):
    button = head(thirty, "Name").get_by_role("button")
    button.focus()
    thirty.keyboard.press("Enter")
    expect(first_row(thirty)).to_contain_text("Account00029")
    expect(button).to_be_focused()
    thirty.keyboard.press("Space")
    expect(first_row(thirty)).to_contain_text("Account00000")
    expect(button).to_be_focused()


def test_the_order_and_the_filters_live_in_the_address(thirty):
    open_choices(thirty)
    thirty.get_by_label("Access type").select_option("Access Key")
    expect(first_row(thirty)).to_contain_text("Account00003")
    thirty.get_by_label("Problems").select_option("With problems")
    thirty.get_by_label("Order").select_option("Number, highest first")
    expect(first_row(thirty)).to_contain_text("Account00027")
    address = re.compile("access_type=access_key&has_problems=true&sort=-provider_id$")
    expect(thirty).to_have_url(address)
    shown = thirty.locator(".cell-name a").all_inner_texts()
    thirty.reload()
    expect(thirty.locator(".cell-name a")).to_have_text(shown)
    expect(thirty.get_by_role("button", name="Sort, filter, export · 2")).to_be_visible()
    expect(thirty.get_by_label("Access type")).to_have_value("access_key")
    expect(thirty.get_by_label("Order")).to_have_value("-provider_id")
    assert_accessible(thirty)
    clear = thirty.get_by_role("button", name="Clear all filters")
    clear.click()
    expect(thirty).to_have_url(re.compile(r"#/accounts\?sort=-provider_id$"))
    expect(first_row(thirty)).to_contain_text("Account00029")
    expect(clear).to_be_focused()


@pytest.mark.in_firefox
def test_filters_hold_together_with_a_search_and_a_status(thirty):
    open_choices(thirty)
    thirty.get_by_label("Problems").select_option("Without problems")
    thirty.get_by_role("group", name="Show by status").get_by_text("Unconfirmed").click()
    thirty.get_by_label("Search by name or account number").fill("account000")
    names = [f"Account{index:05d}" for index in (5, 11, 17, 23, 29)]
    expect(thirty.locator(".cell-name a")).to_have_text(names)
    expect(thirty).to_have_url(
        re.compile(r"#/accounts\?q=account000&status=unconfirmed&has_problems=false$")
    )


@pytest.mark.parametrize("width", [360, 414])
def test_a_narrow_screen_sorts_by_a_choice_and_focuses_nothing_that_is_hidden(thirty, width):
    thirty.set_viewport_size({"width": width, "height": 740})
    expect(thirty.locator(".sort:visible")).to_have_count(0)
    toggle = thirty.get_by_role("button", name="Sort, filter, export")
    toggle.focus()
    thirty.keyboard.press("Enter")
    expect(toggle).to_have_attribute("aria-expanded", "true")
    expect(thirty.get_by_label("Order")).to_be_visible()
    thirty.keyboard.press("Tab")
    expect(thirty.get_by_label("Order")).to_be_focused()
    thirty.get_by_label("Order").select_option("Status, failed first")
    expect(first_row(thirty)).to_contain_text("Account00004")
    assert_accessible(thirty)
    assert_fits(thirty)
    for _ in range(3):
        thirty.keyboard.press("Tab")
    expect(thirty.get_by_role("button", name="Clear all filters")).to_be_focused()
    thirty.keyboard.press("Tab")
    expect(thirty.get_by_role("button", name="Export CSV")).to_be_focused()
    thirty.keyboard.press("Tab")
    statuses = thirty.get_by_role("group", name="Show by status")
    expect(statuses.get_by_role("radio", name="All")).to_be_focused()
    thirty.keyboard.press("Tab")
    expect(first_row(thirty).get_by_role("checkbox")).to_be_focused()
    thirty.keyboard.press("Tab")
    expect(first_row(thirty).locator(".cell-name a")).to_be_focused()


def test_the_choices_fit_with_texts_of_twice_the_size(thirty):
    thirty.set_viewport_size({"width": 360, "height": 740})
    thirty.evaluate("document.documentElement.style.fontSize = '200%'")
    open_choices(thirty)
    assert_fits(thirty)
    broken = """() => [...document.querySelectorAll(".filter-face")]
      .flatMap((face) => [...face.childNodes])
      .filter((node) => {
        const range = document.createRange();
        range.selectNodeContents(node);
        return node.textContent.trim() && range.getClientRects().length > 1;
      }).map((node) => node.textContent)"""
    assert thirty.evaluate(broken) == []


@pytest.mark.in_firefox
def test_a_keyboard_chooses_columns_which_live_in_the_address(thirty):
    opener = thirty.get_by_role("button", name="Columns", exact=True)
    opener.focus()
    thirty.keyboard.press("Enter")
    boxes = thirty.get_by_role("group", name="Columns")
    expect(boxes.get_by_role("checkbox")).to_have_count(12)
    expect(boxes.get_by_role("checkbox", checked=True)).to_have_count(6)
    assert_accessible(thirty)
    for name in ("Possible", "Next step", "Regions"):
        boxes.get_by_role("checkbox", name=name).focus()
        thirty.keyboard.press("Space")
        expect(boxes.get_by_role("checkbox", name=name)).to_be_focused()
    shown = ["Name", "Status", "Account, access", "Regions", "Last tested", "Test"]
    heads = thirty.get_by_role("columnheader")
    expect(heads).to_have_count(len(shown))
    for head_, text in zip(heads.all(), shown, strict=True):
        expect(head_).to_contain_text(text)
    expect(first_row(thirty).get_by_role("cell").nth(3)).to_contain_text("us-east-1")
    address = re.compile(r"#/accounts\?columns=name\+status\+account\+regions\+tested\+test$")
    expect(thirty).to_have_url(address)
    head(thirty, "Status").get_by_role("button").click()
    expect(first_row(thirty)).to_contain_text("Account00004")
    thirty.reload()
    expect(heads).to_have_count(len(shown))
    expect(first_row(thirty)).to_contain_text("us-east-1")
    assert_accessible(thirty)
    opener.click()
    thirty.get_by_role("button", name="Usual columns").click()
    expect(heads).to_have_count(7)
    expect(thirty).to_have_url(re.compile(r"#/accounts\?sort=status$"))


REGIONS = (["ap-northeast-1", "eu-west-1", "us-east-1"], ["ap-northeast-1", "ap-southeast-7"])
CUT_REGIONS = """() => [...document.querySelectorAll(".regions-of > span")]
  .filter((it) => it.getBoundingClientRect().width > 1)
  .filter((it) => {
    const [own, cell, row] = [it, it.closest(".cell"), it.closest(".account-row")]
      .map((each) => each.getBoundingClientRect());
    if (it.scrollWidth > it.clientWidth + 1) return true;
    return own.right > cell.right + 1 || own.bottom > row.bottom;
  })
  .map((it) => it.textContent)"""


def test_two_other_columns_have_room_at_1280_and_the_heads_stay(thirty, answer_with):
    accounts = [samples.account(index, regions=REGIONS[index % 2]) for index in range(30)]
    accounts[2] |= {"testing": True}
    answer_with(thirty, "/v1/accounts/acc000002", accounts[2])
    answer_with(thirty, "/v1/accounts", samples.pages_of(accounts))
    thirty.set_viewport_size({"width": 1280, "height": 740})
    thirty.evaluate("""() => {
      const columns = "status account capabilities write_logs regions tested next test";
      location.hash = `#/accounts?columns=name ${columns}`;
    }""")
    expect(thirty.get_by_role("columnheader")).to_have_count(9)
    expect(head(thirty, "Name").get_by_role("button")).to_be_visible()
    expect(thirty.get_by_label("Choose all accounts that are loaded")).to_be_visible()
    cells = first_row(thirty).get_by_role("cell")
    expect(cells.nth(5)).to_contain_text("+2, eu-west-1, us-east-1")
    # Regions that begin the same can be told apart without a pointer that rests on them.
    second = thirty.locator(".account-row[aria-rowindex='3']").get_by_role("cell")
    expect(second.nth(5)).to_contain_text("ap-northeast-1, ap-southeast-7")
    assert thirty.evaluate(CUT_REGIONS) == []
    expect(cells.nth(5).get_by_title("ap-northeast-1, eu-west-1, us-east-1")).to_be_visible()
    cut = """() => [...document.querySelectorAll(".account-row > .cell:not(.cell-name)")]
      .filter((cell) => cell.scrollWidth > cell.clientWidth + 1).map((cell) => cell.textContent)"""
    assert thirty.evaluate(cut) == []
    assert_accessible(thirty)
    assert_fits(thirty)
    # The usual list after it, at either width, has its own columns again.
    thirty.get_by_role("link", name="Cloud Accounts").click()
    expect(thirty.get_by_role("columnheader")).to_have_count(7)
    assert thirty.evaluate(cut) == []
    names, statuses = (first_row(thirty).locator(f".cell-{of}") for of in ("name", "status"))
    assert statuses.bounding_box()["x"] > names.bounding_box()["x"] + 100
    thirty.set_viewport_size({"width": 360, "height": 740})
    until(thirty, lambda: first_row(thirty).bounding_box()["height"] == 132, "its lines")


@pytest.mark.parametrize("width", [360, 1280])
def test_columns_without_room_take_lines_of_a_row(thirty, answer_with, width):
    accounts = [samples.account(index, regions=REGIONS[index % 2]) for index in range(30)]
    answer_with(thirty, "/v1/accounts", samples.pages_of(accounts))
    thirty.set_viewport_size({"width": width, "height": 740})
    thirty.evaluate("""() => {
      const others = "template_version write_logs regions enrollment_id tested created_at";
      location.hash = `#/accounts?columns=nonsense status account capabilities test ${others}`;
    }""")
    row = first_row(thirty)
    expect(row).to_contain_text("Write logs: Yes")
    expect(row).to_contain_text("Regions: ap-northeast-1")
    expect(thirty.locator(".cell-caption-of").first).to_be_visible()
    thirty.get_by_role("button", name="Columns", exact=True).click()
    boxes = thirty.get_by_role("group", name="Columns")
    expect(boxes.get_by_role("checkbox", checked=True)).to_have_count(10)
    assert_accessible(thirty)
    assert_fits(thirty)
    is_apart = """() => {
      const rows = [...document.querySelectorAll(".account-row[data-id]")].slice(0, 3);
      return rows.every((row, index) => {
        const box = row.getBoundingClientRect();
        const last = row.lastElementChild.getBoundingClientRect();
        const before = rows[index - 1]?.getBoundingClientRect().bottom ?? 0;
        return box.top >= before - 1 && last.bottom <= box.bottom;
      });
    }"""
    assert thirty.evaluate(is_apart)
    assert thirty.evaluate(CUT_REGIONS) == []
    thirty.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(thirty)
    thirty.evaluate("dispatchEvent(new Event('resize'))")
    until(thirty, lambda: thirty.evaluate(is_apart), "as high as its lines")
    assert thirty.evaluate(CUT_REGIONS) == []


def test_ten_thousand_accounts_sort_with_one_page(admin, answer_with):
    page = furnish(admin, answer_with, MANY)
    asked = answer_with(
        page,
        "/v1/accounts",
        samples.pages_of([samples.account(index) for index in range(MANY)]),
    )
    page.evaluate("window.scrollTo(0, 1500)")
    head(page, "Name").get_by_role("button").click()
    expect(first_row(page)).to_contain_text("Account09999")
    expect(first_row(page)).to_be_in_viewport()
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", str(MANY + 1))
    assert len(asked) <= 2


def test_choices_that_cannot_be_loaded_say_so(thirty, watch):
    watch.expects_network_failures = True
    watch.expect_complaint("Failed to fetch dynamically imported module")
    thirty.route(re.compile("/views/choices.js$"), lambda route: route.abort())
    thirty.get_by_role("button", name="Sort, filter, export").click()
    expect(thirty.get_by_role("alert")).to_contain_text("could not be loaded")
