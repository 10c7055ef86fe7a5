"""No organization reaches another: every route of the OpenAPI document, with every foreign id that
its path takes, by every kind of caller who may not. Each request is one that the owner may make.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import product
from typing import Any

import pytest

from cavok.adapters.table import keys
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.resources import Resources
from cavok.api.caller import Caller
from tests.support.api import Answer, Api
from tests.support.builders import ORGANIZATION_ID
from tests.support.moto_stack import items
from tests.support.tenants import BODIES, Json, World, filled, make_world, whole_api

__all__ = ["whole_api"]

Route = tuple[str, str]
OPERATIONS: list[Route] = [
    (method.upper(), path)
    for path, methods in Api(None).get("/openapi.json").json["paths"].items()
    for method, operation in methods.items()
    if operation.get("security") != []
]
"""Method and path of every route that takes a token."""
AT_LEAST = 500


# ---- two organizations ---------------------------------------------------------------------------


@pytest.fixture
def victim() -> World:
    return make_world(ORGANIZATION_ID, 1)


@pytest.fixture
def attacker() -> World:
    return make_world("org-two", 2)


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


def foreign(path: str, mine: World, theirs: World) -> list[dict[str, str]]:
    """Each choice of ids for a path that takes at least one of theirs: all of them, and where it
    takes two, an own account with a foreign child and a foreign account with an own child.
    """
    varied = [name for name in re.findall(r"\{(\w+)\}", path) if mine.ids[name] != theirs.ids[name]]
    choices = [
        dict(zip(varied, each, strict=True)) for each in product((theirs, mine), repeat=len(varied))
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
