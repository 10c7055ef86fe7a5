"""The smallest policy that still works for an account."""

from __future__ import annotations

import re
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import expect

from tests.support.page import samples
from tests.support.page.keyboard import press, reach
from tests.support.page.waiting import HeldRequests, stop_the_clock

ONE = "/v1/accounts/acc000000"
LEAST = f"{ONE}/least-privilege"
AURORA = "Starting and stopping Aurora clusters other than ledger (eu-west-1)."


@pytest.fixture
def under_control(answer_with):
    """The account, its resources and this policy, in the API's place."""

    def install(page, policy=samples.LEAST_PRIVILEGE):
        answer_with(page, ONE, samples.account(0))
        answer_with(page, f"{ONE}/resources", {"items": samples.RESOURCES, "next_cursor": None})
        return answer_with(page, LEAST, policy)

    return install


def by_of(request) -> list[str]:
    return parse_qs(urlsplit(request.url).query)["by"]


def test_the_least_policy_is_shown_by_arn_or_tag_and_copied(sign_in, open_context, under_control):
    """By keyboard alone."""
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    page = sign_in("admin", on=context.new_page()).page
    by_tag = samples.LEAST_PRIVILEGE | {"removes": ["Whatever has no tag."]}
    asked = under_control(
        page,
        lambda request: by_tag if by_of(request) == ["tag"] else samples.LEAST_PRIVILEGE,
    )
    page.evaluate("location.hash = '#/accounts/acc000000/least-privilege'")
    takes_away = page.get_by_role("region", name="What it takes away")
    expect(takes_away).to_contain_text(AURORA)
    covers = page.get_by_role("region", name="What it covers").locator(".permissions > li")
    expect(covers).to_have_count(3)
    expect(covers.first).to_contain_text(re.compile(f"web1.*EC2 · {samples.WEB} · us-east-1"))
    expect(covers.first).to_contain_text("ec2:StopInstances")
    press(page, "Policy", "ArrowRight")
    expect(page.get_by_role("tabpanel")).to_contain_text("AWSTemplateFormatVersion")
    press(page, "CloudFormation", "ArrowRight")
    press(page, "Copy: Terraform")
    expect(page.locator("#announcer")).to_contain_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == samples.LEAST_PRIVILEGE["terraform"]

    reach(page, "ARN", backwards=True)
    page.keyboard.press("ArrowRight")
    expect(takes_away).to_contain_text("Whatever has no tag.")
    assert [by_of(request) for request in asked] == [["arn"], ["tag"]]
    expect(page).to_have_url(re.compile(r"least-privilege\?by=tag$"))
    page.reload()
    expect(page.get_by_role("radio", name="Tag")).to_be_checked()
    expect(takes_away).to_contain_text("Whatever has no tag.")


def test_a_late_answer_does_not_replace_what_was_chosen_since(admin, under_control):
    page = admin.page
    by_tag = samples.LEAST_PRIVILEGE | {"removes": ["Whatever has no tag."]}
    under_control(page, by_tag)
    held = HeldRequests(page, re.compile(rf"{LEAST}\?by=arn$"))
    admin.go("#/accounts/acc000000/least-privilege")
    late = held.first()
    page.get_by_role("radio", name="Tag").check()
    takes_away = page.get_by_role("region", name="What it takes away")
    expect(takes_away).to_contain_text("Whatever has no tag.")
    late.fulfill(json=samples.LEAST_PRIVILEGE)
    expect(page.get_by_text(AURORA)).to_have_count(0)
    expect(takes_away).to_contain_text("Whatever has no tag.")


def test_it_says_when_it_was_evaluated_and_is_evaluated_again_when_asked(admin, under_control):
    page = admin.page
    asked = under_control(page)
    stop_the_clock(page)
    admin.go("#/accounts/acc000000/least-privilege")
    expect(page.get_by_text("Evaluated just now")).to_be_visible()
    for _ in range(3):
        page.clock.run_for(31_000)
        page.wait_for_timeout(100)
    expect(page.locator(".freshness")).to_have_text("Live")
    expect(page.get_by_text("Evaluated 1 minute ago")).to_be_visible()
    assert len(asked) == 1
    again = page.get_by_role("button", name="Evaluate again")
    again.click()
    expect(page.get_by_text("Evaluated just now")).to_be_visible()
    expect(again).to_be_focused()
    assert len(asked) == 2


def test_nothing_under_control_is_said_with_the_way_there(admin, under_control):
    nothing = samples.LEAST_PRIVILEGE | {"covers": [], "removes": []}
    under_control(admin.page, nothing)
    page = admin.go("#/accounts/acc000000/least-privilege")
    covers = page.get_by_role("region", name="What it covers")
    expect(covers).to_contain_text("Nothing is under Cavok's control. Choose instances")
    expect(covers.get_by_role("link", name="Instances")).to_be_visible()


def test_access_details_lead_there_once_signed_in(admin):
    page = admin.go("#/access-details")
    expect(page.get_by_text("its tab Least privilege shows the smallest policy")).to_be_visible()


def test_the_running_stack_offers_a_policy_in_both_ways(admin):
    account = admin.add_account()
    page = admin.go(f"#/accounts/{account['account_id']}/least-privilege")
    policy = page.get_by_role("tabpanel", name="Policy")
    expect(policy).to_contain_text('"Version": "2012-10-17"')
    page.get_by_role("radio", name="Tag").check()
    expect(policy).to_contain_text('"Version": "2012-10-17"')
    expect(page.get_by_role("region", name="What it covers")).to_contain_text(
        "Nothing is under Cavok's control"
    )
