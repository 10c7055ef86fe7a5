"""Saving a schedule: errors at their window, and an instance that runs outside of it."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, Request, expect

from tests.browser.axe import assert_accessible, assert_accessible_everywhere
from tests.browser.conditions import API_DOWN, EVERY, shows
from tests.support.page import samples
from tests.support.page.keyboard import press
from tests.support.page.waiting import HeldRequests, pass_time_until, stop_the_clock, until

ONE = "/v1/accounts/acc000000"
MONDAY = {"action": "start", "at": "2035-01-08T08:00:00Z"}


NEVER_GIVEN_UP = "AbortSignal.timeout = () => new AbortController().signal"
"""A script: else a page gives up a request without an answer after twenty seconds of the machine's
clock, which no test stops.
"""
STOPPING = samples.INTERACTIONS[0] | {"action": "stop", "result": "pending", "state": None}
REVOKED = samples.issue("revoked", "A person revoked it.", "Press Test.")


@pytest.fixture
def furnished(admin, answer_with) -> Page:
    answer_with(admin.page, ONE, samples.account(0))
    answer_with(admin.page, f"{ONE}/resources", {"items": samples.RESOURCES, "next_cursor": None})
    answer_with(admin.page, f"{ONE}/resources/res1", samples.RESOURCES[0])
    answer_with(admin.page, f"{ONE}/interactions", {"items": [], "next_cursor": None})
    answer_with(admin.page, f"{ONE}/instances", samples.just_listed())
    return admin.page


def saved(next_action: dict[str, Any] | None, **changes: Any) -> Any:
    """What the API answers to a new schedule of web1."""

    def reply(request: Any) -> dict[str, Any]:
        # Firefox does not tell the bodies of requests.
        body = request.post_data_json or samples.RESOURCES[0]
        schedule = body["schedule"]
        return samples.RESOURCES[0] | {"schedule": schedule, "next_action": next_action, **changes}

    return reply


def schedule_of_web1(page: Page, answer_with: Any, next_action: dict[str, Any]) -> dict[str, Any]:
    """What the API answers to a new schedule of web1, and then to whoever reads it."""
    there: dict[str, Any] = {}

    def keep(request: Any) -> dict[str, Any]:
        there.update(saved(next_action)(request))
        return there

    answer_with(page, f"{ONE}/resources/res1", keep, method="PATCH")
    answer_with(page, f"{ONE}/resources/res1", lambda _: there.get("gone") or there or None)
    return there


def save(page: Page) -> None:
    page.get_by_role("button", name="Change the schedule of web1").click()
    page.get_by_role("button", name="Save").click()


def question(page: Page):
    return page.get_by_role("dialog", name="Stop web1")


def assert_nothing_is_asked(page: Page) -> None:
    """Of a page whose clock stands since before the schedule was saved."""
    expect(page.locator("#toasts")).to_contain_text("The schedule is set.")
    # The question waits so long for a slow reading.
    page.clock.run_for(2_100)
    page.wait_for_timeout(200)
    expect(page.get_by_role("dialog")).to_have_count(0)


@shows(6, *EVERY)
def test_an_instance_that_runs_outside_of_its_new_schedule_is_asked_about(
    furnished, admin, answer_with, network
):
    page = furnished
    schedule_of_web1(page, answer_with, MONDAY)
    stops = answer_with(page, f"{ONE}/instances/ec2/[^/]+/stop", STOPPING, method="POST")
    admin.go("#/accounts/acc000000/instances")
    # Instances are not listed again by themselves.
    with network.outage(page, back=""):
        save(page)
        if network.is_down:
            page.clock.run_for(5_000)
            alert = page.get_by_role("dialog").get_by_role("alert")
            expect(alert).to_contain_text("The service has a problem")
    if network.condition is API_DOWN:
        page.get_by_role("button", name="Save").click()
    expect(question(page)).to_contain_text("It is running now, outside this schedule.")
    expect(question(page)).to_contain_text("Times in Europe/Lisbon")
    question(page).get_by_role("button", name="Leave it until Monday 19:00").click()
    expect(question(page)).to_have_count(0)
    assert stops == []
    save(page)
    question(page).get_by_role("button", name="Stop now").click()
    expect(question(page)).to_have_count(0)
    expect(page.locator(".instance").first).to_contain_text("stopping")
    assert len(stops) == 1


def test_a_new_schedule_whose_answer_was_lost_is_saved_by_the_next_press(
    furnished, admin, answer_with, watch
):
    """A person may change it in between: what was sent before is no change of another."""
    watch.expects_network_failures = True
    page, there = furnished, []

    def lose(request: Any) -> Any:
        if there:
            return samples.problem(409, "It is under control already.")
        there.append(saved(MONDAY)(request))
        return "abort"

    answer_with(page, f"{ONE}/resources", lambda _: {"items": there, "next_cursor": None})
    answer_with(page, f"{ONE}/resources/res1", lambda _: there[0])
    answer_with(page, f"{ONE}/resources", lose, method="POST")
    changes = answer_with(page, f"{ONE}/resources/res1", saved(MONDAY), method="PATCH")
    admin.go("#/accounts/acc000000/instances")
    page.get_by_role("button", name="Schedule web1", exact=True).click()
    press = page.get_by_role("dialog").get_by_role("button", name="Save")
    press.click()
    expect(page.get_by_role("dialog").get_by_role("alert")).to_contain_text("Check")
    page.get_by_label("Time zone").select_option("Asia/Tokyo")
    press.click()
    expect(question(page)).to_contain_text("It is running now, outside this schedule.")
    assert [each.post_data_json["schedule"]["time_zone"] for each in changes] == ["Asia/Tokyo"]


def test_a_reader_whose_clock_is_ahead_is_asked_too(furnished, admin, answer_with):
    page = furnished
    schedule_of_web1(page, answer_with, {"action": "start", "at": "2026-01-12T08:00:00Z"})
    stops = answer_with(page, f"{ONE}/instances/ec2/[^/]+/stop", STOPPING, method="POST")
    stop_the_clock(page, "2026-01-12T10:00:00Z")
    admin.go("#/accounts/acc000000/schedules")
    save(page)
    expect(question(page)).to_be_visible()
    page.clock.run_for(120_000)
    question(page).get_by_role("button", name="Stop now").click()
    expect(question(page)).to_have_count(0)
    assert len(stops) == 1


def test_the_schedules_ask_too_although_they_do_not_see_what_runs(furnished, admin, answer_with):
    """By keyboard alone."""
    page = furnished
    schedule_of_web1(page, answer_with, MONDAY)
    stops = answer_with(page, f"{ONE}/instances/ec2/[^/]+/stop", STOPPING, method="POST")
    admin.go("#/accounts/acc000000/schedules")
    change = page.get_by_role("button", name="Change the schedule of web1")
    for answer in ("Leave it until Monday 19:00", "Stop now"):
        expect(change).to_be_visible()
        press(page, "Change the schedule of web1")
        press(page, "Save")
        expect(question(page)).to_contain_text(
            "If it is running now, it runs outside this schedule."
        )
        if answer == "Stop now":
            assert_accessible_everywhere(page)
        press(page, answer)
        expect(question(page)).to_have_count(0)
        expect(change).to_be_focused()
    expect(page.locator("#toasts")).to_contain_text("web1 is stopping.")
    assert stops[0].url.endswith("?region=us-east-1")


@pytest.mark.parametrize(
    ("becomes", "why"),
    [
        ("due", "Its schedule has taken its turn, or was changed."),
        ("stopped", "It does not run any more."),
        ("revoked", "The use of this account is revoked"),
    ],
)
def test_the_question_goes_when_there_is_none_any_more(furnished, admin, answer_with, becomes, why):
    page, acts, accounts = furnished, [], [samples.account(0)]
    answer_with(page, ONE, lambda _: accounts[-1])
    answer_with(page, f"{ONE}/interactions", lambda _: {"items": acts, "next_cursor": None})
    there = schedule_of_web1(page, answer_with, {"action": "start", "at": "2026-01-12T08:00:00Z"})
    listing = samples.INSTANCES | {"as_of": "2026-01-12T07:00:00Z"}
    answer_with(page, f"{ONE}/instances", listing)
    stop_the_clock(page, "2026-01-12T07:00:00Z")
    admin.go("#/accounts/acc000000/instances")
    save(page)
    expect(question(page)).to_contain_text("It is running now, outside this schedule.")
    if becomes == "stopped":
        stop = {"at": "2026-01-12T07:00:10Z", "result": "reached", "state": "stopped"}
        acts += [STOPPING | {"instance_id": listing["items"][0]["instance_id"]} | stop]
    if becomes == "revoked":
        accounts += [samples.account(0, status="unconfirmed", issues=[REVOKED], version=2)]
    if becomes == "due":
        page.clock.run_for(31_000)
        expect(question(page)).to_be_visible()
        there["next_action"] = {"action": "stop", "at": "2026-01-12T18:00:00Z"}
        page.clock.fast_forward("01:00:00")
    pass_time_until(page, lambda: not question(page).count(), "no question any more")
    expect(page.locator("#toasts")).to_contain_text(f"web1 was left as it is. {why}")


def test_the_question_knows_no_more_than_the_listing(furnished, admin, answer_with):
    page = furnished
    schedule_of_web1(page, answer_with, MONDAY)
    answer_with(page, f"{ONE}/instances", samples.INSTANCES | {"as_of": "2026-01-10T10:00:00Z"})
    stop_the_clock(page, "2026-01-10T10:00:00Z")
    admin.go("#/accounts/acc000000/instances")
    save(page)
    expect(question(page)).to_contain_text("It is running now, outside this schedule.")
    page.clock.run_for(70_000)
    expect(question(page)).to_contain_text("If it is running now, it runs outside this schedule.")


@pytest.mark.parametrize(
    "meanwhile",
    [{"next_action": {**MONDAY, "action": "stop"}}, {"gone": samples.NO_SUCH}],
    ids=["a turn by another clock", "released"],
)
def test_nothing_is_stopped_in_its_time(furnished, admin, answer_with, watch, meanwhile):
    watch.expect_status(404)
    page = furnished
    there = schedule_of_web1(page, answer_with, MONDAY)
    stops = answer_with(page, f"{ONE}/instances/ec2/[^/]+/stop", STOPPING, method="POST")
    admin.go("#/accounts/acc000000/schedules")
    save(page)
    expect(question(page)).to_be_visible()
    there.update(meanwhile)
    question(page).get_by_role("button", name="Stop now").click()
    expect(question(page)).to_have_count(0)
    expect(page.locator("#toasts")).to_contain_text("web1 was left as it is.")
    assert stops == []


def test_the_question_waits_for_no_slow_reading_but_for_another_modal(
    furnished, admin, answer_with
):
    page = furnished
    changes = answer_with(page, f"{ONE}/resources/res1", saved(MONDAY), method="PATCH")
    page.add_init_script(NEVER_GIVEN_UP)
    stop_the_clock(page)
    admin.go("#/accounts/acc000000/instances")
    page.route(f"**{ONE}/*", lambda route: None if changes else route.fallback())
    save(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    # The page waits two seconds for the reading.
    page.clock.run_for(2_100)
    expect(question(page)).to_be_visible()
    question(page).get_by_role("button", name="Leave it").click()
    changes.clear()
    save(page)
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_role("link", name="See the week")).to_have_count(0)
    page.get_by_role("button", name="Change the schedule of web1").click()
    page.clock.run_for(2_100)
    expect(question(page)).to_have_count(0)
    page.get_by_role("dialog").get_by_label("Time zone").press("Escape")
    expect(page.get_by_role("dialog")).to_have_count(0)
    # Not before whatever the other one leads to is shown.
    page.clock.run_for(1)
    expect(question(page)).to_be_visible()


def test_whoever_leaves_the_view_is_asked_all_the_same(furnished, admin, answer_with):
    page = furnished
    answer_with(page, f"{ONE}/verifications", {"items": [], "next_cursor": None})
    held = HeldRequests(page, f"**{ONE}/resources/res1", "PATCH")
    page.add_init_script(NEVER_GIVEN_UP)
    # Who comes half a minute later is told, and not asked.
    stop_the_clock(page)
    admin.go("#/accounts/acc000000/instances")
    save(page)
    change = held.first()
    page.evaluate("location.hash = '#/accounts/acc000000/tests'")
    expect(page.get_by_text("No test of the last 90 days.")).to_be_visible()
    change.fulfill(json=saved(MONDAY)(change.request))
    expect(page.locator("#toasts")).to_contain_text("The schedule is set.")
    page.clock.run_for(2_100)
    expect(question(page)).to_contain_text("outside this schedule")


@pytest.mark.parametrize("state", ["running", "stopped"])
def test_nothing_is_asked_about_an_instance_that_is_as_its_schedule_says(
    furnished, admin, answer_with, state
):
    page = furnished
    web = samples.INSTANCES["items"][0] | {"state": state}
    answer_with(page, f"{ONE}/instances", samples.just_listed(items=[web]))
    after = {**MONDAY, "action": "stop"} if state == "running" else MONDAY
    answer_with(page, f"{ONE}/resources/res1", saved(after), method="PATCH")
    stop_the_clock(page)
    admin.go("#/accounts/acc000000/instances")
    save(page)
    expect(page.get_by_role("link", name="See the week")).to_be_visible()
    assert_nothing_is_asked(page)


@pytest.mark.parametrize("view", ["instances", "schedules"])
def test_a_week_that_is_always_on_is_no_question_and_says_so(furnished, admin, answer_with, view):
    page = furnished
    days = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"]
    always = {"time_zone": "UTC", "windows": [{"days": days, "start": "08:00", "stop": "08:00"}]}
    on = samples.RESOURCES[0] | {
        "schedule": always,
        "next_action": {"action": "start", "at": "2026-01-06T00:00:00Z"},
    }
    answer_with(page, f"{ONE}/resources", {"items": [on], "next_cursor": None})
    answer_with(page, f"{ONE}/resources/res1", on)
    answer_with(page, f"{ONE}/resources/res1", on, method="PATCH")
    stop_the_clock(page)
    admin.go(f"#/accounts/acc000000/{view}")
    save(page)
    assert_nothing_is_asked(page)
    expect(page.locator("main")).not_to_contain_text("Next start")
    if view == "schedules":
        expect(page.locator(".resource")).to_contain_text(
            "Always on; looked at each midnight in UTC"
        )


def test_what_an_old_listing_or_a_changing_instance_does_not_tell_is_asked_about(
    furnished, admin, answer_with
):
    page = furnished
    page.clock.install(time="2026-01-10T10:00:00Z")
    answer_with(page, f"{ONE}/resources/res1", saved(MONDAY), method="PATCH")
    web = samples.INSTANCES["items"][0]
    for state, as_of in (("pending", "2026-01-10T10:00:00Z"), ("stopped", "2026-01-10T09:58:00Z")):
        listing = {"items": [web | {"state": state}], "unavailable": [], "as_of": as_of}
        answer_with(page, f"{ONE}/instances", listing)
        page.goto("about:blank")
        admin.go("#/accounts/acc000000/instances")
        save(page)
        expect(question(page)).to_contain_text(
            "If it is running now, it runs outside this schedule."
        )


@pytest.mark.parametrize("clock", ["10:00", "08:00"])
@pytest.mark.parametrize("state", ["running", "stopped"])
def test_what_runs_is_told_by_the_listing_as_it_is_when_the_schedule_is_saved(
    furnished, admin, answer_with, state, clock
):
    """However the reader's clock is set meanwhile."""
    page = furnished
    page.clock.install(time="2026-01-10T10:00:00Z")
    answer_with(page, f"{ONE}/resources/res1", saved(MONDAY), method="PATCH")
    web = samples.INSTANCES["items"][0] | {"state": state}
    answer_with(
        page, f"{ONE}/instances", samples.just_listed(items=[web], as_of="2026-01-10T10:00:00Z")
    )
    admin.go("#/accounts/acc000000/instances")
    page.get_by_role("button", name="Change the schedule of web1").click()
    page.clock.set_system_time(f"2026-01-10T{clock}:00Z")
    page.clock.run_for(120_000)
    page.get_by_role("button", name="Save").click()
    expect(question(page)).to_contain_text("If it is running now, it runs outside this schedule.")


def test_a_listing_says_its_age_and_the_mark_counts_it(furnished, admin, answer_with):
    page = furnished
    stop_the_clock(page, "2026-01-10T10:00:00Z")
    answer_with(page, f"{ONE}/instances", samples.INSTANCES | {"as_of": "2026-01-10T10:00:00Z"})
    admin.go("#/accounts/acc000000/instances")
    expect(page.locator(".card-head")).to_contain_text("As AWS said just now")
    expect(page.locator(".freshness")).to_have_text("Live")
    page.clock.run_for(120_000)
    expect(page.locator(".card-head")).to_contain_text("As AWS said 2 minutes ago")
    expect(page.locator(".freshness")).to_have_text("Last updated 10:00")


@pytest.mark.parametrize("status", ["failed", "unconfirmed"])
def test_schedules_of_an_account_that_is_not_connected_rest(furnished, admin, answer_with, status):
    page = furnished
    answer_with(page, ONE, samples.account(0, status=status))
    answer_with(page, f"{ONE}/resources/res1", saved(MONDAY), method="PATCH")
    stop_the_clock(page)
    admin.go("#/accounts/acc000000/schedules")
    expect(page.locator(".notice-info")).to_contain_text("not connected, so its schedules rest")
    expect(page.locator(".resource-next")).to_have_count(0)
    save(page)
    assert_nothing_is_asked(page)


def test_a_week_without_a_window_says_that_it_is_always_off(furnished, admin, answer_with):
    off = samples.RESOURCES[0] | {
        "schedule": {"time_zone": "UTC", "windows": []},
        "next_action": {"action": "stop", "at": "2035-01-06T00:00:00Z"},
    }
    answer_with(furnished, f"{ONE}/resources", {"items": [off], "next_cursor": None})
    admin.go("#/accounts/acc000000/schedules")
    expect(furnished.locator(".resource")).to_contain_text(
        "Always off; looked at each midnight in UTC"
    )


def test_the_week_and_its_times_are_the_readers(open_context, sign_in, answer_everything):
    page = open_context(locale="en-US", timezone_id="UTC").new_page()
    answer_everything(page, [samples.account(0)])
    sign_in("viewer", on=page, hash_="#/accounts/acc000000/schedules")
    week = page.locator(".resource").first.locator(".week-day")
    expect(week).to_have_count(7)
    expect(week.first).to_contain_text("Sun12:00 AM–3:00 AM")
    expect(week.nth(1)).to_contain_text("Mon7:30 AM–7:00 PM")


HOURS = """week => {
  const track = week.querySelector(".week-track").getBoundingClientRect();
  const boxOf = (node) => {
    const range = new Range();
    range.selectNodeContents(node);
    return range.getBoundingClientRect();
  };
  return [...week.querySelectorAll(".week-hours > span")]
    .map((node, index) => ({ box: boxOf(node), at: track.left + track.width * index / 4, node }))
    .map(({ box: { left, right, height }, at, node }) => ({
      text: node.textContent, left, right, height, at,
      isSeen: getComputedStyle(node).visibility === "visible",
    }));
}"""
"""Of each hour over a week: where its text is, and where the hour."""


def assert_hours_are_true(week: Locator, line: float = 24) -> list[str]:
    """Each over its hour and in one line, but the first and the last stay within the week."""
    hours = [each for each in week.evaluate(HOURS) if each["isSeen"]]
    for index, each in enumerate(hours):
        left, right = each["left"], each["right"]
        place = {0: left, len(hours) - 1: right}.get(index, (left + right) / 2)
        assert place == pytest.approx(each["at"], abs=1), each
    assert all(before["right"] < after["left"] for before, after in pairwise(hours)), hours
    assert all(each["height"] < line for each in hours), hours
    return [each["text"].replace("\u202f", " ") for each in hours]


@pytest.mark.parametrize(
    ("locale", "narrow"),
    [
        ("en-GB", ["00:00", "06:00", "12:00", "18:00", "24:00"]),
        ("en-US", ["12:00 AM", "12:00 PM", "12:00 AM"]),
    ],
)
def test_hours_stand_where_they_are_in_a_week_however_narrow(
    open_context, sign_in, answer_everything, locale, narrow
):
    page = open_context(locale=locale).new_page()
    answer_everything(page, [samples.account(0)])
    sign_in("admin", on=page, hash_="#/accounts/acc000000/schedules")
    shown = page.locator(".resource .week").first
    expect(shown).to_be_visible()
    assert len(assert_hours_are_true(shown)) == 5
    starts, *_, ends = [each["at"] for each in shown.evaluate(HOURS)]
    bar = shown.locator(".week-day", has_text="Mon").locator(".week-bar").bounding_box()
    assert bar
    assert (bar["x"] - starts) / (ends - starts) == pytest.approx(7.5 / 24, abs=0.005)
    assert bar["width"] / (ends - starts) == pytest.approx(11.5 / 24, abs=0.005)
    page.set_viewport_size({"width": 360, "height": 740})
    assert assert_hours_are_true(shown) == narrow
    painter = opened(page).locator(".week")
    assert assert_hours_are_true(painter) == narrow
    six = painter.get_by_role("gridcell").nth(6).bounding_box()
    assert six
    assert six["x"] == pytest.approx(painter.evaluate(HOURS)[1]["at"], abs=1)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for week in (shown, painter):
        assert_hours_are_true(week, line=48)


def opened(page: Page) -> Locator:
    """The modal in which the schedule of web1 is changed."""
    page.get_by_role("button", name="Change the schedule of web1").click()
    return page.get_by_role("dialog")


def hour(dialog: Locator, name: str) -> Locator:
    """An hour of the week that is painted, such as "Monday, 08:00"."""
    return dialog.get_by_role("gridcell", name=name)


def assert_sent(changes: list[Request], windows: list[str]) -> None:
    """In the last schedule that was sent. Playwright sees no bodies of Firefox's requests."""
    browser = changes[-1].frame.page.context.browser
    if browser and browser.browser_type.name == "firefox":
        return
    sent = changes[-1].post_data_json["schedule"]["windows"]
    assert [f"{' '.join(each['days'])} {each['start']}-{each['stop']}" for each in sent] == windows


@pytest.mark.in_firefox
def test_a_week_is_painted_by_dragging_over_days_and_hours(furnished, admin, answer_with):
    page = furnished
    changes = answer_with(page, f"{ONE}/resources/res1", saved(MONDAY), method="PATCH")
    admin.go("#/accounts/acc000000/schedules")
    dialog = opened(page)
    hour(dialog, "Wednesday, 12:00").drag_to(hour(dialog, "Friday, 13:00"))
    expect(dialog).to_contain_text("Off: Wednesday to Friday, 12:00–14:00")
    expect(hour(dialog, "Thursday, 12:00")).to_have_attribute("aria-selected", "false")
    expect(hour(dialog, "Tuesday, 12:00")).to_have_attribute("aria-selected", "true")
    hour(dialog, "Saturday, 22:00").drag_to(hour(dialog, "Saturday, 23:00"))
    hour(dialog, "Sunday, 00:00").drag_to(hour(dialog, "Sunday, 02:00"))
    expect(dialog.get_by_role("group", name="Window 3")).to_be_visible()
    press(page, "The next 14 days")
    expect(dialog.get_by_role("table")).to_be_visible()
    assert_accessible(page)
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("The schedule is set.")
    assert_sent(
        changes,
        [
            "mon tue 07:30-19:00",
            "wed thu fri 07:30-12:00",
            "wed thu fri 14:00-19:00",
        ],
    )


@pytest.mark.in_firefox
def test_a_week_is_painted_by_keyboard_alone(furnished, admin, answer_with):
    page = furnished
    changes = answer_with(page, f"{ONE}/resources/res1", saved(MONDAY), method="PATCH")
    admin.go("#/accounts/acc000000/schedules")
    expect(page.get_by_role("button", name="Change the schedule of web1")).to_be_visible()
    press(page, "Change the schedule of web1")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    press(page, "Always off")
    expect(dialog).to_contain_text("Without a window it is always off.")
    page.keyboard.press("Tab")
    expect(dialog.get_by_role("grid")).to_be_focused()
    for key in ("ArrowDown", "End", "ArrowLeft", "Shift+ArrowRight", "Shift+ArrowDown"):
        page.keyboard.press(key)
    expect(dialog.locator(".announcer")).to_contain_text("On: Tuesday to Wednesday, 22:00–24:00")
    expect(hour(dialog, "Wednesday, 23:00")).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    press(page, "Save")
    expect(page.locator("#toasts")).to_contain_text("The schedule is set.")
    assert_sent(changes, ["tue 22:00-01:00", "wed 22:00-00:00"])


@pytest.mark.in_firefox
def test_escape_takes_back_a_stroke_and_one_too_many_loses_nothing(furnished, admin):
    page = furnished
    admin.go("#/accounts/acc000000/schedules")
    dialog = opened(page)
    hour(dialog, "Sunday, 12:00").click()
    sunday, saturday = hour(dialog, "Sunday, 12:00"), hour(dialog, "Saturday, 12:00")
    saturday.drag_to(hour(dialog, "Saturday, 14:00"))
    expect(saturday).to_have_attribute("aria-selected", "true")
    page.keyboard.press("Escape")
    expect(saturday).to_have_attribute("aria-selected", "false")
    expect(dialog).to_contain_text("Taken back.")
    page.keyboard.press("Escape")
    expect(dialog).to_contain_text("There is nothing more to take back.")

    saturday.hover()
    page.mouse.down()
    hour(dialog, "Saturday, 14:00").hover()
    expect(saturday).to_have_attribute("aria-selected", "true")
    for _ in range(3):
        page.keyboard.down("Escape")  # is held
    page.keyboard.up("Escape")
    page.mouse.up()
    expect(saturday).to_have_attribute("aria-selected", "false")

    for key in ("Shift+ArrowRight", "Shift+ArrowRight", "Escape", "Escape"):
        page.keyboard.press(key)
    expect(sunday).to_have_attribute("aria-selected", "true")

    saturday.hover()
    page.mouse.down()
    hour(dialog, "Saturday, 14:00").hover()
    page.mouse.down(button="right")
    page.mouse.up(button="right")
    hour(dialog, "Saturday, 15:00").hover()
    page.mouse.up()
    # Firefox goes on painting. What is shown is what the form has.
    is_shown = saturday.get_attribute("aria-selected") == "true"
    expect(dialog.locator(".window")).to_have_count(4 if is_shown else 3)
    page.keyboard.press("Escape")
    expect(saturday).to_have_attribute("aria-selected", "false")

    for field in (dialog.get_by_label("Time zone"), dialog.get_by_role("button", name="Save")):
        field.focus()
        page.keyboard.press("Escape")
        expect(dialog).to_contain_text("There is nothing more to take back.")
    dialog.get_by_role("heading", name="Change the schedule of web1").click()
    page.keyboard.press("Escape")
    expect(sunday).to_have_attribute("aria-selected", "true")
    dialog.get_by_role("button", name="Cancel").click()
    expect(dialog).to_have_count(0)


def test_what_was_painted_while_a_save_was_under_way_stays(furnished, admin):
    page = furnished
    held = HeldRequests(page, f"**{ONE}/resources/res1", "PATCH")
    admin.go("#/accounts/acc000000/schedules")
    dialog = opened(page)
    dialog.get_by_role("button", name="Save").click()
    change = held.first()
    hour(dialog, "Sunday, 12:00").click()
    change.fulfill(json=saved(MONDAY)(change.request))
    expect(dialog).to_contain_text("is not saved yet. Press again to save it.")
    expect(hour(dialog, "Sunday, 12:00")).to_have_attribute("aria-selected", "true")


@pytest.mark.in_firefox
def test_the_days_ahead_are_those_of_the_week_as_it_is_painted(furnished, admin):
    """Of New York, where the clocks go forward on the Sunday."""
    page = furnished
    stop_the_clock(page, "2026-03-06T12:00:00Z")
    admin.go("#/accounts/acc000000/schedules")
    dialog = opened(page)
    dialog.get_by_label("Time zone").select_option("America/New_York")
    expect(dialog).to_contain_text("Times in America/New_York · now Friday 07:00")
    dialog.get_by_role("button", name="Always off").click()
    press(page, "The next 14 days")
    expect(dialog).to_contain_text("Always off; looked at each midnight in America/New_York")
    hour(dialog, "Sunday, 01:00").click()
    dialog.get_by_label("Stop at").fill("02:30")
    dialog.get_by_label("Stop at").press("Tab")
    rows = dialog.get_by_role("table").get_by_role("row")
    expect(rows).to_have_count(15)
    expect(rows.nth(3)).to_contain_text("the clocks change")
    expect(rows.nth(3).get_by_role("cell")).to_have_text(["01:00", "03:30"])
    expect(rows.nth(10).get_by_role("cell")).to_have_text(["01:00", "02:30"])


def test_one_week_is_set_for_several_instances_each_with_its_own_result(
    furnished, admin, answer_with, watch
):
    """By keyboard alone."""
    watch.expect_status(503)
    page = furnished
    stops = {**MONDAY, "action": "stop"}
    changes = answer_with(page, f"{ONE}/resources/res1", saved(stops), method="PATCH")
    answer_with(page, f"{ONE}/resources/res3", samples.RESOURCES[2])
    there = [samples.problem(503, "AWS does not answer now.")]
    schedule = {"next_action": stops}

    def of_ledger(request: Any) -> Any:
        given = request.post_data_json["schedule"]
        return there.pop() if there else samples.RESOURCES[2] | schedule | {"schedule": given}

    answer_with(page, f"{ONE}/resources/res3", of_ledger, method="PATCH")
    admin.go("#/accounts/acc000000/schedules")
    press(page, "One week for several")
    dialog = page.get_by_role("dialog")
    for name in ("web1", "ledger"):
        press(page, name, "Space")
    press(page, "Nights off")
    press(page, "Set this week")
    expect(dialog).to_contain_text("The week is set for 1 of 2 instances. Press again for")
    lines = dialog.locator(".several-line")
    expect(lines.filter(has_text="web1")).to_contain_text("Set.")
    expect(lines.filter(has_text="ledger")).to_contain_text("AWS does not answer now.")
    assert_accessible(page)
    press(page, "Set this week")
    expect(page.locator("#toasts")).to_contain_text("The week is set for 2 instances.")
    expect(page.get_by_role("button", name="One week for several")).to_be_focused()
    assert_sent(changes, ["mon tue wed thu fri sat sun 06:00-22:00"])
    assert len(changes) == 1


def test_several_are_chosen_among_the_instances_too(furnished, admin, answer_with, watch):
    """One that is not under control yet is put under it."""
    page = furnished
    answer_with(page, f"{ONE}/resources", {"items": [], "next_cursor": None})
    added = answer_with(page, f"{ONE}/resources", saved(MONDAY), method="POST")
    admin.go("#/accounts/acc000000/instances")
    page.get_by_role("button", name="One week for several").click()
    dialog = page.get_by_role("dialog")
    dialog.get_by_role("button", name="Set this week").click()
    expect(dialog).to_contain_text("Choose at least one instance.")
    dialog.get_by_label("web1").check()
    dialog.get_by_role("button", name="Set this week").click()
    expect(dialog).to_contain_text("Set. It is running now, outside this schedule.")
    expect(dialog).to_contain_text("The week is set for 1 instance.")
    dialog.get_by_role("button", name="Close").last.click()
    expect(dialog).to_have_count(0)
    assert [each.post_data_json["instance_id"] for each in added] == [samples.WEB]


def test_schedules_out_of_sight_are_skipped_until_they_are_scrolled_to(
    furnished, admin, answer_with
):
    page = furnished
    items = [samples.RESOURCES[0] | {"resource_id": f"res{index}"} for index in range(30)]
    answer_with(page, f"{ONE}/resources", {"items": items, "next_cursor": None})
    admin.go("#/accounts/acc000000/schedules")
    cards = page.locator(".resource")
    expect(cards).to_have_count(30)
    is_laid_out = "card => card.firstChild.checkVisibility({ contentVisibilityAuto: true })"
    until(page, lambda: not cards.last.evaluate(is_laid_out), "the last card is skipped")
    assert cards.first.evaluate(is_laid_out)
    cards.last.get_by_role("button", name="Release web1").focus()
    until(page, lambda: cards.last.evaluate(is_laid_out), "the last card is shown")


def test_the_line_for_now_moves_in_the_time_zone_of_each_schedule(furnished, admin):
    page = furnished
    stop_the_clock(page, "2026-01-05T10:00:00Z")
    admin.go("#/accounts/acc000000/schedules")
    week = page.locator(".resource").first.locator(".week")
    line = week.locator(".week-now:not([hidden])")
    expect(week).to_contain_text("Times in Europe/Lisbon · now Monday 10:00")
    expect(line).to_have_count(1)
    before = line.bounding_box()["x"]
    page.clock.fast_forward("01:00:00")
    page.clock.run_for(6_000)
    expect(week).to_contain_text("now Monday 11:00")
    assert line.bounding_box()["x"] > before
    expect(page.locator(".resource").nth(2).locator(".week")).to_have_count(0)


def error(window: Locator) -> Locator:
    """What is said to be wrong with it."""
    return window.locator(".field-error:not(:empty)")


@shows(9, *EVERY)
def test_an_error_marks_the_window_that_it_is_about(furnished, admin, answer_with, watch, network):
    watch.expect_status(422)
    page = furnished
    problem = samples.problem(
        422,
        "Please correct: schedule.windows.0.start.",
        errors=[{"field": "schedule.windows.0.start", "message": "This hour is skipped."}],
    )
    answer_with(page, f"{ONE}/resources/res1", problem, method="PATCH")
    admin.go("#/accounts/acc000000/schedules")
    page.get_by_role("button", name="Change the schedule of web1").click()
    dialog = page.get_by_role("dialog")
    first, second = (dialog.get_by_role("group", name=f"Window {one}") for one in (1, 2))
    second.get_by_text("Sat").click()
    with network.outage(page):
        dialog.get_by_role("button", name="Save").click()
        expect(error(second)).to_contain_text("Choose at least one day")
    expect(second.get_by_label("Sat")).to_have_attribute("aria-invalid", "true")
    expect(second.get_by_label("Start at")).not_to_have_attribute("aria-invalid", "true")
    expect(error(first)).to_have_count(0)
    expect(first.get_by_label("Sat")).not_to_have_attribute("aria-invalid", "true")
    second.get_by_text("Sat").click()
    dialog.get_by_role("button", name="Save").click()
    expect(error(first)).to_have_text("This hour is skipped.")
    expect(first.get_by_label("Start at")).to_have_attribute("aria-invalid", "true")
    expect(first.get_by_label("Stop at")).not_to_have_attribute("aria-invalid", "true")
    expect(error(second)).to_have_count(0)


def test_the_next_change_is_the_one_that_comes_next(furnished, admin, answer_with, watch):
    watch.expects_network_failures = True
    page = furnished
    start = {"action": "start", "at": "2026-01-12T08:00:00Z"}
    there = [samples.RESOURCES[0]]
    answer_with(page, f"{ONE}/resources", lambda _: {"items": there, "next_cursor": None})
    for view, card, now, later in (
        (
            "schedules",
            ".resource-next",
            "Next start: 12 Jan 2026, 08:00, then stop: ",
            "12 Jan 2026, 18:00",
        ),
        ("instances", ".instance-note", "Next stop: 12 Jan 2026, 19:00", "12 Jan 2026, 18:00"),
    ):
        there[0] |= {"next_action": start}
        page.clock.install(time="2026-01-12T07:59:30Z")
        page.goto("about:blank")
        admin.go(f"#/accounts/acc000000/{view}")
        expect(page.locator(card).first).to_contain_text(now)
        page.get_by_role("button", name="Change the schedule of web1").focus()
        there[0] |= {"next_action": {"action": "stop", "at": "2026-01-12T18:00:00Z"}}
        page.clock.run_for(31_000)
        expect(page.locator(card).first).to_contain_text(later)
        expect(page.get_by_role("button", name="Change the schedule of web1")).to_be_focused()
        page.route(f"**{ONE}/resources", lambda route: route.abort())
        page.clock.run_for(31_000)
        expect(page.locator(card).first).to_contain_text(later)
        page.unroute(f"**{ONE}/resources")


def test_a_schedule_that_another_changes_while_ours_is_on_its_way_is_not_overwritten(
    furnished, admin, answer_with, watch
):
    """The version that the page has compared is the only one that it replaces."""
    watch.expect_status(412)
    page, there = furnished, [samples.RESOURCES[0]]

    def refuse(_: Any) -> Any:
        nights = samples.RESOURCES[0]["schedule"] | {"time_zone": "Asia/Tokyo"}
        there[0] = samples.RESOURCES[0] | {"schedule": nights}
        return samples.problem(412, "It was changed.")

    answer_with(page, f"{ONE}/resources/res1", lambda _: there[0])
    changes = answer_with(page, f"{ONE}/resources/res1", refuse, method="PATCH")
    admin.go("#/accounts/acc000000/schedules")
    save(page)
    alert = page.get_by_role("dialog").get_by_role("alert")
    expect(alert).to_contain_text("Somebody else changed this schedule")
    assert len(changes) == 1


def test_a_schedule_that_another_has_changed_is_not_overwritten_unseen(
    furnished, admin, other_tab, answer_with
):
    page = furnished
    there = [samples.RESOURCES[0]]
    after = {**MONDAY, "action": "stop"}

    def keep(request: Any) -> dict[str, Any]:
        there[0] = saved(after)(request)
        return there[0]

    for tab in (page, other_tab):
        answer_with(tab, ONE, samples.account(0))
        answer_with(tab, f"{ONE}/resources", lambda _: {"items": there, "next_cursor": None})
        answer_with(tab, f"{ONE}/resources/res1", lambda _: there[0])
    answer_with(other_tab, f"{ONE}/resources/res1", keep, method="PATCH")
    changes = answer_with(page, f"{ONE}/resources/res1", saved(after), method="PATCH")
    for tab in (page, other_tab):
        tab.evaluate("location.hash = '#/accounts/acc000000/schedules'")
        tab.get_by_role("button", name="Change the schedule of web1").click()
    dialog = page.get_by_role("dialog")
    other_tab.get_by_label("Time zone").select_option("Asia/Tokyo")
    other_tab.get_by_role("button", name="Save").click()
    expect(other_tab.get_by_role("dialog")).to_have_count(0)
    dialog.get_by_role("button", name="Save").click()
    expect(dialog.get_by_role("alert")).to_contain_text("Somebody else changed this schedule")
    assert changes == []
    dialog.get_by_role("button", name="Save").click()
    expect(page.locator("#toasts")).to_contain_text("The schedule is set.")
    assert len(changes) == 1
