"""AWS Organizations that one stack connects: the list, the form, the stack, synchronizations, the
tree of members, and the end.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import (
    assert_accessible,
    assert_accessible_everywhere,
    assert_fits,
    wait_until_loaded,
)
from tests.support.page import enrollments, measures, samples
from tests.support.page.keyboard import press, reach
from tests.support.page.waiting import until

ONE = "/v1/enrollments/enr1"
SYNCHRONIZATIONS = f"{ONE}/synchronizations"
MANY = 5_000


@pytest.fixture
def show(admin, answer_with) -> Callable[..., Page]:
    """Opens a view of the samples, or of an enrollment with these members."""

    def open_view(
        hash_: str = "#/enrollments/enr1",
        members: list[dict[str, Any]] | None = None,
        **changes: Any,
    ) -> Page:
        for path, reply in enrollments.answers(members, **changes).items():
            answer_with(admin.page, path, reply)
        admin.page.goto("about:blank")
        page = admin.go(hash_)
        wait_until_loaded(page)
        return page

    return open_view


def unit(page: Page, name: str) -> Locator:
    """The button that opens a unit."""
    return page.get_by_role("button", name=name, exact=True)


def figures(page: Page, name: str) -> Locator:
    """What is beside the name of a unit."""
    row = page.locator(".unit-row").filter(has=page.get_by_role("button", name=name, exact=True))
    return row.locator(".unit-figures")


def members(page: Page, name: str) -> Locator:
    """The rows of the members in a unit itself."""
    return page.get_by_role("list", name=f"Members in {name} itself").get_by_role("listitem")


def test_the_list_says_how_far_each_is_and_leads_to_it(show):
    page = show("#/enrollments")
    first = page.get_by_role("main").locator(".enrollment").first
    expect(first).to_contain_text("Connected")
    expect(first).to_contain_text("6 of 10 connected")
    expect(first.get_by_role("listitem")).to_have_count(6)
    second = page.get_by_role("main").locator(".enrollment").nth(1)
    expect(second).to_contain_text("Waiting for its stack")
    second.get_by_role("link", name="Southwind").click()
    expect(page.get_by_role("heading", name="Southwind")).to_be_focused()
    page.get_by_role("main").get_by_role("link", name="AWS Organizations").click()
    expect(page.get_by_role("heading", name="AWS Organizations")).to_be_focused()


@pytest.mark.parametrize("width", [360, 1280])
def test_the_sidebar_leads_to_it_and_keeps_its_height(admin, show, width):
    page = show("#/organization")
    page.set_viewport_size({"width": width, "height": 740})
    navigation = page.get_by_role("navigation", name="Admin")
    before = navigation.bounding_box()["height"]
    navigation.get_by_role("link", name="AWS Organizations").click()
    expect(page.get_by_role("heading", name="AWS Organizations", level=1)).to_be_focused()
    link = navigation.get_by_role("link", name="AWS Organizations")
    expect(link).to_have_attribute("aria-current", "page")
    assert navigation.bounding_box()["height"] == before
    assert_fits(page)


@pytest.mark.parametrize("button", ["New Account", "Add many"])
def test_who_adds_accounts_is_led_to_it(admin, answer_with, button):
    page = admin.page
    answer_with(page, "/v1/enrollments", {"items": [], "next_cursor": None})
    page.get_by_role("button", name=button).first.click()
    page.get_by_role("link", name="Connect a whole AWS Organization").click()
    expect(page.get_by_role("dialog")).to_have_count(0)
    expect(page.get_by_text("No AWS Organization is connected yet")).to_be_visible()
    assert_accessible(page)


# ---- the tree ------------------------------------------------------------------------------------


def test_units_say_how_many_are_in_which_state(show):
    page = show()
    expect(unit(page, "Root")).to_have_attribute("aria-expanded", "true")
    expect(unit(page, "Shops")).to_have_attribute("aria-expanded", "false")
    expect(figures(page, "Root")).to_contain_text("6 of 10 connected")
    expect(figures(page, "Shops")).to_contain_text("5 of 9 connected")
    expect(figures(page, "Shops")).to_contain_text("Role missing: 3")
    expect(figures(page, "Shops")).to_contain_text("Problem: 1")
    expect(figures(page, "Sandbox")).to_contain_text("None to connect")
    expect(members(page, "Root")).to_contain_text(["Main account500000000000Connected"])
    unit(page, "Shops").click()
    expect(members(page, "Shops")).to_have_count(5)
    expect(members(page, "Shops").nth(3)).to_contain_text("Shop 9500000000009Problem")
    unit(page, "North").click()
    expect(members(page, "North").get_by_role("link")).to_have_count(5)
    assert_accessible(page)
    members(page, "North").get_by_role("link", name="Shop 3").click()
    expect(page).to_have_url(re.compile("#/accounts/acc000003$"))


@pytest.mark.in_firefox
def test_the_tree_opens_and_closes_by_keyboard_alone(show):
    page = show()
    press(page, "Root")
    expect(unit(page, "Root")).to_have_attribute("aria-expanded", "false")
    expect(unit(page, "Shops")).to_have_count(0)
    page.keyboard.press("Space")
    expect(unit(page, "Root")).to_have_attribute("aria-expanded", "true")
    expect(members(page, "Root")).to_have_count(1)
    expect(unit(page, "Root")).to_be_focused()
    page.keyboard.press("Tab")  # to what shows the unit in the list of accounts
    page.keyboard.press("Tab")
    expect(unit(page, "Sandbox")).to_be_focused()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    expect(members(page, "Shops")).to_have_count(5)
    page.keyboard.press("Tab")
    page.keyboard.press("Tab")
    expect(unit(page, "North")).to_be_focused()


def test_a_filter_leaves_the_members_in_one_state_and_their_units(show):
    page = show()
    states = page.get_by_role("group", name="Show members by state")
    expect(states).to_contain_text("Role missing3")
    states.get_by_text("Role missing").click()
    expect(unit(page, "Sandbox")).to_have_count(0)
    expect(members(page, "Root")).to_have_count(0)
    expect(figures(page, "Root")).to_have_text("Role missing: 3")
    unit(page, "Shops").click()
    expect(members(page, "Shops")).to_have_count(3)
    expect(unit(page, "North")).to_have_count(0)
    states.get_by_text("Suspended").click()
    expect(members(page, "Shops")).to_contain_text(["Shop 11"])
    states.get_by_text(re.compile("^All")).click()
    expect(members(page, "Shops")).to_have_count(5)
    expect(members(page, "Root")).to_have_count(1)


def test_a_state_that_no_member_has_is_said_so(show):
    page = show(members=[enrollments.member(0)])
    page.get_by_role("group", name="Show members by state").get_by_text("Closed").click()
    none = page.get_by_role("main").get_by_text("No member is in this state now.")
    expect(none).to_be_visible()
    assert_accessible(page)


def test_five_thousand_members_are_read_as_they_are_looked_at(show, admin):
    asked: list[str] = []
    admin.page.on("request", lambda request: asked.append(request.url))
    page = show(members=enrollments.many(MANY))
    expect(page.locator(".unit")).to_have_count(6)
    expect(figures(page, "Root")).to_contain_text("4,375 of 5,000 connected")
    assert len([url for url in asked if f"{ONE}/units" in url]) == 10
    assert not [url for url in asked if f"{ONE}/members" in url]
    unit(page, "Region3").click()
    expect(page.locator(".unit")).to_have_count(14)
    unit(page, "Team38").click()
    rows = members(page, "Team38")
    expect(rows).to_have_count(50)
    assert page.evaluate("document.querySelectorAll('main *').length") < 1_500
    more = page.get_by_role("button", name="Show more")
    more.click()
    expect(rows).to_have_count(100)
    more.click()
    expect(rows).to_have_count(125)
    expect(more).to_have_count(0)
    unit(page, "Region3").click()
    expect(page.locator(".member")).to_have_count(0)
    expect(page.locator(".unit")).to_have_count(6)


def test_a_filter_of_five_thousand_members_makes_few_nodes_in_a_task(show, admin):
    """Real time would depend on who else uses the machine."""
    admin.page.add_init_script(measures.RECORD_TASKS)
    page = show(members=enrollments.many(MANY))
    expect(page.locator(".unit")).to_have_count(6)
    for _ in range(2):  # the regions, then their teams
        page.evaluate(
            """() => {
              for (const closed of document.querySelectorAll(".unit-button[aria-expanded=false]"))
                closed.click();
            }"""
        )
        expect(page.locator(".unit")).to_have_count(46)
    expect(page.locator(".member")).to_have_count(40 * 50)
    page.evaluate("() => { window.work.nodes = window.work.longest = 0; }")
    page.get_by_role("group", name="Show members by state").get_by_text("Role missing").click()
    expect(page.locator(".member")).to_have_count(MANY // 8)
    work = page.evaluate("window.work")
    assert work["nodes"] < 1_000, work


def test_many_units_are_shown_some_at_a_time(show):
    places = [enrollments.unit(f"Team{index:03d}") for index in range(120)]
    page = show(members=[enrollments.member(i, place=place) for i, place in enumerate(places)])
    expect(page.locator(".unit")).to_have_count(51)
    page.get_by_role("button", name="Show 50 more units").click()
    expect(page.locator(".unit")).to_have_count(101)
    page.get_by_role("button", name="Show 20 more units").click()
    expect(page.locator(".unit")).to_have_count(121)
    assert_accessible(page)


def test_a_tree_that_cannot_be_read_says_so_and_is_tried_again(show, answer_with, watch):
    watch.expect_status(500)
    page = show("#/enrollments/enr2")
    answers = [samples.BROKEN]
    answer_with(page, f"{ONE}/units", lambda _: answers[0] if answers else None)
    page.evaluate("() => { location.hash = '#/enrollments/enr1'; }")
    alert = page.get_by_role("alert").filter(has_text="Something failed on our side.")
    expect(alert).to_be_visible()
    answers.clear()
    alert.get_by_role("button", name="Try again").click()
    expect(unit(page, "Root")).to_be_visible()


@pytest.mark.parametrize(("theme", "width"), [("light", 360), ("dark", 360)])
def test_an_open_tree_fits_a_narrow_screen_at_twice_the_size(
    sign_in, open_context, answer_everything, theme, width
):
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    answer_everything(page)
    sign_in("admin", on=page).go("#/enrollments/enr1")
    unit(page, "Shops").click()
    unit(page, "North").click()
    expect(members(page, "North")).to_have_count(6)
    assert_accessible(page)
    assert_fits(page)
    page.evaluate("() => { document.documentElement.style.fontSize = '200%'; }")
    assert_fits(page)


# ---- the stack and synchronizations --------------------------------------------------------------


def test_one_that_waits_shows_how_to_deploy_its_stack(show):
    page = show("#/enrollments/enr2")
    expect(page.get_by_text("The stack has not let Cavok in yet.")).to_be_visible()
    link = page.get_by_role("link", name="Deploy on AWS")
    expect(link).to_have_attribute("href", enrollments.INSTRUCTIONS["deploy_on_aws_url"])
    expect(link).to_have_attribute("rel", "noopener noreferrer")
    page.get_by_role("tab", name="Terraform").click()
    expect(page.get_by_role("tabpanel")).to_contain_text(enrollments.INSTRUCTIONS["terraform"])
    expect(page.get_by_text("No members yet.")).to_be_visible()
    page.get_by_role("button", name="Enter its number").click()
    expect(page.get_by_role("dialog").get_by_label("Account of the stack")).to_be_visible()


UPDATE = {
    "steps": [{"title": "CloudFormation", "text": "Open the stack CavokOrganization."}],
    "template_url": "https://templates.example/organization-v9.yaml",
    "console_url": "https://eu-west-1.console.aws.amazon.com/cloudformation/home",
    "cli": "aws cloudformation update-stack --stack-name CavokOrganization",
}


def test_a_stack_of_the_newest_version_says_how_a_change_of_options_gets_there(show, answer_with):
    page = show()
    answer_with(page, f"{ONE}/instructions", enrollments.INSTRUCTIONS | {"update": UPDATE})
    page.reload()
    part = page.get_by_role("region", name="Update the stack")
    expect(part).to_contain_text("After a change of units")
    part.get_by_text("How to update it").click()
    expect(part.get_by_text(UPDATE["cli"])).to_be_visible()
    assert_accessible(page)


def test_a_stack_of_an_older_version_says_what_is_new_and_how_to_get_it(show, answer_with, admin):
    new = {"version": 2, "text": "Cavok can restart.", "adds": ["ec2:RebootInstances"]}
    template = {"version": 1, "current": 2, "outdated": True, "changes": [new | {"removes": []}]}
    page = show(template=template)
    answer_with(page, f"{ONE}/instructions", enrollments.INSTRUCTIONS | {"update": UPDATE})
    page.reload()
    part = page.get_by_role("region", name="Update the stack")
    expect(part).to_contain_text("Version 2: Cavok can restart. It adds ec2:RebootInstances.")
    for text in ("Open the stack CavokOrganization.", UPDATE["template_url"], UPDATE["cli"]):
        expect(part).to_contain_text(text)
    expect(page.get_by_text("1. The newest is 2.")).to_be_visible()
    link = page.get_by_role("link", name="Members with this version")
    expect(link).to_have_attribute("href", "#/accounts?template_version=1&enrollment_id=enr1")
    assert_accessible(page)


def test_a_unit_leads_to_the_list_of_its_accounts(show):
    page = show()
    unit(page, "Shops").click()
    link = page.get_by_role("link", name="Show in the list of accounts: Shops")
    href = link.get_attribute("href")
    assert re.fullmatch("#/accounts\\?enrollment_id=enr1&ou=ou-[a-z0-9-]+", href or "")


def test_what_is_wrong_is_said_with_its_remedy(show):
    page = show(**enrollments.FAILED)
    expect(page.get_by_text("Failed", exact=True)).to_be_visible()
    issue = page.locator(".issues").get_by_role("listitem")
    expect(issue).to_contain_text("Cavok cannot assume the role CavokOrganization")
    expect(issue).to_contain_text("Deploy the stack again in this account, then synchronize.")


def test_a_synchronization_is_followed_to_its_end_and_its_members_are_shown(show, answer_with):
    page = show()
    now = [enrollments.RUNNING]
    answer_with(page, SYNCHRONIZATIONS, (202, enrollments.RUNNING), method="POST")
    answer_with(page, f"{SYNCHRONIZATIONS}/syn1", lambda _: now[0])
    page.get_by_role("button", name="Synchronize now").click()
    said = page.get_by_role("region", name="Synchronization")
    expect(said).to_contain_text("5 accounts found")
    expect(said.get_by_role("progressbar")).to_be_visible()
    assert_accessible(page)
    after = [each | {"state": "connected"} for each in enrollments.few()]
    for path, reply in enrollments.answers(after, version=3).items():
        if "synchronizations" not in path:
            answer_with(page, path, reply)
    now[0] = enrollments.synchronization()
    expect(said).to_contain_text("Done: 13 accounts found, 2 added, 1 changed")
    expect(figures(page, "Root")).to_contain_text("13 of 13 connected")
    expect(page.get_by_role("button", name="whose role is missing again")).to_have_count(0)


def test_who_has_no_role_yet_is_tried_again_by_a_synchronization(show, answer_with):
    page = show()
    sent = answer_with(page, SYNCHRONIZATIONS, (202, enrollments.RUNNING), method="POST")
    page.get_by_role("button", name="Try 3 whose role is missing again").click()
    expect(page.get_by_role("region", name="Synchronization")).to_contain_text("Done: 13 accounts")
    assert len(sent) == 1


def test_a_synchronization_that_failed_says_why(show, answer_with):
    page = show()
    failed = enrollments.synchronization(state="failed", reason="AWS refused ListRoots.")
    answer_with(page, SYNCHRONIZATIONS, (202, enrollments.RUNNING), method="POST")
    answer_with(page, f"{SYNCHRONIZATIONS}/syn1", failed)
    page.get_by_role("button", name="Synchronize now").click()
    said = page.get_by_role("region", name="Synchronization")
    expect(said).to_contain_text("The synchronization failed. AWS refused ListRoots.")


LONG = (
    "AWS refused ListRoots: User is not authorized to perform organizations:ListRoots on resource "
    "arn:aws:organizations::500000000000:organization/o-ab12cd34ef because no identity-based "
    "policy allows it."
)
HIDDEN_FOCUS = """() => {
  const { top, bottom } = document.activeElement.getBoundingClientRect();
  const edge = document.querySelector(".enrollment-progress").getBoundingClientRect().top;
  return top < 0 || bottom > edge ? [top, bottom, edge] : null;
}"""


def failed_with(page: Page, answer_with, reason: str) -> Locator:
    failed = enrollments.synchronization(state="failed", reason=reason)
    answer_with(page, SYNCHRONIZATIONS, (202, enrollments.RUNNING), method="POST")
    answer_with(page, f"{SYNCHRONIZATIONS}/syn1", failed)
    page.get_by_role("button", name="Synchronize now").click()
    said = page.get_by_role("region", name="Synchronization")
    expect(said).to_contain_text("The synchronization failed.")
    return said


def test_how_a_synchronization_ended_hides_no_focus_and_is_closed(show, answer_with):
    page = show()
    page.set_viewport_size({"width": 360, "height": 640})
    said = failed_with(page, answer_with, LONG)
    at = said.bounding_box()
    assert at["y"] + at["height"] == 640
    assert at["height"] <= 0.4 * 640
    assert_accessible(page)
    for _ in range(12):
        page.keyboard.press("Tab")
        until(page, lambda: not page.evaluate(HIDDEN_FOCUS), "what has the focus is in sight")
    # Whoever has pressed with a pointer goes on where they are.
    page.evaluate("scrollTo(0, 600)")
    said.get_by_role("button", name="Close").click()
    expect(said).to_have_count(0)
    again = page.get_by_role("button", name="Synchronize now")
    expect(again).to_be_focused()
    assert page.evaluate("scrollY") == 600
    page.keyboard.press("Enter")
    expect(said).to_contain_text("The synchronization failed.")
    page.evaluate("scrollTo(0, 600)")
    press(page, "Close")
    expect(said).to_have_count(0)
    expect(again).to_be_focused()
    expect(again).to_be_in_viewport()


def test_over_a_low_window_a_synchronization_hides_nothing(show, answer_with):
    page = show()
    page.set_viewport_size({"width": 320, "height": 215})
    said = failed_with(page, answer_with, LONG)
    expect(said).not_to_be_in_viewport()
    said.scroll_into_view_if_needed()
    assert_fits(page)


# ---- adding, changing, ending --------------------------------------------------------------------


def test_one_is_added_and_what_is_wrong_is_said_at_its_field(show, answer_with, watch):
    watch.expect_status(422)
    page = show("#/enrollments/new")
    answers = [
        samples.problem(
            422, "No.", errors=[{"field": "include_ous.0", "message": "There is no such unit."}]
        ),
        (201, enrollments.waiting()),
    ]
    sent = answer_with(page, "/v1/enrollments", lambda _: answers.pop(0), method="POST")
    dialog = page.get_by_role("dialog")
    submit = dialog.get_by_role("button", name="Add it")
    units = dialog.get_by_label("Units to connect")
    submit.click()
    expect(dialog.get_by_label("Name", exact=True)).to_be_focused()
    dialog.get_by_label("Name", exact=True).fill("Southwind")
    units.fill("Shops")
    submit.click()
    expect(dialog.get_by_text("Shops is not the id of a unit")).to_be_visible()
    assert sent == []
    assert_accessible(page)
    units.fill("ou-ab12-11111111\nou-ab12-22222222")
    submit.click()
    expect(dialog.get_by_text("There is no such unit.")).to_be_visible()
    expect(units).to_be_focused()
    dialog.get_by_text("Role, tags and features").click()
    dialog.get_by_label("Tags").fill("team=platform")
    dialog.get_by_label("Encrypted volumes").check()
    dialog.get_by_role("group", name="Write logs").get_by_text("No", exact=True).click()
    submit.click()
    expect(page.get_by_role("heading", name="Southwind")).to_be_visible()
    assert sent[1].post_data_json == {
        "provider": "aws",
        "name": "Southwind",
        "include_ous": ["ou-ab12-11111111", "ou-ab12-22222222"],
        "write_logs": False,
        "tags": {"team": "platform"},
        "features": ["ec2", "rds", "logs", "encrypted_volumes"],
    }


def test_a_change_sends_what_is_different_and_overwrites_nothing_unseen(show, answer_with):
    """By keyboard alone."""
    page = show()
    changed = enrollments.enrollment(enrollments.few(), name_pattern="prod-*", version=3)
    sent = answer_with(page, ONE, changed, method="PATCH")
    press(page, "Change")
    dialog = page.get_by_role("dialog")
    expect(dialog.get_by_label("Units to leave out")).to_have_value("ou-ab12-sandbox0")
    expect(dialog.get_by_label("Role path")).to_have_count(0)
    reach(page, "Names to connect")
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.type("prod-*")
    other = enrollments.enrollment(enrollments.few(), regions=["eu-west-1", "eu-west-2"], version=3)
    answer_with(page, ONE, other)
    press(page, "Save")
    expect(dialog.get_by_text("Somebody else has changed this meanwhile.")).to_be_visible()
    assert sent == []
    answer_with(page, ONE, changed)
    press(page, "Save")
    expect(dialog).to_have_count(0)
    assert [each.post_data_json for each in sent] == [{"name_pattern": "prod-*"}]
    expect(page.get_by_role("main").get_by_text("prod-*")).to_be_visible()


def test_the_end_says_what_to_delete_and_in_which_order(show, answer_with):
    """By keyboard alone."""
    page = show()
    sent = answer_with(page, ONE, enrollments.ENDED, method="DELETE")
    press(page, "End the enrollment")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_contain_text("Its accounts stay connected until their roles are gone")
    assert_accessible(page)
    press(page, "End the enrollment")
    expect(page.get_by_role("heading", name="Northwind was ended")).to_be_focused()
    titles = [step["title"] for step in enrollments.ENDED["steps"]]
    expect(page.get_by_role("main").get_by_role("heading", level=3)).to_have_text(titles)
    assert_accessible_everywhere(page)
    assert len(sent) == 1
    press(page, "Back to AWS Organizations")
    expect(page.get_by_role("heading", name="AWS Organizations")).to_be_visible()


def test_one_that_somebody_else_has_ended_is_said_to_be_gone(show, answer_with, watch):
    watch.expect_status(404)
    page = show("#/enrollments")
    answer_with(page, ONE, samples.problem(404, "No such enrollment"))
    page.get_by_role("link", name="Northwind").click()
    expect(page.get_by_text("This enrollment does not exist any more")).to_be_visible()
    assert_accessible(page)


def test_a_viewer_sees_the_members_and_is_told_why_nothing_can_be_changed(viewer, answer_with):
    answer_with(viewer.page, enrollments.answers())
    sent = answer_with(viewer.page, "/v1/enrollments.*", None, method="POST")
    page = viewer.go("#/enrollments/enr1")
    expect(members(page, "Root")).to_have_count(1)
    expect(page.get_by_text("You are signed in as a viewer")).to_be_visible()
    for name in ("Synchronize now", "Change", "End the enrollment"):
        button = page.get_by_role("button", name=name, exact=True)
        expect(button).to_have_attribute("aria-disabled", "true")
    page.get_by_role("button", name="Synchronize now").click(force=True)
    expect(page.locator("#toasts")).to_contain_text("You are a viewer.")
    viewer.go("#/enrollments/new")
    expect(page.get_by_role("heading", name="AWS Organizations")).to_be_visible()
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert sent == []
