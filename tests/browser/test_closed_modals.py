"""A modal that is closed does nothing more, and what it had begun is not lost from sight."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.page import samples

ONE = "#/accounts/acc000000"
SEARCH, WEBHOOK = r"/v1/accounts\?.*\bq=", "/v1/organization/webhook$"
# By the button that opens it: where that is, what is filled in, and what is asked before the act.
ASK_FIRST = {
    "Rename": (ONE, {"Name": "Other"}, SEARCH),
    "Change": (ONE, {"Role name": "CavokOther"}, "/v1/accounts/acc000000$"),
    "Change the schedule of web1": (f"{ONE}/schedules", {}, r"/resources(\?|$)"),
    "Change webhook": ("#/organization", {}, WEBHOOK),
    "New signing secret": ("#/organization", {}, WEBHOOK),
    "New Account": ("#/accounts", {"Provider ID": "123456789012", "Name": "Another"}, SEARCH),
}


def opened(page: Page, name: str):
    page.get_by_role("button", name=name.removesuffix(" webhook"), exact=True).first.click()
    return page.get_by_role("dialog")


@pytest.mark.parametrize("name", ASK_FIRST)
def test_a_modal_that_is_closed_while_it_asks_does_nothing(admin, answer_with, name):
    page, acts, held = admin.page, [], []
    hash_, values, asked = ASK_FIRST[name]
    for path, reply in samples.everything().items():
        answer_with(page, path, reply)
    admin.go(hash_)
    dialog = opened(page, name)
    for label, value in values.items():
        dialog.get_by_label(label, exact=True).fill(value)

    def hold(route: Route) -> None:
        held.append(route) if route.request.method == "GET" else route.fallback()

    page.route(re.compile(asked), hold)
    page.on("request", lambda one: one.method in ("GET", "OPTIONS") or acts.append(one.url))
    with page.expect_request(re.compile(asked)):
        dialog.locator("button[type=submit]").click()
    page.wait_for_timeout(100)
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    assert held
    for route in held:
        with page.expect_response(route.request.url):
            route.fallback()
    page.wait_for_timeout(300)
    assert acts == []
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_what_a_closed_modal_had_begun_says_why_it_failed(admin, answer_with, watch):
    watch.expect_status(500)
    page, held = admin.page, []
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    answer_with(page, "/v1/accounts/acc000000", samples.account(0))
    admin.go(ONE)
    dialog = opened(page, "Rename")
    dialog.get_by_label("Name", exact=True).fill("Other")

    def hold(route: Route) -> None:
        held.append(route) if route.request.method == "PATCH" else route.fallback()

    page.route("**/v1/accounts/acc000000", hold)
    with page.expect_request(lambda one: one.method == "PATCH"):
        dialog.get_by_role("button", name="Save").click()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    status, problem = samples.BROKEN
    held[-1].fulfill(status=status, json=problem)
    expect(page.locator("#toasts")).to_contain_text(problem["detail"])
