"""A modal that is closed does nothing more, and what it had begun is not lost from sight."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, Route, expect

from tests.support.page import samples
from tests.support.page.waiting import HeldRequests, until

ONE = "#/accounts/acc000000"
SEARCH, WEBHOOK = r"/v1/accounts\?.*\bq=", "/v1/organization/webhook$"
# By the button that opens it: where that is, what is filled in, and what is asked before the act.
ASK_FIRST = {
    "Rename": (ONE, {"Name": "Other"}, SEARCH),
    "Change the schedule of web1": (f"{ONE}/schedules", {}, r"/resources/res1$"),
    "Release web1": (f"{ONE}/schedules", {}, r"/resources/res1$"),
    "Change": ("#/organization", {}, WEBHOOK),
    "Remove the webhook": ("#/organization", {}, WEBHOOK),
    "New signing secret": ("#/organization", {}, WEBHOOK),
    "New Account": ("#/accounts", {"Provider ID": "123456789012", "Name": "Another"}, SEARCH),
}


def opened(page: Page, name: str):
    page.get_by_role("button", name=name, exact=True).first.click()
    return page.get_by_role("dialog")


def holding(page: Page, asked: str) -> HeldRequests:
    """What is read there waits for an answer from now on."""
    return HeldRequests(page, re.compile(asked), "GET")


def said(page: Page) -> str:
    """At once: words go by themselves."""
    page.wait_for_timeout(300)
    return page.locator("#toasts").inner_text()


def asking(admin, answer_everything, name: str):
    """The modal once it was sent, and what it asked before the act, which waits for an answer."""
    page = admin.page
    hash_, values, asked = ASK_FIRST[name]
    answer_everything(page)
    admin.go(hash_)
    dialog = opened(page, name)
    for label, value in values.items():
        dialog.get_by_label(label, exact=True).fill(value)
    held = holding(page, asked)
    dialog.locator("button[type=submit]").click()
    held.first()
    return dialog, held


def close(dialog) -> None:
    dialog.page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)


@pytest.mark.parametrize("name", ASK_FIRST)
def test_a_modal_that_is_closed_while_it_asks_does_nothing(admin, answer_everything, name):
    page, acts = admin.page, []
    page.on("request", lambda one: one.method in ("GET", "OPTIONS") or acts.append(one.url))
    dialog, held = asking(admin, answer_everything, name)
    close(dialog)
    for route in held:
        with page.expect_response(route.request.url):
            route.fallback()
    page.wait_for_timeout(300)
    assert acts == []
    expect(page.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize("name", [name for name in ASK_FIRST if ASK_FIRST[name][2] != SEARCH])
def test_nobody_is_told_what_a_closed_modal_found(admin, answer_everything, watch, name):
    watch.expect_status(403)
    page = admin.page
    dialog, held = asking(admin, answer_everything, name)
    close(dialog)
    for route in held:
        with page.expect_response(route.request.url):
            route.fulfill(status=403, json={"message": "Forbidden"})
    assert said(page) == ""


def test_nor_what_it_misses_before_its_choices_have_come(admin):
    page = admin.page
    held = holding(page, "/v1/providers$")
    admin.go("#/accounts")
    dialog = opened(page, "New Account")
    held.first()
    dialog.locator("button[type=submit]").click()
    close(dialog)
    with page.expect_response("**/v1/providers"):
        held.first().fallback()
    assert said(page) == ""


@pytest.mark.parametrize(("asked", "times"), [(SEARCH, 2), ("/v1/providers$", 1)])
def test_a_modal_whose_session_ends_while_it_asks_sends_nothing_more(
    admin, answer_with, asked, times
):
    """The name is searched for when the field is left, and again before the account is made."""
    page, sent = admin.page, []
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    held = holding(page, asked)
    hash_, values, _ = ASK_FIRST["New Account"]
    admin.go(hash_)
    dialog = opened(page, "New Account")
    for label, value in values.items():
        dialog.get_by_label(label, exact=True).fill(value)
    dialog.locator("button[type=submit]").click()
    until(page, lambda: len(held) == times, "all that the modal asks")

    def note(one):
        """But the list's own reads, now and then, until the session ends."""
        if "/v1/" in one.url and (one.method != "GET" or re.search(asked, one.url)):
            sent.append(one.url)

    page.on("request", note)
    # The modal covers it. A token that is renewed as another's ends the session as well.
    page.get_by_role("button", name="Sign out", include_hidden=True).evaluate("it => it.click()")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    page.wait_for_timeout(300)
    assert sent == []


def test_what_a_closed_modal_had_begun_says_why_it_failed(admin, answer_with, watch):
    watch.expect_status(500)
    page = admin.page
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    answer_with(page, "/v1/accounts/acc000000", samples.account(0))
    admin.go(ONE)
    dialog = opened(page, "Rename")
    dialog.get_by_label("Name", exact=True).fill("Other")
    held = HeldRequests(page, "**/v1/accounts/acc000000", "PATCH")
    dialog.get_by_role("button", name="Save").click()
    request = held.first()
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    status, problem = samples.BROKEN
    request.fulfill(status=status, json=problem)
    expect(page.locator("#toasts")).to_contain_text(problem["detail"])


def test_an_account_that_a_closed_modal_deletes_is_gone_in_the_next_view(admin, answer_everything):
    page = admin.page
    answer_everything(page)
    admin.go(ONE)
    held = HeldRequests(page, "**/v1/accounts/acc000000", "DELETE")
    dialog = opened(page, "Delete account")
    number = samples.account(0)["provider_id"]
    dialog.get_by_label("Type the account number").fill(number)
    dialog.get_by_role("button", name="Delete account").click()
    request = held.first()
    close(dialog)
    page.evaluate("location.hash = '#/accounts/acc000000/tests'")
    expect(page.locator(".history-row").first).to_be_visible()
    request.fulfill(status=204)
    expect(page.get_by_role("heading", name="No such account")).to_be_visible()


def sent_and_closed(page: Page) -> Route:
    """The request for a new account, which waits for an answer. Its modal is closed."""
    held = HeldRequests(page, "**/v1/accounts", "POST")
    dialog = opened(page, "New Account")
    for label, value in ASK_FIRST["New Account"][1].items():
        dialog.get_by_label(label, exact=True).fill(value)
    dialog.locator("button[type=submit]").click()
    request = held.first()
    close(dialog)
    return request


def test_an_account_that_a_closed_modal_added_leaves_the_next_modal_as_it_is(admin, answer_with):
    page, added = admin.page, samples.account(1) | {"name": "Another"}
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    answer_with(page, "/v1/accounts/acc000001", added)
    admin.go("#/accounts")
    request = sent_and_closed(page)
    dialog = opened(page, "New Account")
    dialog.get_by_label("Name", exact=True).fill("Second")
    request.fulfill(status=201, json=added)
    expect(dialog).to_contain_text("Another was added.")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Second")
    close(dialog)
    dialog = opened(page, "New Account")
    expect(dialog.get_by_label("Name", exact=True)).to_have_value("Second")
    close(dialog)
    admin.go("#/accounts/acc000001")
    admin.go("#/accounts")
    expect(page.get_by_role("row").filter(has_text="Another")).to_be_visible()
    expect(page.get_by_role("main").get_by_text("was added")).to_have_count(0)


def test_a_number_that_is_connected_already_is_said_also_after_its_modal(admin, answer_with, watch):
    watch.expect_status(409)
    page, there = admin.page, samples.account(0) | {"provider_id": "123456789012"}
    answer_with(page, "/v1/accounts", samples.pages_of([there]))
    admin.go("#/accounts")
    request = sent_and_closed(page)
    detail = "This account is connected already."
    request.fulfill(status=409, json={"title": "Conflict", "status": 409, "detail": detail})
    expect(page.locator("#toasts")).to_contain_text(detail)
