"""The quota of requests, before the routes."""

from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from cavok import wiring
from cavok.api.gate import caller_of
from cavok.api.router import Router


def count_request(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[Any]:
    """Counts the current request, unless its route needs no token. Raises QuotaExceeded. Who ends
    something is never kept from it by what others of the organization do.
    """
    event = app.current_event.raw_event
    ends = app.current_event.http_method == "DELETE" or app.current_event.path.endswith("/revoke")
    if event["requestContext"].get("authorizer") and not ends:
        wiring.request_quota().take(caller_of(event).organization_id, Router.now())
    return next_middleware(app)
