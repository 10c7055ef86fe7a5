"""The page tells what is true now, or says from when it is: routes that are overtaken, accounts
that others add, ages that pass, an API that is slow or down."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import assert_accessible
from tests.browser.conditions import (
    API_DOWN,
    EVERY,
    PLAIN,
    SLOW_API,
    SLOW_MODULES,
    TWO_TABS,
    shows,
)
from tests.support.page import samples
from tests.support.page.waiting import HeldRequests, until

UNAVAILABLE = (503, {"message": "Service Unavailable"})


def row(page: Page, name: str) -> Locator:
    return page.get_by_role("row").filter(has_text=name)


def mark(page: Page) -> Locator:
    return page.locator(".freshness")


# ---- routes ------------------------------------------------------------------------------------


@shows(1, *EVERY)
def test_views_that_are_left_while_they_load_or_read_reach_nothing(admin, answer_with, network):
    page = admin.page
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    page.reload()
    expect(row(page, "Account00000")).to_be_visible()

    def assert_the_list_alone() -> None:
        page.clock.run_for(5_000)
        expect(row(page, "Account00000")).to_be_visible()
        expect(page).to_have_title(re.compile("Cloud Accounts"))
        expect(page.locator(".skeleton")).to_have_count(0)
        expect(page.get_by_role("alert")).to_have_count(0)
        expect(page.get_by_role("heading", name="Organization")).to_have_count(0)

    with network.outage(page):
        page.evaluate("location.hash = '#/organization'")
        page.evaluate("location.hash = '#/accounts'")
        assert_the_list_alone()
        page.evaluate("location.hash = '#/organization'")
        expect(page.get_by_role("heading", name="Organization")).to_be_visible()
        page.evaluate("location.hash = '#/accounts'")
        assert_the_list_alone()


@shows(1, SLOW_MODULES)
def test_a_view_that_was_left_while_it_loaded_reaches_nothing(admin, answer_with):
    page = admin.page
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    page.reload()
    expect(row(page, "Account00000")).to_be_visible()
    held = HeldRequests(page, re.compile("/views/organization.js"))
    page.evaluate("location.hash = '#/organization'")
    module = held.first()
    page.evaluate("location.hash = '#/accounts'")
    expect(row(page, "Account00000")).to_be_visible()
    page.wait_for_timeout(400)
    expect(row(page, "Account00000")).to_be_visible()
    expect(page.locator(".skeleton")).to_have_count(0)
    with page.expect_response("**/views/organization.js"):
        module.continue_()
    page.wait_for_timeout(200)
    expect(page).to_have_title(re.compile("Cloud Accounts"))
    expect(page.get_by_role("heading", name="Organization")).to_have_count(0)


@shows(1, SLOW_API)
def test_a_test_that_starts_late_pulls_nobody_back(admin, answer_with):
    page = admin.page
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    page.reload()
    held = HeldRequests(page, re.compile("/verifications$"))
    page.get_by_role("button", name="Test Account00000").click()
    started = held.first()
    page.evaluate("location.hash = '#/access-details'")
    expect(page.get_by_role("heading", name="Access Details")).to_be_visible()
    with page.expect_response("**/verifications"):
        started.fulfill(json=samples.finished_test(), status=202)
    page.wait_for_timeout(200)
    expect(page).to_have_url(re.compile("#/access-details$"))


@pytest.mark.parametrize(
    ("modal", "field"), [("New Account", "Secret access key"), ("Rename", "Name")]
)
def test_a_test_that_starts_late_leaves_what_is_typed_in_a_modal(admin, answer_with, modal, field):
    page = admin.page
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    answer_with(page, "/v1/accounts/acc000000", samples.account(0))
    answer_with(page, "/v1/accounts/acc000000/verifications/test1", samples.finished_test())
    if modal == "Rename":
        page.evaluate("location.hash = '#/accounts/acc000000'")
    else:
        page.reload()
    held = HeldRequests(page, re.compile("/verifications$"), "POST")
    page.get_by_role("button", name=re.compile("^Test( Account00000)?$")).click()
    started = held.first()
    page.get_by_role("button", name=modal, exact=True).first.click()
    dialog = page.get_by_role("dialog")
    if modal == "New Account":
        dialog.get_by_role("radio", name="Access Credentials").check()
    dialog.get_by_label(field, exact=True).fill("typed")
    with page.expect_response("**/verifications"):
        started.fulfill(json=samples.finished_test(), status=202)
    page.wait_for_timeout(200)
    expect(dialog.get_by_label(field, exact=True)).to_have_value("typed")
    page.keyboard.press("Escape")
    expect(page.locator("#toasts")).to_contain_text("A test of Account00000 has begun.")
    page.locator("#toasts").get_by_role("link", name="Show it").click()
    expect(page).to_have_url(re.compile("#/accounts/acc000000/tests/test1$"))


def test_a_search_that_was_typed_before_the_list_was_left_leaves_the_address(admin, answer_with):
    page = admin.page
    accounts = [samples.account(index) for index in range(3)]
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    answer_with(page, "/v1/accounts/acc000000", samples.account(0))
    page.reload()
    expect(row(page, "Account00000")).to_be_visible()
    page.evaluate(
        """() => {
          const search = document.getElementById("search");
          search.value = "account00001";
          search.dispatchEvent(new Event("input"));
          location.hash = "#/accounts/acc000000";
        }"""
    )
    expect(page.get_by_role("heading", name="Account00000")).to_be_visible()
    page.wait_for_timeout(400)
    expect(page).to_have_url(re.compile("#/accounts/acc000000$"))


def test_who_presses_twice_while_the_modal_loads_gets_one(admin, answer_with):
    page = admin.page
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    page.reload()
    expect(row(page, "Account00000")).to_be_visible()
    held = HeldRequests(page, re.compile("/views/new-account.js"))
    press = page.get_by_role("button", name="New Account")
    press.click()
    press.click()
    held.first().continue_()
    expect(page.get_by_role("dialog").first).to_be_visible()
    page.wait_for_timeout(200)
    expect(page.get_by_role("dialog")).to_have_count(1)
    page.keyboard.press("Escape")
    press.click()
    expect(page.get_by_role("dialog")).to_have_count(1)


# ---- accounts of others ------------------------------------------------------------------------


class Organization:
    """Accounts that change while the page is open."""

    def __init__(self, admin: Any, answer_with: Any, indexes: list[int], hash_: str) -> None:
        self.page: Page = admin.page
        self.accounts = [samples.account(index) for index in indexes]
        self._answer_with = answer_with
        self.answer(self.page)
        self.page.clock.install()
        self.page.goto("about:blank")
        admin.go(hash_)

    def answer(self, page: Page) -> None:
        self._answer_with(page, "/v1/organization", lambda _: samples.organization(self.accounts))
        self._answer_with(page, "/v1/accounts", self._list)
        self._answer_with(page, "/v1/accounts/acc[0-9]+", self._one)

    def _list(self, request: Any) -> Any:
        return samples.pages_of(self.accounts)(request)

    def _one(self, request: Any) -> Any:
        wanted = request.url.rpartition("/")[2]
        found = [one for one in self.accounts if one["account_id"] == wanted]
        return found[0] if found else samples.NO_SUCH

    def add(self, *indexes: int) -> None:
        self.accounts += [samples.account(index) for index in indexes]
        self.accounts.sort(key=lambda one: one["name"])

    def remove(self, *indexes: int) -> None:
        gone = {samples.account(index)["account_id"] for index in indexes}
        self.accounts = [one for one in self.accounts if one["account_id"] not in gone]

    def wait(self) -> None:
        self.page.clock.fast_forward("00:33")


@pytest.fixture
def organization(admin, answer_with) -> Callable[..., Organization]:
    return lambda indexes, hash_="#/accounts": Organization(admin, answer_with, indexes, hash_)


def names(page: Page) -> list[str]:
    """Of the rows, in the order in which they are read."""
    return page.locator(".account-row[data-id] .cell-name").all_inner_texts()


@shows(2, *EVERY)
def test_accounts_that_others_add_are_offered_and_then_shown_in_their_place(organization, network):
    there = organization([10, 20, 30])
    page = there.page
    expect(row(page, "Account00030")).to_be_visible()
    offer = page.locator(".arrived")
    with network.outage(page):
        there.add(5, 15, 40)
        there.wait()
        if network.is_down:
            expect(offer).to_have_text("")
    expect(offer).to_have_text("3 new accounts · Show")
    expect(page.locator("#announcer")).to_contain_text("3 new accounts")
    expect(page.locator(".filters")).to_contain_text("All6")
    assert len(names(page)) == 3
    offer.get_by_role("button", name="Show").press("Enter")
    expect(row(page, "Account00040")).to_be_visible()
    expect(page.get_by_role("link", name="Account00005", exact=True)).to_be_focused()
    assert names(page) == [f"Account000{index:02d}" for index in (5, 10, 15, 20, 30, 40)]
    expect(page.locator(".is-new")).to_have_count(3)
    expect(offer).to_have_text("")
    expect(page.get_by_text("6 accounts", exact=True)).to_be_visible()


@shows(2, TWO_TABS)
def test_an_account_that_a_second_tab_adds_is_offered_in_the_first(
    organization, other_tab, answer_with, answer_connecting
):
    there = organization([10, 20])
    first, second = there.page, other_tab

    def add(_: Any) -> Any:
        there.add(15)
        return 201, samples.account(15)

    answer_connecting(second, samples.account(15))
    there.answer(second)
    answer_with(second, "/v1/accounts", add, method="POST")
    second.get_by_role("button", name="New Account").first.click()
    second.get_by_label("Provider ID").fill("400000000015")
    second.get_by_label("Name", exact=True).fill("Account00015")
    second.get_by_role("button", name="Add account").click()
    expect(second).to_have_url(re.compile("/connect$"))
    there.wait()
    expect(first.locator(".arrived")).to_have_text("1 new account · Show")
    first.get_by_role("button", name="Show", exact=True).click()
    expect(row(first, "Account00015")).to_be_visible()


def test_an_account_that_is_gone_before_it_was_shown_is_offered_no_more(organization, watch):
    watch.expect_status(404)
    there = organization([10, 20])
    expect(row(there.page, "Account00010")).to_be_visible()
    there.add(15)
    there.wait()
    expect(there.page.locator(".arrived")).to_have_text("1 new account · Show")
    there.remove(15)
    there.wait()
    expect(there.page.locator(".arrived")).to_have_text("")


def test_the_first_account_of_an_organization_appears_by_itself(organization):
    there = organization([])
    expect(there.page.get_by_role("heading", name="No accounts yet")).to_be_visible()
    there.add(1)
    there.wait()
    expect(row(there.page, "Account00001")).to_be_visible()
    expect(there.page.get_by_role("heading", name="No accounts yet")).to_have_count(0)


def test_numbers_and_rows_agree_also_where_nobody_looks(organization, watch):
    watch.expect_status(404)
    there = organization(list(range(120)))
    page = there.page
    expect(row(page, "Account00000")).to_be_visible()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_text("120 accounts", exact=True)).to_be_visible()
    page.evaluate("window.scrollTo(0, 0)")
    there.remove(110, 111)
    there.wait()
    expect(page.locator(".filters")).to_contain_text("All118")
    expect(page.get_by_text("118 accounts", exact=True)).to_be_attached()
    expect(page.get_by_role("table")).to_have_attribute("aria-rowcount", "119")


def test_accounts_that_push_others_over_the_end_of_a_page_lose_none(organization):
    there = organization(list(range(0, 300, 2)))
    page = there.page
    expect(row(page, "Account00000")).to_be_visible()
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    expect(page.get_by_text("150 accounts", exact=True)).to_be_visible()
    page.evaluate("window.scrollTo(0, 0)")
    there.add(*range(1, 60, 2))
    there.wait()
    expect(page.locator(".arrived")).to_have_text("30 new accounts · Show")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_text("180 accounts", exact=True)).to_be_attached()
    for _ in range(3):
        there.wait()
        expect(page.get_by_text("180 accounts", exact=True)).to_be_attached()
        expect(page.locator(".arrived")).to_have_text("")


def test_what_fits_a_filter_since_a_moment_is_offered_too(organization):
    there = organization([0, 6], "#/accounts?status=confirmed")
    expect(row(there.page, "Account00006")).to_be_visible()
    there.add(12)
    there.wait()
    expect(there.page.locator(".arrived")).to_have_text("1 more account fits · Show")


def test_an_account_that_is_deleted_in_its_own_view_is_in_no_list(organization, watch):
    watch.expect_status(404)
    there = organization([1, 2])
    page = there.page
    row(page, "Account00001").get_by_role("link", name="Account00001").click()
    expect(page.get_by_role("heading", name="Account00001")).to_be_visible()
    there.remove(1)
    page.clock.fast_forward("00:16")
    expect(page.get_by_role("heading", name="No such account")).to_be_focused()
    expect(page.locator("#announcer")).to_have_text("No such account")
    page.get_by_role("link", name="Back to Cloud Accounts").click()
    expect(row(page, "Account00002")).to_be_visible()
    expect(row(page, "Account00001")).to_have_count(0)


# ---- ages ----------------------------------------------------------------------------------------


@shows(3, PLAIN, SLOW_MODULES, SLOW_API)
def test_ages_pass_while_nothing_else_changes(admin, answer_with):
    page = admin.page
    account = samples.account(0, next_verification_at="2026-01-05T18:00:00Z")
    answer_with(page, "/v1/accounts", samples.pages_of([account]))
    answer_with(page, "/v1/accounts/acc000000", account)
    # Each age holds for half an hour more.
    page.clock.install(time="2026-01-05T12:30:00Z")
    page.goto("about:blank")
    admin.go("#/accounts")
    tested = row(page, "Account00000").locator("time")
    expect(tested).to_have_text("2 hours ago")
    page.clock.fast_forward("01:00:00")
    expect(tested).to_have_text("3 hours ago")
    page.evaluate("location.hash = '#/accounts/acc000000'")
    expect(page.locator(".facts")).to_contain_text("in 4 hours")
    page.clock.fast_forward("05:00:00")
    expect(page.locator(".facts")).to_contain_text("due now")


# ---- an API that is slow, or down --------------------------------------------------------------


@shows(3, API_DOWN)
@pytest.mark.parametrize(
    ("reply", "said"), [(UNAVAILABLE, "Last updated 10:0"), ("abort", "Offline. Last updated 10:0")]
)
@pytest.mark.parametrize("hash_", ["#/accounts", "#/accounts/acc000000"])
def test_what_is_kept_while_the_api_is_down_says_from_when_it_is(
    admin, answer_with, watch, hash_, reply, said
):
    watch.expect_status(503)
    watch.expects_network_failures = True
    page, down = admin.page, [False]

    def or_down(healthy: Any) -> Any:
        return lambda request: (
            reply if down[0] else healthy(request) if callable(healthy) else healthy
        )

    accounts = [samples.account(0)]
    answer_with(page, "/v1/accounts", or_down(samples.pages_of(accounts)))
    answer_with(page, "/v1/organization", or_down(samples.organization(accounts)))
    answer_with(page, "/v1/accounts/acc000000", or_down(accounts[0]))
    answer_with(page, "/v1/accounts/acc000000/usage", or_down(samples.USAGE))
    page.clock.install(time="2026-01-05T10:00:00Z")
    page.goto("about:blank")
    admin.go(hash_)
    expect(mark(page)).to_have_text("Live")
    down[0] = True
    for _ in range(20):
        page.clock.fast_forward("00:05")
        page.wait_for_timeout(20)
    expect(mark(page)).to_contain_text(said)
    expect(page.locator("#announcer")).to_contain_text("Last updated")
    expect(page.get_by_text("Account00000").first).to_be_visible()
    down[0] = False
    for _ in range(10):
        page.clock.fast_forward("00:05")
        page.wait_for_timeout(20)
    expect(mark(page)).to_have_text("Live")


def test_an_api_that_answers_nothing_leaves_nothing_live(admin, answer_with):
    page = admin.page
    answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    page.clock.install(time="2026-01-05T10:00:00Z")
    page.goto("about:blank")
    admin.go("#/accounts")
    expect(mark(page)).to_have_text("Live")
    page.route(re.compile("/v1/"), lambda _: None)
    page.clock.run_for("01:00")
    expect(mark(page)).to_contain_text("Last updated 10:00")


def test_a_browser_without_network_says_so_at_once_and_reads_again_when_it_is_back(
    admin, answer_with
):
    page = admin.page
    seen = answer_with(page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    page.reload()
    expect(mark(page)).to_have_text("Live")
    page.context.set_offline(True)
    expect(mark(page)).to_contain_text("Offline. Last updated")
    before = len(seen)
    page.context.set_offline(False)
    expect(mark(page)).to_have_text("Live")
    until(page, lambda: len(seen) > before, "the list is read again")


@shows(3, TWO_TABS)
def test_two_tabs_come_to_agree(admin, other_tab, answer_with):
    """The second tab changes a name; the first shows it by itself."""
    first, second = admin.page, other_tab
    accounts = [samples.account(0)]
    listed = samples.pages_of(accounts)
    first.clock.install()
    for page in (first, second):
        # Numbers that agree with the rows, which are then read only because time has passed.
        answer_with(page, "/v1/organization", samples.organization(accounts))
        answer_with(page, "/v1/accounts", listed)
        answer_with(page, "/v1/accounts/acc000000", lambda _: accounts[0])
        answer_with(page, "/v1/accounts/acc000000/usage", samples.USAGE)

    def rename(_: Any) -> Any:
        accounts[0] = accounts[0] | {"version": 2, "name": "Renamed"}
        return accounts[0]

    answer_with(second, "/v1/accounts/acc000000", rename, method="PATCH")
    first.reload()
    second.evaluate("location.hash = '#/accounts/acc000000'")
    second.get_by_role("button", name="Rename").click()
    second.get_by_label("Name", exact=True).fill("Renamed")
    second.get_by_role("button", name="Save").click()
    expect(second.get_by_role("heading", name="Renamed")).to_be_visible()
    expect(row(first, "Account00000")).to_be_visible()
    first.clock.fast_forward("00:33")
    expect(row(first, "Renamed")).to_be_visible()


# ---- the webhook -------------------------------------------------------------------------------


def test_a_webhook_that_another_has_changed_is_shown_and_not_overwritten(admin, answer_with):
    page = admin.page
    there = [samples.WEBHOOK]
    theirs = samples.WEBHOOK | {
        "url": "https://theirs.example/",
        "updated_at": "2026-01-03T10:00:00Z",
    }
    answer_with(page, "/v1/organization/webhook", lambda _: there[0])
    puts = answer_with(
        page, "/v1/organization/webhook", lambda _: there[0] | {"secret": "whsec_x"}, method="PUT"
    )
    admin.go("#/organization")
    page.get_by_role("button", name="Change", exact=True).click()
    dialog = page.get_by_role("dialog")
    there[0] = theirs
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("https://theirs.example/")
    expect(page.locator("dd").filter(has_text=theirs["url"])).to_have_count(1)
    assert puts == []
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.locator("code")).to_contain_text("whsec_x")
    assert [put.post_data_json["url"] for put in puts] == [samples.WEBHOOK["url"]]


def test_a_paused_webhook_says_so_and_is_resumed(admin, answer_with):
    page, there = admin.page, [samples.WEBHOOK]
    path = "/v1/organization/webhook"
    answer_with(page, path, lambda _: there[0])
    answer_with(page, f"{path}/deliveries", {"items": samples.DELIVERIES, "next_cursor": None})
    resumed = answer_with(page, f"{path}/resume", (204, None), method="POST")
    region = page.get_by_role("region", name="Webhook")
    admin.go("#/organization")
    expect(region).to_contain_text("Paused: your receiver failed again and again")
    region.get_by_text("Deliveries").click()
    expect(region.get_by_role("listitem")).to_have_count(len(samples.DELIVERIES))
    expect(region).to_contain_text("Not sent while paused · next try")
    expect(region).to_contain_text("Failed, tried again · 1 try · no answer · 8,000 ms")
    assert_accessible(page)
    there[0] = samples.WEBHOOK | {"state": "active"}
    region.get_by_role("button", name="Resume").click()
    expect(region).not_to_contain_text("Paused: your receiver")
    assert len(resumed) == 1


def test_a_new_secret_leaves_what_another_has_changed(admin, answer_with):
    page = admin.page
    there = [samples.WEBHOOK]
    theirs = samples.WEBHOOK | {"url": "https://theirs.example/"}
    answer_with(page, "/v1/organization/webhook", lambda _: there[0])
    puts = answer_with(
        page, "/v1/organization/webhook", lambda _: there[0] | {"secret": "whsec_x"}, method="PUT"
    )
    admin.go("#/organization")
    page.get_by_role("button", name="New signing secret").click()
    there[0] = theirs
    page.get_by_role("dialog").get_by_role("button", name="New signing secret").click()
    expect(page.get_by_role("dialog").locator("code")).to_contain_text("whsec_x")
    assert [put.post_data_json["url"] for put in puts] == [theirs["url"]]


@pytest.mark.parametrize(
    ("name", "said"),
    [("Change", "https://theirs.example/"), ("New signing secret", "whsec_x")],
)
def test_a_webhook_that_another_changes_while_ours_is_on_its_way_is_not_overwritten(
    admin, answer_with, watch, name, said
):
    """The version that the page has compared is the only one that it replaces."""
    watch.expect_status(412)
    page, path, there = admin.page, "/v1/organization/webhook", [samples.WEBHOOK]

    def put(_: Any) -> Any:
        if there[0] is samples.WEBHOOK:
            there[0] = samples.WEBHOOK | {"url": "https://theirs.example/"}
            return samples.problem(412, "It was changed.")
        return there[0] | {"secret": "whsec_x"}

    answer_with(page, path, lambda _: there[0])
    puts = answer_with(page, path, put, method="PUT")
    admin.go("#/organization")
    page.get_by_role("button", name=name, exact=True).click()
    dialog = page.get_by_role("dialog")
    dialog.locator("button[type=submit]").click()
    expect(dialog).to_contain_text(said)
    assert len(puts) == (1 if name == "Change" else 2)
    assert all(each.headers["if-match"] for each in puts)


def test_a_webhook_whose_secret_was_lost_on_its_way_is_offered_a_new_one(admin, answer_with, watch):
    watch.expect_status(404)
    watch.expects_network_failures = True
    page, there = admin.page, [samples.NO_SUCH]
    path = "/v1/organization/webhook"

    def put(request):
        is_first = there[0] == samples.NO_SUCH
        there[0] = samples.WEBHOOK
        secret = "whsec_x" if request.post_data_json.get("rotate_secret") else None
        return "abort" if is_first else there[0] | {"secret": secret}

    answer_with(page, path, lambda _: there[0])
    puts = answer_with(page, path, put, method="PUT")
    admin.go("#/organization")
    page.get_by_role("button", name="Set a webhook").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Address").fill(samples.WEBHOOK["url"])
    for box in dialog.get_by_role("checkbox").all():
        box.set_checked(box.input_value() in samples.WEBHOOK["events"])
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("its signing secret was not shown")
    expect(dialog.get_by_role("alert")).to_contain_text("press New signing secret")

    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("The webhook is set. Its signing secret was not shown here")
    expect(page.get_by_text("Saved.", exact=True)).to_have_count(0)
    assert_accessible(page)
    dialog.get_by_role("button", name="New signing secret").click()
    expect(dialog.locator("code")).to_contain_text("whsec_x")
    assert [put.post_data_json.get("rotate_secret") for put in puts] == [None, None, True]


def test_a_new_secret_that_was_lost_on_its_way_may_be_asked_for_again(admin, answer_with, watch):
    watch.expects_network_failures = True
    page, path = admin.page, "/v1/organization/webhook"
    replies = ["abort", samples.WEBHOOK | {"secret": "whsec_x"}]
    answer_with(page, path, samples.WEBHOOK)
    answer_with(page, path, lambda _: replies.pop(0), method="PUT")
    admin.go("#/organization")
    page.get_by_role("button", name="New signing secret").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="New signing secret").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Press again for another one")
    expect(dialog.get_by_role("alert")).not_to_contain_text("look before you press again")
    dialog.get_by_role("button", name="New signing secret").click()
    expect(dialog.locator("code")).to_contain_text("whsec_x")


# ---- clocks --------------------------------------------------------------------------------------


@pytest.mark.parametrize("hash_", ["#/accounts", "#/accounts/acc000000"])
def test_a_clock_that_is_set_back_keeps_nothing_old(admin, answer_with, hash_):
    page, account = admin.page, [samples.account(0)]
    answer_with(page, "/v1/accounts", samples.pages_of(account))
    answer_with(page, "/v1/organization", samples.organization(account))
    answer_with(page, "/v1/accounts/acc000000", lambda _: account[0])
    page.clock.install(time="2026-01-05T12:00:00Z")
    page.goto("about:blank")
    admin.go(hash_)
    expect(mark(page)).to_have_text("Live")
    page.route(re.compile("/v1/accounts"), lambda _: None)
    page.clock.set_system_time("2026-01-05T11:00:00Z")
    page.clock.run_for(6_000)
    expect(mark(page)).to_contain_text("Last updated")
    page.unroute(re.compile("/v1/accounts"))
    account[0] = samples.account(0, status="failed")
    answer_with(page, "/v1/accounts", samples.pages_of(account))
    answer_with(page, "/v1/accounts/acc000000", lambda _: account[0])
    for _ in range(12):
        page.clock.run_for(5_000)
        page.wait_for_timeout(20)
    expect(page.locator(".status-failed").first).to_be_visible()
    expect(mark(page)).to_have_text("Live")


def test_a_webhook_that_pauses_under_its_modal_was_changed_by_nobody(admin, answer_with):
    page, there = admin.page, [samples.WEBHOOK | {"state": "active"}]
    path = "/v1/organization/webhook"
    answer_with(page, path, lambda _: there[0])
    puts = answer_with(page, path, lambda _: there[0], method="PUT")
    admin.go("#/organization")
    page.get_by_role("button", name="Change", exact=True).click()
    there[0] = samples.WEBHOOK
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_have_count(0)
    assert len(puts) == 1


def test_an_account_that_is_deleted_under_a_modal_was_not_changed(admin, answer_with, watch):
    watch.expect_status(404)
    page, there = admin.page, [samples.account(0)]
    answer_with(page, "/v1/accounts/acc000000", lambda _: there[0])
    page.clock.install()
    admin.go("#/accounts/acc000000")
    page.get_by_role("button", name="Rename").click()
    there[0] = samples.NO_SUCH
    page.clock.run_for(16_000)
    expect(page.locator(".account-head")).to_contain_text("No such account")
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Name", exact=True).fill("Other")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_have_text("No such account")
