"""The first view: how much comes over the wire, and whether anything jumps."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.browser import samples
from tests.browser.measures import RECORD_SHIFTS, weigh

LIMIT_BYTES = 60_000


def test_the_first_view_weighs_less_than_60_kb(open_context, stack):
    page = open_context().new_page()
    received = weigh(page, lambda: page.goto(stack.dashboard_url, wait_until="networkidle"))
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert len(received) > 8
    assert sum(received) < LIMIT_BYTES, received


def test_a_second_visit_asks_for_next_to_nothing(open_context, stack):
    page = open_context().new_page()
    page.goto(stack.dashboard_url, wait_until="networkidle")
    page.reload(wait_until="networkidle")
    transferred = page.evaluate(
        """performance.getEntriesByType("resource")
          .filter((entry) => entry.name.includes("/ui/"))
          .reduce((sum, entry) => sum + entry.transferSize, 0)"""
    )
    assert transferred < 2_000


def test_nothing_jumps_while_the_list_opens(admin, answer_with):
    accounts = [samples.account(index) for index in range(200)]
    answer_with(admin.page, "/v1/organization", samples.organization(accounts))
    answer_with(admin.page, "/v1/accounts", samples.pages_of(accounts))
    admin.page.add_init_script(RECORD_SHIFTS)
    admin.page.reload(wait_until="networkidle")
    admin.page.locator("[data-id='acc000000']").wait_for()
    admin.page.wait_for_timeout(500)
    assert admin.page.evaluate("window.shifts") < 0.02
