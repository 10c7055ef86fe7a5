"""Ways through the page by keyboard alone, beside those in the tests of their views."""

from __future__ import annotations

from typing import Any

import pytest
from playwright.sync_api import expect

from tests.browser.axe import wait_until_loaded
from tests.support.page import enrollments, samples
from tests.support.page.acts import ACTS, PRESSES
from tests.support.page.keyboard import FOCUSED, press, reach
from tests.support.page.waiting import until


def test_a_link_for_an_admin_is_made_copied_and_withdrawn(sign_in, open_context):
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    person = sign_in("admin", on=context.new_page())
    page, account = person.page, person.add_account()
    person.go(f"#/accounts/{account['account_id']}/connect")
    expect(page.get_by_role("button", name="Send to your AWS admin")).to_be_visible()
    press(page, "Send to your AWS admin")
    dialog = page.get_by_role("dialog")
    expect(dialog).to_be_visible()
    press(page, "Make the link")
    address = dialog.locator("pre").inner_text()
    press(page, "Copy")
    copied = "navigator.clipboard.readText()"
    until(page, lambda: page.evaluate(copied) == address, "the link is copied")
    press(page, "Withdraw the link")
    expect(dialog).to_have_count(0)
    expect(page.get_by_role("button", name="Send to your AWS admin")).to_be_focused()


def test_resources_are_added_after_connecting(admin, answer_everything, answer_with):
    page = admin.page
    answer_everything(page)

    def added(request: Any) -> tuple[int, Any]:
        wanted = request.post_data_json
        (same,) = (one for one in samples.RESOURCES if one["instance_id"] == wanted["instance_id"])
        return 201, same | {"schedule": wanted["schedule"]}

    sent = answer_with(page, "/v1/accounts/acc000001/resources", added, method="POST")
    admin.go("#/accounts/acc000001/connect")
    wait_until_loaded(page)
    press(page, "Add resources")
    expect(page.get_by_role("dialog", name="Add resources")).to_be_visible()
    press(page, "Choose none")
    press(page, "web1", "Space")
    reach(page, "Schedule of web1")
    page.keyboard.press("Home")  # office hours
    press(page, "Add")
    expect(page.get_by_role("dialog")).to_have_count(0)
    assert [one.post_data_json["schedule"]["windows"][0]["start"] for one in sent] == ["08:00"]
    assert page.evaluate("document.querySelector('main').contains(document.activeElement)")


def test_an_aws_organization_is_added(admin, answer_with):
    page = admin.page
    answer_with(page, enrollments.answers())
    made = (201, enrollments.waiting())
    sent = answer_with(page, "/v1/enrollments", made, method="POST")
    admin.go("#/enrollments")
    wait_until_loaded(page)
    press(page, "Connect an AWS Organization")
    expect(page.get_by_role("dialog").get_by_label("Name", exact=True)).to_be_focused()
    page.keyboard.type("Southwind")
    reach(page, "Units to connect")
    page.keyboard.type("ou-ab12-11111111")
    reach(page, "Yes")
    page.keyboard.press("ArrowRight")
    press(page, "Role, tags and features")
    press(page, "Encrypted volumes", "Space")
    press(page, "Add it")
    expect(page.get_by_role("heading", name="Southwind")).to_be_focused()
    assert sent[0].post_data_json | {"features": None} == {
        "provider": "aws",
        "name": "Southwind",
        "include_ous": ["ou-ab12-11111111"],
        "write_logs": False,
        "features": None,
    }
    assert "encrypted_volumes" in sent[0].post_data_json["features"]


@pytest.mark.parametrize("name", ACTS)
def test_what_acts_at_once_is_done_and_something_has_the_focus_then(
    admin, answer_everything, answer_with, name
):
    act, page, sent = ACTS[name], admin.page, []
    dialog, button = page.get_by_role("dialog"), page.get_by_role("button", name=name, exact=True)
    page.on("request", lambda one: one.method in ("GET", "OPTIONS") or sent.append(one))
    answer_everything(page)
    orders = samples.RESOURCES[1]
    one = "/v1/accounts/acc000000/resources"
    answer_with(page, f"{one}/res2", orders)
    answer_with(page, one, lambda _: {"items": [] if sent else [orders], "next_cursor": None})
    before, (path, after) = dict(act.before), act.then
    answer_with(page, path, lambda _: after if sent else before.get(path))
    answer_with(page, act.path, act.answer, method=act.method)
    admin.go(f"#/{act.hash_}")
    wait_until_loaded(page)
    press(page, name)
    for label, text in act.typed:
        expect(dialog.get_by_label(label)).to_be_visible()
        reach(page, label)
        page.keyboard.type(text)
    for submit in act.pressed:
        expect(dialog.get_by_role("button", name=submit, exact=True)).to_be_visible()
        press(page, submit)
    expect(dialog).to_have_count(0)
    expect(button).to_have_count(int(act.stays))
    (asked,) = sent
    assert asked.method == act.method
    assert asked.url.partition("?")[0].endswith(act.path)
    has_focus = "document.activeElement.closest('main') !== null"
    until(page, lambda: page.evaluate(has_focus), "something of the view has the focus")


IS_IN_VIEW = "document.activeElement.matches('main, main *, dialog *')"


def test_what_acts_without_a_modal_is_pressed_by_keyboard_and_keeps_the_focus_or_passes_it_on(
    admin, answer_everything, answer_with
):
    page = admin.page
    for name, act in PRESSES.items():
        button = name.strip()
        page.goto("about:blank")
        page.unroute_all()
        answer_everything(page)
        answer_with(page, "/detection", {"state": "off"}, method="POST")
        for path, *reply in act.before:
            answer_with(page, path, reply[0], method=(*reply, "GET")[1])
        admin.go(f"#/{act.hash_}")
        wait_until_loaded(page)
        for each in act.first:
            press(page, each, "Space" if each.startswith("Choose") else "Enter")
            if each.startswith("Choose"):
                bar = page.get_by_role("group", name="With the chosen accounts")
                expect(bar).to_be_visible()
                page.keyboard.press("Enter")  # leads there
        reach(page, button)
        sent = answer_with(page, act.path or "/nothing", act.answer, method=act.method)
        answer_with(page, *act.then)
        page.keyboard.press("Space" if name == "Write logs" else "Enter")
        until(page, lambda sent=sent, act=act: sent or not act.path, f"what {name} asks for")
        expect(page.locator("body")).to_contain_text(act.said)
        wait_until_loaded(page)
        if act.passes_on:
            until(page, lambda: page.evaluate(IS_IN_VIEW), f"the focus after {name}")
        else:
            has = page.evaluate(FOCUSED).strip()
            assert has.startswith(button), f"{name}: {has}"
