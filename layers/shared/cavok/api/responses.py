"""The answers of routes: what each sends, and what the OpenAPI document says of it."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import TypeVar

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from cavok.api.problems import PROBLEM_JSON, Problem

T = TypeVar("T")

CREATED, ACCEPTED, NO_CONTENT = HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT

_GATEWAY_SHAPE = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}


def answers(*errors: int, ok: HTTPStatus = HTTPStatus.OK) -> dict[int, OpenAPIResponse]:
    """The documented answers of a route: `ok`, the problems that it names, and those that every
    route may give.
    """
    good: OpenAPIResponse = {"description": ok.phrase}
    if ok is NO_CONTENT:
        good["content"] = {}
    gateway: OpenAPIResponse = {
        "description": "Sent by the gateway.",
        "content": {"application/json": {"schema": _GATEWAY_SHAPE}},
    }
    return {ok.value: good, 401: gateway, 429: gateway, **_problems(*errors, 403, 422, 500, 503)}


def _problems(*statuses: int) -> dict[int, OpenAPIResponse]:
    return {
        status: {
            "description": HTTPStatus(status).phrase,
            "content": {PROBLEM_JSON: {"model": Problem}},
        }
        for status in sorted(statuses)
    }


PUBLIC: dict[int, OpenAPIResponse] = {
    HTTPStatus.OK.value: {"description": "OK"},
    **_problems(422, 500),
}
"""The documented answers of a route that needs no token."""

NO_TOKEN: list[dict[str, list[str]]] = [{}]
"""The security of such a route. Powertools drops an empty list, and the route would inherit the
token.
"""


def ok(body: T, *, version: int) -> Response[T]:
    """A body with its version as ETag."""
    return _json(HTTPStatus.OK, body, {"ETag": etag(version)})


def created(body: T, location: str, *, version: int | None = None) -> Response[T]:
    """A new resource with its address and, if it has one, its version as ETag."""
    headers = {"Location": location}
    if version is not None:
        headers["ETag"] = etag(version)
    return _json(CREATED, body, headers)


def accepted(body: T, location: str | None = None) -> Response[T]:
    """Something that goes on after the answer, with its address if it has one."""
    return _json(ACCEPTED, body, {"Location": location} if location else {})


def no_content() -> Response[None]:
    return Response(status_code=NO_CONTENT.value)


def _json(status: HTTPStatus, body: T, headers: Mapping[str, str]) -> Response[T]:
    return Response(
        status_code=status.value, content_type="application/json", body=body, headers={**headers}
    )


def etag(version: int) -> str:
    """The version as an ETag: `"7"`."""
    return f'"{version}"'
