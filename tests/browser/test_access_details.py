"""Access Details is public: whoever grants the permissions need not be who signs in."""

from __future__ import annotations

import json
import re

import httpx
import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.support.page.keyboard import press

WITHOUT = (
    "Nothing works: the account cannot be entered.",
    "Some permissions can only be proved when they are used",
    "EC2 instances cannot be listed, started or stopped.",
    "Databases cannot be listed, started or stopped.",
    "Nothing is written to your CloudWatch Logs",
    "Such instances fall back to stopped after a start",
)


def test_every_permission_is_explained_without_signing_in(page, stack):
    page.goto(f"{stack.dashboard_url}#/access-details")
    expect(page.get_by_role("heading", name="Access Details")).to_be_visible()
    catalog = httpx.get(
        f"{stack.api_url.rstrip('/')}/v1/permissions", timeout=60, trust_env=False
    ).json()
    for group in catalog["groups"]:
        card = page.get_by_role("region", name=group["title"], exact=True)
        expect(card).to_contain_text(group["why"])
        expect(card).to_contain_text("mandatory" if group["required"] else "optional")
        for action in group["actions"]:
            line = card.get_by_role("listitem").filter(
                has=page.get_by_text(action["action"], exact=True)
            )
            expect(line).to_contain_text(action["why"])
    expect(documents(page)).to_contain_text("ec2:StopInstances")


def test_it_says_what_stops_working_without_each_group(page, stack):
    page.goto(f"{stack.dashboard_url}#/access-details")
    for text in WITHOUT:
        fact = page.locator("dl > div").filter(has_text="Without it")
        expect(fact.filter(has_text=text)).to_be_visible()


# ---- choosing what to grant ----------------------------------------------------------------------


def documents(page) -> Locator:
    return page.get_by_role("region", name="The documents for this choice")


def box(page, name: str) -> Locator:
    """A box of the choice, such as "EC2 instances"."""
    return page.get_by_role("group", name="Choose what to grant").get_by_role("checkbox", name=name)


def test_boxes_rewrite_the_policy_cloudformation_and_terraform(open_context, stack):
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    page = context.new_page()
    page.goto(f"{stack.dashboard_url}#/access-details")
    policy = documents(page).get_by_role("tabpanel")
    expect(policy).to_contain_text("rds:StopDBInstance")
    expect(box(page, "Entering the account")).to_be_disabled()
    box(page, "RDS instances").first.uncheck()
    announcer = page.locator("#announcer")
    expect(announcer).to_have_text(
        "RDS instances and Aurora clusters: left out. The documents have changed."
    )
    expect(policy).not_to_contain_text("rds:")
    box(page, "Start and stop them, too: EC2 instances").uncheck()
    expect(announcer).to_contain_text("EC2 instances: granted without starting and stopping")
    expect(policy).to_contain_text("ec2:DescribeInstances")
    expect(policy).not_to_contain_text("ec2:StopInstances")
    page.get_by_role("tab", name="CloudFormation").click()
    page.get_by_role("button", name="Copy: CloudFormation").click()
    expect(announcer).to_have_text("Copied")
    template = json.loads(page.evaluate("navigator.clipboard.readText()"))
    chosen = {name: each.get("Default") for name, each in template["Parameters"].items()}
    assert (chosen["Ec2"], chosen["Rds"], chosen["Checking"]) == ("ReadOnly", "No", "Yes")
    page.get_by_role("tab", name="Terraform").click()
    terraform = documents(page).get_by_role("tabpanel")
    expect(terraform).to_contain_text('resource "aws_iam_role_policy" "ec2"')
    expect(terraform).not_to_contain_text("rds:")
    # The chosen tab stays when the documents change.
    box(page, "Encrypted volumes").check()
    expect(terraform).to_contain_text("default     = true")


@pytest.mark.in_firefox
def test_a_choice_is_in_the_address_and_made_by_keyboard_alone(page, stack):
    page.goto(f"{stack.dashboard_url}#/access-details?groups=trust,ec2:read_only")
    ec2 = box(page, "EC2 instances").first
    expect(ec2).to_be_checked()
    expect(box(page, "Checking")).not_to_be_checked()
    press(page, "Choose what to grant")
    expect(page.get_by_role("heading", name="Choose what to grant")).to_be_focused()
    page.keyboard.press("Tab")
    expect(box(page, "Checking")).to_be_focused()
    page.keyboard.press("Space")
    expect(page).to_have_url(re.compile(r"groups=trust%2Cchecking%2Cec2%3Aread_only$"))
    expect(documents(page)).to_contain_text("iam:GetRolePolicy")
    expect(box(page, "Checking")).to_be_focused()
    page.reload()
    expect(box(page, "Checking")).to_be_checked()
    expect(box(page, "Start and stop them, too: EC2 instances")).not_to_be_checked()


def test_nothing_but_entering_is_said_in_place_of_a_policy(page, stack):
    page.goto(f"{stack.dashboard_url}#/access-details?groups=trust")
    expect(documents(page)).to_contain_text("This grants nothing but entering the account")
    expect(documents(page).get_by_role("tab")).to_have_text(["CloudFormation", "Terraform"])


def test_the_deploy_link_of_an_account_follows_the_choice(admin):
    account = admin.add_account()
    page = admin.go(f"#/accounts/{account['account_id']}/instructions")
    page.get_by_role("tab", name="Policies by hand").click()
    page.get_by_role("tabpanel").get_by_role("link", name="Access Details").click()
    link = page.get_by_role("link", name="Deploy on AWS")
    expect(link).not_to_have_attribute("href", re.compile("param_Rds"))
    box(page, "RDS instances").first.uncheck()
    expect(link).to_have_attribute("href", re.compile("param_Rds=No"))
    box(page, "CloudWatch Logs").uncheck()
    expect(link).to_have_attribute("href", re.compile("param_WriteLogs=No"))
    warning = page.locator(".notice-warning")
    expect(warning).to_contain_text("Write logs is Yes for this account. Set it to No")
    page.get_by_role("tab", name="AWS CLI").click()
    expect(documents(page)).to_contain_text("--policy-name CavokEc2")
    expect(documents(page)).not_to_contain_text("--policy-name CavokRds")
    page.get_by_role("link", name="Back to the instructions").click()
    expect(page).to_have_url(re.compile(f"{account['account_id']}/instructions$"))


@pytest.mark.parametrize("width", [360, 1280])
def test_copy_and_download_are_beside_each_other(page, stack, width):
    page.set_viewport_size({"width": width, "height": 800})
    page.goto(f"{stack.dashboard_url}#/access-details")
    press(page, "Choose what to grant")
    for tab in documents(page).get_by_role("tab").all():
        tab.click()
        shown = documents(page).get_by_role("tabpanel")
        copy = shown.get_by_role("button", name="Copy").bounding_box()
        download = shown.get_by_role("button", name="Download").bounding_box()
        assert copy["y"] == download["y"]
        assert copy["x"] + copy["width"] < download["x"]


@pytest.mark.parametrize(("theme", "width"), [("dark", 360), ("light", 1280)])
def test_the_choice_fits_also_with_texts_of_twice_the_size(open_context, stack, theme, width):
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    page.goto(f"{stack.dashboard_url}#/access-details?groups=ec2:read_only")
    expect(documents(page)).to_be_visible()
    wait_until_loaded(page)
    assert_fits(page)
    assert_accessible(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(page)
