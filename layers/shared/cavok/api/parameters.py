"""Query parameters: one that a route does not have is refused, as an unknown field of a body is.
Else a client that misspells a filter gets everything.
"""

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from cavok.domain.errors import InvalidField


def none_unknown(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[object]:
    """Raises InvalidField if the current route has no such parameter."""
    route: Route = app.context["_route"]
    known = {field.alias for field in route.dependant.query_params}
    for name in app.current_event.query_string_parameters:
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise InvalidField(name, f"There is no such parameter. Known here: {names}.")
    return next_middleware(app)
