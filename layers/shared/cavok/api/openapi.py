"""The OpenAPI document of the whole API, whichever function serves a route."""

import json
from collections.abc import Iterator, Mapping
from importlib import import_module
from inspect import getdoc
from pkgutil import iter_modules
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from cavok.api import routes
from cavok.domain.events import REGISTRY, TO_NO_WEBHOOK, EventDeclaration

_TAGS = {
    "About": "The API itself.",
    "Access details": "What Cavok asks customers for, and why.",
    "Accounts": "AWS accounts that your organization connected.",
    "Audit": "Who did what.",
    "Instances": "Instances in connected accounts: listing, starting, stopping.",
    "Organization": "Your organization.",
    "Resources": "Instances that Cavok controls, and their schedules.",
    "Verifications": "Tests of accounts, and what they found.",
    "Webhook": "Where events of your organization are sent, and what is sent.",
}

_HEADERS = {
    name: {"description": text, "schema": {"type": "string"}}
    for name, text in {
        "ETag": "What `If-None-Match` takes and, of an account, `If-Match`.",
        "Cache-Control": "What may be kept, and for how long.",
        "Link": 'The next page, as `rel="next"`, relative to this one. Left out on the last one.',
        "Location": "The path of what was made.",
        "Retry-After": "Seconds after which to try again.",
    }.items()
}


def document() -> str:
    """The document as JSON, without white space."""
    from cavok.api import descriptions

    made = json.loads(_whole_api().get_openapi_json_schema(**_about()))
    for operations in made["paths"].values():
        for method, operation in operations.items():
            for parameter in operation.get("parameters", ()):
                description = descriptions.PARAMETERS.get(parameter["name"])
                parameter.setdefault("description", description)
                parameter["schema"] = _never_null(parameter["schema"])
            for status, response in operation["responses"].items():
                if names := list(_headers_of(method, operation, status)):
                    response["headers"] = {name: _HEADERS[name] for name in names}
    made["webhooks"] = {
        one.type: {"post": _webhook(one)}
        for one in REGISTRY.values()
        if one.type not in TO_NO_WEBHOOK
    }
    _drop_unused(made)
    descriptions.describe(made)
    return json.dumps(made, separators=(",", ":"))


def _whole_api() -> APIGatewayHttpResolver:
    """Every module of `cavok.api.routes`. They are imported here and not above, because routes of
    another function load what this one has no use for.
    """
    whole = APIGatewayHttpResolver(enable_validation=True)
    for module in iter_modules(routes.__path__, f"{routes.__name__}."):
        whole.include_router(import_module(module.name).router)
    for route in (*whole._static_routes, *whole._dynamic_routes):
        route.description = getdoc(route.func)  # Powertools leaves docstrings out.
        route.operation_id = route.func.__name__
    return whole


def _never_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A parameter that is left out has no value, and no header or query can say null. A generated
    client would send it.
    """
    if "anyOf" not in schema:
        return schema
    (given,) = (option for option in schema["anyOf"] if option != {"type": "null"})
    return {**{name: value for name, value in schema.items() if name != "anyOf"}, **given}


def _headers_of(method: str, operation: Mapping[str, Any], status: str) -> Iterator[str]:
    if (method, status) == ("get", "200"):
        yield from ("ETag", "Cache-Control")
    parameters = {parameter["name"] for parameter in operation.get("parameters", ())}
    if status == "200" and "cursor" in parameters:
        yield "Link"
    if status == "201":
        yield "Location"
    if status == "503":
        yield "Retry-After"


def _webhook(declaration: EventDeclaration) -> dict[str, Any]:
    """A message to an organization's webhook, in the payload format of Standard Webhooks."""
    schema = {
        "type": "object",
        "required": ["type", "timestamp", "data"],
        "properties": {
            "type": {"const": declaration.type, "description": "The type of the event."},
            "timestamp": {
                "type": "string",
                "format": "date-time",
                "description": "When the event occurred.",
            },
            # A copy: the registry uses some of its dictionaries in several places.
            "data": json.loads(json.dumps(declaration.schema())),
        },
    }
    return {
        "operationId": declaration.type.replace(" ", ""),
        "tags": ["Webhook"],
        "summary": declaration.type,
        "description": declaration.description,
        "security": [{}],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {"2XX": {"description": "Taken. After any other answer it comes again."}},
    }


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
            "each field. No other site may read answers in a browser: there is no CORS."
        ),
        # Relative to the address of the document, and of its page: right under every prefix.
        "servers": [Server(url=".", description="Where this document comes from.")],
        "tags": [Tag(name=name, description=text) for name, text in _TAGS.items()],
        "security_schemes": {"token": token},
        "security": [{"token": []}],
    }
