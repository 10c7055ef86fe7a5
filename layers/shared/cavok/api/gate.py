"""What comes before the routes: which organization the caller belongs to, whether the caller may
use this method, and the form in which the routes take a request.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler.exceptions import ServiceError

from cavok.api.bodies import why_unusable
from cavok.api.caller import Caller
from cavok.api.problems import RefusedRequest

READING = frozenset({"GET", "HEAD"})
_TAKES_GZIP = re.compile(r"(^|,)\s*(x-)?gzip\s*(?!;\s*q=0(\.0*)?\s*(,|$))(;|,|$)", re.IGNORECASE)
"""A weight of zero is "not acceptable" (RFC 9110, 12.4.2). `x-gzip` is the same (8.4.1.3)."""


def caller_of(event: Mapping[str, Any]) -> Caller:
    """The caller, from the claims that the gateway verified. Raises Forbidden if there are none."""
    authorizer = event["requestContext"].get("authorizer") or {}
    return Caller.of_claims(authorizer.get("jwt", {}).get("claims", {}))


def check(event: Mapping[str, Any]) -> None:
    """Raises Forbidden if the caller lacks the right, and RefusedRequest or ServiceError if
    the body cannot be read.

    Viewers may read, admins may make changes. Requests without a token pass: the gateway lets them
    through on public routes only.
    """
    if not event["requestContext"].get("authorizer"):
        return
    caller = caller_of(event)
    if event["requestContext"]["http"]["method"] in READING:
        caller.must_read()
        return
    caller.must_change()
    if event.get("body"):
        _check_form(event)
    if why := why_unusable(event):
        raise ServiceError(HTTPStatus.BAD_REQUEST, why)


def _check_form(event: Mapping[str, Any]) -> None:
    """Raises RefusedRequest, with the headers that RFC 9110, 12.5.3, and RFC 5789, 2.2, ask for."""
    # Powertools would accept forms too, and crashes on a malformed one.
    if _media_type(event) not in ("", "application/json"):
        patch = event["requestContext"]["http"]["method"] == "PATCH"
        raise RefusedRequest(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Send a JSON body with Content-Type: application/json.",
            {"Accept-Patch": "application/json"} if patch else {},
        )
    if event.get("headers", {}).get("content-encoding", "").strip().lower() not in ("", "identity"):
        raise RefusedRequest(
            HTTPStatus.UNSUPPORTED_MEDIA_TYPE,
            "Send the body as it is, without a Content-Encoding.",
            {"Accept-Encoding": "identity"},
        )


def normal_form(event: dict[str, Any]) -> dict[str, Any]:
    """The event in the form that the routes expect. HEAD becomes GET, and the body of a GET is
    dropped. The media type is in lower case, and removed if there is no body. Accept-Encoding is
    removed unless it takes gzip, because Powertools only looks for the word.
    """
    context, headers = event["requestContext"], {**event.get("headers", {})}
    if not _TAKES_GZIP.search(headers.get("accept-encoding", "")):
        headers.pop("accept-encoding", None)
    if context["http"]["method"] in READING:
        headers.pop("content-type", None)
        context = context | {"http": context["http"] | {"method": "GET"}}
        return event | {"headers": headers, "requestContext": context, "body": None}
    if headers.pop("content-type", None) and event.get("body"):
        headers["content-type"] = _media_type(event)
    return event | {"headers": headers}


def _media_type(event: Mapping[str, Any]) -> str:
    content_type = str(event.get("headers", {}).get("content-type", ""))
    return content_type.partition(";")[0].strip().lower()
