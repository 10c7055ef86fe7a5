"""The status of an account in the last days, in its row of the list."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.support.page import samples

CHANGES = [{"on": "2026-01-20", "before": "confirmed"}, {"on": "2026-01-22", "before": "failed"}]
BROKE = samples.account(0, created_at="2025-06-01T10:00:00Z", status_changes=CHANGES)
NEW = samples.account(1, created_at="2026-01-30T10:00:00Z")
NOW = "2026-01-31T12:00:00Z"


@pytest.fixture
def listed(admin, answer_with):
    page = admin.page
    page.clock.install(time=NOW)
    answer_with(page, "/v1/accounts", samples.pages_of([BROKE, NEW]))
    admin.go("#/accounts")
    page.reload()
    return page


@pytest.mark.in_firefox
def test_a_row_says_how_the_account_was_in_the_last_days(listed):
    row = listed.get_by_role("row").filter(has_text="Account00000")
    picture = row.get_by_role("img", name="The last 30 days: Confirmed 27, Failed 3")
    expect(picture).to_be_visible()
    parts = picture.evaluate("it => getComputedStyle(it).backgroundImage.split('linear-').length")
    assert parts - 1 == 3, "before, while and after it was broken"
    younger = listed.get_by_role("row").filter(has_text="Account00001")
    expect(younger.get_by_role("img", name="The last 30 days: Confirmed 2")).to_be_visible()
    assert_accessible(listed)


def test_it_stays_within_its_row(listed):
    expect(listed.locator(".spark[role]")).to_have_count(2)
    row = listed.locator(".account-row[data-id]").first
    inside = row.evaluate(
        """row => {
          const [it, there] = [row.querySelector(".spark"), row]
            .map((each) => each.getBoundingClientRect());
          return it.top > there.top && it.bottom < there.bottom && it.height > 4;
        }"""
    )
    assert inside


@pytest.mark.parametrize(("theme", "width"), [("dark", 360), ("light", 1440)])
def test_narrow_lists_show_it_to_screen_readers_alone(
    sign_in, open_context, answer_with, theme, width
):
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    answer_with(page, "/v1/accounts", samples.pages_of([BROKE, NEW]))
    sign_in("viewer", on=page)
    wait_until_loaded(page)
    # Not hidden: it is in the accessibility tree.
    pictures = page.get_by_role("img", name="The last 30 days: ")
    expect(pictures).to_have_count(2)
    sizes = [each.bounding_box() for each in pictures.all()]
    assert all((each["width"] > 50) is (width > 1_000) for each in sizes), sizes
    assert all((each["width"] <= 1) is (width < 1_000) for each in sizes), sizes
    assert_fits(page)
    assert_accessible(page)
