"""Query parameters: one that a route does not have is refused, as an unknown field of a body is.
Else a client that misspells a filter gets everything. A number is written as in JSON, a
truth value too or as in Python, and in no other form that Pydantic would read.
"""

import re

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware

from cavok.domain.errors import InvalidField

_FORMS: dict[object, tuple[re.Pattern[str], str]] = {
    int: (re.compile("[0-9]+"), "A whole number, in digits."),
    bool: (re.compile("true|false", re.IGNORECASE), "It is true or false."),
}
_ANY = re.compile(".*", re.DOTALL)


def check(app: APIGatewayHttpResolver, next_middleware: NextMiddleware) -> Response[object]:
    """Raises InvalidField for a parameter that the current route does not have, or whose value is
    in no form of its own.
    """
    route: Route = app.context["_route"]
    if route not in (*app._static_routes, *app._dynamic_routes):
        return next_middleware(app)  # 404 or 405, whatever the query
    known = {field.alias: field.field_info.annotation for field in route.dependant.query_params}
    for name, value in app.current_event.query_string_parameters.items():
        if name not in known:
            names = ", ".join(sorted(known)) or "none"
            raise InvalidField(name, f"There is no such parameter. Known here: {names}.")
        form, message = _FORMS.get(known[name], (_ANY, ""))
        if not form.fullmatch(value):
            raise InvalidField(name, message)
    return next_middleware(app)
