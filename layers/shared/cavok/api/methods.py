"""Methods: HEAD wherever GET is, and 405 where a path has routes but none for the
method. Source: RFC 9110, 9.3.2 and 15.5.6.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from cavok.api.problems import RefusedRequest
from cavok.api.resolver import Resolver


def check(app: Resolver, event: Mapping[str, Any]) -> None:
    """Raises RefusedRequest if no route of the app serves the request. This comes before the gate,
    also for a viewer: the public document lists every path and method anyway.
    """
    found = app.methods_at(event["rawPath"])
    methods = sorted(found | {"HEAD"} if "GET" in found else found)
    if not methods:
        raise RefusedRequest(HTTPStatus.NOT_FOUND, "There is nothing at this path.", {})
    if event["requestContext"]["http"]["method"] not in methods:
        raise RefusedRequest(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"This path is for {' and '.join(methods)}.",
            {"Allow": ", ".join(methods)},
        )
