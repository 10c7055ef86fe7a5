"""What a person presses and waits for: whether something jumps as the answer comes late is measured
for each, or not, and why.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[3]
STATIC = ROOT / "functions" / "dashboard" / "static"
WAITS = re.compile(
    r"(?<!function )(?<![\w.])"
    r"(?:submitting|eachPress|form|enrollmentForm|doubling|pagedList|exporting)\("
)
"""Calls of these wait for an answer, with a button that is busy until it comes."""
WITHIN = re.compile(
    r"^(?:(?:export )?(?:async )?function\*? (\w+)|(?:export )?const (\w+) ="
    r"|  (?:async )?(?!if|for|while|switch)(\w+)\(.*\) \{$)",
    re.MULTILINE,
)
"""A function at the top of a module, or a method."""
MAKERS = {
    "lib/ui.js form",
    "lib/watched.js pagedList",
    "views/bulk.js eachPress",
    "views/enrollment-form.js enrollmentForm",
}
MEASURED = {
    "lib/testing.js startTest": "Test again",
    "views/account.js confirmRemoval": "Delete account",
    "views/account.js confirmRevoke": "Revoke now",
    "views/account.js logsSwitch": "Write logs",
    "views/account.js reach": "Change",
    "views/account.js rename": "Rename",
    "views/account.js rotate": "Rotate keys",
    "views/add-many.js importer": "Add accounts",
    "views/all-schedules.js turnList": "Search all",
    "views/bulk.js barIn": "Test",
    "views/bulk.js confirmation": "Delete…",
    "views/bulk.js progressOf": "Undo",
    "views/challenges.js step": "Continue",
    "views/choices.js choices": "Export CSV",
    "views/connect.js drawFound": "Add resources",
    "views/enrollment.js change": "Southwind",
    "views/enrollment.js confirmEnd": "End the enrollment",
    "views/enrollment.js one": "Synchronize now",
    "views/enrollments.js add": "Connect an AWS Organization",
    "views/instances.js confirmStop": "Stop web1",
    "views/instances.js section": "Refresh",
    "views/instances.js start": "Start orders",
    "views/instructions.js deployed": "Withdraw the link",
    "views/invite.js inviteDialog": "Make the link",
    "views/new-account.js accountForm": "New Account",
    "views/organization.js confirmRemoval": "Remove the webhook",
    "views/organization.js confirmRotation": "New signing secret",
    "views/organization.js edit": "Set a webhook",
    "views/organization.js pressButtons": "Send a test message",
    "views/organization.js usageThisMonth": "Show more",
    "views/privilege.js leastPrivilege": "Evaluate again",
    "views/problems.js problems": "Look at more accounts",
    "views/problems.js testAll": "Test all",
    "views/schedules.js confirmRemoval": "Release orders",
    "views/schedules.js scheduleDialog": "Change the schedule of web1",
    "views/several.js severalDialog": "Set this week",
    "views/sign-in.js password": "Sign in",
    "views/tests.js history": "Show more",
}
"""By what tests/browser/test_late_answers.py presses."""
NOT_MEASURED = {
    "lib/deploy-link.js linkGuard": "opens a new tab, or says in a toast why not",
    "lib/ui.js errorPanel": "reads again: tests/browser/test_weight.py has reads that fail",
    "views/account.js watchTest": "leads to another view",
    "views/accounts.js newButton": "opens a modal",
    "views/connect.js lateLink": "stands where the link comes, with its room",
    "views/instructions.js drawWatch": "changes a few words of the line that it is in",
    "views/jump.js exportAll": "as the list's own, in a modal",
    "views/jump.js ofShown": "as the account's own switch, from a modal that closes",
    "views/members.js memberTree": "below its list, as that of the tests",
    "views/organization.js deliveries": "below its list, as that of the tests",
    "views/schedules.js askToStop": "as the modal of an instance that is stopped",
    "views/several.js forChosen": "asks for nothing: it waits until all instances are drawn",
    "views/sign-in.js hosted": "leads to another page",
    "views/trail.js trail": "below its list, as that of the tests",
}


@pytest.fixture(scope="module")
def waiting() -> set[str]:
    found = set()
    for path in STATIC.rglob("*.js"):
        source = path.read_text()
        for call in WAITS.finditer(source):
            *_, last = WITHIN.finditer(source, 0, call.start())
            found.add(f"{path.relative_to(STATIC).as_posix()} {last[last.lastindex]}")
    return found


def test_each_act_that_waits_for_an_answer_is_measured_or_it_is_said_why_not(waiting):
    assert waiting == {*MAKERS, *MEASURED, *NOT_MEASURED}


@pytest.mark.parametrize("name", sorted(set(MEASURED.values())))
def test_what_is_measured_is_still_pressed(name):
    paths = ("browser/test_late_answers.py", "support/page/acts.py")
    assert any(f'"{name}"' in (ROOT / "tests" / path).read_text() for path in paths)
