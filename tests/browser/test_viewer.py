"""A viewer sees everything, can change nothing, and is told why."""

from __future__ import annotations

from playwright.sync_api import expect

from tests.support.page import samples

WHY = "You are a viewer. Only an admin of your organization can do this."


def test_the_list_says_why_nothing_can_be_changed(viewer, answer_with):
    answer_with(viewer.page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    changes = answer_with(viewer.page, "/v1/.*", None, method="POST")
    viewer.page.reload()
    expect(viewer.page.get_by_text("You are signed in as a viewer")).to_be_visible()
    for name in ("New Account", "Test Account00000"):
        button = viewer.page.get_by_role("button", name=name)
        expect(button).to_have_attribute("aria-disabled", "true")
        expect(button).to_have_attribute("title", WHY)
        button.click(force=True)
        expect(viewer.page.locator("#toasts")).to_contain_text(WHY)
    assert changes == []


def test_an_account_can_be_read_in_full_and_not_changed(viewer, sign_in, open_context):
    account = sign_in("admin", on=open_context().new_page()).add_account()
    page = viewer.go(f"#/accounts/{account['account_id']}")
    expect(page.get_by_role("heading", name=account["name"])).to_be_visible()
    expect(page.get_by_text(account["role_arn"])).to_be_visible()
    switch = page.get_by_role("switch", name="Write logs")
    expect(switch).to_have_attribute("aria-disabled", "true")
    switch.click(force=True)
    expect(switch).to_have_attribute("aria-checked", "true")
    for name in ("Test", "Rename", "Change", "Delete account"):
        expect(page.get_by_role("button", name=name, exact=True)).to_have_attribute(
            "aria-disabled", "true"
        )
    page.get_by_role("link", name="Instructions").first.click()
    expect(page.get_by_role("link", name="Deploy on AWS")).to_be_visible()
    expect(page.get_by_role("button", name="Test now")).to_have_attribute("aria-disabled", "true")


def test_the_modals_address_is_no_way_in(viewer):
    page = viewer.go("#/accounts/new")
    expect(page.get_by_role("dialog")).to_contain_text(WHY)
    expect(page.get_by_label("Provider ID")).to_have_count(0)
