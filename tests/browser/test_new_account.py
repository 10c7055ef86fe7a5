"""The New Account modal: early help, the API's errors at their fields, and nothing lost."""

from __future__ import annotations

import re
import secrets
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.conditions import EVERY, PLAIN, SLOW_API, SLOW_MODULES, TWO_TABS, shows
from tests.browser.conftest import some_number
from tests.support.page import samples
from tests.support.page.waiting import HeldRequests, until


@pytest.fixture
def modal(admin) -> Page:
    admin.page.get_by_role("button", name="New Account").first.click()
    admin.page.get_by_role("dialog", name="New Account").wait_for()
    return admin.page


def fill(page: Page, *, number: str | None = None, name: str | None = None) -> tuple[str, str]:
    number, name = number or some_number(), name or f"New{secrets.token_hex(4)}"
    page.get_by_label("Provider ID").fill(number)
    page.get_by_label("Name", exact=True).fill(name)
    return number, name


def submit(page: Page) -> None:
    page.get_by_role("button", name="Add account").click()


def expect_added(page: Page, name: str) -> None:
    """The next step is to connect it."""
    expect(page).to_have_url(re.compile("/connect$"))
    expect(page.get_by_role("heading", name=name, level=1)).to_be_visible()


def back_to_the_list(page: Page) -> None:
    expect(page).to_have_url(re.compile("/connect$"))
    page.evaluate("location.hash = '#/accounts'")


def test_it_asks_what_the_document_says(modal):
    dialog = modal.get_by_role("dialog")
    expect(dialog.get_by_role("radio", name="AWS")).to_be_checked()
    expect(dialog.get_by_role("radio", name="Azure coming soon")).to_be_disabled()
    expect(dialog.get_by_role("radio", name="Assume Role recommended")).to_be_checked()
    expect(dialog.get_by_role("radio", name="Access Credentials")).not_to_be_checked()
    expect(dialog).to_contain_text("There is no password or key to hand over")
    expect(dialog).to_contain_text("/cavok/… in this account's CloudWatch Logs")
    expect(dialog.get_by_label("Secret access key")).to_be_hidden()


@pytest.mark.in_firefox
def test_an_account_is_added_and_its_next_step_is_to_connect_it(modal):
    number, name = fill(modal, number=None)
    submit(modal)
    expect(modal.get_by_role("dialog")).to_have_count(0)
    expect_added(modal, name)
    expect(modal.get_by_role("link", name="Deploy on AWS")).to_be_visible()
    modal.get_by_role("link", name="Cloud Accounts").first.click()
    expect(modal.get_by_role("main").get_by_text(f"{name} was added.")).to_be_visible()
    modal.get_by_label("Search by name or account number").fill(number)
    line = modal.get_by_role("row").filter(has_text=name)
    expect(line).to_contain_text("Unconfirmed")
    line.get_by_role("link", name="Instructions").click()
    expect(modal.get_by_role("link", name="Deploy on AWS")).to_be_visible()


def test_pasted_numbers_with_dashes_are_understood(modal):
    number = some_number()
    _, name = fill(modal, number=f"{number[:4]}-{number[4:8]}-{number[8:]}")
    submit(modal)
    expect_added(modal, name)


def test_help_comes_before_anything_is_sent(modal, answer_with):
    sent = answer_with(modal, "/v1/accounts", None, method="POST")
    fill(modal, number="12345", name="Production 1")
    submit(modal)
    expect(modal.get_by_text("An AWS account number has 12 digits; this has 5.")).to_be_visible()
    expect(modal.get_by_text("Letters and digits only, for example Production1.")).to_be_visible()
    number = modal.get_by_label("Provider ID")
    expect(number).to_be_focused()
    expect(number).to_have_attribute("aria-invalid", "true")
    assert sent == []
    number.fill(some_number())
    expect(modal.get_by_text("An AWS account number has 12 digits")).to_be_hidden()


def test_the_apis_errors_appear_at_their_fields_and_nothing_is_lost(modal, answer_with, watch):
    watch.expect_status(422)
    answer_with(
        modal,
        "/v1/accounts",
        samples.problem(
            422,
            "Please correct: name, credentials.access_key_id.",
            errors=[
                {"field": "name", "message": "This name is taken by a rule of the API."},
                {"field": "credentials.access_key_id", "message": "This is a temporary key."},
            ],
        ),
        method="POST",
    )
    number, name = fill(modal)
    modal.get_by_role("radio", name="Access Credentials").check()
    modal.get_by_label("Access key ID").fill("ASIAIOSFODNN7EXAMPLE")
    modal.get_by_label("Secret access key").fill("a-secret-of-the-customer")
    modal.get_by_role("radio", name="No", exact=True).check()
    submit(modal)
    for label, message in (
        ("Name", "This name is taken by a rule of the API."),
        ("Access key ID", "This is a temporary key."),
    ):
        expect(modal.get_by_text(message)).to_be_visible()
        expect(modal.get_by_label(label, exact=True)).to_have_attribute("aria-invalid", "true")
    expect(modal.get_by_label("Name", exact=True)).to_be_focused()
    expect(modal.get_by_label("Provider ID")).to_have_value(number)
    expect(modal.get_by_label("Name", exact=True)).to_have_value(name)
    expect(modal.get_by_label("Secret access key")).to_have_value("a-secret-of-the-customer")
    expect(modal.get_by_role("radio", name="No", exact=True)).to_be_checked()


def test_a_late_refusal_takes_the_focus_from_nobody_who_types_on(modal, watch):
    watch.expect_status(422)
    held = HeldRequests(modal, re.compile("/v1/accounts$"), "POST")
    number, _ = fill(modal, name="Prod")
    submit(modal)
    refused = held.first()
    modal.get_by_label("Name", exact=True).press("End")
    modal.keyboard.type("uct")
    message = "This account is connected already."
    errors = [{"field": "provider_id", "message": message}]
    status, body = samples.problem(422, "Wrong.", errors=errors)
    refused.fulfill(status=status, content_type="application/problem+json", json=body)
    expect(modal.get_by_text(message)).to_be_visible()
    modal.keyboard.type("ion")
    expect(modal.get_by_label("Name", exact=True)).to_have_value("Production")
    expect(modal.get_by_label("Provider ID")).to_have_value(number)


@shows(12, PLAIN, SLOW_MODULES, SLOW_API)
def test_a_number_that_is_connected_already_is_said_so(admin, modal, watch):
    watch.expect_status(409)
    known = admin.add_account()
    fill(modal, number=known["provider_id"])
    submit(modal)
    alert = modal.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text(f"{known['provider_id']} is here already.")
    expect(modal.get_by_label("Provider ID")).to_have_value(known["provider_id"])
    expect(modal.get_by_label("Provider ID")).to_be_focused()
    described = re.compile(f"{known['provider_id']} is here already")
    expect(modal.get_by_label("Provider ID")).to_have_accessible_description(described)
    alert.get_by_role("link", name=known["name"]).click()
    expect(modal.get_by_role("dialog")).to_have_count(0)
    expect(modal.get_by_role("heading", name=known["name"])).to_be_visible()


@shows(12, TWO_TABS)
def test_a_number_that_a_second_tab_has_added_leads_to_its_account(admin, modal, other_tab, watch):
    watch.expect_status(409)
    number, _ = fill(modal)
    other_tab.get_by_role("button", name="New Account").first.click()
    _, name = fill(other_tab, number=number)
    submit(other_tab)
    expect_added(other_tab, name)
    submit(modal)
    modal.get_by_role("alert").get_by_role("link", name=name).click()
    expect(modal.get_by_role("heading", name=name)).to_be_visible()


def test_closing_and_reopening_keeps_what_was_typed_but_never_the_secret(modal):
    number, name = fill(modal)
    modal.get_by_role("radio", name="Access Credentials").check()
    modal.get_by_label("Access key ID").fill("AKIAIOSFODNN7EXAMPLE")
    modal.get_by_label("Secret access key").fill("a-secret-of-the-customer")
    modal.keyboard.press("Escape")
    expect(modal.get_by_role("dialog")).to_have_count(0)
    expect(modal.get_by_role("button", name="New Account")).to_be_focused()
    modal.get_by_role("button", name="New Account").click()
    expect(modal.get_by_label("Provider ID")).to_have_value(number)
    expect(modal.get_by_label("Name", exact=True)).to_have_value(name)
    expect(modal.get_by_label("Secret access key")).to_have_value("")
    assert "a-secret-of-the-customer" not in modal.evaluate(
        "JSON.stringify({...sessionStorage, ...localStorage})"
    )


def test_a_request_that_got_lost_is_repeated_as_the_same_request(modal, answer_with, watch):
    watch.expects_network_failures = True
    replies = ["abort", None]
    sent = answer_with(modal, "/v1/accounts", lambda _: replies.pop(0), method="POST")
    _, name = fill(modal)
    submit(modal)
    expect_added(modal, name)
    assert len(sent) == 2
    assert sent[0].headers["idempotency-key"] == sent[1].headers["idempotency-key"]


def test_role_name_and_regions_are_checked_and_sent(modal, answer_with):
    sent = answer_with(modal, "/v1/accounts", None, method="POST")
    _, name = fill(modal)
    modal.get_by_text("Role name and regions").click()
    modal.get_by_label("Role name").fill("MyRole")
    modal.get_by_label("Regions (optional)").fill("europe")
    submit(modal)
    expect(modal.get_by_text("The name must start with Cavok")).to_be_visible()
    expect(modal.get_by_text("“europe” is not the name of an AWS region")).to_be_visible()
    modal.get_by_label("Role name").fill("CavokReader")
    modal.get_by_label("Role path").fill("/team/")
    modal.get_by_label("Regions (optional)").fill("eu-west-1 us-east-1")
    modal.get_by_label("Regions (optional)").press("Enter")
    expect(modal.get_by_role("button", name="Remove eu-west-1")).to_be_visible()
    submit(modal)
    expect_added(modal, name)
    body = sent[0].post_data_json
    assert body["role_name"] == "CavokReader"
    assert body["role_path"] == "/team/"
    assert body["regions"] == ["eu-west-1", "us-east-1"]
    assert "credentials" not in body


def test_whoever_closes_it_and_goes_back_leaves_the_list(modal, admin):
    modal.keyboard.press("Escape")
    expect(modal).to_have_url(re.compile("#/accounts$"))
    admin.go("#/organization")
    modal.get_by_role("heading", name="Organization", level=1).wait_for()
    modal.evaluate("location.hash = '#/accounts'")
    modal.get_by_role("button", name="New Account").first.click()
    modal.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    expect(modal).to_have_url(re.compile("#/accounts$"))
    expect(modal.get_by_role("button", name="New Account").first).to_be_focused()
    modal.go_back()
    expect(modal).to_have_url(re.compile("#/organization$"))


def test_a_reload_finds_the_modal_open(modal):
    expect(modal).to_have_url(re.compile("#/accounts/new$"))
    modal.reload()
    expect(modal.get_by_role("dialog", name="New Account")).to_be_visible()
    modal.get_by_role("button", name="Cancel").click()
    expect(modal).to_have_url(re.compile("#/accounts$"))


@shows(13, PLAIN, SLOW_MODULES, SLOW_API)
def test_a_name_that_another_account_has_warns_and_may_be_used(modal, answer_with):
    answer_with(modal, "/v1/accounts", samples.pages_of([samples.account(0)]))
    name = modal.get_by_label("Name", exact=True)
    warning = modal.locator(".field-warning")
    name.fill("account00000")
    name.blur()
    expect(warning).to_contain_text("Account00000 is the name of account 400000000000 already.")
    name.fill("Another")
    name.blur()
    expect(warning).to_have_text("")


def test_who_presses_enter_is_warned_of_a_taken_name_too_and_may_use_it(
    modal, answer_with, answer_connecting
):
    answer_connecting(modal, samples.account(5))
    answer_with(modal, "/v1/accounts", samples.pages_of([samples.account(0)]))
    added = answer_with(modal, "/v1/accounts", (201, samples.account(5)), method="POST")
    fill(modal, name="account00000")
    modal.get_by_label("Name", exact=True).press("Enter")
    expect(modal.locator(".field-warning")).to_contain_text("Account00000 is the name of account")
    assert added == []
    modal.get_by_label("Name", exact=True).press("Enter")
    expect(modal.get_by_role("dialog")).to_have_count(0)
    assert len(added) == 1


def test_the_account_that_a_lost_request_has_added_is_no_other(
    modal, answer_with, answer_connecting
):
    there = samples.account(0)
    answer_connecting(modal, there)
    answer_with(modal, "/v1/accounts", samples.pages_of([there]))
    added = answer_with(modal, "/v1/accounts", (201, there), method="POST")
    fill(modal, number="4000-0000-0000", name=there["name"])
    modal.get_by_label("Name", exact=True).press("Enter")
    expect(modal.get_by_role("dialog")).to_have_count(0)
    assert len(added) == 1


def test_what_was_added_is_called_what_it_is_called_now(
    modal, answer_with, answer_connecting, watch
):
    watch.expect_status(404)
    new, notice = samples.account(51, status="unconfirmed"), modal.locator(".list-notices")
    there: list[Any] = [new]
    modal.clock.install()
    answer_connecting(modal, new)
    answer_with(modal, "/v1/accounts", samples.pages_of([samples.account(0)]))
    answer_with(modal, "/v1/accounts", (201, new), method="POST")
    answer_with(modal, f"/v1/accounts/{new['account_id']}", lambda _: there[-1])
    modal.reload()
    fill(modal)
    submit(modal)
    back_to_the_list(modal)
    expect(notice).to_contain_text("Account00051 was added. Next step")
    there.append(new | {"name": "Renamed", "status": "confirmed", "version": 2})
    modal.clock.run_for(35_000)
    expect(notice).to_have_text("Renamed was added. ")
    there.append(samples.NO_SUCH)
    modal.clock.run_for(35_000)
    expect(notice).to_have_text("")


def test_a_modal_that_does_not_load_says_so_until_it_does(admin, watch):
    watch.expects_network_failures = True
    watch.expect_complaint("Failed to fetch dynamically imported module")
    page, cut = admin.page, re.compile(r"/new-account[^/]*\.js$")
    page.route(cut, lambda route: route.abort())
    page.goto("about:blank")
    admin.go("#/accounts/new")
    alert = page.get_by_role("main").get_by_role("alert")
    expect(alert).to_contain_text("Reload the page.")
    page.unroute(cut)
    alert.get_by_role("button", name="Try again").click()
    expect(page.get_by_role("dialog", name="New Account")).to_be_visible()
    expect(page.get_by_role("main").get_by_role("alert")).to_have_count(0)


def test_whoever_left_while_an_account_was_added_stays_where_they_are(modal, answer_with):
    new = samples.account(5)
    held = HeldRequests(modal, re.compile("/v1/accounts$"), "POST")
    fill(modal)
    submit(modal)
    request = held.first()
    modal.keyboard.press("Escape")
    modal.evaluate("location.hash = '#/organization'")
    expect(modal.get_by_role("heading", name="Organization", level=1)).to_be_visible()
    request.fulfill(status=201, json=new)
    expect(modal.locator("#toasts")).to_contain_text("Account00005 was added.")
    expect(modal).to_have_url(re.compile("#/organization$"))
    expect(modal.get_by_role("heading", name="Organization", level=1)).to_be_visible()


def test_all_of_it_is_in_sight_where_the_screen_has_the_room(modal):
    modal.set_viewport_size({"width": 1280, "height": 960})
    expect(modal.get_by_role("button", name="Add account")).to_be_in_viewport(ratio=1)


@shows(11, *EVERY)
def test_the_first_field_has_the_focus(admin, network):
    page = admin.page
    with network.outage(page):
        page.get_by_role("button", name="New Account").first.click()
        expect(page.get_by_label("Provider ID")).to_be_focused()


@shows(14, PLAIN, SLOW_MODULES, SLOW_API)
def test_a_new_row_is_shown_among_the_others(modal, answer_with, answer_connecting):
    accounts = [samples.account(index) for index in range(0, 98, 2)]
    new = samples.account(51, status="unconfirmed")

    def add(_: Any) -> Any:
        accounts.append(new)
        accounts.sort(key=lambda one: one["name"])
        return 201, new

    answer_with(modal, "/v1/accounts", samples.pages_of(accounts))
    answer_with(modal, "/v1/accounts", add, method="POST")
    answer_connecting(modal, new)
    modal.reload()
    expect(modal.get_by_role("row").filter(has_text="Account00000")).to_be_visible()
    fill(modal)
    submit(modal)
    back_to_the_list(modal)
    row = modal.locator(".is-new")
    expect(row).to_contain_text("Account00051")
    expect(row).to_be_in_viewport(ratio=1)


def test_a_new_row_far_down_is_a_link_and_pulls_nobody_there(modal, answer_with, answer_connecting):
    accounts = [samples.account(index) for index in range(400)]
    new = samples.account(200, status="unconfirmed")
    answer_with(modal, "/v1/accounts", samples.pages_of(accounts))
    answer_with(modal, "/v1/accounts", (201, new), method="POST")
    answer_connecting(modal, new)
    modal.reload()
    fill(modal)
    submit(modal)
    back_to_the_list(modal)
    link = modal.locator(".list-notices").get_by_role("link", name=new["name"])
    expect(link).to_have_attribute("href", f"#/accounts/{new['account_id']}")
    expect(modal.get_by_text("150 accounts so far")).to_be_attached()
    modal.evaluate("window.scrollTo(0, document.querySelector('.rows').offsetHeight * 0.7)")
    expect(modal.get_by_text("250 accounts so far")).to_be_attached()
    modal.wait_for_timeout(300)
    expect(modal.locator(".is-new")).to_have_count(0)


COLOUR_OF = """([selector, pseudo]) => {
  const brush = document.createElement("canvas").getContext("2d");
  const element = document.querySelector(selector);
  brush.fillStyle = getComputedStyle(element, pseudo).backgroundColor;
  brush.fillRect(0, 0, 1, 1);
  return [...brush.getImageData(0, 0, 1, 1).data];
}"""


@shows(16, PLAIN)
def test_the_room_of_the_scrollbar_is_as_dark_beside_a_modal_as_all_behind_it(modal):
    """The backdrop of a modal does not reach it."""
    beside = modal.evaluate(COLOUR_OF, ["html", None])
    *backdrop, opacity = modal.evaluate(COLOUR_OF, ["dialog", "::backdrop"])
    modal.keyboard.press("Escape")
    expect(modal.get_by_role("dialog")).to_have_count(0)
    ground = modal.evaluate(COLOUR_OF, ["html", None])
    share = opacity / 255
    behind = [a * share + b * (1 - share) for a, b in zip(backdrop, ground, strict=False)]
    assert beside[:3] == pytest.approx(behind, abs=2)


def test_the_clouds_of_a_new_account_are_tried_again_until_they_are_there(
    admin, answer_with, watch
):
    watch.expect_status(422)
    page = admin.page
    answer_with(page, "/v1/providers", samples.problem(422, "Not now."))
    page.get_by_role("button", name="New Account").first.click()
    again = page.get_by_role("dialog").get_by_role("button", name="Try again")
    expect(again).to_be_visible()
    held = HeldRequests(page, "**/v1/providers")
    again.focus()
    page.keyboard.press("Enter")
    expect(again).to_have_attribute("aria-busy", "true")
    page.wait_for_timeout(200)
    expect(again).to_have_attribute("aria-busy", "true")
    held.first().continue_()
    expect(again).to_have_count(0)
    is_given = "document.activeElement !== document.body"
    until(page, lambda: page.evaluate(is_given), "the focus is given to something")


def test_a_modal_whose_module_hangs_says_that_it_takes_long(admin):
    page = admin.page
    page.route("**/views/new-account.js", lambda _: None)
    page.get_by_role("button", name="New Account").first.click()
    expect(page.get_by_text("This takes longer than usual.")).to_be_visible()
    page.unroute("**/views/new-account.js")
    page.get_by_role("main").get_by_role("button", name="Try again").click()
    expect(page.get_by_role("dialog", name="New Account")).to_be_visible()
