"""Ways through the page by keyboard alone, beside those in the tests of their views."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest
from playwright.sync_api import expect

from tests.browser.axe import wait_until_loaded
from tests.support.page import enrollments, samples
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
    for path, reply in enrollments.answers().items():
        answer_with(page, path, reply)
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


class Act(NamedTuple):
    """Where its button is; the request that it sends, and the answer; what is typed into the modal,
    by its label; the modal's buttons to press, one after the other; whether its button is there
    afterwards."""

    hash_: str
    method: str
    path: str
    answer: Any = (204, None)
    typed: tuple[tuple[str, str], ...] = ()
    pressed: tuple[str, ...] = ()
    stays: bool = False


INSTANCES, WEBHOOK = "/v1/accounts/acc000000/instances", "/v1/organization/webhook"
ASKED = samples.INTERACTIONS[0] | {"result": "pending", "state": None}
STOP = ASKED | {"action": "stop"}
START = ASKED | {"kind": "rds", "instance_id": "orders"}
SECRET = samples.WEBHOOK | {"secret": "whsec_c2VjcmV0"}
NUMBER = samples.account(3)["provider_id"]
KEYS = (("Access key ID", "AKIAIOSFODNN7EXAMPLE"), ("Secret access key", "a-secret"))
ADDRESS = (("Address", "https://hooks.northwind.example/cavok"),)
ACTS = {
    "Stop web1": Act(
        "accounts/acc000000/instances",
        "POST",
        f"{INSTANCES}/ec2/{samples.WEB}/stop",
        STOP,
        pressed=("Stop",),
    ),
    "Start orders": Act(
        "accounts/acc000000/instances",
        "POST",
        f"{INSTANCES}/rds/orders/start",
        START,
        stays=True,
    ),
    "Release orders": Act(
        "accounts/acc000000/schedules",
        "DELETE",
        "/v1/accounts/acc000000/resources/res2",
        pressed=("Release",),
    ),
    "Rotate keys": Act(
        "accounts/acc000003",
        "PUT",
        "/v1/accounts/acc000003/credentials",
        typed=KEYS,
        pressed=("Use these keys",),
        stays=True,
    ),
    "Delete account": Act(
        "accounts/acc000003",
        "DELETE",
        "/v1/accounts/acc000003",
        typed=(("Type the account number", NUMBER),),
        pressed=("Delete account",),
    ),
    "Set a webhook": Act(
        "organization", "PUT", WEBHOOK, SECRET, typed=ADDRESS, pressed=("Save", "I have kept it")
    ),
    "Rename": Act(
        "accounts/acc000003",
        "PATCH",
        "/v1/accounts/acc000003",
        samples.account(3, name="Harbour"),
        typed=(("Name", "Harbour"),),
        pressed=("Save",),
        stays=True,
    ),
    "New signing secret": Act(
        "organization",
        "PUT",
        WEBHOOK,
        SECRET,
        pressed=("New signing secret", "I have kept it"),
        stays=True,
    ),
    "Remove the webhook": Act("organization", "DELETE", WEBHOOK, pressed=("Remove the webhook",)),
}
"""By the button that is pressed first."""


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
    before = samples.NO_SUCH if name == "Set a webhook" else samples.WEBHOOK
    after = samples.NO_SUCH if act.method == "DELETE" else samples.WEBHOOK
    answer_with(page, WEBHOOK, lambda _: after if sent else before)
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


class Press(NamedTuple):
    """A button that acts without a modal: the view that it is in, its request, and the answer; what
    the page says then; what answers its reads from then on; whether the button is gone afterwards.
    """

    hash_: str
    path: str
    answer: Any
    said: str
    then: tuple[str, Any] = ("/nothing", None)
    is_gone: bool = False
    method: str = "POST"


ONE, ENROLLMENT = "/v1/accounts/acc000003", "/v1/enrollments/enr1"
BEGUN = (202, samples.finished_test("test9", state="running", outcome=None, finished_at=None))
SYNCHRONIZING = (202, enrollments.RUNNING)
CONNECTED = [each | {"state": "connected"} for each in enrollments.few()]
AGAIN = {"detail": "The message is on its way again."}
PRESSES = {
    "Test Account00003": Press(
        "accounts",
        f"{ONE}/verifications",
        BEGUN,
        "Testing…",
        then=("/v1/accounts", samples.pages_of([samples.account(3, testing=True)])),
    ),
    "Write logs": Press(
        "accounts/acc000003",
        ONE,
        samples.account(3, write_logs=True, version=2),
        "Cavok writes logs from now on",
        method="PATCH",
    ),
    "Refresh": Press(
        "accounts/acc000000/instances", INSTANCES, samples.just_listed(), "web1", method="GET"
    ),
    "Evaluate again": Press(
        "accounts/acc000000/least-privilege",
        "/v1/accounts/acc000000/least-privilege",
        samples.LEAST_PRIVILEGE,
        "Evaluated",
        method="GET",
    ),
    "Synchronize now": Press(
        "enrollments/enr1", f"{ENROLLMENT}/synchronizations", SYNCHRONIZING, "Done: 13 accounts"
    ),
    "Try 3 whose role is missing again": Press(
        "enrollments/enr1",
        f"{ENROLLMENT}/synchronizations",
        SYNCHRONIZING,
        "Done: 13 accounts",
        then=(ENROLLMENT, enrollments.enrollment(CONNECTED, version=3)),
        is_gone=True,
    ),
    "Send a test message": Press(
        "organization",
        f"{WEBHOOK}/test",
        (202, {"detail": "A test message is on its way."}),
        "A test message is on its way.",
    ),
    "Resume": Press(
        "organization",
        f"{WEBHOOK}/resume",
        (204, None),
        "Send a test message",
        then=(WEBHOOK, samples.WEBHOOK | {"state": "active"}),
        is_gone=True,
    ),
    "Deliver again: Account Failed": Press(
        "organization",
        f"{WEBHOOK}/deliveries/event0/redeliver",
        (202, AGAIN),
        AGAIN["detail"],
    ),
}
"""By the button's name."""


def test_what_acts_without_a_modal_is_pressed_by_keyboard_and_keeps_the_focus_or_passes_it_on(
    admin, answer_everything, answer_with
):
    page = admin.page
    answer_everything(page)
    page.goto("about:blank")
    for name, act in PRESSES.items():
        admin.go(f"#/{act.hash_}")
        wait_until_loaded(page)
        if name.startswith("Deliver"):
            press(page, "Deliveries")
        reach(page, name)
        sent = answer_with(page, act.path, act.answer, method=act.method)
        answer_with(page, *act.then)
        page.keyboard.press("Space" if name == "Write logs" else "Enter")
        until(page, lambda sent=sent: sent, f"what {name} asks for")
        expect(page.locator("body")).to_contain_text(act.said)
        wait_until_loaded(page)
        if act.is_gone:
            expect(page.get_by_role("button", name=name)).to_have_count(0)
            assert page.evaluate("document.activeElement.closest('main') !== null"), name
        else:
            assert page.evaluate(FOCUSED).strip().startswith(name)
