"""A slow or failing API shows what happened and a way on: never an empty page, never an endless
spinner."""

from __future__ import annotations

import re
from typing import Any

import pytest
from playwright.sync_api import expect

from tests.support.page import samples
from tests.support.page.measures import scroll_until
from tests.support.page.waiting import HeldRequests

BROKEN = samples.BROKEN
PATIENCE_MS = 5_000
"""After this, the page says that a module takes long."""
SHOW_WHAT_COMES_LATE = """document.getAnimations()
  .filter((each) => each.animationName === "unseen").forEach((each) => each.finish())"""
"""As if the seconds had passed after which the style sheet shows that nothing started."""
VIEWS = {
    "#/accounts": "/v1/accounts",
    "#/accounts/acc000000": "/v1/accounts/acc000000",
    "#/accounts/acc000000/instructions": "/v1/accounts/acc000000/instructions",
    "#/accounts/acc000000/tests": "/v1/accounts/acc000000/verifications",
    "#/accounts/acc000000/tests/test1": "/v1/accounts/acc000000/verifications/test1",
    "#/organization": "/v1/organization",
    "#/access-details": "/v1/permissions",
}


@pytest.mark.parametrize("hash_", VIEWS)
def test_a_view_that_fails_says_so_and_recovers(admin, answer_with, watch, hash_):
    watch.expect_status(500)
    page = admin.page
    if VIEWS[hash_] != "/v1/accounts/acc000000":
        answer_with(page, "/v1/accounts/acc000000", samples.account(0))
    healthy = {
        "/v1/accounts/acc000000": samples.account(0),
        "/v1/accounts/acc000000/verifications": {
            "items": [samples.finished_test()],
            "next_cursor": None,
        },
        "/v1/accounts/acc000000/verifications/test1": samples.finished_test(),
        "/v1/accounts/acc000000/instructions": {
            "steps": [{"title": "Sign in to AWS", "text": "As an administrator."}],
            "trust_policy": {},
            "permissions_policy": {},
            "deploy_on_aws_url": "https://console.aws.amazon.com/",
            "cloudformation_template": "{}",
            "terraform": "",
            "cli": "",
            "update": None,
            "choice": [],
            "warnings": [],
        },
    }
    broken = [True]
    answer_with(page, VIEWS[hash_], lambda _: BROKEN if broken[0] else healthy.get(VIEWS[hash_]))
    page.goto("about:blank")
    admin.go(hash_)
    alert = (
        page.get_by_role("main")
        .get_by_role("alert")
        .filter(has_text="Something failed on our side")
    )
    expect(alert).to_be_visible()
    broken[0] = False
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)
    expect(page.get_by_role("main").locator("[aria-busy=true]")).to_have_count(0)
    assert len(page.get_by_role("main").inner_text()) > 80


def test_a_network_that_is_down_is_told_from_a_service_that_fails(admin, answer_with, watch):
    watch.expects_network_failures = True
    answer_with(admin.page, "/v1/accounts", "abort")
    admin.page.reload()
    expect(admin.page.get_by_role("alert")).to_contain_text("The service cannot be reached")


def test_what_passes_by_itself_is_not_shown_at_all(admin, answer_with, watch):
    watch.expect_status(429, 503)
    well = samples.pages_of([samples.account(0)])
    troubles = [(429, {"message": "Too Many Requests"}), (503, {"message": "Service Unavailable"})]
    seen = answer_with(
        admin.page,
        "/v1/accounts",
        lambda request: troubles.pop(0) if troubles else well(request),
    )
    admin.page.reload()
    expect(admin.page.get_by_role("row").filter(has_text="Account00000")).to_be_visible()
    # A list that is shown is read again, on a busy machine before this.
    assert not troubles
    assert 3 <= len(seen) <= 4


def test_a_slow_service_is_said_to_be_slow(admin, stack):
    waiting = HeldRequests(admin.page, "**/v1/organization")
    admin.page.evaluate("location.hash = '#/organization'")
    expect(admin.page.get_by_text("This takes longer than usual.")).to_be_visible()
    waiting.first()
    for route in waiting:
        route.continue_()
    expect(admin.page.get_by_text("External ID", exact=True)).to_be_visible()


def test_a_page_that_fails_while_scrolling_keeps_what_is_there(admin, answer_with, watch):
    watch.expect_status(500)
    accounts = [samples.account(index) for index in range(300)]
    pages, broken = samples.pages_of(accounts), [True]
    answer_with(
        admin.page,
        "/v1/accounts",
        lambda request: BROKEN if broken[0] and "acc000149" in request.url else pages(request),
    )
    admin.page.reload()
    alert = admin.page.get_by_role("main").get_by_role("alert")
    scroll_until(admin.page, alert)
    assert admin.page.locator(".account-row[data-id]").count() > 5
    broken[0] = False
    alert.get_by_role("button", name="Try again").click()
    expect(alert).to_have_count(0)
    scroll_until(admin.page, admin.page.get_by_role("row").filter(has_text="Account00299"))
    expect(admin.page.get_by_role("main").get_by_text("300 accounts", exact=True)).to_be_visible()


def test_a_version_that_is_gone_asks_for_a_reload(admin, watch):
    watch.expect_status(404)
    watch.expects_network_failures = True
    watch.expect_complaint("dynamically imported")
    admin.page.route("**/views/organization.js", lambda route: route.fulfill(status=404))
    admin.page.evaluate("location.hash = '#/organization'")
    expect(admin.page.get_by_role("alert")).to_contain_text("a new version has been installed")


def test_so_does_one_that_is_gone_when_the_session_ends(page, stack, watch):
    watch.expect_status(404)
    watch.expects_network_failures = True
    watch.expect_complaint("dynamically imported")
    page.route("**/views/sign-in.js", lambda route: route.fulfill(status=404))
    page.goto(stack.dashboard_url)
    expect(page.get_by_role("alert")).to_contain_text("a new version has been installed")


def test_a_page_that_cannot_start_says_so_in_words(page, stack, watch):
    watch.expects_network_failures = True
    watch.expect_complaint("Failed to fetch")
    page.route("**/config.json", lambda route: route.abort())
    page.goto(stack.dashboard_url)
    expect(page.get_by_role("alert")).to_contain_text("The page cannot start")
    expect(page.get_by_role("alert")).to_contain_text("Check your network.")
    expect(page.get_by_role("alert")).not_to_contain_text("fetch")


@pytest.mark.parametrize("end", ["abort", "hold", "fail"])
def test_a_page_whose_modules_do_not_come_says_so_and_tries_again(page, stack, watch, end):
    watch.expect_status(503)
    watch.expects_network_failures = True
    ends = {
        "abort": lambda route: route.abort(),
        "hold": lambda _: None,
        "fail": lambda route: route.fulfill(status=503),
    }
    broken = [True]
    page.route("**/app.js", lambda route: ends[end](route) if broken[0] else route.continue_())
    page.goto(f"{stack.dashboard_url}#/access-details", wait_until="commit")
    again = page.get_by_role("link", name="Try again")
    page.locator("#again").wait_for(state="attached")
    page.evaluate(SHOW_WHAT_COMES_LATE)
    expect(again).to_be_visible()
    expect(
        page.get_by_text("Cloud Accounts is not loaded yet. Check your network.")
    ).to_be_visible()
    broken[0] = False
    again.click()
    expect(page.get_by_role("heading", name="Access Details")).to_be_visible()


def test_a_page_that_starts_does_not_say_so(page, stack):
    page.route("**/app.js", lambda _: None)
    page.goto(stack.dashboard_url, wait_until="commit")
    expect(page.get_by_text("is not loaded yet")).to_have_count(1)
    expect(page.get_by_text("is not loaded yet")).to_be_hidden()


def test_a_configuration_that_never_comes_is_not_waited_for_in_vain(page, stack, watch):
    watch.expect_complaint("timed out")
    # The first time, waits are short. After that the stack may take its time.
    page.add_init_script(
        "const timeout = AbortSignal.timeout;"
        "const share = sessionStorage.getItem('opened') ? 1 : 20;"
        "sessionStorage.setItem('opened', 'once');"
        "AbortSignal.timeout = (limit) => timeout.call(AbortSignal, limit / share);"
    )
    page.route("**/config.json", lambda _: None)
    page.goto(stack.dashboard_url, wait_until="commit")
    alert = page.get_by_role("alert")
    expect(alert).to_contain_text("The page cannot start")
    page.unroute("**/config.json")
    alert.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_a_view_whose_module_hangs_says_that_it_takes_long(admin):
    page = admin.page
    held = HeldRequests(page, "**/views/organization.js")
    page.clock.install()
    page.evaluate("location.hash = '#/organization'")
    held.first()
    page.clock.fast_forward(PATIENCE_MS)
    expect(page.get_by_text("This takes longer than usual.")).to_be_visible()
    page.unroute("**/views/organization.js")
    page.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("heading", name="Organization")).to_be_visible()


def test_a_view_that_comes_late_leaves_the_focus_where_the_reader_has_gone(admin):
    page = admin.page
    held = HeldRequests(page, "**/views/organization.js")
    page.get_by_role("link", name="Organization", exact=True).click()
    module = held.first()
    page.get_by_role("link", name="Access Details").focus()
    page.wait_for_timeout(100)
    module.fallback()
    expect(page.get_by_role("heading", name="Organization", exact=True)).to_be_visible()
    expect(page.get_by_role("link", name="Access Details")).to_be_focused()


def test_a_view_that_failed_offline_has_no_other_title_and_comes_with_the_network(admin, watch):
    watch.expects_network_failures = True
    watch.expect_complaint("dynamically imported")
    page = admin.page
    admin.go("#/accounts/acc000000/nothing")
    expect(page).to_have_title(re.compile("no such page"))
    page.context.set_offline(True)
    held = HeldRequests(page, "**/views/organization.js")
    page.evaluate("location.hash = '#/organization'")
    expect(page).to_have_title(re.compile("^Organization"))
    held.first()
    for route in held:
        route.abort()
    expect(page.get_by_role("alert")).to_contain_text("could not be loaded")
    expect(page).to_have_title(re.compile("could not be loaded"))
    page.unroute("**/views/organization.js")
    page.context.set_offline(False)
    expect(page.get_by_role("heading", name="Organization")).to_be_visible()


def test_an_address_that_does_not_exist_says_so(admin):
    page = admin.go("#/nothing/here/at/all")
    expect(page.get_by_role("heading", name="There is no such page")).to_be_visible()


def test_keys_that_were_replaced_are_not_said_to_have_failed(admin, answer_with, watch):
    watch.expect_status(503)
    page, down = admin.page, [False]
    account = samples.account(3, account_id="acc000000")
    answer_with(
        page,
        "/v1/accounts/acc000000",
        lambda _: (503, {"message": "Service Unavailable"}) if down[0] else account,
    )

    def replaced(_: Any) -> tuple[int, None]:
        down[0] = True
        return 204, None

    answer_with(page, "/v1/accounts/acc000000/credentials", replaced, method="PUT")
    admin.go("#/accounts/acc000000")
    page.get_by_role("button", name="Rotate").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Access key ID").fill("AKIAIOSFODNN7EXAMPLE")
    dialog.get_by_label("Secret access key").fill("x" * 40)
    dialog.locator("button[type=submit]").click()
    expect(dialog).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("key")
