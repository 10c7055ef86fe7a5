"""Ctrl-K: any account, view or action by its name, with the keyboard alone."""

from __future__ import annotations

import re
from itertools import accumulate
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.support.page import samples
from tests.support.page.waiting import HeldRequests, until

ACCOUNTS = [samples.account(index) for index in range(40)]
MODULE = re.compile(r"/views/jump\.js$")
SEARCHES = re.compile(r"/v1/accounts\?(?=.*\bq=)")


@pytest.fixture
def furnished(admin, answer_everything) -> Page:
    page = admin.page
    answer_everything(page, ACCOUNTS)
    page.reload()
    page.locator("[data-id='acc000000']").wait_for()
    return page


def field(page: Page):
    return page.get_by_role("combobox", name="Account, view or action")


def options(page: Page):
    return page.get_by_role("option")


def chosen(page: Page):
    return page.locator("[role=option][aria-selected=true]")


def open_it(page: Page) -> None:
    page.keyboard.press("Control+k")
    expect(field(page)).to_be_focused()


def type_at_once(page: Page, *texts: str) -> None:
    """One text after the other stands in the field, and no time passes between them."""
    field(page).evaluate(
        """(input, texts) => {
          for (input.value of texts) input.dispatchEvent(new Event("input", { bubbles: true }));
        }""",
        texts,
    )


@pytest.mark.in_firefox
def test_it_opens_by_its_keys_and_by_a_button_that_says_them(furnished):
    button = furnished.get_by_role("button", name="Go to…", exact=True)
    expect(button).to_have_attribute("aria-keyshortcuts", "Control+K")
    expect(button).to_contain_text("Ctrl+K")
    open_it(furnished)
    expect(chosen(furnished)).to_have_text("Cloud Accounts")
    described = field(furnished).get_attribute("aria-activedescendant")
    assert described == chosen(furnished).get_attribute("id")
    assert_accessible(furnished)
    furnished.keyboard.press("Escape")
    expect(furnished.get_by_role("dialog")).to_have_count(0)
    button.click()
    expect(field(furnished)).to_be_focused()
    furnished.keyboard.press("Control+k")
    expect(furnished.get_by_role("dialog")).to_have_count(0)
    expect(button).to_be_focused()


def test_its_module_comes_with_its_first_use(open_context, sign_in, answer_everything):
    page = open_context().new_page()
    answer_everything(page, ACCOUNTS)
    fetched: list[str] = []
    page.on("request", lambda request: fetched.append(urlsplit(request.url).path))
    sign_in("admin", on=page)
    wait_until_loaded(page)
    assert not [path for path in fetched if path.endswith("/views/jump.js")]
    open_it(page)
    assert [path for path in fetched if path.endswith("/views/jump.js")]


def test_what_is_typed_before_its_module_is_there_stands_in_its_field(furnished):
    search = furnished.get_by_role("searchbox", name="Search")
    search.focus()
    held = HeldRequests(furnished, MODULE)
    furnished.keyboard.press("Control+k")
    furnished.keyboard.type("sets")
    for key in ("Backspace", "Home", "ArrowRight", "Delete"):
        furnished.keyboard.press(key)
    assert_accessible(furnished)
    held.first().fallback()
    expect(field(furnished)).to_be_focused()
    expect(field(furnished)).to_have_value("st")
    furnished.keyboard.type("ar")  # where the caret was: after the s
    expect(field(furnished)).to_have_value("sart")
    expect(search).to_have_value("")
    expect(furnished.get_by_role("dialog")).to_have_count(1)
    furnished.keyboard.press("Escape")
    expect(search).to_be_focused()


def test_what_is_composed_before_its_module_is_there_is_whole(furnished):
    """As an input method writes a word of several keys."""
    held = HeldRequests(furnished, MODULE)
    furnished.keyboard.press("Control+k")
    early = furnished.get_by_role("dialog").get_by_role("textbox", name="Go to…")
    keys = furnished.context.new_cdp_session(furnished)
    composed = {"text": "prob", "selectionStart": 4, "selectionEnd": 4}
    keys.send("Input.imeSetComposition", composed)
    with furnished.expect_response(MODULE) as loaded:
        held.first().fallback()
    loaded.value.finished()
    furnished.evaluate("address => import(address)", loaded.value.url)
    expect(early).to_have_value("prob")
    keys.send("Input.insertText", {"text": "prob"})
    expect(field(furnished)).to_have_value("prob")
    expect(chosen(furnished)).to_have_text("Problems")


def test_keys_that_choose_before_its_module_is_there_choose_then(furnished):
    row = furnished.get_by_role("link", name="Account00000", exact=True)
    row.focus()
    held = HeldRequests(furnished, MODULE)
    furnished.keyboard.press("Control+k")
    furnished.keyboard.type("prob")
    furnished.keyboard.press("Enter")
    held.first().fallback()
    expect(furnished.get_by_role("heading", name="Problems", level=1)).to_be_focused()
    expect(furnished.get_by_role("dialog")).to_have_count(0)


@pytest.fixture
def begun(admin, furnished, answer_with) -> list:
    """The tests that are started of the account that is shown."""
    begun = answer_with(
        furnished,
        "/v1/accounts/acc000000/verifications",
        (202, samples.finished_test()),
        method="POST",
    )
    admin.go("#/accounts/acc000000/audit")
    furnished.get_by_role("heading", name="Account00000").wait_for()
    return begun


def press_all(page: Page, keys: list[str]) -> None:
    """Names of keys, and texts. A key that is not let go repeats itself."""
    for key in keys:
        if key in ("ArrowDown", "Backspace", "Control+a", "Enter"):
            page.keyboard.press(key)
        elif key == "Enter held":
            page.keyboard.down("Enter")
        else:
            page.keyboard.type(key)
    page.keyboard.up("Enter")


@pytest.mark.parametrize("is_loaded", [False, True])
@pytest.mark.parametrize(
    ("keys", "leads_to", "tests"),
    [
        (["test acc", *["Enter"] * 3], "/acc000000/tests/", 1),
        (["Enter held"] * 4, "/acc000000/tests/", 1),
        (["instr", "Enter", *["Backspace"] * 5], "/acc000000/instructions$", 0),
        (["sched", "Enter", "Control+a", "sign out"], "/acc000000/schedules$", 0),
        (["ArrowDown", "problems", "Enter"], "#/problems$", 0),
    ],
)
def test_an_enter_acts_once_for_the_text_it_was_pressed_for(
    furnished, begun, keys, leads_to, tests, is_loaded
):
    if is_loaded:
        open_it(furnished)
        press_all(furnished, keys)
    else:
        held = HeldRequests(furnished, MODULE)
        furnished.keyboard.press("Control+k")
        press_all(furnished, keys)
        held.first().fallback()
    expect(furnished).to_have_url(re.compile(leads_to))
    expect(furnished.get_by_role("dialog")).to_have_count(0)
    assert len(begun) == tests


def test_its_field_takes_nothing_more_after_an_enter_before_its_module_is_there(furnished, begun):
    held = HeldRequests(furnished, MODULE)
    furnished.keyboard.press("Control+k")
    early = furnished.get_by_role("dialog").get_by_role("textbox", name="Go to…")
    press_all(furnished, ["rename", "Enter", "x", "Enter"])
    expect(early).to_have_value("rename")
    expect(early).to_have_attribute("aria-busy", "true")
    assert_accessible(furnished)
    held.first().fallback()
    expect(furnished.get_by_role("dialog").get_by_label("Name", exact=True)).to_be_focused()
    expect(furnished.get_by_role("dialog")).to_have_count(1)


def test_an_enter_before_its_module_is_there_is_cancelled(furnished, begun):
    held = HeldRequests(furnished, MODULE)
    furnished.keyboard.press("Control+k")
    press_all(furnished, ["test acc", "Enter"])
    furnished.keyboard.press("Escape")
    expect(furnished.get_by_role("dialog")).to_have_count(0)
    furnished.keyboard.press("Control+k")
    held.first().fallback()
    expect(field(furnished)).to_have_value("")
    assert not begun


@pytest.mark.parametrize("is_loaded", [False, True])
def test_an_enter_that_opens_it_chooses_nothing_while_it_is_held(furnished, begun, is_loaded):
    if is_loaded:
        open_it(furnished)
        furnished.keyboard.press("Escape")
    furnished.get_by_role("button", name="Go to…", exact=True).focus()
    held = HeldRequests(furnished, MODULE)
    furnished.keyboard.down("Enter")
    if not is_loaded:
        furnished.keyboard.down("Enter")
        held.first().fallback()
    expect(field(furnished)).to_be_focused()
    furnished.keyboard.down("Enter")
    furnished.keyboard.up("Enter")
    expect(field(furnished)).to_be_focused()
    assert not begun


def test_a_module_that_hangs_is_said(furnished):
    furnished.clock.install()
    HeldRequests(furnished, MODULE)
    furnished.keyboard.press("Control+k")
    furnished.clock.fast_forward(5_000)
    modal = furnished.get_by_role("dialog")
    expect(modal.get_by_role("status")).to_contain_text("takes long")
    expect(modal.get_by_role("button", name="Try again")).to_be_visible()
    assert_accessible(furnished)


@pytest.mark.parametrize("how", ["Escape", "Control+k", "another view"])
def test_it_is_given_up_before_its_module_is_there(furnished, how):
    new = furnished.get_by_role("button", name="New Account")
    new.focus()
    held = HeldRequests(furnished, MODULE)
    furnished.keyboard.press("Control+k")
    furnished.keyboard.type("prob")
    module = held.first()
    if how == "another view":
        furnished.evaluate("location.hash = '#/organization'")
        furnished.get_by_role("heading", name="Organization", level=1).wait_for()
    else:
        furnished.keyboard.press(how)
        expect(new).to_be_focused()
    expect(furnished.get_by_role("dialog")).to_have_count(0)
    with furnished.expect_response(MODULE) as loaded:
        module.fallback()
    loaded.value.finished()
    furnished.evaluate("address => import(address)", loaded.value.url)
    expect(furnished.get_by_role("dialog")).to_have_count(0)
    open_it(furnished)
    expect(field(furnished)).to_have_value("")


def test_a_module_that_does_not_come_is_said(furnished, watch):
    watch.expect_status(503)
    watch.expect_complaint("views/jump.js")
    held = HeldRequests(furnished, MODULE)
    furnished.keyboard.press("Control+k")
    held.first().fulfill(status=503)
    expect(furnished.locator("#toasts")).to_contain_text("The network failed")
    expect(furnished.get_by_role("dialog")).to_have_count(0)


def test_a_keyboard_goes_to_a_view(furnished):
    open_it(furnished)
    furnished.keyboard.press("ArrowUp")
    expect(chosen(furnished)).to_have_text("Sign out")
    furnished.keyboard.press("ArrowDown")
    expect(chosen(furnished)).to_have_text("Cloud Accounts")
    furnished.keyboard.type("prob")
    expect(chosen(furnished)).to_have_text("Problems")
    furnished.keyboard.press("Enter")
    expect(furnished.get_by_role("heading", name="Problems", level=1)).to_be_focused()
    expect(furnished.get_by_role("dialog")).to_have_count(0)


def test_an_account_is_found_by_a_word_of_its_name_or_its_number(furnished):
    for typed in ("Account00017", "4000-0000-0017"):
        open_it(furnished)
        furnished.keyboard.type(typed)
        expect(options(furnished).first).to_contain_text("Account00017")
        expect(chosen(furnished)).to_contain_text("400000000017")
        assert_accessible(furnished)
        furnished.keyboard.press("Escape")
    open_it(furnished)
    furnished.keyboard.type("Account00003")
    expect(chosen(furnished)).to_contain_text("400000000003")
    furnished.keyboard.press("Enter")
    expect(furnished).to_have_url(re.compile(r"#/accounts/acc000003$"))


def test_a_view_of_an_account_is_found_by_the_words_of_both(furnished):
    open_it(furnished)
    asked: list[str] = []
    furnished.on("request", lambda one: SEARCHES.search(one.url) and asked.append(one.url))
    furnished.keyboard.insert_text("4000 0000 0003 sched")
    expect(chosen(furnished)).to_contain_text("Schedules of Account00003")
    furnished.keyboard.press("Enter")
    expect(furnished).to_have_url(re.compile(r"#/accounts/acc000003/schedules$"))
    searches = sorted(parse_qs(urlsplit(url).query)["q"] for url in asked)
    assert searches == [["400000000003"], ["400000000003sched"]]


def test_a_name_that_is_typed_as_words_leads_to_its_account(furnished, answer_everything):
    names = ("TeamA", "TeamB", "TeamC", "TeamD", "PaymentsProd", "PaymentsTest", "House")
    accounts = [samples.account(index, name=name) for index, name in enumerate(names)]
    answer_everything(furnished, accounts)
    for typed, text, address in (
        ("Team C", "TeamC", "acc000002"),
        ("Payments Test", "PaymentsTest", "acc000005"),
        ("House schedules", "Schedules of House", "acc000006/schedules"),
        ("4000 0000-0006 health", "Health of House", "acc000006/health"),
    ):
        open_it(furnished)
        furnished.keyboard.insert_text(typed)
        expect(chosen(furnished).locator(".jump-text")).to_have_text(text)
        if typed == "Payments Test":
            found = furnished.get_by_role("group", name="Accounts").locator(".jump-text")
            search = "Search all accounts for “Payments Test”"
            views = [f"Tests of {name}" for name in ("PaymentsProd", "PaymentsTest")]
            expect(found).to_have_text([text, *views, search])
        furnished.keyboard.press("Enter")
        expect(furnished).to_have_url(re.compile(f"#/accounts/{address}$"))
        # The address changes before the view does, which closes what is opened between.
        expect(
            furnished.locator(f"main a[aria-current][href='#/accounts/{address}']")
        ).to_be_visible()


def test_an_account_that_has_a_word_of_a_view_as_its_name_is_found(furnished, answer_everything):
    answer_everything(furnished, [samples.account(0, name="test")])
    for typed in ("rename test", "test rename"):
        open_it(furnished)
        furnished.keyboard.insert_text(typed)
        expect(chosen(furnished).locator(".jump-text")).to_have_text("Overview of test")
        furnished.keyboard.press("Escape")


def test_what_is_found_by_either_end_is_listed_once(furnished, answer_everything):
    answer_everything(furnished, [samples.account(0, name="LoadTests1")])
    open_it(furnished)
    furnished.keyboard.insert_text("test tests")
    texts = furnished.get_by_role("option").locator(".jump-text")
    expect(texts.filter(has_text="Tests of LoadTests1")).to_have_count(1)


def test_typing_asks_once_and_an_answer_to_an_earlier_text_is_not_shown(furnished):
    open_it(furnished)
    held = HeldRequests(furnished, SEARCHES)
    type_at_once(furnished, *accumulate("Account00001"))
    held.first()
    expect(furnished.get_by_text("Searching accounts…")).to_be_visible()
    type_at_once(furnished, "Account0000", "Account00002")
    until(furnished, lambda: len(held) > 1, "another search")
    asked = [parse_qs(urlsplit(each.request.url).query)["q"] for each in held]
    assert asked == [["Account00001"], ["Account00002"]]
    held[1].fallback()
    expect(options(furnished).first).to_contain_text("Account00002")
    expect(furnished.get_by_text("Account00001", exact=True)).to_have_count(1)  # the list below


def test_what_is_not_named_leads_to_the_list(furnished):
    open_it(furnished)
    furnished.keyboard.type("Account0003")
    expect(options(furnished)).to_have_count(9)
    furnished.keyboard.press("ArrowUp")
    expect(chosen(furnished)).to_have_text("Search all accounts for “Account0003”")
    furnished.keyboard.press("Enter")
    expect(furnished).to_have_url(re.compile(r"#/accounts\?q=Account0003$"))
    expect(furnished.locator(".cell-name a").first).to_have_text("Account00030")


def test_a_search_that_fails_says_why_and_leaves_the_rest(furnished, answer_with, watch):
    watch.expect_status(503)
    answer_with(furnished, "/v1/accounts", samples.problem(503, "Not now."))
    open_it(furnished)
    furnished.keyboard.type("organ")
    expect(furnished.get_by_role("dialog")).to_contain_text("Not now.")
    expect(chosen(furnished)).to_have_text("Organization")
    furnished.keyboard.press("Enter")
    expect(furnished).to_have_url(re.compile("#/organization$"))


def test_the_tabs_and_the_test_of_the_account_that_is_shown(admin, furnished, answer_with):
    begun = answer_with(
        furnished,
        "/v1/accounts/acc000000/verifications",
        (202, samples.finished_test()),
        method="POST",
    )
    admin.go("#/accounts/acc000000")
    furnished.get_by_role("heading", name="Account00000").wait_for()
    open_it(furnished)
    expect(chosen(furnished)).to_have_text("Test Account00000")
    furnished.keyboard.type("instr")
    expect(chosen(furnished)).to_have_text("Instructions of Account00000")
    furnished.keyboard.press("Enter")
    expect(furnished).to_have_url(re.compile("acc000000/instructions$"))
    # A view that is only now shown closes what was opened over the one before.
    sections = furnished.get_by_role("navigation", name="Sections of this account")
    here = sections.get_by_role("link", name="Instructions")
    expect(here).to_have_attribute("aria-current", "page")
    open_it(furnished)
    furnished.keyboard.type("test acc")
    expect(chosen(furnished)).to_have_text("Test Account00000")
    furnished.keyboard.press("Enter")
    expect(furnished).to_have_url(re.compile(r"#/accounts/acc000000/tests/"))
    assert len(begun) == 1


def test_what_is_done_with_the_account_that_is_shown_opens_here(admin, furnished):
    admin.go("#/accounts/acc000000/tests")
    furnished.get_by_role("heading", name="Account00000").wait_for()
    open_it(furnished)
    furnished.keyboard.type("rename")
    expect(chosen(furnished)).to_have_text("Rename Account00000")
    furnished.keyboard.press("Enter")
    name = furnished.get_by_role("dialog").get_by_label("Name", exact=True)
    expect(name).to_be_focused()
    expect(name).to_have_value("Account00000")


def test_the_theme_changes_at_once(furnished):
    open_it(furnished)
    furnished.keyboard.type("dark")
    furnished.keyboard.press("Enter")
    expect(furnished.locator("html")).to_have_attribute("data-theme", "dark")
    expect(furnished.get_by_role("button", name=re.compile("^Theme: dark"))).to_be_visible()
    open_it(furnished)
    assert_accessible(furnished)


def test_adding_an_account_opens_its_modal(furnished):
    open_it(furnished)
    furnished.keyboard.type("add acc")
    furnished.keyboard.press("Enter")
    expect(furnished.get_by_role("dialog", name="New Account")).to_be_visible()


def test_views_that_the_sidebar_has_not_are_found_too(furnished):
    for typed, heading in (
        ("aws org", "AWS Organizations"),
        ("audit", "Audit trail"),
        ("usage", "Organization"),
        ("tonight", "Schedules"),
    ):
        open_it(furnished)
        furnished.keyboard.type(typed)
        furnished.keyboard.press("Enter")
        expect(furnished.get_by_role("heading", name=heading, level=1)).to_be_focused()


def test_a_keyboard_goes_from_chosen_accounts_to_their_bar(furnished):
    furnished.get_by_role("checkbox", name="Choose Account00001").check()
    bar = furnished.get_by_role("group", name="With the chosen accounts")
    expect(bar).to_be_visible()
    open_it(furnished)
    furnished.keyboard.type("with chosen")
    expect(chosen(furnished)).to_have_text("With the chosen accounts")
    furnished.keyboard.press("Enter")
    expect(bar.get_by_role("button", name="Test", exact=True)).to_be_focused()


def test_another_modal_keeps_the_keys_and_what_was_typed(furnished):
    furnished.get_by_role("button", name="New Account").click()
    name = furnished.get_by_role("dialog").get_by_label("Name", exact=True)
    name.fill("Kept")
    furnished.keyboard.press("Control+k")
    expect(furnished.get_by_role("dialog")).to_have_count(1)
    expect(name).to_have_value("Kept")


def test_it_closes_when_the_view_changes(furnished):
    open_it(furnished)
    furnished.evaluate("location.hash = '#/organization'")
    expect(furnished.get_by_role("dialog")).to_have_count(0)
    expect(furnished).to_have_url(re.compile("#/organization$"))


def test_a_viewer_is_told_why_and_nobody_finds_what_needs_a_session(
    viewer, open_context, stack, answer_with
):
    page = viewer.page
    open_it(page)
    page.keyboard.type("add account")
    page.keyboard.press("Enter")
    expect(page.locator("#toasts")).to_contain_text("You are a viewer")
    public = open_context().new_page()
    public.goto(f"{stack.dashboard_url}#/access-details")
    wait_until_loaded(public)
    open_it(public)
    expect(options(public).first).to_have_text("Access Details")
    expect(public.get_by_role("option", name="Sign out")).to_have_count(0)


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_it_fits_a_narrow_screen_and_twice_the_size(furnished, theme):
    furnished.emulate_media(color_scheme=theme)
    furnished.set_viewport_size({"width": 360, "height": 740})
    open_it(furnished)
    furnished.keyboard.type("Account0002")
    expect(options(furnished)).to_have_count(9)
    assert_accessible(furnished)
    assert_fits(furnished)
    furnished.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(furnished)
    furnished.keyboard.press("ArrowUp")
    expect(chosen(furnished)).to_be_in_viewport()
