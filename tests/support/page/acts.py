"""What a person does in the page, by the button that is pressed for it."""

from __future__ import annotations

from typing import Any, NamedTuple

from tests.support.page import enrollments, samples


class Act(NamedTuple):
    """Where its button is; the request that it sends, and the answer; what is typed into the modal,
    by its label; the modal's buttons to press, one after the other; whether its button is there
    afterwards; what is pressed before it."""

    hash_: str
    method: str
    path: str
    answer: Any = (204, None)
    typed: tuple[tuple[str, str], ...] = ()
    pressed: tuple[str, ...] = ()
    stays: bool = False
    first: tuple[str, ...] = ()


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


class Press(NamedTuple):
    """A button that acts without a modal: the view that it is in, its request, and the answer; what
    the page says then; what answers its reads from then on; whether the button is gone afterwards;
    what is pressed before it.
    """

    hash_: str
    path: str
    answer: Any
    said: str
    then: tuple[str, Any] = ("/nothing", None)
    is_gone: bool = False
    method: str = "POST"
    first: tuple[str, ...] = ()


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
        first=("Deliveries",),
    ),
}
"""By the button's name."""
