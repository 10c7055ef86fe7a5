"""What moves when the API answers an act later than browsers take for what was just done.

Within half a second of a press, browsers do not count a shift. Here all count that come with the
answer, which is held until what the press itself does is drawn: so no test waits half a second.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import cycle

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.axe import wait_until_loaded
from tests.support.page import enrollments, samples
from tests.support.page.acts import ACTS, PRESSES, Act, Press
from tests.support.page.exports import EXPORTS, export_as_the_api_does
from tests.support.page.measures import LARGEST_SHIFT, RECORD_ALL_SHIFTS
from tests.support.page.waiting import until

WIDTHS = (1280, 640, 360)
HOLD = """
const send = window.fetch;
let held = Promise.resolve();
window.asked = window.awaited = 0;
window.hold = () => { held = new Promise((go) => { window.answer = go; }); };
window.fetch = async (...request) => {
  window.asked += 1;
  window.awaited += 1;
  try {
    await held;
    return await send(...request);
  } finally {
    window.awaited -= 1;
  }
};
"""
QUIET = """[window.asked, window.awaited === 0
  && !document.querySelector("button[aria-busy=true], .skeleton, .skeleton-row")]"""
TWO_FRAMES = "new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))"
PRESS = """(it) => {
  it.scrollIntoView({ block: "center" });
  it.focus({ preventScroll: true });
  it.click();
}"""
"""Who presses it sees it, with what is below it."""
REFUSED = samples.problem(409, samples.BUSY)[1]
BULK = (202, {"operation_id": "op1", "total": 3})
CHOSEN = ("Choose Account00000", "Choose Account00001", "Choose Account00004")
ONE, KEYED, NEW = (f"/v1/accounts/acc00000{index}" for index in (0, 3, 1))
DEV = samples.INSTANCES["items"][0] | {"name": "dev1"}
FLEET = [
    *samples.INSTANCES["items"],
    *(DEV | {"instance_id": f"i-{index:017x}", "name": f"dev{index}"} for index in range(20)),
]
"""So many that what moves them counts."""
WEEK, MEMBERS = samples.RESOURCES[0], enrollments.few()
INVITED = (201, {"url": "#/invitation/abc", "expires_at": "2026-02-05T10:00:00Z"})
MORE = [
    ("Test", Act("accounts", "POST", "/v1/accounts/bulk", BULK, first=CHOSEN)),
    (
        "Delete…",
        Act(
            "accounts",
            "POST",
            "/v1/accounts/bulk",
            BULK,
            pressed=("Delete 3 accounts",),
            first=CHOSEN,
        ),
    ),
    *2 * [("Export CSV", Act("accounts", "GET", "", first=("Sort, filter, export",)))],
    ("Export CSV", Act("accounts", "GET", "", first=CHOSEN)),
    (
        "Change",
        Act("accounts/acc000003", "PATCH", KEYED, samples.account(3, version=9), pressed=("Save",)),
    ),
    (
        "Revoke now",
        Act("accounts/acc000003", "POST", f"{KEYED}/revoke", pressed=("Revoke now",)),
    ),
    (
        "Change the schedule of web1",
        Act(
            "accounts/acc000000/schedules",
            "PATCH",
            f"{ONE}/resources/res1",
            WEEK,
            pressed=("Save",),
        ),
    ),
    (
        "Add resources",
        Act(
            "accounts/acc000001/connect",
            "POST",
            f"{NEW}/resources",
            (201, WEEK),
            pressed=("Add",),
        ),
    ),
    *(
        (
            "Send to your AWS admin",
            Act(
                "accounts/acc000005/connect",
                method,
                "/acc000005/invitations",
                answer,
                pressed=(name,),
            ),
        )
        for name, method, answer in (
            ("Make the link", "POST", INVITED),
            ("Withdraw the link", "DELETE", (204, None)),
        )
    ),
    (
        "Show more",
        Act(
            "accounts/acc000000/tests",
            "GET",
            f"{ONE}/verifications",
            {"items": [samples.finished_test("testy")], "next_cursor": None},
        ),
    ),
    ("Test all", Act("problems", "POST", "/v1/accounts/bulk", BULK)),
    (
        "Change",
        Act(
            "enrollments/enr1",
            "PATCH",
            "/v1/enrollments/enr1",
            enrollments.enrollment(MEMBERS, version=7),
            typed=(("Name", "Southwind"),),
            pressed=("Save",),
        ),
    ),
]
"""Beside those that tests of the keyboard know."""
NOT_HERE = {"Set a webhook", "Write logs: Yes", "Stop"}
"""The samples have a webhook. Operations have a test of their own."""
VIEWS = {"the list": r"accounts$", "an account": r"accounts/", "others": r"(?!accounts)"}


@pytest.fixture
def shown(admin, answer_everything, answer_with, watch) -> Callable[..., Page]:
    """Opens a view with the samples, in a page that can hold answers."""
    watch.expect_status(404, 409)
    page = admin.page
    page.add_init_script(HOLD + RECORD_ALL_SHIFTS)

    def show(hash_: str) -> Page:
        page.unroute_all()
        answer_everything(page)
        export_as_the_api_does(page, [samples.account(index) for index in range(40)])
        answer_with(page, "/v1/operations/op1", samples.operation())
        answer_with(page, f"{NEW}/instances", samples.just_listed(items=[DEV]))
        answer_with(page, f"{ONE}/instances", samples.just_listed(items=FLEET))
        page.goto("about:blank")
        page.set_viewport_size({"width": WIDTHS[0], "height": 720})
        admin.go(f"#/{hash_}")
        page.evaluate("sessionStorage.removeItem('cavok.operations')")
        wait_until_loaded(page)
        wait_until_quiet(page)
        return page

    return show


def wait_until_quiet(page: Page) -> None:
    before = -1

    def is_quiet() -> bool:
        nonlocal before
        page.wait_for_timeout(30)
        was, (before, is_still) = before, page.evaluate(QUIET)
        return was == before and is_still

    until(page, is_quiet, "every answer")
    page.evaluate(TWO_FRAMES)


def button(page: Page, name: str) -> Locator:
    modals = page.get_by_role("dialog")
    place = modals if modals.count() else page.locator("main")
    names = re.compile(rf"^{re.escape(name)}(, .*| \d+ of these)?$")
    found = place.get_by_role("button", name=names)
    found = found.or_(place.get_by_role("checkbox", name=name, exact=True))
    found = found.or_(place.get_by_role("switch", name=name, exact=True))
    return found.or_(place.locator("summary").filter(has_text=name)).first


def moved_by(page: Page, pressed: Locator) -> list[str]:
    """What moves as the answer to this press comes, and how much. Empty if that is next to nothing.
    What the press itself does is drawn before. Toasts of acts before are gone.
    """
    page.evaluate("document.querySelector('#toasts').replaceChildren(); window.hold()")
    pressed.evaluate(PRESS)
    until(page, lambda: page.evaluate("window.awaited"), "the request")
    page.evaluate(TWO_FRAMES)
    page.evaluate("window.since = performance.now(); window.shifts = 0; window.moved = []")
    page.evaluate("window.answer()")
    wait_until_quiet(page)
    shifts, moved = page.evaluate("[window.shifts, window.moved]")
    return moved if shifts >= LARGEST_SHIFT else []


@pytest.mark.timeout(300)
@pytest.mark.parametrize("views", VIEWS)
def test_nothing_jumps_as_an_act_is_refused_late_or_done(views, shown, answer_with):
    """Refused at the widest and the narrowest, and done at one width each, in turns."""
    moved, last = {}, cycle(WIDTHS)
    presses = [each for each in PRESSES.items() if each[1].answer is not None]
    acts = [*ACTS.items(), *presses, *MORE]
    acts = [each for each in acts if each[0] not in NOT_HERE]
    for name, act in (each for each in acts if re.match(VIEWS[views], each[1].hash_)):
        page, width_done = shown(act.hash_), next(last)
        pressed = press_up_to(page, name, act)
        if act.path:
            answer_with(page, act.path, act.answer, method=act.method)
        asked = re.compile(rf"{act.path}(\?|$)") if act.path else EXPORTS
        refuse = refusing(act)
        page.route(asked, refuse)
        for width, how in ((1280, "refused"), (360, "refused"), (width_done, "done")):
            if how == "done":
                page.unroute(asked, refuse)
                answer_with(page, *getattr(act, "then", ("/nothing", None)))
            page.set_viewport_size({"width": width, "height": 720})
            page.evaluate(TWO_FRAMES)
            found = moved_by(page, button(page, pressed))
            # What is below a list gives way to what was asked for.
            if found and (name, how) != ("Show more", "done"):
                moved[act.hash_, name, width, how] = found
    assert moved == {}


def press_up_to(page: Page, name: str, act: Act | Press) -> str:
    """Presses and types what comes before the button that acts, and returns its name."""
    modal, (pressed, *_) = page.get_by_role("dialog"), (*getattr(act, "pressed", ()), name)
    for each in (*act.first, *([name] if pressed != name or getattr(act, "pressed", ()) else [])):
        button(page, each).evaluate(PRESS)
    if getattr(act, "pressed", ()):
        modal.wait_for()
    for label, text in getattr(act, "typed", ()):
        modal.get_by_label(label).and_(modal.locator("input")).first.fill(text)
    return pressed


def refusing(act: Act | Press) -> Callable[[Route], None]:
    def refuse(route: Route) -> None:
        request = route.request
        if request.method != act.method or (
            not act.path and request.headers["accept"] != "text/csv"
        ):
            return route.fallback()
        return route.fulfill(status=409, json=REFUSED)

    return refuse


LOGS = {"action": "write_logs", "value": False}
FINISHED = {"state": "finished", "done": 3} | samples.refused(4)
OPERATIONS = {
    "Test": ({}, FINISHED),
    "Write logs: No": (LOGS, FINISHED | {"changed": 1}),
    "Write logs: Yes": (LOGS | {"value": True}, {"state": "stopped", "done": 1}),
}
"""What begins each, what it is, and how it ends."""


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_jumps_as_an_operation_begins_is_stopped_and_ends(width, shown, answer_with):
    """With refused accounts, and with what can be taken back; nor as the next one begins."""
    page, moved = shown("accounts"), {}
    page.set_viewport_size({"width": width, "height": 720})
    for name, (of, end) in OPERATIONS.items():
        path = f"/v1/operations/op{len(moved)}"
        now = samples.operation(**of)
        ended = now | end | {"finished_at": "2026-01-05T10:01:00Z"}
        begun = (202, {"operation_id": f"op{len(moved)}", "total": 3})
        answer_with(page, "/v1/accounts/bulk", begun, method="POST")
        answer_with(page, path, now)
        answer_with(page, path, ended, method="DELETE")
        for each in CHOSEN:
            button(page, each).evaluate(PRESS)
        moved[name] = moved_by(page, button(page, name))
        if end["state"] == "stopped":
            moved["Stop"] = moved_by(page, button(page, "Stop"))
        answer_with(page, path, ended)
        expect(button(page, "Stop")).to_have_attribute("aria-disabled", "true")
        page.evaluate(TWO_FRAMES)
        shifts, parts = page.evaluate("[window.shifts, window.moved]")
        moved[f"{name}, ended"] = parts if shifts >= LARGEST_SHIFT else []
    assert not any(moved.values()), moved


@pytest.mark.parametrize("size", ["100%", "200%"])
@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_jumps_as_an_operation_cannot_be_read_and_can_again(
    width, size, shown, answer_with, watch
):
    """While other accounts are chosen."""
    watch.expect_status(503)
    page, moved = shown("accounts"), {}
    page.evaluate(f"document.documentElement.style.fontSize = '{size}'")
    page.set_viewport_size({"width": width, "height": 720})
    for each in CHOSEN:
        button(page, each).evaluate(PRESS)
    answer_with(page, "/v1/accounts/bulk", BULK, method="POST")
    button(page, "Test").evaluate(PRESS)
    bar = page.locator(".bulk")
    expect(bar).to_contain_text("Testing: 1 of 3")
    for each in CHOSEN:
        button(page, each).evaluate(PRESS)
    path = "/v1/operations/op1"
    page.evaluate("scrollTo(0, 0)")
    for how, answer, says in (
        ("unread", samples.problem(503, "Later."), True),
        ("read", samples.operation(done=2), False),
    ):
        answer_with(page, path, answer)
        wait_until_quiet(page)
        page.evaluate("window.since = performance.now(); window.shifts = 0; window.moved = []")
        page.evaluate("dispatchEvent(new Event('online'))")
        expect(bar.get_by_text("Later.")).to_be_visible(visible=says)
        page.evaluate(TWO_FRAMES)
        shifts, parts = page.evaluate("[window.shifts, window.moved]")
        moved[how] = parts if shifts >= LARGEST_SHIFT else []
    assert not any(moved.values()), moved


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_jumps_as_it_is_known_whether_a_link_is_valid(width, shown, answer_with):
    path, moved = "/v1/accounts/acc000005/invitations", {}
    valid = {"items": [{"expires_at": "2026-02-05T10:00:00Z"}], "next_cursor": None}
    for answer in (valid, valid | {"items": []}, samples.problem(409, "Not now.")):
        page = shown("accounts/acc000005/connect")
        page.set_viewport_size({"width": width, "height": 720})
        answer_with(page, path, answer)
        moved[str(answer)] = moved_by(page, button(page, "Send to your AWS admin"))
        expect(page.get_by_role("dialog")).to_contain_text(re.compile("valid until|valid now|Not"))
    assert not any(moved.values()), moved


WRONG = {
    "Rotate keys": (
        "accounts/acc000003",
        {"Access key ID": "AKIAIOSFODNN7EXAMPLE", "Secret access key": "x" * 40},
        {"access_key_id": "AWS does not know it.", "secret_access_key": "Of another key."},
    ),
    "Change": ("organization", {}, {"url": "This address is private."}),
    "Change the schedule of web1": (
        "accounts/acc000000/schedules",
        {},
        {"schedule.windows.0.start": "It has to differ from the stop."},
    ),
    "New Account": (
        "accounts",
        {"Provider ID": "123456789012", "Name": "Harbour"},
        {"provider_id": "This account is connected already."},
    ),
}
IN_SIGHT = """() => {
  const { activeElement: it } = document, { left, right, top, bottom } = it.getBoundingClientRect();
  return it.matches(".input") && [top + 2, (top + bottom) / 2, bottom - 2].every(
    (y) => it.contains(document.elementFromPoint((left + right) / 2, y)));
}"""


@pytest.mark.parametrize("width", [1280, 360])
@pytest.mark.parametrize("name", WRONG)
def test_a_late_answer_at_a_field_moves_nothing_and_is_in_sight(name, width, shown, watch):
    watch.expect_status(422)
    hash_, values, said = WRONG[name]
    page = shown(hash_)
    page.set_viewport_size({"width": width, "height": 720})
    button(page, name).evaluate(PRESS)
    form = page.get_by_role("dialog").locator("form")
    for label, value in values.items():
        form.get_by_label(label).and_(form.locator("input")).first.fill(value)
    errors = [{"field": field, "message": message} for field, message in said.items()]
    refusal = samples.problem(422, "Some fields are wrong.", errors=errors)[1]
    page.route(
        re.compile("/v1/"),
        lambda route: (
            route.fallback()
            if route.request.method == "GET"
            else route.fulfill(status=422, json=refusal)
        ),
    )
    assert moved_by(page, form.locator("button[type=submit]")) == []
    for message in said.values():
        expect(form.get_by_text(message)).to_be_visible()
    assert page.evaluate(IN_SIGHT)
    # Nor is it covered for whoever goes back to the first field, from the end of the form.
    form.locator("button[type=submit]").evaluate(PRESS)
    first = form.locator(".input").first
    while not first.evaluate("(it) => it === document.activeElement"):
        page.keyboard.press("Shift+Tab")
    assert page.evaluate(IN_SIGHT)
