"""The webhook's deliveries, beside its settings."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, expect

from tests.support.page import samples
from tests.support.page.keyboard import press

PATH = "/v1/organization/webhook"


@pytest.fixture
def opened(answer_with, answer_everything) -> Callable[..., Locator]:
    """Opens the list of deliveries, which is what `there` holds."""

    def opened(person: Any, there: list[Any] | None = None, *, at: str | None = None) -> Locator:
        listed = there or [samples.DELIVERIES]
        answer_everything(person.page, [samples.account(0)])
        answer_with(
            person.page, f"{PATH}/deliveries", lambda _: {"items": listed[0], "next_cursor": None}
        )
        if at:
            person.page.clock.install(time=at)
            person.page.goto("about:blank")
        person.go("#/organization")
        region = person.page.get_by_role("region", name="Webhook")
        region.get_by_text("Deliveries").click()
        expect(region.get_by_role("listitem")).to_have_count(len(listed[0]))
        return region

    return opened


def test_a_secret_that_is_shown_once_is_closed_by_its_own_button_alone(admin, answer_with, opened):
    page, secret = admin.page, "whsec_c2VjcmV0"
    opened(admin)
    shown = {**samples.WEBHOOK, "secret": secret}
    answer_with(page, "/v1/organization/webhook", shown, method="PUT")
    page.get_by_role("button", name="New signing secret").click()
    page.get_by_role("dialog").get_by_role("button", name="New signing secret").click()
    dialog = page.get_by_role("dialog", name="The signing secret")
    expect(dialog).to_be_visible()
    for _ in range(3):
        page.keyboard.press("Escape")
    page.evaluate("location.hash = '#/access-details'")
    page.get_by_role("button", name="Sign out", include_hidden=True).evaluate("it => it.click()")
    page.evaluate("location.hash = '#/accounts'")
    expect(page.get_by_role("heading", name="Sign in", include_hidden=True)).to_be_visible()
    expect(dialog).to_contain_text(secret)
    expect(dialog.get_by_role("button", name="Close")).to_have_count(0)
    dialog.get_by_role("button", name="I have kept it").click()
    expect(page.get_by_role("dialog")).to_have_count(0)


def test_who_delivers_again_is_told_and_stays_there(admin, answer_with, opened):
    page, there = admin.page, [samples.DELIVERIES]
    region = opened(admin, there)

    def again(_: Any) -> Any:
        asked = {"status": "waiting", "tries": 0, "next_try_at": "2026-01-02T10:05:00Z"}
        there[0] = [*samples.DELIVERIES[:4], samples.DELIVERIES[4] | asked]
        return 202, {"detail": "The message is on its way again."}

    answer_with(page, f"{PATH}/deliveries/event4/redeliver", again, method="POST")
    button = region.get_by_role("button", name="Deliver again: Account Failed, 2 Jan 2026, 10:04")
    press(page, "Deliver again: Account Failed, 2 Jan 2026, 10:04")
    expect(page.locator("#toasts")).to_contain_text("The message is on its way again.")
    row = region.get_by_role("listitem").last
    expect(row).to_contain_text("On its way again")
    # The last try's answer is not this one's.
    expect(row).not_to_contain_text("45 ms")
    expect(button).to_be_focused()


def test_a_message_that_was_never_tried_again_is_not_on_its_way(admin, opened):
    """Its webhook was removed, or left its events out, before it was its turn."""
    asked = {"status": "failed", "tries": 0, "http_status": None, "duration_ms": None}

    row = opened(admin, [[samples.DELIVERIES[3] | asked]]).get_by_role("listitem")

    expect(row).to_contain_text("Given up · 0 tries")
    expect(row).not_to_contain_text("no answer")


def test_they_stay_open_when_the_settings_change(admin, answer_with, opened):
    page, there = admin.page, [samples.WEBHOOK]
    region = opened(admin, at="2026-01-05T12:00:00Z")
    page.clock.pause_at("2026-01-05T12:02:00Z")
    answer_with(page, PATH, lambda _: there[0])
    seen = answer_with(
        page, f"{PATH}/deliveries", {"items": samples.DELIVERIES, "next_cursor": None}
    )
    for state in ("active", "paused", "active"):
        there[0] = samples.WEBHOOK | {"state": state}
        page.clock.run_for(31_000)
        expect(region.get_by_role("button", name="Resume")).to_have_count(int(state == "paused"))
        expect(region.get_by_role("listitem")).to_have_count(len(samples.DELIVERIES))
    before = len(seen)
    page.clock.run_for(31_000)
    page.wait_for_timeout(200)
    assert len(seen) - before <= 2


def test_they_count_for_the_age_that_is_said(admin, opened):
    page = admin.page
    opened(admin, at="2026-01-05T12:00:00Z")
    mark = page.locator(".freshness")
    expect(mark).to_have_text("Live")
    page.route(re.compile(r"/deliveries$"), lambda _: None)
    for _ in range(16):
        page.clock.fast_forward("00:05")
        page.wait_for_timeout(20)
    expect(mark).to_contain_text("Last updated")


def test_ones_own_test_message_is_shown_at_once_and_moves_nothing_under_a_pointer(
    admin, answer_with, opened
):
    page, there = admin.page, [samples.DELIVERIES[:2]]
    detail = "A test message is on its way."

    def message(name: str, kind: str = "Webhook Test") -> dict[str, Any]:
        return samples.DELIVERIES[1] | {"event_id": name, "type": kind}

    def send(request: Any) -> Any:
        there[0] = [message(f"own{len(sent)}"), *there[0]]
        return 202, {"detail": detail}

    sent = answer_with(page, f"{PATH}/test", send, method="POST")
    region = opened(admin, there)
    rows = region.get_by_role("listitem")
    newer = region.get_by_role("button", name="Show newer")
    test = region.get_by_role("button", name="Send a test message")
    there[0] = [message("other", "Account Failed"), *there[0]]
    page.evaluate("dispatchEvent(new Event('online'))")
    expect(newer).to_be_visible()
    expect(rows).to_have_count(2)
    test.click()
    expect(rows).to_have_count(4)
    expect(rows.first).to_contain_text("Webhook Test")
    expect(newer).to_be_hidden()
    test.focus()
    rows.first.hover()
    page.keyboard.press("Enter")
    expect(newer).to_be_visible()
    expect(rows).to_have_count(4)
