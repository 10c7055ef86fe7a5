"""What was used in the last months: a picture, and the table behind it."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.support.page import samples

SAID = "Most in 08/2025: 1,024. This month so far: 842."
MONTHS = "/v1/organization/usage/months"


def read_as_a_table(page: Page, name: str, first: str) -> None:
    card = page.get_by_role("region", name=name)
    picture = card.get_by_role("img", name=SAID)
    expect(picture.locator(".months-bar")).to_have_count(12)
    assert picture.evaluate("it => it.getBoundingClientRect().height") > 40
    card.get_by_text("The months in words").press("Enter")
    rows = card.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(13)
    expect(rows.nth(1)).to_have_text("01/2026, so far842")
    expect(rows.nth(6)).to_have_text("08/20251,024")
    expect(rows.last).to_have_text(f"02/2025{first}")
    assert_accessible(page)


@pytest.mark.in_firefox
def test_an_accounts_months_are_a_picture_and_a_table(admin, answer_everything):
    answer_everything(admin.page)
    admin.go("#/accounts/acc000000")
    read_as_a_table(admin.page, "Free tier", "not added yet")


def test_an_organizations_months_are_a_picture_and_a_table(admin, answer_everything):
    answer_everything(admin.page)
    admin.go("#/organization")
    read_as_a_table(admin.page, "Usage by month", "0")


def test_a_sum_that_leaves_accounts_out_says_so(admin, answer_everything, answer_with):
    page = admin.page
    answer_everything(page)
    cut = [month | {"complete": month["used"] < 1_000} for month in samples.MONTHS]
    answer_with(page, MONTHS, {"items": cut})
    admin.go("#/organization")
    card = page.get_by_role("region", name="Usage by month")
    expect(card).to_contain_text("Most in 08/2025: at least 1,024.")
    expect(card).to_contain_text("those used least are left out")


def test_the_running_stack_adds_up_what_was_used(admin):
    page = admin.go("#/organization")
    card = page.get_by_role("region", name="Usage by month")
    expect(card.locator(".months-bar")).to_have_count(12)


@pytest.mark.parametrize(("theme", "width"), [("dark", 360), ("light", 1280)])
@pytest.mark.parametrize("view", ["#/organization", "#/accounts/acc000000"])
def test_the_months_fit_also_with_texts_of_twice_the_size(
    sign_in, open_context, answer_everything, theme, width, view
):
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    answer_everything(page)
    sign_in("viewer", on=page, hash_=view)
    expect(page.locator(".months-bar")).to_have_count(12)
    page.get_by_text("The months in words").click()
    wait_until_loaded(page)
    assert_fits(page)
    assert_accessible(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(page)
    # No month is broken in the middle, and none reads as one with the other.
    first, last = page.locator(".months .ribbon-ends > span").evaluate_all(
        """(ends) => ends.map((end) => {
          const { top, left, right } = end.getBoundingClientRect();
          const range = document.createRange();
          range.selectNodeContents(end);
          return { top, left, right, lines: range.getClientRects().length };
        })"""
    )
    assert first["lines"] == last["lines"] == 1
    assert last["top"] > first["top"] or last["left"] - first["right"] >= 16
