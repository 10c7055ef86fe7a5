"""Whatever a view draws anew, nobody who uses the keyboard loses their place."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import Page, expect

from tests.browser.axe import wait_until_loaded
from tests.support.page import samples
from tests.support.page.waiting import until

ONE = "/v1/accounts/acc000000"
UNAVAILABLE = (503, {"message": "Service Unavailable"})

FOCUS = """(index) => {
  const all = "main :is(a[href], button, input, select, summary, [tabindex='0'])";
  const shown = [...document.querySelectorAll(all)].filter((node) => node.checkVisibility());
  shown[index]?.focus();
  return document.activeElement === shown[index] ? shown[index].outerHTML : null;
}"""


def is_lost(page: Page) -> bool:
    return page.evaluate("document.activeElement === document.body")


@pytest.mark.parametrize(
    "view", ["", "/acc000000", *(f"/acc000000/{tab}" for tab in ("instructions", "instances"))]
)
def test_no_turn_of_an_account_loses_the_focus(admin, answer_everything, answer_with, view):
    page, there = admin.page, {}

    def turn(status: str) -> None:
        version = there.get("version", 0) + 1
        there.update(samples.account(0, status=status), version=version)
        page.evaluate("dispatchEvent(new Event('online'))")
        badge = page.locator("[data-id=acc000000], .account-head").locator(f".status-{status}")
        expect(badge.first).to_be_visible()

    there.update(samples.account(0, status="unconfirmed"), version=1)
    answer_everything(page)
    answer_with(page, "/v1/accounts", samples.pages_of([there]))
    answer_with(page, ONE, lambda _: there)
    answer_with(page, f"{ONE}/detection", {"state": "waiting"}, method="POST")
    admin.go(f"#/accounts{view}")
    page.reload()
    wait_until_loaded(page)
    lost = []
    for before, after in (("unconfirmed", "confirmed"), ("confirmed", "unconfirmed")):
        turn(before)
        index = 0
        while node := page.evaluate(FOCUS, index):
            turn(after)
            if is_lost(page):
                lost.append(f"{before} to {after}: {node[:120]}")
            turn(before)
            index += 1
        assert index > 5
    assert not lost, "\n".join(lost)


def test_the_notice_of_a_new_account_keeps_the_focus(admin, answer_with, answer_connecting):
    page = admin.page
    made = samples.account(0, status="unconfirmed")
    there = [made]
    answer_connecting(page, made)
    answer_with(page, "/v1/accounts", made, method="POST")
    answer_with(page, "/v1/accounts", samples.pages_of(there))
    answer_with(page, ONE, lambda _: there[0])
    page.get_by_role("button", name="New Account").first.click()
    page.get_by_label("Provider ID").fill(made["provider_id"])
    page.get_by_label("Name", exact=True).fill(made["name"])
    page.get_by_role("dialog").get_by_role("button", name="Add account").click()
    expect(page.get_by_role("heading", name=made["name"], level=1)).to_be_visible()
    page.evaluate("location.hash = '#/accounts'")
    name = page.locator(".list-notices").get_by_role("link", name=made["name"])
    name.focus()
    there[0] = samples.account(0, status="confirmed", version=2)
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.locator(".list-notices").get_by_role("link")).to_have_count(1)
    expect(name).to_be_focused()


@pytest.mark.parametrize(
    ("path", "view"),
    [("/v1/accounts", "#/accounts"), (f"{ONE}/usage", "#/accounts/acc000000")],
    ids=["the list", "a part"],
)
def test_what_is_there_after_another_try_has_the_focus(
    admin, answer_everything, answer_with, watch, path, view
):
    watch.expect_status(503)
    page = admin.page
    reply: Any = UNAVAILABLE
    answer_everything(page)
    answer_with(page, path, lambda request: reply)
    admin.go(view)
    page.reload()
    again = page.get_by_role("button", name="Try again")
    again.focus()
    reply = None
    page.keyboard.press("Enter")
    expect(again).to_have_count(0)
    wait_until_loaded(page)
    until(page, lambda: not is_lost(page), "something has the focus")
    page.wait_for_timeout(100)
    assert not is_lost(page)


def test_the_last_items_of_a_list_have_the_focus_of_the_button_that_showed_them(
    admin, answer_everything, answer_with
):
    page = admin.page
    answer_everything(page)
    pages = {False: ("new", "more"), True: ("old", None)}

    def reply(request: Any) -> Any:
        name, cursor = pages["cursor=" in request.url]
        return {"items": [samples.finished_test(name)], "next_cursor": cursor}

    answer_with(page, f"{ONE}/verifications", reply)
    admin.go("#/accounts/acc000000/tests")
    more = page.get_by_role("button", name="Show more")
    more.focus()
    page.keyboard.press("Enter")
    expect(more).to_have_count(0)
    shown = page.evaluate("document.activeElement.innerHTML")
    assert "/tests/old" in shown
    assert "/tests/new" not in shown


def test_what_changes_behind_a_modal_is_said_in_it(admin, answer_everything, answer_with):
    page = admin.page
    there = [samples.account(0, status="unconfirmed")]
    answer_everything(page)
    answer_with(page, ONE, lambda _: there[0])
    admin.go("#/accounts/acc000000")
    page.get_by_role("button", name="Rename").click()
    there[0] = samples.account(0, status="confirmed", version=2)
    page.evaluate("dispatchEvent(new Event('online'))")
    said = page.get_by_role("dialog").locator("[aria-live=polite].announcer")
    expect(said).to_contain_text("The account is now: Confirmed")


def test_what_turns_of_an_account_redraws_no_facts_that_stay(admin, answer_everything, answer_with):
    page = admin.page
    there = [samples.account(0)]
    answer_everything(page)
    answer_with(page, ONE, lambda _: there[0])
    admin.go("#/accounts/acc000000")
    wait_until_loaded(page)
    page.evaluate("document.querySelector('.facts').dataset.seen = 'yes'")
    there[0] |= {"testing": True}
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(page.get_by_role("button", name="Watch")).to_be_visible()
    expect(page.locator(".facts[data-seen]")).to_have_count(1)


def test_the_head_of_a_modal_scrolls_with_the_rest_once_the_window_is_low(admin, answer_everything):
    """As when a keyboard comes up on a screen, and it stays again once that is gone."""
    page = admin.page
    answer_everything(page)
    page.set_viewport_size({"width": 1280, "height": 900})
    admin.go("#/accounts/acc000003")
    page.reload()
    wait_until_loaded(page)
    page.get_by_role("button", name="Rotate keys").click()
    head = page.locator(".dialog-head")
    for height, position in ((900, "sticky"), (240, "static"), (900, "sticky")):
        page.set_viewport_size({"width": 1280, "height": height})
        expect(head).to_have_css("position", position)
