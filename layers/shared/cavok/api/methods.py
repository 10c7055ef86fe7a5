"""Methods: HEAD wherever GET is, and 405 where a path has routes but none for the
method. Source: RFC 9110, 9.3.2 and 15.5.6.
"""

from http import HTTPStatus

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import NotFoundError

from cavok.api.problems import problem


def install(app: APIGatewayHttpResolver) -> None:
    """Answers what no route of the app serves."""

    @app.not_found
    def nothing(error: NotFoundError) -> Response[str]:
        allowed = _allowed(app)
        if not allowed:
            return problem(HTTPStatus.NOT_FOUND, "There is nothing at this path.")
        answer = problem(
            HTTPStatus.METHOD_NOT_ALLOWED, f"This path is for {' and '.join(allowed)}."
        )
        answer.headers["Allow"] = ", ".join(allowed)
        return answer


def _allowed(app: APIGatewayHttpResolver) -> list[str]:
    path = app.context["_path"]
    routes = (*app._static_routes, *app._dynamic_routes)
    methods = {route.method for route in routes if route.rule.match(path)}
    return sorted(methods | {"HEAD"} if "GET" in methods else methods)
