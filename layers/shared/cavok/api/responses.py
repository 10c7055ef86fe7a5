"""The answers of routes, and their description in the OpenAPI document."""

import json
from collections.abc import Iterator, Mapping
from http import HTTPStatus
from typing import Any, Protocol, TypeVar
from urllib.parse import urlencode

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse
from pydantic import BaseModel

from cavok.api.negotiation import CSV
from cavok.api.plain import Plain
from cavok.api.problems import PROBLEM_JSON, STATUS_OF_CODE, Problem


class _Page(Protocol):
    next_cursor: str | None


T = TypeVar("T")
PageT = TypeVar("PageT", bound=_Page)

CREATED, ACCEPTED, NO_CONTENT = HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT


PHRASES = {
    200: "OK",
    201: "Created",
    202: "Accepted",
    204: "No Content",
    304: "Not Modified",
    400: "Bad Request",
    403: "Forbidden",
    404: "Not Found",
    405: "Method Not Allowed",
    409: "Conflict",
    412: "Precondition Failed",
    415: "Unsupported Media Type",
    422: "Unprocessable Content",
    429: "Too Many Requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}
"""RFC 9110's, and RFC 6585's for 429. Python words some of them by its version."""


class GatewayMessage(BaseModel):
    """An error that the gateway itself sends, because it did not ask the API or got no answer. It
    is not a problem document.
    """

    message: str


def answers(*codes: str, ok: HTTPStatus = HTTPStatus.OK) -> dict[int, OpenAPIResponse]:
    """The documented answers of a route: `ok`, the problems that it names, and the problems of
    every route. `by_method` adds more. A status may have several codes; name one of them here, its
    example.
    """
    good: OpenAPIResponse = {"description": PHRASES[ok]}
    if ok is NO_CONTENT:
        good["content"] = {}
    gateway: OpenAPIResponse = {
        "description": "Sent by the gateway.",
        "content": {"application/json": {"model": GatewayMessage}},
    }
    problems = _problems(*codes, "invalid_fields", "quota_exceeded", "service_unavailable")
    return {ok.value: good, 401: gateway, **problems}


def _problems(*codes: str) -> dict[int, OpenAPIResponse]:
    codes = (*codes, "internal_error")
    made = {STATUS_OF_CODE[code].value: _problem(code) for code in codes}
    assert len(made) == len(codes), f"one code a status: {codes}"
    return made


def _problem(code: str) -> OpenAPIResponse:
    content: Any = {"model": Problem, "example": code}  # `examples.add` shows the whole problem
    return {"description": PHRASES[STATUS_OF_CODE[code]], "content": {PROBLEM_JSON: content}}


def by_method(method: str, *, public: bool) -> Iterator[str]:
    """Codes of further problems of any route with this method: of its conditions; of a body, even
    if the route takes none; and of a caller without the right, unless the route is public.
    """
    if method == "get":
        yield from ("malformed_header", "precondition_failed")
    else:
        yield from ("malformed_request", "has_no_version", "unsupported_media_type")
    if not public:
        yield "in_no_group" if method == "get" else "admins_only"


def public(*codes: str) -> dict[int, OpenAPIResponse]:
    """The documented answers of a route that needs no token."""
    return {HTTPStatus.OK.value: {"description": "OK"}, **_problems(*codes, "invalid_fields")}


PUBLIC = public()

NO_TOKEN: list[dict[str, list[str]]] = [{}]
"""The security of such a route. Powertools drops an empty list, and the route would require the
token. The document has the empty list: to some tools, `{}` allows no request with a token.
"""


def ok(body: T, headers: Mapping[str, str]) -> Response[T]:
    """A body with headers of its own."""
    return _json(HTTPStatus.OK, body, headers)


def paged(body: PageT, query: Mapping[str, str]) -> Response[PageT]:
    """A page of a list. `Link` names the next one, relative to this one's address (RFC 8288)."""
    return ok(body, _next_page(body.next_cursor, query))


def paged_plainly(
    kind: type[PageT], items: list[Plain], next_cursor: str | None, query: Mapping[str, str]
) -> Response[PageT]:
    """As `paged`, of entries that are JSON already (`cavok.api.plain`). The body is text, which is
    sent as it is.
    """
    body = {"items": items, "next_cursor": next_cursor}
    text: Any = json.dumps(body, separators=(",", ":"), check_circular=False)
    return ok(text, _next_page(next_cursor, query))


def paged_as_csv(
    lines: str, next_cursor: str | None, query: Mapping[str, str], *, header: bool
) -> Response[Any]:
    """As `paged`, of lines. The next page goes on where they end, so only the first has a `header`
    (RFC 4180, 3).
    """
    return Response(
        status_code=HTTPStatus.OK.value,
        content_type=f"{CSV}; charset=utf-8; header={'present' if header else 'absent'}",
        body=lines,
        headers={**_next_page(next_cursor, query)},
    )


def _next_page(cursor: str | None, query: Mapping[str, str]) -> dict[str, str]:
    if cursor is None:
        return {}
    return {"Link": f'<?{urlencode({**query, "cursor": cursor})}>; rel="next"'}


def created(body: T, location: str | None = None, etag: str | None = None) -> Response[T]:
    """A new resource with its address and its ETag, if it has them."""
    headers = {"Location": location, "ETag": etag}
    return _json(CREATED, body, {name: value for name, value in headers.items() if value})


def accepted(
    body: T, location: str | None = None, headers: Mapping[str, str] | None = None
) -> Response[T]:
    """Something that goes on after the answer, with its address if it has one."""
    return _json(
        ACCEPTED, body, {**({"Location": location} if location else {}), **(headers or {})}
    )


def no_content() -> Response[None]:
    """204, without a body."""
    return Response(status_code=NO_CONTENT.value)


def _json(status: HTTPStatus, body: T, headers: Mapping[str, str]) -> Response[T]:
    return Response(
        status_code=status.value, content_type="application/json", body=body, headers={**headers}
    )
