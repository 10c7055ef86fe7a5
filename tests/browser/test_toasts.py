"""Toasts over a modal: all can be read and dismissed, and none covers what is needed."""

from __future__ import annotations

import re
from functools import partial
from itertools import pairwise

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.axe import wait_until_loaded
from tests.support.page import samples
from tests.support.page.measures import LARGEST_SHIFT, RECORD_ALL_SHIFTS
from tests.support.page.waiting import (
    TWO_FRAMES,
    HeldRequests,
    pass_time,
    stop_the_clock,
    until,
)

PATH = "/v1/accounts/acc000005/invitations"
VALID = {"items": [{"expires_at": "2026-02-05T10:00:00Z"}], "next_cursor": None}
WHY = "This link is being changed by somebody else just now. " * 3
STAY = """() => {
  const { setTimeout } = window;
  window.setTimeout = (work, milliseconds) => setTimeout(work, milliseconds * 100);
}"""
"""However slow the machine is."""
UNCOVERED = """(it) => {
  const { left, right, top, bottom } = it.getBoundingClientRect();
  return [top + 2, (top + bottom) / 2, bottom - 2].filter(
    (y) => it.contains(document.elementFromPoint((left + right) / 2, y))).length;
}"""
"""How much of it is: 3 for all of it, 0 for nothing."""
BOXES = """(all) => all.map((each) => {
  const { top, bottom } = each.getBoundingClientRect();
  return [top, bottom];
}).sort(([one], [other]) => one - other)"""


def is_uncovered(part: Locator, least: int = 3) -> bool:
    return bool(part.evaluate(UNCOVERED) >= least)


@pytest.mark.in_firefox
@pytest.mark.parametrize(("width", "size"), [(1280, 100), (360, 100), (360, 200)])
def test_several_toasts_over_a_modal_cover_nothing_that_is_needed(
    width, size, admin, answer_everything, answer_with, watch
):
    watch.expect_status(409)
    page = admin.page
    answer_everything(page)
    answer_with(page, PATH, VALID)
    answer_with(page, PATH, samples.problem(409, WHY), method="DELETE")
    admin.go("#/accounts/acc000005/connect")
    wait_until_loaded(page)
    page.set_viewport_size({"width": width, "height": 720})
    page.evaluate("(size) => { document.documentElement.style.fontSize = `${size}%`; }", size)
    page.get_by_role("button", name="Send to your AWS admin").click()
    modal = page.get_by_role("dialog")
    # Between the modal's head and the toasts, a button of three lines has no room for all of it.
    least = 3 if size == 100 else 1
    withdraw = modal.get_by_role("button", name="Withdraw the link")
    toasts = modal.locator(".toast").filter(has=page.get_by_role("button"))
    page.evaluate(STAY)
    for count in range(1, 4):
        withdraw.press("Enter")
        expect(toasts).to_have_count(count)
        until(page, lambda: is_uncovered(withdraw, least), "the button that was pressed")
    boxes = toasts.evaluate_all(BOXES)
    assert all(one[1] <= other[0] for one, other in pairwise(boxes)), boxes
    needed = modal.get_by_role("button", name="Make the link")
    if size > 100:
        needed.focus()
    until(page, lambda: is_uncovered(needed, least), "the first button of the modal")
    area = page.locator("#toasts").bounding_box()
    assert area is not None
    assert area["y"] >= 0
    assert area["y"] + area["height"] <= 720
    for count in (2, 1, 0):
        dismiss = toasts.last.get_by_role("button")
        while not dismiss.evaluate("(it) => it === document.activeElement"):
            page.keyboard.press("Tab")
        assert is_uncovered(dismiss), count
        page.keyboard.press("Enter")
        expect(toasts).to_have_count(count)
    expect(modal).to_be_visible()


@pytest.mark.in_firefox
@pytest.mark.parametrize(("said", "is_long"), [(samples.BUSY, False), (WHY, True)])
def test_all_of_a_toast_can_be_read_over_a_modal_in_large_text(
    said, is_long, admin, answer_everything, answer_with, watch
):
    """What is too long for its place scrolls, and stays until somebody has dismissed it."""
    watch.expect_status(409)
    page = admin.page
    stop_the_clock(page)
    answer_everything(page)
    answer_with(page, PATH, VALID)
    answer_with(page, PATH, samples.problem(409, said), method="DELETE")
    admin.go("#/accounts/acc000005/connect")
    wait_until_loaded(page)
    page.set_viewport_size({"width": 360, "height": 720})
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    page.get_by_role("button", name="Send to your AWS admin").click()
    page.get_by_role("dialog").get_by_role("button", name="Withdraw the link").press("Enter")
    toast = page.locator(".toast")
    expect(toast).to_contain_text(said.strip())
    over = page.locator("#toasts").evaluate("(it) => it.scrollHeight - it.clientHeight")
    assert (over > 0) is is_long
    pass_time(page, 30)
    assert toast.count() == is_long
    if is_long:
        dismiss = toast.get_by_role("button")
        dismiss.focus()
        page.keyboard.press("End")
        until(
            page,
            lambda: page.locator("#toasts").evaluate("(it) => it.scrollTop") >= over - 1,
            "the end of the text",
        )
        assert is_uncovered(dismiss)
        page.keyboard.press("Enter")
        expect(toast).to_have_count(0)


@pytest.mark.parametrize(("width", "size"), [(1280, 100), (360, 200)])
def test_a_toast_moves_none_that_is_there_and_the_newest_is_always_seen(
    width, size, admin, answer_everything, answer_with, watch
):
    watch.expect_status(409)
    page = admin.page
    page.add_init_script(RECORD_ALL_SHIFTS)
    page.goto("about:blank")
    answer_everything(page)
    path, refused = "/v1/accounts/acc000000/verifications", 0

    def refuse(_: object) -> tuple[int, dict[str, object]]:
        nonlocal refused
        refused += 1
        return samples.problem(409, f"Refused {refused}. {WHY[: 52 * (refused > 1)]}")

    answer_with(page, path, refuse, method="POST")
    admin.go("#/accounts/acc000000")
    wait_until_loaded(page)
    page.set_viewport_size({"width": width, "height": 640})
    page.evaluate("(size) => { document.documentElement.style.fontSize = `${size}%`; }", size)
    page.evaluate(STAY)
    test = page.get_by_role("button", name="Test", exact=True).first
    toasts = page.locator(".toast").filter(has=page.get_by_role("button"))
    for count in range(1, 9):
        page.evaluate(f"{TWO_FRAMES}.then(() => {{ window.shifts = 0; }})")
        test.evaluate("(it) => it.click()")
        newest = toasts.filter(has_text=f"Refused {count}.")
        expect(newest).to_be_visible()
        page.evaluate(TWO_FRAMES)
        is_full = page.locator("#toasts").evaluate("(it) => it.scrollHeight > it.clientHeight")
        if not is_full:
            assert page.evaluate("window.shifts") < LARGEST_SHIFT, page.evaluate("window.moved")
        until(page, partial(is_uncovered, newest.get_by_role("button")), f"toast {count}")
        # One ends below others, and leaves its room.
        if count % 2 == 0:
            toasts.last.get_by_role("button").evaluate("(it) => it.click()")


def test_toasts_are_in_whatever_modal_is_on_top_and_outlive_it(
    admin, answer_everything, answer_with, watch
):
    """Also in the one that stands for Go to… until that is loaded."""
    watch.expect_status(409)
    page = admin.page
    answer_everything(page)
    path = "/v1/accounts/acc000000/verifications"
    answer_with(page, path, samples.problem(409, WHY), method="POST")
    admin.go("#/accounts/acc000000")
    wait_until_loaded(page)
    page.evaluate(STAY)
    test = page.get_by_role("button", name="Test", exact=True).first
    toasts, modal = page.locator(".toast"), page.locator("dialog[open]")
    held = HeldRequests(page, re.compile(r"/views/jump\.js"))
    test.click()
    expect(toasts).to_have_count(1)
    page.keyboard.press("Control+k")
    expect(modal.locator(".toast")).to_have_count(1)
    dismiss = toasts.get_by_role("button")
    assert is_uncovered(dismiss)
    page.keyboard.press("Escape")
    expect(modal).to_have_count(0)
    test.click()
    expect(toasts).to_have_count(2)
    held.first().fallback()
    page.get_by_role("button", name="Rename").click()
    expect(modal.locator(".toast")).to_have_count(2)
    page.keyboard.press("Escape")
    expect(page.locator("body > #toasts .toast")).to_have_count(2)
