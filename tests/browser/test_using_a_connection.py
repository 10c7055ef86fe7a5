"""Using connected accounts through the page, on the real API and sample customers' real instances:
listing, starting, stopping, schedules, what is kept of it all, and what a sweep finds meanwhile.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from local import aws, customers
from local.customers import CUSTOMERS, CustomerAccount
from local.stack import Stack
from tests.browser.axe import (
    assert_accessible,
    assert_accessible_everywhere,
    assert_fits,
    wait_until_loaded,
)
from tests.browser.conftest import Person, some_number
from tests.support import sweeps, webhook_receiver
from tests.support.connections import Connected, connect, resource_states
from tests.support.http import answer
from tests.support.journeys import Journey, connect_and_test
from tests.support.months import takes
from tests.support.organizations import Organization
from tests.support.page import samples
from tests.support.page.waiting import until
from tests.support.waiting import eventually
from tests.support.weeks import DAYS, window_around_now, zone_far_from_now

pytestmark = pytest.mark.usefixtures("one_month")
WHY = "You are a viewer. Only an admin of your organization can do this."
Enter = Callable[..., Person]


@pytest.fixture(scope="module")
def journeys(own_organization: Organization, stack: Stack) -> dict[str, Journey]:
    """Accounts of two customers, connected and tested at the same time."""
    policy = answer(own_organization.admin.get("/v1/permissions"))["policy_document"]

    def journey(key: str) -> Journey:
        place = CustomerAccount(stack.emulator_url, some_number())
        return connect_and_test(own_organization.admin, CUSTOMERS[key], place, policy)

    keys = ("all-permissions", "ec2-only")
    with ThreadPoolExecutor(len(keys)) as pool:
        return dict(zip(keys, pool.map(journey, keys), strict=True))


@pytest.fixture(scope="module")
def production(journeys: dict[str, Journey]) -> Journey:
    assert journeys["all-permissions"].account["status"] == "confirmed"
    return journeys["all-permissions"]


@pytest.fixture
def enter(sign_in: Enter, own_organization: Organization) -> Enter:
    """Signs in somebody of this organization."""

    def somebody(group: str, hash_: str, **options: Any) -> Page:
        return sign_in(own_organization.people[group], hash_, **options).page

    return somebody


@pytest.fixture(scope="module")
def new_account(own_organization: Organization, stack: Stack) -> Callable[[str], str]:
    """Adds an account that nobody connects; returns its path."""

    def add(name: str) -> str:
        return connect(
            own_organization.admin, CustomerAccount(stack.emulator_url, some_number()), name=name
        ).path

    return add


def view(connected: Connected, section: str = "") -> str:
    return f"#/accounts/{connected.account_id}{section and f'/{section}'}"


def row(page: Page, name: str) -> Locator:
    return page.locator(".instance").filter(has_text=re.compile(rf"^{name}"))


def usage_row(page: Page, name: str) -> Locator:
    """Of an account, in the usage of all."""
    link = page.get_by_role("link", name=name, exact=True)
    return page.locator(".usage-row").filter(has=link)


def used(connected: Connected) -> int:
    count: int = answer(connected.person.get(f"{connected.path}/usage"))["used"]
    return count


def assert_in_order(page: Page) -> None:
    """Accessible, and as wide as the window, with real data and at both ends of widths."""
    wait_until_loaded(page)
    assert_accessible(page)
    page.set_viewport_size({"width": 360, "height": 740})
    assert_fits(page)
    page.set_viewport_size({"width": 1280, "height": 860})


@takes(420)
def test_instances_are_listed_stopped_and_started_and_it_is_kept_and_counted(
    enter: Enter, production: Journey
) -> None:
    connected = production.connected
    before = used(connected)
    page = enter("admin", view(connected, "instances"))
    for name, kind, state in (
        ("web", "EC2 t3.small", "running"),
        ("batch", "EC2 m7g.large", "stopped"),
        ("orders", "RDS db.t4g.small", "available"),
        ("ledger", "Aurora cluster aurora-postgresql", "available"),
    ):
        expect(row(page, name)).to_contain_text(kind)
        expect(row(page, name).locator(".instance-state")).to_have_text(state)
    expect(page.locator(".instance")).to_have_count(4)
    assert_in_order(page)

    page.get_by_role("button", name="Stop web").click()
    assert_accessible(page)
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    followed = row(page, "web").locator(".followed")
    expect(followed).to_contain_text("Then stopped.", timeout=90_000)
    expect(row(page, "web").locator(".instance-state")).to_have_text("stopped")
    expect(page.get_by_role("button", name="Start web")).to_be_focused()
    assert resource_states(connected.place)[production.prepared.instance_ids[0]] == "stopped"
    page.get_by_role("button", name="Start web").click()
    expect(followed).to_contain_text("Then running.", timeout=90_000)
    expect(row(page, "web").locator(".instance-state")).to_have_text("running")
    # One on opening, and one each when the results of the stop and the start are known.
    until(page, lambda: used(connected) == before + 5, "what was used is counted")

    page.get_by_role("link", name="Interactions").click()
    newest = page.locator(".trail-row")
    expect(newest.nth(1)).to_contain_text("Start")
    expect(newest.nth(1)).to_contain_text(production.prepared.instance_ids[0])
    expect(newest.nth(3)).to_contain_text("Accepted. It was running; stop was asked for.")
    expect(newest.nth(4)).to_contain_text("4 instances.")
    pending = newest.filter(has_text="log line on its way")
    expect(pending).to_have_count(0, timeout=60_000)
    expect(newest.nth(3)).to_contain_text("written to the account's logs")
    assert_in_order(page)

    page.get_by_role("link", name="Overview").click()
    expect(page.get_by_text(f"{before + 5} of 1,000 interactions used")).to_be_visible()
    expect(page.get_by_role("progressbar")).to_have_attribute("max", "100")
    assert_in_order(page)

    page.get_by_role("link", name="Organization", exact=True).click()
    mine = usage_row(page, production.account["name"])
    expect(mine).to_contain_text(f"{before + 5} of 1,000 interactions used ({(before + 5) // 10}%)")
    assert_in_order(page)
    mine.get_by_role("link").click()
    expect(page.get_by_role("heading", name=production.account["name"])).to_be_visible()


def test_usage_of_all_accounts_goes_on_page_by_page_and_recovers(
    sign_in: Enter, page: Page, answer_with: Any, watch: Any
) -> None:
    watch.expect_status(500)
    accounts = [samples.account(index) for index in range(6)]
    first = samples.usage_of(accounts[:4])
    # What passes by itself is tried three times.
    replies: list[Any] = [
        *[samples.problem(500, "It was logged.")] * 3,
        first,
        {**first, "items": samples.usage_of(accounts[4:])["items"][1:2], "next_cursor": None},
    ]
    requests = answer_with(
        page, "/v1/organization/usage", lambda _: replies.pop(0) if replies[1:] else replies[0]
    )
    sign_in("viewer", "#/organization")
    card = page.get_by_role("region", name="Usage this month")
    card.get_by_role("button", name="Try again").click()

    rows = card.get_by_role("listitem")
    expect(rows).to_have_count(5)
    expect(rows.first).to_contain_text("1,024 of 1,000 interactions used (102%)")
    expect(rows.first).to_contain_text("24 billable")
    expect(card.get_by_text("billable")).to_have_count(1)
    expect(card).to_contain_text("Starts again on 1 Feb 2026, UTC.")
    gone = rows.last.get_by_role("link", name="Deleted account")
    expect(gone).to_have_attribute("href", "#/accounts/accgone/audit")
    card.get_by_role("button", name="Show more").click()
    expect(rows).to_have_count(6)
    expect(rows.last).to_contain_text("Account00005")
    expect(card.get_by_role("button")).to_have_count(0)
    assert requests[-1].url.endswith("cursor=more")


def test_usage_of_no_account_is_said_in_words(sign_in: Enter, page: Page, answer_with: Any) -> None:
    nothing = {**samples.usage_of([]), "items": [], "next_cursor": None}
    answer_with(page, "/v1/organization/usage", nothing)
    sign_in("admin", "#/organization")
    card = page.get_by_role("region", name="Usage this month")
    expect(card).to_contain_text("No account has been used this month.")
    expect(card).to_contain_text(
        "Each account has its own free tier of 1,000 interactions a month."
    )


def test_coming_back_and_waiting_list_nothing_and_refreshing_does(
    enter: Enter, production: Journey, page: Page
) -> None:
    connected = production.connected
    before = used(connected)
    page.clock.install()
    enter("admin", view(connected))
    page.get_by_role("link", name="Instances").click()
    expect(row(page, "orders")).to_be_visible()
    page.get_by_role("main").get_by_role("link", name="Schedules").click()
    expect(
        page.get_by_text("No instance is under Cavok's control yet. Choose one under Instances.")
    ).to_be_visible()
    page.get_by_role("link", name="Instances").first.click()
    expect(row(page, "orders")).to_be_visible()
    page.clock.fast_forward("05:00")
    read = used(connected)
    assert read <= before + 1, "none, if a process still keeps what an earlier test listed"
    with page.expect_response(re.compile(r"/instances\?refresh=true$")):
        page.get_by_role("button", name="Refresh").click()
    assert used(connected) == read + 1


def asked_to_stop(**but: Any) -> dict[str, Any]:
    """The interaction of a stop of web1."""
    web = samples.INSTANCES["items"][0]
    of_web = {name: web[name] for name in ("kind", "instance_id", "region")}
    return samples.INTERACTIONS[0] | of_web | {"interaction_id": "new", "action": "stop"} | but


def test_a_stop_is_under_way_until_its_result_is_known_and_only_then_listed_again(
    sign_in: Enter, page: Page, answer_with: Any
) -> None:
    path = "/v1/accounts/acc000000"
    pending = asked_to_stop(result="pending", state=None, state_reason=None)
    missed = asked_to_stop(result="not_reached", state="running", state_reason="It is held")
    history: list[dict[str, Any]] = []

    def stop(_: Any) -> dict[str, Any]:
        history.append(pending)
        return pending

    answer_with(page, path, samples.account(0))
    answer_with(page, f"{path}/resources", {"items": [], "next_cursor": None})
    answer_with(page, f"{path}/instances/ec2/[^/]+/stop", stop, method="POST")
    looks = answer_with(
        page, f"{path}/interactions", lambda _: {"items": list(history), "next_cursor": None}
    )
    listings = answer_with(page, f"{path}/instances", samples.INSTANCES)
    page.clock.install()
    sign_in("admin", "#/accounts/acc000000/instances")
    expect(row(page, "web1").locator(".followed")).to_have_count(0)
    page.get_by_role("button", name="Stop web1").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(row(page, "web1").locator(".instance-state")).to_have_text("stopping")
    followed = row(page, "web1").locator(".followed")
    expect(followed).to_contain_text("Waiting until it is stopped…")
    expect(followed.locator(".spinner")).to_have_count(1)
    while len(looks) < 5:
        page.clock.fast_forward(3_000)
        page.wait_for_timeout(50)
    assert len(listings) == 1
    history[0] = missed
    page.clock.fast_forward(3_000)
    expect(followed).to_contain_text("Did not follow, was running: It is held")
    expect(page.locator("#announcer")).to_contain_text("Did not follow, was running: It is held")
    expect(row(page, "web1").locator(".instance-state")).to_have_text("running")
    until(page, lambda: len(listings) == 2, "instances are listed again")
    before = len(looks)
    page.clock.fast_forward("10:00")
    until(page, lambda: len(looks) > before, "what is beside the listing is read again")
    page.wait_for_timeout(200)
    assert len(listings) == 2
    assert_accessible(page)


def test_a_stop_whose_result_does_not_come_is_left_with_words(
    sign_in: Enter, page: Page, answer_with: Any
) -> None:
    path = "/v1/accounts/acc000000"
    pending = asked_to_stop(result="pending", state=None, state_reason=None)
    answer_with(page, path, samples.account(0))
    answer_with(page, f"{path}/resources", {"items": [], "next_cursor": None})
    history: list[dict[str, Any]] = []

    def stop(_: Any) -> dict[str, Any]:
        history.append(pending)
        return pending

    answer_with(page, f"{path}/instances/ec2/[^/]+/stop", stop, method="POST")
    looks = answer_with(
        page, f"{path}/interactions", lambda _: {"items": list(history), "next_cursor": None}
    )
    listings = answer_with(page, f"{path}/instances", samples.INSTANCES)
    page.clock.install()
    sign_in("admin", "#/accounts/acc000000/instances")
    page.get_by_role("button", name="Stop web1").click()
    page.get_by_role("dialog").get_by_role("button", name="Stop", exact=True).click()
    expect(row(page, "web1").locator(".instance-state")).to_have_text("stopping")
    late = page.get_by_text("This takes longer; refresh to look again.")
    while not late.count():
        page.clock.fast_forward(15_000)
        page.wait_for_timeout(50)
    assert len(looks) >= 71
    assert len(listings) == 1
    history[0] = pending | {"result": "reached", "state": "stopped"}
    stopped = samples.INSTANCES["items"][0] | {"state": "stopped"}
    answer_with(page, f"{path}/instances", samples.INSTANCES | {"items": [stopped]})
    page.get_by_role("button", name="Refresh").click()
    expect(row(page, "web1").locator(".instance-state")).to_have_text("stopped")
    expect(row(page, "web1").locator(".followed")).to_contain_text("Then stopped.")
    expect(page.locator(".spinner")).to_have_count(0)
    expect(late).to_have_count(0)


def test_a_result_is_found_after_a_look_that_failed_and_behind_a_newer_act(
    sign_in: Enter, page: Page, answer_with: Any, watch: Any
) -> None:
    watch.expect_status(503)
    path = "/v1/accounts/acc000000"
    pending = asked_to_stop(result="pending", state=None, state_reason=None)
    history: list[dict[str, Any]] = [pending]
    fails = [False]
    answer_with(page, path, samples.account(0))
    answer_with(page, f"{path}/resources", {"items": [], "next_cursor": None})
    looks = answer_with(
        page,
        f"{path}/interactions",
        lambda _: (
            samples.problem(503, "Not now.")
            if fails[0]
            else {"items": history, "next_cursor": None}
        ),
    )
    listings = answer_with(page, f"{path}/instances", samples.INSTANCES)
    page.clock.install()
    sign_in("admin", "#/accounts/acc000000/instances")
    followed = row(page, "web1").locator(".followed")
    expect(followed).to_contain_text("Waiting until it is stopped…")
    fails[0] = True
    before = len(looks)
    while len(looks) < before + 4:  # three times the same request, and one more
        page.clock.run_for(1_000)
        page.wait_for_timeout(50)
    expect(page.locator("#toasts")).to_be_empty()
    fails[0] = False
    another = pending | {"interaction_id": "newer", "action": "start", "at": "2026-01-05T10:01:00Z"}
    history[:] = [another, pending | {"result": "reached", "state": "stopped"}]
    while len(listings) < 2:
        page.clock.run_for(1_000)
        page.wait_for_timeout(50)
    expect(page.locator("#announcer")).to_contain_text("Then stopped.")
    history[0] = another | {"result": "reached", "state": "running"}
    while len(listings) < 3:
        page.clock.run_for(1_000)
        page.wait_for_timeout(50)
    expect(followed).to_contain_text("Then running.")


def test_what_others_did_since_aws_was_asked_shows_and_the_mark_counts_when_that_was(
    sign_in: Enter, page: Page, answer_with: Any
) -> None:
    path = "/v1/accounts/acc000000"
    stopped = asked_to_stop(at="2026-01-10T09:59:30Z", result="reached", state="stopped")
    answer_with(page, path, samples.account(0))
    answer_with(page, f"{path}/resources", {"items": [], "next_cursor": None})
    answer_with(page, f"{path}/interactions", {"items": [stopped], "next_cursor": None})
    a_minute_old = samples.INSTANCES | {"as_of": "2026-01-10T09:59:05Z"}
    answer_with(page, f"{path}/instances", a_minute_old)
    page.clock.install(time="2026-01-10T10:00:00Z")
    sign_in("viewer", "#/accounts/acc000000/instances")
    expect(row(page, "web1").locator(".followed")).to_contain_text("Then stopped.")
    expect(row(page, "web1").locator(".instance-state")).to_have_text("stopped")
    expect(page.locator(".freshness")).to_contain_text("Last updated")


def test_instances_of_an_account_that_failed_meanwhile_are_read_by_one_part(
    sign_in: Enter, page: Page, answer_with: Any
) -> None:
    path = "/v1/accounts/acc000000"
    there = [samples.account(0)]
    answer_with(page, path, lambda _: there[0])
    looks = answer_with(page, f"{path}/resources", {"items": [], "next_cursor": None})
    answer_with(page, f"{path}/interactions", {"items": [], "next_cursor": None})
    answer_with(page, f"{path}/instances", samples.INSTANCES)
    page.clock.install(time="2026-01-10T10:00:00Z")
    sign_in("admin", "#/accounts/acc000000/instances")
    for status, rows in (("failed", 0), ("confirmed", 1)):
        expect(row(page, "web1")).to_have_count(1 - rows)
        there[0] = samples.account(0, status=status, version=there[0]["version"] + 1)
        page.clock.run_for(16_000)
        expect(row(page, "web1")).to_have_count(rows)
    page.clock.pause_at("2026-01-10T10:30:00Z")
    page.wait_for_timeout(200)
    before = len(looks)
    for _ in range(4):
        page.clock.run_for(15_100)
        page.wait_for_timeout(200)
    # One that the pause caused may be late.
    assert len(looks) - before <= 3, "every 30 seconds, by one"


def test_what_may_not_be_touched_or_seen_is_said_in_words(
    enter: Enter, production: Journey, journeys: dict[str, Journey], watch: Any
) -> None:
    watch.expect_status(409)
    place, batch = production.connected.place, production.prepared.instance_ids[1]
    ec2 = aws.ec2(place.emulator_url, place.account_number)
    ec2.create_tags(Resources=[batch], Tags=[{"Key": "cavok:exclude", "Value": "true"}])
    page = enter("admin", view(production.connected, "instances"))
    page.get_by_role("button", name="Start batch").click()
    refusal = page.locator("#toasts")
    expect(refusal).to_contain_text(f"{batch} is excluded by its tag cavok:exclude=true.")
    expect(page.get_by_role("button", name="Start batch")).to_be_focused()
    assert_in_order(page)
    ec2.delete_tags(Resources=[batch], Tags=[{"Key": "cavok:exclude"}])

    page.evaluate(
        "hash => { location.hash = hash; }", view(journeys["ec2-only"].connected, "instances")
    )
    expect(page.get_by_text("Some could not be listed:")).to_be_visible()
    expect(page.get_by_role("listitem").filter(has_text="RDS in us-east-1")).to_contain_text(
        "AWS refuses rds:DescribeDBInstances"
    )
    expect(row(page, "web")).to_be_visible()
    assert_in_order(page)


def test_instances_of_an_account_that_is_not_connected_are_not_asked_for(
    enter: Enter, new_account: Callable[[str], str]
) -> None:
    account_id = new_account("NotYet").rpartition("/")[2]
    page = enter("admin", f"#/accounts/{account_id}/instances")
    expect(page.get_by_text("This account is not connected")).to_be_visible()
    page.get_by_role("link", name="See what to do").click()
    expect(page.get_by_role("link", name="Deploy on AWS")).to_be_visible()


def leave_running(page: Page, connected: Connected) -> None:
    """Answers the question about a database that now runs outside of its schedule, none of whose
    turns is near.
    """
    (orders,) = answer(connected.person.get(f"{connected.path}/resources"))["items"]
    if orders["next_action"]["action"] == "start":
        question = page.get_by_role("dialog", name="Stop orders")
        question.get_by_role("button", name=re.compile("Leave it until")).click()


def test_an_instance_is_put_under_control_with_a_week_changed_and_released(
    enter: Enter, production: Journey
) -> None:
    connected, zone = production.connected, zone_far_from_now("07:30", "18:00", "22:00", "03:00")
    page = enter("admin", view(connected, "instances"))
    page.get_by_role("button", name="Schedule orders").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_label("Time zone").select_option(zone)
    dialog.get_by_label("Start at").fill("07:30")
    assert_accessible(page)
    dialog.get_by_role("button", name="Save").click()
    expect(row(page, "orders")).to_contain_text(re.compile("Next (start|stop):"))
    leave_running(page, connected)
    expect(page.get_by_role("button", name="Change the schedule of orders")).to_be_focused()
    # No link of the page leads away from the question: where it was asked, there is none.
    page.get_by_role("main").get_by_role("link", name="Schedules").click()

    card = page.locator(".resource").filter(has_text="orders")
    expect(card).to_contain_text(f"Times in {zone}")
    expect(card.get_by_text("07:30–18:00")).to_have_count(5)
    expect(card.get_by_text("off", exact=True)).to_have_count(2)
    expect(card.locator(".week-bar")).to_have_count(5)
    for bar in card.locator(".week-bar").all():
        expect(bar).to_have_attribute("style", "left: 31.25%; width: 43.75%;")
    assert_in_order(page)

    card.get_by_role("button", name="Change the schedule of orders").click()
    dialog.get_by_role("button", name="Add a window").click()
    night = dialog.get_by_role("group", name="Window 2")
    dialog.get_by_role("button", name="Save").click()
    expect(dialog).to_contain_text("Choose at least one day, or remove the window.")
    night.get_by_text("Sat").click()
    night.get_by_label("Start at").fill("22:00")
    night.get_by_label("Stop at").fill("03:00")
    dialog.get_by_role("button", name="Save").click()
    expect(card.get_by_text("22:00–24:00")).to_be_visible()
    leave_running(page, connected)
    expect(card.get_by_text("00:00–03:00")).to_be_visible()
    expect(card.get_by_role("button", name="Change the schedule of orders")).to_be_focused()

    card.get_by_role("button", name="Release orders").click()
    dialog.get_by_role("button", name="Release").click()
    expect(page.get_by_text("No instance is under Cavok's control yet.")).to_be_visible()
    assert answer(connected.person.get(f"{connected.path}/resources"))["items"] == []


def test_a_webhook_is_set_tested_and_removed_and_its_secret_shown_once(
    sign_in: Enter, open_context: Any, own_organization: Organization, watch: Any
) -> None:
    watch.expect_status(422)
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    page = sign_in(own_organization.people["admin"], "#/organization", on=context.new_page()).page
    dialog, region = page.get_by_role("dialog"), page.get_by_role("region", name="Webhook")
    with webhook_receiver.receiver() as receiver:
        page.get_by_role("button", name="Set a webhook").click()
        dialog.get_by_label("Address").fill("http://hooks.example.com/")
        dialog.get_by_role("button", name="Save").click()
        expect(dialog.get_by_text("Enter an address that starts with https://")).to_be_visible()
        assert_accessible_everywhere(page)
        dialog.get_by_label("Address").fill(receiver.url)
        dialog.get_by_label("Account Created").uncheck()
        dialog.get_by_role("button", name="Save").click()
        expect(dialog).to_contain_text("It is shown this once")
        assert_accessible_everywhere(page)
        dialog.get_by_role("button", name="Copy: signing secret").click()
        expect(dialog.locator(".announcer")).to_have_text("Copied")
        secret = page.evaluate("navigator.clipboard.readText()")
        assert secret.startswith("whsec_")
        dialog.get_by_role("button", name="I have kept it").click()
        expect(region).to_contain_text(receiver.url)
        expect(region).not_to_contain_text("Account Created")
        page.reload()
        expect(region).to_contain_text(receiver.url)
        assert secret not in page.content()
        assert_in_order(page)

        region.get_by_role("button", name="Send a test message").click()
        expect(page.locator("#toasts")).to_contain_text("A test message is on its way.")
        receiver.wait_for(lambda one: one.json["type"] == "Webhook Test", "a test message")
        eventually(
            lambda: answer(own_organization.admin.get("/v1/organization/webhook/deliveries"))[
                "items"
            ],
            "the delivery is in the log",
        )
        region.get_by_text("Deliveries").click()
        expect(region.get_by_role("listitem")).to_contain_text("Webhook Test")
        expect(region.get_by_role("listitem")).to_contain_text("Delivered · 1 try · 204")
        assert_accessible(page)
        region.get_by_role("button", name="Deliver again").click()
        receiver.wait_for(lambda _: len(receiver.deliveries) == 2, "the same message again")

    region.get_by_role("button", name="New signing secret").click()
    dialog.get_by_role("button", name="New signing secret").click()
    expect(dialog.locator("code")).to_contain_text("whsec_")
    assert dialog.locator("code").inner_text() != secret
    dialog.get_by_role("button", name="I have kept it").click()

    region.get_by_role("button", name="Remove the webhook").click()
    dialog.get_by_role("button", name="Remove the webhook").click()
    expect(region).to_contain_text("No webhook is set.")
    expect(page.get_by_role("button", name="Set a webhook")).to_be_visible()


def test_the_audit_trail_says_who_did_what_to_an_account_and_to_all(
    enter: Enter, own_organization: Organization, production: Journey
) -> None:
    connected, admin = production.connected, own_organization.people["admin"]["email"]
    name = production.account["name"]
    answer(own_organization.admin.patch(connected.path, json={"name": f"{name}X"}))
    answer(own_organization.admin.patch(connected.path, json={"name": name}))
    page = enter("viewer", view(connected, "audit"))
    entries = page.locator(".trail-row")
    expect(entries.first).to_contain_text("Changed")
    expect(entries.first).to_contain_text(f"Name: {name}X → {name}")
    expect(entries.first).to_contain_text(admin)
    expect(entries.last).to_contain_text("Created")
    assert_in_order(page)

    page.evaluate("location.hash = '#/organization'")
    page.get_by_role("link", name="Open the audit trail").click()
    mine = entries.filter(has=page.get_by_role("link", name=name, exact=True))
    expect(mine.first).to_contain_text(f"Name: {name}X → {name}")
    assert_in_order(page)
    mine.first.get_by_role("link", name=name).click()
    expect(page.get_by_role("heading", name=name)).to_be_visible()


def test_the_audit_trail_outlives_its_account(
    enter: Enter, new_account: Callable[[str], str], own_organization: Organization, watch: Any
) -> None:
    watch.expect_status(404)
    path = new_account("ShortLived")
    answer(own_organization.admin.delete(path))
    page = enter("admin", "#/organization/audit")
    page.get_by_role("link", name="ShortLived").first.click()
    expect(page.get_by_role("heading", name="No such account")).to_be_visible()
    page.get_by_role("link", name="Its audit trail").click()
    expect(page.locator(".trail-row")).to_have_count(2)
    expect(page.locator(".trail-row").first).to_contain_text("Deleted")
    assert_in_order(page)


def test_a_viewer_sees_it_all_changes_nothing_and_is_told_why(
    enter: Enter, own_organization: Organization, production: Journey
) -> None:
    connected = production.connected
    resource = answer(
        own_organization.admin.post(
            f"{connected.path}/resources",
            json={
                "kind": "aurora",
                "instance_id": "ledger",
                "region": "us-east-1",
                "schedule": {"time_zone": "UTC", "windows": [window_around_now("UTC", DAYS)]},
            },
        )
    )
    page = enter("viewer", view(connected, "instances"))
    sent: list[str] = []
    page.on("request", lambda one: sent.append(one.method) if "/v1/" in one.url else None)

    def refused(*names: str) -> None:
        for name in names:
            button = page.get_by_role("button", name=name, exact=True)
            expect(button).to_have_attribute("aria-disabled", "true")
            button.click(force=True)
            expect(page.get_by_role("dialog")).to_have_count(0)
        expect(page.locator("#toasts")).to_contain_text(WHY)

    expect(row(page, "ledger")).to_contain_text("Next stop:")
    refused("Stop web", "Start batch", "Schedule web", "Change the schedule of ledger")
    assert_in_order(page)
    page.get_by_role("main").get_by_role("link", name="Schedules").click()
    expect(page.locator(".resource").filter(has_text="ledger")).to_contain_text("Times in UTC")
    refused("Change the schedule of ledger", "Release ledger")
    assert_in_order(page)
    page.get_by_role("link", name="Interactions").click()
    expect(page.locator(".trail-row").first).to_contain_text("Listing")
    page.evaluate("location.hash = '#/organization'")
    expect(page.get_by_text("No webhook is set.")).to_be_visible()
    refused("Set a webhook")
    assert set(sent) <= {"GET", "OPTIONS"}
    answer(own_organization.admin.delete(f"{connected.path}/resources/{resource['resource_id']}"))


def test_what_a_sweep_finds_shows_in_an_open_page_by_itself(
    enter: Enter, own_organization: Organization, production: Journey, stack: Stack, page: Page
) -> None:
    """Broken and mended in the customer's own account; nobody presses Test or reloads. The details
    wait for a press."""
    connected, place = production.connected, production.connected.place
    name, role = production.account["name"], str(production.prepared.role_name)
    trust = {"StringEquals": {"sts:ExternalId": connected.offer().external_id}}
    page.clock.install()
    enter("admin", view(connected))
    title, wrong = page.locator(".account-title"), page.get_by_role("region", name="Connection")
    expect(title).to_contain_text("Confirmed")

    def sweep(pass_by: str) -> None:
        sweeps.make_due(stack, own_organization.name, connected)
        sweeps.run_sweep(stack)
        page.clock.fast_forward(pass_by)

    customers.deny("ec2:StopInstances")(place, role)
    sweep("00:15")
    expect(title).to_contain_text("Degraded")
    page.get_by_role("button", name="Show changes").click()
    expect(wrong).to_contain_text("What to do:")
    expect(wrong).to_contain_text("ec2:StopInstances")
    expect(page.locator("#announcer")).to_contain_text("The account is now: Degraded")
    assert_in_order(page)

    page.get_by_role("link", name="Cloud Accounts").first.click()
    line = page.get_by_role("row").filter(has_text=name)
    expect(line).to_contain_text("Degraded")
    customers.set_trust_condition(None)(place, role)
    sweep("00:31")
    expect(line).to_contain_text("Failed")
    line.get_by_role("link", name="See why").click()
    expect(wrong).to_contain_text("without this organization's external ID")
    page.get_by_role("link", name="Cloud Accounts").first.click()

    customers.set_trust_condition(trust)(place, role)
    place.iam.delete_role_policy(RoleName=role, PolicyName="OurRules")
    sweep("00:31")
    expect(line).to_contain_text("Confirmed")
    expect(page.locator("#announcer")).to_contain_text(f"{name} is now: Confirmed")
