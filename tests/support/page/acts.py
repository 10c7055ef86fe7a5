"""What a person does in the page, by the button that is pressed for it."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

from tests.support.page import enrollments, samples


class Act(NamedTuple):
    """Where its button is; the request that it sends, and the answer; what is typed into the modal,
    by its label; the modal's buttons to press, one after the other; whether its button is there
    afterwards; what is pressed before it; what the API answers already, and from then on."""

    hash_: str
    method: str
    path: str
    answer: Any = (204, None)
    typed: tuple[tuple[str, str], ...] = ()
    pressed: tuple[str, ...] = ()
    stays: bool = False
    first: tuple[str, ...] = ()
    before: tuple[tuple[Any, ...], ...] = ()
    then: tuple[str, Any] = ("/nothing", None)
    chosen: tuple[str, ...] = ()


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
        "organization",
        "PUT",
        WEBHOOK,
        SECRET,
        typed=ADDRESS,
        pressed=("Save", "I have kept it"),
        before=((WEBHOOK, samples.NO_SUCH),),
        then=(WEBHOOK, samples.WEBHOOK | {"state": "active"}),
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
    "Remove the webhook": Act(
        "organization",
        "DELETE",
        WEBHOOK,
        pressed=("Remove the webhook",),
        then=(WEBHOOK, samples.NO_SUCH),
    ),
}
"""By the button that is pressed first."""


class Press(NamedTuple):
    """A button that acts without a modal: where the page's modules make it, as
    tests/unit/dashboard/test_buttons.py names it; the view that it is in, or the modal, with what
    is pressed before; its request, if it makes one, and the answer, None for that of the samples;
    what the page says then; what the API answers already, and from then on; whether the button, or
    its view, is gone afterwards, or passes the focus on.
    """

    of: str
    hash_: str
    path: str = ""
    answer: Any = None
    said: str = ""
    before: tuple[tuple[Any, ...], ...] = ()
    then: tuple[str, Any] = ("/nothing", None)
    first: tuple[str, ...] = ()
    passes_on: bool = False
    method: str = "POST"


ONE, ENROLLMENT = "/v1/accounts/acc000003", "/v1/enrollments/enr1"
BEGUN = (202, samples.finished_test("test9", state="running", outcome=None, finished_at=None))
SYNCHRONIZING = (202, enrollments.RUNNING)
CONNECTED = [each | {"state": "connected"} for each in enrollments.few()]
AGAIN = {"detail": "The message is on its way again."}
SENT = (202, {"detail": "A test message is on its way."})
OPERATION = (
    ("/v1/accounts/bulk", (202, {"operation_id": "op1", "total": 1}), "POST"),
    ("/v1/operations/op1", samples.operation()),
)
TROUBLED = [samples.account(index, status="failed") for index in range(40)]
# The days of a connection's health are those before now.
BREAKS = [
    samples.finished_test(f"test{index}", outcome=outcome, started_at=at, finished_at=at)
    for index, outcome in enumerate(("confirmed", "failed") * 22)
    for at in [f"{datetime.now(UTC) - index * timedelta(hours=12):%Y-%m-%dT%H:%M:%SZ}"]
]
UNITS = [enrollments.unit(f"Team{index:03d}") for index in range(60)]
IN_UNITS = [enrollments.member(index, place=place) for index, place in enumerate(UNITS)]
WEEK, SEVERAL = "Change the schedule of web1", "One week for several"
PRESSES = {
    "Test Account00003": Press(
        "views/accounts.js list.testLabel",
        "accounts",
        f"{ONE}/verifications",
        BEGUN,
        "Testing…",
        then=("/v1/accounts", samples.pages_of([samples.account(3, testing=True)])),
    ),
    "Write logs": Press(
        "views/account.js switch",
        "accounts/acc000003",
        ONE,
        samples.account(3, write_logs=True, version=2),
        "Cavok writes logs from now on",
        method="PATCH",
    ),
    "Refresh": Press(
        "views/instances.js instances.refresh",
        "accounts/acc000000/instances",
        INSTANCES,
        samples.just_listed(),
        "web1",
        method="GET",
    ),
    "Evaluate again": Press(
        "views/privilege.js privilege.again",
        "accounts/acc000000/least-privilege",
        "/v1/accounts/acc000000/least-privilege",
        samples.LEAST_PRIVILEGE,
        "Evaluated",
        method="GET",
    ),
    "Synchronize now": Press(
        "views/enrollment.js enrollments.synchronize",
        "enrollments/enr1",
        f"{ENROLLMENT}/synchronizations",
        SYNCHRONIZING,
        "Done: 13 accounts",
    ),
    "Try 3 whose role is missing again": Press(
        "views/enrollment.js enrollments.tryAgain",
        "enrollments/enr1",
        f"{ENROLLMENT}/synchronizations",
        SYNCHRONIZING,
        "Done: 13 accounts",
        then=(ENROLLMENT, enrollments.enrollment(CONNECTED, version=3)),
        passes_on=True,
    ),
    "Send a test message": Press(
        "views/organization.js webhook.test",
        "organization",
        f"{WEBHOOK}/test",
        SENT,
        "A test message is on its way.",
    ),
    "Resume": Press(
        "views/organization.js webhook.resume",
        "organization",
        f"{WEBHOOK}/resume",
        (204, None),
        "Send a test message",
        then=(WEBHOOK, samples.WEBHOOK | {"state": "active"}),
        passes_on=True,
    ),
    "Deliver again: Account Failed": Press(
        "views/organization.js webhook.redeliver",
        "organization",
        f"{WEBHOOK}/deliveries/event0/redeliver",
        (202, AGAIN),
        AGAIN["detail"],
        first=("Deliveries",),
    ),
    "Test": Press(
        "views/account.js account.test",
        "accounts/acc000003",
        f"{ONE}/verifications",
        BEGUN,
        "All tests",
        then=(f"{ONE}/verifications/test9", samples.finished_test("test9")),
        passes_on=True,
    ),
    "Test again": Press(
        "views/tests.js tests.again",
        "accounts/acc000000/tests/test1",
        "/v1/accounts/acc000000/verifications",
        BEGUN,
        "All tests",
        then=("/v1/accounts/acc000000/verifications/test9", samples.finished_test("test9")),
        passes_on=True,
    ),
    "Test now": Press(
        "views/instructions.js instructions.testNow",
        "accounts/acc000005/connect",
        "/v1/accounts/acc000005/verifications",
        BEGUN,
        "A test is running.",
        then=("/v1/accounts/acc000005", samples.account(5, testing=True, version=2)),
    ),
    "Withdraw the link": Press(
        "views/instructions.js invite.withdraw",
        "accounts/acc000000/instructions",
        "/v1/accounts/acc000000/invitations",
        (204, None),
        "No link of this account is valid now.",
        method="DELETE",
    ),
    "Dismiss": Press(
        "lib/ui.js actions.dismiss",
        "organization",
        before=((f"{WEBHOOK}/test", SENT, "POST"),),
        first=("Send a test message",),
        passes_on=True,
    ),
    "Theme": Press("app.js icon-button", "accounts", said="Theme: light"),
    "Name": Press("views/accounts.js sort", "accounts", "/v1/accounts", method="GET"),
    "Sort, filter, export": Press(
        "views/accounts.js list.sortAndFilter",
        "accounts",
        "/v1/enrollments",
        said="Clear all filters",
        method="GET",
    ),
    "Clear all filters": Press(
        "views/choices.js choices.clear",
        "accounts?has_problems=true",
        "/v1/accounts",
        said="40 accounts",
        method="GET",
    ),
    "Columns": Press("views/accounts.js list.chooseColumns", "accounts", said="Usual columns"),
    "Usual columns": Press(
        "views/columns.js columns.usual",
        "accounts?columns=name+status+regions",
        said="Next step",
        first=("Columns",),
    ),
    "Show all accounts": Press(
        "views/accounts.js list.clear",
        "accounts?q=nobody",
        "/v1/accounts",
        said="Account00003",
        method="GET",
        passes_on=True,
    ),
    "Write logs: Yes": Press(
        "views/bulk.js bulk.logsOn",
        "accounts",
        "/v1/accounts/bulk",
        (202, {"operation_id": "op1", "total": 1}),
        "Testing: 1 of 3",
        OPERATION,
        first=("Choose Account00003",),
        passes_on=True,
    ),
    "Stop": Press(
        "views/bulk.js bulk.stop",
        "accounts",
        "/v1/operations/op1",
        samples.operation(state="stopped"),
        "Stopped",
        OPERATION,
        first=("Choose Account00003", "Write logs: Yes"),
        then=("/v1/operations/op1", samples.operation(state="stopped")),
        passes_on=True,
        method="DELETE",
    ),
    "Close": Press(
        "views/bulk.js bulk.close",
        "accounts",
        before=OPERATION,
        first=("Choose Account00003", "Write logs: Yes"),
        passes_on=True,
    ),
    "Only this account": Press(
        "views/all-schedules.js turns.onlyThis",
        "schedules",
        "/v1/resources",
        said="Schedules of Account00000 are shown.",
        method="GET",
        passes_on=True,
    ),
    "Show all accounts ": Press(
        "views/all-schedules.js turns.allAccounts",
        "schedules?account_id=acc000000",
        "/v1/resources",
        said="Only this account",
        method="GET",
        passes_on=True,
    ),
    "Show more": Press(
        "views/health.js actions.showMore",
        "accounts/acc000000/health",
        before=(
            (
                "/v1/accounts/acc000000/verifications",
                {"items": BREAKS, "next_cursor": None},
            ),
        ),
        passes_on=True,
    ),
    "Show 10 more units": Press(
        "views/members.js enrollments.moreUnits",
        "enrollments/enr1",
        said="Team059",
        before=tuple(enrollments.answers(IN_UNITS).items()),
        passes_on=True,
    ),
    "Look at more accounts": Press(
        "lib/doubling.js text",
        "problems",
        "/v1/problems",
        said="in the first 10 accounts",
        before=(("/v1/problems", samples.problems_of(TROUBLED, 5)),),
        method="GET",
    ),
    "Copy: Lets Cavok in": Press("lib/copying.js copy", "accounts/acc000000/instructions"),
    "Download cavok-cloud.json": Press(
        "lib/copying.js actions.download",
        "accounts/acc000005/instructions",
    ),
    "Choose all": Press(
        "views/several.js several.all",
        "accounts/acc000000/schedules",
        first=(SEVERAL,),
    ),
    "Choose none": Press(
        "views/several.js several.noneOfAll",
        "accounts/acc000000/schedules",
        first=(SEVERAL,),
    ),
    "Nights off for those without one": Press(
        "views/several.js adding.nightsForOthers",
        "accounts/acc000001/connect",
        first=("Add resources",),
    ),
    "Always off": Press(
        "views/week.js week.presets",
        "accounts/acc000000/schedules",
        said="Without a window it is always off.",
        first=(WEEK,),
    ),
    "Add a window": Press(
        "views/week.js schedules.addWindow",
        "accounts/acc000000/schedules",
        first=(WEEK,),
        passes_on=True,
    ),
    "Remove window 1": Press(
        "views/week.js actions.removeThis",
        "accounts/acc000000/schedules",
        first=(WEEK,),
        passes_on=True,
    ),
    "Add": Press("lib/regions-field.js actions.add", "accounts/acc000003", first=("Change",)),
    "Remove us-east-1": Press(
        "lib/regions-field.js regionsField.remove",
        "accounts/acc000003",
        first=("Change",),
        passes_on=True,
    ),
}
"""By the button's name; a space at its end makes another of the same name."""
