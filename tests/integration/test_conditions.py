"""If-Match and If-None-Match (RFC 9110, 13.1.1 and 13.1.2) on every route that changes something
that has an ETag.
"""

from __future__ import annotations

import hashlib
import json
import re
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from typing import Any

import pytest

from cavok import wiring
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.enrollments import Enrollments
from cavok.adapters.table.quotas import Quotas
from cavok.adapters.table.resources import Resources
from cavok.adapters.table.webhooks import Webhooks
from cavok.api.conditions import REPRESENTATION, account_versions, etag, names
from cavok.api.models.accounts import IssueBody
from cavok.api.openapi import described
from cavok.domain import template_versions
from cavok.domain.errors import MalformedHeader
from cavok.domain.ids import new_id
from cavok.domain.permissions import GROUPS
from cavok.domain.resources import Resource
from cavok.domain.template_updates import template_outdated
from cavok.domain.template_versions import UNNUMBERED, VERSIONS, TemplateVersion
from cavok.domain.verifications import finish
from cavok.domain.webhooks import PAUSED_AFTER
from cavok.services.customer_sessions import CustomerSessions
from tests.support.api import KEY_ACCOUNT, KEYS, OFFICE, WEBHOOK, Answer, Api, is_problem
from tests.support.builders import (
    NOW,
    ORGANIZATION_ID,
    a_failed_delivery,
    a_resource,
    an_account,
    steps_of,
)
from tests.support.declared import operation_of
from tests.support.enrollments import NEW
from tests.support.interleaving import brought_back
from tests.support.moto_stack import Clock
from tests.support.tenants import BODIES, make_world, whole_api

__all__ = ["whole_api"]

UNTAGGED = {
    ("DELETE", "/v1/operations/{operation_id}"),
    ("DELETE", "/v1/accounts/{account_id}/invitations"),
}
"""A bulk operation goes on meanwhile; an account's link is a list of one."""
CONDITIONAL: list[tuple[str, str, Any]] = [
    ("PATCH", "/v1/accounts/{account_id}", {"name": "Other"}),
    ("DELETE", "/v1/accounts/{account_id}", None),
    ("PUT", "/v1/accounts/{account_id}/credentials", KEYS),
    ("POST", "/v1/accounts/{account_id}/revoke", None),
    ("POST", "/v1/accounts/{account_id}/verifications", None),
    ("POST", "/v1/accounts/{account_id}/detection", None),
    ("POST", "/v1/organization/webhook/resume", None),
    ("PATCH", "/v1/accounts/{account_id}/resources/{resource_id}", {"schedule": OFFICE}),
    ("DELETE", "/v1/accounts/{account_id}/resources/{resource_id}", None),
    ("PATCH", "/v1/enrollments/{enrollment_id}", {"name": "Other"}),
    ("DELETE", "/v1/enrollments/{enrollment_id}", None),
    ("PUT", "/v1/organization/webhook", WEBHOOK | {"events": ["Account Degraded"]}),
    ("DELETE", "/v1/organization/webhook", None),
]

BELOW = {
    ("PUT", "/v1/accounts/{account_id}/credentials"),
    ("POST", "/v1/accounts/{account_id}/revoke"),
    ("POST", "/v1/accounts/{account_id}/verifications"),
    ("POST", "/v1/accounts/{account_id}/detection"),
    ("POST", "/v1/organization/webhook/resume"),
}
"""Those whose condition is about what is at the path above."""


@dataclass
class Client:
    """Reads and changes what a route is about: an account, its resource, an enrollment or the
    webhook.
    """

    admin: Api
    method: str
    path: str
    read: str
    body: Any

    def get(self) -> Answer:
        return self.admin.get(self.read)

    def send(self, tags: str | None, *, none_of: str | None = None) -> Answer:
        """`{tag}` stands for the present tag, which is read only then."""
        given = {"If-Match": tags, "If-None-Match": none_of}
        named = {name: each for name, each in given.items() if each is not None}
        if "{tag}" in "".join(named.values()):
            tag = self.get().headers["etag"]
            named = {name: each.replace("{tag}", tag) for name, each in named.items()}
        return self.admin.send(self.method, self.path, self.body, named)


@pytest.fixture
def client(
    request: pytest.FixtureRequest,
    admin: Api,
    monkeypatch: pytest.MonkeyPatch,
) -> Client:
    method, path, body = request.param
    waits, paused = path.endswith("/detection"), path.endswith("/resume")
    monkeypatch.setattr(CustomerSessions, "lets_us_in", lambda *_: True)

    def make() -> tuple[Resource, str]:
        account = admin.account(**({} if waits else KEY_ACCOUNT))
        resource = replace(a_resource(), account_id=account["account_id"])
        wiring.resources().add(resource)
        admin.put("/v1/organization/webhook", WEBHOOK)
        enrollment_id = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
        if paused:
            pause()
        return resource, enrollment_id

    resource, enrollment_id = brought_back((f"{__name__}.client", waits, paused), make)
    Clock.time += timedelta(seconds=1)  # a webhook's tag has the time of its last change
    is_below = (method, path) in BELOW
    path = path.format(
        account_id=resource.account_id,
        resource_id=resource.resource_id,
        enrollment_id=enrollment_id,
    )
    read = path.rpartition("/")[0] if is_below else path
    return Client(admin, method, path, read, body)


def pause() -> None:
    """The webhook's receiver has failed too often."""
    health = wiring.webhooks().health(ORGANIZATION_ID)
    failing = replace(health, failures=PAUSED_AFTER - 1).failed(Clock.time)
    assert wiring.webhooks().change_health(health, failing)


each_route = pytest.mark.parametrize(
    "client", CONDITIONAL, indirect=True, ids=lambda route: f"{route[0]} {route[1]}"
)


@each_route
def test_nothing_is_done_for_another_version(client: Client) -> None:
    before = client.get()
    numbers = ('"99"', '"0"', f'"{10**20}"', '"01"', f'"{"f" * 16}-{"f" * 16}"')

    for tags in (*numbers, "W/{tag}", '"2", W/{tag}', '"other"', '""'):
        assert is_problem(client.send(tags), 412), tags
    assert client.get() == before


@pytest.mark.parametrize("tags", ["{tag}", "*", ' "7" , {tag}', "W/{tag}, {tag}", ",{tag},"])
@each_route
def test_it_is_done_for_a_version_that_is_named(client: Client, tags: str) -> None:
    before = client.get()

    assert client.send(tags).status in (200, 202, 204)
    assert client.get() != before


@each_route
def test_a_malformed_tag_is_a_bad_request(client: Client) -> None:
    before = client.get()

    for tags in ("1", "not -1", '"1', '1"', '"1" "2"', "'1'", '*, "1"', "", ","):
        assert is_problem(client.send(tags), 400), tags
    assert client.get() == before


@each_route
def test_13_1_2_nothing_is_done_for_a_version_that_must_not_be_there(client: Client) -> None:
    before = client.get()

    for tags in ("*", "{tag}", "W/{tag}", ' "other" , {tag}', ",W/{tag},"):
        assert is_problem(client.send(None, none_of=tags), 412), tags
        assert is_problem(client.send("{tag}", none_of=tags), 412), tags
    assert client.get() == before


@each_route
def test_13_1_2_it_is_done_where_no_tag_matches(client: Client) -> None:
    before, others = client.get(), f'"99", W/"98", "other", "{"f" * 16}-{"f" * 16}"'

    assert client.send("{tag}", none_of=others).status in (200, 202, 204)
    assert client.get() != before


@each_route
def test_13_2_2_if_match_comes_first_and_a_malformed_tag_of_either_is_a_bad_request(
    client: Client,
) -> None:
    before = client.get()

    assert is_problem(client.send('"99"', none_of='"98"'), 412)
    for tags in ("1", '"1', "", '*, "1"'):
        refused = client.send("{tag}", none_of=tags)
        assert is_problem(refused, 400), tags
        assert "If-None-Match" in refused.json["detail"]
    assert client.get() == before


@each_route
def test_a_tag_of_before_a_change_is_stale(client: Client) -> None:
    stale = client.get().headers["etag"]
    others = {
        "/v1/organization/webhook": ("PUT", WEBHOOK | {"url": "https://example.com/other"}),
        "/v1/accounts/": ("PATCH", {"name": "Changed"}),
        "/v1/enrollments/": ("PATCH", {"name": "Changed"}),
        "/resources/": ("PATCH", {"schedule": {"time_zone": "UTC", "windows": []}}),
    }
    method, body = [other for part, other in others.items() if part in client.read][-1]
    assert client.admin.send(method, client.read, body).status == 200
    changed = client.get()

    assert is_problem(client.send(stale), 412)
    assert client.get() == changed


@pytest.mark.parametrize(
    "client",
    [route for route in CONDITIONAL if route[0] == "PATCH" and "resource_id" in route[1]],
    indirect=True,
)
def test_13_1_1_a_schedule_that_was_set_already_is_set_again_under_its_old_tag(
    client: Client,
) -> None:
    """The client may not have had the answer. A schedule that others set since is kept."""
    before = client.get().headers["etag"]
    assert client.send(before).status == 200
    changed = client.get()

    assert client.send(before).status == 200
    assert is_problem(client.send(before, none_of="{tag}"), 412)
    assert is_problem(client.send(None, none_of="{tag}"), 412)
    assert client.get() == changed
    client.body = {"schedule": None}
    assert is_problem(client.send(before), 412)


def test_13_1_1_every_route_that_changes_what_has_a_tag_is_conditional() -> None:
    """PUT, PATCH and DELETE where GET is; of those below an account or a webhook, all that change
    what its version counts.
    """
    paths = described()["paths"]
    conditional, changing = set(), set()
    for path, operations in paths.items():
        for method, operation in operations.items():
            if method in ("put", "patch", "delete") and "get" in operations:
                changing.add((method.upper(), path))
            headers = {each["name"] for each in operation.get("parameters", [])}
            if method != "get" and headers & {"if-match", "if-none-match"}:
                assert headers >= {"if-match", "if-none-match"}, path
                conditional.add((method.upper(), path))
                assert {"400", "412"} <= set(operation["responses"]), path
    assert conditional == (changing - UNTAGGED) | BELOW == {route[:2] for route in CONDITIONAL}


POSTS = [
    ("POST", path, "get" in operations)
    for path, operations in described()["paths"].items()
    if "post" in operations and ("POST", path) not in {route[:2] for route in CONDITIONAL}
]
"""All others, and whether GET shows what is at their path."""


@pytest.mark.parametrize(
    ("method", "path", "is_shown"),
    [*POSTS, *((*route, True) for route in sorted(UNTAGGED))],
)
def test_13_1_1_what_has_no_strong_tag_is_changed_for_no_tag(
    method: str, path: str, is_shown: bool
) -> None:
    """Whatever a route does not read is compared before it. `*` names a list, which is there."""
    world = brought_back("world", partial(make_world, ORGANIZATION_ID, 1))
    place, body = path.format_map(world.ids), BODIES.get((method, path))
    before = world.items()

    def send(**headers: str) -> Answer:
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        return world.admin.send(method, place, body, named)

    for tags in ('"1"', 'W/"1"', '"1", "2"', *([] if is_shown else ["*"])):
        refused = send(If_Match=tags)
        assert is_problem(refused, 412), tags
        assert refused.json["code"] == "has_no_version"
    for name in ("If_Match", "If_None_Match"):
        for malformed in ("1", '"1', "", '*, "1"'):
            assert is_problem(send(**{name: malformed}), 400), malformed
    assert is_problem(send(If_Match='"1"', If_None_Match="1"), 400)
    if path.startswith("/v1/accounts/{account_id}"):
        place = path.format_map(world.ids | {"account_id": new_id()})
        assert is_problem(send(If_Match='"1"'), 404), "RFC 9110, 13.2.1"
        place = path.format_map(world.ids)
    if is_shown:
        assert is_problem(send(If_None_Match="*"), 412)
    assert world.items() == before
    allowed = {"If_None_Match": '"1"'} | ({"If_Match": "*"} if is_shown else {})
    assert send(**allowed).status in (200, 201, 202, 204)


def test_a_message_about_an_account_that_is_no_more_is_there_whatever_the_condition() -> None:
    world = brought_back("world", partial(make_world, ORGANIZATION_ID, 1))
    event_id = f"{new_id()}/2026-11/80"
    wiring.webhooks().record(a_failed_delivery(event_id, "{}"), NOW)
    path = f"/v1/organization/webhook/deliveries/{event_id}/redeliver"

    refused = world.admin.post(path, If_Match='"1"')

    assert is_problem(refused, 412)
    assert refused.json["code"] == "has_no_version"
    assert world.admin.post(path, If_None_Match='"1"').status == 202


@pytest.mark.parametrize("headers", [{"If_Match": 'W/"1"'}, {"If_None_Match": "*"}])
def test_who_is_refused_is_not_told_of_a_change_that_nobody_made(
    headers: dict[str, str], admin: Api
) -> None:
    path = f"/v1/accounts/{admin.account()['account_id']}"

    refused = admin.patch(path, {"name": "Other"}, **headers)

    assert is_problem(refused, 412)
    says = "The account is at version 1, which your condition does not allow."
    assert refused.json["detail"] == says


@each_route
def test_the_example_of_a_condition_has_the_form_of_the_tag_that_it_is_about(
    client: Client,
) -> None:
    """Else who tries the example gets 412 whatever is there."""
    given = operation_of(client.method, client.path)["parameters"]
    shown = {each["example"] for each in given if each["name"] in ("if-match", "if-none-match")}

    def form(tag: str) -> str:
        """Of an account with or without the number of its writes: both occur."""
        return re.sub('^"0-0', '"0', re.sub("[0-9a-f]", "0", tag))

    assert {form(tag) for tag in shown} == {form(client.get().headers["etag"])}


FORMS = {
    1: "e79e55240bbe70be",
    2: "bccaac8c21e5874c",
    3: "53fce98a4405625a",
    4: "85a7ee28865835e8",
    5: "16b924e26b3e4721",
}
"""The form of an account's representation, and the digest of its schema and of the words that a
release adds. For another one, count on: a client whose ETag is of an older form is sent the new
one, and its If-Match goes on to work. Groups of the catalog are not in it: another group is another
version of the template, whose number is in the ETag too.
"""


def test_an_account_that_is_sent_in_a_new_form_has_a_new_tag(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two releases may send one version of an account differently."""
    sent, found = {"AccountBody"}, {"AccountBody"}
    schemas = {**described()["components"]["schemas"]}
    each_group, *_ = schemas["CapabilitiesBody"]["properties"].values()
    first = [group for group in GROUPS if group.policy_name in UNNUMBERED]
    hidden = [group.group for group in first if not group.operational]
    schemas["CapabilitiesBody"] = {"each": each_group, "hidden": hidden}
    while found:
        text = json.dumps([schemas[name] for name in found])
        found = (schemas.keys() & re.findall(r"#/components/schemas/(\w+)", text)) - sent
        sent |= found
    second = TemplateVersion(version=2, text="It can do more.", adds=("a:B",), removes=("c:D",))
    monkeypatch.setattr(template_versions, "VERSIONS", (VERSIONS[0], second))
    (outdated,) = template_outdated(an_account(template_version=1))
    form = [*(bare(schemas[name]) for name in sorted(sent)), IssueBody.of(outdated).model_dump()]
    digest = hashlib.sha256(json.dumps(form, sort_keys=True).encode()).hexdigest()

    assert FORMS.get(REPRESENTATION) == digest[:16], "an account has another form: a new number"


def test_a_version_is_the_same_in_each_form() -> None:
    first, second = (etag(7, 9, testing=True, form=form) for form in ("1", "2"))

    assert (first, second) == ('"7-9-testing"', '"7-9-testing.2"')
    assert not names(first, second, weakly=True)
    for tag in (first, second):
        versions = account_versions(tag, None)
        assert versions
        assert versions.named == {7}


def bare(schema: Any) -> Any:
    """A schema without what is for reading."""
    if isinstance(schema, list):
        return [bare(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    texts = ("description", "examples", "title")
    return {name: bare(each) for name, each in schema.items() if name not in texts}


@pytest.mark.parametrize("tags", ["*", '"1"'])
def test_where_no_webhook_is_no_tag_matches(
    tags: str, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    path = "/v1/organization/webhook"

    assert is_problem(admin.send("PUT", path, WEBHOOK, {"If-Match": tags}), 412)
    assert is_problem(admin.get(path), 404)
    assert admin.send("DELETE", path, None, {"If-Match": tags}).status == 204


def test_13_1_2_a_webhook_is_set_only_where_there_is_none(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Two at once: the slower one looked before the faster one had stored it."""
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    path, only_new = "/v1/organization/webhook", {"If-None-Match": "*"}
    look, others = Webhooks.get, iter([WEBHOOK | {"url": "https://example.com/faster"}])

    def looked_before(self: Webhooks, organization_id: str) -> Any:
        found = look(self, organization_id)
        for faster in others:
            assert admin.send("PUT", path, faster, only_new).status == 201
        return found

    monkeypatch.setattr(Webhooks, "get", looked_before)

    assert is_problem(admin.send("PUT", path, WEBHOOK, only_new), 412)
    assert admin.get(path).json["url"] == "https://example.com/faster"
    assert admin.delete(path).status == 204
    assert admin.send("PUT", path, WEBHOOK, only_new | {"If-None-Match": '"1"'}).status == 201


@each_route
def test_a_change_between_reading_and_writing_is_not_overwritten(
    client: Client, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The condition is in the write itself."""
    reads, method, others = (Accounts, "get"), "PATCH", {"regions": ["eu-west-1"]}
    if "/webhook" in client.read:
        reads, method, others = (Webhooks, "get"), "PUT", WEBHOOK | {"url": "https://a.example/"}
    if "/resources/" in client.read:
        reads, others = (Resources, "find"), {"schedule": {"time_zone": "UTC", "windows": []}}
    if "/enrollments/" in client.read:
        reads, others = (Enrollments, "get"), {"name": "Another"}
    if client.path.endswith("/verifications"):
        reads = (Quotas, "counting_beside")
    tag, read, changing = client.get().headers["etag"], getattr(*reads), iter([1])

    def read_and_then_changed(*arguments: Any) -> Any:
        found = read(*arguments)
        if next(changing, None):
            assert client.admin.send(method, client.read, others).status == 200
            if client.path.endswith("/resume"):
                pause()  # setting a webhook resumes it
        return found

    monkeypatch.setattr(*reads, read_and_then_changed)
    answer = client.send(tag)

    read_once = client.path.endswith("/credentials") or client.body == {"schedule": OFFICE}
    assert is_problem(answer, 409 if read_once else 412)
    shown = client.get().json
    assert {name: shown[name] for name in others} == others


@pytest.mark.parametrize("repeated", ['"1",', " \t", " , ", ",", '"1" , ', '"', '"1"', "W/"])
def test_no_long_header_is_matched_again_and_again(repeated: str) -> None:
    """A pattern that tries a place twice needs hours for this one, and a second for one that fits
    into a request.
    """
    with pytest.raises(MalformedHeader):
        account_versions('"1"' + repeated * (1_000_000 // len(repeated)) + "x", None)


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
    assert is_problem(admin.patch(path, {"name": "A"}, if_match=known.headers["etag"]), 412)


def test_a_test_that_changes_the_status_makes_a_version(admin: Api) -> None:
    path = f"/v1/accounts/{admin.account()['account_id']}"
    unconfirmed = admin.get(path)

    finish_running(admin, path)

    confirmed = admin.get(path).json
    assert confirmed["version"] == unconfirmed.json["version"] + 1
    stale = unconfirmed.headers["etag"]
    assert is_problem(admin.patch(path, {"name": "Other"}, if_match=stale), 412)
    assert admin.get(path).json == confirmed


def finish_running(admin: Api, path: str) -> None:
    """A person's test that finds everything working."""
    test = admin.post(f"{path}/verifications").json["verification_id"]
    verification = wiring.verifications().get(path.rpartition("/")[2], test)
    account = wiring.accounts().get(ORGANIZATION_ID, verification.account_id)
    after, ended = finish(account, verification, steps_of(account), Clock.time)
    wiring.verifications().finish(account, after, ended, None)
