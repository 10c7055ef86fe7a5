"""An HTTP function of the API: its routes, the gate before them, and errors as problems."""

import time
from http import HTTPStatus
from typing import Any

import cavok.api.deferred  # noqa: F401  first, before Powertools makes models

# isort: split
from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIResponseValidationMiddleware,
)
from aws_lambda_powertools.utilities.typing import LambdaContext

from cavok.adapters.table.table import waiting_until
from cavok.api import caching, gate, methods, parameters, problems, quotas
from cavok.api.base_path import without_base_path
from cavok.api.resolver import Resolver
from cavok.domain.deadlines import LEFT_FOR_ANSWERING_SECONDS, Deadline
from cavok.observability import count, logger


class Serialization(OpenAPIResponseValidationMiddleware):
    """Powertools' validation of an answer. Text is sent as it is."""

    def handler(self, app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        """The answer of a route, with a body of JSON types or text."""
        route = app.context["_route"]
        answer = next_middleware(app)
        if isinstance(answer.body, str):
            return answer
        checked: Response[Any] = self._handle_response(route=route, response=answer)
        return checked


def make_app(**modules: tuple[str, ...]) -> Resolver:
    """The app of a function that serves these modules of `cavok.api.routes`, each below these
    paths. Called once.
    """
    app = Resolver(modules)
    problems.install(app)
    app._request_validation_middleware = parameters.Validation()  # type: ignore[no-untyped-call]
    app._response_validation_middleware = Serialization()
    return app


def respond(app: Resolver, event: dict[str, Any], context: LambdaContext) -> dict[str, Any]:
    """The answer to one request in API Gateway's payload format 2.0."""
    event, base = without_base_path(event)
    request = event["requestContext"]["http"]
    left = context.get_remaining_time_in_millis() / 1000 - LEFT_FOR_ANSWERING_SECONDS
    with waiting_until(Deadline.after(left, time.monotonic)):
        answer = _refusal(app, event) or app.resolve(gate.normal_form(event), context)
    if answer["statusCode"] >= HTTPStatus.INTERNAL_SERVER_ERROR:
        count("Api5xx")
    answer = caching.revalidated(event, answer)
    answer = problems.completed(answer, event["requestContext"]["requestId"], base)
    if base and "Location" in answer["headers"]:
        location = base + answer["headers"]["Location"]
        answer = answer | {"headers": answer["headers"] | {"Location": location}}
    if request["method"] == "HEAD":
        answer = answer | {"body": ""}
    logger.info(
        "Answered", method=request["method"], path=request["path"], status=answer["statusCode"]
    )
    return answer


def _refusal(app: Resolver, event: dict[str, Any]) -> dict[str, Any] | None:
    """The answer to a request that is refused before it reaches a route. It counts as any other."""
    try:
        quotas.count_request(event)
        methods.check(app, event)
        gate.check(event)
        caching.check(event)
    except Exception as error:  # noqa: BLE001  a problem in any case, as of a route
        return problems.answer_to(error)
    return None
