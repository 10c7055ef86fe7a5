"""What tests found: parts of a permission, issues with fixes, regions, and words that match."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.conditions import EVERY, TWO_TABS, shows
from tests.support.page import samples

ONE = "/v1/accounts/acc000000"
TEST = f"{ONE}/verifications/test1"


def shown(admin, answer_with, hash_="", **changes) -> Page:
    """The overview of an account, or another view of it."""
    answer_with(admin.page, ONE, samples.account(0, **changes))
    return admin.go(f"#/accounts/acc000000{hash_}")


def connection(page: Page) -> Locator:
    return page.get_by_role("region", name="Connection")


# ---- a permission for some resources ---------------------------------------------------------


def test_a_permission_for_some_resources_says_for_how_many_and_which_refused_first(
    admin, answer_with
):
    examples = samples.PARTIAL["resources"]["examples"]
    mixed = samples.PARTIAL["resources"] | {"examples": [examples[2], *examples[:2]]}
    steps = [*samples.STEPS, samples.PARTIAL | {"resources": mixed}]
    answer_with(admin.page, TEST, samples.finished_test(steps=steps))
    page = shown(admin, answer_with, "/tests/test1")
    step = page.locator(".test-step").filter(has=page.get_by_text("rds:StopDBInstance", exact=True))
    expect(step.locator(".step-verdict")).to_contain_text("allowed in part")
    expect(step).to_contain_text("Allowed for 3 of 41 · refused for 37 · not certain for 1")
    expect(step).to_contain_text("predicted")
    step.get_by_text("Which ones (3 of the 41)").click()
    expect(step.locator(".examples li")).to_have_text(
        [
            "orders us-east-1 denied · No policy of the role or user allows it.",
            "ledger eu-west-1 denied · A service control policy of your AWS organization does "
            "not allow it.",
            "dev-1 us-east-1 allowed",
        ]
    )
    group = page.get_by_role("region", name="RDS and Aurora databases")
    expect(group.locator(".card-head")).to_contain_text("0 of 2 fine, 1 in part")


def test_a_permission_for_fewer_resources_than_before_is_a_change(admin, answer_with):
    fewer = samples.PARTIAL["resources"] | {"allowed": 2, "denied": 38}
    later = samples.finished_test("test2", steps=[samples.PARTIAL | {"resources": fewer}])
    answer_with(admin.page, TEST, samples.finished_test(steps=[samples.PARTIAL]))
    answer_with(admin.page, TEST.replace("test1", "test2"), later)
    page = shown(admin, answer_with, "/tests/test2/since/test1")
    expect(page.locator(".change")).to_have_count(1)
    expect(page.locator(".change-side").first).to_contain_text("Allowed for 3 of 41")
    expect(page.locator(".change-side").last).to_contain_text("Allowed for 2 of 41")


# ---- issues --------------------------------------------------------------------------------------


def test_problems_and_information_are_told_apart_by_word_and_icon(admin, answer_with):
    page = shown(admin, answer_with, status="degraded", issues=[samples.SCOPED, samples.FIXABLE])
    issues = connection(page).locator(".issues > li")
    expect(issues.locator(".issue-severity")).to_have_text(["Problem", "For information"])
    expect(issues.nth(0).locator(".icon-warning")).to_have_count(1)
    expect(issues.nth(1).locator(".icon-info")).to_have_count(1)


def test_a_fix_is_copied_as_it_is_and_leads_to_the_console(sign_in, open_context, answer_with):
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    page = sign_in("admin", on=context.new_page()).page
    answer_with(page, f"{ONE}/usage", samples.USAGE)
    answer_with(page, ONE, samples.account(0, status="degraded", issues=[samples.FIXABLE]))
    page.evaluate("location.hash = '#/accounts/acc000000'")
    fix = connection(page).locator(".fix")
    expect(fix.get_by_role("group", name="Policy statement")).to_contain_text(
        '"Action": "ec2:StopInstances"'
    )
    fix.get_by_role("button", name="Copy: AWS CLI command").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    copied = page.evaluate("navigator.clipboard.readText()")
    assert copied == samples.FIXABLE["fix"]["cli"]
    link = fix.get_by_role("link", name="Open it in the AWS console")
    expect(link).to_have_attribute("href", samples.FIXABLE["fix"]["console_url"])
    expect(link).to_have_attribute("rel", "noopener noreferrer")


@pytest.mark.parametrize(
    "address",
    [
        "javascript:console.error('ran')",
        "http://us-east-1.console.aws.amazon.com/iam",
        "https://console.aws.amazon.com.evil.example/iam",
        "https://evilconsole.aws.amazon.com/iam",
        "https://console.aws.amazon.com@evil.example/iam",
        "https://someone:secret@console.aws.amazon.com/iam",
        "https://console.aws.amazon.com:8443/iam",
        "//console.aws.amazon.com/iam",
        "no address",
    ],
)
def test_only_an_address_of_the_console_becomes_its_link(admin, answer_with, address):
    fix = dict.fromkeys(samples.FIXABLE["fix"]) | {
        "policy_statement": "<b>not JSON</b>",
        "console_url": address,
        "stack_url": address,
    }
    page = shown(admin, answer_with, status="degraded", issues=[samples.FIXABLE | {"fix": fix}])
    expect(connection(page).locator(".fix")).to_contain_text("<b>not JSON</b>")
    expect(connection(page).locator(".fix a, .fix b")).to_have_count(0)


# ---- regions -------------------------------------------------------------------------------------


REGIONS = [each["region"] for each in samples.REGION_HEALTH]
SAID = [
    "Answers: us-east-1, eu-west-1",
    "Refused by a service control policy: ap-south-1",
    "Not enabled: me-south-1",
    "Not known: sa-east-1",
]
LEFT_OUT = "Regions that are refused or not enabled are left out of listings."


def test_regions_say_which_answer_and_why_others_do_not(admin, answer_with):
    page = shown(admin, answer_with, regions=REGIONS, region_health=samples.REGION_HEALTH)
    expect(page.locator(".facts .regions li")).to_have_text(SAID)
    expect(page.locator(".facts")).to_contain_text(LEFT_OUT)


def test_a_test_says_what_it_found_in_each_region(admin, answer_with):
    answer_with(admin.page, TEST, samples.finished_test(region_health=samples.REGION_HEALTH))
    page = shown(admin, answer_with, "/tests/test1")
    expect(page.get_by_role("region", name="Regions").locator("li")).to_have_text(SAID)


def test_a_region_that_no_test_has_seen_is_not_known(admin, answer_with):
    page = shown(
        admin,
        answer_with,
        regions=["us-east-1", "eu-west-3"],
        region_health=samples.REGION_HEALTH[:1],
    )
    expect(page.locator(".facts .regions li")).to_have_text(
        ["Answers: us-east-1", "Not known: eu-west-3"]
    )
    expect(page.locator(".facts")).not_to_contain_text(LEFT_OUT)


# ---- words that match ----------------------------------------------------------------------------

UNKNOWN = dict.fromkeys(("ec2", "rds", "logs"), "unknown")
WILL_TELL = "Not known yet. A test will show it."
NOT_CERTAIN = "Not certain. The last test with a verdict left it open."


def test_a_failed_account_never_says_that_something_is_possible(admin, answer_with):
    full = dict.fromkeys(("ec2", "rds", "logs"), "full")
    open_role = samples.issue("confused_deputy", "The role is open.", "Ask for the external ID.")
    account = samples.account(
        0,
        status="failed",
        capabilities=full,
        issues=[open_role],
        regions=REGIONS,
        region_health=samples.REGION_HEALTH,
    )
    answer_with(admin.page, "/v1/accounts", {"items": [account], "next_cursor": None})
    page = shown(admin, answer_with, **account)
    expect(connection(page)).to_contain_text("Blocked for your safety: others could enter")
    expect(connection(page)).not_to_contain_text("Not connected.")
    expect(page.locator(".capability")).to_have_count(3)
    expect(connection(page).get_by_text("Not used.")).to_have_count(3)
    expect(page.locator(".capability-full, .facts .step-good")).to_have_count(0)
    page.evaluate("location.hash = '#/accounts'")
    page.reload()
    expect(page.locator(".account-row[data-id] .chip")).to_have_text(
        ["EC2: not used", "RDS: not used", "Logs: not used"]
    )


def test_after_a_finished_test_nothing_waits_for_a_test(admin, answer_with):
    page = shown(admin, answer_with, capabilities=UNKNOWN)
    expect(connection(page).get_by_text(NOT_CERTAIN)).to_have_count(3)
    expect(connection(page)).not_to_contain_text("A test will show it.")


def test_after_a_change_of_the_connection_a_test_will_tell(admin, answer_with):
    page = shown(
        admin,
        answer_with,
        status="unconfirmed",
        capabilities=UNKNOWN,
        updated_at="2026-01-05T10:00:01Z",
    )
    expect(connection(page)).to_contain_text("no test has proved this connection")
    expect(connection(page).get_by_text(WILL_TELL)).to_have_count(3)


@pytest.mark.parametrize("name", ["Account00000", "Renamed"])
def test_what_changes_no_connection_leaves_what_is_known_of_it(admin, answer_with, name):
    """The account changed after its last verdict: it was renamed, or its newest test aborted."""
    logs = {"ec2": "full", "rds": "full", "logs": "unknown"}
    later = "2026-01-05T11:00:00Z"
    page = shown(
        admin, answer_with, capabilities=logs, write_logs=True, name=name, updated_at=later
    )
    expect(connection(page).locator(".verdict")).to_have_text("Connected. A test proved it.")
    expect(page.locator(".capability").last).to_contain_text(NOT_CERTAIN)
    expect(connection(page)).not_to_contain_text("A test will show it.")


def test_an_aborted_test_has_the_same_words_in_each_view_of_a_new_account(admin, answer_with):
    aborted = samples.finished_test(state="aborted", outcome=None, steps=[])
    answer_with(admin.page, TEST, aborted)
    answer_with(admin.page, f"{ONE}/verifications", {"items": [aborted], "next_cursor": None})
    answer_with(admin.page, f"{ONE}/instructions", samples.INSTRUCTIONS)
    answer_with(admin.page, f"{ONE}/detection", {"state": "off"}, method="POST")
    page = shown(
        admin,
        answer_with,
        status="unconfirmed",
        capabilities=UNKNOWN,
        verification=None,
        updated_at="2026-01-05T11:00:00Z",
    )
    expect(connection(page)).to_contain_text("no test has proved this connection")
    expect(connection(page).get_by_text(WILL_TELL)).to_have_count(3)
    connection(page).get_by_role("link", name="All tests").click()
    expect(page.locator(".history-row")).to_contain_text("Aborted")
    page.get_by_role("link", name="Instructions", exact=True).click()
    expect(page.locator(".watch-text")).to_contain_text(
        "The last test did not prove the connection."
    )


def test_a_role_that_is_not_there_yet_shows_what_was_tried(admin, answer_with):
    failed = {
        "verification_id": "test1",
        "outcome": "failed",
        "finished_at": "2026-01-05T10:00:00Z",
    }
    changes = {
        "status": "unconfirmed",
        "capabilities": UNKNOWN,
        "issues": [samples.ISSUE],
        "verification": failed,
    }
    answer_with(admin.page, TEST, samples.finished_test(outcome="failed", steps=samples.STEPS[:1]))
    page = shown(admin, answer_with, **changes)
    expect(connection(page)).to_contain_text("Not there yet: a test could not enter")
    expect(connection(page)).to_contain_text(samples.ISSUE["message"])
    expect(connection(page).get_by_text("Not tried.")).to_have_count(3)
    expect(connection(page)).not_to_contain_text("A test will show it.")
    connection(page).get_by_role("link", name="See what was tried").click()
    expect(page.locator(".test-head")).to_contain_text("Not there yet")
    expect(page.locator(".test-head")).not_to_contain_text("Failed")
    expect(page.get_by_role("region", name="What is wrong")).to_contain_text(
        samples.ISSUE["message"]
    )
    listed = samples.finished_test(outcome="failed", steps=samples.STEPS[:1])
    answer_with(page, f"{ONE}/verifications", {"items": [listed], "next_cursor": None})
    page.get_by_role("link", name="All tests").click()
    expect(page.locator(".history-row")).to_contain_text("Not there yet")
    expect(page.locator(".history-row")).not_to_contain_text("Failed")


def test_information_leaves_a_confirmed_account_connected(admin, answer_with):
    answer_with(admin.page, TEST, samples.finished_test())
    page = shown(admin, answer_with, issues=[samples.SCOPED])
    expect(connection(page).locator(".verdict")).to_have_text("Connected. A test proved it.")
    page.get_by_role("link", name="All tests of this account").wait_for()
    page.evaluate("location.hash = '#/accounts/acc000000/tests/test1'")
    expect(page.get_by_role("region", name="Good to know")).to_contain_text("3 of 41 databases")
    expect(page.get_by_role("region", name="What is wrong")).to_have_count(0)


def test_a_problem_of_a_confirmed_account_is_said_beside_it(admin, answer_with):
    page = shown(admin, answer_with, issues=[samples.FIXABLE])
    expect(connection(page).locator(".verdict")).to_have_text(
        "Connected. A test proved it, and found what is below."
    )


@shows(7, *EVERY)
def test_the_list_says_how_many_problems_there_are(admin, answer_with, network):
    accounts = [
        samples.account(0, issues=[samples.FIXABLE, samples.SCOPED]),
        samples.account(3, issues=[samples.FIXABLE, samples.ISSUE]),
        samples.account(4, issues=[]),
        samples.account(6, issues=[samples.SCOPED]),
    ]
    answer_with(admin.page, "/v1/accounts", samples.pages_of(accounts))
    admin.page.reload()
    steps = admin.page.locator(".account-row[data-id] .cell-next")
    with network.outage(admin.page):
        expect(steps).to_have_text(["1 problem", "2 problems", "See why", "–"])
    link = steps.first.get_by_role("link", name="1 problem, see why: Account00000")
    expect(link).to_have_attribute("href", "#/accounts/acc000000")


@shows(7, *EVERY)
def test_an_open_role_is_blocked_wherever_it_is_spoken_of(admin, answer_with, network):
    open_role = samples.issue("confused_deputy", "The role is open.", "Ask for the external ID.")
    steps = [
        *samples.STEPS[:2],
        samples.step("trust:without-external-id", "trust", reason="confused_deputy"),
    ]
    answer_with(admin.page, TEST, samples.finished_test(outcome="failed", steps=steps))
    answer_with(admin.page, f"{ONE}/instructions", samples.INSTRUCTIONS)
    page = shown(admin, answer_with, status="failed", issues=[open_role])
    with network.outage(page):
        expect(connection(page)).to_contain_text("until the role is closed to others")
    answer_with(page, f"{ONE}/resources", {"items": [], "next_cursor": None})
    for view in ("instances", "schedules", "instructions", "tests/test1"):
        page.evaluate("view => { location.hash = `#/accounts/acc000000/${view}`; }", view)
        expect(page.get_by_role("main")).to_contain_text("locked for your safety")
        expect(page.get_by_role("main")).not_to_contain_text("not connected")


@shows(7, TWO_TABS)
def test_what_a_test_in_a_second_tab_finds_turns_every_word_of_a_row_in_the_first(
    admin, other_tab, answer_with
):
    first, there = admin.page, [samples.account(0)]

    def test(_):
        open_role = samples.issue("confused_deputy", "The role is open.", "Ask for the ID.")
        there[0] |= {"status": "failed", "version": 2, "issues": [open_role]}
        return 202, samples.finished_test(outcome="failed")

    first.clock.install()
    for tab in (first, other_tab):
        answer_with(tab, "/v1/accounts", lambda _: {"items": there, "next_cursor": None})
        answer_with(tab, ONE, lambda _: there[0])
    answer_with(other_tab, f"{ONE}/verifications", test, method="POST")
    answer_with(other_tab, TEST, samples.finished_test(outcome="failed"))
    first.reload()
    row = first.locator(".account-row[data-id]")
    expect(row).to_contain_text("Confirmed")
    other_tab.evaluate("location.hash = '#/accounts/acc000000'")
    other_tab.get_by_role("button", name="Test", exact=True).click()
    expect(other_tab.locator(".test-head")).to_contain_text("Failed")
    first.clock.fast_forward("00:33")
    expect(row).to_contain_text("Failed")
    expect(row.locator(".chip")).to_have_text(["EC2: not used", "RDS: not used", "Logs: not used"])
    expect(row.locator(".cell-next")).to_have_text("1 problem")


def test_log_writing_that_was_just_switched_contradicts_nothing(admin, answer_with):
    """Until the next test, which comes at once, nothing is known of it, or wrong with it."""
    logs = {"ec2": "full", "rds": "full", "logs": "unknown"}
    later = "2026-01-05T11:00:00Z"
    page = shown(admin, answer_with, capabilities=logs, write_logs=True, updated_at=later)
    expect(page.locator(".capability").last).to_contain_text(NOT_CERTAIN)
    refused = samples.issue(
        "log_writing_refused", "logs:PutLogEvents is refused, but Write logs is Yes.", "Add it."
    )
    off = samples.account(
        0, status="degraded", issues=[refused], write_logs=False, updated_at=later
    )
    answer_with(page, ONE, off)
    page.reload()
    expect(connection(page)).to_contain_text("Log writing did not work, and is switched off now")
    expect(page.get_by_role("main")).not_to_contain_text("but Write logs is Yes")
    answer_with(page, TEST, samples.finished_test(outcome="degraded"))
    answer_with(page, f"{ONE}/instructions", samples.INSTRUCTIONS)
    for view, said in (
        ("instructions", "Log writing did not work, and is switched off now"),
        ("tests/test1", "The connection worked"),
    ):
        page.evaluate("view => { location.hash = `#/accounts/acc000000/${view}`; }", view)
        expect(page.get_by_role("main")).to_contain_text(said)
        present = re.compile("something that (you asked for|this account asks for) does not")
        expect(page.get_by_role("main")).not_to_contain_text(present)
