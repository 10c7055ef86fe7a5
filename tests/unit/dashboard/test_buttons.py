"""Each button of the page is pressed by keyboard in a test, or leads to where the tests of modals
and views begin."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.support.page.acts import PRESSES

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "functions" / "dashboard" / "static"
BUTTON = re.compile(
    r"(?<![\w.])(?:button|changeButton|iconButton|small|act|press)\(|this\.opener\(|h\(\s*\"button\","
)
NO_BUTTONS = {"texts.js", "api.js", "jump.js"}
"""They have functions of such names that make none; the lines of jump.js are options of a list."""
MAKERS = {
    "lib/ui.js text",  # these take their words from whoever calls them
    "lib/ui.js button",
    "lib/ui.js icon-button",
    "views/accounts.js button button-small",
    "views/bulk.js button-small",
    "views/organization.js text",
}
LEAD_ON = {
    "app.js actions.close",
    "app.js nav.jump",
    "app.js signIn.signOut",
    "lib/modal.js actions.close",
    "lib/ui.js cancelText",
    "lib/ui.js submit",
    "views/account.js account.remove",
    "views/account.js account.rotate",
    "views/account.js account.watchTest",
    "views/account.js actions.change",
    "views/account.js actions.rename",
    "views/account.js revoke.action",
    "views/accounts.js list.addMany",
    "views/accounts.js list.newAccount",
    "views/challenges.js challenges.restart",
    "views/connect.js connect.add",
    "views/connect.js invite.action",
    "views/enrollment.js actions.change",
    "views/enrollment.js enrollments.end",
    "views/enrollment.js enrollments.enterAccount",
    "views/enrollments.js enrollments.add",
    "views/instances.js instances.stop",
    "views/instances.js schedules.schedule",
    "views/instructions.js account.remove",
    "views/instructions.js account.rotate",
    "views/invite.js actions.close",
    "views/organization.js actions.change",
    "views/organization.js webhook.add",
    "views/organization.js webhook.remove",
    "views/organization.js webhook.rotate",
    "views/organization.js webhook.secretKept",
    "views/problems.js button-small",
    "views/schedules.js schedules.change",
    "views/schedules.js schedules.remove",
    "views/schedules.js several.action",
    "views/sign-in.js signIn.hosted",
}
"""They open or close a modal, send its form, or lead to another view or page."""
ELSEWHERE = {
    "lib/copying.js tab": ("browser/test_accessibility.py", "End"),
    "lib/text-or-file.js addMany.edit": ("unit/dashboard/importing.test.mjs", "addMany.edit"),
    "lib/text-or-file.js words": ("browser/test_add_many.py", "Put “Pasted text” back"),
    "lib/text-or-file.js addMany.remove": ("browser/test_add_many.py", "Remove"),
    "lib/ui.js actions.retry": ("browser/test_focus.py", "Try again"),
    "lib/watched.js button-small newer": ("browser/test_weight.py", "Show newer"),
    "lib/watched.js actions.showMore": ("browser/test_focus.py", "Show more"),
    "views/account.js account.newer.text": ("browser/test_weight.py", "Show changes"),
    "views/connect.js actions.retry": ("unit/dashboard/connect.test.mjs", "t.actions.retry"),
    # Stands for the link until that is read.
    "views/connect.js instructions.deploy": (
        "unit/dashboard/connect.test.mjs",
        "if what is read for it",
    ),
    "views/access.js access.choose": ("browser/test_access_details.py", "Choose what to grant"),
    "views/accounts.js list.showArrived": ("browser/test_what_is_true_now.py", "Show"),
    "views/accounts.js link": ("browser/test_the_list.py", "Look at more"),
    "views/add-many.js addMany.stop": ("browser/test_add_many.py", "Stop"),
    "views/all-schedules.js turns.searchAll": (
        "unit/dashboard/all-schedules.test.mjs",
        "turns.searchAll",
    ),
    "views/all-schedules.js text": ("browser/test_all_schedules.py", "Show 20 more"),
    "views/bulk.js link": ("browser/test_fleets.py", "Choose all 10,000"),
    "views/bulk.js bulk.again": ("browser/test_fleets.py", "Try the first 100 refused ones again"),
    "views/bulk.js bulk.delete": ("browser/test_fleets.py", "Delete…"),
    "views/bulk.js bulk.logsOff": ("browser/test_fleets.py", "Write logs: No"),
    "views/bulk.js bulk.none": ("browser/test_bulk.py", "Choose none"),
    "views/bulk.js bulk.test": ("browser/test_bulk.py", "Test"),
    "views/bulk.js bulk.undo": ("browser/test_fleets.py", "Undo"),
    "views/choices.js button button-small": ("browser/test_exporting.py", "Export CSV"),
    "views/enrollment.js actions.close": ("browser/test_enrollments.py", "Close"),
    "views/instances.js instances.start": ("support/page/acts.py", "Start orders"),
    "views/instructions.js instructions.lookAgain": ("browser/test_detection.py", "Look again"),
    "views/invite.js invite.withdraw": ("browser/test_keyboard.py", "Withdraw the link"),
    "views/members.js unit-button": ("browser/test_enrollments.py", "Root"),
    "views/permission-map.js actions.close": ("browser/test_health.py", "Close"),
    "views/problems.js account.newer.text": ("browser/test_problems.py", "Show changes"),
    "views/problems.js sharedProblems.showMore": (
        "browser/test_problems.py",
        "Show 100 of 115 more accounts",
    ),
    "views/tests.js tests.compareNeedsTwo": ("browser/test_tests.py", "Compare"),
}
"""By what a test that follows the focus after them calls them, and where that is."""


def call_at(source: str, start: int) -> str:
    depth = 0
    for at in range(source.index("(", start), len(source)):
        depth += {"(": 1, ")": -1}.get(source[at], 0)
        if not depth:
            return source[start : at + 1]
    raise AssertionError(source[start:])


def name_of(call: str) -> str:
    """By its words in the texts, else by its class, else by its type or what it gets for words."""
    words = re.findall(r"\bt\.(?!viewer\.why)(\w+(?:\.\w+)*)", call)
    classes = re.findall(r"\bclass: [\"`]([\w -]*\w)", call)
    if "copyButton" in call or " copy" in call[:200]:
        return "copy"
    kinds = re.findall(r"type: \"(submit)\"", call)
    return [*words, *kinds, *classes, *re.findall(r"\(\s*(\w+)", call)][0]


@pytest.fixture(scope="module")
def buttons() -> set[str]:
    found = set()
    for path in STATIC.rglob("*.js"):
        if path.name in NO_BUTTONS:
            continue
        source = re.sub(r"function (\w+)\(", r"function \1 (", path.read_text())
        source = source.replace("(texts.", "(t.enrollments.")
        for each in BUTTON.finditer(source):
            call = call_at(source, each.start())
            found.add(f"{path.relative_to(STATIC).as_posix()} {name_of(call)}")
    return found - MAKERS


@pytest.fixture(scope="module")
def pressed() -> set[str]:
    return {act.of for act in PRESSES.values()}


def test_each_button_is_pressed_by_keyboard_or_leads_on(buttons, pressed):
    assert buttons - LEAD_ON - set(ELSEWHERE) == pressed


def test_no_other_buttons_are_named(buttons):
    assert {*LEAD_ON, *ELSEWHERE} <= buttons


@pytest.mark.parametrize("of", ELSEWHERE)
def test_what_is_pressed_elsewhere_is_still_there(of):
    path, words = ELSEWHERE[of]
    assert words in (ROOT / "tests" / path).read_text()
