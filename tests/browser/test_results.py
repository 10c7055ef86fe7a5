"""What became of an accepted start or stop."""

from __future__ import annotations

from functools import partial

from playwright.sync_api import expect

from tests.browser.conditions import EVERY, shows
from tests.support.page import samples
from tests.support.page.waiting import pass_time, pass_time_until, stop_the_clock

PATH = "/v1/accounts/acc000000/interactions"


def enough(asked: list[object], looks: int) -> bool:
    return len(asked) >= looks


def test_each_result_is_said_in_words(admin, answer_with):
    answer_with(admin.page, "/v1/accounts/acc000000", samples.account(0))
    answer_with(admin.page, PATH, {"items": samples.INTERACTIONS, "next_cursor": None})
    page = admin.go("#/accounts/acc000000/interactions")
    expect(page.locator(".followed")).to_have_text(
        [
            "Then running.",
            "Then stopped.",
            f"Did not follow, was stopped: {samples.NO_KEY}",
            "Nobody could see whether it is stopped.",
            f"Not known whether it followed: {samples.STARTING}",
            f"Not known whether it followed: {samples.NOT_SEEN}",
        ]
    )
    missed = page.locator(".trail-row").filter(has_text="Did not follow")
    expect(missed.locator(".step-mark .icon-warning")).to_have_count(1)
    expect(missed).to_contain_text("Accepted.")


def test_a_pending_result_is_looked_at_again_until_it_is_final(admin, answer_with):
    page = admin.page
    waiting = samples.INTERACTIONS[0] | {"result": "pending", "state": "pending"}
    final = waiting | {"result": "not_reached", "state": "stopped", "state_reason": "No capacity"}
    asked: list[object] = []

    def reply(request):
        asked.append(request)
        return {"items": [waiting if len(asked) < 3 else final], "next_cursor": None}

    answer_with(page, "/v1/accounts/acc000000", samples.account(0))
    answer_with(page, PATH, reply)
    stop_the_clock(page)
    admin.go("#/accounts/acc000000/interactions")
    followed = page.locator(".followed")
    for looks in (1, 2):
        pass_time_until(page, partial(enough, asked, looks), "it is looked at")
        expect(followed).to_have_text("Waiting until it is running…")
    expect(followed.locator(".spinner")).to_have_count(1)
    pass_time_until(page, partial(enough, asked, 3), "it is looked at again")
    expect(followed).to_have_text("Did not follow, was stopped: No capacity")
    page.clock.run_for(100)
    expect(page.locator("#announcer")).to_contain_text("Did not follow, was stopped: No capacity")
    # All is read again every thirty seconds, and this no sooner any more.
    pass_time(page, 25)
    assert len(asked) == 3


def test_a_pending_result_on_a_later_page_is_looked_at_again_too(admin, answer_with):
    page, results = admin.page, ["pending"]

    def reply(request):
        if "cursor=" not in request.url:
            return {"items": [samples.INTERACTIONS[1]], "next_cursor": "more"}
        later = samples.INTERACTIONS[0] | {"result": results[-1]}
        return {"items": [later], "next_cursor": None}

    answer_with(page, "/v1/accounts/acc000000", samples.account(0))
    answer_with(page, PATH, reply)
    page.clock.install()
    admin.go("#/accounts/acc000000/interactions")
    page.get_by_role("button", name="Show more").click()
    expect(page.locator(".followed")).to_have_text("Waiting until it is running…")
    results.append("reached")
    page.clock.run_for(31_000)
    expect(page.locator(".followed")).to_have_text("Then running.")


def test_an_audit_entry_of_a_test_tells_its_outcome_and_leads_to_it(admin, answer_with):
    answer_with(admin.page, "/v1/accounts/acc000000", samples.account(0))
    answer_with(
        admin.page, "/v1/accounts/acc000000/audit", {"items": samples.AUDIT, "next_cursor": None}
    )
    tests = {"items": [samples.finished_test(outcome="degraded")], "next_cursor": None}
    answer_with(admin.page, "/v1/accounts/acc000000/verifications", tests)
    none = {"items": [], "next_cursor": None}
    answer_with(admin.page, "/v1/accounts/acc000000/interactions", none)
    page = admin.go("#/accounts/acc000000/audit")
    entry = page.locator(".trail-row").filter(has_text="Tested")
    expect(entry).to_contain_text("Degraded · See the test")
    expect(entry).not_to_contain_text("verification test1")
    link = entry.get_by_role("link", name="See the test")
    expect(link).to_have_attribute("href", "#/accounts/acc000000/tests/test1")


@shows(15, *EVERY)
def test_an_audit_entry_says_who_from_where_to_what_and_what_became_of_it(
    admin, answer_with, network
):
    answer_with(admin.page, "/v1/accounts/acc000000", samples.account(0))
    path = "/v1/accounts/acc000000"
    answer_with(admin.page, f"{path}/audit", {"items": samples.AUDIT, "next_cursor": None})
    stopped = samples.INTERACTIONS[0] | {"interaction_id": "audit4", "outcome": "refused"}
    answer_with(admin.page, f"{path}/interactions", {"items": [stopped], "next_cursor": None})
    answer_with(admin.page, f"{path}/verifications", {"items": [], "next_cursor": None})
    page = admin.go("#/accounts/acc000000/audit")

    def row(text):
        return page.locator(".trail-row").filter(has_text=text)

    stop, said = row("Stop requested"), "rds in us-east-1 · Refused · See the interactions"
    expect(stop).to_contain_text(said)  # what became of it is read after the trail
    with network.outage(page):
        expect(stop).to_contain_text("orders")
        expect(stop).to_contain_text(said)
    expect(stop.locator(".trail-who")).to_have_text("on schedule")
    link = stop.get_by_role("link", name="See the interactions")
    expect(link).to_have_attribute("href", "#/accounts/acc000000/interactions")

    key = row("Credentials rotated")
    expect(key).to_contain_text("AAAA → BBBB")
    expect(key.locator(".trail-who")).to_contain_text("admin@northwind.example")
    expect(key.locator(".trail-who")).to_contain_text("from 203.0.113.7")

    resource = row("Schedule changed").get_by_role("link", name="orders")
    expect(resource).to_have_attribute("href", "#/accounts/acc000000/schedules")
    old = row("Name: Old").locator(".trail-who")
    expect(old).to_have_text("admin@northwind.example")
