"""An API that is newer than the page: what the page does not know is shown by its own name."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

from playwright.sync_api import Route, expect

from tests.support.page import samples


def test_a_permission_group_that_the_page_does_not_know_is_shown(admin, answer_with):
    account = samples.account(0)
    account["capabilities"] = {"ec2": "full", "caches": "partial", "logs": "none"}
    # Past the check against today's models: this is an answer of tomorrow's.
    admin.page.route(re.compile("/v1/accounts/acc000000$"), lambda r: r.fulfill(json=account))
    steps = [*samples.STEPS, samples.step("elasticache:RebootCacheCluster", "caches")]
    test = "/v1/accounts/acc000000/verifications/test1"
    answer_with(admin.page, test, samples.finished_test(steps=steps))

    page = admin.go("#/accounts/acc000000/tests/test1")
    expect(page.get_by_role("region", name="Caches")).to_contain_text("elasticache:Reboot")

    page = admin.go("#/accounts/acc000000")
    expect(page.locator(".capability")).to_have_count(3)
    expect(page.locator(".capability").nth(1)).to_contain_text("Caches")
    expect(page.locator(".capability").nth(1)).to_contain_text("partly")


def answering(body: Any) -> Callable[[Route], None]:
    """Past the check against today's models."""
    return lambda route: route.fulfill(json=body)


def without(fields: set[str], value: Any) -> Any:
    if isinstance(value, dict):
        return {name: without(fields, each) for name, each in value.items() if name not in fields}
    return [without(fields, each) for each in value] if isinstance(value, list) else value


NEW_FIELDS = {"resources", "region_health", "severity", "fix", "result", "state", "state_reason"}
"""Of verdicts. `state` of a test and of an instance stay."""


def test_an_api_that_is_older_than_verdicts_is_shown_as_ever(admin, watch):
    watch.expect_status(404)
    account = samples.account(3, account_id="acc000000", issues=[samples.FIXABLE])
    test = samples.finished_test()
    interactions = {"items": samples.INTERACTIONS, "next_cursor": None}
    for path, body in {
        "": without(NEW_FIELDS, account),
        "/verifications/test1": without(NEW_FIELDS - {"state"}, test),
        "/interactions": without(NEW_FIELDS, interactions),
    }.items():
        admin.page.route(
            re.compile(rf"/v1/accounts/acc000000{path}(\?.*)?$"),
            answering(body),
        )
    page = admin.go("#/accounts/acc000000")
    expect(page.locator(".issues > li")).to_contain_text(samples.FIXABLE["message"])
    expect(page.locator(".facts .regions")).to_have_text("us-east-1")
    page = admin.go("#/accounts/acc000000/tests/test1")
    expect(page.locator(".test-step")).to_have_count(len(samples.STEPS))
    page = admin.go("#/accounts/acc000000/interactions")
    expect(page.locator(".trail-row")).to_have_count(len(samples.INTERACTIONS))
    expect(page.locator(".followed")).to_have_count(0)
    gone = re.compile("/v1/accounts/acc000000/least-privilege")
    page.route(gone, lambda route: route.fulfill(status=404, json={"message": "Not Found"}))
    page = admin.go("#/accounts/acc000000/least-privilege")
    expect(page.get_by_text("This installation does not offer it yet.")).to_be_visible()


def test_words_that_the_page_does_not_know_are_shown_as_they_are(admin):
    severe = samples.ISSUE | {"severity": "critical"}
    odd = [{"region": "us-east-1", "status": "on_fire", "reason": None}]
    account = samples.account(0, issues=[severe], region_health=odd)
    account |= {"access_type": "federation"}
    account["capabilities"] = account["capabilities"] | {"ec2": "restricted"}
    interaction = samples.INTERACTIONS[0] | {"result": "reverted", "state_reason": "by AWS"}
    for path, body in {
        "": account,
        "/interactions": {"items": [interaction], "next_cursor": None},
    }.items():
        admin.page.route(
            re.compile(rf"/v1/accounts/acc000000{path}(\?.*)?$"),
            answering(body),
        )
    page = admin.go("#/accounts/acc000000")
    expect(page.locator(".issue-severity")).to_have_text("critical")
    expect(page.locator(".facts .regions")).to_contain_text("on_fire")
    expect(page.locator(".capability").first).to_contain_text("restricted")
    expect(page.locator(".account-sub")).to_contain_text("federation")
    page = admin.go("#/accounts/acc000000/interactions")
    expect(page.locator(".followed")).to_have_text("reverted by AWS")


def test_what_the_page_does_not_know_of_a_webhook_is_shown_and_kept(admin, answer_with):
    page, path = admin.page, "/v1/organization/webhook"
    webhook = samples.WEBHOOK | {"events": ["Account Failed", "Account Sold"]}
    delivery = samples.DELIVERIES[0] | {"status": "quarantined", "type": "Account Sold"}
    page.route(re.compile(f"{path}$"), answering(webhook))
    page.route(re.compile(f"{path}/deliveries$"), answering({"items": [delivery]}))
    puts = answer_with(page, path, samples.WEBHOOK, method="PUT")
    admin.go("#/organization")
    page.get_by_text("Deliveries").click()
    expect(page.get_by_text("quarantined · 2 tries")).to_be_visible()
    page.get_by_role("button", name="Change", exact=True).click()
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Account Sold")).to_be_checked()
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert puts[0].post_data_json["events"] == webhook["events"]
