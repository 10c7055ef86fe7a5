"""API Gateway HTTP APIs."""

from __future__ import annotations

from typing import Any

from ministack.services import lambda_svc

from local.fidelity.correction import corrects


@corrects(lambda_svc, "lambda_execute_result_to_api_proxy_response")
def accept_a_null_body(original: Any, result: dict[str, Any]) -> tuple[dict[str, Any], Any]:
    """A function may answer `"body": null`, as for a 204. The emulator fails on it.

    https://docs.aws.amazon.com/apigateway/latest/developerguide/http-api-develop-integrations-lambda.html
    """
    response, rest = original(result)
    return ({**response, "body": ""} if response.get("body") is None else response), rest
