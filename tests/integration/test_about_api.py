"""The organization, what is public, the API's description of itself, and errors of no account."""

from __future__ import annotations

import base64
import gzip
import hashlib
import html
import json
import re
from collections import defaultdict
from collections.abc import Iterator
from typing import Any
from urllib.parse import parse_qs, parse_qsl, urlsplit

import pytest
from jsonschema import Draft202012Validator, FormatChecker
from openapi_spec_validator import OpenAPIV31SpecValidator

from cavok.adapters.templates import TEMPLATE_NAMES
from cavok.api import examples, openapi
from cavok.api.app import make_app
from cavok.api.descriptions import (
    COMPONENTS,
    OWN,
    PARAMETERS,
    SHARED,
)
from cavok.api.examples import ANSWERS, EXAMPLES, MESSAGES
from cavok.api.growing import GROWING
from cavok.api.html import HEADERS
from cavok.api.problem_pages import EXPLANATIONS, example
from cavok.api.problems import STATUS_OF_CODE, Problem
from cavok.api.responses import PHRASES
from cavok.api.routes import documents
from cavok.domain import permissions
from cavok.domain.accounts import AccessType, IssueCode
from cavok.domain.events import REGISTRY, TO_NO_WEBHOOK
from cavok.domain.template_versions import current
from cavok.domain.webhooks import SIGNING_AT_ONCE, ReceiverMessage, signed_headers
from functions.accounts_api import app as accounts_api
from tests.support.api import KEY_ACCOUNT, Api, is_problem
from tests.support.builders import EXTERNAL_ID, NOW, WORKLOAD
from tests.support.declared import check, declared_headers, described_api, operation_of, whole
from tests.support.moto_stack import BUCKET, client

EXAMPLES_PY = "layers/shared/cavok/api/examples.py"
PUBLIC = ["/health", "/openapi.json", "/docs", "/v1/permissions", "/v1/providers"]


def test_an_organization_is_made_at_its_first_use_and_keeps_its_external_id(
    admin: Api, viewer: Api
) -> None:
    first = viewer.get("/v1/organization").json
    admin.account()
    again = admin.get("/v1/organization").json

    assert first == {
        "organization_id": "org-one",
        "external_id": first["external_id"],
        "trusted_account_id": WORKLOAD,
        "accounts": {
            "total": 0,
            "by_status": {"unconfirmed": 0, "confirmed": 0, "degraded": 0, "failed": 0},
            "by_template_version": [{"version": current(), "accounts": 0, "outdated": False}],
        },
        "quotas": first["quotas"],
    }
    assert again["external_id"] == first["external_id"]
    assert again["accounts"]["by_status"]["unconfirmed"] == again["accounts"]["total"] == 1


def test_the_document_changes_no_route_whether_it_was_imported_before_or_not(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It includes all routes in an app of its own, and this process has imported a few."""
    modules = defaultdict[str, tuple[str, ...]](tuple)
    for path, name in accounts_api.app._below.items():
        modules[name] += (path,)
    monkeypatch.setattr(accounts_api, "app", make_app(**modules))
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    documents._document.cache_clear()
    account = admin.account()
    imported = set(accounts_api.app._imported)
    assert imported == {"accounts"}

    assert admin.get("/openapi.json").status == 200

    assert accounts_api.app._imported == {*imported, "documents"}
    assert admin.get(f"/v1/accounts/{account['account_id']}").json == account
    assert is_problem(admin.get("/v1/accounts", limit="x"), 422)
    assert admin.get("/v1/organization").json["accounts"]["total"] == 1
    webhook = {"url": "https://hooks.example.com/in", "events": ["Account Failed"]}
    assert admin.put("/v1/organization/webhook", webhook).status == 201
    made = {
        entry["action"]: entry["actor"]["email"] for entry in admin.get("/v1/audit").json["items"]
    }
    assert made == dict.fromkeys(("created", "webhook_set"), account["created_by"])
    assert accounts_api.app._imported == {
        *imported,
        "documents",
        "organizations",
        "webhooks",
        "audit",
    }


def test_each_organization_has_an_external_id_of_its_own_that_nobody_guesses(
    admin: Api, other_admin: Api
) -> None:
    mine = admin.get("/v1/organization").json["external_id"]
    theirs = other_admin.get("/v1/organization").json["external_id"]

    assert mine != theirs
    assert all(one.startswith("cavok-") and len(one) >= 30 for one in (mine, theirs))


@pytest.mark.parametrize("path", PUBLIC)
def test_what_is_public_asks_for_no_token(path: str, nobody: Api) -> None:
    assert nobody.get(path).status == 200


def test_azure_is_coming_soon(nobody: Api) -> None:
    assert nobody.get("/v1/providers").json == {
        "items": [
            {"id": "aws", "name": "AWS", "available": True},
            {"id": "azure", "name": "Azure", "available": False, "note": "coming soon"},
        ]
    }


def test_the_access_details_are_the_catalog(nobody: Api) -> None:
    details = nobody.get("/v1/permissions").json

    assert details["policy_document"] == permissions.policy_document()
    groups = [group["group"] for group in details["groups"]]
    assert groups == [group.group for group in permissions.GROUPS]
    for shown, group in zip(details["groups"], permissions.GROUPS, strict=True):
        assert [action["action"] for action in shown["actions"]] == list(group.actions)
        assert (shown["required"], shown["optional"]) == (group.required, group.optional)
        assert shown["why"]


def test_the_openapi_document_is_valid_and_names_every_route(nobody: Api) -> None:
    document = nobody.get("/openapi.json").json

    OpenAPIV31SpecValidator(document).validate()
    assert document["openapi"].startswith("3.1")
    routes = {
        f"{method.upper()} {path}"
        for path, methods in document["paths"].items()
        for method in methods
    }
    assert routes >= {
        "GET /v1/organization",
        "GET /v1/providers",
        "GET /v1/permissions",
        "POST /v1/accounts",
        "GET /v1/accounts",
        "GET /v1/accounts/{account_id}",
        "PATCH /v1/accounts/{account_id}",
        "PUT /v1/accounts/{account_id}/credentials",
        "DELETE /v1/accounts/{account_id}",
        "GET /v1/accounts/{account_id}/instructions",
        "GET /v1/accounts/{account_id}/least-privilege",
        "POST /v1/accounts/{account_id}/invitations",
        "GET /v1/accounts/{account_id}/invitations",
        "DELETE /v1/accounts/{account_id}/invitations",
        "GET /v1/invitation",
        "POST /v1/accounts/{account_id}/verifications",
        "GET /v1/accounts/{account_id}/verifications",
        "GET /v1/accounts/{account_id}/verifications/{verification_id}",
        "GET /health",
    }


def described(nobody: Api) -> dict[str, Any]:
    """What is sent, with what operations share at its place in each."""
    document: dict[str, Any] = whole(nobody.get("/openapi.json").json)
    return document


FOR_AN_OPERATION = 4_100
"""Characters of the document: with the examples, what operations share would take twice as much if
each repeated it. What is added makes it longer, not each operation.
"""


def test_what_operations_share_is_sent_once_and_nothing_is_lost(nobody: Api) -> None:
    sent = nobody.get("/openapi.json").json
    own = [
        json.dumps(shape)
        for operation in operations(sent)
        for shape in (*operation.get("parameters", ()), *operation["responses"].values())
        if "$ref" not in shape
    ]

    assert whole(sent) == openapi.described()
    assert len(own) == len(set(own))
    assert len(json.dumps(sent, separators=(",", ":"))) < FOR_AN_OPERATION * len(operations(sent))


def operations(document: dict[str, Any]) -> list[dict[str, Any]]:
    return [
        operation
        for paths in (document["paths"], document["webhooks"])
        for methods in paths.values()
        for operation in methods.values()
    ]


def test_an_operation_is_named_as_its_function_and_described(nobody: Api) -> None:
    document = described(nobody)
    names = [operation["operationId"] for operation in operations(document)]

    assert document["paths"]["/v1/accounts"]["post"]["operationId"] == "create_account"
    assert len(set(names)) == len(names)
    for operation in operations(document):
        assert operation["summary"], operation
        assert operation["description"], operation
        for parameter in operation.get("parameters", ()):
            assert parameter["description"], (operation["operationId"], parameter["name"])


def test_tags_are_the_described_ones(nobody: Api) -> None:
    document = described(nobody)
    used = {tag for operation in operations(document) for tag in operation["tags"]}

    assert {tag["name"] for tag in document["tags"]} == used
    assert all(tag["description"] for tag in document["tags"])


def test_every_event_is_a_webhook_of_the_document(nobody: Api) -> None:
    document = described(nobody)
    webhooks, schemas = document["webhooks"], document["components"]["schemas"]

    assert set(webhooks) == REGISTRY.keys() - TO_NO_WEBHOOK
    for name, methods in webhooks.items():
        body = in_place(message_body(methods)["schema"], schemas)
        assert named(methods["post"]) == signed_headers(ReceiverMessage("1", b""), (), NOW).keys()
        texts = {each["name"]: each["description"] for each in methods["post"]["parameters"]}
        assert f"up to {SIGNING_AT_ONCE}, separated" in texts["webhook-signature"]
        assert set(methods["post"]["responses"]) == {"2XX", "default"}
        assert body["properties"]["type"]["const"] == name
        data, registered = body["properties"]["data"], bare(REGISTRY[name].message_schema())
        for field in registered["properties"].keys() & {"issues", "verification", "account_id"}:
            # Written otherwise there: as those of an account, and never null alone.
            data["properties"][field] = registered["properties"][field]
        assert bare(data) == {part: registered[part] for part in ("type", "required", "properties")}


def test_a_message_has_issues_and_a_test_as_an_account_has_them(nobody: Api) -> None:
    """The schemas of both, so that a client has one type for each."""
    schemas = described(nobody)["components"]["schemas"]
    registered = REGISTRY["Account Created"].message_schema()["properties"]
    data = schemas["AccountCreatedData"]["properties"]
    issue, last = registered["issues"]["items"], registered["verification"]

    assert data["issues"]["items"] == {"$ref": "#/components/schemas/IssueBody"}
    assert {"$ref": "#/components/schemas/LastVerificationBody"} in data["verification"]["anyOf"]
    assert schemas["IssueBody"]["properties"].keys() == issue["properties"].keys()
    assert schemas["IssueBody"]["required"] == issue["required"]
    assert schemas["LastVerificationBody"]["properties"].keys() == last["properties"].keys()
    assert schemas["LastVerificationBody"]["required"] == last["required"]


def test_a_message_is_described_for_its_receiver_and_not_for_the_bus(nobody: Api) -> None:
    document = described(nobody)
    schemas = document["components"]["schemas"]

    for methods in document["webhooks"].values():
        body = in_place(message_body(methods)["schema"], schemas)
        assert {"event_id", "occurred_at"} <= set(body["properties"]["data"]["required"])
    words = re.findall(r"\w+", json.dumps([document["webhooks"], schemas]))
    assert not {"bus", "EventBridge"} & set(words)
    assert "detail-type" not in json.dumps(document)
    assert not re.search(r"\n\w+ {2,}", json.dumps(document).replace("\\n", "\n")), "a table"


def message_body(methods: Any) -> Any:
    return methods["post"]["requestBody"]["content"]["application/json"]


def in_place(schema: Any, schemas: Any) -> Any:
    """A schema with those of components at their places."""
    if isinstance(schema, list):
        return [in_place(each, schemas) for each in schema]
    if not isinstance(schema, dict):
        return schema
    if reference := schema.get("$ref"):
        return in_place(schemas[reference.rpartition("/")[2]], schemas)
    return {name: in_place(each, schemas) for name, each in schema.items()}


def bare(schema: Any) -> Any:
    """A schema without its descriptions."""
    if isinstance(schema, list):
        return [bare(each) for each in schema]
    if not isinstance(schema, dict):
        return schema
    texts = {
        name for name, value in schema.items() if name == "description" and value == str(value)
    }
    return {name: bare(value) for name, value in schema.items() if name not in texts}


def properties(schema: Any, where: str) -> Iterator[tuple[str, Any]]:
    """Every property of a schema and of the schemas in it, with its place."""
    for name, shape in schema.get("properties", {}).items():
        yield f"{where}.{name}", shape
        yield from properties(shape, f"{where}.{name}")
        yield from properties(shape.get("items", {}), f"{where}.{name}")


def test_everything_is_described(nobody: Api) -> None:
    """What one test or release adds, its own words in `cavok.api.descriptions` explain."""
    document = described(nobody)
    schemas = document["components"]["schemas"]
    shapes = dict(schemas)
    for name, schema in schemas.items():
        shapes |= properties(schema, name)
    for operation in operations(document):
        shapes[operation["operationId"]] = operation
        for parameter in operation.get("parameters", []):
            shapes[f"{operation['operationId']}({parameter['name']})"] = parameter

    assert [place for place, shape in shapes.items() if not shape.get("description")] == []
    names = {place.rpartition(".")[2] for place in shapes}
    own = {f"{component}.{name}" for component, texts in OWN.items() for name in texts}
    parameters = {parameter for operation in operations(document) for parameter in named(operation)}
    assert own - shapes.keys() == set(), "of nothing"
    assert SHARED.keys() - names == PARAMETERS.keys() - parameters == set(), "of nothing"
    assert (COMPONENTS.keys() | EXAMPLES.keys()) - schemas.keys() == set(), "of nothing"


def test_what_changes_a_thing_is_said_of_each(nobody: Api) -> None:
    """A test changes an account, and no webhook."""
    schemas = described(nobody)["components"]["schemas"]
    said = [
        shape["description"]
        for component, schema in schemas.items()
        for name, shape in schema.get("properties", {}).items()
        # A listed resource is a resource.
        if name == "updated_at" and component != "ListedResourceBody"
    ]

    assert len(said) > 1
    assert len(set(said)) == len(said)


def test_a_value_of_a_set_is_explained_with_its_set_and_nowhere_else(nobody: Api) -> None:
    """Two places would come to say different things."""
    schemas, twice, explained = described(nobody)["components"]["schemas"], [], 0
    for name, schema in schemas.items():
        shapes = schema.get("properties", {})
        texts = [each.get("description", "") for each in (schema, *shapes.values())]
        for used in set(re.findall(r"#/components/schemas/(\w+)", json.dumps(shapes))):
            for value in schemas[used].get("enum", ()):
                if (words := f"`{value}`:") in schemas[used]["description"]:
                    explained += 1
                    twice += [f"{name}: {words}" for text in texts if words in text]

    assert explained > 10
    assert twice == []


def named(operation: Any) -> set[str]:
    return {parameter["name"] for parameter in operation.get("parameters", [])}


def growing(shape: Any, beside: Any = None) -> Iterator[tuple[str, bool]]:
    """Each reference to a set that may grow, and whether any other text is allowed beside it."""
    if isinstance(shape, dict) and (name := str(shape.get("$ref")).rpartition("/")[2]) in GROWING:
        yield name, isinstance(beside, list) and {"type": "string"} in beside
    inside = shape.values() if isinstance(shape, dict) else shape if isinstance(shape, list) else ()
    for each in inside:
        yield from growing(each, shape)


def test_a_set_that_may_grow_is_open_in_answers_and_closed_in_requests(nobody: Api) -> None:
    document = described(nobody)
    requests = {"AccountFilterBody", "NewAccountBody", "NewResourceBody", "WebhookSettings"}
    schemas = document["components"]["schemas"]
    answers = [schema for name, schema in schemas.items() if name not in requests]
    sent = [schemas[name] for name in requests]
    sent += [each.get("parameters", []) for each in operations(document)]

    assert {name for name, _ in growing(answers)} == GROWING
    assert all(is_open for _, is_open in growing(answers))
    assert {name for name, _ in growing(sent)} == {"AccessType", "Kind", "EventType", "MemberState"}
    assert not any(is_open for _, is_open in growing(sent))


def reached(shape: Any, schemas: dict[str, Any], found: set[str]) -> set[str]:
    """The names of all schemas that a part of the document refers to, and theirs."""
    for name in set(re.findall(r'"#/components/schemas/(\w+)"', json.dumps(shape))) - found:
        found.add(name)
        reached(schemas[name], schemas, found)
    return found


def test_an_answer_may_gain_fields_and_a_request_names_all_it_takes(nobody: Api) -> None:
    document = described(nobody)
    schemas = document["components"]["schemas"]
    routes = [each for methods in document["paths"].values() for each in methods.values()]
    answers = reached([each["responses"] for each in routes], schemas, set())
    sent = reached([each.get("requestBody") for each in routes], schemas, set())
    closed = {name for name, each in schemas.items() if "additionalProperties" in each}

    assert closed & answers == set()
    assert {name for name in sent - answers if "properties" in schemas[name]} == closed


def test_what_an_answer_always_has_is_required(nobody: Api) -> None:
    """A generated client asks of any other property whether it is there. That answers have them,
    tests/integration/test_any_request.py shows.
    """
    document = described(nobody)
    schemas = document["components"]["schemas"]
    routes = [each for methods in document["paths"].values() for each in methods.values()]
    answers = reached([each["responses"] for each in routes], schemas, set())
    sent = reached([each.get("requestBody") for each in routes], schemas, set())
    optional = {
        (name, each)
        for name in answers - sent
        for each in schemas[name].get("properties", {}).keys() - schemas[name].get("required", ())
    }

    # What follows from the fix of an issue is in answers alone, and messages have the same issues.
    shown = {("FixBody", "terraform"), ("FixBody", "stack_url")}
    assert optional == {("Problem", "errors"), *shown}
    assert '"default"' not in json.dumps([schemas[name] for name in answers - sent])
    assert "null" not in json.dumps(schemas["Problem"]["properties"]["errors"])


@pytest.mark.parametrize("component", EXAMPLES)
def test_an_example_keeps_to_its_schema(component: str, nobody: Api) -> None:
    document = described(nobody)
    schema = {"$ref": f"#/components/schemas/{component}", "components": document["components"]}

    (example,) = document["components"]["schemas"][component]["examples"]
    Draft202012Validator(schema, format_checker=FormatChecker()).validate(example)


def test_every_parameter_has_an_example_that_keeps_to_its_schema(nobody: Api) -> None:
    document = described(nobody)
    given = {json.dumps(p): p for each in operations(document) for p in each.get("parameters", ())}

    used = {each["name"] for each in given.values()}
    of_messages = {"webhook-id", "webhook-timestamp", "webhook-signature"}
    by_path = {"if-match", "if-none-match", "cursor"}
    assert examples.PARAMETERS.keys() <= used, "no example is of what there is not"
    assert not used & (by_path | of_messages) & examples.PARAMETERS.keys()
    for each in given.values():
        assert "example" in each, f"{each['name']}: add it to PARAMETERS or _CURSORS, {EXAMPLES_PY}"
        schema = each["schema"] | {"components": document["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(each["example"])


def test_every_body_that_a_client_sends_or_gets_has_an_example(nobody: Api) -> None:
    """And no example is of a body that nobody sends."""
    document = described(nobody)
    answers = [each["responses"] for each in operations({**document, "webhooks": {}})]
    contents = [answer.get("content", {}) for each in answers for answer in each.values()]
    contents += [each["requestBody"]["content"] for each in bodies({**document, "webhooks": {}})]
    named = set(re.findall(r"#/components/schemas/(\w+)", json.dumps(contents)))
    schemas = document["components"]["schemas"]

    without = {name for name, each in schemas.items() if "examples" not in each}
    assert named & without == set(), f"add them to EXAMPLES or _answers, {EXAMPLES_PY}"
    assert EXAMPLES.keys() <= named


def test_every_message_to_a_webhook_has_an_example_that_keeps_to_its_schema(nobody: Api) -> None:
    document = described(nobody)
    webhooks, ids = document["webhooks"], set()

    missing = webhooks.keys() - MESSAGES.keys()
    assert not missing, f"{missing}: add a change that causes it to _events, {EXAMPLES_PY}"
    for name, methods in webhooks.items():
        body = message_body(methods)
        schema = body["schema"] | {"components": document["components"]}
        Draft202012Validator(schema, format_checker=FormatChecker()).validate(body["example"])
        assert body["example"]["type"] == name
        headers = {each["name"]: each["example"] for each in methods["post"]["parameters"]}
        assert headers["webhook-id"] == body["example"]["data"]["event_id"]
        ids.add(headers["webhook-id"])
    assert len(ids) == len(webhooks)


def test_names_that_a_client_may_switch_over_are_listed(nobody: Api) -> None:
    schemas = described(nobody)["components"]["schemas"]
    for place, component, names in (
        ("IssueBody.code", "IssueCode", IssueCode),
        ("StepBody.step", "StepName", permissions.STEPS),
        ("StepBody.group", "PermissionGroup", [group.group for group in permissions.GROUPS]),
        ("Problem.code", "ErrorCode", sorted(EXPLANATIONS)),
    ):
        owner, _, field = place.partition(".")
        assert schemas[component]["enum"] == [*names]
        assert schemas[owner]["properties"][field]["anyOf"] == [
            {"$ref": f"#/components/schemas/{component}"},
            {"type": "string"},
        ]


def test_an_example_has_only_names_that_there_are(nobody: Api) -> None:
    """Although the schema takes others, which may be added."""
    document = closed(described(nobody))
    schemas = {"components": document["components"]}
    shown = [({"$ref": f"#/components/schemas/{name}"}, each) for name, each in EXAMPLES.items()]
    shown += [
        (body["schema"], body["example"])
        for body in map(message_body, document["webhooks"].values())
    ]
    shown += [
        (body["schema"], body["example"])
        for operation in operations(document)
        for answer in operation["responses"].values()
        for body in answer.get("content", {}).values()
        if "example" in body
    ]

    assert len(shown) > len(EXAMPLES) + len(MESSAGES)
    for schema, example_ in shown:
        Draft202012Validator(schema | schemas).validate(example_)


def closed(shape: Any) -> Any:
    """The schemas without the text that is allowed beside a set that may grow."""
    if isinstance(shape, list):
        of_a_set = any(each in [*growing(shape)] for each in [(n, True) for n in GROWING])
        return [closed(each) for each in shape if not (of_a_set and each == {"type": "string"})]
    if not isinstance(shape, dict):
        return shape
    return {name: closed(each) for name, each in shape.items()}


def test_what_is_named_has_a_name_of_its_own(nobody: Api) -> None:
    """Generators name a class after the title of an enumeration in its place, or its component."""
    schemas = nobody.get("/openapi.json").json["components"]["schemas"]
    titles = [
        shape["title"]
        for schema in schemas.values()
        for shape in schema.get("properties", {}).values()
        if "title" in shape
    ]

    assert titles
    assert [title for title in titles if title in schemas] == []
    assert len(titles) == len(set(titles))


def test_no_description_is_of_where_we_keep_things(nobody: Api) -> None:
    assert not re.search("in the table", nobody.get("/openapi.json").text)


def test_an_event_counts_what_happened_to_an_account_and_not_its_versions() -> None:
    event, account = MESSAGES["Account Confirmed"]["data"], EXAMPLES["AccountBody"]

    assert event["verification"] == account["verification"]
    assert event["version"] > account["version"]


def bodies(document: Any) -> list[Any]:
    return [each for each in operations(document) if "requestBody" in each]


def test_a_parameter_is_never_null(nobody: Api) -> None:
    """A client that was generated would send a header without a value."""
    for operation in operations(described(nobody)):
        assert '"null"' not in json.dumps(operation.get("parameters", []))


def test_no_property_is_null_alone(nobody: Api) -> None:
    """OpenAPI Generator ends at one with an exception."""
    for name, schema in described(nobody)["components"]["schemas"].items():
        for place, shape in properties(schema, name):
            assert shape.get("type") != "null", place


def test_a_time_is_one_and_every_component_is_used(nobody: Api) -> None:
    document = described(nobody)
    schemas, text = document["components"]["schemas"], json.dumps(document)

    for name, schema in schemas.items():
        assert f'"#/components/schemas/{name}"' in text, name
        for field, shape in schema.get("properties", {}).items():
            if field.endswith("_at") or field == "at":
                assert '"format": "date-time"' in json.dumps(shape), (name, field)


def test_headers_that_answers_have_are_described() -> None:
    """That answers have them and no others, `tests.support.declared` checks of every answer that a
    test here gets.
    """

    def always(method: str, path: str, status: str) -> set[str]:
        operation = operation_of(method, path)
        return declared_headers(operation["responses"][status])[0] - {"cache-control"}

    account = "/v1/accounts/1"
    assert always("POST", "/v1/accounts", "201") == {"location", "etag"}
    assert always("POST", f"{account}/verifications", "202") == {"location", "retry-after"}
    assert always("POST", f"{account}/instances/ec2/i-1/start", "202") == set()
    assert always("PUT", "/v1/organization/webhook", "201") == {"location"}
    assert always("PATCH", account, "200") == always("GET", account, "304") == {"etag"}
    assert always("GET", "/v1/accounts", "503") == set(), "the gateway's own has none"
    for path, status in (("/health", "429"), ("/health", "503"), ("/v1/accounts", "401")):
        answer = operation_of("GET", path)["responses"][status]
        assert set().union(*declared_headers(answer)) <= {"apigw-requestid", "www-authenticate"}


def test_a_header_that_is_more_than_a_text_is_declared_so(admin: Api) -> None:
    headers = described_api()["components"]["headers"]
    account = admin.account()["account_id"]
    answer = admin.post(f"/v1/accounts/{account}/verifications")

    for name, form in (("Retry-After", int), ("Location", str)):
        shape = headers[f"{name}.always"]["schema"]
        assert headers[f"{name}.always"]["schema"] != {"type": "string"}
        validator = Draft202012Validator(shape, format_checker=FormatChecker())
        validator.validate(form(answer.headers[name.lower()]))
    for each in described_api()["webhooks"]["Webhook Test"]["post"]["parameters"]:
        signed = signed_headers(ReceiverMessage("e-1", b""), (), NOW)[each["name"]]
        assert (each["schema"]["type"] == "integer") is signed.isdecimal()


@pytest.mark.parametrize(
    ("status", "headers"),
    [
        (418, {"cache-control"}),
        (404, {"cache-control", "x-extra"}),
        (404, set()),
        (200, {"cache-control"}),
    ],
)
def test_an_answer_that_is_not_as_declared_is_seen(status: int, headers: set[str]) -> None:
    with pytest.raises(AssertionError, match=f"GET /v1/accounts/1: {status}"):
        check("GET", "/v1/accounts/1", status, headers)


def test_errors_of_the_gateway_have_one_component(nobody: Api) -> None:
    """Without a token there is no quota, and no call to AWS but for an invitation: 429, and 503 of
    all others, are the gateway's alone.
    """
    gateways, ours = (
        {"$ref": f"#/components/schemas/{name}"} for name in ("GatewayMessage", "Problem")
    )
    for operation in operations({**described(nobody), "webhooks": {}}):
        alone = {"429", "503"} if operation.get("security") == [] else {"401"}
        if operation["tags"] == ["Invitations"]:
            alone -= {"503"}
        for status in {"401", "429", "500", "503"} & operation["responses"].keys():
            content = operation["responses"][status]["content"]
            if status in alone:
                assert [each["schema"] for each in content.values()] == [gateways]
            else:
                either = {"anyOf": [ours, gateways]}
                assert [each["schema"] for each in content.values()] == [either, either]


def test_an_error_in_plain_json_has_the_example_of_the_gateway(nobody: Api) -> None:
    shown = [
        (PHRASES[int(status)], answer["content"]["application/json"]["example"])
        for operation in operations({**described(nobody), "webhooks": {}})
        for status, answer in operation["responses"].items()
        if status in ("429", "500", "503")
    ]

    assert shown
    assert [each for phrase, each in shown if each != {"message": phrase}] == []


def test_the_page_has_no_example_of_an_error_because_each_has_a_page(nobody: Api) -> None:
    shown = set(re.findall(r"Example of (\d+)", nobody.get("/docs").text))

    assert shown == {"200", "201", "202"}


def test_the_document_is_compact_and_compressed_for_those_who_take_it(nobody: Api) -> None:
    plain = nobody.get("/openapi.json")
    packed = nobody.get("/openapi.json", {"accept-encoding": "gzip, br"})

    assert plain.text == json.dumps(plain.json, separators=(",", ":"), ensure_ascii=True)
    assert packed.headers["content-encoding"] == "gzip"
    assert plain.headers["vary"] == packed.headers["vary"] == "Accept-Encoding"
    assert packed.text == plain.text


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/openapi.json?x=1", 422),
        ("/docs?x=1", 422),
        ("/docs/problems/admins_only?x=1", 422),
        ("/docs/problems/nothing", 404),
    ],
)
def test_a_problem_of_a_route_whose_answers_are_packed_is_one_too(
    nobody: Api, path: str, status: int
) -> None:
    plain_path, _, query = path.partition("?")
    answer = nobody.get(plain_path, {"accept-encoding": "gzip"}, **dict(parse_qsl(query)))

    assert is_problem(answer, status)


@pytest.mark.parametrize(
    ("accepts", "coding"),
    [
        ("gzip;q=0", None),
        ("br, GZIP ; q=0.000, *", None),
        ("gzip;q=0,identity", None),
        ("gzip;q=0.1", "gzip"),
        ("identity;q=0, gzip", "gzip"),
        ("br, x-gzip ; q=1", "gzip"),
        ("x-notgzip", None),
        ("gzip-not, br;gzip", None),
    ],
)
def test_a_client_that_refuses_gzip_gets_none(
    nobody: Api, accepts: str, coding: str | None
) -> None:
    answer = nobody.get("/openapi.json", {"accept-encoding": accepts})

    assert answer.headers.get("content-encoding") == coding
    assert answer.text == nobody.get("/openapi.json").text


def test_the_openapi_document_says_which_routes_ask_for_a_token(nobody: Api) -> None:
    document = nobody.get("/openapi.json").json
    assert document["security"] == [{"token": []}]

    open_routes = {
        path
        for path, methods in document["paths"].items()
        for route in methods.values()
        if route.get("security") == []
    }
    assert '"security":[{}' not in nobody.get("/openapi.json").text, "it forbids a token to some"
    assert open_routes == {"/health", "/v1/invitation", "/v1/permissions", "/v1/providers"}


def test_no_request_of_the_openapi_document_takes_null(nobody: Api) -> None:
    schemas = nobody.get("/openapi.json").json["components"]["schemas"]
    requests = [schemas[n] for n in schemas if n in ("NewAccountBody", "AccountChangeBody")]

    assert len(requests) == 2
    assert '"null"' not in json.dumps(requests)
    assert all(schema["additionalProperties"] is False for schema in requests)


def test_the_docs_are_a_small_page_that_runs_and_loads_nothing(nobody: Api) -> None:
    document = nobody.get("/openapi.json").json
    answer = nobody.get("/docs")
    packed = nobody.get("/docs", {"accept-encoding": "gzip"})

    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert packed.headers["content-encoding"] == "gzip"
    assert len(gzip.compress(answer.text.encode())) < 60_000
    assert "<script" not in answer.text
    for operation in operations(document):
        assert html.escape(operation["summary"]) in answer.text
    for name in document["components"]["schemas"]:
        assert f'id="{name}"' in answer.text
    links = set(re.findall(r'href="([^"]+)"', answer.text))
    names = {f"#{name}" for name in document["components"]["schemas"]}
    assert links - names == {"openapi.json"} | {f"docs/problems/{code}" for code in EXPLANATIONS}
    assert len(answer.text) < 350_000


def test_the_docs_show_headers_limits_and_every_example(nobody: Api) -> None:
    document, text = described(nobody), html.unescape(nobody.get("/docs").text)

    assert "`" not in re.sub("<pre>.*?</pre>", "", text, flags=re.S)
    for header in document["components"]["headers"].values():
        assert re.sub("`([^`]+)`", r"<code>\1</code>", header["description"]) in text
    assert "<td>201<td>" in text
    created = text[text.index("<code>POST /v1/accounts</code>") :].partition("<td>201")[2]
    assert "<code>Location</code>" in created.partition("<tr>")[0]
    assert ", at least <code>1</code>, at most <code>100</code>, default: <code>50</code>" in text
    assert "as <code>^[0-9]{12}$</code>" in text
    of_answers = [shown for answers in ANSWERS.values() for shown in answers.values()]
    for shown in (*EXAMPLES.values(), *MESSAGES.values(), *of_answers):
        assert json.dumps(shown, indent=1, ensure_ascii=False) in text


def test_the_docs_name_a_message_once_and_show_the_fields_of_its_data(nobody: Api) -> None:
    document, text = described(nobody), nobody.get("/docs").text

    for name in document["webhooks"]:
        assert f"<summary><code>{name}</code></summary>" in text
        component = f"{name.replace(' ', '')}Data"
        shown = text.partition(f'id="{component}"')[2].partition("</details>")[0]
        for field in document["components"]["schemas"][component]["properties"]:
            assert f"<code>{field}</code>" in shown
    public = [each for each in operations({**document, "webhooks": {}}) if "security" in each]
    assert text.count("Needs no token.") == len(public)


def test_a_link_of_the_docs_leads_into_what_a_browser_then_opens(nobody: Api) -> None:
    """HTML, "ancestor details revealing algorithm": those whose content the target is in, which a
    summary is not.
    """
    text = nobody.get("/docs").text
    targets = set(re.findall(r'href="#([^"]+)"', text))

    assert targets
    for target in targets:
        before = text.partition(f' id="{target}"')[0]
        assert before.endswith("</summary><div")


def test_the_style_of_the_docs_is_all_that_their_policy_allows(nobody: Api) -> None:
    answer = nobody.get("/docs")
    (style,) = re.findall("<style>(.*?)</style>", answer.text)
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()

    assert answer.headers["content-security-policy"] == (
        f"default-src 'none'; style-src 'sha256-{digest}'; "
        "base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
    )
    assert {
        name.lower(): value for name, value in HEADERS.items()
    }.items() <= answer.headers.items()


def test_each_code_has_a_page_that_explains_it(nobody: Api) -> None:
    codes = described(nobody)["components"]["schemas"]["ErrorCode"]["enum"]

    assert set(codes) == EXPLANATIONS.keys() == STATUS_OF_CODE.keys()
    for code in codes:
        answer = nobody.get(example(code)["type"])
        assert answer.status == 200
        assert answer.headers["content-type"].startswith("text/html")
        assert len(answer.text) < 3_000
        assert code in answer.text
        shown, _, in_json = answer.text.partition("<pre>")
        assert "`" not in shown
        assert EXPLANATIONS[code].meaning.replace("`", "") in plain(shown)
        assert json.loads(html.unescape(in_json.partition("</pre>")[0])) == example(code)
        Problem.model_validate(example(code))


def plain(page: str) -> str:
    """The words of a page."""
    return html.unescape(re.sub("<[^>]+>", "", page))


def test_the_example_of_a_bad_request_names_the_field_that_its_detail_names() -> None:
    shown = [example(code) for code in STATUS_OF_CODE]

    bad = [each for each in shown if each["status"] == 422]
    assert len(bad) > 3
    for each in bad:
        (error,) = each["errors"]  # type: ignore[misc]
        assert each["detail"] == f"Please correct: {error['field']}."


def test_a_page_of_a_problem_runs_nothing_and_is_framed_by_nobody(nobody: Api) -> None:
    answer = nobody.get("/docs/problems/admins_only")
    (style,) = re.findall("<style>(.*)</style>", answer.text)
    policy = answer.headers["content-security-policy"]

    assert base64.b64encode(hashlib.sha256(style.encode()).digest()).decode() in policy
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert answer.headers["cache-control"] == "public, max-age=300"


def test_a_code_that_there_is_not_has_no_page(nobody: Api) -> None:
    assert is_problem(nobody.get("/docs/problems/nothing"), 404)


def test_the_type_of_a_problem_is_the_address_of_its_page(nobody: Api) -> None:
    problem = nobody.get("/v1/nothing").json

    assert problem["type"] == "/docs/problems/no_such_path"
    assert "There is nothing at this path." in nobody.get(problem["type"]).text


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/"),
        ("GET", "/v2/accounts"),
        ("GET", "/v1/nothing"),
        ("GET", "/v1/accounts/01JN8Q5M3C0000000000000001/nothing"),
    ],
)
def test_a_path_that_does_not_exist_is_not_found(method: str, path: str, admin: Api) -> None:
    assert is_problem(admin.send(method, path, {}), 404)


def test_something_that_breaks_on_our_side_says_so_without_saying_what(
    admin: Api, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.delenv("TRUSTED_ACCOUNT_ID")

    answer = admin.get("/v1/organization")

    assert is_problem(answer, 500)
    assert "TRUSTED_ACCOUNT_ID" not in answer.text
    assert "TRUSTED_ACCOUNT_ID" in caplog.text


def test_the_instructions_of_a_role_are_whole_and_its_link_leads_to_the_template(
    admin: Api,
) -> None:
    account = admin.account()
    external_id = admin.get("/v1/organization").json["external_id"]

    shown = admin.get(f"/v1/accounts/{account['account_id']}/instructions").json

    assert set(shown) == {
        "steps",
        "trust_policy",
        "permissions_policy",
        "deploy_on_aws_url",
        "cloudformation_template",
        "terraform",
        "cli",
        "update",
        "choice",
        "warnings",
    }
    for form in ("deploy_on_aws_url", "cloudformation_template", "terraform", "cli"):
        assert external_id in shown[form]
        assert EXTERNAL_ID not in shown[form]
    link = parse_qs(urlsplit(shown["deploy_on_aws_url"]).fragment.partition("?")[2])
    key = f"connect/{WORKLOAD}/cavok-connections/{TEMPLATE_NAMES[AccessType.ASSUME_ROLE]}.yaml"
    assert link["templateURL"][0].endswith(f"/{key}")
    (published,) = client("s3").list_objects_v2(Bucket=BUCKET)["Contents"]
    assert published["Key"] == key


def test_the_instructions_of_a_user_ask_for_no_trust(admin: Api) -> None:
    account = admin.account(**KEY_ACCOUNT)

    shown = admin.get(f"/v1/accounts/{account['account_id']}/instructions").json

    assert shown["trust_policy"] is None
    assert "CavokChecking" not in json.dumps(shown["permissions_policy"])
