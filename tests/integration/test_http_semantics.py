"""What HTTP's standards ask of every route. Each test names its section."""

from __future__ import annotations

import gzip
import json
import re
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qsl

import pytest

from cavok import wiring
from cavok.api.bodies import LARGER, MAX_BYTES
from cavok.api.openapi import described
from cavok.api.routes import instances
from cavok.services.kept_listings import Listing
from functions.accounts_api import app as accounts_api
from functions.instances_api import app as instances_api
from tests.support import api
from tests.support.api import ROLE_ACCOUNT, Answer, Api, is_problem
from tests.support.builders import NOW, ORGANIZATION_ID, a_bulk_operation, a_resource
from tests.support.enrollments import ENROLLMENT_ID, SYNCHRONIZATION_ID, make_one
from tests.support.interleaving import brought_back
from tests.support.moto_stack import begin_bulk


def _served() -> set[str]:
    """The paths of this function; the others are of the one that enters customers' accounts."""
    return {route.openapi_path for route in accounts_api.app.all_routes()}


EVERY_PATH: dict[str, Any] = described()["paths"]
PATHS = {path: operations for path, operations in EVERY_PATH.items() if path in _served()}
READ = [path for path, operations in PATHS.items() if "get" in operations]
READ_ALL = {path for path, operations in EVERY_PATH.items() if "get" in operations}
READABLE = [
    path
    for path in sorted(READ_ALL)
    if "{verification_id}" not in path and "/invitation" not in path
]
"""The paths of one test need its id."""

PAGES = ["/openapi.json", "/docs", "/docs/problems/admins_only"]
"""Served, but not described."""

RESOURCE = a_resource()
OPERATION = a_bulk_operation()

LISTS = [
    path
    for path in sorted(READ_ALL)
    if any(each["name"] == "cursor" for each in EVERY_PATH[path]["get"]["parameters"])
]


WEBHOOK = {"url": "https://example.com/hook", "events": ["Account Failed"]}


@pytest.fixture(autouse=True)
def _public_webhooks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")


@pytest.fixture
def account(admin: Api) -> dict[str, Any]:
    def make() -> dict[str, Any]:
        admin.put("/v1/organization/webhook", WEBHOOK)
        made = admin.account()
        wiring.resources().add(replace(RESOURCE, account_id=made["account_id"]))
        make_one(ENROLLMENT_ID, SYNCHRONIZATION_ID, ORGANIZATION_ID, 0)
        begin_bulk(OPERATION, [made["account_id"]])
        return made

    return brought_back(f"{__name__}.account", make)


@pytest.fixture
def function(path: str, account: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Requests go to the function that serves the path, once the other one made the account."""
    if path in EVERY_PATH and path not in PATHS:
        monkeypatch.setattr(api, "app", instances_api)


@pytest.fixture
def listed(monkeypatch: pytest.MonkeyPatch) -> None:
    """The account, which nobody has tested, lists no instances."""
    listing = Listing([], [], NOW)
    monkeypatch.setattr(instances, "recent_instances", lambda *_, **__: listing)


def read(admin: Api, path: str, account: dict[str, Any], **headers: str) -> Answer:
    return admin.get(_real(path, account), {k.replace("_", "-"): v for k, v in headers.items()})


def _real(path: str, account: dict[str, Any]) -> str:
    ids = {
        "{account_id}": account["account_id"],
        "{resource_id}": RESOURCE.resource_id,
        "{kind}": "ec2",
        "{enrollment_id}": ENROLLMENT_ID,
        "{operation_id}": OPERATION.operation_id,
        "{synchronization_id}": SYNCHRONIZATION_ID,
    }
    return re.sub("{.*?}", lambda name: ids.get(name[0], name[0]), path)


@pytest.mark.usefixtures("function")
@pytest.mark.parametrize("path", [*READABLE, *PAGES])
def test_9_3_2_head_is_get_without_a_body(path: str, admin: Api, account: dict[str, Any]) -> None:
    got = read(admin, path, account)
    head = admin.send("HEAD", _real(path, account))

    assert got.status == (409 if path.endswith("/instances") else 200)
    assert (head.status, head.text) == (got.status, "")
    assert head.headers == got.headers


METHODS = {"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"}


def _methods(path: str) -> set[str]:
    return {name.upper() for name in EVERY_PATH[path]} | ({"HEAD"} if path in READ_ALL else set())


@pytest.mark.parametrize(
    ("path", "method"),
    [(path, method) for path in EVERY_PATH for method in sorted(METHODS - _methods(path))],
)
def test_15_5_6_a_method_that_a_path_does_not_have_is_told_with_those_that_it_has(
    path: str, method: str, admin: Api, viewer: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Before anything that is wrong with the caller, the path, the body or the query."""
    if path not in PATHS:
        monkeypatch.setattr(api, "app", instances_api)
    for caller in (admin, viewer):
        answer = caller.send(method, path)
        assert answer.status == 405
        assert method == "HEAD" or is_problem(answer, 405)
        assert set(answer.headers["allow"].split(", ")) == _methods(path)
    form = {"Content-Type": "text/plain"}
    assert admin.send(method, path, "a", form, {"x": "1"}).status == 405


def test_15_5_5_a_path_that_is_not_there_is_told_whoever_asks_and_whatever_is_sent(
    admin: Api, viewer: Api
) -> None:
    assert is_problem(admin.get("/v1/nothing", x="1"), 404)
    assert is_problem(viewer.send("OPTIONS", "/v1/nothing"), 404)
    assert is_problem(admin.send("POST", "/v1/nothing", "{", {"Content-Type": "a"}), 404)
    nobodys = Api("")
    assert is_problem(nobodys.get("/v1/nothing"), 403), "a token without an organization"


@pytest.mark.parametrize("sent", ["application/json", "Application/JSON; charset=utf-8", "", None])
def test_8_3_1_media_types_are_compared_without_regard_to_case(
    sent: str | None, admin: Api
) -> None:
    headers = {} if sent is None else {"Content-Type": sent}
    assert admin.send("POST", "/v1/accounts", ROLE_ACCOUNT, headers).status == 201


MEDIA_TYPES = (
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/jsonp",
    "application/merge-patch+json",
    "multipart/form-data",
    "json",
    "*/*",
)


@pytest.mark.parametrize("sent", MEDIA_TYPES)
@pytest.mark.usefixtures("function")
@pytest.mark.parametrize(
    ("method", "path"),
    [
        (method.upper(), path)
        for path, operations in EVERY_PATH.items()
        for method, operation in operations.items()
        if "requestBody" in operation
    ],
)
def test_8_3_the_media_type_of_no_body_says_nothing(
    method: str, path: str, sent: str, admin: Api, account: dict[str, Any]
) -> None:
    """A browser's fetch names text/plain for an empty text."""
    assert is_problem(admin.send(method, _real(path, account), None, {"Content-Type": sent}), 422)


@pytest.mark.parametrize("sent", MEDIA_TYPES)
def test_15_5_16_another_media_type_is_told(sent: str, admin: Api) -> None:
    answer = admin.send("POST", "/v1/accounts", ROLE_ACCOUNT, {"Content-Type": sent})

    assert is_problem(answer, 415)
    assert "application/json" in answer.json["detail"]


@pytest.mark.usefixtures("function")
@pytest.mark.parametrize("path", [path for path in EVERY_PATH if "patch" in EVERY_PATH[path]])
def test_5789_2_2_a_patch_of_another_media_type_is_told_the_right_one(
    path: str, admin: Api, account: dict[str, Any]
) -> None:
    form = {"Content-Type": "application/merge-patch+json"}
    answer = admin.send("PATCH", _real(path, account), {"name": "Other"}, form)

    assert is_problem(answer, 415)
    assert answer.headers["accept-patch"] == "application/json"
    assert "accept-encoding" not in answer.headers, "it is not the reason (RFC 9110, 12.5.3)"


def test_12_5_3_a_body_in_a_content_coding_is_told_that_none_is_read(admin: Api) -> None:
    body = json.dumps(ROLE_ACCOUNT)
    packed = gzip.compress(body.encode())
    for sent, coding in ((packed, "gzip"), (body, "GZIP"), (body, "br"), (body, "identity, gzip")):
        answer = admin.send("POST", "/v1/accounts", sent, {"Content-Encoding": coding})
        assert is_problem(answer, 415), coding
        assert answer.headers["accept-encoding"] == "identity"
    assert admin.send("POST", "/v1/accounts", body, {"Content-Encoding": "Identity"}).status == 201
    assert admin.send("GET", "/v1/accounts", None, {"Content-Encoding": "gzip"}).status == 200


@pytest.mark.parametrize("body", ["a=b", b"\xff", "{"])
def test_9_3_1_a_body_of_get_means_nothing(body: str | bytes, admin: Api) -> None:
    for sent in ("text/plain", "application/json", "multipart/form-data"):
        answer = admin.send("GET", "/v1/accounts", body, {"Content-Type": sent})
        assert answer.status == 200


@pytest.mark.usefixtures("function", "listed")
@pytest.mark.parametrize(
    ("path", "coding"),
    [*((path, "identity") for path in (*READABLE, *PAGES)), *((path, "gzip") for path in PAGES)],
)
def test_13_1_2_what_a_client_has_is_not_sent_again(
    path: str, coding: str, admin: Api, account: dict[str, Any]
) -> None:
    got = read(admin, path, account, Accept_Encoding=coding)
    assert got.status == 200
    assert ("content-encoding" in got.headers) == (coding == "gzip")
    tag = got.headers["etag"]

    for named in (tag, f'"other", {tag}', "*", tag.removeprefix("W/"), f"W/{tag}"):
        again = read(admin, path, account, If_None_Match=named, Accept_Encoding=coding)
        assert (again.status, again.text) == (304, ""), named
        for name in ("etag", "cache-control", "vary"):
            assert again.headers.get(name) == got.headers.get(name), "RFC 9110, 15.4.5"
    for named in ('"other"', 'W/"1x"', "", tag.strip('W/"')):
        other = read(admin, path, account, If_None_Match=named, Accept_Encoding=coding)
        assert other.status == 200, named


CHANGING = [
    (method.upper(), path)
    for path, operations in EVERY_PATH.items()
    for method in operations
    if method != "get"
]


@pytest.mark.usefixtures("function")
@pytest.mark.parametrize(("method", "path"), CHANGING)
def test_15_5_a_body_that_cannot_be_read_is_told_as_declared(
    method: str,
    path: str,
    admin: Api,
    account: dict[str, Any],
) -> None:
    """Also where a route takes no body. `tests.support.declared` compares each answer."""
    responses = EVERY_PATH[path][method.lower()]["responses"]
    for body, media_type, status in (
        ("{", "application/json", 400),
        (json.dumps("x" * LARGER.get(path, MAX_BYTES)), "application/json", 400),
        (str(2**63), "application/json", 400),
        ("a=b", "application/x-www-form-urlencoded", 415),
    ):
        answer = admin.send(method, _real(path, account), body, {"Content-Type": media_type})
        assert is_problem(answer, status), body[:20]
        assert "application/problem+json" in responses[str(status)]["content"]


@pytest.mark.usefixtures("function", "listed")
@pytest.mark.parametrize("path", [*READABLE, *PAGES])
def test_13_2_2_a_read_is_refused_for_another_tag_before_it_is_left_out(
    path: str, admin: Api, account: dict[str, Any]
) -> None:
    got = read(admin, path, account)
    assert got.status == 200
    tag = got.headers["etag"]

    for named in ("7", "", f"junk {tag}", f'{tag} "2"', f"*, {tag}"):
        malformed = read(admin, path, account, If_Match=named)
        assert is_problem(malformed, 400), named
        assert malformed.json["code"] == "malformed_header"
    for named in ('"other"', f"W/{tag.removeprefix('W/')}"):
        for none_of in ({}, {"If_None_Match": tag}):
            answer = read(admin, path, account, If_Match=named, **none_of)
            assert is_problem(answer, 412), named
            assert answer.headers["cache-control"] == "no-store"
            assert answer.json["code"] == "precondition_failed"
    weak = tag.startswith("W/")
    assert read(admin, path, account, If_Match="*").status == 200
    assert read(admin, path, account, If_Match="*", If_None_Match=tag).status == 304
    named = read(admin, path, account, If_Match=f'"other", {tag}')
    assert named.status == (412 if weak else 200), "only strong tags match (8.8.3.2)"


def test_8_8_1_an_accounts_tag_changes_with_everything_that_it_shows(
    admin: Api, account: dict[str, Any]
) -> None:
    path = f"/v1/accounts/{account['account_id']}"
    seen: dict[str, str] = {}

    def note() -> None:
        answer = admin.get(path)
        assert seen.setdefault(answer.headers["etag"], answer.text) == answer.text

    note()
    admin.patch(path, {"name": "Other"})
    note()
    admin.post(f"{path}/verifications")
    note()
    admin.patch(path, {"write_logs": False})
    note()

    assert len(seen) == 4
    assert admin.patch(path, {"name": "Third"}, If_Match=[*seen][-1]).status == 200


@pytest.mark.parametrize("path", READ)
def test_9111_5_2_every_answer_says_what_may_be_kept(
    path: str, admin: Api, nobody: Api, account: dict[str, Any]
) -> None:
    for caller in (admin, nobody):
        answer = caller.get(_real(path, account))
        kept = answer.headers["cache-control"]
        public = path in ("/v1/permissions", "/v1/providers")
        if answer.status != 200:
            assert kept == "no-store"
        else:
            assert kept == ("public, max-age=300" if public else "private, no-cache")


def test_9111_5_2_a_secret_is_not_stored(admin: Api) -> None:
    answer = admin.put("/v1/organization/webhook", WEBHOOK)

    assert answer.json["secret"]
    assert answer.headers["cache-control"] == "no-store"
    assert "etag" not in answer.headers


@pytest.mark.usefixtures("function")
@pytest.mark.parametrize(
    ("method", "path"), [*CHANGING, *(("GET", path) for path in sorted(READ_ALL))]
)
def test_a_parameter_that_a_route_does_not_have_is_refused(
    method: str, path: str, admin: Api, account: dict[str, Any]
) -> None:
    """With what else is wrong: a body that is missing, and a second one."""
    query = {"statsu": "failed", "limti": "5"}
    answer = admin.send(method, _real(path, account), query=query)

    assert is_problem(answer, 422)
    body = "requestBody" in EVERY_PATH[path][method.lower()]
    assert answer.fields == ["statsu", "limti", *(["body"] if body else [])]


OTHER_FORMS = {
    "integer": ("1_0", "+5", " 5", "5 ", "5.0", "5e0", "-0", "٥", "0x5", "1,2", ""),
    "boolean": ("yes", "1", "on", "t", " true", "false,true", ""),
}


@pytest.mark.usefixtures("function")
@pytest.mark.parametrize(
    ("path", "name", "kind"),
    [
        (path, parameter["name"], parameter["schema"]["type"])
        for path, operations in EVERY_PATH.items()
        for parameter in operations.get("get", {}).get("parameters", ())
        if parameter["in"] == "query" and parameter["schema"].get("type") in OTHER_FORMS
    ],
)
def test_a_number_and_a_truth_value_have_one_form(
    path: str,
    name: str,
    kind: str,
    admin: Api,
    account: dict[str, Any],
) -> None:
    for value in OTHER_FORMS[kind]:
        answer = admin.get(_real(path, account), **{name: value})
        assert is_problem(answer, 422), value
        assert answer.fields == [name]


def test_8288_3_link_leads_through_a_list(admin: Api) -> None:
    for name in ("One", "Two", "Three"):
        admin.account(name=name, provider_id=str(100000000000 + len(name) * 7 + ord(name[0])))
    answer = admin.get("/v1/accounts", limit="2", q="t")
    assert (len(answer.json["items"]), "link" in answer.headers) == (2, False)

    answer = admin.get("/v1/accounts", limit="1", q="t")
    link = answer.headers["link"]
    following = re.fullmatch(r'<\?(.+)>; rel="next"', link)[1]
    assert dict(parse_qsl(following)) == {
        "limit": "1",
        "q": "t",
        "cursor": answer.json["next_cursor"],
    }


@pytest.fixture
def another(account: dict[str, Any], admin: Api) -> None:
    admin.account(provider_id="210987654321", name="Another")


@pytest.mark.usefixtures("another", "function")
@pytest.mark.parametrize("path", LISTS)
def test_8288_3_every_list_has_links(path: str, admin: Api, account: dict[str, Any]) -> None:
    known = {each["name"] for each in EVERY_PATH[path]["get"]["parameters"]}
    # The units of an enrollment have pages of one size.
    answer = admin.get(_real(path, account), **({"limit": "1"} if "limit" in known else {}))

    assert ("link" in answer.headers) == (answer.json["next_cursor"] is not None)
    if path in ("/v1/accounts", "/v1/audit"):
        assert answer.json["next_cursor"]


def test_10_2_3_a_running_test_says_when_to_look_again(admin: Api, account: dict[str, Any]) -> None:
    started = admin.post(f"/v1/accounts/{account['account_id']}/verifications")

    address = started.headers["location"]
    read = admin.get(address)
    known = admin.get(address, {"If-None-Match": read.headers["etag"]})
    assert known.status == 304
    assert {a.headers["retry-after"] for a in (started, read, known)} == {"1"}


@pytest.mark.parametrize("path", ["/v1/permissions?x=1", "/docs/problems/none", "/v1/nothing"])
def test_9111_5_2_a_problem_is_not_stored(path: str, nobody: Api) -> None:
    path, _, query = path.partition("?")
    answer = nobody.get(path, **dict(parse_qsl(query)))

    assert answer.status in (404, 422)
    assert answer.headers["cache-control"] == "no-store"


@pytest.mark.parametrize("name", ["body", "path", "query", "header"])
def test_a_field_is_named_whatever_it_is_called(name: str, admin: Api) -> None:
    """These are Pydantic's words for places too."""
    account = admin.account()
    assert admin.patch(f"/v1/accounts/{account['account_id']}", {name: 1}).fields == [name]
