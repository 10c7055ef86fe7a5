"""An API that is newer than the page: what the page does not know is shown by its own name."""

from __future__ import annotations

import re

from playwright.sync_api import expect

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
    expect(page.get_by_role("region", name="caches")).to_contain_text("elasticache:Reboot")

    page = admin.go("#/accounts/acc000000")
    expect(page.locator(".capability")).to_have_count(3)
    expect(page.locator(".capability").nth(1)).to_contain_text("caches")
    expect(page.locator(".capability").nth(1)).to_contain_text("partly")
