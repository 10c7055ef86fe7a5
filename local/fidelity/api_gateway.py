"""API Gateway HTTP APIs."""

from __future__ import annotations

from typing import Any

from ministack import app
from ministack.services import apigateway, lambda_svc

from local.fidelity.correction import corrects


@corrects(lambda_svc, "lambda_execute_result_to_api_proxy_response")
def accept_a_null_body(original: Any, result: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """A function may answer `"body": null`, as for a 204. The emulator fails on it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    response, rest = original(result)
    return ({**response, "body": ""} if response.get("body") is None else response), rest


@corrects(app, "_parse_execute_api_url")
def serve_paths_from_the_root(original: Any, host: str, path: str) -> tuple[str, str, str] | None:
    """An API has a host of its own, so a path from its root is an address in its answers. The
    emulator serves it behind a prefix, `/_aws/execute-api/ID`, since such hosts do not resolve. So
    paths of the API are also served from the root: those of the stack that was deployed first.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-publish.html
    """
    found: tuple[str, str, str] | None = original(host, path)
    if found or not path.startswith(("/v1/", "/docs/problems/")):
        return found
    api_id = next((key[-1] for key in apigateway._apis._data), None)
    return original(host, f"/_aws/execute-api/{api_id}{path}") if api_id else None
