"""Problems by cause: one card with one remedy, over 1, 10, 300 and 10,000 accounts."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.support.page import measures, samples
from tests.support.page.keyboard import press
from tests.support.page.tested import found
from tests.support.page.waiting import HeldRequests

LOST = "ec2:StopInstances was allowed and no longer is."


def degraded(count: int) -> list[dict[str, Any]]:
    """Accounts whose roles, all of one name, lost the same permission."""
    first = samples.account(0, status="unconfirmed", access_type="assume_role", write_logs=False)
    denied = samples.STOP_DENIED | {"reason": "identity_policy"}
    steps = samples.all_steps(first, denied)
    alike = found(first, steps, [samples.REACHABLE], lost=[denied["step"]])
    return [samples.account(index, **alike, access_type="assume_role") for index in range(count)]


def with_keys(count: int) -> list[dict[str, Any]]:
    """Accounts whose keys lack the same permission."""
    alike = {"status": "degraded", "access_type": "access_key", "write_logs": False}
    return [samples.account(10 + index, **alike) for index in range(count)]


@pytest.fixture
def problems(admin, answer_with):
    """Opens the view over these accounts, of which an answer looks at some."""

    def open_(accounts: list[dict[str, Any]], accounts_read: int = samples.PROBLEMS_READ) -> Page:
        page = admin.page
        admin.asked = answer_with(
            page, "/v1/problems", samples.problems_of(accounts, accounts_read)
        )
        admin.go("#/problems")
        page.get_by_role("heading", name="Problems", level=1).wait_for()
        wait_until_loaded(page)
        return page

    return open_


def cards(page: Page):
    return page.locator(".cause")


def test_no_problem_is_said_in_words(problems):
    page = problems([samples.account(0)])
    expect(page.get_by_role("heading", name="No account has a problem")).to_be_visible()
    expect(cards(page)).to_have_count(0)
    assert_accessible(page)


@pytest.mark.parametrize("count", [1, 10, 300])
def test_one_cause_is_one_card_with_one_remedy_and_what_to_copy(problems, count):
    page = problems(degraded(count))
    expect(cards(page)).to_have_count(1)
    card = cards(page).first
    expect(card.get_by_role("heading", name=LOST)).to_be_visible()
    expect(card).to_contain_text("1 account" if count == 1 else f"{count} accounts")
    # Each mends it, so one is shown at a time.
    for copied in ("Policy statement", "AWS CLI command", "Terraform"):
        card.get_by_role("tab", name=copied).click()
        expect(card.get_by_role("button", name="Copy: ")).to_have_count(1)
        expect(card.get_by_role("button", name=f"Copy: {copied}")).to_be_visible()
    expect(card.get_by_role("group", name="Terraform")).to_contain_text("aws_iam_role_policy")
    link = card.get_by_role("link", name="Find the stack in the AWS console")
    expect(link).to_have_attribute("href", re.compile(r"^https://us-east-1\.console\.aws\.amazon"))
    expect(card.locator(".affected a")).to_have_count(min(count, 5))
    assert_accessible(page)
    assert_fits(page)


def test_ten_thousand_accounts_are_looked_at_as_far_as_is_asked(problems, admin):
    page = problems(degraded(10_000))
    lead = page.locator(".lead")
    expect(lead).to_have_text("1 cause in the first 500 accounts with problems. There may be more.")
    assert len(admin.asked) == 1
    for _ in range(5):
        page.get_by_role("button", name="Look at more accounts").click()
        expect(page.get_by_role("main").locator("[aria-busy=true]")).to_have_count(0)
    expect(lead).to_have_text("1 cause in 10,000 accounts with problems.")
    expect(page.get_by_role("button", name="Look at more accounts")).to_have_count(0)
    expect(cards(page)).to_have_count(1)
    expect(cards(page).first).to_contain_text("10,000 accounts")
    assert page.locator(".affected li").count() == 5
    expect(page.get_by_role("button", name="Test the first 500 of 10,000")).to_be_visible()


def test_many_causes_are_drawn_in_short_tasks_and_who_comes_back_finds_the_place(
    admin, answer_with
):
    """Forty cards over three hundred accounts."""
    fleet = []
    for index, account in enumerate(degraded(300)):
        (problem,) = account["issues"]
        message = problem["message"].replace("Stop", f"Stop{index % 40}")
        fleet.append(account | {"issues": [problem | {"message": message}]})
    page = admin.page
    answer_with(page, "/v1/problems", samples.problems_of(fleet))
    answer_with(page, f"/v1/accounts/{fleet[39]['account_id']}", fleet[39])
    page.add_init_script(measures.RECORD_TASKS)
    page.reload()
    admin.go("#/problems")
    expect(cards(page)).to_have_count(40)
    work = page.evaluate("window.work")
    assert work["nodes"] < 1_000, work

    last = cards(page).last
    last.get_by_role("button", name="Show 2 more accounts").click()
    last.get_by_role("link", name=fleet[39]["name"]).click()
    expect(page.get_by_role("heading", name=fleet[39]["name"])).to_be_visible()
    page.go_back()
    expect(last.locator(".affected a")).to_have_count(7)
    expect(last.get_by_role("link", name=fleet[39]["name"])).to_be_in_viewport()


def test_the_cause_of_most_accounts_comes_first_and_all_are_there(problems):
    page = problems([samples.account(index) for index in range(60)])
    counts = [
        int(text.split()[0]) for text in page.locator(".cause .issue-severity").all_inner_texts()
    ]
    assert len(counts) > 2
    assert counts == sorted(counts, reverse=True)
    assert_accessible(page)


@pytest.mark.parametrize("count", [5, 1, 0])
def test_what_a_read_finds_moves_no_card_from_under_a_pointer_until_a_press(
    admin, answer_with, count
):
    """Another cause becomes that of most accounts, a new one comes, or one is gone."""
    lost = degraded(4)
    keys = with_keys(5)
    page = admin.page
    answer_with(page, "/v1/problems", samples.problems_of([*lost, *keys[:3]]))
    begun = answer_with(
        page, "/v1/accounts/bulk", (202, {"operation_id": "op1", "total": 4}), method="POST"
    )
    answer_with(page, "/v1/operations/op1", samples.operation(total=4))
    page.add_init_script(measures.RECORD_ALL_SHIFTS)
    page.goto("about:blank")
    admin.go("#/problems")
    wait_until_loaded(page)
    first, second = cards(page).first, cards(page).nth(1)
    expect(first.get_by_role("heading", name=LOST)).to_be_visible()
    newer = page.get_by_role("button", name="Show changes")
    expect(newer).to_be_hidden()
    first.get_by_role("button", name="Test all 4 of these").hover()
    page.evaluate("window.since = performance.now(); window.shifts = 0")

    other = samples.account(20, status="failed", access_type="assume_role")
    answer_with(page, "/v1/problems", samples.problems_of([*degraded(count), *keys, other]))
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(newer).to_be_visible()
    expect(first.locator(".issue-severity")).to_have_text(f"4 accounts, now {count}")
    expect(second.locator(".issue-severity")).to_have_text("3 accounts, now 5")
    assert page.evaluate("window.shifts") < measures.LARGEST_SHIFT, page.evaluate("window.moved")
    page.mouse.down()
    page.mouse.up()
    expect(page).to_have_url(re.compile("#/accounts$"))
    (body,) = [request.post_data_json for request in begun]
    assert body["selection"]["account_ids"] == [account["account_id"] for account in lost]


@pytest.mark.in_firefox
def test_changes_are_shown_at_a_press_with_the_cause_of_most_accounts_first(admin, answer_with):
    page = admin.page
    keys = with_keys(5)
    answer_with(page, "/v1/problems", samples.problems_of([*degraded(4), *keys[:3]]))
    admin.go("#/problems")
    wait_until_loaded(page)
    expect(cards(page).first.get_by_role("heading", name=LOST)).to_be_visible()
    answer_with(page, "/v1/problems", samples.problems_of([*degraded(4), *keys]))
    page.evaluate("dispatchEvent(new Event('online'))")
    press(page, "Show changes")
    expect(cards(page).nth(1).get_by_role("heading", name=LOST)).to_be_visible()
    expect(cards(page).first.locator(".issue-severity")).to_have_text("5 accounts")
    expect(cards(page).first).to_be_focused()
    expect(page.get_by_role("button", name="Show changes")).to_be_hidden()
    assert_accessible(page)
    answer_with(page, "/v1/problems", samples.problems_of([]))
    page.evaluate("dispatchEvent(new Event('online'))")
    page.get_by_role("button", name="Show changes").click()
    expect(page.get_by_role("heading", name="No account has a problem")).to_be_visible()


@pytest.mark.in_firefox
def test_more_accounts_are_named_as_a_keyboard_asks_for_them(problems):
    page = problems(degraded(120))
    links = cards(page).first.locator(".affected a")
    expect(page.get_by_role("button", name="Show 100 of 115 more accounts")).to_be_visible()
    press(page, "Show 100 of 115 more accounts")
    expect(links).to_have_count(105)
    expect(links.nth(5)).to_be_focused()
    page.get_by_role("button", name="Show 15 more accounts").click()
    expect(links).to_have_count(120)
    expect(links.nth(105)).to_be_focused()
    expect(links.nth(119)).to_have_attribute("href", "#/accounts/acc000119")


def test_what_differs_between_accounts_is_not_offered_to_copy(problems):
    accounts = degraded(2)
    other = json.loads(json.dumps(accounts[1]).replace("CavokCloud", "CavokOther"))
    page = problems([accounts[0], other])
    expect(cards(page)).to_have_count(1)
    expect(cards(page)).to_contain_text("With each account, because it differs: AWS CLI command")
    expect(page.get_by_role("button", name="Copy: Policy statement")).to_have_count(1)
    expect(page.get_by_role("button", name="Copy: AWS CLI command")).to_have_count(0)
    expect(page.get_by_role("button", name="Copy: Terraform")).to_have_count(0)


def test_a_read_that_fails_offers_another_try(admin, answer_with, watch):
    watch.expect_status(503)
    page = admin.page
    answer_with(page, "/v1/problems", samples.problem(503, "Later."))
    admin.go("#/problems")
    expect(page.get_by_role("alert")).to_contain_text("Later.")
    answer_with(page, "/v1/problems", samples.problems_of(degraded(1)))
    page.get_by_role("button", name="Try again").click()
    expect(cards(page)).to_have_count(1)


def test_the_cards_stay_while_more_accounts_are_read(problems):
    page = problems(degraded(3), accounts_read=2)
    held = HeldRequests(page, re.compile(r"/v1/problems"))
    more = page.get_by_role("button", name="Look at more accounts")
    more.click()
    held.first()
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_role("button", name="Stop · 0 read")).to_be_visible()


def test_the_sidebar_leads_there_and_a_viewer_reads_it_too(viewer, answer_with):
    page = viewer.page
    answer_with(page, "/v1/problems", samples.problems_of(degraded(2)))
    page.get_by_role("navigation", name="Admin").get_by_role("link", name="Problems").click()
    expect(cards(page)).to_have_count(1)
    expect(page.get_by_role("link", name="Problems")).to_have_attribute("aria-current", "page")


def test_the_numbers_of_all_affected_accounts_are_copied(sign_in, open_context, answer_with):
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    page = sign_in("viewer", on=context.new_page()).page
    accounts = degraded(40)
    answer_with(page, "/v1/problems", samples.problems_of([*accounts, samples.account(46)]))
    page.evaluate("location.hash = '#/problems'")
    expect(cards(page)).to_have_count(2)
    copy = page.get_by_role("button", name="Copy the 40 account numbers")
    expect(page.get_by_role("button", name=re.compile("^Copy the .* numbers"))).to_have_count(1)
    copy.focus()
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert sorted(copied.split("\n")) == [account["provider_id"] for account in accounts]
    expect(copy).to_contain_text("Copy the 40 account numbers")  # says so again after a while


def test_a_narrow_screen_shows_it_whole(problems):
    page = problems([samples.account(index) for index in range(60)])
    page.set_viewport_size({"width": 360, "height": 740})
    assert_fits(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(page)


def test_all_accounts_of_a_cause_are_tested_at_once_by_keyboard_alone(problems, admin, answer_with):
    begun = answer_with(
        admin.page,
        "/v1/accounts/bulk",
        (202, {"operation_id": "op1", "total": 12}),
        method="POST",
    )
    operation = samples.operation(total=12, done=3)
    answer_with(admin.page, "/v1/operations/op1", operation)
    page = problems(degraded(12))
    expect(page.get_by_role("button", name="Test all 12 of these")).to_be_visible()
    press(page, "Test all 12 of these")
    expect(page.locator(".bulk")).to_contain_text("Testing: 3 of 12")
    expect(page).to_have_url(re.compile("#/accounts$"))
    (body,) = [json.loads(request.post_data) for request in begun]
    assert body["action"] == "test"
    assert len(body["selection"]["account_ids"]) == 12


def test_a_viewer_tests_no_cause(viewer, answer_with):
    answer_with(viewer.page, "/v1/problems", samples.problems_of(degraded(12), 500))
    viewer.go("#/problems")
    expect(cards(viewer.page)).to_have_count(1)
    expect(viewer.page.get_by_role("button", name="Test all")).to_have_count(0)
