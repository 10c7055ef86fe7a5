"""Addresses under a base path: a custom domain's path mapping, and a prefix before the gateway."""

from __future__ import annotations

import copy
import json
from typing import Any
from urllib.parse import parse_qsl, urljoin, urlsplit

import pytest

from cavok.api.base_path import AT_THE_ROOT
from functions.accounts_api import app
from tests.support.api import ROLE_ACCOUNT, SAMPLE, Api, Context

MAPPED = "api.northwind.example"


def sent(
    path: str,
    route: str,
    proxy: str | None = None,
    *,
    method: str = "GET",
    body: Any = None,
    domain: str = MAPPED,
    query: str = "",
) -> dict[str, Any]:
    """The answer to a request that came by this domain."""
    event = copy.deepcopy(SAMPLE) | {"rawPath": path, "routeKey": route}
    event["requestContext"]["domainName"] = domain
    event["requestContext"]["http"] |= {"method": method, "path": path}
    event |= {"rawQueryString": query, "queryStringParameters": dict(parse_qsl(query))}
    event["pathParameters"] = {"proxy": proxy} if proxy else {}
    event["body"] = json.dumps(body) if body else None
    answer: dict[str, Any] = app.handler(event, Context())
    return answer


@pytest.mark.parametrize("key", ["", "/cavok", "/v1", "/orders/v1", "/docs", "/docs/problems"])
def test_a_custom_domain_may_map_the_api_under_a_path(key: str, admin: Api) -> None:
    v1 = "ANY /v1/{proxy+}"
    made = sent(f"{key}/v1/accounts", v1, "accounts", method="POST", body=ROLE_ACCOUNT)

    assert made["statusCode"] == 201
    account = json.loads(made["body"])["account_id"]
    location = made["headers"]["Location"]
    assert location == f"{key}/v1/accounts/{account}"
    assert sent(location, v1, f"accounts/{account}")["statusCode"] == 200
    assert sent(f"{key}/v1/permissions", "ANY /v1/permissions")["statusCode"] == 200
    for name in AT_THE_ROOT:
        assert sent(f"{key}/{name}", "$default")["statusCode"] == 200
    problem = json.loads(sent(f"{key}/v1/accounts/1", v1, "accounts/1")["body"])
    assert problem["type"] == f"{key}/docs/problems/account_not_found"
    assert sent(problem["type"], "$default")["statusCode"] == 200


def test_a_path_that_is_not_there_does_not_tell_where_its_mapping_ends(admin: Api) -> None:
    answer = sent("/cavok/nothing", "$default")

    assert answer["statusCode"] == 404
    assert json.loads(answer["body"])["type"] == "/docs/problems/no_such_path"
    within = json.loads(sent("/cavok/v1/nothing", "ANY /v1/{proxy+}", "nothing")["body"])
    assert within["type"] == "/cavok/docs/problems/no_such_path"


@pytest.mark.parametrize("name", sorted(AT_THE_ROOT))
def test_below_a_mapping_no_problem_is_named_as_what_is_at_the_root(name: str) -> None:
    """Only a mapping of `docs/problems` cannot be told from the pages' own path."""
    answer = sent(f"/cavok/docs/problems/{name}", "$default")

    assert answer["statusCode"] == 404
    problem = json.loads(answer["body"])
    assert problem["detail"] == "No problem of this API has this code."
    assert problem["type"] == "/cavok/docs/problems/no_such_path"


def test_a_slash_at_the_end_leaves_the_base_path_as_it_is(admin: Api) -> None:
    answer = sent("/cavok/v1/accounts/", "ANY /v1/{proxy+}", "accounts/")

    assert json.loads(answer["body"])["type"].startswith("/cavok/docs/problems/")


@pytest.mark.parametrize("path", ["/v1/accounts", "/cavok/v1/accounts"])
def test_a_gateway_that_takes_the_path_of_the_mapping_off_is_served_too(
    path: str, admin: Api
) -> None:
    """The path parameter is the same either way."""
    answer = sent(path, "ANY /v1/{proxy+}", "accounts")

    assert (answer["statusCode"], json.loads(answer["body"])["items"]) == (200, [])


@pytest.mark.parametrize("path", ["/v2/health", "/cavok/health"])
def test_the_gateways_own_domain_has_no_base_path(path: str) -> None:
    own = SAMPLE["requestContext"]["domainName"]

    assert sent(path, "$default", domain=own)["statusCode"] == 404
    assert sent(path, "$default")["statusCode"] == 200


@pytest.mark.parametrize(
    "document",
    [
        "https://a1b2c3d4e5.execute-api.us-east-1.amazonaws.com/openapi.json",
        f"https://{MAPPED}/cavok/openapi.json",
        "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4e5/openapi.json",
        "http://127.0.0.1:4566/_aws/execute-api/a1b2c3d4e5/docs",
    ],
)
def test_the_server_of_the_document_is_where_the_document_is(document: str, nobody: Api) -> None:
    """So a client asks the right address. Source: OpenAPI 3.1, Server Object."""
    (server,) = nobody.get("/openapi.json").json["servers"]

    assert urljoin(document, server["url"]) == document.rpartition("/")[0] + "/"


@pytest.mark.parametrize("key", ["", "/cavok", "/orders/v1"])
def test_what_the_document_names_is_at_its_server_and_a_list_leads_on(key: str, admin: Api) -> None:
    """A client puts each path behind the server's address, less its slash."""
    for number in ("123456789012", "123456789013"):
        admin.account(provider_id=number)
    found = f"https://{MAPPED}{key}/openapi.json"
    document = json.loads(sent(urlsplit(found).path, "$default")["body"])
    base = urljoin(found, document["servers"][0]["url"]).removesuffix("/")

    for path, route, proxy in (
        ("/health", "$default", None),
        ("/v1/permissions", "ANY /v1/permissions", None),
        ("/v1/accounts", "ANY /v1/{proxy+}", "accounts"),
    ):
        assert path in document["paths"]
        address = f"{base}{path}"
        assert sent(urlsplit(address).path, route, proxy)["statusCode"] == 200

    first = sent(f"{key}/v1/accounts", "ANY /v1/{proxy+}", "accounts", query="limit=1")
    target = first["headers"]["Link"].partition(">")[0].removeprefix("<")
    following = urlsplit(urljoin(f"{address}?limit=1", target))
    assert following.path == f"{key}/v1/accounts"
    second = sent(following.path, "ANY /v1/{proxy+}", "accounts", query=following.query)
    (one,), (other,) = (json.loads(page["body"])["items"] for page in (first, second))
    assert one["account_id"] != other["account_id"]


def test_no_other_site_may_read_an_answer(admin: Api) -> None:
    """There is no CORS, on purpose: the page comes from the API's own address."""
    for method in ("GET", "OPTIONS"):
        answer = admin.send(
            method,
            "/v1/accounts",
            headers={"Origin": "https://elsewhere.example", "Access-Control-Request-Method": "GET"},
        )
        assert not [name for name in answer.headers if name.startswith("access-control-")]
    assert answer.status == 405
