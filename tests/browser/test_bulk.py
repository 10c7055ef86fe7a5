"""Several accounts of the list at once: choosing them, what is asked of the API, progress, and what
was refused.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import assert_accessible, assert_fits
from tests.support.page import samples
from tests.support.page.exports import EXPORTS
from tests.support.page.waiting import TWO_FRAMES, HeldRequests, until

MANY = 300
ENDED = {"state": "finished", "done": 3, "finished_at": "2026-01-05T10:01:00Z"}
REFUSED = samples.refused(4)
RING = 4  # around what has the focus


@pytest.fixture
def many(admin, answer_with) -> Page:
    return listed(admin, answer_with, MANY)


def listed(admin, answer_with, count: int) -> Page:
    page = admin.page
    accounts = [samples.account(index) for index in range(count)]
    answer_with(page, "/v1/organization", samples.organization(accounts))
    answer_with(page, "/v1/accounts", samples.pages_of(accounts))
    admin.begun = answer_with(page, "/v1/accounts/bulk", begun, method="POST")
    admin.operation = samples.operation()
    answer_with(page, "/v1/operations/op1", lambda request: admin.operation)
    answer_with(page, "/v1/operations/op1", stopped(admin), method="DELETE")
    page.reload()
    page.locator("[data-id='acc000000']").wait_for()
    return page


def begun(request: Any) -> tuple[int, dict[str, Any]]:
    # Firefox does not tell the bodies of requests.
    body = request.post_data_json or {"selection": {}}
    total = len(body["selection"].get("account_ids", range(MANY)))
    return 202, {"operation_id": None if body.get("dry_run") else "op1", "total": total}


def stopped(admin) -> Callable[[Any], dict[str, Any]]:
    def stop(request: Any) -> dict[str, Any]:
        admin.operation |= ENDED | {"state": "stopped", "done": 1}
        return admin.operation

    return stop


def choose(page: Page, *indexes: int) -> None:
    for index in indexes:
        page.get_by_role("checkbox", name=f"Choose Account{index:05d}", exact=True).check()


def bar(page: Page):
    return page.locator(".bulk")


def asked(admin) -> list[dict[str, Any]]:
    return [json.loads(request.post_data) for request in admin.begun]


def test_chosen_accounts_are_tested_and_the_bar_says_how_far_it_is(many, admin):
    choose(many, 0, 1, 4)
    expect(bar(many)).to_contain_text("3 accounts chosen")
    bar(many).get_by_role("button", name="Test", exact=True).click()
    expect(bar(many)).to_contain_text("Testing: 1 of 3")
    expect(bar(many).get_by_role("progressbar")).to_have_js_property("value", 1)
    assert asked(admin) == [
        {
            "action": "test",
            "selection": {"account_ids": ["acc000000", "acc000001", "acc000004"]},
        }
    ]
    admin.operation |= ENDED | REFUSED | {"changed": 2}
    expect(bar(many)).to_contain_text("Tests begun: 2.")
    bar(many).get_by_text("1 account was refused").click()
    expect(bar(many).get_by_role("link", name="Account00004")).to_have_attribute(
        "href", "#/accounts/acc000004"
    )
    expect(bar(many)).to_contain_text(samples.BUSY)
    # What the tests found is there, and what was begun stays to be seen.
    bar(many).get_by_role("link", name="Accounts with problems").click()
    expect(many).to_have_url(re.compile(r"#/accounts\?has_problems=true$"))
    expect(bar(many)).to_contain_text("Tests begun: 2.")
    bar(many).get_by_role("button", name="Close").click()
    expect(bar(many)).to_be_hidden()
    expect(many.get_by_role("checkbox", checked=True)).to_have_count(0)


def test_all_that_match_are_deleted_only_after_a_question_with_their_number(many, admin):
    many.get_by_role("group", name="Show by status").get_by_text("Failed").click()
    expect(many).to_have_url(re.compile("status=failed$"))
    choose(many, 4)
    bar(many).get_by_role("button", name="Choose all 50 of this list").click()
    expect(bar(many)).to_contain_text("All 50 accounts of this list chosen")
    bar(many).get_by_role("button", name="Delete…").click()
    modal = many.get_by_role("dialog")
    expect(modal).to_contain_text("Delete 300 accounts?")  # as the API counts them
    expect(modal).to_contain_text("no longer fits the filters")
    expect(modal).not_to_contain_text("all accounts of your organization")
    modal.get_by_role("button", name="Cancel").click()
    assert [body.get("dry_run") for body in asked(admin)] == [True]
    bar(many).get_by_role("button", name="Delete…").click()
    expect(modal.get_by_label("Type 300 to confirm")).to_be_focused()
    assert_accessible(many)
    many.keyboard.type("300")
    modal.get_by_role("button", name="Delete 300 accounts").click()
    expect(modal).to_be_hidden()
    assert asked(admin)[-1] == {
        "action": "delete",
        "selection": {"filter": {"status": "failed"}},
        "expected_total": MANY,
    }


def test_a_deletion_that_is_confirmed_after_another_press_has_begun_is_of_the_same_accounts(
    many, admin
):
    """The press before it has emptied the choice, and the accounts are in the list still."""
    held = HeldRequests(many, re.compile(r"/v1/accounts/bulk$"))
    choose(many, 0, 1, 4)
    bar(many).get_by_role("button", name="Test", exact=True).click()
    bar(many).get_by_role("button", name="Delete…").click()
    held.first().fallback()
    expect(bar(many)).to_contain_text("Testing: 1 of 3")
    many.get_by_role("dialog").get_by_role("button", name="Delete 3 accounts").click()
    until(many, lambda: len(held) == 2, "the deletion")
    assert json.loads(held[1].request.post_data)["selection"] == {
        "account_ids": ["acc000000", "acc000001", "acc000004"]
    }
    held[1].fallback()


def test_a_deletion_whose_choice_was_left_while_its_accounts_were_counted_says_so(many, admin):
    choose(many, 4)
    bar(many).get_by_role("button", name="Choose all 300 of this list").click()
    held = HeldRequests(many, re.compile(r"/v1/accounts/bulk$"))
    bar(many).get_by_role("button", name="Delete…").click()
    held.first()
    bar(many).get_by_role("button", name="Choose none").click()
    held[0].fallback()
    toast = many.locator("#toasts")
    expect(toast).to_contain_text("the choice was left before the question: Delete 300 accounts?")
    expect(many.get_by_role("dialog")).to_have_count(0)


@pytest.mark.parametrize(
    ("width", "height", "size"), [(1280, 800, 1), (1280, 800, 2), (360, 780, 1)]
)
def test_what_is_said_of_a_press_lies_above_what_is_pressed_next(
    many, admin, watch, width, height, size
):
    """Such as Stop, while accounts are being deleted."""
    watch.expects_network_failures = True
    many.set_viewport_size({"width": width, "height": height})
    many.evaluate("size => (document.documentElement.style.fontSize = `${size * 100}%`)", size)
    choose(many, 0, 1, 4)
    bar(many).get_by_role("button", name="Test", exact=True).click()
    expect(bar(many)).to_contain_text("Testing: 1 of 3")
    many.route(
        re.compile(r"/v1/operations/op1$"),
        lambda route: route.abort() if route.request.method == "DELETE" else route.fallback(),
    )
    stop = bar(many).get_by_role("button", name="Stop")
    stop.click()
    toast = many.locator(".toast")
    expect(toast).to_have_count(1)
    lowest = toast.bounding_box()
    assert lowest["y"] + lowest["height"] <= stop.bounding_box()["y"]
    assert lowest["y"] >= 0
    # Where there is no bar any more, at the lower edge.
    many.evaluate("location.hash = '#/schedules'")
    until(many, lambda: toast.bounding_box()["y"] > lowest["y"], "a toast at the lower edge")


def test_whoever_deletes_confirms_the_number_of_now(many, answer_with, watch):
    watch.expect_status(409)
    answers = [
        samples.problem(409, "This selects 51 accounts.", code="selection_changed"),
        (202, {"operation_id": None, "total": 51}),
    ]
    choose(many, 4)
    bar(many).get_by_role("button", name="Delete…").click()
    modal = many.get_by_role("dialog")
    answer_with(many, "/v1/accounts/bulk", lambda request: answers.pop(0), method="POST")
    modal.get_by_role("button", name="Delete 1 account").click()
    expect(modal).to_contain_text("Delete 51 accounts?")
    expect(modal).to_contain_text("The list has changed meanwhile.")
    expect(bar(many)).to_contain_text("1 account chosen")
    assert_accessible(many)
    many.keyboard.press("Escape")
    expect(modal).to_have_count(0)
    expect(bar(many).get_by_role("button", name="Delete…")).to_be_focused()


def test_write_logs_can_be_taken_back(many, admin, answer_with):
    choose(many, 0, 1)
    bar(many).get_by_role("button", name="Write logs: Yes").click()
    admin.operation |= ENDED | {"action": "write_logs", "value": True, "changed": 1}
    expect(bar(many)).to_contain_text("Write logs set to Yes: 1. Had this value already: 2.")
    undo = admin.operation | {"operation_id": "op2", "value": False, "changed": 0}
    answer_with(many, "/v1/operations/op2", undo)
    begun = (202, {"operation_id": "op2", "total": 1})
    admin.begun = answer_with(many, "/v1/accounts/bulk", begun, method="POST")
    bar(many).get_by_role("button", name="Undo").click()
    expect(bar(many).get_by_role("button", name="Undo")).to_be_hidden()
    assert asked(admin)[-1] == {
        "action": "write_logs",
        "value": False,
        "selection": {"changed_by": "op1"},
    }


@pytest.mark.in_firefox
def test_an_operation_is_stopped_and_others_are_chosen_meanwhile(many, admin):
    choose(many, 0)
    bar(many).get_by_role("button", name="Test", exact=True).click()
    expect(bar(many)).to_contain_text("Testing: 1 of 3")
    choose(many, 1)
    expect(bar(many)).to_contain_text("1 account chosen")
    assert_accessible(many)
    bar(many).get_by_role("button", name="Choose none").click()
    expect(bar(many)).to_be_focused()
    bar(many).get_by_role("button", name="Stop").click()
    expect(bar(many)).to_contain_text("Stopped, not reached: 2.")
    expect(bar(many).get_by_role("button", name="Stop")).to_be_focused()
    bar(many).get_by_role("button", name="Close").click()
    expect(many.get_by_role("checkbox", name="Choose Account00001", exact=True)).to_be_focused()


def test_an_account_that_leaves_the_list_is_not_chosen_any_more(many, answer_with, watch):
    watch.expect_status(404)
    many.get_by_role("group", name="Show by status").get_by_text("Failed").click()
    expect(many).to_have_url(re.compile("status=failed$"))
    choose(many, 4, 10)
    expect(bar(many)).to_contain_text("2 accounts chosen")
    accounts = [samples.account(index) for index in range(MANY) if index != 4]
    answer_with(many, "/v1/accounts", samples.pages_of(accounts))
    answer_with(many, "/v1/accounts/acc000004", samples.NO_SUCH)
    many.evaluate("dispatchEvent(new Event('online'))")
    expect(bar(many)).to_contain_text("1 account chosen")
    expect(many.get_by_role("checkbox", name="Choose Account00010")).to_be_checked()


def test_a_keyboard_chooses_and_another_filter_forgets(many):
    box = many.get_by_role("checkbox", name="Choose Account00000", exact=True)
    box.focus()
    many.keyboard.press("Space")
    expect(bar(many)).to_contain_text("1 account chosen")
    expect(box).to_be_focused()
    many.get_by_label("Search by name or account number").fill("Account0000")
    expect(bar(many)).to_be_hidden()


def test_the_head_chooses_what_is_loaded(many):
    many.get_by_role("checkbox", name="Choose all accounts that are loaded").check()
    expect(bar(many)).to_contain_text("accounts chosen")
    expect(many.locator(".rows .choose:not(:checked)")).to_have_count(0)


CUT_IN_THE_BAR = """() => {
  const right = document.querySelector(".bulk").getBoundingClientRect().right;
  const there = [...document.querySelectorAll(".bulk :is(p, a, button, summary)")];
  const wide = 6 * parseFloat(getComputedStyle(document.documentElement).fontSize);
  const words = [...document.querySelectorAll(".bulk-operation .bulk-size")];
  return [
    ...there.filter((it) => it.checkVisibility() && it.getBoundingClientRect().right > right),
    ...words.filter((it) => it.getBoundingClientRect().width < wide),
  ].map((it) => it.textContent);
}"""


@pytest.mark.parametrize(("scheme", "width"), [("light", 1280), ("dark", 360)])
def test_it_is_accessible_and_fits(admin, answer_with, scheme, width):
    # Few accounts: axe finds the targets too small that the bar cuts through until they are
    # scrolled to.
    page = listed(admin, answer_with, 2)
    page.emulate_media(color_scheme=scheme)
    page.set_viewport_size({"width": width, "height": 1000})
    choose(page, 0, 1)
    expect(bar(page)).to_contain_text("2 accounts chosen")
    assert_fits(page)
    assert_accessible(page)
    bar(page).get_by_role("button", name="Delete…").click()
    expect(page.get_by_role("dialog")).to_contain_text("Delete 2 accounts?")
    expect(page.get_by_role("dialog")).to_contain_text("Account00001 400000000001")
    expect(page.get_by_role("dialog")).to_contain_text("the roles stay until you remove them")
    assert_fits(page)
    assert_accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="Cancel").click()
    bar(page).get_by_role("button", name="Test", exact=True).click()
    expect(bar(page)).to_contain_text("Testing: 1 of 3")
    assert_fits(page)
    assert_accessible(page)
    admin.operation |= ENDED | REFUSED
    bar(page).get_by_text("1 account was refused").click()
    choose(page, 0)
    expect(bar(page)).to_contain_text("1 account chosen")
    assert_fits(page)
    assert_accessible(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert page.evaluate(CUT_IN_THE_BAR) == []
    bar(page).get_by_role("button", name="Delete…").click()
    text = page.get_by_role("dialog").locator(".notice-body")
    assert text.bounding_box()["width"] > width / 3


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("count", [1, 6, 40])
def test_the_bar_is_at_the_lower_edge_of_the_window(admin, answer_with, count, width):
    page = listed(admin, answer_with, count)
    page.set_viewport_size({"width": width, "height": 1600})
    scrolls = "document.documentElement.scrollHeight > innerHeight"
    before = page.evaluate(scrolls)
    choose(page, 0)
    expect(bar(page)).to_contain_text("1 account chosen")
    chosen = page.locator(".bulk-chosen")
    edge = "(it) => innerHeight - it.getBoundingClientRect().bottom"
    until(page, lambda: abs(chosen.evaluate(edge)) < 1, "it is there")
    assert page.evaluate(scrolls) == before, "it needs no room of its own"
    page.evaluate("scrollTo(0, document.documentElement.scrollHeight)")
    until(page, lambda: abs(chosen.evaluate(edge)) < 1, "it is there where the page ends, too")


def test_the_bar_does_not_cover_what_has_the_focus(many):
    choose(many, 0)
    expect(bar(many)).to_contain_text("1 account chosen")
    below = top_of(bar(many).locator(".bulk-chosen"))
    rows = many.locator(".rows .account-row[data-id]")
    covered = next(
        row for row in rows.all() if (box := row.bounding_box())["y"] + box["height"] > below + 1
    )
    box = covered.get_by_role("checkbox")
    box.focus()
    until(
        many,
        lambda: (at := box.bounding_box())["y"] + at["height"] <= below,
        "what has the focus is in sight",
    )


def test_a_keyboard_gets_to_the_bar_from_any_row_and_back(many, admin):
    box = many.get_by_role("checkbox", name="Choose Account00030", exact=True)
    many.evaluate("scrollTo(0, 1200)")
    box.focus()
    many.keyboard.press("Space")
    expect(bar(many)).to_contain_text("Enter in a row's checkbox leads to these buttons.")
    expect(many.get_by_role("region", name="Several accounts", exact=True)).to_be_visible()
    many.keyboard.press("Enter")
    expect(bar(many).get_by_role("button", name="Test", exact=True)).to_be_focused()
    assert asked(admin) == []
    bar(many).get_by_role("button", name="Choose none").focus()
    many.keyboard.press("Enter")
    expect(bar(many)).to_be_hidden()
    expect(box).to_be_focused()


def test_neither_the_head_nor_a_bar_that_grows_covers_what_has_the_focus(many):
    many.evaluate("scrollTo(0, 1200)")
    edge = (head := many.locator(".table-head").bounding_box())["y"] + head["height"]
    box = box_above(many, edge)
    box.focus()
    until(many, lambda: top_of(box) >= edge, "what has the focus is not below the head")
    many.set_viewport_size({"width": 1280, "height": 700})
    box = box_above(many, 670)
    box.focus()
    many.keyboard.press("Space")
    expect(bar(many)).to_contain_text("1 account chosen")
    many.evaluate("document.querySelector('.bulk-chosen').style.minHeight = '20rem'")
    until(
        many,
        lambda: top_of(box) + 18 + RING <= top_of(bar(many).locator(".bulk-chosen")) < 400,
        "what has the focus, and its ring, is not below the bar",
    )
    # Nor does it bring back whoever has gone far from it.
    many.evaluate("scrollBy(0, 1500)")
    far = many.evaluate("scrollY")
    many.evaluate("document.querySelector('.bulk-chosen').style.minHeight = '24rem'")
    many.evaluate(TWO_FRAMES)
    assert many.evaluate("scrollY") == far


HIDDEN_FOCUS = """() => {
  const { top, bottom } = document.activeElement.getBoundingClientRect();
  const edge = document.querySelector(".bulk").getBoundingClientRect().top;
  return top < 0 || bottom > edge + 1 ? [top, bottom, edge] : null;
}"""


def test_a_bar_higher_than_its_place_scrolls_and_hides_no_focus(many, admin, answer_with):
    """Three operations on a phone, one with many refused accounts."""
    ids = iter(("op1", "op2", "op3"))
    answer_with(
        many,
        "/v1/accounts/bulk",
        lambda _: (202, {"operation_id": next(ids), "total": 1}),
        method="POST",
    )
    for each in ("op2", "op3"):
        answer_with(many, f"/v1/operations/{each}", samples.operation(operation_id=each))
    many.set_viewport_size({"width": 360, "height": 640})
    for index in range(3):
        choose(many, index)
        bar(many).get_by_role("button", name="Test", exact=True).click()
        expect(bar(many).locator(".bulk-operation")).to_have_count(index + 1)
        if not index:
            # What is behind its empty part can be pressed.
            expect(bar(many)).to_have_css("pointer-events", "none")
    # One that is over would have given way to the next.
    admin.operation |= ENDED | samples.refused(*range(100, 160))
    bar(many).get_by_text("60 accounts were refused").click()
    # Its scrollbar can be pressed.
    expect(bar(many)).to_have_css("pointer-events", "auto")
    place = bar(many).bounding_box()["height"]
    padding = "(foot) => parseFloat(getComputedStyle(foot).paddingBottom)"
    until(
        many,
        lambda: many.locator(".list-foot").evaluate(padding) <= place,
        "nothing more than the bar follows the list",
    )
    many.evaluate("scrollTo(0, 1200)")
    many.evaluate(TWO_FRAMES)
    box_above(many, 200).focus()
    for key in ["Tab"] * 12 + ["Shift+Tab"] * 24:
        many.keyboard.press(key)
        until(many, lambda: not many.evaluate(HIDDEN_FOCUS), "what has the focus is in sight")


def top_of(box: Locator) -> float:
    return box.bounding_box()["y"]


LOWEST = """(edge) => [...document.querySelectorAll(".rows .choose")]
  .filter((box) => box.getBoundingClientRect().top < edge)
  .toSorted((a, b) => a.getBoundingClientRect().top - b.getBoundingClientRect().top)
  .at(-1).getAttribute("aria-label")"""


def box_above(page: Page, edge: float) -> Locator:
    """The lowest checkbox of a row whose top is above it. Looks at once: rows come and go."""
    return page.get_by_role("checkbox", name=page.evaluate(LOWEST, edge), exact=True)


@pytest.mark.parametrize("width", [1280, 360])
def test_an_export_that_ends_by_itself_moves_nothing_that_can_be_pressed(width, many):
    """Neither the actions nor what cancels a later export, which is above it."""
    many.set_viewport_size({"width": width, "height": 1000})
    held = HeldRequests(many, EXPORTS)
    for index in range(2):
        choose(many, index)
        bar(many).get_by_role("button", name="Export CSV").click()
        until(many, lambda count=index + 1: len(held) == count, "the export")
    choose(many, 2)
    pressed = bar(many).get_by_role("button", name=re.compile("^(Cancel|Delete|Export|Test)"))
    expect(pressed).to_have_count(5)
    cancels = bar(many).get_by_role("button", name="Cancel · 0")
    for request, left in ((held[0], 1), (held[1], 0)):
        over = cancels.nth(left).bounding_box()
        places = [at for box in pressed.all() if (at := box.bounding_box()) != over]
        request.fulfill(headers={"content-type": "text/csv"}, body="account_id,name\r\n")
        expect(cancels).to_have_count(left)
        many.evaluate(TWO_FRAMES)
        assert [box.bounding_box() for box in pressed.all()] == places
    expect(many.locator(".bulk-line")).to_have_count(0)


SIZES = pytest.mark.parametrize(
    ("width", "size"), [(1280, "100%"), (1280, "200%"), (360, "100%"), (360, "200%")]
)
READ_NOW = "dispatchEvent(new Event('online'))"


def shown_so(page: Page, width: int, size: str) -> None:
    page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
    page.set_viewport_size({"width": width, "height": 740})
    page.evaluate(TWO_FRAMES)


def places_in(part: Locator) -> list[Any]:
    part.page.evaluate(TWO_FRAMES)
    return [(each.text_content(), each.bounding_box()) for each in part.get_by_role("button").all()]


@SIZES
def test_what_is_said_by_itself_moves_nothing_that_can_be_pressed(
    width, size, many, answer_with, watch
):
    watch.expect_status(404, 503)
    shown_so(many, width, size)
    choose(many, 0)
    bar(many).get_by_role("button", name="Test", exact=True).click()
    expect(bar(many)).to_contain_text("Testing: 1 of 3")
    for index in (0, 1, 4):
        box = many.get_by_role("checkbox", name=f"Choose Account{index:05d}", exact=True)
        box.evaluate("(it) => it.click()")  # the bar may cover it
    note = bar(many).locator(".bulk-line").filter(has_text="left the list")
    choice, operation = (bar(many).locator(f".bulk-{part}") for part in ("chosen", "operation"))
    expect(choice).to_contain_text("3 accounts chosen")
    places = [places_in(choice), places_in(operation)]

    def look(text: str, is_there: bool) -> None:
        many.evaluate(READ_NOW)
        expect(bar(many).get_by_text(text)).to_be_visible(visible=is_there)

    answer_with(many, "/v1/operations/op1", samples.problem(503, "Later."))
    look("Later.", True)
    assert [places_in(choice), places_in(operation)] == places
    accounts = [samples.account(index) for index in range(MANY) if index != 4]
    answer_with(many, "/v1/accounts", samples.pages_of(accounts))
    answer_with(many, "/v1/accounts/acc00000[0-9]", samples.NO_SUCH)
    look("1 chosen account has left the list", True)
    assert [places_in(choice), places_in(operation)] == places
    answer_with(many, "/v1/operations/op1", samples.operation())
    look("Later.", False)
    assert [places_in(choice), places_in(operation)] == places
    # Nor does what is above and below the choice as all of it goes.
    places = [places_in(note), places_in(operation)]
    answer_with(many, "/v1/accounts", samples.pages_of(accounts[2:]))
    look("3 chosen accounts have left the list", True)
    assert [places_in(note), places_in(operation)] == places
    note.get_by_role("button").click()
    expect(bar(many).locator(".bulk-line")).to_have_count(0)
    expect(choice).to_be_hidden()


@pytest.mark.parametrize("has_refused", [False, True])
@SIZES
def test_stop_keeps_its_place_so_a_press_too_late_is_of_nothing_else(
    width, size, has_refused, many, admin
):
    shown_so(many, width, size)
    choose(many, 0)
    many.locator(".bulk").get_by_role("button", name="Write logs: Yes").click()
    stop = bar(many).get_by_role("button", name="Stop")
    stop.scroll_into_view_if_needed()
    box = stop.bounding_box()
    admin.operation |= {"action": "write_logs", "value": True, "changed": 1}
    admin.operation |= ENDED | (REFUSED if has_refused else {})
    begun = len(admin.begun)
    many.evaluate(READ_NOW)
    expect(bar(many).get_by_role("button", name="Undo")).to_be_visible()
    many.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    many.evaluate(TWO_FRAMES)
    expect(bar(many).get_by_role("button", name="Undo")).to_be_visible()
    expect(stop).to_have_attribute("aria-disabled", "true")
    assert (len(admin.begun), stop.bounding_box()) == (begun, box)


CONTROLS = ".bulk-chosen :is(a, button)"
# Each press of one is noted, and does nothing.
NOTE_PRESSES = """() => {
  window.pressed = [];
  const note = (event) => {
    const control = event.target.closest(".bulk-chosen :is(a, button)");
    pressed.push([...document.querySelectorAll(".bulk-chosen :is(a, button)")].indexOf(control));
    if (control) event.stopImmediatePropagation();
  };
  addEventListener("click", note, true);
}"""


@pytest.mark.parametrize(
    ("width", "size"),
    [(1280, "100%"), pytest.param(360, "100%", marks=pytest.mark.in_firefox), (360, "200%")],
)
def test_a_press_after_a_choice_by_keyboard_arrives(width, size, many):
    """It takes the focus from the row, and would take the hint for keyboards with it."""
    shown_so(many, width, size)
    box = many.get_by_role("checkbox", name="Choose Account00000", exact=True)
    box.focus()
    many.keyboard.press("Space")
    expect(bar(many)).to_contain_text("1 account chosen")
    many.evaluate(NOTE_PRESSES)
    count = many.locator(CONTROLS).count()
    for index in range(count):
        expect(bar(many).locator(".bulk-hint")).to_be_visible()
        control = many.locator(CONTROLS).nth(index)
        control.scroll_into_view_if_needed()
        at = control.bounding_box()
        many.evaluate("pressed.length = 0")
        many.mouse.move(at["x"] + at["width"] / 2, at["y"] + at["height"] / 2)
        many.mouse.down()
        many.evaluate(TWO_FRAMES)
        many.mouse.up()
        assert many.evaluate("pressed") == [index]
        box.focus()
        many.keyboard.press("Space")
        expect(bar(many)).to_be_hidden()
        many.keyboard.press("Space")
    assert count == 7  # with “Choose all” and “Choose none”


AT = "([x, y]) => document.elementFromPoint(x, y).closest('button')?.textContent"


def ends_beside_a_choice(page: Page, admin, width: int, size: str) -> Callable[[], None]:
    """An operation runs, and others are chosen. Returns what lets it end with all it can say."""
    shown_so(page, width, size)
    choose(page, 0)
    bar(page).get_by_role("button", name="Write logs: Yes").click()
    admin.operation |= {"action": "write_logs", "value": True}
    other = page.get_by_role("checkbox", name="Choose Account00002", exact=True)
    other.evaluate("(it) => it.click()")  # the bar may cover it
    page.evaluate(READ_NOW)
    expect(bar(page)).to_contain_text("Write logs: Yes: 1 of 3")
    expect(bar(page)).to_contain_text("1 account chosen")

    def end() -> None:
        admin.operation |= ENDED | REFUSED | {"changed": 1}
        page.evaluate(READ_NOW)
        expect(bar(page).get_by_role("button", name="Undo")).to_be_attached()
        page.evaluate(TWO_FRAMES)

    return end


@pytest.mark.parametrize(("width", "size"), [(1280, "100%"), (480, "150%"), (360, "200%")])
def test_an_operation_has_room_for_how_it_ends(width, size, many, admin):
    """Also for whoever has no pointer that rests anywhere."""
    end = ends_beside_a_choice(many, admin, width, size)
    many.mouse.move(0, 0)
    stop = bar(many).get_by_role("button", name="Stop")
    places = [places_in(bar(many).locator(".bulk-chosen")), stop.bounding_box()]
    end()
    assert [places_in(bar(many).locator(".bulk-chosen")), stop.bounding_box()] == places


@pytest.mark.in_firefox
def test_how_an_operation_ends_is_in_sight_where_it_has_no_room(many, admin):
    shown_so(many, 360, "200%")
    choose(many, 0)
    bar(many).get_by_role("button", name="Write logs: Yes").click()
    admin.operation |= {"action": "write_logs", "value": True}
    many.evaluate(READ_NOW)
    said = bar(many).locator(".bulk-operation > .bulk-size")
    expect(said).to_have_text("Write logs: Yes: 1 of 3")
    bar(many).get_by_role("button", name="Stop").hover()
    expect(said).to_be_in_viewport(ratio=1)
    admin.operation |= ENDED | REFUSED | {"changed": 1}
    many.evaluate(READ_NOW)
    expect(bar(many).get_by_role("button", name="Undo")).to_be_attached()
    expect(said).to_be_in_viewport(ratio=1)
    assert_fits(many)


@pytest.mark.parametrize("part", ["Test", "Stop"])
@pytest.mark.parametrize(("width", "size"), [(480, "200%"), (360, "150%")])
def test_what_is_under_the_pointer_stays_there_also_without_room(width, size, part, many, admin):
    end = ends_beside_a_choice(many, admin, width, size)
    bar(many).locator(".bulk-operation").evaluate("(it) => (it.style.minHeight = 0)")
    button = bar(many).get_by_role("button", name=part, exact=True)
    button.hover()
    box = button.bounding_box()
    middle = [box["x"] + box["width"] / 2, box["y"] + box["height"] / 2]
    end()
    assert many.evaluate(AT, middle) == part
    assert button.bounding_box() == pytest.approx(box, abs=1)


def test_an_operation_is_still_shown_after_another_view(many, admin):
    choose(many, 0)
    bar(many).get_by_role("button", name="Test", exact=True).click()
    expect(bar(many)).to_contain_text("Testing: 1 of 3")
    many.get_by_role("link", name="Schedules").click()
    expect(many.get_by_role("heading", name="Schedules")).to_be_visible()
    many.go_back()
    expect(bar(many)).to_contain_text("Testing: 1 of 3")
    many.reload()
    expect(bar(many)).to_contain_text("Testing: 1 of 3")


def test_a_viewer_has_nothing_to_choose(viewer, answer_with):
    answer_with(viewer.page, "/v1/accounts", samples.pages_of([samples.account(0)]))
    viewer.page.reload()
    viewer.page.locator("[data-id='acc000000']").wait_for()
    expect(viewer.page.get_by_role("checkbox")).to_have_count(0)
    answer_with(viewer.page, "/v1/operations/op1", samples.operation())
    viewer.go("#/accounts?operation=op1")
    expect(bar(viewer.page)).to_contain_text("Testing: 1 of 3")
    stop = bar(viewer.page).get_by_role("button", name="Stop")
    expect(stop).to_have_attribute("aria-disabled", "true")


def test_the_api_does_takes_back_and_deletes_what_the_page_asks_for(admin, watch):
    watch.expect_status(404)  # the list looks for rows that left it
    ids = [admin.add_account()["account_id"] for _ in range(2)]
    page = admin.page
    page.reload()
    for id_ in ids:
        page.locator(f"[data-id='{id_}'] .choose").check()
    bar(page).get_by_role("button", name="Write logs: No").click()
    expect(bar(page)).to_contain_text("Write logs set to No: 2.")
    bar(page).get_by_role("button", name="Undo").click()
    expect(bar(page)).to_contain_text("Write logs set to Yes: 2.")
    admin.go("#/organization/audit")
    page.get_by_role("link", name="See what was done").first.click()
    expect(bar(page)).to_contain_text("Write logs set to Yes: 2.")
    for id_ in ids:
        page.locator(f"[data-id='{id_}'] .choose").check()
    bar(page).get_by_role("button", name="Delete…").click()
    page.get_by_role("button", name="Delete 2 accounts").click()
    expect(bar(page)).to_contain_text("Deleted: 2.")
    expect(page.locator(f"[data-id='{ids[0]}']")).to_have_count(0)
