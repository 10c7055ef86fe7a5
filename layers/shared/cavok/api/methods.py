"""Methods: HEAD wherever GET is, and 405 where a path has routes but none for the
method. Source: RFC 9110, 9.3.2 and 15.5.6.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver

from cavok.api.problems import RefusedRequest


def check(app: APIGatewayHttpResolver, event: Mapping[str, Any]) -> None:
    """Raises RefusedRequest if no route of the app serves the request. This comes before the gate,
    also for a viewer: the public document lists every path and method anyway.
    """
    methods = allowed(app, event["rawPath"])
    if not methods:
        raise RefusedRequest(HTTPStatus.NOT_FOUND, "There is nothing at this path.", {})
    if event["requestContext"]["http"]["method"] not in methods:
        raise RefusedRequest(
            HTTPStatus.METHOD_NOT_ALLOWED,
            f"This path is for {' and '.join(methods)}.",
            {"Allow": ", ".join(methods)},
        )


def allowed(app: APIGatewayHttpResolver, path: str) -> list[str]:
    """The methods for which a path has routes. Empty: there is nothing at this path. A path with
    routes of its own, such as `/v1/accounts/import`, names nothing by an id.
    """
    of_its_own, others = (
        {route.method for route in routes if route.rule.match(path)}
        for routes in (app._static_routes, app._dynamic_routes)
    )
    methods = of_its_own or others
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)
