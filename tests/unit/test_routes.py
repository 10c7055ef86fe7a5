"""Each route of the API is described, served by one function, and sent there by API Gateway."""

from __future__ import annotations

import json
import re
import sys
from itertools import product
from pkgutil import iter_modules
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from aws_lambda_powertools.event_handler import Response

from cavok.api import openapi, routes
from cavok.api.app import make_app, respond
from cavok.api.resolver import Resolver
from cavok.api.router import Router
from functions.accounts_api.app import app as accounts_api
from functions.instances_api.app import app as instances_api
from tests.support.api import Context, served
from tests.support.builders import sample_event
from tests.support.template import template

if TYPE_CHECKING:
    from aws_lambda_powertools.event_handler.api_gateway import Route
    from aws_lambda_powertools.utilities.typing import LambdaContext

TARGETS = {
    resource["Properties"]["RouteKey"]: resource["Properties"]["Target"]["Fn::Sub"]
    for resource in template()["Resources"].values()
    if resource["Type"] == "AWS::ApiGatewayV2::Route"
}


def target(method: str, path: str) -> str:
    """Where API Gateway sends a request: the most specific route first. Source: API Gateway
    Developer Guide, "Create routes for HTTP APIs", routing API requests.
    """
    keys = (f"{method} {path}", f"ANY {path}", "ANY /v1/{proxy+}", "$default")
    proxies = path.startswith("/v1/")
    return next(TARGETS[k] for k in keys if k in TARGETS and ("proxy" not in k or proxies))


def test_the_document_describes_every_route_and_its_description_is_the_docstring() -> None:
    paths = json.loads(openapi.document())["paths"]
    described = {
        (method.upper(), path): operation.get("description")
        for path, operations in paths.items()
        for method, operation in operations.items()
    }

    about = ("/openapi.json", "/docs", "/docs/problems/{code}")
    hidden = {("GET", path) for path in about}
    assert described.keys() == (served(accounts_api) | served(instances_api)) - hidden
    assert [route for route, description in described.items() if not description] == []
    assert described["GET", "/health"] == "Tells whether the API answers."


def module_of(route: Route) -> str:
    """The file with the route, without its ending."""
    return str(route.func.__module__).removeprefix(f"{routes.__name__}.")


def test_every_file_of_routes_is_listed() -> None:
    listed = {module_of(r) for app in (accounts_api, instances_api) for r in app.all_routes()}
    for missing in {each.name for each in iter_modules(routes.__path__)} - listed:
        pytest.fail(
            f"Nothing serves routes/{missing}.py. List it in functions/accounts_api/app.py, with "
            'the paths below which its routes are. See "Add a route" in docs/architecture.md.'
        )


@pytest.mark.parametrize("app", [accounts_api, instances_api], ids=["accounts", "instances"])
def test_a_path_leads_to_the_one_module_with_its_routes(app: Resolver) -> None:
    """So a request finds the routes that it would find if all modules were imported: none of one
    file stands before another's. Parameters are also words that stand in some path.
    """
    every = app.all_routes()
    words = {"x", *(word for route in every for word in route.openapi_path.split("/") if word)}
    for route, word in product(every, sorted(words)):
        path = re.sub("{.*?}", word, route.openapi_path)
        found = [each for each in every if each.rule.match(path)]
        of_its_own = [each for each in found if each.openapi_path == path]
        having = {module_of(each) for each in of_its_own or found}
        assert having == {app.module_of(path)}, (
            f"{path}: the function's app.py must list the one file with its routes below this path."
        )


@pytest.mark.parametrize("path", ["", "/", "/v1", "/v1/", "/v2/accounts", "/v1/audits", "/v1audit"])
def test_no_other_path_leads_to_a_module(path: str) -> None:
    assert accounts_api.module_of(path) is None


def test_a_module_that_cannot_be_imported_fails_its_own_requests_alone(
    capsys: pytest.CaptureFixture[str],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """As our fault, which an alarm watches. Each request tries again."""
    app = make_app(broken=("/v1/audit",), about=("/health",))

    assert status(app, "/v1/audit") == status(app, "/v1/audit/entry") == 500
    assert capsys.readouterr().out.count('"ApiFaults":[1.0]') == 2
    assert caplog.messages.count("Request failed") == 2
    assert "No module named 'cavok.api.routes.broken'" in caplog.text
    assert status(app, "/health") == 200
    assert status(app, "/v1/accounts") == 404

    mended = Router()
    mended.get("/v1/audit")(lambda: Response(200, body="Mended."))
    monkeypatch.setitem(sys.modules, "cavok.api.routes.broken", SimpleNamespace(router=mended))
    assert status(app, "/v1/audit") == 200


def test_a_path_without_a_route_and_a_method_without_one_are_told_apart_at_once() -> None:
    """Before anything else imported the module."""
    assert status(fresh(), "/health", "HEAD") == 200
    assert status(fresh(), "/health", "POST") == 405
    assert status(fresh(), "/health/more") == status(fresh(), "/healthy") == 404


def fresh() -> Resolver:
    return make_app(about=("/health",))


def status(app: Resolver, path: str, method: str = "GET") -> int:
    """Of the answer to a request without a token."""
    event = sample_event("api_create_account") | {"rawPath": path, "body": None}
    context = event["requestContext"] | {"authorizer": None}
    event["requestContext"] = context | {"http": context["http"] | {"method": method, "path": path}}
    answered: int = respond(app, event, cast("LambdaContext", Context()))["statusCode"]
    return answered


def test_no_route_is_served_by_two_functions() -> None:
    assert served(accounts_api) & served(instances_api) == set()


def test_api_gateway_sends_each_route_to_the_function_that_serves_it() -> None:
    for app, integration in (
        (accounts_api, "integrations/${AccountsApiIntegration}"),
        (instances_api, "integrations/${InstancesApiIntegration}"),
    ):
        assert [route for route in served(app) if target(*route) != integration] == []
