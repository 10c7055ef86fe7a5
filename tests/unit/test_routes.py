"""Each route of the API is described, served by one function, and sent there by API Gateway."""

from __future__ import annotations

import json

from cavok.api import openapi
from functions.accounts_api.app import app as accounts_api
from functions.instances_api.app import app as instances_api
from tests.support.api import served
from tests.support.template import template

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


def test_no_route_is_served_by_two_functions() -> None:
    assert served(accounts_api) & served(instances_api) == set()


def test_api_gateway_sends_each_route_to_the_function_that_serves_it() -> None:
    for app, integration in (
        (accounts_api, "integrations/${AccountsApiIntegration}"),
        (instances_api, "integrations/${InstancesApiIntegration}"),
    ):
        assert [route for route in served(app) if target(*route) != integration] == []
