"""A fleet of one account and of ten thousand: found, sorted, exported, treated, and gone to, in
the same steps and with as little work for the browser.
"""

from __future__ import annotations

import itertools
import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.support.page import measures, samples
from tests.support.page.exports import export_as_the_api_does, saved
from tests.support.page.keyboard import press, reach
from tests.support.page.waiting import until

SIZES = (1, 10, 300, 10_000)


def fleet(admin, answer_with, count: int) -> Page:
    page = admin.page
    accounts = [samples.account(index, status="failed") for index in range(count)]
    answer_with(page, "/v1/organization", samples.organization(accounts))
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    answer_with(page, f"/v1/accounts/{accounts[-1]['account_id']}", accounts[-1])
    export_as_the_api_does(page, accounts)

    admin.operation = samples.operation(total=count, done=0)
    ids = itertools.count(1)

    def begun(request: Any) -> tuple[int, dict[str, Any]]:
        admin.begun = json.loads(request.post_data)
        id_ = None if admin.begun.get("dry_run") else f"op{next(ids)}"
        return 202, {"operation_id": id_, "total": count}

    def operation(request: Any) -> dict[str, Any]:
        admin.read = request.url.rpartition("/")[2]
        return admin.operation | {"operation_id": admin.read}

    answer_with(page, "/v1/accounts/bulk", begun, method="POST")
    answer_with(page, "/v1/operations/op[0-9]", operation)
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
    expect(names.first).to_have_text("Account00000")
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


def test_ten_thousand_are_changed_taken_back_and_deleted_by_keyboard_alone(admin, answer_with):
    count = 10_000
    page = fleet(admin, answer_with, count)
    bar, dialog = page.locator(".bulk"), page.get_by_role("dialog")

    def choose_all() -> None:
        press(page, "Choose all accounts", "Space")
        expect(bar).to_contain_text("accounts chosen")
        page.keyboard.press("Enter")  # to the first action
        reach(page, "Choose all 10,000", backwards=True)
        page.keyboard.press("Enter")
        expect(bar).to_contain_text("All 10,000 accounts of this list chosen")

    admin.operation |= {"action": "write_logs", "value": False, "state": "finished"}
    admin.operation |= {"done": count, "changed": count}
    choose_all()
    press(page, "Write logs: No")
    expect(bar).to_contain_text("Write logs set to No: 10,000.")
    assert admin.begun["expected_total"] == count
    press(page, "Undo")
    until(page, lambda: admin.read == "op2", "it is taken back")
    assert admin.begun["selection"] == {"changed_by": "op1"}

    refused = samples.refused(*range(100)) | {"failed_total": 1_500}
    admin.operation |= {"action": "delete", "value": None} | refused
    choose_all()
    press(page, "Delete…")
    expect(dialog.get_by_label("Type 10000 to confirm")).to_be_focused()
    page.keyboard.type("10,000")
    page.keyboard.press("Enter")
    expect(bar).to_contain_text("Deleted: 8,500.")
    assert (admin.begun["action"], admin.begun["expected_total"]) == ("delete", count)
    press(page, "Try the first 100 refused ones again")
    expect(dialog.get_by_label("Type 100 to confirm")).to_be_focused()
    page.keyboard.type("100")
    page.keyboard.press("Enter")
    expect(bar.get_by_role("group", name="Deleted: 8,500.")).to_have_count(2)
    assert len(admin.begun["selection"]["account_ids"]) == 100
    is_there = "document.querySelector('.bulk').contains(document.activeElement)"
    until(page, lambda: page.evaluate(is_there), "the focus is in the bar")
