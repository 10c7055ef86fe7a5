"""Operations on an account that a test found connected, with a resource whose turn is due."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from cavok import wiring
from cavok.domain.survey import Survey
from functions.accounts_api import app as accounts_api
from functions.instances_api import app as instances_api
from functions.record_verification import app as record_verification
from tests.support import api as http
from tests.support import moto_stack as stack
from tests.support.api import KEY_ACCOUNT, ROLE_ACCOUNT, Api, Context
from tests.support.builders import ORGANIZATION_ID, steps_of
from tests.support.moto_stack import REGION, Clock, Json

ADMIN = Api(ORGANIZATION_ID, "admin")
CONNECTED_AT = datetime(2026, 3, 2, 12, 0, tzinfo=Clock.time.tzinfo)
EVENING = CONNECTED_AT + timedelta(days=2, hours=6, minutes=30)
"""A schedule's turn is due since 18:00, and so is a scheduled test."""
OFFICE = {
    "time_zone": "UTC",
    "windows": [{"days": ["mon", "wed"], "start": "08:00", "stop": "18:00"}],
}
LATE = {"time_zone": "UTC", "windows": [{"days": ["mon"], "start": "09:00", "stop": "20:00"}]}


@dataclass
class World:
    """An account that a test found connected, with a resource whose turn is due."""

    account_id: str = ""
    resource_id: str = ""
    clock: Json = field(default_factory=dict)
    test: Json = field(default_factory=dict)
    steps: list[Json] = field(default_factory=list)

    @property
    def path(self) -> str:
        return f"/v1/accounts/{self.account_id}"

    @property
    def resource(self) -> str:
        return f"{self.path}/resources/{self.resource_id}"


def send(method: str, path: str, body: Any = None, **headers: str) -> int:
    """A client that repeats a request while the answer is a 5xx. Returns the status."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    in_instances = "/instances" in path or "/resources" in path
    with pytest.MonkeyPatch.context() as patch:
        # Also for the operation that comes between those of the other function.
        patch.setattr(http, "app", instances_api if in_instances else accounts_api)
        plain_path, _, query = path.partition("?")
        for _ in range(4):
            answer = ADMIN.send(method, plain_path, body, named, dict(parse_qsl(query)))
            if answer.status < 500:
                break
    return answer.status


def invoke(handler: Any, event: Json) -> str:
    """A caller that repeats what failed, as Lambda, Scheduler and Step Functions do."""
    for _ in range(4):
        try:
            handler(event, Context())
        except Exception as error:  # noqa: BLE001  repeated, whatever it is
            failed = f"{type(error).__name__}: {error}"
        else:
            return "done"
    return failed


def begin_a_test(world: World) -> None:
    answer = ADMIN.post(f"{world.path}/verifications")
    assert answer.status == 202, answer.text
    account = wiring.accounts().get(ORGANIZATION_ID, world.account_id)
    world.steps = [step.as_dict() for step in steps_of(account)]
    world.test = {
        "organization_id": ORGANIZATION_ID,
        "account_id": world.account_id,
        "verification_id": answer.json["verification_id"],
        "trigger": "manual",
        "correlation_id": "c",
    }


def delete_the_account(world: World) -> int:
    return send("DELETE", world.path)


def finish_the_test(world: World) -> str:
    """The second test finds another version of the role."""
    survey = Survey(template_version=2 if world.resource_id else 1).as_dict()
    return invoke(
        record_verification.handler, world.test | {"steps": world.steps, "survey": survey}
    )


def made_world(*, has_key: bool, running: bool, deleted: bool) -> World:
    """With an access key; while a test runs; after the account was deleted."""
    stack.empty()
    Clock.time = CONNECTED_AT
    world = World()
    world.account_id = ADMIN.account(**KEY_ACCOUNT if has_key else ROLE_ACCOUNT)["account_id"]
    begin_a_test(world)
    finish_the_test(world)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(http, "app", instances_api)
        body = {"kind": "rds", "instance_id": "orders", "region": REGION, "schedule": OFFICE}
        answer = ADMIN.post(f"{world.path}/resources", body)
        assert answer.status == 201, answer.text
        world.resource_id = answer.json["resource_id"]
    world.clock = stack.message_of(stack.clocks()[0])
    Clock.time = EVENING
    if running:
        begin_a_test(world)
    if deleted:
        delete_the_account(world)
    return world
