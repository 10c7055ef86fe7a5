"""One account: what it says, and every change that can be made to it."""

from __future__ import annotations

import re
import secrets

import pytest
from playwright.sync_api import Route, expect

from tests.support.page import samples
from tests.support.page.keyboard import press, write
from tests.support.page.waiting import (
    HeldRequests,
    pass_time,
    stop_the_clock,
    unseen,
    until,
)


@pytest.fixture
def account(admin):
    added = admin.add_account()
    admin.go(f"#/accounts/{added['account_id']}")
    expect(admin.page.get_by_role("heading", name=added["name"])).to_be_visible()
    return added


def test_it_says_what_it_knows(admin, account):
    page = admin.page
    expect(
        page.get_by_text("Not confirmed yet: no test has proved this connection.")
    ).to_be_visible()
    expect(page.get_by_text(account["role_arn"])).to_be_visible()
    expect(page.get_by_text("Not known yet.")).to_have_count(3)
    expect(page.get_by_text("us-east-1").first).to_be_visible()
    expect(page).to_have_title(re.compile(account["name"]))


def test_write_logs_is_switched_at_once(admin, account):
    switch = admin.page.get_by_role("switch", name="Write logs")
    expect(switch).to_have_attribute("aria-checked", "true")
    switch.click()
    expect(switch).to_have_attribute("aria-checked", "false")
    expect(switch).to_be_focused()
    assert admin.call("GET", f"/v1/accounts/{account['account_id']}").json()["write_logs"] is False


def test_the_switch_is_busy_until_its_answer_whatever_else_changes(admin, account, watch):
    watch.expect_status(412)
    page, path = admin.page, f"/v1/accounts/{account['account_id']}"
    held = HeldRequests(page, re.compile(rf"{path}$"), "PATCH")
    switch = page.get_by_role("switch", name="Write logs")
    switch.click()
    expect(switch).to_have_attribute("aria-busy", "true")
    theirs = f"Theirs{secrets.token_hex(3)}"
    assert admin.call("PATCH", path, {"name": theirs}).status_code == 200
    page.evaluate("dispatchEvent(new Event('online'))")  # by itself it reads after 15 seconds
    expect(page.get_by_role("heading", name=theirs)).to_be_visible()
    expect(switch).to_have_attribute("aria-busy", "true")
    expect(switch).to_be_focused()
    switch.click()
    change = held.first()
    assert len(held) == 1
    change.continue_()
    until(page, lambda: len(held) == 2, "it is sent again, for the version of now")
    held[1].continue_()
    expect(switch).not_to_have_attribute("aria-busy", "true")
    expect(switch).to_have_attribute("aria-checked", "false")


def test_a_change_that_somebody_else_made_is_shown_and_not_overwritten(admin, account, watch):
    watch.expect_status(412)
    path = f"/v1/accounts/{account['account_id']}"
    theirs = f"Theirs{secrets.token_hex(3)}"
    admin.page.get_by_role("button", name="Rename").click()
    assert admin.call("PATCH", path, {"name": theirs}).status_code == 200
    admin.page.get_by_label("Name", exact=True).fill(f"Mine{secrets.token_hex(3)}")
    admin.page.get_by_role("button", name="Save").click()
    expect(admin.page.get_by_role("dialog").get_by_role("alert")).to_contain_text(
        f"Somebody else changed this: the name is {theirs} now. Save again to set yours."
    )
    admin.page.keyboard.press("Escape")
    expect(admin.page.get_by_role("heading", name=theirs)).to_be_visible()
    assert admin.call("GET", path).json()["name"] == theirs


def test_a_change_of_another_that_the_page_has_read_already_is_not_overwritten(admin, account):
    page = admin.page
    path = f"/v1/accounts/{account['account_id']}"
    theirs, mine = (f"{who}{secrets.token_hex(3)}" for who in ("Theirs", "Mine"))
    page.get_by_role("button", name="Rename").click()
    assert admin.call("PATCH", path, {"name": theirs}).status_code == 200
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("heading", name=theirs, include_hidden=True)).to_be_visible()
    page.get_by_label("Name", exact=True).fill(mine)
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Somebody else changed")
    assert admin.call("GET", path).json()["name"] == theirs
    # Whoever has been told may insist.
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("heading", name=mine)).to_be_visible()


def test_a_change_of_what_the_modal_shows_is_named_and_then_replaced_as_a_whole(
    admin, account, watch
):
    watch.expect_status(412)
    page, path = admin.page, f"/v1/accounts/{account['account_id']}"
    page.get_by_role("button", name="Change", exact=True).click()
    theirs = {"role_path": "/theirs/", "regions": ["us-east-1", "eu-west-1"]}
    assert admin.call("PATCH", path, theirs).status_code == 200
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text(
        "Somebody else changed this. Role now: /theirs/CavokCloud. "
        "Regions now: us-east-1, eu-west-1. Save again to set yours."
    )
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    now = admin.call("GET", path).json()
    assert (now["role_path"], now["regions"]) == ("/", ["us-east-1"])


def test_a_change_of_what_the_modal_does_not_show_is_no_conflict(admin, account, watch):
    watch.expect_status(412)
    page, path = admin.page, f"/v1/accounts/{account['account_id']}"
    page.get_by_role("button", name="Change", exact=True).click()
    assert admin.call("PATCH", path, {"write_logs": False}).status_code == 200
    page.get_by_label("Role name").fill("CavokReader")
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    now = admin.call("GET", path).json()
    assert (now["role_arn"].rpartition("/")[2], now["write_logs"]) == ("CavokReader", False)


def test_it_is_renamed(admin, account):
    name = f"Renamed{secrets.token_hex(3)}"
    admin.page.get_by_role("button", name="Rename").click()
    field = admin.page.get_by_label("Name", exact=True)
    field.fill("not a name")
    admin.page.get_by_role("button", name="Save").click()
    expect(admin.page.get_by_text("Letters and digits only, for example notaname.")).to_be_visible()
    field.fill(name)
    admin.page.get_by_role("button", name="Save").click()
    expect(admin.page.get_by_role("heading", name=name)).to_be_visible()


def test_role_and_regions_are_changed(admin, account, watch):
    """By keyboard alone."""
    watch.expect_status(422)
    page = admin.page
    press(page, "Change")
    write(page, "Role name", "CavokReader")
    write(page, "Role path", "team")
    press(page, "Save")
    path_is_wrong = page.get_by_text("A role path is / or, for example, /team/")
    expect(path_is_wrong.locator("visible=true")).to_be_visible()
    write(page, "Role path", "/team/")
    write(page, "Regions", "eu-west-1")
    press(page, "Add")
    press(page, "Remove us-east-1")
    press(page, "Save")
    expect(page.locator("#toasts")).to_contain_text("Saved. Test the account now.")
    now = admin.call("GET", f"/v1/accounts/{account['account_id']}").json()
    assert now["regions"] == ["eu-west-1"]
    assert now["role_arn"].endswith(":role/team/CavokReader")


def test_keys_are_rotated_and_never_shown(admin):
    account = admin.add_account(
        access_type="access_key",
        credentials={"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "first-secret"},
    )
    page = admin.go(f"#/accounts/{account['account_id']}")
    expect(page.get_by_text("The access key that ends in MPLE")).to_be_visible()
    page.get_by_role("button", name="Rotate keys").click()
    page.get_by_label("Access key ID").fill("AKIAIOSFODNN7ROTATED")
    page.get_by_label("Secret access key").fill("second-secret")
    page.get_by_role("button", name="Use these keys").click()
    expect(page.get_by_text("The access key that ends in ATED")).to_be_visible()
    assert "second-secret" not in page.content()


@pytest.mark.parametrize("is_sent", [False, True], ids=["before", "on its way"])
def test_keys_that_another_has_rotated_are_not_replaced_unseen(admin, watch, is_sent):
    watch.expect_status(412)
    keys = {"access_key_id": "AKIAIOSFODNN7EXAMPLE", "secret_access_key": "first-secret"}
    account = admin.add_account(access_type="access_key", credentials=keys)
    path = f"/v1/accounts/{account['account_id']}"
    page = admin.go(f"#/accounts/{account['account_id']}")
    page.get_by_role("button", name="Rotate keys").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Access key ID").fill("AKIAIOSFODNN7ROTATED")
    dialog.get_by_label("Secret access key").fill("second-secret")
    submit = dialog.get_by_role("button", name="Use these keys")
    if is_sent:
        held = HeldRequests(page, f"**{path}/credentials", "PUT")
        submit.click()
        held.first()
    theirs = {"access_key_id": "AKIAIOSFODNN7OTHERS1", "secret_access_key": "third-secret"}
    assert admin.call("PUT", f"{path}/credentials", theirs).status_code == 204
    if is_sent:
        held.first().continue_()
        page.unroute(f"**{path}/credentials")
    else:
        submit.click()
    expect(dialog.get_by_role("alert")).to_contain_text("its key ends in ERS1")
    assert admin.call("GET", path).json()["access_key_id"] == "ERS1"
    submit.click()
    expect(page.get_by_text("The access key that ends in ATED")).to_be_visible()


def test_deleting_asks_for_the_number_and_speaks_of_the_customers_stack(admin, account):
    page = admin.page
    page.get_by_role("button", name="Delete account").click()
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("delete the CloudFormation stack")
    field = dialog.get_by_label("Type the account number")
    field.fill("000000000000")
    dialog.get_by_role("button", name="Delete account").click()
    expect(dialog).to_contain_text("This is not the number of this account.")
    field.fill(account["provider_id"])
    page.evaluate(
        """() => {
          window.said = [];
          const note = () => window.said.push(window.announcer.textContent);
          new MutationObserver(note).observe(window.announcer, { childList: true });
        }"""
    )
    dialog.get_by_role("button", name="Delete account").click()
    expect(page.get_by_role("heading", name="Cloud Accounts")).to_be_visible()
    expect(page.locator("#toasts")).to_contain_text(f"{account['name']} was deleted.")
    is_said = "window.said.some((text) => text.includes('was deleted.'))"
    until(page, lambda: page.evaluate(is_said), "it is announced")
    assert page.evaluate("window.said.join().split('was deleted.').length - 1") == 1
    assert admin.call("GET", f"/v1/accounts/{account['account_id']}").status_code == 404


def test_a_rename_warns_of_a_name_that_another_account_has_and_may_use_it(admin, answer_with):
    page, ours = admin.page, samples.account(0)
    answer_with(page, "/v1/accounts/acc000000", ours)
    answer_with(page, "/v1/accounts", samples.pages_of([ours, samples.account(1)]))
    renamed = answer_with(page, "/v1/accounts/acc000000", ours, method="PATCH")
    admin.go("#/accounts/acc000000")
    page.get_by_role("button", name="Rename").click()
    name = page.get_by_role("dialog").get_by_label("Name")
    # Its own name is no other's.
    name.fill("ACCOUNT00000")
    name.press("Tab")
    expect(page.locator(".field-warning")).to_have_text("")
    name.fill("account00001")
    name.press("Enter")
    expect(page.locator(".field-warning")).to_contain_text("Account00001 is the name of account")
    assert renamed == []
    name.press("Enter")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert len(renamed) == 1


def test_a_rename_whose_answer_was_lost_is_shown_at_once_and_is_nobody_elses(admin, account, watch):
    """Also where the page has not read it when the same is saved again."""
    watch.expects_network_failures = True
    watch.expect_status(412)
    page, name = admin.page, f"Renamed{secrets.token_hex(3)}"
    path = f"/v1/accounts/{account['account_id']}"

    def lose(route: Route) -> None:
        if route.request.method != "PATCH":
            return route.fallback()
        assert admin.call("PATCH", path, {"name": name}).status_code == 200
        return route.abort()

    # The account is read again after 15 seconds anyway. They do not pass.
    stop_the_clock(page)
    admin.go(f"#/accounts/{account['account_id']}")
    expect(page.get_by_role("heading", name=account["name"])).to_be_visible()
    pass_time(page, 1)
    page.get_by_role("button", name="Rename").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill(name)
    page.route(f"**{path}", lose)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Perhaps it was done all the same")
    heading = page.get_by_role("heading", name=name, include_hidden=True)
    expect(heading).to_be_visible()
    page.unroute(f"**{path}")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)


def test_what_is_there_already_is_saved_whoever_made_it(admin, account, watch):
    watch.expect_status(412)
    page, path = admin.page, f"/v1/accounts/{account['account_id']}"
    role = {"role_name": "CavokReader", "role_path": "/team/", "regions": ["eu-west-1"]}
    page.get_by_role("button", name="Change", exact=True).click()
    page.get_by_label("Role name").fill(role["role_name"])
    page.get_by_label("Role path").fill(role["role_path"])
    page.get_by_label("Regions", exact=True).fill("eu-west-1")
    page.get_by_role("button", name="Add", exact=True).click()
    page.get_by_role("button", name="Remove us-east-1").click()
    assert admin.call("PATCH", path, role).status_code == 200
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("Saved.")
    switch = page.get_by_role("switch", name="Write logs")
    # A page that nobody sees reads nothing, so that the click does not meet another state.
    with unseen(page):
        assert admin.call("PATCH", path, {"write_logs": False}).status_code == 200
        switch.click()
    expect(page.locator("#toasts")).to_contain_text("Nothing is written to this account")
    expect(switch).to_have_attribute("aria-checked", "false")


def test_what_is_wrong_comes_with_its_remedy(admin, answer_with):
    broken = samples.account(
        4,
        issues=[
            samples.issue(
                "role_not_assumable", "The role could not be assumed.", "Deploy the role again."
            )
        ],
    )
    answer_with(admin.page, "/v1/accounts/acc000004", broken)
    page = admin.go("#/accounts/acc000004")
    expect(page.get_by_text("Not connected.")).to_be_visible()
    expect(page.get_by_text("The role could not be assumed.")).to_be_visible()
    expect(page.get_by_text("What to do: Deploy the role again.")).to_be_visible()


def test_the_organization_gives_its_external_id_to_the_clipboard(sign_in, open_context, stack):
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    page = sign_in("admin", "#/organization", on=context.new_page()).page
    page.get_by_role("button", name="Copy: External ID").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    expect(page.locator("dd").filter(has_text=copied)).to_have_count(1)
    assert len(copied) > 8
