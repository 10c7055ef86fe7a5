"""Many accounts at once: pasted or from a file, read line by line, added, refused, stopped."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible, assert_fits
from tests.browser.conftest import some_number
from tests.support.page import measures, samples
from tests.support.page.keyboard import press
from tests.support.page.waiting import HeldRequests, pass_time_until, stop_the_clock, until

IMPORT = "/v1/accounts/import"


def a_problem(code: str, detail: str, status: int = 409) -> dict[str, Any]:
    return {
        "type": f"../../docs/problems/{code}",
        "title": code.replace("_", " ").capitalize(),
        "status": status,
        "detail": detail,
        "code": code,
        "request_id": "r-1",
    }


def created(accounts: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What the API makes of accounts with a role."""
    return [
        samples.account(
            int(each["provider_id"]) % 1_000_000,
            status="unconfirmed",
            access_type="assume_role",
            name=each["name"],
            provider_id=each["provider_id"],
            verification=None,
        )
        for each in accounts
    ]


def adds_all(request: Any) -> dict[str, Any]:
    return {"created": created(request.post_data_json["accounts"]), "refused": []}


@pytest.fixture
def form(admin, answer_with) -> Page:
    """The list has one account, and this is open."""
    page = admin.page
    accounts = [samples.account(0)]
    answer_with(page, "/v1/organization", samples.organization(accounts))
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    page.reload()
    page.get_by_role("button", name="Add many").click()
    expect(page.get_by_role("heading", name="Add many accounts")).to_be_focused()
    return page


def paste(page: Page, text: str) -> None:
    page.get_by_label("Account numbers").fill(text)


def choose(page: Page, text: str) -> None:
    file = {"name": "accounts.csv", "mimeType": "text/csv", "buffer": text.encode()}
    page.get_by_label("Or a file").set_input_files([file])  # type: ignore[list-item]


def preview(page: Page):
    return page.get_by_role("region", name="What was read")


def result(page: Page):
    return page.get_by_role("region", name="What became of it")


def progress(page: Page):
    """Seen all the time; heard each quarter, so it is no status."""
    return result(page).locator(".import-progress p")


def numbers(count: int) -> list[str]:
    return [f"{500_000_000_000 + index}" for index in range(count)]


MANY = "\n".join(f"{each},Account {each}" for each in numbers(10_000))
"""As many lines as stay out of the field."""


@pytest.mark.in_firefox
def test_each_line_is_read_before_anything_is_sent(form, answer_with):
    sent = answer_with(form, IMPORT, adds_all, method="POST")
    paste(form, "provider_id,name\n500000000000,Quiet House\n12345,Short\n500000000000,Again")
    shown = preview(form)
    expect(shown.get_by_role("status")).to_have_text(
        "1 account can be added. 2 lines cannot be read."
    )
    expect(shown.get_by_role("listitem")).to_have_text(
        [
            re.compile("^Line 3: An AWS account number has 12 digits; this has 5.*12345,Short$"),
            re.compile("^Line 4: This number is in line 2 already.*500000000000,Again$"),
        ]
    )
    expect(shown.get_by_role("row").nth(1)).to_contain_text("500000000000QuietHouse")
    assert_accessible(form)
    assert sent == []


def test_what_is_ready_is_added_and_leads_on(form, answer_with):
    sent = answer_with(form, IMPORT, adds_all, method="POST")
    paste(form, "500000000000 One\n500000000001 Two\nwrong")
    form.get_by_role("group", name="Write logs").get_by_text("No", exact=True).click()
    form.get_by_role("button", name="Add accounts").click()
    expect(form.get_by_role("heading", name="2 accounts were added")).to_be_focused()
    body = sent[0].post_data_json["accounts"]
    assert [each["name"] for each in body] == ["One", "Two"]
    assert {each["write_logs"] for each in body} == {False}
    assert sent[0].headers["idempotency-key"]
    expect(form.get_by_label("Account numbers")).to_have_value("wrong")
    assert_accessible(form)
    link = result(form).get_by_role("link", name="Show the unconfirmed accounts")
    expect(link).to_have_attribute("href", "#/accounts?status=unconfirmed")
    link = result(form).get_by_role("link", name="Instructions")
    expect(link).to_have_attribute("href", "#/accounts/acc000000/instructions")


def test_what_was_refused_is_said_by_line_and_left(form, answer_with):
    def some(request: Any) -> dict[str, Any]:
        accounts = request.post_data_json["accounts"]
        there = f"Account number {accounts[1]['provider_id']} is already connected."
        regions = a_problem("invalid_fields", "Please correct: regions.", 422)
        regions["errors"] = [{"field": "regions", "message": "mars-1 is no region."}]
        return {
            "created": created(accounts[:1]),
            "refused": [
                {"index": 1, "problem": a_problem("already_connected", there)},
                {"index": 2, "problem": regions},
            ],
        }

    answer_with(form, IMPORT, some, method="POST")
    lines = ["name,number", "One,500000000000", "Two,500000000001", "Three,500000000002"]
    paste(form, "\n".join(lines))
    form.get_by_role("button", name="Add accounts").click()
    expect(form.get_by_role("heading", name="1 account was added")).to_be_focused()
    expect(result(form).get_by_role("heading", name="2 accounts were refused")).to_be_visible()
    expect(result(form).get_by_role("listitem")).to_have_text(
        [
            re.compile("Line 3: Account number 500000000001 is already connected.*Two"),
            re.compile("Line 4: mars-1 is no region.*Three"),
        ]
    )
    left = "\n".join([lines[0], *lines[2:]])
    expect(form.get_by_label("Account numbers")).to_have_value(left)
    assert_accessible(form)
    result(form).get_by_role("link", name="Show the unconfirmed accounts").click()
    expect(form.get_by_role("heading", name="Cloud Accounts", level=1)).to_be_focused()
    form.go_back()
    expect(form.get_by_role("heading", name="Add many accounts")).to_be_focused()
    expect(result(form)).to_contain_text("Account number 500000000001 is already connected")


def test_files_that_can_be_put_back_fit_a_narrow_screen(form):
    form.set_viewport_size({"width": 360, "height": 740})
    for text in numbers(4):
        choose(form, text)
        expect(preview(form)).to_contain_text(text)
    expect(form.get_by_role("button", name=re.compile("Put “accounts.csv” back"))).to_have_count(3)
    assert_fits(form)


def test_a_file_is_read_as_if_it_was_pasted(form, answer_with):
    answer_with(form, IMPORT, adds_all, method="POST")
    export = "Account ID,ARN,Email,Name\n" + "\n".join(
        f"{each},arn:aws:x,a@example.com,Team - {index}" for index, each in enumerate(numbers(30))
    )
    choose(form, export)
    expect(preview(form).get_by_role("status")).to_have_text("30 accounts can be added.")
    expect(preview(form).get_by_role("row")).to_have_count(21)
    expect(preview(form)).to_contain_text("and 10 more")
    remove = form.get_by_role("button", name="Remove")
    expect(remove).to_have_accessible_description("accounts.csv 31 lines")
    expect(form.get_by_label("Account numbers")).to_be_hidden()
    assert_accessible(form)
    form.get_by_role("button", name="Add accounts").click()
    expect(form.get_by_role("heading", name="30 accounts were added")).to_be_visible()
    expect(form.get_by_label("Account numbers")).to_have_value("")
    choose(form, "wrong")
    expect(preview(form).get_by_role("status")).to_contain_text("1 line cannot be read.")
    form.get_by_role("button", name="Add accounts").click()
    expect(form.get_by_text("Enter at least one account number.")).to_be_visible()
    expect(remove).to_be_focused()
    form.keyboard.press("Enter")
    expect(form.get_by_label("Account numbers")).to_be_focused()
    expect(form.get_by_label("Or a file")).to_have_value("")


def test_a_remark_that_may_be_of_any_account_keeps_all_out_until_it_is_taken_out(form):
    accounts = f"{some_number()} Prod\n{some_number()} Dev"
    text = form.get_by_label("Account numbers")
    text.fill(f"{accounts}\n\nThe office is closed on Fridays.")
    expect(preview(form).get_by_role("listitem")).to_have_text(
        [
            re.compile(r"Line 1: Line 4 says “closed”, perhaps also of this account\. .*Prod$"),
            re.compile(r"Line 2: Line 4 says “closed”, perhaps also of this account\. .*Dev$"),
            re.compile(r"Line 4: This says “closed”, but not of which accounts\. .*on Fridays\.$"),
        ]
    )
    assert_accessible(form)
    text.fill(accounts)
    expect(preview(form).get_by_role("status")).to_have_text("2 accounts can be added.")


@pytest.mark.in_firefox
def test_a_chosen_file_of_ten_thousand_lines_is_read_in_short_tasks(admin, answer_with):
    """Counted, not timed: a busy machine stretches every task."""
    page = admin.page
    answer_with(page, "/v1/organization", samples.organization([samples.account(0)]))
    page.add_init_script(measures.RECORD_TASKS)
    page.goto("about:blank")
    admin.go("#/accounts/many")
    choose(page, MANY)
    expect(preview(page).get_by_role("status")).to_have_text("10,000 accounts can be added.")
    expect(page.get_by_label("Account numbers")).to_have_value("")
    work = page.evaluate("window.work")
    assert work["nodes"] < 500, work


def test_ten_thousand_pasted_lines_stay_out_of_the_field_and_a_keyboard_undoes_it(form):
    form.context.grant_permissions(["clipboard-read", "clipboard-write"])
    field = form.get_by_label("Account numbers")
    field.focus()
    form.keyboard.type("number,name\n")
    form.evaluate("text => navigator.clipboard.writeText(text)", MANY)
    form.keyboard.press("Control+v")
    expect(preview(form).get_by_role("status")).to_have_text("10,000 accounts can be added.")
    remove = form.get_by_role("button", name="Remove")
    expect(remove).to_be_focused()
    expect(remove).to_have_accessible_description("Pasted text 10,001 lines")
    expect(field).to_have_value("number,name\n")
    assert_accessible(form)
    form.keyboard.press("Control+z")
    expect(field).to_be_focused()
    expect(preview(form).get_by_role("status")).to_have_text("")
    press(form, "Put “Pasted text” back")
    expect(preview(form).get_by_role("status")).to_have_text("10,000 accounts can be added.")


def test_a_file_that_is_too_long_is_not_read_and_hides_nothing(admin, answer_with):
    form = admin.page
    answer_with(form, "/v1/organization", samples.organization([samples.account(0)]))
    sent = answer_with(form, IMPORT, adds_all, method="POST")
    stop_the_clock(form)
    admin.go("#/accounts/many")
    paste(form, "500000000000 One")
    file = {"name": "a.csv", "mimeType": "text/csv", "buffer": b"500000000001\n" * 130_000}
    form.get_by_label("Or a file").set_input_files([file])  # type: ignore[list-item]
    expect(form.locator(".toast")).to_contain_text("1.5 MB at most")
    form.clock.run_for(1_000)  # what was typed just before is read all the same
    expect(preview(form).get_by_role("status")).to_have_text("1 account can be added.")
    expect(form.get_by_label("Account numbers")).to_have_value("500000000000 One")
    expect(form.get_by_label("Or a file")).to_have_value("")
    form.clock.resume()  # axe needs its timers
    assert_accessible(form)
    assert sent == []


def test_many_are_sent_in_parts_and_can_be_stopped(form, answer_with):
    sent = answer_with(form, IMPORT, adds_all, method="POST")
    paste(form, "\n".join(numbers(250)))
    held = HeldRequests(form, re.compile(f"{IMPORT}$"))
    form.get_by_role("button", name="Add accounts").click()
    held.first().fallback()
    expect(progress(form)).to_have_text("100 of 250 done.")
    bar = result(form).get_by_role("progressbar", name="Add many accounts")
    expect(bar).to_have_js_property("value", 100)
    stop = form.get_by_role("button", name="Stop")
    expect(stop).to_be_focused()
    assert_accessible(form)
    form.keyboard.press("Enter")
    until(form, lambda: len(held) > 1, "the part that was sent already")
    held[1].fallback()
    expect(form.get_by_role("heading", name="200 accounts were added")).to_be_focused()
    expect(result(form)).to_contain_text("50 accounts were not sent, because you stopped.")
    expect(form.get_by_label("Account numbers")).to_have_value("\n".join(numbers(250)[200:]))
    assert len(sent) == 2


def test_beyond_the_quota_it_waits_and_goes_on(admin, answer_with):
    page, quota = admin.page, [3]
    answer_with(page, "/v1/organization", samples.organization([samples.account(0)]))

    def as_many_as_may(request: Any) -> dict[str, Any]:
        accounts = request.post_data_json["accounts"]
        some, quota[0] = quota[0], 500
        beyond = a_problem("quota_exceeded", "100 new accounts in 60 seconds.", 429)
        rest = range(some, len(accounts))
        return {
            "created": created(accounts[:some]),
            "refused": [{"index": index, "problem": beyond} for index in rest],
        }

    sent = answer_with(page, IMPORT, as_many_as_may, method="POST")
    stop_the_clock(page)
    admin.go("#/accounts/many")
    paste(page, "\n".join(numbers(5)))
    page.clock.run_for(300)
    page.get_by_role("button", name="Add accounts").click()
    said = progress(page)
    expect(said).to_contain_text("3 of 5 done. Your organization has added as many as it may")
    expect(said).to_contain_text("10:01")
    done = page.get_by_role("heading", name="5 accounts were added")
    pass_time_until(page, done.count, "it goes on")
    assert [len(each.post_data_json["accounts"]) for each in sent] == [5, 2]


def test_a_part_that_is_not_answered_is_sent_again_under_its_key(form, answer_with, watch):
    watch.expect_status(503)
    broken = [True]

    def or_not(request: Any) -> Any:
        return samples.problem(503, "Later.") if broken[0] else adds_all(request)

    sent = answer_with(form, IMPORT, or_not, method="POST")
    paste(form, "\n".join(numbers(2)))
    form.get_by_role("button", name="Add accounts").click()
    expect(result(form).get_by_role("alert")).to_contain_text("Later.")
    broken[0] = False
    result(form).get_by_role("button", name="Try again").click()
    expect(form.get_by_role("heading", name="2 accounts were added")).to_be_visible()
    assert len({each.headers["idempotency-key"] for each in sent}) == 1


@pytest.mark.parametrize("width", [360, 1280])
def test_it_fits_and_a_keyboard_is_enough(form, answer_with, width):
    form.set_viewport_size({"width": width, "height": 740})
    answer_with(form, IMPORT, adds_all, method="POST")
    form.get_by_label("Account numbers").focus()
    form.keyboard.type("500000000000 One")
    expect(preview(form).get_by_role("status")).to_have_text("1 account can be added.")
    assert_accessible(form)
    assert_fits(form)
    form.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(form)
    send = form.get_by_role("button", name="Add accounts")
    for _ in range(20):
        if send.evaluate("node => node === document.activeElement"):
            break
        form.keyboard.press("Tab")
    form.keyboard.press("Enter")
    expect(form.get_by_role("heading", name="1 account was added")).to_be_focused()
    assert_fits(form)


def test_the_list_shows_what_was_added(form, answer_with):
    answer_with(form, IMPORT, adds_all, method="POST")
    paste(form, "500000000001 Imported")
    form.get_by_role("button", name="Add accounts").click()
    expect(form.get_by_role("heading", name="1 account was added")).to_be_visible()
    there = [samples.account(0), *created([{"provider_id": "500000000001", "name": "Imported"}])]
    answer_with(form, "/v1/accounts", samples.pages_of(there))
    answer_with(form, "/v1/organization", samples.organization(there))
    form.get_by_role("link", name="Cloud Accounts").first.click()
    expect(form.get_by_role("row").filter(has_text="Imported")).to_be_visible()


RECENT_MS = 600
"""After this, a shift is no longer counted as what somebody has just done."""
SLOW_FILES = """{
  const { arrayBuffer } = Blob.prototype;
  Blob.prototype.arrayBuffer = async function () {
    await new Promise((done) => setTimeout(done, MS));
    return arrayBuffer.call(this);
  };
}""".replace("MS", str(RECENT_MS))


@pytest.mark.parametrize("width", [360, 640, 1280])
def test_nothing_jumps_as_answers_and_files_come_late(admin, answer_with, watch, width):
    """An import that failed, was stopped or waited; a file, and text that came without keys."""
    watch.expect_status(422)
    page, shifts = admin.page, {}
    answer_with(page, "/v1/organization", samples.organization([samples.account(0)]))
    page.set_viewport_size({"width": width, "height": 720})
    page.add_init_script(measures.RECORD_SHIFTS + SLOW_FILES)
    page.goto("about:blank")
    admin.go("#/accounts/many")
    read, heading = preview(page).get_by_role("status"), result(page).locator("h2")

    def note(what: str) -> None:
        page.evaluate("new Promise((done) => requestAnimationFrame(() => setTimeout(done, 50)))")
        shifts[what] = page.evaluate("window.shifts")
        page.evaluate("window.shifts = 0")

    def add(what: str, fulfil: Callable[[list[dict[str, Any]]], Any], says: str) -> None:
        held = HeldRequests(page, re.compile(f"{IMPORT}$"))
        page.get_by_role("button", name="Add accounts").click()
        accounts = held.first().request.post_data_json["accounts"]
        if what == "stopped":
            page.get_by_role("button", name="Stop").click()
        page.wait_for_timeout(RECENT_MS)
        held[0].fulfill(**fulfil(accounts))
        page.unroute(re.compile(f"{IMPORT}$"))
        expect(result(page)).to_contain_text(says)
        note(what)

    def refuses(count: int, code: str = "already_connected") -> Callable[..., Any]:
        def some(accounts: list[dict[str, Any]]) -> dict[str, Any]:
            refused = [
                {"index": index, "problem": a_problem(code, "Not this one.")}
                for index in range(count)
            ]
            return {
                "status": 201,
                "json": {"created": created(accounts[count:]), "refused": refused},
            }

        return some

    wrong = [f"wrong {each}" for each in range(5)]
    paste(page, "\n".join([*wrong, *numbers(900)]))
    expect(read).to_contain_text("900 accounts")
    note("typed")
    add("stopped", refuses(2), "800 accounts were not sent")
    add("failed", lambda _: {"status": 422, "json": a_problem("x", "Not now.", 422)}, "Not now.")
    paste(page, "\n".join([*wrong, *numbers(4)]))
    expect(read).to_contain_text("4 accounts")
    page.wait_for_timeout(RECENT_MS)
    add("waits", refuses(1, "quota_exceeded"), "as many as it may")
    page.get_by_role("button", name="Stop").click()
    expect(heading).to_contain_text("3 accounts")
    page.wait_for_timeout(RECENT_MS)
    choose(page, "wrong\n" * 3)
    expect(page.get_by_role("button", name="Remove")).to_be_visible()
    expect(read).to_contain_text("3 lines")
    note("file")
    page.get_by_role("button", name="Add accounts").click()
    page.wait_for_timeout(RECENT_MS)
    choose(page, "wrong\n" * 4)
    page.get_by_role("button", name="Add accounts").click()
    expect(page.get_by_text("Enter at least one account number.")).to_be_visible()
    note("file of errors")
    assert all(value < 0.01 for value in shifts.values()), shifts


def test_a_viewer_is_told_why_not(viewer):
    page = viewer.page
    page.get_by_role("button", name="Add many").click(force=True)
    expect(page.locator("#toasts")).to_contain_text(
        "Only an admin of your organization can do this"
    )
    viewer.go("#/accounts/many")
    expect(page.get_by_role("main")).to_contain_text("You are a viewer.")
    expect(page.get_by_label("Account numbers")).to_have_count(0)


def test_accounts_are_added_on_the_stack(admin):
    """The API itself: one is added, one is connected already."""
    there = admin.add_account()
    page, new = admin.page, some_number()
    admin.go("#/accounts/many")
    paste(page, f"{new} Pasted\n{there['provider_id']}")
    page.get_by_role("button", name="Add accounts").click()
    expect(page.get_by_role("heading", name="1 account was added")).to_be_visible()
    expect(result(page).get_by_role("listitem")).to_contain_text("is already connected")
    found = admin.call("GET", f"/v1/accounts?q={new}").json()["items"]
    assert [each["name"] for each in found] == ["Pasted"]
    admin.call("DELETE", f"/v1/accounts/{found[0]['account_id']}")


def test_a_field_that_fills_the_screen_says_what_is_wrong_in_sight(form):
    """On a phone with large text, the error lies below it."""
    form.set_viewport_size({"width": 360, "height": 640})
    form.evaluate("document.documentElement.style.fontSize = '200%'")
    form.get_by_role("button", name="Add accounts").click()
    expect(form.get_by_label("Account numbers")).to_be_focused()
    expect(form.get_by_text("Enter at least one account number.")).to_be_in_viewport(ratio=0.9)


def test_accounts_of_the_aws_cli_are_read_as_they_are_printed(form):
    """Beside one that is not active, and a number that is not an account's."""
    paste(
        form,
        "$ aws organizations list-accounts\n"
        '{"Accounts": [\n{"Id": "500000000000", "Name": "Quiet House", "Status": "ACTIVE"},\n'
        '{"Id": "500000000001", "Name": "Old", "Status": "SUSPENDED"},\n'
        '{"Id": "500000000002",\n"Tags": [{"Key": "cost", "Value": "999999999999"}]}]}',
    )
    shown = preview(form)
    expect(shown.get_by_role("status")).to_have_text(
        "2 accounts can be added. 2 lines cannot be read."
    )
    expect(shown.get_by_role("listitem")).to_have_text(
        [
            re.compile("^Line 4: The text says of this account: SUSPENDED"),
            re.compile("^Line 6: 999999999999 does not stand where an account's number does"),
        ]
    )
    expect(shown.get_by_role("row").nth(1)).to_contain_text("500000000000QuietHouse")
