"""The OpenAPI document of the whole API, whichever function serves a route."""

from importlib import import_module
from inspect import getdoc
from pkgutil import iter_modules
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok.api import routes


def document() -> str:
    """The document as JSON."""
    return _whole_api().get_openapi_json_schema(**_about())


def page(event: dict[str, Any], context: LambdaContext) -> str:
    """The document as Powertools' page, in answer to GET /docs."""
    pages = APIGatewayHttpResolver()
    pages.get_openapi_schema = _whole_api().get_openapi_schema  # type: ignore[method-assign]
    pages.enable_swagger(path="/docs", **_about())
    return str(pages.resolve(event, context)["body"])


def _whole_api() -> APIGatewayHttpResolver:
    """Every module of `cavok.api.routes`. They are imported here and not above, because routes of
    another function load what this one has no use for.
    """
    whole = APIGatewayHttpResolver(enable_validation=True)
    for module in iter_modules(routes.__path__, f"{routes.__name__}."):
        whole.include_router(import_module(module.name).router)
    for route in (*whole._static_routes, *whole._dynamic_routes):
        route.description = getdoc(route.func)  # Powertools leaves docstrings out.
    return whole


def _about() -> dict[str, Any]:
    from aws_lambda_powertools.event_handler.openapi.models import HTTPBearer

    token = HTTPBearer(bearerFormat="JWT", description="A Cognito ID token.")
    return {
        "title": "Cavok Accounts",
        "version": "1",
        "summary": "Connect AWS accounts to Cavok Cloud, and prove what each connection can do.",
        "description": (
            "Send a Cognito ID token as `Authorization: Bearer …`. The token alone decides which "
            "organization you act for. Errors are problems (RFC 9457); those of a bad request name "
            "each field."
        ),
        "security_schemes": {"token": token},
        "security": [{"token": []}],
    }
