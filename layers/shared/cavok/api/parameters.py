"""Query parameters. An unknown one is refused, like an unknown field of a body: otherwise a client
that misspells a filter would get everything. A number is written as in JSON, a boolean as in JSON
or Python. Other forms that Pydantic would read are refused. So is a condition that no route reads.
"""

import re
from collections.abc import Iterable, Iterator
from functools import partial
from http import HTTPStatus
from typing import Any, get_args

from aws_lambda_powertools.event_handler import Response
from aws_lambda_powertools.event_handler.api_gateway import Route
from aws_lambda_powertools.event_handler.middlewares import NextMiddleware
from aws_lambda_powertools.event_handler.middlewares.openapi_validation import (
    OpenAPIRequestValidationMiddleware,
)
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError

from cavok import wiring
from cavok.api.conditions import check_without_tag, has_condition, is_condition
from cavok.api.gate import caller_of
from cavok.domain.errors import InvalidField

_FORMS: dict[object, tuple[re.Pattern[str], str]] = {
    int: (re.compile("[0-9]+"), "{name} is a whole number, in digits."),
    bool: (re.compile("true|false", re.IGNORECASE), "{name} is true or false."),
}
_ANY = re.compile(".*", re.DOTALL)


class Validation(OpenAPIRequestValidationMiddleware):
    """Powertools' validation of a request. It also reports, first, the parameters that the route
    does not have, or whose values are not written in the accepted form.
    """

    def handler(self, app: Any, next_middleware: NextMiddleware) -> Response[Any]:
        """Raises RequestValidationError with everything that is wrong, or InvalidField."""
        wrong = list(_wrong(app))
        if not wrong:
            return super().handler(app, partial(_if_it_may, next_middleware))  # type: ignore[arg-type]
        others: list[Any] = []
        try:
            super().handler(app, _nothing)  # type: ignore[arg-type]
        except RequestValidationError as error:
            places = [entry["loc"] for entry in wrong]
            others = [entry for entry in error.errors() if entry["loc"] not in places]
        except InvalidField as error:
            others = [_entry("body", error.field, error.message)]
        raise RequestValidationError([*wrong, *others])


def _if_it_may(next_middleware: NextMiddleware, app: Any) -> Response[Any]:
    """Checks the condition of a change whose route reads none. A GET's condition is checked with
    its answer. A request that would be 404 is 404 with a condition too (RFC 9110, 13.2.1). Raises
    AccountNotFound, MalformedHeader, HasNoVersion.
    """
    route: Route = app.context["_route"]
    headers = app.current_event.headers
    if route.method != "GET" and has_condition(headers) and not _reads_conditions(route):
        event = app.current_event.raw_event
        account_id = app.context["_route_args"].get("account_id")
        if account_id and event["rawPath"].startswith("/v1/accounts/"):
            wiring.accounts().get(caller_of(event).organization_id, account_id)
        is_shown = "GET" in app.methods_at(event["rawPath"])
        check_without_tag(headers, is_shown=is_shown)
    return next_middleware(app)


def _reads_conditions(route: Route) -> bool:
    return any(is_condition(field.alias) for field in route.dependant.header_params)


def unknown_parameter(known: Iterable[str]) -> str:
    """The sentence about a parameter that is not one of the known ones."""
    return f"There is no such parameter. Known here: {', '.join(sorted(known)) or 'none'}."


def _nothing(_: Any) -> Response[Any]:
    return Response(HTTPStatus.NO_CONTENT.value)


def _wrong(app: Any) -> Iterator[dict[str, Any]]:
    route: Route = app.context["_route"]
    known = {field.alias: field.field_info.annotation for field in route.dependant.query_params}
    for name, value in app.current_event.query_string_parameters.items():
        if name not in known:
            yield _entry("query", name, unknown_parameter(known))
            continue
        form, message = _form_of(known[name])
        if not form.fullmatch(value):
            yield _entry("query", name, message.format(name=name))


def _form_of(annotation: object) -> tuple[re.Pattern[str], str]:
    """Also of one that may be left out, such as `int | None`."""
    kinds = (annotation, *get_args(annotation))
    return next((_FORMS[kind] for kind in kinds if kind in _FORMS), (_ANY, ""))


def _entry(place: str, name: str, message: str) -> dict[str, Any]:
    return {"type": "value_error", "loc": (place, name), "msg": message}
