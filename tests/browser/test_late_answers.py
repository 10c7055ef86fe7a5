"""What moves when the API answers an act later than browsers take for what was just done.

Within half a second of a press, browsers do not count a shift. Here all count that come with the
answer, which is held until what the press itself does is drawn: so no test waits half a second.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable
from itertools import cycle
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Locator, Page, Route, expect

from tests.browser.axe import wait_until_loaded
from tests.support.page import enrollments, samples
from tests.support.page.acts import ACTS, PRESSES, Act, Press
from tests.support.page.exports import EXPORTS, export_as_the_api_does
from tests.support.page.measures import LARGEST_SHIFT, RECORD_ALL_SHIFTS
from tests.support.page.waiting import (
    SECONDS,
    TWO_FRAMES,
    HeldRequests,
    pass_time_until,
    stop_the_clock,
)

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
QUIET = f"""async () => {{
  const isQuiet = () => window.awaited === 0
    && !document.querySelector("button[aria-busy=true], .skeleton, .skeleton-row");
  const deadline = performance.now() + {SECONDS * 1000};
  let before = -1;
  let was;
  do {{
    if (performance.now() > deadline) throw new Error("not every answer came");
    await new Promise((go) => setTimeout(go, 30));
    was = before;
    before = window.asked;
  }} while (was !== before || !isQuiet());
  await {TWO_FRAMES};
}}"""
PRESS = """(it) => {
  it.scrollIntoView({ block: "center" });
  it.focus({ preventScroll: true });
  it.click();
}"""
"""Who presses it sees it, with what is below it."""
MOVED = f"""async (it) => {{
  document.querySelector("#toasts").replaceChildren();
  window.hold();
  ({PRESS})(it);
  const deadline = performance.now() + {SECONDS * 1000};
  while (!window.awaited) {{
    if (performance.now() > deadline) throw new Error("no request came");
    await new Promise((go) => setTimeout(go, 20));
  }}
  await {TWO_FRAMES};
  window.since = performance.now();
  window.shifts = 0;
  window.moved = [];
  window.answer();
  await ({QUIET})();
  return [window.shifts, window.moved];
}}"""
"""In one go: what a test asks of the page, and what the page says, takes longer than a look."""
REFUSED = samples.problem(409, samples.BUSY)[1]
BULK_PATH = "/v1/accounts/bulk"
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
LISTED = [
    samples.listed(
        WEEK | {"resource_id": f"res{index}"}, samples.account(index, status="confirmed")
    )
    for index in range(90)
]


def in_parts(request: Any) -> dict[str, Any]:
    """The instances under control, 30 at once."""
    start = int(parse_qs(urlsplit(request.url).query).get("cursor", ["0"])[0])
    more = str(start + 30) if start + 30 < len(LISTED) else None
    return {"items": LISTED[start : start + 30], "next_cursor": more}


IN_PARTS = (("/v1/resources", in_parts),)
TROUBLED = [samples.account(index, status="failed") for index in range(40)]
PROBLEMS = (("/v1/problems", samples.problems_of(TROUBLED, 5)),)
INVITED = (201, {"url": "#/invitation/abc", "expires_at": "2026-02-05T10:00:00Z"})
MORE = [
    ("Test", Act("accounts", "POST", BULK_PATH, BULK, first=CHOSEN)),
    (
        "Delete…",
        Act(
            "accounts",
            "POST",
            BULK_PATH,
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
    ("Test all", Act("problems", "POST", BULK_PATH, BULK)),
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
    (
        "Connect an AWS Organization",
        Act(
            "enrollments",
            "POST",
            "/v1/enrollments",
            (201, enrollments.waiting()),
            typed=(("Name", "Southwind"),),
            pressed=("Add it",),
        ),
    ),
    (
        "End the enrollment",
        Act(
            "enrollments/enr1",
            "DELETE",
            "/v1/enrollments/enr1",
            enrollments.ENDED,
            pressed=("End the enrollment",),
        ),
    ),
    (
        "Look at more accounts",
        Act("problems", "GET", "/v1/problems", PROBLEMS[0][1], before=PROBLEMS),
    ),
    (
        "Look at more instances",
        Act("schedules", "GET", "/v1/resources", in_parts, before=IN_PARTS),
    ),
    ("Search all", Act("schedules?q=web", "GET", "/v1/resources", in_parts, before=IN_PARTS)),
    ("Search all", Act("schedules?q=nobody", "GET", "/v1/resources", in_parts, before=IN_PARTS)),
    (
        "One week for several",
        Act(
            "accounts/acc000000/schedules",
            "PATCH",
            f"{ONE}/resources/res[0-9]",
            WEEK,
            pressed=("Set this week",),
            chosen=("Choose all",),
        ),
    ),
    (
        "New Account",
        Act(
            "accounts",
            "POST",
            "/v1/accounts",
            (201, samples.account(5)),
            typed=(("Provider ID", "123456789012"), ("Name", "Harbour")),
            pressed=("Add account",),
        ),
    ),
    (
        "Add accounts",
        Act(
            "accounts/many",
            "POST",
            "/v1/accounts/import",
            (200, {"created": [samples.account(50, provider_id="123456789012")], "refused": []}),
            typed=(("Account numbers", "123456789012 Harbour"),),
        ),
    ),
    (
        "Show more",
        Act(
            "organization", "GET", "/v1/organization/usage", samples.usage_of([samples.account(1)])
        ),
    ),
]
"""Beside those that tests of the keyboard know."""
NOT_HERE = {"Write logs: Yes", "Stop"}
"""Operations have a test of their own."""
GIVES_WAY = {"Show more", "Look at more accounts", "Look at more instances"}
VIEWS = {"the list": r"accounts$", "an account": r"accounts/", "others": r"(?!accounts)"}


@pytest.fixture
def shown(admin, answer_everything, answer_with, watch) -> Callable[..., Page]:
    """Opens a view with the samples, in a page that can hold answers."""
    watch.expect_status(404, 409)
    page = admin.page
    page.add_init_script(HOLD + RECORD_ALL_SHIFTS)

    def show(hash_: str, before: Any = ()) -> Page:
        page.unroute_all()
        answer_everything(page)
        export_as_the_api_does(page, [samples.account(index) for index in range(40)])
        answer_with(page, "/v1/operations/op1", samples.operation())
        answer_with(page, f"{NEW}/instances", samples.just_listed(items=[DEV]))
        answer_with(page, f"{ONE}/instances", samples.just_listed(items=FLEET))
        for path, *reply in before:
            answer_with(page, path, reply[0], method="".join(reply[1:]) or "GET")
        page.goto("about:blank")
        page.set_viewport_size({"width": WIDTHS[0], "height": 720})
        admin.go(f"#/{hash_}")
        page.evaluate("sessionStorage.removeItem('cavok.operations')")
        wait_until_loaded(page)
        wait_until_quiet(page)
        return page

    return show


def wait_until_quiet(page: Page) -> None:
    page.evaluate(QUIET)


def button(page: Page, name: str) -> Locator:
    modals = page.get_by_role("dialog")
    place = modals if modals.count() else page.locator("main")
    names = re.compile(rf"^{re.escape(name)}(, .*| \d+ of these)?$")
    found = place.get_by_role("button", name=names)
    found = found.or_(place.get_by_role("checkbox", name=name, exact=True))
    found = found.or_(place.get_by_role("switch", name=name, exact=True))
    return found.or_(place.locator("summary").filter(has_text=name)).first


def moved_by(pressed: Locator) -> list[str]:
    """What moves as the answer to this press comes, and how much. Empty if that is next to nothing.
    What the press itself does is drawn before. Toasts of acts before are gone.
    """
    shifts, moved = pressed.evaluate(MOVED)
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
        page, width_done = shown(act.hash_, act.before), next(last)
        pressed = press_up_to(page, name, act)
        sent = []
        if act.path:
            sent = answer_with(page, act.path, act.answer, method=act.method)
        asked = re.compile(rf"{act.path}(\?|$)") if act.path else EXPORTS
        refuse = refusing(act)
        page.route(asked, refuse)
        for width, how in ((1280, "refused"), (360, "refused"), (width_done, "done")):
            if how == "done":
                page.unroute(asked, refuse)
                answer_with(page, act.then[0], once(sent, act.then[1]))
            page.set_viewport_size({"width": width, "height": 720})
            page.evaluate(TWO_FRAMES)
            found = moved_by(button(page, pressed))
            # What is below a list gives way to what was asked for.
            if found and (how != "done" or name not in GIVES_WAY):
                moved[act.hash_, name, width, how] = found
    assert moved == {}


def once(sent: list[Any], reply: Any) -> Callable[[Any], Any]:
    """This reply, once something was sent."""
    return lambda request: (reply(request) if callable(reply) else reply) if sent else None


def press_up_to(page: Page, name: str, act: Act | Press) -> str:
    """Presses and types what comes before the button that acts, and returns its name."""
    modal, (pressed, *_) = page.get_by_role("dialog"), (*getattr(act, "pressed", ()), name)
    for each in (*act.first, *([name] if pressed != name or getattr(act, "pressed", ()) else [])):
        button(page, each).evaluate(PRESS)
    if getattr(act, "pressed", ()):
        modal.wait_for()
    for label, text in getattr(act, "typed", ()):
        place = modal if act.pressed else page.locator("main")
        place.get_by_label(label).and_(place.locator("input, textarea")).first.fill(text)
    for each in getattr(act, "chosen", ()):
        button(page, each).evaluate(PRESS)
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


KEY = {"SecretCode": "A" * 32, "Session": "session"}
WRONG_CODE = (400, {"__type": "CodeMismatchException"})
CLAIMS = {"email": samples.ADMIN, "custom:organization": "northwind", "cognito:groups": ["admin"]}
LET_IN = {
    "IdToken": f".{base64.b64encode(json.dumps(CLAIMS).encode()).decode()}.",
    "RefreshToken": "token",
    "ExpiresIn": 3600,
}
CODE = {"Code": "123456"}
OWN = {"New password": "x" * 14, "The same again": "x" * 14}
SIGN_IN: dict[str, tuple[dict[str, str], tuple[Any, ...]]] = {
    "Sign in": (
        {"Email": "admin@northwind.example", "Password": "wrong"},
        (
            (
                400,
                {"__type": "NotAuthorizedException", "message": "Incorrect username or password."},
            ),
            (500, {}),
            (400, {"__type": "PasswordResetRequiredException"}),
            {"ChallengeName": "NEW_PASSWORD_REQUIRED"},
        ),
    ),
    "Continue": (
        OWN,
        (
            (400, {"__type": "InvalidPasswordException", "message": "It has to have a number."}),
            (500, {}),
            {"ChallengeName": "MFA_SETUP"},
        ),
    ),
    "Continue ": (CODE, (WRONG_CODE, (500, {}), {"ChallengeName": "SOFTWARE_TOKEN_MFA"})),
    "Continue  ": (
        CODE,
        (WRONG_CODE, (400, {"__type": "NotAuthorizedException"}), {"AuthenticationResult": LET_IN}),
    ),
}
"""What is typed for each press, and what Cognito answers to it, in turns."""


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_jumps_as_a_sign_in_is_refused_late_or_goes_on(
    width, page, stack, watch, answer_everything
):
    watch.expect_status(400, 500)
    answer_everything(page)
    page.add_init_script(HOLD + RECORD_ALL_SHIFTS)
    moved, answer = {}, {}

    page.route(f"{stack.emulator_url}/", lambda route: route.fulfill(**answer))
    page.set_viewport_size({"width": width, "height": 720})
    page.goto(stack.dashboard_url)
    for name, (typed, said) in SIGN_IN.items():
        for label, text in typed.items():
            page.get_by_label(label, exact=True).fill(text)
        for each in said:
            status, body = each if isinstance(each, tuple) else (200, each)
            answer = {"status": status, "json": KEY | body}
            moved[name, str(each)] = moved_by(button(page, name.strip()))
    assert not any(moved.values()), moved


LOGS = {"action": "write_logs", "value": False}
FINISHED = {"state": "finished", "done": 3} | samples.refused(4)
OPERATIONS = {
    "Test": ({}, FINISHED, "Try the refused one again"),
    "Write logs: No": (LOGS, FINISHED | {"changed": 1}, "Undo"),
    "Write logs: Yes": (LOGS | {"value": True}, {"state": "stopped", "done": 1}, "Undo"),
}
"""What begins each, what it is, how it ends, and what is pressed then."""


@pytest.mark.parametrize("width", [1280, 360])
def test_nothing_jumps_as_an_operation_begins_is_stopped_and_ends(width, shown, answer_with):
    """With refused accounts, and with what can be taken back; nor as the next one begins."""
    page, moved = shown("accounts"), {}

    def begins(**changes: Any) -> tuple[str, dict[str, Any]]:
        now = samples.operation(operation_id=f"op{len(moved)}", **changes)
        path, begun = f"/v1/operations/op{len(moved)}", {"total": 3}
        answer_with(page, path, now)
        answer_with(
            page, BULK_PATH, (202, begun | {"operation_id": now["operation_id"]}), method="POST"
        )
        return path, now

    page.set_viewport_size({"width": width, "height": 720})
    for name, (of, end, press) in OPERATIONS.items():
        path, now = begins(**of)
        ended = now | end | {"finished_at": "2026-01-05T10:01:00Z"}
        answer_with(page, path, ended, method="DELETE")
        page.evaluate("window.scrollTo(0, 0)")
        for each in CHOSEN:
            button(page, each).evaluate(PRESS)
        moved[name] = moved_by(button(page, name))
        if end["state"] == "stopped":
            moved["Stop"] = moved_by(button(page, "Stop"))
        answer_with(page, path, ended)
        expect(button(page, "Stop")).to_have_attribute("aria-disabled", "true")
        page.evaluate(TWO_FRAMES)
        shifts, parts = page.evaluate("[window.shifts, window.moved]")
        moved[f"{name}, ended"] = parts if shifts >= LARGEST_SHIFT else []
        answer_with(page, BULK_PATH, samples.problem(409, samples.BUSY), method="POST")
        moved[name, press, "refused"] = moved_by(button(page, press))
        begins(**of, state="finished", done=3)
        moved[name, press, "done"] = moved_by(button(page, press))
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


def test_nothing_jumps_as_it_is_known_whether_a_link_is_valid(shown, answer_with):
    page, moved = shown("accounts/acc000005/connect"), {}
    path, modal = "/v1/accounts/acc000005/invitations", page.get_by_role("dialog")
    valid = {"items": [{"expires_at": "2026-02-05T10:00:00Z"}], "next_cursor": None}
    for answer in (valid, valid | {"items": []}, samples.problem(409, "Not now.")):
        answer_with(page, path, answer)
        for width in (1280, 360):
            page.set_viewport_size({"width": width, "height": 720})
            page.evaluate(TWO_FRAMES)
            moved[width, str(answer)] = moved_by(button(page, "Send to your AWS admin"))
            expect(modal).to_contain_text(re.compile("valid until|valid now|Not"))
            page.keyboard.press("Escape")
            expect(modal).to_have_count(0)
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
    "Connect an AWS Organization": (
        "enrollments",
        {"Name": "Southwind"},
        {"name": "Another one has this name."},
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


SIZES = [(1280, 100), (360, 100), (360, 200)]
"""Of the window, in pixels, and of the text, in percent."""
LONG = " It says at length what is wrong with the value, and what to enter in its place." * 3
SAID = """() => [...document.querySelectorAll("[aria-invalid=true]")]
  .flatMap((it) => it.getAttribute("aria-describedby").split(" "))
  .map((id) => document.getElementById(id).textContent)"""


def fill_and_refuse(
    page: Page, name: str, values: dict[str, str], size: int
) -> tuple[Locator, dict[str, Any]]:
    """The form of the modal that this button opens, and what the API refuses it with."""
    page.evaluate("(size) => { document.documentElement.style.fontSize = `${size}%`; }", size)
    button(page, name).evaluate(PRESS)
    form = page.get_by_role("dialog").locator("form")
    for label, value in values.items():
        form.get_by_label(label).and_(form.locator("input")).first.fill(value)
    refusal = samples.problem(422, "Some fields are wrong.")[1]

    def refuse(route: Route) -> None:
        if route.request.method == "GET":
            return route.fallback()
        return route.fulfill(status=422, json=refusal)

    page.route(re.compile("/v1/"), refuse)
    return form, refusal


@pytest.mark.timeout(120)
@pytest.mark.parametrize("name", WRONG)
def test_a_late_answer_at_a_field_moves_nothing_and_is_in_sight(name, shown, watch):
    """In one line, it is in the gap below the field; in several, below the form."""
    watch.expect_status(422)
    hash_, values, said = WRONG[name]
    for width, size in SIZES:
        page = shown(hash_)
        page.set_viewport_size({"width": width, "height": 720})
        form, refusal = fill_and_refuse(page, name, values, size)
        for more in ("", LONG):
            messages = [message + more for message in said.values()]
            refusal["errors"] = [
                {"field": field, "message": message}
                for field, message in zip(said, messages, strict=True)
            ]
            assert moved_by(form.locator("button[type=submit]")) == [], (width, size, more)
            described = " ".join(page.evaluate(SAID))
            for message in messages:
                expect(form.get_by_text(message).locator("visible=true")).to_have_count(1)
                assert message in described
            assert page.evaluate(IN_SIGHT), (width, size, more)
        # Nor is it covered for whoever goes back to the first field, from the end of the form.
        form.locator("button[type=submit]").focus()
        first = form.locator(".input").first
        while not first.evaluate("(it) => it === document.activeElement"):
            page.keyboard.press("Shift+Tab")
        assert page.evaluate(IN_SIGHT), (width, size)


FORMS = {
    f"{name} of {act.hash_}": (name, act)
    for name, act in (*ACTS.items(), *MORE)
    if isinstance(act, Act) and act.pressed and act.path
}
"""Whatever a modal sends."""
AT_LINES = {"One week for several", "Add resources", "Send to your AWS admin"}
"""These say elsewhere than in their form what is no field's: at each instance, and in a toast."""
WINDOWS = (
    (360, 640, 200),
    (375, 553, 100),
    (640, 400, 100),
    (1280, 590, 100),
    (1280, 860, 100),
)
"""Width and height in pixels, and the size of the text in percent."""
WHY = "This address is private: choose one that the internet reaches."
FIELDS = """() => [...document.querySelectorAll("form [data-field]")]
  .filter((it) => !it.querySelector("[data-field]"))
  .map((it) => it.dataset.field)
  .filter((name) => name !== "number")"""
"""The API does not refuse what confirms an act."""
FOLD = f"""(open) => {{
  document.querySelectorAll("form details").forEach((it) => {{ it.open = open; }});
  return {TWO_FRAMES};
}}"""
LINES_SEEN = """(words) => {
  const { activeElement } = document, place = document.createRange();
  const isSeen = (it, { left, right, top, bottom }) => it.contains(
    document.elementFromPoint((left + right) / 2, (top + bottom) / 2));
  const walker = document.createTreeWalker(
    document.querySelector("dialog[open] form"), NodeFilter.SHOW_TEXT);
  const seen = [];
  while (walker.nextNode()) {
    const { currentNode: text } = walker, from = text.data.indexOf(words);
    if (from < 0 || !text.parentElement.checkVisibility()) continue;
    place.setStart(text, from);
    place.setEnd(text, from + words.length);
    seen.push(...[...place.getClientRects()].map((line) => isSeen(text.parentElement, line)));
  }
  const has = activeElement.closest("label") ?? activeElement;
  return [isSeen(has, has.getBoundingClientRect()), seen];
}"""
"""Whether what has the focus is in sight, and each line of these words."""


@pytest.mark.timeout(120)
@pytest.mark.parametrize("form", FORMS)
def test_the_words_of_a_late_refusal_are_in_sight_however_low_the_window(form, shown, watch):
    """And nothing moves. Of a text of twice the size, the last lines may have to be scrolled to."""
    watch.expect_status(422)
    name, act = FORMS[form]
    page = shown(act.hash_, act.before)
    pressed = press_up_to(page, name, act)
    refusal = samples.problem(422, WHY)[1]

    def refuse(route: Route) -> None:
        if route.request.method == "GET":
            return route.fallback()
        return route.fulfill(status=422, json=refusal | wrong)

    page.route(re.compile("/v1/"), refuse)
    fields = page.evaluate(FIELDS)
    if name == "Add resources":
        fields.remove("instances")  # which says at each one what is wrong with it
    # The last one in its details, which are closed.
    cases: list[Any] = [
        (each, each != fields[-1]) for each in dict.fromkeys(fields[:1] + fields[-1:])
    ]
    if name not in AT_LINES:
        cases.append((None, True))
    amiss = []
    for width, height, size in WINDOWS:
        page.set_viewport_size({"width": width, "height": height})
        page.evaluate("(size) => { document.documentElement.style.fontSize = `${size}%`; }", size)
        for field, is_open in cases:
            wrong = {"errors": [{"field": field, "message": WHY}]} if field else {}
            page.evaluate(FOLD, is_open)
            moved = moved_by(button(page, pressed))
            has_focus, lines = page.evaluate(LINES_SEEN, WHY)
            seen = lines if size == 100 else lines[:4]
            if moved or not has_focus or not seen or not all(seen):
                amiss.append((width, height, field, moved, has_focus, lines))
    assert amiss == []


def test_a_late_answer_opens_nothing_but_one_at_once_does(shown, watch):
    watch.expect_status(422)
    page = shown("accounts")
    values = {"Provider ID": "123456789012", "Name": "Harbour"}
    form, refusal = fill_and_refuse(page, "New Account", values, 100)
    refusal["errors"] = [{"field": "role_path", "message": "It has to begin with a slash."}]
    assert moved_by(form.locator("button[type=submit]")) == []
    expect(form.get_by_text("Role path: It has to begin with a slash.")).to_be_visible()
    summary = form.locator("summary")
    expect(summary).to_be_focused()
    expect(summary).to_have_accessible_description("Role path: It has to begin with a slash.")
    summary.press("Enter")
    path, name = form.get_by_label("Role path"), form.get_by_label("Role name")
    expect(path).to_have_attribute("aria-invalid", "true")
    expect(path).to_have_accessible_description(re.compile("It has to begin with a slash"))
    name.fill("Other")
    summary.click()
    expect(name).to_be_hidden()
    form.locator("button[type=submit]").click()
    expect(name).to_be_focused()


def test_nothing_jumps_as_instances_that_took_long_cannot_be_listed(
    shown, admin, answer_with, watch
):
    """What else is to be known is below the room that waits for them by then."""
    watch.expect_status(503)
    page = shown("accounts")
    answer_with(page, NEW, samples.account(1, status="degraded"))
    held = HeldRequests(page, re.compile(f"{NEW}/instances"))
    stop_the_clock(page)
    admin.go("#/accounts/acc000001/connect")
    place, below = page.locator("main .slow"), page.locator(".watch")
    pass_time_until(page, lambda: place.count() and below.is_visible(), "that it takes long")
    page.clock.resume()
    page.evaluate(TWO_FRAMES)
    page.evaluate("window.shifts = 0; window.moved = []")
    held.first().fulfill(status=503, json=samples.problem(503, "Not now.")[1])
    expect(page.get_by_role("alert").filter(has_text="Not now.")).to_be_visible()
    page.evaluate(TWO_FRAMES)
    shifts, moved = page.evaluate("[window.shifts, window.moved]")
    assert shifts < LARGEST_SHIFT, moved
