"""What the API says of itself: /openapi.json, /docs, /health, and the answers that every route may
give.
"""

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.openapi.types import OpenAPIResponse

from cavok.api.problems import PROBLEM_JSON, Problem

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.openapi.models import OpenAPI

CREATED, ACCEPTED, NO_CONTENT = HTTPStatus.CREATED, HTTPStatus.ACCEPTED, HTTPStatus.NO_CONTENT

_GATEWAY_SHAPE = {
    "type": "object",
    "properties": {"message": {"type": "string"}},
    "required": ["message"],
}
_ABOUT: dict[str, Any] = {
    "title": "Cavok Accounts",
    "version": "1",
    "summary": "Connect AWS accounts to Cavok Cloud, and prove what each connection can do.",
    "description": (
        "Send a Cognito ID token as `Authorization: Bearer …`. Your organization comes from "
        "the token alone. "
        "Errors are problems (RFC 9457); those of a bad request name each field."
    ),
}


def answers(*errors: int, ok: HTTPStatus = HTTPStatus.OK) -> dict[int, OpenAPIResponse]:
    """The documented answers of a route: its own, the problems it names, and those that every route
    may give.
    """
    good: OpenAPIResponse = {"description": ok.phrase}
    if ok is NO_CONTENT:
        good["content"] = {}
    gateway: OpenAPIResponse = {
        "description": "Given by the gateway.",
        "content": {"application/json": {"schema": _GATEWAY_SHAPE}},
    }
    return {ok.value: good, 401: gateway, 429: gateway, **_problems(*errors, 403, 422, 500)}


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
"""The answers of a route that asks for no token."""

NO_TOKEN: list[dict[str, list[str]]] = [{}]
"""Its security: Powertools leaves an empty list out, and the route would inherit the token."""


class WholeApi(APIGatewayHttpResolver):
    """Serves its own routes, and describes those of `instances_api` beside them: to a client it is
    one API.
    """

    def get_openapi_schema(self, **about: Any) -> "OpenAPI":
        from cavok.api import instance_routes, resource_routes

        beside = APIGatewayHttpResolver(enable_validation=True)
        beside.include_router(instance_routes.router)
        beside.include_router(resource_routes.router)
        mine, theirs = super().get_openapi_schema(**about), beside.get_openapi_schema(**about)
        (mine.paths or {}).update(theirs.paths or {})
        if mine.components and theirs.components:
            (mine.components.schemas or {}).update(theirs.components.schemas or {})
        return mine


def install(app: APIGatewayHttpResolver) -> None:
    """Adds the routes about the API itself, which ask for no token."""
    from cavok.api.models import Health

    @app.get("/health", summary="Health", tags=["About"], responses=PUBLIC, security=NO_TOKEN)
    def health() -> Health:
        """Whether the API answers."""
        return Health()

    @app.get("/openapi.json", include_in_schema=False)
    def openapi() -> Response[str]:
        document = app.get_openapi_json_schema(**_ABOUT, **_security())
        return Response(
            status_code=HTTPStatus.OK.value, content_type="application/json", body=document
        )

    @app.get("/docs", include_in_schema=False, compress=True)
    def docs() -> Response[str]:
        """Powertools' page of the whole API. It is made when somebody looks at it, since its models
        of OpenAPI are a tenth of the start-up.
        """
        pages = APIGatewayHttpResolver()
        pages.get_openapi_schema = app.get_openapi_schema  # type: ignore[method-assign]
        pages.enable_swagger(path="/docs", **_ABOUT, **_security())
        page = pages.resolve(app.current_event.raw_event, app.lambda_context)
        return Response(status_code=page["statusCode"], content_type="text/html", body=page["body"])


def _security() -> dict[str, Any]:
    from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

    token = HTTPBearer(bearerFormat="JWT", description="A Cognito ID token.")
    return {"security_schemes": {"token": token}, "security": [{"token": []}]}
