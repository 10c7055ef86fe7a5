"""What others wrote is data: in names, in AWS's texts, in addresses."""

from __future__ import annotations

import httpx
from playwright.sync_api import expect

from tests.support.page import samples

HOSTILE = "<img src=x onerror=\"console.error('ran')\"><script>console.error('ran')</script>"


def test_hostile_texts_are_shown_and_never_run(admin, answer_with):
    account = samples.account(
        4,
        name=HOSTILE,
        provider_id="400000000004",
        created_by=HOSTILE,
        role_arn=HOSTILE,
        issues=[samples.issue("x", HOSTILE, HOSTILE)],
    )
    steps = [
        samples.step(
            "ec2:StopInstances",
            "ec2",
            "denied",
            reason="unstated",
            detail=HOSTILE,
            error_code=HOSTILE,
        )
    ]
    answer_with(admin.page, "/v1/accounts", {"items": [account], "next_cursor": None})
    answer_with(admin.page, "/v1/accounts/acc000004", account)
    answer_with(
        admin.page, "/v1/accounts/acc000004/verifications/test1", samples.finished_test(steps=steps)
    )
    admin.page.reload()
    for hash_ in ("#/accounts", "#/accounts/acc000004", "#/accounts/acc000004/tests/test1"):
        admin.page.evaluate("hash => { location.hash = hash; }", hash_)
        expect(admin.page.get_by_text(HOSTILE).first).to_be_visible()
        assert admin.page.locator("main img, main script").count() == 0


def test_an_address_that_would_run_is_not_a_link(admin, answer_with):
    answer_with(admin.page, "/v1/accounts/acc000005", samples.account(5))
    answer_with(
        admin.page,
        "/v1/accounts/acc000005/instructions",
        {
            "steps": [],
            "trust_policy": {},
            "permissions_policy": {},
            "deploy_on_aws_url": "javascript:console.error('ran')",
            "cloudformation_template": "{}",
            "terraform": "",
            "cli": "",
            "update": None,
            "choice": [],
            "warnings": [],
        },
    )
    page = admin.go("#/accounts/acc000005/instructions")
    link = page.get_by_role("link", name="Deploy on AWS")
    expect(link).to_have_attribute("href", "#")
    expect(link).to_have_attribute("rel", "noopener noreferrer")


def test_the_policy_of_the_page_is_strict_on_the_running_stack(stack):
    answer = httpx.get(stack.dashboard_url, timeout=60, trust_env=False)
    policy = answer.headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "require-trusted-types-for 'script'" in policy
    assert "unsafe" not in policy
    assert answer.headers["x-content-type-options"] == "nosniff"


def test_no_string_becomes_markup_in_this_page(page, stack, watch):
    watch.expect_complaint("'TrustedHTML' assignment", "require-trusted-types-for")
    page.goto(stack.dashboard_url)
    with page.expect_console_message(lambda message: "trusted-types" in message.text):
        refused = page.evaluate(
            """() => {
              try { document.body.innerHTML = "<b>x</b>"; return false; }
              catch (error) { return error instanceof TypeError; }
            }"""
        )
    assert refused
