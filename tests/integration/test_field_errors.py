"""Whatever is wrong with a field, its sentence is true: a client that does what it says gets on."""

from __future__ import annotations

import copy
import json
from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest

from tests.support.api import (
    KEY_ACCOUNT,
    KEYS,
    OFFICE,
    ROLE_ACCOUNT,
    WEBHOOK,
    Api,
    is_our_sentence,
    is_problem,
)
from tests.support.builders import ORGANIZATION_ID
from tests.support.declared import described_api
from tests.support.interleaving import brought_back
from tests.support.tenants import World, make_world, whole_api

__all__ = ["whole_api"]

ACCOUNT = "/v1/accounts/{account_id}"
ENROLLMENT = {
    "name": "Northwind",
    "provider": "aws",
    "management_account_id": "210987654321",
    "include_ous": ["r-ab12"],
    "exclude_ous": ["ou-ab12-11111111"],
    "exclude_accounts": ["234567890123"],
    "name_pattern": "Shop*",
    "regions": ["eu-west-1"],
    "write_logs": True,
    "role_path": "/team/",
    "permissions_boundary": "team/Limits",
    "tags": {"cost-center": "42"},
    "features": ["ec2", "logs"],
}
BODIES: list[tuple[str, str, Any]] = [
    ("POST", "/v1/accounts", ROLE_ACCOUNT | {"role_name": "CavokOne", "role_path": "/"}),
    ("POST", "/v1/accounts", KEY_ACCOUNT),
    ("POST", "/v1/accounts/import", {"accounts": [ROLE_ACCOUNT]}),
    (
        "POST",
        "/v1/accounts/bulk",
        {
            "action": "write_logs",
            "value": True,
            "selection": {
                "filter": {
                    "q": "prod",
                    "status": "confirmed",
                    "access_type": "access_key",
                    "has_problems": False,
                    "template_version": 1,
                }
            },
            "expected_total": 0,
            "dry_run": True,
        },
    ),
    (
        "POST",
        "/v1/accounts/bulk",
        {"action": "test", "selection": {"account_ids": ["01JN8Q5M3C0000000000000B01"]}},
    ),
    (
        "PATCH",
        ACCOUNT,
        {
            "name": "Other",
            "write_logs": True,
            "regions": ["eu-west-1"],
            "role_name": "CavokOne",
            "role_path": "/",
        },
    ),
    ("PUT", f"{ACCOUNT}/credentials", KEYS),
    (
        "POST",
        f"{ACCOUNT}/resources",
        {"kind": "rds", "instance_id": "orders", "region": "us-east-1", "schedule": OFFICE},
    ),
    ("PATCH", f"{ACCOUNT}/resources/{{resource_id}}", {"schedule": OFFICE}),
    ("POST", "/v1/enrollments", ENROLLMENT),
    (
        "PATCH",
        "/v1/enrollments/{enrollment_id}",
        {name: ENROLLMENT[name] for name in ENROLLMENT if name not in ("provider", "role_path")},
    ),
    ("PUT", "/v1/organization/webhook", WEBHOOK | {"rotate_secret": False}),
]
"""Every request that has a body, with every field."""
Place = tuple[str | int, ...]
each_body = pytest.mark.parametrize(
    ("method", "path", "body"), BODIES, ids=[f"{each[0]} {each[1]}" for each in BODIES]
)


@pytest.fixture
def world() -> World:
    return brought_back("world", partial(make_world, ORGANIZATION_ID, 1))


def test_no_field_of_a_request_is_missing_here() -> None:
    fields: dict[tuple[str, str], set[str]] = {}
    for method, path, body in BODIES:
        fields.setdefault((method, path), set()).update(body)
    described = {
        (method.upper(), path): set(properties(operation["requestBody"]))
        for path, operations in described_api()["paths"].items()
        for method, operation in operations.items()
        if "requestBody" in operation
    }
    assert fields == described


def properties(body: Any) -> Any:
    name = body["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    return described_api()["components"]["schemas"][name]["properties"]


def places(value: Any, here: Place = ()) -> Iterator[Place]:
    """Of everything inside."""
    inside: Any = ()
    if isinstance(value, dict):
        inside = value.items()
    elif isinstance(value, list):
        inside = enumerate(value)
    for name, each in inside:
        yield (*here, name)
        yield from places(each, (*here, name))


def at(body: Any, place: Place) -> Any:
    for name in place:
        body = body[name]
    return body


def changed(body: Any, place: Place, value: Any) -> Any:
    """With this value there. `…`: without any."""
    made = copy.deepcopy(body)
    owner = at(made, place[:-1])
    if value is ...:
        owner.pop(place[-1], None)
    else:
        owner[place[-1]] = value
    return made


@each_body
def test_half_of_a_character_is_a_bad_request_wherever_it_is(
    method: str, path: str, body: Any, world: World
) -> None:
    """JSON can escape what UTF-8 cannot carry: a lone surrogate."""
    wrong = [{**body, "\ud800": 1}, {**body, "x": {"\ud800": 1}}, "\ud800", ["a\udfff"]]
    wrong += [changed(body, place, "a\ud800") for place in places(body)]

    for each in wrong:
        answer = world.admin.send(method, path.format_map(world.ids), json.dumps(each))

        assert is_problem(answer, 400), each
        assert answer.json["detail"] == "The body is not text in UTF-8."


VALUES = [None, 1, "", [1], ["x"], {"": 1}, ...]


@each_body
def test_who_does_what_the_sentences_say_gets_on(
    method: str, path: str, body: Any, world: World
) -> None:
    for place, value in wrong_values(body):
        sent, said = changed(body, place, value), []
        for _ in range(9):
            errors = errors_of(world.admin, method, path.format_map(world.ids), sent)
            if not errors:
                break
            for error in errors:
                assert error not in said, f"{error}: it was done, after {place} = {value!r}"
                assert is_our_sentence(error["message"]), error
                sent = followed(sent, body, **error)
            said += errors
        else:
            pytest.fail(f"{place} = {value!r} leads nowhere: {said}")


def wrong_values(body: Any) -> Iterator[tuple[Place, Any]]:
    for place in places(body):
        *owner, name = place
        for value in VALUES:
            if not (isinstance(name, int) and value is ...):
                yield place, value
        if isinstance(name, str):
            yield from (((*owner, other), 1) for other in ("", "x"))


def errors_of(admin: Api, method: str, path: str, body: Any) -> list[dict[str, str]]:
    answer = admin.send(method, path, body)
    assert answer.status < 500, answer.text
    return answer.json["errors"] if answer.status == 422 else []


def followed(sent: Any, right: Any, *, field: str, message: str) -> Any:
    """What a client makes of a sentence: nothing else, but a right value where it asks for one."""
    names = [] if field == "body" else ["" if n == '""' else n for n in field.split(".")]
    place = whole(sent, names)
    if message == f"There is no field {field} here.":
        assert place[-1] in at(sent, place[:-1])
        return changed(sent, place, ...)
    if message.endswith("Give a value, or leave the field out."):
        assert at(sent, place) is None
        return changed(sent, place, ...)
    if message.endswith("it has no role."):
        return changed(sent, place, ...)
    if message == f"{field} is required.":
        assert at(sent, place[:-1]).get(place[-1]) is None
        return changed(sent, place, at(right, place))
    present = at(sent, place[:-1]).get(place[-1]) if place else sent
    assert is_true_of(present, message), message
    return changed(sent, place, at(right, place))


def is_true_of(value: Any, message: str) -> bool:
    """Whether a sentence about a type or a length is right, that the value is not so."""
    if "at least 1" in message:
        return not value
    kind = next((kind for kind, words in KINDS.items() if message.endswith(f" is {words}.")), None)
    if kind and message.startswith("Each entry of "):
        return not all(isinstance(each, kind) for each in value)
    return not (kind and isinstance(value, kind))


KINDS = {str: "a text", bool: "true or false", list: "a list", dict: "a JSON object"}


def whole(body: Any, names: list[str]) -> Place:
    """The place of a field. Of lists, whose entries have no names, the first entry that has it."""
    place: Place = ()
    for name in names:
        while isinstance(at(body, place), list):
            place = (*place, 0)
        place = (*place, name)
    return place


def test_tags_that_iam_takes_for_one_are_refused_by_name(world: World) -> None:
    for method, path in (
        ("POST", "/v1/enrollments"),
        ("PATCH", "/v1/enrollments/{enrollment_id}".format_map(world.ids)),
    ):
        body = ENROLLMENT if method == "POST" else {}
        sent = body | {"tags": {"Team": "shop", "team": "shop"}}
        (error,) = errors_of(world.admin, method, path, sent)

        assert error["field"] == "tags"
        assert is_our_sentence(error["message"])
        assert "differ in more than case" in error["message"]


@pytest.mark.parametrize(
    ("query", "says"),
    [
        ({"limit": "9" * 4301}, "limit has too many digits."),
        ({"limit": "9" * 4300}, "limit is at most 100."),
        ({"limit": "-1"}, "limit is a whole number, in digits."),
        ({"refresh": "1"}, "refresh is true or false."),
    ],
    ids=range(4),
)
def test_what_is_wrong_with_a_parameter_is_one_sentence_that_names_it(
    query: dict[str, Any], says: str, world: World
) -> None:
    path = "instances" if "refresh" in query else "verifications"

    answer = world.admin.get(f"{ACCOUNT}/{path}".format_map(world.ids), **query)

    assert is_problem(answer, 422)
    assert [error["message"] for error in answer.json["errors"]] == [says]
