"""Who is signed in, where the tokens are, and what a reload keeps."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest
from playwright.sync_api import Page, expect

from tests.support.page import chromium, samples
from tests.support.page.keyboard import press, write
from tests.support.page.waiting import until


@pytest.fixture
def let_in() -> Callable[..., None]:
    """Through the page, as a person does: so it has the refresh token."""
    return chromium.sign_in


def is_renewed(page: Page) -> bool:
    """Whether the session lasts much longer than the one that is about to end."""
    ends = "JSON.parse(sessionStorage['cavok.session']).expires_at"
    return bool(page.evaluate(f"{ends} > Date.now() + 1_000_000"))


def test_a_wrong_password_is_said_in_words_and_what_was_typed_stays(page, stack, watch):
    watch.expect_status(400)
    page.goto(stack.dashboard_url)
    page.get_by_label("Email").fill(stack.users["admin"]["email"])
    page.get_by_label("Password").fill("wrong")
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("alert")).to_contain_text("Email or password is wrong.")
    expect(page.get_by_label("Email")).to_have_value(stack.users["admin"]["email"])


def test_a_browser_that_lets_the_page_store_nothing_signs_in_until_a_reload(context, page, stack):
    context.add_init_script(
        """for (const name of ["localStorage", "sessionStorage"])
          Object.defineProperty(window, name, {
            get() { throw new DOMException("Access is denied", "SecurityError"); },
          });"""
    )
    chromium.sign_in(page, stack, stack.users["admin"])
    page.get_by_role("button", name=re.compile("^Theme")).click()
    expect(page.locator("html")).to_have_attribute("data-theme", "light")
    page.get_by_role("link", name="Organization", exact=True).first.click()
    expect(page.get_by_role("heading", name="Organization", level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(page.get_by_role("alert").filter(has_text="Check your network")).to_have_count(0)


def test_empty_fields_are_named_at_the_fields(page, stack):
    page.goto(stack.dashboard_url)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_text("Enter your email address.")).to_be_visible()
    expect(page.get_by_text("Enter your password.")).to_be_visible()
    expect(page.get_by_label("Email")).to_be_focused()


def test_a_refresh_token_is_stored_nowhere(admin, context):
    expect(admin.page.get_by_role("heading", name="Cloud Accounts")).to_be_visible()
    stored = admin.page.evaluate("Object.keys(sessionStorage)")
    assert stored == ["cavok.session"]
    session = admin.page.evaluate("JSON.parse(sessionStorage['cavok.session'])")
    assert session.keys() == {"id_token", "expires_at"}
    assert admin.page.evaluate("Object.keys(localStorage)") == []
    assert context.cookies() == []
    assert "eyJ" not in admin.page.url
    assert "eyJ" not in admin.page.content()


def test_a_reload_keeps_the_place_and_the_session(admin):
    page = admin.go("#/organization")
    expect(page.get_by_role("heading", name="Organization", level=1)).to_be_visible()
    page.reload()
    expect(page.get_by_role("heading", name="Organization", level=1)).to_be_visible()
    expect(page).to_have_url(re.compile("#/organization$"))


def test_who_signs_in_next_sees_nothing_that_the_one_before_has_listed(
    admin, answer_with, answer_everything, stack
):
    """By keyboard alone."""
    page = admin.page
    answer_everything(page, [samples.account(0)])
    listed = answer_with(page, "/v1/accounts/acc000000/instances", samples.INSTANCES)
    page.evaluate("location.hash = '#/accounts/acc000000/instances'")
    expect(page.locator(".instance")).to_have_count(3)
    press(page, "Sign out")
    write(page, "Email", stack.users["viewer"]["email"])
    write(page, "Password", stack.users["viewer"]["password"])
    press(page, "Sign in")
    expect(page.locator(".instance")).to_have_count(3)
    assert len(listed) == 2


def test_whoever_follows_a_link_signs_in_and_arrives_there(sign_in):
    person = sign_in("viewer", "#/organization")
    expect(person.page.get_by_role("heading", name="Organization", level=1)).to_be_visible()


def in_an_hour(page):
    """The ID token is about to end. The stack's clock stays."""
    page.clock.set_fixed_time(page.evaluate("Date.now() / 1000") + 3_590)


def test_a_token_near_its_end_is_renewed_without_a_word_and_the_next_one_too(admin):
    """Each renewal exchanges the refresh token for another one."""
    admin.page.wait_for_load_state("networkidle")
    used = []
    for view in ("Organization", "Cloud Accounts"):
        with admin.page.expect_request(
            lambda request: request.headers.get("x-amz-target", "").endswith(
                "GetTokensFromRefreshToken"
            )
        ) as renewals:
            in_an_hour(admin.page)
            admin.page.get_by_role("link", name=view).first.click()
        used.append(renewals.value.post_data_json["RefreshToken"])
        expect(admin.page.get_by_role("heading", name=view, level=1)).to_be_visible()
        until(admin.page, lambda: is_renewed(admin.page), "the session is renewed")
    assert len(set(used)) == 2


def test_after_a_reload_the_session_lasts_as_long_as_the_id_token(admin):
    admin.page.reload()
    expect(admin.page.get_by_role("button", name="Sign out")).to_be_visible()
    start = admin.page.evaluate("Date.now() / 1000")
    admin.page.clock.set_fixed_time(start + 3_400)
    expect(admin.page.locator("#toasts")).to_contain_text("Your session ends at")
    admin.page.clock.set_fixed_time(start + 3_601)
    # Whether the view asks for anything then or not.
    expect(admin.page.get_by_text("Your session has ended. Sign in to go on where")).to_be_visible()
    expect(admin.page.locator("#announcer")).to_contain_text("Your session has ended.")


def test_a_public_view_says_of_nobody_that_they_are_signed_in_after_their_session(admin):
    page = admin.page
    page.reload()
    page.get_by_role("link", name="Access Details").first.click()
    expect(page.get_by_role("heading", name="Access Details", level=1)).to_be_visible()
    expect(page.get_by_role("button", name="Sign out")).to_be_visible()
    page.clock.set_fixed_time(page.evaluate("Date.now() / 1000") + 3_601)
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    expect(page.get_by_role("heading", name="Access Details", level=1)).to_be_visible()


def test_whoever_reads_a_public_view_as_their_session_ends_is_told_and_reads_on(admin):
    page = admin.page
    page.reload()
    page.get_by_role("link", name="Access Details").first.click()
    policy = page.get_by_role("main").locator("pre:visible").last
    expect(policy).to_be_visible()
    expect(page.get_by_role("main").locator("[aria-busy=true]")).to_have_count(0)
    policy.focus()
    policy.scroll_into_view_if_needed()
    before = page.evaluate("window.scrollY")
    assert before > 0
    page.clock.set_fixed_time(page.evaluate("Date.now() / 1000") + 3_601)
    expect(page.locator("#toasts")).to_contain_text("Your session has ended.")
    expect(page.locator("#announcer")).to_contain_text("Your session has ended.")
    expect(page.get_by_role("button", name="Sign out")).to_have_count(0)
    expect(policy).to_be_focused()
    assert page.evaluate("window.scrollY") == before
    page.get_by_role("link", name="Organization", exact=True).first.click()
    expect(page.get_by_text("Your session has ended. Sign in to go on where")).to_be_visible()


def test_the_warning_outlives_the_modal_that_it_came_in_and_goes_with_its_session(admin):
    page = admin.page
    page.reload()
    # No timer is left from before the clock is set, which could not cancel it.
    page.wait_for_load_state("networkidle")
    page.get_by_role("button", name="New Account").first.click()
    expect(page.get_by_role("dialog")).to_be_visible()
    page.clock.set_fixed_time(page.evaluate("Date.now() / 1000") + 3_400)
    expect(page.get_by_role("dialog")).to_contain_text("Your session ends at")
    page.keyboard.press("Escape")
    warning = page.get_by_text("Your session ends at").and_(page.locator("#toasts p"))
    expect(warning).to_be_visible()
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    expect(warning).to_have_count(0)


def test_who_is_renewed_is_not_warned_and_who_signs_out_knows_of_it(admin):
    page = admin.page
    in_an_hour(page)
    page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    expect(page.locator("#toasts")).to_have_text("")
    page.get_by_role("button", name="Sign out").click()
    expect(page.get_by_text("Connect your AWS accounts and see")).to_be_visible()


def test_a_session_that_ended_asks_to_sign_in_and_comes_back_to_the_place(admin, stack, watch):
    watch.expect_status(400, 401)
    admin.page.evaluate(
        """() => {
          const session = JSON.parse(sessionStorage["cavok.session"]);
          sessionStorage["cavok.session"] = JSON.stringify(
            { ...session, expires_at: 1 });
        }"""
    )
    admin.go("#/organization")
    admin.page.reload()
    expect(admin.page.get_by_text("Sign in to go on where you were.")).to_be_visible()
    user = stack.users["admin"]
    admin.page.get_by_label("Email").fill(user["email"])
    admin.page.get_by_label("Password").fill(user["password"])
    admin.page.get_by_label("Password").press("Enter")
    expect(admin.page.get_by_role("heading", name="Organization", level=1)).to_be_visible()


def test_signing_out_forgets_everything(admin):
    admin.page.get_by_role("button", name="Sign out").click()
    expect(admin.page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert admin.page.evaluate("sessionStorage.length") == 0
    admin.page.reload()
    expect(admin.page.get_by_role("heading", name="Sign in")).to_be_visible()


def test_another_tab_is_not_signed_in(admin, context, stack):
    other = context.new_page()
    other.goto(stack.dashboard_url)
    expect(other.get_by_role("heading", name="Sign in")).to_be_visible()


def test_the_other_organization_sees_nothing_of_this_one(admin, sign_in, open_context):
    account = admin.add_account()
    other = sign_in("other_admin", on=open_context().new_page())
    other.page.get_by_label("Search by name or account number").fill(account["name"])
    expect(other.page.get_by_role("heading", name="No account matches")).to_be_visible()


def test_another_organizations_account_does_not_exist(admin, sign_in, open_context, watch):
    watch.expect_status(404)
    account = admin.add_account()
    other = sign_in("other_admin", on=open_context().new_page())
    other.go(f"#/accounts/{account['account_id']}")
    expect(other.page.get_by_role("heading", name="No such account")).to_be_visible()
