"""The gate before the routes: whose organization, and whether the caller may do what the method
does.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from cavok.api.caller import Caller
from cavok.api.problems import problem
from cavok.domain.errors import Forbidden

READING = frozenset({"GET", "HEAD"})


def caller_of(event: Mapping[str, Any]) -> Caller:
    """The caller by the claims that the gateway verified. Raises Forbidden, for a route without any
    too.
    """
    authorizer = event["requestContext"].get("authorizer") or {}
    return Caller.of_claims(authorizer.get("jwt", {}).get("claims", {}))


def refusal(event: Mapping[str, Any]) -> dict[str, Any] | None:
    """The answer to a caller who may not do this, or who sends what is not JSON, before anything
    else of the request is looked at; else nothing.

    Viewers may read, admins may change. Routes that the gateway serves without a token pass.
    """
    if not event["requestContext"].get("authorizer"):
        return None
    try:
        caller = caller_of(event)
        if event["requestContext"]["http"]["method"] in READING:
            caller.must_read()
        else:
            caller.must_change()
    except Forbidden as error:
        return _problem(HTTPStatus.FORBIDDEN, str(error))
    # Powertools would take forms as well, and fails on a form that is malformed.
    if event.get("body") and _media_type(event) not in ("", "application/json"):
        return _problem(
            HTTPStatus.BAD_REQUEST, "Send a JSON body with Content-Type: application/json."
        )
    return None


def _media_type(event: Mapping[str, Any]) -> str:
    content_type = str(event.get("headers", {}).get("content-type", ""))
    return content_type.partition(";")[0].strip()


def _problem(status: HTTPStatus, detail: str) -> dict[str, Any]:
    answer = problem(status, detail)
    headers = {"Content-Type": answer.content_type}
    return {"statusCode": answer.status_code, "headers": headers, "body": answer.body}
