"""While Instructions is open, the account is looked at, and the page says so while it is true."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conditions import API_DOWN, PLAIN, SLOW_API, SLOW_MODULES, TWO_TABS, shows
from tests.browser.conftest import Person
from tests.support.page import samples
from tests.support.page.waiting import pass_time_until, unseen, until

ACCOUNT = "/v1/accounts/acc000005"
UNAVAILABLE = (503, {"message": "Service Unavailable"})
EVERY = "Cavok looks every 5 seconds"
TURN = "This account waits for its turn."
ITSELF = "Cavok tests by itself: in 4 hours."
OVER = "Cavok has looked for 30 minutes, and stopped."
GOES_ON = "It tries again by itself while you are here."


class Instructions:
    """Those of an account that is not connected. `state` is what the API says of each look."""

    def __init__(self, person: Person, answer_with: Any, **changes: Any) -> None:
        self.page: Page = person.page
        self.person = person
        self.account = samples.account(5, next_verification_at="2026-01-05T14:59:00Z") | changes
        self.state: Any = "waiting"
        self.reads = answer_with(self.page, ACCOUNT, lambda _: self.account)
        answer_with(self.page, f"{ACCOUNT}/instructions", samples.INSTRUCTIONS)
        self.looks = answer_with(self.page, f"{ACCOUNT}/detection", self._look, method="POST")
        self.page.clock.install(time="2026-01-05T10:00:00Z")
        self.page.goto("about:blank")
        person.go("#/accounts/acc000005/instructions")
        expect(self.said).to_be_visible()

    @property
    def said(self) -> Locator:
        return self.page.locator(".watch-text")

    def _look(self, _: Any) -> Any:
        return self.state if self.state in (UNAVAILABLE, "abort") else {"state": self.state}

    def wait(self, seconds: int) -> None:
        """One second after the other, so that answers come between them."""
        for _ in range(seconds):
            self.page.clock.run_for(1_000)
            self.page.wait_for_timeout(20)

    def look_until(self, said: str) -> None:
        """Lets the time pass, with a look at least every half minute, until the page says this."""
        for _ in range(300):
            if said in self.said.inner_text():
                break
            self.page.clock.fast_forward("00:20")
            self.wait(1)
        expect(self.said).to_contain_text(said)


@pytest.fixture
def instructions(admin: Person, answer_with: Any) -> Callable[..., Instructions]:
    return lambda **changes: Instructions(admin, answer_with, **changes)


def test_an_account_is_looked_at_every_five_seconds(instructions):
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    expect(there.said).not_to_contain_text("by itself")
    # From here on time passes only as it is let, so that a slow machine makes no looks of its own.
    there.page.clock.pause_at("2026-01-05T10:02:00Z")
    between = []
    for _ in range(6):
        before, seconds = len(there.looks), 0
        while len(there.looks) == before and seconds < 60:
            there.wait(1)
            seconds += 1
        between.append(seconds)
    # A request may be seen a second after it was sent, an answer some seconds after that.
    assert 24 <= sum(between[1:]) <= 60


@shows(4, PLAIN, SLOW_MODULES, SLOW_API)
def test_a_role_that_was_found_shows_at_once(instructions):
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    # Now the account itself is read every 15 seconds only, and was just now. Time passes only here.
    there.page.clock.pause_at("2026-01-05T10:06:00Z")
    before = len(there.reads)
    for _ in range(20):
        if len(there.reads) == before:
            there.wait(1)
    there.state = "found"
    there.account = there.account | {"testing": True, "version": 2}
    there.wait(7)
    expect(there.said).to_have_text("A test is running.")
    before = len(there.looks)
    there.wait(20)
    assert len(there.looks) == before


@shows(4, API_DOWN)
@pytest.mark.parametrize(
    ("state", "said"),
    [
        ("busy", f"Others of your organization are looked at or tested first. {TURN} {ITSELF}"),
        ("off", ITSELF),
        (UNAVAILABLE, ITSELF),
        ("abort", ITSELF),
    ],
)
def test_who_is_not_looked_at_is_told_what_is_true(instructions, watch, state, said):
    watch.expect_status(503)
    watch.expects_network_failures = True
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    there.state = state
    there.wait(6)
    expect(there.said).to_contain_text(said)
    expect(there.said).not_to_contain_text(EVERY)
    there.state = "waiting"
    there.wait(6)
    expect(there.said).to_contain_text(EVERY)


@pytest.mark.parametrize("how", [UNAVAILABLE, "abort"], ids=["API down", "no network"])
def test_while_every_look_fails_nobody_is_told_to_wait(instructions, watch, how):
    watch.expect_status(503)
    watch.expects_network_failures = True
    there = instructions(next_verification_at=None)
    mark = there.page.locator(".freshness")
    expect(there.said).to_contain_text(EVERY)
    there.page.evaluate(
        """() => {
          window.said = [];
          const note = () => window.said.push(window.announcer.textContent);
          new MutationObserver(note).observe(window.announcer, { childList: true });
        }"""
    )
    there.state = how
    there.wait(12)
    expect(there.said).to_have_text(
        "No test has proved the role yet. Cavok could not look just now. It tries again by "
        "itself while you are here. "
    )
    assert "Cavok could not look just now." in there.page.evaluate("said.join(' ')")
    expect(mark).to_contain_text("Last updated")
    there.state = "waiting"
    there.wait(12)
    expect(there.said).to_contain_text(EVERY)
    expect(mark).to_have_text("Live")


def test_a_look_that_failed_is_missed_by_nobody_once_the_account_is_connected(instructions, watch):
    watch.expect_status(503)
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    there.state = UNAVAILABLE
    there.wait(12)
    there.account = samples.account(5, status="confirmed", version=2)
    there.wait(12)
    expect(there.said).to_have_text("It works. This account is connected. ")
    expect(there.page.locator(".freshness")).to_have_text("Live")


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"issues": [samples.issue("revoked", "R.", "Test.")]}, "Revoked: nothing of"),
        ({"status": "confirmed"}, "This account is connected."),
        (
            {"status": "failed", "issues": [samples.issue("confused_deputy", "O.", "Close it.")]},
            "Blocked for your safety",
        ),
    ],
    ids=["revoked", "connected", "open"],
)
def test_what_the_last_look_said_holds_for_no_other_condition(instructions, changes, said):
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    there.page.route(re.compile("/detection$"), lambda _: None)
    there.wait(6)
    there.account = there.account | {"version": 2, **changes}
    there.wait(4)
    expect(there.said).to_contain_text(said)
    # At once: the next look would say something else.
    assert EVERY not in there.said.inner_text()
    expect(there.page.locator(".watch-state .spinner")).to_have_count(0)


def test_a_look_whose_answer_was_lost_is_repeated_while_its_test_runs(instructions, watch):
    """It may have begun a test without starting it."""
    watch.expect_status(503)
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    there.page.clock.pause_at("2026-01-05T10:02:00Z")
    there.state = UNAVAILABLE
    there.wait(6)
    there.account = there.account | {"testing": True, "version": 2}
    there.wait(6)
    expect(there.said).to_have_text("A test is running.")
    there.state = "found"
    before = len(there.looks)
    there.wait(20)
    until(there.page, lambda: len(there.looks) > before, "it is looked at")
    assert len(there.looks) == before + 1


def test_after_half_an_hour_somebody_must_ask_again(instructions):
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    there.page.clock.pause_at("2026-01-05T10:02:00Z")
    before = len(there.looks)
    there.look_until(OVER)
    # Longer pauses than a minute are not counted.
    assert len(there.looks) - before >= 30
    expect(there.page.locator(".watch-state .spinner")).to_have_count(0)
    there.wait(1)
    announcer = there.page.locator("#announcer")
    expect(announcer).to_contain_text(OVER)
    before = len(there.looks)
    there.wait(20)
    assert len(there.looks) == before
    there.page.get_by_role("button", name="Look again").press("Enter")
    expect(there.said).to_contain_text(EVERY)
    assert there.page.evaluate("document.activeElement.matches('.watch, .watch *')")
    expect(there.page.get_by_role("button", name="Look again")).to_have_count(0)
    until(there.page, lambda: len(there.looks) > before, "it is looked at")
    assert len(there.looks) == before + 1


def test_a_tab_that_was_hidden_for_long_looks_at_once_when_it_is_seen_again(instructions):
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    with unseen(there.page):
        there.page.clock.fast_forward("31:00")
    before = len(there.looks)
    there.page.evaluate("document.dispatchEvent(new Event('visibilitychange'))")
    there.wait(6)
    until(there.page, lambda: len(there.looks) > before, "it is looked at")
    expect(there.said).to_contain_text(EVERY)


@shows(4, TWO_TABS)
def test_a_test_that_a_second_tab_starts_is_said_in_the_first(instructions, other_tab, answer_with):
    there = instructions()
    expect(there.said).to_contain_text(EVERY)

    def start(_: Any) -> Any:
        there.account = there.account | {"testing": True, "version": 2}
        return 202, samples.finished_test(state="running", outcome=None, finished_at=None, steps=[])

    answer_with(other_tab, ACCOUNT, lambda _: there.account)
    answer_with(other_tab, f"{ACCOUNT}/verifications", start, method="POST")
    answer_with(other_tab, f"{ACCOUNT}/verifications/test1", lambda _: start(_)[1])
    other_tab.evaluate("location.hash = '#/accounts/acc000005'")
    other_tab.get_by_role("button", name="Test", exact=True).click()
    expect(other_tab.get_by_role("progressbar")).to_be_visible()
    there.wait(4)
    expect(there.said).to_have_text("A test is running.")


@pytest.mark.parametrize(
    "changes", [{"access_type": "access_key"}, {"status": "confirmed"}, {"testing": True}]
)
def test_nobody_looks_at_an_account_that_waits_for_no_role(instructions, changes):
    there = instructions(**changes)
    there.wait(12)
    assert there.looks == []
    expect(there.said).not_to_contain_text("Cavok looks")


def test_a_viewer_looks_at_nothing(viewer, answer_with):
    there = Instructions(viewer, answer_with)
    there.wait(12)
    assert there.looks == []
    expect(there.said).to_contain_text(ITSELF)
    # A viewer does not know whether the role lets Cavok in.
    expect(there.said).to_contain_text("No test has proved the role yet.")


def test_who_waits_for_nobody_does_not_say_that_it_waits(viewer, answer_with):
    there = Instructions(viewer, answer_with, next_verification_at=None)
    expect(there.said).to_contain_text("Nobody looks for it now")
    expect(there.said).not_to_contain_text("Waiting for a role")
    there.page.get_by_role("link", name="Overview").click()
    main = there.page.get_by_role("main")
    expect(main).to_contain_text("Create the role in your account, then press Test.")
    expect(main).not_to_contain_text("finds it automatically")


def test_after_half_an_hour_nobody_waits_for_a_role_that_no_test_will_find(instructions):
    there = instructions(next_verification_at=None)
    expect(there.said).to_contain_text("Waiting for a role")
    there.page.clock.pause_at("2026-01-05T10:02:00Z")
    there.look_until("Nobody looks for it now")
    expect(there.said).to_contain_text(OVER)


@pytest.mark.parametrize(
    ("state", "said"), [(UNAVAILABLE, GOES_ON), ("busy", TURN)], ids=["API down", "busy"]
)
def test_half_an_hour_without_a_look_is_not_said_to_be_one_of_looks(
    instructions, watch, state, said
):
    watch.expect_status(503)
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    there.page.clock.pause_at("2026-01-05T10:02:00Z")
    there.state = state
    there.wait(6)
    expect(there.said).to_contain_text(said)
    there.page.clock.fast_forward("31:00")
    there.wait(6)
    expect(there.said).to_contain_text(said)
    expect(there.said).not_to_contain_text(OVER)
    before = len(there.looks)
    there.state = "waiting"
    there.wait(12)
    until(there.page, lambda: len(there.looks) > before, "it is looked at")
    expect(there.said).to_contain_text(EVERY)


def test_an_account_that_was_down_for_half_an_hour_is_looked_at_once_it_is_back(
    instructions, watch
):
    watch.expect_status(503)
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    account, there.account = there.account, UNAVAILABLE
    there.page.goto("about:blank")
    reads, looks = len(there.reads), len(there.looks)
    there.person.go("#/accounts/acc000005/instructions")
    until(there.page, lambda: len(there.reads) > reads, "the account is asked for")
    there.page.clock.fast_forward("31:00")
    there.account = account
    pass_time_until(there.page, lambda: len(there.looks) > looks, "it is looked at")
    expect(there.said).to_contain_text(EVERY)
    expect(there.said).not_to_contain_text(OVER)


def test_an_account_that_another_deletes_is_looked_for_no_more(instructions, watch):
    watch.expect_status(404)
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    there.account = samples.NO_SUCH
    there.wait(4)
    expect(there.page.get_by_role("heading", name="No such account")).to_be_visible()
    before = len(there.looks)
    there.wait(20)
    assert len(there.looks) == before


@pytest.mark.parametrize(
    ("state", "changes", "said"),
    [
        ("off", {}, "The last test did not prove the connection."),
        ("waiting", {"issues": [samples.issue("revoked", "R.", "Test.")]}, "Revoked: nothing of"),
    ],
)
def test_what_waits_for_no_role_does_not_say_that_it_waits(instructions, state, changes, said):
    there = instructions(**changes)
    there.state = state
    there.wait(6)
    expect(there.said).to_contain_text(said)
    expect(there.said).not_to_contain_text("Waiting for a role")
    expect(there.said.filter(has_text="by itself")).to_have_count(int(state == "off"))
    expect(there.page.locator(".watch-state .spinner")).to_have_count(0)


def test_a_clock_that_is_set_forward_ends_no_look(instructions):
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    there.page.clock.set_system_time("2026-01-05T11:00:00Z")
    there.wait(12)
    expect(there.said).to_contain_text(EVERY)


def test_a_changed_sentence_leaves_the_focus_where_it_is(instructions):
    there = instructions()
    expect(there.said).to_contain_text(EVERY)
    button = there.page.get_by_role("button", name="Test now")
    button.focus()
    there.state = "busy"
    there.wait(6)
    expect(there.said).to_contain_text("waits for its turn")
    expect(button).to_be_focused()


def test_a_role_that_another_renames_is_the_one_of_the_steps(instructions, answer_with):
    there = instructions()
    expect(there.page.get_by_role("heading", name="Make the role")).to_be_visible()
    steps = [{**step, "text": "Make the role CavokNew."} for step in samples.INSTRUCTIONS["steps"]]
    answer_with(there.page, f"{ACCOUNT}/instructions", {**samples.INSTRUCTIONS, "steps": steps})
    there.account = there.account | {
        "role_arn": f"arn:aws:iam::{there.account['provider_id']}:role/CavokNew",
        "version": 2,
    }
    there.wait(4)
    expect(there.page.get_by_text("Make the role CavokNew.").first).to_be_visible()
