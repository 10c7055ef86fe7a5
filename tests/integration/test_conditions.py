"""If-Match (RFC 9110, 13.1.1) on every route that changes something that has an ETag."""

from __future__ import annotations

import json
import time
from datetime import UTC, datetime
from typing import Any

import pytest

from cavok import wiring
from cavok.api.conditions import versions_of
from cavok.api.openapi import document
from cavok.domain.errors import MalformedHeader
from cavok.domain.verifications import finish
from tests.support.api import KEY_ACCOUNT, KEYS, Answer, Api, is_problem
from tests.support.builders import ORGANIZATION_ID, steps_of

CONDITIONAL: list[tuple[str, str, Any]] = [
    ("PATCH", "/v1/accounts/{id}", {"name": "Other"}),
    ("DELETE", "/v1/accounts/{id}", None),
    ("PUT", "/v1/accounts/{id}/credentials", KEYS),
    ("POST", "/v1/accounts/{id}/revoke", None),
]


def sent(api: Api, route: tuple[str, str, Any], account: dict[str, Any], tags: str) -> Answer:
    method, path, body = route
    path = path.replace("{id}", account["account_id"])
    return api.send(method, path, body, {"If-Match": tags})


@pytest.mark.parametrize(
    "tags", ['"99"', '"0"', f'"{10**20}"', 'W/"1"', '"01"', '"other"', '"2", W/"1"', '""']
)
@pytest.mark.parametrize("route", CONDITIONAL, ids=lambda route: f"{route[0]} {route[1]}")
def test_nothing_is_done_for_another_version(
    route: tuple[str, str, Any], tags: str, admin: Api
) -> None:
    account = admin.account(**KEY_ACCOUNT)

    answer = sent(admin, route, account, tags)

    is_problem(answer, 412)
    assert admin.get(f"/v1/accounts/{account['account_id']}").json == account


@pytest.mark.parametrize("tags", ['"1"', "*", ' "7" , "1"', 'W/"1", "1"', ',"1",'])
@pytest.mark.parametrize("route", CONDITIONAL, ids=lambda route: f"{route[0]} {route[1]}")
def test_it_is_done_for_a_version_that_is_named(
    route: tuple[str, str, Any], tags: str, admin: Api
) -> None:
    account = admin.account(**KEY_ACCOUNT)

    assert sent(admin, route, account, tags).status in (200, 204)


@pytest.mark.parametrize("tags", ["1", "not -1", '"1', '1"', '"1" "2"', "'1'", '*, "1"', "", ","])
@pytest.mark.parametrize("route", CONDITIONAL, ids=lambda route: f"{route[0]} {route[1]}")
def test_a_malformed_tag_is_a_bad_request(
    route: tuple[str, str, Any], tags: str, admin: Api
) -> None:
    account = admin.account(**KEY_ACCOUNT)

    is_problem(sent(admin, route, account, tags), 400)
    assert admin.get(f"/v1/accounts/{account['account_id']}").json == account


def test_the_document_names_the_condition_of_just_these_routes() -> None:
    paths = json.loads(document())["paths"]
    with_condition = {
        (method.upper(), path.replace("{account_id}", "{id}"))
        for path, operations in paths.items()
        for method, operation in operations.items()
        if any(each["name"].lower() == "if-match" for each in operation.get("parameters", []))
    }
    assert with_condition == {route[:2] for route in CONDITIONAL}


@pytest.mark.parametrize("repeated", ['"1",', " \t", " , ", ",", '"1" , ', '"', '"1"', "W/"])
def test_a_long_header_is_read_in_no_time(repeated: str) -> None:
    begun = time.process_time()
    with pytest.raises(MalformedHeader):
        versions_of('"1"' + repeated * (8_000 // len(repeated)) + "x")

    assert time.process_time() - begun < 0.5


def test_a_test_that_changes_no_status_leaves_the_version_that_a_client_names(admin: Api) -> None:
    path = f"/v1/accounts/{admin.account()['account_id']}"
    finish_running(admin, path)
    known = admin.get(path)

    finish_running(admin, path)

    now = admin.get(path)
    assert now.json["version"] == known.json["version"]
    assert now.headers["etag"] != known.headers["etag"], "its times are others"
    renamed = admin.patch(path, {"name": "Other"}, if_match=known.headers["etag"])
    assert (renamed.status, renamed.json["version"]) == (200, known.json["version"] + 1)
    is_problem(admin.patch(path, {"name": "A"}, if_match=known.headers["etag"]), 412)


def finish_running(admin: Api, path: str) -> None:
    """A person's test that finds everything working."""
    test = admin.post(f"{path}/verifications").json["verification_id"]
    verification = wiring.verifications().get(path.rpartition("/")[2], test)
    account = wiring.accounts().get(ORGANIZATION_ID, verification.account_id)
    after, ended = finish(account, verification, steps_of(account), datetime.now(UTC))
    wiring.verifications().finish(account, after, ended, None)
