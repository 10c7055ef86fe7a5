"""Tests of an account: live, finished, their history, and what changed between two."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import expect

from tests.browser.conditions import API_DOWN, EVERY, shows
from tests.support.page import samples
from tests.support.page.keyboard import press, reach
from tests.support.page.waiting import HeldRequests

TEST = "/v1/accounts/acc000000/verifications/test1"
OPEN_DOOR = samples.step("trust:without-external-id", "trust", reason="confused_deputy")


@pytest.fixture
def account(admin, answer_with):
    sample = samples.account(0)
    answer_with(admin.page, "/v1/accounts/acc000000", sample)
    return sample


def step_of(page, name):
    """The row of a step, by its IAM action or its plain name."""
    return page.locator(".test-step").filter(has=page.get_by_text(name, exact=True))


def test_steps_appear_one_by_one_and_what_is_awaited_is_shown(admin, account, answer_with):
    def running(count):
        return samples.finished_test(
            state="running", outcome=None, finished_at=None, steps=samples.STEPS[:count]
        )

    there = [running(0)]
    answer_with(admin.page, TEST, lambda _: there[0])
    page = admin.go("#/accounts/acc000000/tests/test1")
    expect(step_of(page, "sts:AssumeRole")).to_contain_text("waiting")
    expect(page.get_by_role("progressbar")).to_be_visible()
    there[0] = running(2)
    expect(step_of(page, "sts:AssumeRole")).to_contain_text("allowed")
    expect(step_of(page, "ec2:DescribeInstances")).to_contain_text("waiting")
    there[0] = running(6)
    expect(step_of(page, "ec2:DescribeInstances")).to_contain_text("allowed")
    expect(page.get_by_role("progressbar")).to_be_visible()
    there[0] = samples.finished_test()
    expect(page.get_by_role("progressbar")).to_have_count(0)
    expect(page.get_by_text("waiting", exact=True)).to_have_count(0)


@pytest.mark.parametrize("role", ["admin", "viewer"])
def test_watching_a_test_starts_none_for_whoever_watches(role, sign_in, answer_with):
    page = sign_in(role).page
    started = answer_with(page, "/v1/.*", None, method="POST")
    answer_with(page, "/v1/accounts/acc000000", samples.account(0, testing=True))
    path = TEST.rpartition("/")[0]
    # It has just ended, which the account did not say yet.
    answer_with(page, path, {"items": [samples.finished_test()], "next_cursor": None})
    answer_with(page, TEST, samples.finished_test())
    page.evaluate("location.hash = '#/accounts/acc000000'")
    page.get_by_role("button", name="Watch the test").click()
    expect(page).to_have_url(re.compile("#/accounts/acc000000/tests/test1$"))
    expect(page.locator(".test-head")).to_be_visible()
    assert started == []


def test_watching_a_test_that_is_not_listed_yet_shows_the_tests(admin, answer_with):
    page = admin.page
    answer_with(page, "/v1/accounts/acc000000", samples.account(0, testing=True))
    answer_with(page, TEST.rpartition("/")[0], {"items": [], "next_cursor": None})
    page.evaluate("location.hash = '#/accounts/acc000000'")
    page.get_by_role("button", name="Watch the test").click()
    expect(page).to_have_url(re.compile("#/accounts/acc000000/tests$"))


def test_the_bar_has_no_end_and_no_group_is_whole_until_the_catalog_is_there(
    admin, account, answer_with, watch
):
    watch.expect_status(422)
    known: list[bool] = []
    refused = samples.problem(422, "Not now.")
    answer_with(admin.page, "/v1/permissions", lambda _: None if known else refused)
    steps = samples.STEPS[:4]
    running = samples.finished_test(state="running", outcome=None, finished_at=None, steps=steps)
    answer_with(admin.page, TEST, running)
    page = admin.go("#/accounts/acc000000/tests/test1")
    bar = page.get_by_role("progressbar")
    expect(bar).to_have_attribute("aria-label", re.compile("4"))
    assert bar.get_attribute("value") is None
    expect(page.locator(".test-groups")).not_to_contain_text("fine")
    known.append(True)
    expect(step_of(page, "ec2:DescribeInstances")).to_contain_text("waiting")
    expect(bar).to_have_attribute("value", "4")


def test_each_step_has_verdict_reason_remedy_and_the_exact_answer(admin, account, answer_with):
    answer_with(admin.page, TEST, samples.finished_test())
    page = admin.go("#/accounts/acc000000/tests/test1")
    denied = step_of(page, "ec2:StopInstances")
    expect(denied).to_contain_text("denied")
    expect(denied).to_contain_text("A policy of the role or user denies it explicitly.")
    expect(denied).to_contain_text(
        "Find the policy statement with Effect Deny that covers ec2:StopInstances"
    )
    exact = denied.get_by_text("with an explicit deny")
    expect(exact).to_be_hidden()
    denied.get_by_text("The exact AWS answer").click()
    expect(exact).to_be_visible()
    expect(step_of(page, "ec2:StartInstances")).to_contain_text("predicted")
    expect(step_of(page, "Refused without the external ID")).to_contain_text(
        "refused, as it must be"
    )
    expect(step_of(page, "rds:StopDBCluster")).to_contain_text("not certain")
    expect(step_of(page, "logs:PutLogEvents")).to_contain_text("skipped")
    for name in ("EC2 instances", "RDS and Aurora databases", "Logs", "Checking"):
        group = page.get_by_role("region", name=name)
        expect(group).to_contain_text("optional")
    expect(page.get_by_role("region", name="Trust")).not_to_contain_text("optional")


def test_an_open_disclosure_stays_open_while_others_come_in(admin, account, answer_with):
    def running(_):
        done = 4 if not page_opened else len(samples.STEPS) - 1
        return samples.finished_test(
            state="running", outcome=None, finished_at=None, steps=samples.STEPS[:done]
        )

    page_opened: list[bool] = []
    answer_with(admin.page, TEST, running)
    page = admin.go("#/accounts/acc000000/tests/test1")
    refused = step_of(page, "Refused without the external ID")
    refused.get_by_text("The exact AWS answer").click()
    page_opened.append(True)
    expect(step_of(page, "rds:StopDBCluster")).to_contain_text("not certain")
    expect(refused.get_by_text("not authorized")).to_be_visible()


def test_an_aborted_test_says_that_it_decided_nothing(admin, account, answer_with):
    answer_with(admin.page, TEST, samples.finished_test(state="aborted", outcome=None, steps=[]))
    page = admin.go("#/accounts/acc000000/tests/test1")
    expect(page.get_by_text("This test decided nothing:")).to_be_visible()


def test_the_history_leads_to_what_changed(admin, account, answer_with):
    later = samples.finished_test(
        "test2", started_at="2026-01-06T10:00:00Z", trigger="scheduled", outcome="degraded"
    )
    earlier = samples.finished_test(
        "test1",
        steps=[
            *samples.STEPS[:7],
            samples.step("ec2:StopInstances", "ec2", region="us-east-1"),
            *samples.STEPS[8:],
        ],
    )
    answer_with(
        admin.page,
        "/v1/accounts/acc000000/verifications",
        {"items": [later, earlier], "next_cursor": None},
    )
    answer_with(admin.page, TEST, earlier)
    answer_with(admin.page, TEST.replace("test1", "test2"), later)
    page = admin.go("#/accounts/acc000000/tests")
    expect(page.locator(".history-row")).to_have_count(2)
    expect(page.locator(".history-row").first).to_contain_text("on schedule")
    page.get_by_role("link", name="What changed").click()
    changed = page.locator(".change")
    expect(changed).to_have_count(1)
    expect(changed).to_contain_text("ec2:StopInstances")
    expect(changed).to_contain_text("allowed")
    expect(changed).to_contain_text("denied")
    expect(page.get_by_text("9 other verdicts are the same.")).to_be_visible()


def test_what_changed_of_a_test_that_runs_is_not_said_before_it_has_ended(admin, answer_with):
    page, later = admin.page, TEST.replace("test1", "test2")
    there = [samples.account(0) | {"testing": True}]
    running = samples.finished_test("test2", state="running", outcome=None, finished_at=None)
    answer_with(page, "/v1/accounts/acc000000", lambda _: there[0])
    answer_with(page, TEST, samples.finished_test("test1"))
    answer_with(page, later, running | {"steps": []})
    page.clock.install()
    admin.go("#/accounts/acc000000/tests/test2/since/test1")
    main = page.get_by_role("main")
    expect(main).to_contain_text("This test still runs.")
    expect(page.locator(".change-head").last).to_contain_text("Testing…")
    expect(main).not_to_contain_text("not tested")
    answer_with(page, later, samples.finished_test("test2"))
    there[0] = samples.account(0, version=2)
    page.clock.run_for(3_000)
    expect(main).to_contain_text("Nothing: all")


def test_only_an_operator_sees_the_execution(sign_in, open_context, answer_with):
    arn = "arn:aws:states:us-east-1:111122223333:execution:verify_account:test1"
    page = sign_in("operator", on=open_context().new_page()).page
    answer_with(page, "/v1/accounts/acc000000", samples.account(0))
    answer_with(page, TEST, samples.finished_test(execution_arn=arn))
    page.evaluate("location.hash = '#/accounts/acc000000/tests/test1'")
    expect(page.get_by_text(arn)).to_be_visible()


@shows(8, *EVERY)
def test_a_group_that_was_skipped_is_one_line(admin, account, answer_with, network):
    answer_with(admin.page, TEST, samples.finished_test())
    page = admin.go("#/accounts/acc000000/tests/test1")
    group = page.get_by_role("region", name="Logs")
    why = group.get_by_text("Not tried: Write logs is No for this account.")
    expect(why).to_have_count(2)
    expect(step_of(page, "logs:PutLogEvents")).to_be_hidden()
    expect(group).not_to_contain_text("The exact AWS answer")
    with network.outage(page):
        why.first.click()
        expect(step_of(page, "logs:PutLogEvents")).to_be_visible()


@shows(8, *EVERY)
def test_an_error_that_proves_a_permission_is_explained(admin, account, answer_with, network):
    steps = [
        *samples.STEPS[:2],
        samples.step("rds:StopDBInstance", "rds", error_code="DBInstanceNotFound", detail="None"),
        samples.step("ec2:StopInstances", "ec2", error_code="DryRunOperation"),
        samples.step("rds:StopDBCluster", "rds", error_code="InvalidDBClusterStateFault"),
        samples.step("ec2:StartInstances", "ec2", evidence="policy", detail="A policy allows it."),
    ]
    answer_with(admin.page, TEST, samples.finished_test(steps=steps))
    page = admin.go("#/accounts/acc000000/tests/test1")
    expect(page.locator(".test-step")).to_have_count(len(steps))
    with network.outage(page):
        for name, said in {
            "rds:StopDBInstance": "no such database exists, as intended.",
            "ec2:StopInstances": "it was a dry run, so nothing was done.",
            "rds:StopDBCluster": "AWS passed the permission check before it answered",
        }.items():
            expect(step_of(page, name)).to_contain_text(said)
            expect(step_of(page, name)).to_contain_text("The exact AWS answer")
    # Our own words are not called AWS's.
    expect(step_of(page, "ec2:StartInstances")).not_to_contain_text("The exact AWS answer")
    expect(step_of(page, "ec2:StartInstances")).to_contain_text("A policy allows it.")


@shows(10, API_DOWN)
def test_a_test_that_cannot_start_without_network_says_so(admin, account, watch):
    watch.expects_network_failures = True
    page = admin.go("#/accounts/acc000000")
    test = page.get_by_role("button", name="Test", exact=True)
    expect(test).to_be_visible()
    page.route("**/verifications", lambda route: route.abort())
    test.click()
    # The request may have arrived.
    expect(page.locator("#toasts")).to_contain_text("perhaps no test was started")
    page.get_by_role("button", name="Dismiss").click()
    held = HeldRequests(page, "**/verifications")
    test.click()
    request = held.first()
    page.context.set_offline(True)
    request.abort()
    expect(page.locator("#toasts")).to_contain_text("perhaps no test was started")
    page.route("**/verifications", lambda route: route.abort())
    test.click()
    expect(page.locator("#toasts")).to_contain_text("No test was started")
    page.context.set_offline(False)


def test_instructions_promise_no_look_while_a_test_runs_nor_one_that_is_over(
    admin, answer_with, watch
):
    waiting = samples.account(5, next_verification_at="2026-01-05T10:20:00Z")
    shown = [waiting | {"testing": True}]
    answer_with(admin.page, "/v1/accounts/acc000005", lambda _: shown[0])
    answer_with(admin.page, "/v1/accounts/acc000005/instructions", samples.INSTRUCTIONS)
    page = admin.page
    page.clock.install(time="2026-01-05T10:00:00Z")
    page.goto("about:blank")
    admin.go("#/accounts/acc000005/instructions")
    watched = page.locator(".watch-text")
    expect(watched).to_contain_text("A test is running.")
    expect(watched).not_to_contain_text("by itself")
    shown[0] = waiting
    page.clock.fast_forward("00:04")
    expect(watched).to_contain_text(re.compile(r"Cavok tests by itself: in \d+ minutes\."))
    page.clock.fast_forward("20:00")
    expect(watched).to_contain_text("Cavok tests by itself: due now.")


def test_scheduled_tests_that_found_the_same_are_said_beside_the_test_that_they_confirm(
    admin, account, answer_with
):
    since = {"tests": 3, "last_at": "2026-01-05T13:00:00Z"}
    confirmed = samples.finished_test("test1", unchanged=since)
    earlier = samples.finished_test("test0", unchanged=since | {"tests": 1})
    page = admin.page
    tests = {"items": [confirmed, earlier], "next_cursor": None}
    answer_with(page, TEST.rpartition("/")[0], tests)
    answer_with(page, TEST, confirmed)
    page.clock.install(time="2026-01-05T14:00:00Z")
    page.goto("about:blank")
    admin.go("#/accounts/acc000000/tests")
    said = "3 scheduled tests since found the same verdicts, the last one 1 hour ago."
    expect(page.locator(".history-row").first).to_contain_text(said)
    expect(page.locator(".history-row").last).to_contain_text(
        "1 scheduled test since found the same verdicts, 1 hour ago."
    )
    page.locator(".history-row").first.get_by_role("link").first.click()
    expect(page.locator(".test-head")).to_contain_text(said)


def test_a_later_test_that_found_the_same_is_said_in_every_tab_that_shows_the_first(
    admin, account, other_tab, answer_with
):
    there = [samples.finished_test()]
    tabs = (admin.page, other_tab)
    for page in tabs:
        answer_with(page, "/v1/accounts/acc000000", account)
        answer_with(page, TEST, lambda _: there[0])
        page.clock.install(time="2026-01-05T14:00:00Z")
        page.evaluate("location.hash = '#/accounts/acc000000/tests/test1'")
        step = step_of(page, "ec2:StopInstances")
        step.get_by_text("The exact AWS answer").click()
        expect(page.locator(".found-again")).to_have_count(0)
    for tests, last, ago in (
        (1, "2026-01-05T11:00:00Z", "3 hours"),
        (2, "2026-01-05T12:00:00Z", "2 hours"),
    ):
        there[0] = samples.finished_test(unchanged={"tests": tests, "last_at": last})
        for page in tabs:
            page.clock.run_for(31_000)
            expect(page.locator(".found-again")).to_contain_text(f"{tests} scheduled test")
            expect(page.locator(".found-again")).to_contain_text(f"{ago} ago")
            # What was opened stays open.
            step = step_of(page, "ec2:StopInstances")
            expect(step.get_by_text("with an explicit deny")).to_be_visible()


def test_who_tries_again_while_a_test_runs_starts_no_second_watch(
    admin, account, answer_with, watch
):
    watch.expect_status(500)
    page, broken = admin.page, [True]
    running = samples.finished_test(state="running", outcome=None, finished_at=None, steps=[])
    asked = answer_with(page, TEST, lambda _: samples.BROKEN if broken[0] else running)
    accounts = answer_with(page, "/v1/accounts/acc000000", account)
    page.clock.install(time="2026-01-05T10:00:00Z")
    page.goto("about:blank")
    admin.go("#/accounts/acc000000/tests/test1")
    alert = page.get_by_role("main").get_by_role("alert")
    for _ in range(3):
        page.clock.run_for(10_000)
        alert.get_by_role("button", name="Try again").click()
    broken[0] = False
    page.clock.run_for(10_000)
    expect(page.get_by_role("progressbar")).to_be_visible()
    # From here on time passes only as it is let, so that a slow machine asks no more often.
    page.clock.pause_at("2026-01-05T10:10:00Z")
    asked.clear()
    accounts.clear()
    for _ in range(30):
        page.clock.run_for(1_000)
        page.wait_for_timeout(10)
    # One watch asks for the test 43 times, and for the account twice. One request may be late.
    assert len(asked) <= 44
    assert len(accounts) <= 3


def test_the_history_follows_a_test_that_starts_and_ends(admin, answer_with):
    old = samples.finished_test("test1")
    new = samples.finished_test("test2", started_at="2026-01-06T10:00:00Z")
    running = new | {"state": "running", "outcome": None, "finished_at": None}
    account = samples.account(0)
    there = [account, [old]]
    page = admin.page
    answer_with(page, "/v1/accounts/acc000000", lambda _: there[0])
    answer_with(
        page,
        "/v1/accounts/acc000000/verifications",
        lambda _: {"items": there[1], "next_cursor": None},
    )
    page.clock.install()
    page.goto("about:blank")
    admin.go("#/accounts/acc000000/tests")
    rows = page.locator(".history-row")
    expect(rows).to_have_count(1)
    there[:] = [account | {"testing": True}, [running, old]]
    page.clock.run_for(16_000)
    page.get_by_role("button", name="Show newer").click()
    expect(rows).to_have_count(2)
    expect(rows.first).to_contain_text("Testing…")
    expect(rows.get_by_role("link", name="What changed")).to_have_count(0)
    ended = account | {"version": 2, "verification": {**account["verification"]}}
    ended["verification"]["verification_id"] = "test2"
    there[:] = [ended, [new, old]]
    page.clock.run_for(16_000)
    expect(rows.first).to_contain_text("Confirmed")
    expect(rows.first.get_by_role("link", name="What changed")).to_be_visible()


@pytest.mark.parametrize(
    ("status", "newest", "test", "then", "now"),
    [
        (
            "confirmed",
            "test2",
            {"outcome": "failed", "steps": [OPEN_DOOR]},
            "Others could have entered this account through its role.",
            "Blocked for your safety",
        ),
        ("failed", "test1", {}, "The connection worked.", "The connection works."),
    ],
    ids=["another followed", "the account changed"],
)
def test_a_test_that_is_true_no_more_speaks_of_what_was(
    admin, answer_with, status, newest, test, then, now
):
    account = samples.account(0, status=status)
    account["verification"] |= {"verification_id": newest}
    answer_with(admin.page, "/v1/accounts/acc000000", account)
    answer_with(admin.page, TEST, samples.finished_test(**test))
    page = admin.go("#/accounts/acc000000/tests/test1")
    expect(page.locator(".test-says")).to_have_text(then)
    expect(page.get_by_role("main")).not_to_contain_text(now)


def test_what_is_said_of_a_test_that_ends_is_what_is_shown(admin, answer_with):
    page, ended = admin.page, [False]
    before = samples.account(5)
    after = before | {
        "issues": [samples.ISSUE],
        "verification": samples.account(0)["verification"] | {"outcome": "failed"},
    }
    running = samples.finished_test(state="running", outcome=None, finished_at=None, steps=[])
    failed = samples.finished_test(outcome="failed", steps=samples.not_entered(before))
    answer_with(page, "/v1/accounts/acc000005", lambda _: after if ended[0] else before)
    answer_with(
        page,
        "/v1/accounts/acc000005/verifications/test1",
        lambda _: failed if ended[0] else running,
    )
    page.clock.install()
    admin.go("#/accounts/acc000005/tests/test1")
    expect(page.get_by_role("progressbar")).to_be_visible()
    ended[0] = True
    page.clock.run_for(800)
    expect(page.locator(".test-badge")).to_have_text("Not there yet")
    page.clock.run_for(100)
    expect(page.locator("#announcer")).to_contain_text("The test has ended: Not there yet")


def test_a_test_that_has_ended_shows_before_its_account_is_read_again(admin, answer_with):
    page, account = admin.page, samples.account(0)
    answer_with(page, TEST, samples.finished_test())
    asked = re.compile("/v1/accounts/acc000000$")
    held = HeldRequests(page, asked)
    page.route(asked, lambda route: route.fulfill(json=account), times=1)
    page.clock.install()
    admin.go("#/accounts/acc000000/tests/test1")
    expect(page.locator(".test-says")).to_have_text("The connection works.")
    held.first().fulfill(json=account | {"status": "failed", "version": account["version"] + 1})
    expect(page.locator(".test-says")).to_have_text("The connection worked.")


def test_the_tests_to_compare_stay_chosen_when_another_one_comes(admin, account, answer_with):
    page = admin.page
    there = [samples.finished_test(f"test{number}") for number in (3, 2, 1)]
    path = TEST.rpartition("/")[0]
    answer_with(page, path, lambda _: {"items": there, "next_cursor": None})
    page.clock.install()
    admin.go("#/accounts/acc000000/tests")
    earlier = page.get_by_label("Earlier test")
    earlier.select_option("test1")
    earlier.focus()
    there.insert(0, samples.finished_test("test4"))
    page.clock.run_for(31_000)
    newer = page.get_by_role("button", name="Show newer")
    expect(newer).to_be_visible()
    expect(earlier).to_be_focused()
    expect(earlier.locator("option")).to_have_count(3)
    newer.click()
    expect(earlier.locator("option")).to_have_count(4)
    expect(earlier).to_have_value("test1")
    expect(page.get_by_label("Later test")).to_have_value("test3")


def test_two_tests_are_compared_but_none_with_itself(admin, account, answer_with):
    """By keyboard alone."""
    there = [samples.finished_test(f"test{number}") for number in (3, 2, 1)]
    path = TEST.rpartition("/")[0]
    answer_with(admin.page, path, {"items": there, "next_cursor": None})
    for each in there:
        answer_with(admin.page, f"{path}/{each['verification_id']}", each)
    page = admin.go("#/accounts/acc000000/tests")
    expect(page.get_by_label("Earlier test")).to_be_visible()
    press(page, "Earlier test", "Home")
    press(page, "Compare")
    expect(page.locator("#toasts")).to_contain_text("Choose two different tests.")
    expect(page).to_have_url(re.compile("#/accounts/acc000000/tests$"))
    reach(page, "Earlier test", backwards=True)
    page.keyboard.press("End")
    press(page, "Compare")
    expect(page).to_have_url(re.compile("/tests/test3/since/test1$"))
    expect(page.get_by_role("heading", name="What changed")).to_be_visible()


def test_a_step_that_was_not_timed_says_no_time(admin, account, answer_with):
    steps = [samples.step("sts:AssumeRole", "trust", "denied", duration_ms=0), samples.STEPS[1]]
    answer_with(admin.page, TEST, samples.finished_test(steps=steps))
    page = admin.go("#/accounts/acc000000/tests/test1")
    expect(page.get_by_text("120 ms")).to_have_count(1)
    expect(page.get_by_text("0 ms", exact=True)).to_have_count(0)
