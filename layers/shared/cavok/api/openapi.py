"""The OpenAPI document of the whole API, whichever function serves a route."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import getdoc
from pkgutil import iter_modules
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from cavok.api import routes
from cavok.api.growing import add_names, leave_open, used
from cavok.api.negotiation import CSV
from cavok.api.problems import PROBLEM_JSON, STATUS_OF_CODE
from cavok.api.responses import NO_TOKEN, PHRASES, by_method
from cavok.api.sharing import share
from cavok.domain.events import REGISTRY, TO_NO_WEBHOOK, EventDeclaration
from cavok.domain.webhooks import SIGNING_AT_ONCE

_TAGS = {
    "About": "The API itself.",
    "Access details": "What Cavok asks customers for, and why.",
    "Accounts": "AWS accounts that your organization connected.",
    "Audit": "Who did what.",
    "Enrollments": "AWS Organizations that your organization connected by one stack.",
    "Instances": "Instances in connected accounts: listing, starting, stopping.",
    "Invitations": "Links for somebody without sign-in who may create an account's role.",
    "Messages": "What is sent to your webhook.",
    "Organization": "Your organization.",
    "Resources": "Instances that Cavok controls, and their schedules.",
    "Verifications": "Tests of accounts, and what they found.",
    "Webhook": "Where events of your organization are sent.",
}

_HEADERS = {
    "Accept-Encoding": "`identity`, if the body was refused for its Content-Encoding.",
    "Accept-Patch": "The accepted media type, if the body was refused for its own.",
    "Apigw-Requestid": "The gateway's id of the request: `request_id` of a problem.",
    "Cache-Control": "What may be cached, and for how long.",
    "ETag": "The tag of this version, for If-None-Match; for If-Match unless it is weak.",
    "Link": 'The next page, as `rel="next"`, relative to this one. Absent on the last one.',
    "Location": "The path of what was created or started.",
    "RateLimit": "What remains of the quota, and the seconds until it is reset.",
    "RateLimit-Policy": "The quota, how much it allows, and in how many seconds.",
    "Retry-After": "Seconds to wait before asking again.",
    "Vary": "`Accept`: the same address has answers of two media types.",
    "WWW-Authenticate": "What is wrong with the token.",
}
_SCHEMAS: dict[str, dict[str, Any]] = {
    "Location": {"type": "string", "format": "uri-reference"},
    "Retry-After": {"type": "integer", "minimum": 1},
    "webhook-timestamp": {"type": "integer"},
}
"""The schemas of headers that are not plain strings."""

_FROM_GATEWAY = ("429", "500", "503")
"""Statuses from the API or the gateway: throttling, and a function that gave no answer."""

_SOMETIMES = {"415": ("Accept-Encoding",), "429": ("RateLimit", "RateLimit-Policy")}
"""Headers that depend on why an answer has this status."""

_AS_CSV = "list_accounts"
"""The operation whose answer is CSV, if the client prefers that."""

_ALWAYS = {(_AS_CSV, "200"): ("Vary",), (_AS_CSV, "304"): ("Vary",)}
"""Headers that an answer of one operation has beside those of its method."""

_LEFT_OUT = {"Problem": ("errors",), "FixBody": ("terraform", "stack_url")}
"""Fields that an answer or a message may lack."""

_OF_ONE_TEST = ("create_verification", "get_verification")
"""Operations that return a test. The test may be running."""

_HEADERS_OF_MESSAGES = {
    "webhook-id": "The event: the same at every try. Keep the ids that you processed.",
    "webhook-timestamp": "When this try was signed, in seconds since 1970. Refuse old ones.",
    "webhook-signature": "`v1,` and the HMAC-SHA-256 of `id.timestamp.body`, in Base64. One for "
    f"each signing secret, up to {SIGNING_AT_ONCE}, separated by spaces. One must match.",
}
"""As Standard Webhooks says."""

_ANSWERS_TO_MESSAGES = {
    "2XX": "Accepted. The body is ignored.",
    "default": "Not accepted; nor is no answer within eight seconds. Redirects are not followed. "
    "The message is sent again: nine tries within 14 hours.",
}

_CONDITIONS_OF_READS = {
    "if-match": "ETags, or `*`. If none of them matches, nothing is returned: 412.",
    "if-none-match": "ETags, or `*`. If one of them matches, nothing is returned: 304.",
}


def document() -> str:
    """The document as JSON, without white space."""
    made = described()
    share(made)
    return json.dumps(made, separators=(",", ":"))


def described() -> dict[str, Any]:
    """The document with everything written in place, except schemas and headers."""
    from cavok.api import descriptions, examples

    made: dict[str, Any] = json.loads(_whole_api().get_openapi_json_schema(**_about()))
    headers: dict[str, Any] = {}
    made["components"]["headers"] = headers
    for path, operations in made["paths"].items():
        for method, operation in operations.items():
            if method == "get":
                operation.setdefault("parameters", []).extend(_conditions_of_reads())
            for parameter in operation.get("parameters", ()):
                _complete(parameter, method, path)
            if operation.get("security") == NO_TOKEN:
                operation["security"] = []
            responses = operation["responses"] = _responses_of(method, operation)
            has_entries = any(each.startswith(f"{path}/{{") for each in made["paths"])
            for status, response in responses.items():
                declared = _headers_of(method, operation, status, has_entries=has_entries)
                response["headers"] = {
                    name: _header(name, always, headers) for name, always in declared
                }
    schemas = made["components"]["schemas"]
    made["webhooks"] = {
        one.type: {"post": _webhook(one, schemas)}
        for one in REGISTRY.values()
        if one.type not in TO_NO_WEBHOOK
    }
    _drop_unused(made)
    add_names(made)
    leave_open(made)
    _require_what_is_sent(made)
    for schema in schemas.values():
        _drop_titles(schema)
    descriptions.describe(made)
    examples.add(made)
    return made


def _conditions_of_reads() -> Iterator[dict[str, Any]]:
    for name, text in _CONDITIONS_OF_READS.items():
        header = {"name": name, "in": "header", "required": False}
        yield header | {"schema": {"type": "string"}, "description": text}


def _whole_api() -> APIGatewayHttpResolver:
    """Every module of `cavok.api.routes` but that which returns the document. They are imported
    here and not above, because other functions' routes load modules that this function does not
    need.
    """
    whole = APIGatewayHttpResolver(enable_validation=True)
    for module in iter_modules(routes.__path__, f"{routes.__name__}."):
        if module.name != f"{routes.__name__}.documents":
            whole.include_router(import_module(module.name).router)
    for route in (*whole._static_routes, *whole._dynamic_routes):
        route.description = getdoc(route.func)  # Powertools leaves docstrings out.
        route.operation_id = route.func.__name__
    return whole


def _complete(parameter: dict[str, Any], method: str, path: str) -> None:
    """Adds its description, also to its schema, where generators look for it, and an example. A
    schema that refers to a component is left alone: schemathesis cannot read words beside `$ref`.
    """
    from cavok.api import descriptions, examples

    name = parameter["name"]
    text = parameter.setdefault("description", descriptions.PARAMETERS.get(name))
    parameter["schema"] = _never_null(parameter["schema"])
    if "enum" not in parameter["schema"]:
        parameter["schema"].pop("title", None)  # as in `_drop_titles`
    if "$ref" not in parameter["schema"]:
        parameter["schema"] |= {"description": text}
    if (example := examples.of_parameter(name, method, path)) is not None:
        parameter["example"] = example


def _drop_titles(schema: Any) -> None:
    """Removes Pydantic's titles of a component and its properties, which repeat their names. It
    keeps that of an enumeration in a property, because generators name a class after it.
    """
    schema.pop("title", None)
    for inside in schema.get("properties", {}).values():
        if not {"enum", "properties"} & inside.keys():
            inside.pop("title", None)


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """Removes null from the schemas of parameters: a header or query cannot be null, and a
    generated client would try.
    """
    if "anyOf" not in schema:
        return schema
    (given,) = (option for option in schema["anyOf"] if option != {"type": "null"})
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **given}


def _responses_of(method: str, operation: Mapping[str, Any]) -> dict[str, Any]:
    """The answers of an operation by status: its own, those of its method, and the gateway's."""
    public = operation.get("security") == []
    responses: dict[str, Any] = {
        str(STATUS_OF_CODE[code].value): _answer(code) for code in by_method(method, public=public)
    }
    if method == "get":
        responses["304"] = {"description": PHRASES[304]}
    responses |= operation["responses"]
    if operation["operationId"] == _AS_CSV:
        from cavok.api.examples import ACCOUNTS_AS_CSV

        of_lines = {"schema": {"type": "string"}, "example": ACCOUNTS_AS_CSV}
        responses["200"]["content"][CSV] = of_lines
    responses |= {each: _or_of_gateway(each, responses.get(each)) for each in _FROM_GATEWAY}
    return dict(sorted(responses.items()))


def _answer(code: str) -> dict[str, Any]:
    content = {"schema": _of("Problem"), "example": code}
    return {"description": PHRASES[STATUS_OF_CODE[code]], "content": {PROBLEM_JSON: content}}


def _or_of_gateway(status: str, problem: dict[str, Any] | None) -> dict[str, Any]:
    """Either a problem, if the API has one with this status, or the gateway's message. Both media
    types have one schema, because clients are generated from the first alone.
    """
    phrase = PHRASES[int(status)]
    message = {"schema": _of("GatewayMessage"), "example": {"message": phrase}}
    if problem is None:
        return {"description": phrase, "content": {"application/json": message}}
    content = {PROBLEM_JSON: problem["content"][PROBLEM_JSON], "application/json": message}
    for each in content.values():
        each["schema"] = {"anyOf": [_of("Problem"), _of("GatewayMessage")]}
    return problem | {"content": content}


def _headers_of(
    method: str, operation: Mapping[str, Any], status: str, *, has_entries: bool
) -> Iterator[tuple[str, bool]]:
    """The headers of an answer, and whether every such answer has them. The gateway's own answers
    have few.
    """
    parameters = {each["name"] for each in operation.get("parameters", ())}
    answer, runs = (method, status), operation["operationId"] in _OF_ONE_TEST
    yield "Apigw-Requestid", False
    if status == "401":
        yield "WWW-Authenticate", False
    if status >= "400" and PROBLEM_JSON not in operation["responses"][status]["content"]:
        return  # only the gateway sends it
    yield "Cache-Control", status not in _FROM_GATEWAY
    is_new = answer == ("post", "201") and has_entries
    if is_new or answer in (("get", "200"), ("get", "304"), ("patch", "200")):
        yield "ETag", True
    if answer == ("get", "200") and "cursor" in parameters:
        yield "Link", False
    yield from ((name, True) for name in _ALWAYS.get((operation["operationId"], status), ()))
    if answer == ("put", "201") or (has_entries and status in ("201", "202")):
        yield "Location", True
    if answer == ("patch", "415"):
        yield "Accept-Patch", False
    yield from ((name, False) for name in _SOMETIMES.get(status, ()))
    if status in ("429", "503") or (runs and status in ("200", "202", "304")):
        yield "Retry-After", answer == ("post", "202")


def _schema_of(header: str) -> dict[str, Any]:
    return dict(_SCHEMAS.get(header, {"type": "string"}))


def _header(name: str, always: bool, headers: dict[str, Any]) -> dict[str, str]:
    """A reference to a header's description, which it adds."""
    key = f"{name}.always" if always else name
    headers[key] = {
        "description": _HEADERS[name],
        "required": always,
        "schema": _schema_of(name),
    }
    return {"$ref": f"#/components/headers/{key}"}


def _webhook(declaration: EventDeclaration, schemas: dict[str, Any]) -> dict[str, Any]:
    """A message to an organization's webhook, in the payload format of Standard Webhooks. It adds
    the schemas of the message and of its data.
    """
    name = declaration.type.replace(" ", "")
    schemas[f"{name}Data"] = _data(declaration)
    schemas[name] = {
        "description": f"A message of the type `{declaration.type}`.",
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"type": "string", "const": declaration.type},
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "description": "When the event occurred.",
            },
            "data": _of(f"{name}Data") | {"description": "The event."},
        },
    }
    return {
        "operationId": name,
        "tags": ["Messages"],
        "summary": declaration.type,
        "description": schemas[f"{name}Data"]["description"],
        "security": [],
        "parameters": [*_headers_of_messages()],
        "requestBody": {"required": True, "content": {"application/json": {"schema": _of(name)}}},
        "responses": {
            status: {"description": text} for status, text in _ANSWERS_TO_MESSAGES.items()
        },
    }


def _of(component: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{component}"}


def _data(declaration: EventDeclaration) -> dict[str, Any]:
    """The registry's schema, in which issues and a test are those of an account. Fields that only a
    document of its own has are left out: an `$id` would change where references lead.
    """
    from cavok.api import descriptions

    # A copy: the registry uses some of its dictionaries in several places.
    made: dict[str, Any] = json.loads(json.dumps(declaration.message_schema()))
    for name in ("$schema", "$id", "$comment", "title"):
        del made[name]
    properties = made["properties"]
    if "issues" in properties:
        properties["issues"]["items"] = _of("IssueBody")
        last = properties["verification"]
        properties["verification"] = (
            {"anyOf": [_of("LastVerificationBody"), {"type": "null"}]}
            if "null" in last["type"]
            else _of("LastVerificationBody")
        ) | {"description": last["description"]}
    if properties["account_id"] == {"type": "null"}:
        properties["account_id"] = {"type": ["string", "null"], "description": "Always null."}
    made["description"] = descriptions.MESSAGES.get(declaration.type, declaration.description)
    return made


def _headers_of_messages() -> Iterator[dict[str, Any]]:
    for name, text in _HEADERS_OF_MESSAGES.items():
        header: dict[str, Any] = {"name": name, "in": "header", "required": True}
        yield header | {"description": text, "schema": _schema_of(name)}


def _require_what_is_sent(made: dict[str, Any]) -> None:
    """An answer always has all its fields, some of them null. Pydantic requires only those without
    a default, and a generated client would ask for each of the others whether it is there.
    """
    requests, answers = used(made)
    for name in answers - requests:
        schema, left_out = made["components"]["schemas"][name], _LEFT_OUT.get(name, ())
        if "properties" in schema:
            schema["required"] = [each for each in schema["properties"] if each not in left_out]
            for shape in schema["properties"].values():
                shape.pop("default", None)


def _drop_unused(made: dict[str, Any]) -> None:
    """Powertools adds models of its own answers, which this API never gives."""
    schemas = made["components"]["schemas"]
    while True:
        text = json.dumps(made)
        unused = [name for name in schemas if f'"#/components/schemas/{name}"' not in text]
        if not unused:
            return
        for name in unused:
            del schemas[name]


def _about() -> dict[str, Any]:
    from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer, Server, Tag

    token = HTTPBearer(bearerFormat="JWT", description="A Cognito ID token.")
    return {
        "title": "Cavok Accounts",
        "version": "1",
        "summary": "Connect AWS accounts to Cavok Cloud, and prove what each connection can do.",
        "description": (
            "Send a Cognito ID token as `Authorization: Bearer …`. The token alone decides which "
            "organization you act for. Errors are problems (RFC 9457); those of a bad request name "
            "each field. HEAD works wherever GET does. A method that a path does not have is 405, "
            "with `Allow`. There is no CORS: in a browser, other sites cannot read answers."
        ),
        # Relative to the address of the document, and of its page: right under every prefix.
        "servers": [Server(url=".", description="Where this document comes from.")],
        "tags": [Tag(name=name, description=text) for name, text in _TAGS.items()],
        "security_schemes": {"token": token},
        "security": [{"token": []}],
    }
