"""Revoke now: an account that is not used until a person tests it."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.support.page import samples
from tests.support.page.keyboard import press
from tests.support.page.waiting import HeldRequests, unseen

ONE = "/v1/accounts/acc000000"
REVOKED = samples.issue(
    "revoked",
    "A person revoked the use of this account. Cavok does not enter it.",
    "Press Test to use the account again.",
)
EMPTY = """card => [...card.querySelectorAll("*"), card].flatMap((node) =>
  [node, "::after"].map((of) => (of === node ? getComputedStyle(node) : getComputedStyle(node, of)))
    .filter(({ visibility, content }) => visibility === "hidden" && content !== "none")
    .map(() => node.outerHTML))"""
"""What has room and is not seen."""
WHY = "You are a viewer. Only an admin of your organization can do this."


def revoked_account() -> dict:
    return samples.account(
        0,
        status="unconfirmed",
        issues=[REVOKED],
        capabilities=dict.fromkeys(("ec2", "rds", "logs"), "unknown"),
    )


def test_an_admin_revokes_an_account_after_reading_what_ends(admin, answer_with):
    page = admin.page
    posted = answer_with(page, f"{ONE}/revoke", (204, None), method="POST")
    answer_with(page, ONE, lambda _: revoked_account() if posted else samples.account(0))
    admin.go("#/accounts/acc000000")
    expect(page.get_by_role("button", name="Revoke now")).to_be_visible()
    press(page, "Revoke now")
    dialog = page.get_by_role("dialog", name="Stop using Account00000 now?")
    expect(dialog.get_by_role("listitem")).to_have_count(5)
    expect(dialog).to_contain_text("Its schedules")
    expect(dialog).to_contain_text("The role in your AWS account stays as it is.")
    page.keyboard.press("Escape")
    expect(page.get_by_role("button", name="Revoke now")).to_be_focused()
    assert posted == []

    page.keyboard.press("Enter")
    expect(dialog).to_be_visible()
    press(page, "Revoke now")
    expect(dialog).to_have_count(0)
    expect(page.locator(".account-title")).to_contain_text("Unconfirmed")
    expect(page.locator(".account-title .icon-question")).to_have_count(1)
    connection = page.get_by_role("region", name="Connection")
    expect(connection).to_contain_text("Revoked: nothing of this account is used")
    done = page.get_by_role("button", name="Revoke now")
    expect(done).to_be_focused()
    expect(done).to_have_attribute("aria-disabled", "true")
    expect(connection).to_contain_text(REVOKED["message"])
    expect(connection).to_contain_text(REVOKED["remedy"])
    expect(connection).not_to_contain_text("Create the role")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("Revoked: nothing of this account is used")
    assert len(posted) == 1


@pytest.mark.parametrize("width", [1280, 360])
def test_the_card_to_revoke_has_no_empty_room(width, admin, answer_with):
    """Whether it is revoked or not."""
    page = admin.page
    page.set_viewport_size({"width": width, "height": 900})
    card = page.get_by_role("region", name="Stop using this account")
    for there in (samples.account(0), revoked_account()):
        answer_with(page, ONE, there)
        admin.go("#/accounts/acc000000")
        expect(page.locator(".account-title")).to_contain_text(there["status"].capitalize())
        assert card.evaluate(EMPTY) == []
        page.goto("about:blank")


def test_an_account_that_is_revoked_in_a_second_tab_is_not_tested_unseen(
    admin, other_tab, answer_with, watch
):
    watch.expect_status(412)
    there = [samples.account(0, version=7)]
    page, tests = admin.page, []

    def revoke(_):
        there.append(revoked_account() | {"version": 8})
        return 204, None

    def test(request):
        tests.append(request.headers.get("if-match"))
        if tests[-1] != f'"{there[-1]["version"]}"':
            return samples.problem(412, "The account is at version 8.")
        return 202, samples.finished_test()

    for tab in (page, other_tab):
        answer_with(tab, ONE, lambda _: there[-1])
        answer_with(tab, f"{ONE}/revoke", revoke, method="POST")
        answer_with(tab, f"{ONE}/verifications", test, method="POST")
        answer_with(tab, f"{ONE}/verifications/test1", samples.finished_test())
        tab.evaluate("location.hash = '#/accounts/acc000000'")
        expect(tab.locator(".account-title")).to_contain_text("Confirmed")
    with unseen(page):
        other_tab.get_by_role("button", name="Revoke now").click()
        other_tab.get_by_role("dialog").get_by_role("button", name="Revoke now").click()
        expect(other_tab.locator(".account-title")).to_contain_text("Unconfirmed")
        page.get_by_role("button", name="Test", exact=True).click()
        expect(page.locator("#toasts")).to_contain_text("No test was started")
    expect(page.locator(".account-title")).to_contain_text("Unconfirmed")
    assert tests == ['"7"']
    page.get_by_role("button", name="Test", exact=True).click()
    expect(page).to_have_url(re.compile("/tests/test1$"))
    assert tests == ['"7"', '"8"']


@pytest.mark.parametrize(
    ("button", "title"),
    [("Revoke now", "Stop using {} now?"), ("Delete account", "Delete {}?")],
)
def test_a_modal_names_the_account_as_another_has_renamed_it(admin, answer_with, button, title):
    page, there = admin.page, [samples.account(0)]
    page.clock.install()
    answer_with(page, ONE, lambda _: there[-1])
    admin.go("#/accounts/acc000000")
    page.get_by_role("button", name=button).click()
    expect(page.get_by_role("dialog", name=title.format("Account00000"))).to_be_visible()
    there.append(samples.account(0, name="Renamed", version=2))
    page.clock.run_for(16_000)
    expect(page.get_by_role("dialog", name=title.format("Renamed"))).to_be_visible()


def test_a_revoked_account_leads_from_the_list_to_the_reason(admin, answer_with):
    answer_with(admin.page, "/v1/accounts", {"items": [revoked_account()], "next_cursor": None})
    answer_with(admin.page, ONE, revoked_account())
    admin.page.reload()
    admin.page.get_by_role("link", name="See why: Account00000").click()
    expect(admin.page.get_by_text(REVOKED["message"])).to_be_visible()


def test_a_refused_revoke_is_said_in_the_dialog(admin, answer_with, watch):
    watch.expect_status(503)
    problem = samples.problem(503, "Not now.")
    answer_with(admin.page, f"{ONE}/revoke", problem, method="POST")
    answer_with(admin.page, ONE, samples.account(0))
    page = admin.go("#/accounts/acc000000")
    page.get_by_role("button", name="Revoke now").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke now").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Not now.")


def test_a_viewer_cannot_revoke_and_is_told_why(viewer, answer_with):
    sent = answer_with(viewer.page, "/v1/.*", None, method="POST")
    viewer.page.route(re.compile(f"{ONE}$"), lambda route: route.fulfill(json=samples.account(0)))
    page = viewer.go("#/accounts/acc000000")
    button = page.get_by_role("button", name="Revoke now")
    expect(button).to_have_attribute("aria-disabled", "true")
    button.click(force=True)
    expect(page.locator("#toasts")).to_contain_text(WHY)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert sent == []


def test_revoking_on_the_running_stack_is_audited(admin):
    account = admin.add_account()
    page = admin.go(f"#/accounts/{account['account_id']}")
    page.get_by_role("button", name="Revoke now").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke now").click()
    connection = page.get_by_role("region", name="Connection")
    expect(connection).to_contain_text("Revoked: nothing")
    expect(connection).to_contain_text(REVOKED["message"])
    expect(connection.get_by_text("Not known yet. A test will show it.")).to_have_count(3)
    page.get_by_role("link", name="Audit trail").click()
    expect(page.locator(".trail-row").first).to_contain_text("Use revoked")
    for view in ("Instances", "Schedules"):
        page.get_by_role("main").get_by_role("link", name=view, exact=True).click()
        expect(page.locator(".notice-info")).to_contain_text("until a person tests it")
        expect(page.get_by_role("main")).not_to_contain_text("not connected")


def test_the_last_test_of_a_revoked_account_is_not_called_one_that_could_not_enter(
    admin, answer_with
):
    failed = {**samples.account(0)["verification"], "outcome": "failed"}
    answer_with(admin.page, ONE, revoked_account() | {"verification": failed})
    answer_with(admin.page, f"{ONE}/verifications/test1", samples.finished_test(outcome="failed"))
    page = admin.go("#/accounts/acc000000/tests/test1")
    expect(page.locator(".test-head")).to_contain_text("Failed")
    expect(page.locator(".test-head")).not_to_contain_text("Not there yet")


def test_whoever_left_while_an_account_was_revoked_keeps_their_focus(admin, answer_with):
    page = admin.page
    answer_with(page, ONE, samples.account(0))
    held = HeldRequests(page, f"**{ONE}/revoke")
    admin.go("#/accounts/acc000000")
    page.get_by_role("button", name="Revoke now").click()
    page.get_by_role("dialog").get_by_role("button", name="Revoke now").click()
    expect(page.locator("button[aria-busy=true]")).to_have_count(1)
    request = held.first()
    page.keyboard.press("Escape")
    page.evaluate("location.hash = '#/organization'")
    heading = page.get_by_role("heading", name="Organization", level=1)
    expect(heading).to_be_focused()
    request.fulfill(status=204)
    expect(page.locator("#toasts")).to_contain_text("is revoked")
    expect(heading).to_be_focused()
