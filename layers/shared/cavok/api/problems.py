"""Errors as `application/problem+json` (RFC 9457), mapped in one place."""

import json
from collections.abc import Sequence
from http import HTTPStatus
from typing import Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel

from cavok.adapters.aws_errors import is_passing
from cavok.domain import errors
from cavok.observability import count, logger

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = {"Retry-After": "2"}
"""Seconds. Sent with 503: what it waits for has often passed by then."""

FAULTS = "ApiFaults"
"""The metric of answers with 5xx by faults of ours. An alarm watches it."""


class FieldError(BaseModel):
    """A field with an error, and what is wrong with it."""

    field: str
    message: str


class Problem(BaseModel):
    """An error, as RFC 9457 defines it. `errors` names the fields of a bad request."""

    type: str = "about:blank"
    title: str
    status: int
    detail: str
    errors: list[FieldError] | None = None


_STATUS_OF: dict[type[errors.CavokError], HTTPStatus] = {
    errors.AccountNotFound: HTTPStatus.NOT_FOUND,
    errors.VerificationNotFound: HTTPStatus.NOT_FOUND,
    errors.WebhookNotFound: HTTPStatus.NOT_FOUND,
    errors.InstanceNotFound: HTTPStatus.NOT_FOUND,
    errors.ResourceNotFound: HTTPStatus.NOT_FOUND,
    errors.InteractionRefused: HTTPStatus.CONFLICT,
    errors.MalformedHeader: HTTPStatus.BAD_REQUEST,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.ServiceUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}


def problem(status: HTTPStatus, detail: str, fields: Sequence[FieldError] = ()) -> Response[str]:
    body = Problem(
        title=status.phrase, status=status.value, detail=detail, errors=list(fields) or None
    )
    return Response(
        status_code=status.value,
        content_type=PROBLEM_JSON,
        headers={**RETRY_AFTER} if status is HTTPStatus.SERVICE_UNAVAILABLE else {},
        # ASCII: a client's text may hold what UTF-8 cannot carry.
        body=json.dumps(body.model_dump(exclude_none=True), separators=(",", ":")),
    )


def install(app: APIGatewayHttpResolver) -> None:
    """Turns every error in the app's routes into a problem."""
    app.exception_handler(list(_STATUS_OF))(_known)
    app.exception_handler(errors.InvalidField)(_invalid_field)
    app.exception_handler(RequestValidationError)(_invalid_request)
    app.exception_handler(UnicodeDecodeError)(_not_text)
    app.exception_handler(ServiceError)(_service_error)
    app.exception_handler(Exception)(_unexpected)


def _known(error: errors.CavokError) -> Response[str]:
    # The handler is found by class or base class, so the status must be, too.
    status = next(_STATUS_OF[each] for each in type(error).__mro__ if each in _STATUS_OF)
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, errors.CausedOutside):
        count(FAULTS)
    return problem(status, str(error))


def _invalid_field(error: errors.InvalidField) -> Response[str]:
    return _unprocessable([FieldError(field=error.field, message=error.message)])


def _invalid_request(error: RequestValidationError) -> Response[str]:
    if any(entry["type"] == "json_invalid" for entry in error.errors()):
        return problem(HTTPStatus.BAD_REQUEST, "The body is not valid JSON.")
    return _unprocessable([_field_error(entry) for entry in error.errors()])


def _not_text(error: UnicodeDecodeError) -> Response[str]:
    return problem(HTTPStatus.BAD_REQUEST, "The body is not text in UTF-8.")


def _service_error(error: ServiceError) -> Response[str]:
    return problem(HTTPStatus(error.status_code), str(error.msg))


def _unexpected(error: Exception) -> Response[str]:
    logger.exception("Request failed")
    count(FAULTS)
    if is_passing(error):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "AWS did not answer us. Please try again.")
    detail = "Something failed on our side. It was logged."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def _unprocessable(fields: Sequence[FieldError]) -> Response[str]:
    names = ", ".join(dict.fromkeys(error.field for error in fields))
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"Please correct: {names}.", fields)


def _field_error(entry: dict[str, Any]) -> FieldError:
    """Names the field of a Pydantic error: `("body", "credentials", "access_key_id")` becomes
    `credentials.access_key_id`. An error in an entry of a list names the list.
    """
    places = ("body", "query", "path", "header")
    location = [part for part in entry["loc"] if isinstance(part, str) and part not in places]
    return FieldError(
        field=".".join(location) or "body", message=str(entry["msg"]).removeprefix("Value error, ")
    )
