"""A fleet of one account and of ten thousand: found, sorted, exported, treated, and gone to, in
the same steps and with as little work for the browser.
"""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.page import measures, samples
from tests.support.page.exports import export_as_the_api_does, saved
from tests.support.page.waiting import until

SIZES = (1, 10, 300, 10_000)


def fleet(admin, answer_with, count: int) -> Page:
    page = admin.page
    accounts = [samples.account(index, status="failed") for index in range(count)]
    answer_with(page, "/v1/organization", samples.organization(accounts))
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    answer_with(page, f"/v1/accounts/{accounts[-1]['account_id']}", accounts[-1])
    export_as_the_api_does(page, accounts)

    def begun(request: Any) -> tuple[int, dict[str, Any]]:
        admin.begun = json.loads(request.post_data)
        return 202, {"operation_id": "op1", "total": count}

    answer_with(page, "/v1/accounts/bulk", begun, method="POST")
    answer_with(page, "/v1/operations/op1", samples.operation(total=count, done=0))
    page.add_init_script(measures.RECORD_TASKS)
    page.reload()
    page.locator("[data-id='acc000000']").wait_for()
    return page


@pytest.mark.parametrize("count", SIZES)
def test_a_fleet_of_any_size_takes_the_same_steps(admin, answer_with, count):
    page = fleet(admin, answer_with, count)
    names, last = page.locator(".cell-name a"), f"Account{count - 1:05d}"

    search = page.get_by_label("Search by name or account number")
    search.fill(last)
    expect(names).to_have_text([last])
    search.fill("")
    page.get_by_role("button", name="Sort, filter, export").click()
    page.get_by_label("Order").select_option("-name")
    expect(names.first).to_have_text(last)
    with page.expect_download() as download:
        page.get_by_role("button", name="Export CSV").click()
    assert len(saved(download.value)) == count

    page.get_by_role("checkbox", name=re.compile("^Choose all accounts")).check()
    bar = page.locator(".bulk")
    if count > 50:
        bar.get_by_role("button", name=f"Choose all {count:,} of this list").click()
    bar.get_by_role("button", name="Test", exact=True).click()
    until(page, lambda: hasattr(admin, "begun"), "the operation is begun")
    expect(bar).to_contain_text(f"of {count:,}")
    chosen = admin.begun["selection"]
    assert ("filter" in chosen) if count > 50 else (len(chosen["account_ids"]) == count)

    page.keyboard.press("Control+k")
    go_to = page.get_by_role("dialog", name="Go to")
    go_to.get_by_role("combobox").fill(last)
    expect(go_to.get_by_role("option").first).to_contain_text(str(400_000_000_000 + count - 1))
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name=last)).to_be_visible()
    work = page.evaluate("window.work")
    assert work["nodes"] < 1_000, work
