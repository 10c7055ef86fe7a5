"""No organization reaches another: every route of the OpenAPI document, with every foreign id that
its path takes, by every kind of caller who may not. Each request is one that the owner may make.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.table import keys
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.resources import Resources
from cavok.api.caller import Caller
from cavok.domain.organizations import Organization
from cavok.domain.verifications import finish
from cavok.domain.webhooks import Delivery, DeliveryStatus
from cavok.services.resources import ResourceDependencies
from functions.accounts_api import app as accounts_api
from functions.instances_api import app as instances_api
from tests.integration.conftest import begin_test, items
from tests.integration.test_following_schedules import control, scheduler
from tests.integration.test_instances import make_database
from tests.integration.test_start_stop import dependencies, sessions
from tests.support import api
from tests.support.api import KEYS, Answer, Api, number
from tests.support.builders import (
    NOW,
    ORGANIZATION_ID,
    a_resource,
    a_verification,
    an_account_with_keys,
    an_interaction,
    steps_of,
)

__all__ = ["control", "dependencies", "scheduler", "sessions"]

Json = dict[str, Any]
Route = tuple[str, str]
OPERATIONS: list[Route] = [
    (method.upper(), path)
    for path, methods in Api(None).get("/openapi.json").json["paths"].items()
    for method, operation in methods.items()
    if operation.get("security") != [{}]
]
"""Method and path of every route that takes a token."""
AT_LEAST = 500
DATABASE = "orders"
BODIES: dict[tuple[str, str], Json] = {
    ("POST", "/v1/accounts"): api.ROLE_ACCOUNT | {"provider_id": number(9), "name": "Ninth"},
    ("PATCH", "/v1/accounts/{account_id}"): {"name": "Taken"},
    ("PUT", "/v1/accounts/{account_id}/credentials"): KEYS,
    ("POST", "/v1/accounts/{account_id}/resources"): {
        "kind": "rds",
        "instance_id": DATABASE,
        "region": "us-east-1",
    },
    ("PATCH", "/v1/accounts/{account_id}/resources/{resource_id}"): {"schedule": None},
    ("PUT", "/v1/organization/webhook"): {
        "url": "https://hooks.example.com/of-the-attacker",
        "events": ["Account Failed"],
    },
}
"""What the routes take that take a body."""


# ---- two organizations ---------------------------------------------------------------------------


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
        of_it = {
            keys.organization_pk(self.organization_id),
            keys.webhook_pk(self.organization_id),
            keys.account_pk(self.ids["account_id"]),
            keys.progress_pk(self.ids["verification_id"]),
        }
        return [each for each in items() if each["pk"] in of_it]


class Whole:
    """Both functions of the API, as the gateway stands before them."""

    @staticmethod
    def handler(event: Json, context: Any) -> Any:
        routes = (*instances_api.app._static_routes, *instances_api.app._dynamic_routes)
        here = any(route.rule.match(event["rawPath"]) for route in routes)
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


@pytest.fixture
def victim() -> World:
    return make_world(ORGANIZATION_ID, 1)


@pytest.fixture
def attacker() -> World:
    return make_world("org-two", 2)


def make_world(organization_id: str, index: int) -> World:
    ids = {
        name: f"01JN8Q5M3C00000000000000{letter}{index}"
        for name, letter in {
            "account_id": "A",
            "verification_id": "V",
            "resource_id": "R",
            "event_id": "E",
            "interaction": "N",
        }.items()
    }
    account_id, of_it = ids["account_id"], {"organization_id": organization_id}
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
    hooks = f"https://hooks.example.com/{index}"
    settings = {"url": hooks, "events": ["Account Failed"]}
    made = Api(organization_id, "admin").put("/v1/organization/webhook", settings)
    for event_id in (ids["event_id"], f"{account_id}/2025-03/80"):
        wiring.webhooks().record(a_delivery(organization_id, event_id))
    shown = (hooks, made.json["secret"], number(index), account.name, *ids.values())
    external_id = Api(organization_id, "admin").get("/v1/organization").json["external_id"]
    constant = {"kind": "rds", "instance_id": DATABASE, "period": "2025-03", "percent": "80"}
    return World(organization_id, ids | constant, frozenset((*shown, external_id)))


def a_delivery(organization_id: str, event_id: str) -> Delivery:
    event = json.dumps({"detail-type": "Account Failed", "detail": {"event_id": event_id}})
    return Delivery(
        organization_id=organization_id,
        event_id=event_id,
        type="Account Failed",
        at=NOW,
        event=event,
        status=DeliveryStatus.FAILED,
        tries=9,
        http_status=404,
    )


# ---- the matrix ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Attempt:
    """A request that must not pass. `whose`: whose ids its path has, by parameter."""

    who: Api
    route: Route
    path: str
    headers: dict[str, str] = field(default_factory=dict)
    query: Json = field(default_factory=dict)

    def __str__(self) -> str:
        who = f"{self.who.group} of {self.who.organization_id!r}"
        return f"{who}: {self.route[0]} {self.path} {self.headers} {self.query}"

    def made(self) -> Answer:
        return self.who.send(
            self.route[0], self.path, BODIES.get(self.route), self.headers, self.query
        )


def filled(path: str, ids: dict[str, str]) -> str:
    return re.sub(r"\{(\w+)\}", lambda name: ids[name[1]], path)


def foreign(path: str, mine: World, theirs: World) -> list[dict[str, str]]:
    """Each choice of ids for a path that takes at least one of theirs: all of them, and where it
    takes two, an own account with a foreign child and a foreign account with an own child.
    """
    taken = [name for name in re.findall(r"\{(\w+)\}", path) if mine.ids[name] != theirs.ids[name]]
    choices = [
        dict(zip(taken, each, strict=True)) for each in product((theirs, mine), repeat=len(taken))
    ]
    return [
        {name: whose.ids[name] for name, whose in choice.items()}
        for choice in choices
        if theirs in choice.values()
    ]


def in_each_group(world: World) -> list[Api]:
    return [Api(world.organization_id, group) for group in ("admin", "operator", "viewer", None)]


def misspelt(ids: dict[str, str]) -> Iterator[dict[str, str]]:
    yield {name: value.lower() for name, value in ids.items()}
    yield {name: f"{value}%00" for name, value in ids.items()}
    yield {name: f"x%2F..%2F{value}" for name, value in ids.items()}


def nearly(theirs: World) -> Iterator[Api]:
    """Admins of organizations that are not called quite as the victim."""
    name = theirs.organization_id
    for called in ("", name.upper(), f" {name}", f"{name}#", f"ORG#{name}", f"{name},org-two"):
        yield Api(called, "admin")


def forged(theirs: World) -> Iterator[Json]:
    """Ways to name another organization in a request, besides its path."""
    name = theirs.organization_id
    yield {}
    yield {"headers": {"x-organization": name, "custom:organization": name}}
    yield {"query": {"organization_id": name}}
    yield {"query": {"organization": name}}


def attempts(route: Route, mine: World, theirs: World) -> Iterator[Attempt]:
    method, path = route
    own, choices = filled(path, theirs.ids), foreign(path, mine, theirs)
    for who in in_each_group(mine):
        yield from (Attempt(who, route, filled(path, mine.ids | ids)) for ids in choices)
        if not choices:
            yield from (Attempt(who, route, path, **forgery) for forgery in forged(theirs))
    for ids in choices:
        for wrong in misspelt(ids):
            yield Attempt(mine.admin, route, filled(path, mine.ids | wrong))
    insiders = [Api(theirs.organization_id, None)]
    if method != "GET":
        insiders.append(Api(theirs.organization_id, "viewer"))
    yield from (Attempt(who, route, own) for who in (*nearly(theirs), *insiders))


def passed(attempt: Attempt, theirs: World) -> str | None:
    """What passed, or nothing. Whoever names nothing of theirs may get an answer of their own."""
    answer = attempt.made()
    sent = f"{attempt.path} {BODIES.get(attempt.route)} {attempt.headers} {attempt.query}".lower()
    shown = [each for each in theirs.secrets if each in answer.text and each.lower() not in sent]
    named = any(each.lower() in attempt.path.lower() for each in theirs.secrets)
    must_fail = named or attempt.who.organization_id == theirs.organization_id
    if shown or answer.status >= 500 or (must_fail and answer.status not in (403, 404)):
        return f"{attempt} -> {answer.status} {shown}"
    return None


def all_that_passed(
    mine: World, theirs: World, routes: Sequence[Route] = OPERATIONS
) -> tuple[int, list[str]]:
    """How many attempts were made, and which passed, or changed something."""
    made, found = 0, []
    before = theirs.items()
    for route in routes:
        for attempt in attempts(route, mine, theirs):
            made += 1
            found += [what] if (what := passed(attempt, theirs)) else []
        if theirs.items() != before:
            found.append(f"{route} changed something")
            before = theirs.items()
    return made, found


# ---- what it shows -------------------------------------------------------------------------------


def test_no_attempt_passes(victim: World, attacker: World) -> None:
    made, found = all_that_passed(attacker, victim)

    assert found == []
    assert made >= AT_LEAST


@pytest.mark.parametrize("route", OPERATIONS, ids=" ".join)
def test_the_owners_admin_may_make_each_of_these_requests(route: Route, victim: World) -> None:
    """Else an attempt would fail for another reason than whose it is."""
    method, path = route

    answer = victim.admin.send(method, filled(path, victim.ids), BODIES.get(route))

    assert answer.status < 300, answer.text


def ask_whichever_organization(monkeypatch: pytest.MonkeyPatch) -> None:
    get = Accounts.get

    def careless(self: Accounts, organization_id: str, account_id: str) -> Any:
        (found,) = [i for i in items() if i["sk"] == keys.account_sk(account_id)] or [None]
        owner = found["pk"].removeprefix(keys.ORGANIZATION) if found else organization_id
        return get(self, owner, account_id)

    monkeypatch.setattr(Accounts, "get", careless)


def ask_whichever_account_for_a_resource(monkeypatch: pytest.MonkeyPatch) -> None:
    find = Resources.find

    def careless(self: Resources, account_id: str, resource_id: str) -> Any:
        (found,) = [i for i in items() if i["sk"] == keys.resource_sk(resource_id)] or [None]
        owner = found["pk"].removeprefix(keys.ACCOUNT) if found else account_id
        return find(self, owner, resource_id)

    monkeypatch.setattr(Resources, "find", careless)


def let_viewers_change(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Caller, "must_change", Caller.must_read)


@pytest.mark.parametrize(
    ("hole", "route"),
    [
        (ask_whichever_organization, ("GET", "/v1/accounts/{account_id}")),
        (
            ask_whichever_account_for_a_resource,
            ("GET", "/v1/accounts/{account_id}/resources/{resource_id}"),
        ),
        (let_viewers_change, ("DELETE", "/v1/organization/webhook")),
    ],
)
def test_a_planted_hole_is_seen(
    hole: Any, route: Route, victim: World, attacker: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    hole(monkeypatch)

    _, found = all_that_passed(attacker, victim, [route])

    assert found
