"""The page of an invitation: somebody without sign-in sees what is asked, why, and how to grant it,
and nothing else.
"""

from __future__ import annotations

import json
import re
from urllib.parse import urljoin

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.browser.conftest import Person
from tests.support.page.keyboard import press, reach
from tests.support.page.waiting import until


@pytest.fixture
def invited(admin: Person) -> tuple[dict[str, str], str]:
    """An account, and the address of its invitation."""
    account = admin.add_account()
    made = admin.call("POST", f"/v1/accounts/{account['account_id']}/invitations").json()
    return account, urljoin(admin.stack.dashboard_url, made["url"])


@pytest.fixture
def nobody(open_context) -> Page:
    return open_context().new_page()


@pytest.mark.in_firefox
def test_it_shows_what_is_asked_and_why_and_the_link_and_nothing_else(admin, invited, nobody):
    account, address = invited
    asked: list[str] = []
    nobody.on("request", lambda request: asked.append(request.url))
    nobody.goto(address)

    expect(
        nobody.get_by_role("heading", name=f"Connect AWS account {account['provider_id']}", level=1)
    ).to_be_visible()
    guide = admin.call("GET", f"/v1/accounts/{account['account_id']}/instructions").json()
    link = nobody.get_by_role("link", name="Deploy on AWS")
    expect(link).to_have_attribute("href", guide["deploy_on_aws_url"])
    for group in admin.call("GET", "/v1/permissions").json()["groups"]:
        # Who may assume the role stands in the next part.
        if not group["optional"] and group["group"] != "trust":
            expect(nobody.get_by_role("region", name="What is asked")).to_contain_text(group["why"])
    role = nobody.get_by_role("region", name="Who gets it")
    expect(role).to_contain_text(account["role_arn"])
    # Nor is anything else of the stack left out.
    template = json.loads(guide["cloudformation_template"])
    made = {
        name
        for name, each in template["Resources"].items()
        if each.get("Condition") != "TellsOfChanges"
    }
    assert made == {"CavokRole", "CavokConnection"}
    assert template["Parameters"]["ReportChanges"]["Default"] == "No"
    assert template["Parameters"]["ReportConnection"]["Default"] == "Yes"
    deployed = nobody.get_by_role("region", name="Deploy on AWS")
    expect(deployed).to_contain_text("it also publishes that to an SNS topic of Cavok's")
    expect(deployed).to_contain_text("set ReportConnection to No")
    # No way into the rest of the page, and nothing of the organization.
    expect(nobody.get_by_role("link")).to_have_count(1)
    expect(nobody.get_by_role("navigation")).to_have_count(0)
    expect(nobody.get_by_text(account["name"])).to_have_count(0)
    nobody.keyboard.press("Control+k")
    expect(nobody.get_by_role("dialog")).to_have_count(0)
    # The token is in no address that is sent, and only this is asked.
    token = address.rpartition("/")[2]
    assert not [url for url in asked if token in url.partition("#")[0]]
    assert [url for url in asked if "/v1/" in url] == [
        url for url in asked if url.endswith("/v1/invitation")
    ]


def test_it_is_read_in_the_order_in_which_it_is_decided(invited, nobody):
    """And gone through by keyboard alone."""
    nobody.context.grant_permissions(["clipboard-read", "clipboard-write"])
    nobody.goto(invited[1])
    wait_until_loaded(nobody)

    assert nobody.get_by_role("heading", level=2).all_inner_texts() == [
        "What is asked for, and why",
        "Who gets it",
        "Deploy on AWS",
        "The documents",
    ]
    actions = nobody.locator("details").first
    press(nobody, actions.locator("summary").inner_text())
    expect(actions.get_by_role("listitem").first).to_be_visible()
    press(nobody, "Copy: Role")
    copied = "navigator.clipboard.readText()"
    until(nobody, lambda: nobody.evaluate(copied) == invited[0]["role_arn"], "the role is copied")
    reach(nobody, "Deploy on AWS")
    press(nobody, "CloudFormation", "ArrowRight")
    press(nobody, "Copy: Trust policy")
    until(nobody, lambda: '"sts:AssumeRole"' in nobody.evaluate(copied), "the policy is copied")


@pytest.mark.parametrize(("theme", "width"), [("light", 1280), ("dark", 360), ("light", 360)])
def test_it_passes_axe_and_fits(open_context, invited, theme, width):
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    page.goto(invited[1])
    expect(page.get_by_role("link", name="Deploy on AWS")).to_be_visible()
    wait_until_loaded(page)
    assert_accessible(page)
    assert_fits(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(page)


def test_a_link_that_was_withdrawn_shows_nothing(admin, invited, nobody, watch):
    watch.expect_status(404)
    account, address = invited
    admin.call("DELETE", f"/v1/accounts/{account['account_id']}/invitations")
    nobody.goto(address)

    expect(nobody.get_by_role("heading", name="This link is not valid")).to_be_visible()
    expect(nobody.get_by_text("Ask the person who sent it")).to_be_visible()
    expect(nobody.get_by_text(account["provider_id"])).to_have_count(0)
    expect(nobody.get_by_role("link")).to_have_count(0)


def test_it_is_the_same_for_somebody_who_is_signed_in(admin, invited):
    admin.page.goto("about:blank")
    admin.page.goto(invited[1])

    expect(admin.page.get_by_role("link", name="Deploy on AWS")).to_be_visible()
    expect(admin.page.get_by_role("navigation")).to_have_count(0)
    admin.go("#/accounts")
    expect(admin.page.get_by_role("navigation").first).to_be_visible()


def test_the_address_without_a_token_is_no_page(nobody, stack):
    nobody.goto(f"{stack.dashboard_url}#/invitation/")

    expect(nobody).to_have_title(re.compile("There is no such page"))
