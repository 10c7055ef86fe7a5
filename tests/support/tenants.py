"""Organizations with one of everything each, and the whole API before them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from cavok import wiring
from cavok.domain.organizations import Organization
from cavok.domain.verifications import finish
from cavok.services.resources import ResourceDependencies
from functions.accounts_api import app as accounts_api
from functions.instances_api import app as instances_api
from tests.support import api, enrollments
from tests.support.api import KEYS, Api, number
from tests.support.builders import (
    NOW,
    a_bulk_operation,
    a_failed_delivery,
    a_resource,
    a_verification,
    an_account_with_keys,
    an_interaction,
    steps_of,
)
from tests.support.instances import make_database
from tests.support.moto_stack import begin_bulk, begin_test, items

Json = dict[str, Any]
DATABASE = "orders"
BODIES: dict[tuple[str, str], Json] = {
    ("POST", "/v1/accounts"): api.ROLE_ACCOUNT | {"provider_id": number(9), "name": "Ninth"},
    ("POST", "/v1/accounts/import"): {
        "accounts": [api.ROLE_ACCOUNT | {"provider_id": number(8), "name": "Eighth"}]
    },
    ("POST", "/v1/accounts/bulk"): {
        "action": "delete",
        "selection": {"account_ids": ["01JN8Q5M3C0000000000000B99"]},
    },
    ("PATCH", "/v1/accounts/{account_id}"): {"name": "Taken"},
    ("PUT", "/v1/accounts/{account_id}/credentials"): KEYS,
    ("POST", "/v1/accounts/{account_id}/resources"): {
        "kind": "rds",
        "instance_id": DATABASE,
        "region": "us-east-1",
    },
    ("PATCH", "/v1/accounts/{account_id}/resources/{resource_id}"): {"schedule": None},
    ("POST", "/v1/enrollments"): enrollments.NEW,
    ("PATCH", "/v1/enrollments/{enrollment_id}"): {"name": "Taken"},
    ("PUT", "/v1/organization/webhook"): {
        "url": "https://hooks.example.com/of-the-attacker",
        "events": ["Account Failed"],
    },
}
"""What the routes take that take a body."""


@dataclass(frozen=True)
class World:
    """An organization with one of everything. `ids` fills in the parameters of its paths."""

    organization_id: str
    ids: dict[str, str]
    secrets: frozenset[str] = field(default_factory=frozenset)

    @property
    def admin(self) -> Api:
        return Api(self.organization_id, "admin")

    def items(self) -> list[Json]:
        """All that is stored of it."""
        names = {self.organization_id, *self.ids.values()}
        return [each for each in items() if each["pk"].partition("#")[2] in names]


class Whole:
    """Both functions of the API, as the gateway stands before them."""

    @staticmethod
    def handler(event: Json, context: Any) -> Any:
        here = instances_api.app.methods_at(event["rawPath"])
        return (instances_api if here else accounts_api).handler(event, context)


class Queue:
    """Takes the messages to webhooks."""

    @staticmethod
    def send(messages: list[Any]) -> list[None]:
        return [None for _ in messages]


@pytest.fixture(autouse=True)
def whole_api(control: ResourceDependencies, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    monkeypatch.setattr(api, "app", Whole)
    monkeypatch.setattr(wiring, "connection_dependencies", lambda: control.connections)
    monkeypatch.setattr(wiring, "resource_dependencies", lambda: control)
    monkeypatch.setattr(wiring, "webhook_messages", Queue)
    make_database(DATABASE)


def filled(path: str, ids: dict[str, str]) -> str:
    """A route's path with its parameters."""
    return re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], path)


def make_world(organization_id: str, index: int) -> World:
    ids = {
        name: f"01JN8Q5M3C00000000000000{letter}{index}"
        for name, letter in {
            "account_id": "A",
            "verification_id": "V",
            "resource_id": "R",
            "event_id": "E",
            "enrollment_id": "M",
            "synchronization_id": "S",
            "operation_id": "P",
            "interaction": "N",
        }.items()
    }
    account_id, of_it = ids["account_id"], {"organization_id": organization_id}
    operation = a_bulk_operation(**of_it, operation_id=ids["operation_id"], total=1)
    begin_bulk(operation, [account_id])
    wiring.organizations().create(Organization.new(organization_id), NOW)
    account = wiring.accounts().add(
        an_account_with_keys(
            **of_it, account_id=account_id, account_number=number(index), name=f"Secretly{index}"
        ),
        "sealed",
    )
    tested = a_verification(**of_it, account_id=account_id, verification_id=ids["verification_id"])
    account = begin_test(account, tested)
    after, ended = finish(account, tested, steps_of(account), NOW)
    wiring.verifications().finish(account, after, ended, None)
    resource = a_resource(**of_it, account_id=account_id, resource_id=ids["resource_id"])
    wiring.resources().add(resource)
    wiring.interactions().record(
        an_interaction(**of_it, account_id=account_id, interaction_id=ids["interaction"])
    )
    enrollments.make_one(ids["enrollment_id"], ids["synchronization_id"], organization_id, index)
    hooks = f"https://hooks.example.com/{index}"
    settings = {"url": hooks, "events": ["Account Failed"]}
    made = Api(organization_id, "admin").put("/v1/organization/webhook", settings)
    for event_id in (ids["event_id"], f"{account_id}/2025-03/80"):
        event = json.dumps({"detail-type": "Account Failed", "detail": {"event_id": event_id}})
        wiring.webhooks().record(a_failed_delivery(event_id, event, organization_id), NOW)
    shown = (hooks, made.json["secret"], number(index), account.name, *ids.values())
    external_id = Api(organization_id, "admin").get("/v1/organization").json["external_id"]
    constant = {"kind": "rds", "instance_id": DATABASE, "period": "2025-03", "percent": "80"}
    return World(organization_id, ids | constant, frozenset((*shown, external_id)))
