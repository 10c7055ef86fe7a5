"""From "Add" to "Connected": the view that connects an account."""

from __future__ import annotations

import re
import secrets
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import pytest
from playwright.sync_api import Request, Route, expect

from local import customers
from local.customers import CUSTOMERS, CustomerAccount, Offer
from local.stack import Stack
from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.browser.conftest import Person, some_number
from tests.support.page import measures, samples
from tests.support.page.keyboard import press, reach
from tests.support.page.waiting import HeldRequests, pass_time_until, stop_the_clock, until

TEST_MS = 90_000
ONE = "/v1/accounts/acc000005"
REFUSED = ("credentials_rejected", "AWS does not accept the access key.", "Enter another.")
MANY = 500


@contextmanager
def deploying(place: CustomerAccount, offer: Offer) -> Iterator[Callable[[], str]]:
    """Follows the link. The stack has the role, and ends after the block, as something comes after
    the role that takes until then. Yields what its status is.
    """
    waiting = """Resources:
  Waiting:
    Type: AWS::CloudFormation::WaitCondition
    DependsOn: CavokRole
    CreationPolicy: { ResourceSignal: { Timeout: PT10M } }
"""
    held = replace(offer, template=offer.template.replace("Resources:\n", waiting, 1))
    cloudformation, name = place.client("cloudformation"), offer.stack_name
    with ThreadPoolExecutor(1) as pool:
        deployed = pool.submit(customers.deploy, place, held, seconds=TEST_MS // 1000 * 2)
        try:
            yield lambda: cloudformation.describe_stacks(StackName=name)["Stacks"][0]["StackStatus"]
        finally:
            cloudformation.signal_resource(
                StackName=name, LogicalResourceId="Waiting", UniqueId="1", Status="SUCCESS"
            )
        deployed.result()


@pytest.mark.slow
@pytest.mark.in_firefox
def test_adding_leads_to_connected_and_to_resources_and_nobody_presses_test(
    admin: Person, stack: Stack
):
    page, number = admin.page, some_number()
    page.get_by_role("button", name="New Account").first.click()
    page.get_by_label("Provider ID").fill(number)
    page.get_by_label("Name", exact=True).fill(f"Breath{secrets.token_hex(3)}")
    page.get_by_role("button", name="Add account").click()
    expect(page).to_have_url(re.compile("/connect$"))
    expect(page.get_by_text("Cavok looks every 5 seconds")).to_be_visible()
    expect(page.locator(".diagram-way.is-waiting")).to_have_count(2)
    offer = Offer.from_link(page.get_by_role("link", name="Deploy on AWS").get_attribute("href"))
    place = CustomerAccount(stack.emulator_url, number)
    customers.prepare(CUSTOMERS["no-role-yet"], stack.emulator_url, account_number=number)
    with deploying(place, offer) as status:
        found = page.get_by_role("region", name="Connected.")
        expect(found).to_contain_text(re.compile(r"We found \d+ instances?\."), timeout=TEST_MS)
        assert status() == "CREATE_IN_PROGRESS", "CloudFormation makes what comes after the role"
    assert status() == "CREATE_COMPLETE"
    expect(page.locator(".diagram-way.is-done")).to_have_count(2)
    expect(page.get_by_role("link", name="Deploy on AWS")).to_be_hidden()
    found.get_by_role("button", name="Add resources").click()
    dialog = page.get_by_role("dialog", name="Add resources")
    dialog.get_by_role("button", name="Choose all").click()
    count = dialog.get_by_role("checkbox").count()
    dialog.get_by_role("button", name="Add", exact=True).click()
    expect(page.locator("#toasts").get_by_text(re.compile("added"))).to_be_visible(timeout=TEST_MS)
    account_id = re.search("accounts/([^/]+)", page.url)[1]
    there = admin.call("GET", f"/v1/accounts/{account_id}/resources").json()["items"]
    assert len(there) == count


@pytest.mark.in_firefox
def test_each_way_turns_as_the_steps_of_a_test_come(admin: Person, answer_with):
    page = admin.page
    account = samples.account(5) | {"testing": True}
    steps = [*samples.STEPS]
    trust = [each for each in steps if each["group"] == "trust"]
    running = samples.finished_test(state="running", outcome=None, finished_at=None, steps=trust)
    answer_with(page, ONE, lambda _: account)
    answer_with(page, f"{ONE}/instructions", samples.INSTRUCTIONS)
    answer_with(page, f"{ONE}/verifications", {"items": [running], "next_cursor": None})
    answer_with(page, f"{ONE}/verifications/test1", lambda _: running)
    admin.go("#/accounts/acc000005/connect")
    words = page.locator(".connecting-nodes")

    expect(page.locator(".diagram-way.is-done")).to_have_count(1)
    expect(words).to_contain_text("It lets Cavok in, and nobody without the external ID.")
    running["steps"] = steps
    expect(words).to_contain_text("permissions checked so far.")


@pytest.mark.parametrize("width", [360, 640, 1000, 1280])
@pytest.mark.parametrize("access_type", ["assume_role", "access_key"])
def test_nothing_moves_as_the_picture_says_more(admin, answer_with, access_type, width):
    page = admin.page
    page.set_viewport_size({"width": width, "height": 800})
    account = samples.account(5, access_type=access_type)
    steps = samples.all_steps(account)
    trust = [each for each in steps if each["group"] == "trust"]
    running = samples.finished_test(state="running", outcome=None, finished_at=None, steps=[])
    tests: list[Any] = []
    answer_with(page, ONE, lambda _: account)
    answer_with(page, f"{ONE}/instructions", samples.INSTRUCTIONS)
    answer_with(page, f"{ONE}/verifications", lambda _: {"items": tests, "next_cursor": None})
    answer_with(page, f"{ONE}/verifications/test1", lambda _: running)
    begun = (202, running)
    answer_with(page, f"{ONE}/verifications", begun, method="POST")
    stop_the_clock(page)
    admin.go("#/accounts/acc000005/connect")
    picture, words = page.locator(".connecting"), page.locator(".connecting-nodes")
    heights = {}
    turns = {
        "Waits for the way in": {},
        "eing tried": {"testing": True},
        "Permissions are being checked": {"steps": trust},
        "permissions checked so far": {"steps": steps},
    }
    for said, now in turns.items():
        if now:
            tests[:] = [running]
        account |= {"testing": now.get("testing", account["testing"])}
        running |= {"steps": now.get("steps", running["steps"])}
        pass_time_until(page, lambda said=said: said in words.inner_text(), said)
        heights[said] = picture.bounding_box()["height"]
    assert len(set(heights.values())) == 1, heights


@pytest.mark.in_firefox
def test_it_has_no_tabs_and_one_primary_button_also_if_its_instructions_fail(
    admin: Person, answer_with, watch
):
    watch.expect_status(503)
    page = admin.page
    answer_with(page, ONE, samples.account(5))
    answer_with(page, f"{ONE}/verifications", {"items": [], "next_cursor": None})
    guide = HeldRequests(page, re.compile(f"{ONE}/instructions"))
    admin.go("#/accounts/acc000005/connect")
    primary = page.get_by_role("main").locator(".button-primary:visible")
    broken = guide.first()
    expect(primary).to_have_text("Deploy on AWS")
    assert_accessible(page)
    wait, body = {"retry-after": "60"}, samples.problem(503, "Not now.")[1]
    broken.fulfill(status=503, headers=wait, json=body)
    expect(primary).to_have_text("Try again")
    answer_with(page, f"{ONE}/instructions", samples.INSTRUCTIONS)
    press(page, "Try again")
    expect(primary.and_(page.get_by_role("link"))).to_have_text("Deploy on AWS")
    expect(page.get_by_role("navigation", name="Sections of this account")).to_have_count(0)
    expect(page.get_by_role("tab", name="Terraform")).to_be_hidden()
    page.get_by_text("Other ways").click()
    expect(page.get_by_role("tab", name="Terraform")).to_be_visible()


@pytest.mark.in_firefox
@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"issues": [samples.issue(*REFUSED)]}, "Rotate keys"),
        ({"status": "failed", "issues": [samples.issue(*REFUSED)]}, "Rotate keys"),
        ({"issues": [samples.issue("revoked", "A person revoked it.", "Test it.")]}, "Test now"),
    ],
)
def test_a_key_that_does_not_work_has_one_primary_button_and_a_way_onward(
    admin: Person, answer_with, changes: dict[str, Any], expected: str
):
    page = admin.page
    page.set_viewport_size({"width": 360, "height": 720})
    key = samples.account(11, access_type="access_key", **changes)
    tests = [samples.finished_test(outcome="failed", steps=samples.not_entered(key))]
    answer_with(page, "/v1/accounts/acc000011", key)
    answer_with(page, "/v1/accounts/acc000011/instructions", samples.INSTRUCTIONS)
    answer_with(page, "/v1/accounts/acc000011/verifications", {"items": tests, "next_cursor": None})
    begun = samples.finished_test("test9", state="running", outcome=None, finished_at=None)
    answer_with(page, "/v1/accounts/acc000011/verifications/test9", begun)
    sent = answer_with(page, "/v1/accounts/acc000011/verifications", (202, begun), method="POST")
    admin.go("#/accounts/acc000011/connect")

    main = page.get_by_role("main")
    expect(main.locator(".button-primary:visible")).to_have_text(expected)
    expect(main.locator(".diagram-way.is-failed")).to_have_count(int(expected == "Rotate keys"))
    expect(main.get_by_role("link", name="Open the account")).to_be_visible()
    assert_accessible(page)
    assert_fits(page)
    press(page, expected)
    if expected == "Rotate keys":
        expect(page.get_by_role("dialog", name="Rotate keys")).to_be_visible()
    else:
        until(page, lambda: sent, "the test is asked for")


def test_the_link_for_an_admin_opens_and_ends_when_it_is_withdrawn(
    admin: Person, open_context, watch
):
    watch.expect_status(404)
    page, account = admin.page, admin.add_account()
    admin.go(f"#/accounts/{account['account_id']}/connect")
    page.get_by_role("button", name="Send to your AWS admin").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Make the link").click()
    address = dialog.locator("pre").inner_text()
    other = open_context().new_page()
    other.goto(address)
    expect(other.get_by_role("link", name="Deploy on AWS")).to_be_visible()

    dialog.locator("form, .form-actions").get_by_role("button", name="Close").click()
    page.get_by_role("button", name="Send to your AWS admin").click()
    valid = re.compile(r"A link of this account is valid until \d+ \w+ 20\d\d")
    expect(dialog).to_contain_text(valid)
    dialog.get_by_role("button", name="Withdraw the link").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    other.goto("about:blank")
    other.goto(address)
    expect(other.get_by_role("heading", name="This link is not valid")).to_be_visible()


def test_many_instances_are_drawn_in_short_tasks(admin: Person, answer_everything, answer_with):
    """Counted, not timed: a busy machine stretches every task."""
    page, (one, *_) = admin.page, samples.INSTANCES["items"]
    answer_everything(page)
    items = [one | {"instance_id": f"i-{each:017x}"} for each in range(MANY)]
    listing = samples.INSTANCES | {"items": items, "unavailable": []}
    answer_with(page, "/v1/accounts/acc000000/instances", listing)
    page.add_init_script(measures.RECORD_TASKS)
    page.goto("about:blank")
    admin.go("#/accounts/acc000000/instances")
    expect(page.locator(".instance")).to_have_count(MANY)
    admin.go("#/accounts/acc000000/connect")
    page.get_by_role("button", name="Add resources").click()
    lines = page.get_by_role("dialog").locator(".several-line")
    expect(lines).to_have_count(MANY)
    page.get_by_role("button", name="Choose none").click()
    page.get_by_role("button", name="Add", exact=True).click()
    expect(lines.first.get_by_role("checkbox")).to_be_focused()
    expect(page.get_by_text("Choose at least one instance.")).to_be_in_viewport()
    page.get_by_role("button", name="Choose all").click()
    expect(lines.last.get_by_role("checkbox")).to_be_checked()
    expect(page.get_by_text("Choose at least one instance.")).to_have_count(0)
    work = page.evaluate("window.work")
    assert work["nodes"] < 1_000, work


@pytest.mark.parametrize("size", [100, 200])
def test_ordinary_instances_get_one_schedule_at_once_and_the_quota_is_waited_for(
    size: int, admin: Person, answer_everything, answer_with, watch
):
    """By keyboard alone, on a narrow screen. Nothing moves while it waits and goes on."""
    watch.expect_status(429)
    page, (one, *_) = admin.page, samples.INSTANCES["items"]
    page.set_viewport_size({"width": 360, "height": 720})
    answer_everything(page)
    names = ["web-1", "api", "jenkins", "orders-db", "web-dev", "prod-db"]
    items = [one | {"instance_id": f"i-{at:017x}", "name": name} for at, name in enumerate(names)]
    answer_with(page, "/v1/accounts/acc000001/instances", samples.just_listed(items=items))
    made = {"items": [], "next_cursor": None}
    answer_with(page, "/v1/accounts/acc000001/resources", made)

    def add(route: Route, request: Request) -> None:
        if request.method != "POST":
            return route.fallback()
        wanted = request.post_data_json
        if len(sent) == 2 and not limited:
            limited.append(wanted)
            _, body = samples.problem(429, "Too many changes.")
            return route.fulfill(status=429, headers={"retry-after": "2"}, json=body)
        sent.append(wanted)
        return route.fulfill(status=201, json=samples.RESOURCES[0] | wanted)

    sent: list[dict[str, Any]] = []
    limited: list[dict[str, Any]] = []
    page.route(re.compile(r"/v1/accounts/acc000001/resources$"), add)
    bigger = f"document.documentElement.style.fontSize = '{size}%'"
    page.add_init_script(f"addEventListener('DOMContentLoaded', () => {{ {bigger}; }})")
    page.add_init_script(measures.RECORD_SHIFTS)
    page.goto("about:blank")
    admin.go("#/accounts/acc000001/connect")
    wait_until_loaded(page)
    press(page, "Add resources")
    dialog = page.get_by_role("dialog", name="Add resources")
    expect(dialog).to_contain_text("5 of 6 chosen")
    expect(dialog.locator(".several-line").last).to_contain_text("its name says “prod”")
    assert_accessible(page)
    assert_fits(page)
    reach(page, "Schedule of those chosen")
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_label("Schedule of those chosen")).to_have_value("office")
    page.keyboard.press("ArrowDown")
    expect(dialog.get_by_label("Schedule of web-1")).to_have_value("nights")
    expect(dialog.get_by_label("Schedule of prod-db")).to_have_value("none")
    press(page, "Add")
    expect(dialog).to_contain_text("this goes on at")
    expect(dialog.get_by_role("button", name="Stop")).to_be_in_viewport(ratio=1)
    assert_fits(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [each["instance_id"] for each in sent] == [each["instance_id"] for each in items[:5]]
    assert {each["schedule"]["windows"][0]["start"] for each in sent} == {"06:00"}
    assert page.evaluate("window.shifts") < 0.01
