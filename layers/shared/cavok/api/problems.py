"""Errors as `application/problem+json` (RFC 9457), mapped in one place."""

import json
import math
from collections.abc import Callable, Iterator, Mapping, Sequence
from http import HTTPStatus
from typing import Annotated, Any

from aws_lambda_powertools.event_handler import APIGatewayHttpResolver, Response
from aws_lambda_powertools.event_handler.exceptions import ServiceError
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field

from cavok.adapters.aws_errors import is_passing
from cavok.api.models.common import MayBeLeftOut, left_out
from cavok.domain import errors
from cavok.observability import count, logger

PROBLEM_JSON = "application/problem+json"
RETRY_AFTER = {"Retry-After": "2"}
"""Seconds, sent with 503. By then the cause has often passed."""

FAULTS = "ApiFaults"
"""The metric of 5xx answers that are our own faults. An alarm watches it."""


class FieldError(BaseModel):
    """A field with an error, and what is wrong with it."""

    field: str
    message: str


class RefusedRequest(ServiceError):
    """A request that reaches no route. `headers` say what would be accepted."""

    def __init__(self, status: HTTPStatus, detail: str, headers: Mapping[str, str]) -> None:
        super().__init__(status, detail)
        self.headers = headers


_STATUS_OF: dict[type[errors.CavokError], HTTPStatus] = {
    errors.AccountNotFound: HTTPStatus.NOT_FOUND,
    errors.EnrollmentNotFound: HTTPStatus.NOT_FOUND,
    errors.SynchronizationNotFound: HTTPStatus.NOT_FOUND,
    errors.VerificationNotFound: HTTPStatus.NOT_FOUND,
    errors.InvitationNotFound: HTTPStatus.NOT_FOUND,
    errors.OperationNotFound: HTTPStatus.NOT_FOUND,
    errors.WebhookNotFound: HTTPStatus.NOT_FOUND,
    errors.DeliveryNotFound: HTTPStatus.NOT_FOUND,
    errors.InstanceNotFound: HTTPStatus.NOT_FOUND,
    errors.ResourceNotFound: HTTPStatus.NOT_FOUND,
    errors.InteractionRefused: HTTPStatus.CONFLICT,
    errors.MalformedHeader: HTTPStatus.BAD_REQUEST,
    errors.Forbidden: HTTPStatus.FORBIDDEN,
    errors.InvalidField: HTTPStatus.UNPROCESSABLE_ENTITY,
    errors.Conflict: HTTPStatus.CONFLICT,
    errors.QuotaExceeded: HTTPStatus.TOO_MANY_REQUESTS,
    errors.PreconditionFailed: HTTPStatus.PRECONDITION_FAILED,
    errors.ServiceUnavailable: HTTPStatus.SERVICE_UNAVAILABLE,
}
_CODES = {
    HTTPStatus.BAD_REQUEST: "malformed_request",
    HTTPStatus.NOT_FOUND: "no_such_path",
    HTTPStatus.METHOD_NOT_ALLOWED: "method_not_allowed",
    HTTPStatus.UNSUPPORTED_MEDIA_TYPE: "unsupported_media_type",
    HTTPStatus.UNPROCESSABLE_ENTITY: "invalid_fields",
    HTTPStatus.INTERNAL_SERVER_ERROR: "internal_error",
    HTTPStatus.SERVICE_UNAVAILABLE: "service_unavailable",
}
"""Codes of answers that no domain error causes."""
_OTHER = "refused"
"""The code of any other answer that Powertools makes."""
_PAGES = "/docs/problems/"


def _with_subclasses(kind: type[errors.CavokError]) -> Iterator[type[errors.CavokError]]:
    yield kind
    for each in kind.__subclasses__():
        yield from _with_subclasses(each)


def _status_of(kind: type[errors.CavokError]) -> HTTPStatus:
    return next(_STATUS_OF[each] for each in kind.__mro__ if each in _STATUS_OF)


_BASES = {errors.Conflict, errors.CausedOutside, errors.Forbidden}
"""Base classes that are never raised: each cause is a subclass."""
_KINDS = {each for kind in _STATUS_OF for each in _with_subclasses(kind)} - _BASES
_KINDS -= {errors.InvalidField}  # Its code is that of a body that breaks the schema.
STATUS_OF_CODE = {
    _OTHER: HTTPStatus.BAD_REQUEST,
    **{code: status for status, code in _CODES.items()},
    **{errors.code_of(kind): _status_of(kind) for kind in _KINDS},
}
"""Each cause that a client can distinguish, and the status of its answer."""


def type_of(code: str) -> str:
    """The path of the page that explains a code, from the root of the API."""
    return f"{_PAGES}{code}"


def title_of(code: str) -> str:
    """A code in words. RFC 9457, 3.1.3: it does not vary from one occurrence to another, so it is
    not Python's phrase of the status, which its versions word differently.
    """
    return code.replace("_", " ").capitalize().replace(" aws", " AWS")


class Problem(BaseModel):
    """An error, as RFC 9457 defines it, and what this API adds."""

    type: Annotated[
        str,
        Field(
            description="The page that explains the code.",
            json_schema_extra={"format": "uri-reference"},
        ),
    ]
    title: str
    status: int
    detail: Annotated[str, Field(description="What is wrong, and what to do.")]
    code: Annotated[str, Field(description="The cause, for programs. Codes may be added.")]
    request_id: Annotated[str, Field(description="Quote it when you ask for help.")] = ""
    errors: Annotated[
        list[FieldError] | None,
        MayBeLeftOut(),
        Field(description="The fields of a bad request.", exclude_if=lambda fields: fields is None),
    ] = Field(default_factory=left_out)


def problem(
    status: HTTPStatus, detail: str, fields: Sequence[FieldError] = (), code: str | None = None
) -> Response[str]:
    """An answer with a problem. `code`: given if an error of the domain has its own. `completed`
    adds the rest.
    """
    code = code or _CODES.get(status, _OTHER)
    body = Problem(
        type=type_of(code),
        title=title_of(code),
        status=status.value,
        detail=detail,
        code=code,
        errors=list(fields) or None,
    )
    return Response(
        status_code=status.value,
        content_type=PROBLEM_JSON,
        headers={**RETRY_AFTER} if status is HTTPStatus.SERVICE_UNAVAILABLE else {},
        compress=False,  # `completed` reads it
        # ASCII: a client's text may hold what UTF-8 cannot carry.
        body=json.dumps(body.model_dump(), separators=(",", ":")),
    )


def answer_to(error: Exception) -> dict[str, Any]:
    """The answer of a function to an error outside its routes."""
    made = next(_HANDLERS[each] for each in type(error).__mro__ if each in _HANDLERS)(error)
    headers = {"Content-Type": made.content_type, **made.headers}
    return {"statusCode": made.status_code, "headers": headers, "body": made.body}


def part_of(error: Exception, request_id: str) -> dict[str, Any]:
    """The problem of one part of a request whose other parts may have succeeded. `type` is relative
    to the address of the request, `/v1/…/…`.
    """
    body: dict[str, Any] = json.loads(answer_to(error)["body"])
    return body | {"type": f"../..{body['type']}", "request_id": request_id}


def part_of_code(code: str, detail: str, request_id: str) -> Problem:
    """The same of an error that was stored as its code and its text."""
    return Problem(
        type=f"../..{type_of(code)}",
        title=title_of(code),
        status=STATUS_OF_CODE.get(code, HTTPStatus.INTERNAL_SERVER_ERROR).value,
        detail=detail,
        code=code,
        request_id=request_id,
    )


def completed(answer: dict[str, Any], request_id: str, base: str = "") -> dict[str, Any]:
    """A function's answer. A problem gets the request's ID, and its type under the path at which
    the API is mapped.
    """
    if answer["headers"].get("Content-Type") != PROBLEM_JSON:
        return answer
    body = json.loads(answer["body"])
    body |= {"type": base + body["type"], "request_id": request_id}
    return answer | {"body": json.dumps(body, separators=(",", ":"))}


def _known(error: errors.CavokError) -> Response[str]:
    # The handler is found by class or base class, so the status must be, too.
    status = _status_of(type(error))
    if status >= HTTPStatus.INTERNAL_SERVER_ERROR and not isinstance(error, errors.CausedOutside):
        count(FAULTS)
    return problem(status, str(error), code=errors.code_of(type(error)))


def _invalid_field(error: errors.InvalidField) -> Response[str]:
    code = errors.code_of(type(error)) if type(error) in _KINDS else None
    return _unprocessable([FieldError(field=error.field, message=error.message)], code)


def _quota_exceeded(error: errors.QuotaExceeded) -> Response[str]:
    """Has the header fields of draft-ietf-httpapi-ratelimit-headers."""
    wait = math.ceil(error.wait.total_seconds())
    answer = problem(HTTPStatus.TOO_MANY_REQUESTS, str(error), code=errors.code_of(type(error)))
    answer.headers |= {
        "Retry-After": str(wait),
        "RateLimit": f'"{error.quota}";r=0;t={wait}',
        "RateLimit-Policy": f'"{error.quota}";q={error.limit};w={error.per.total_seconds():.0f}',
    }
    return answer


def _invalid_request(error: RequestValidationError) -> Response[str]:
    if any(entry["type"] == "json_invalid" for entry in error.errors()):
        return problem(HTTPStatus.BAD_REQUEST, "The body is not valid JSON.")
    found = {str(each): each for each in map(_field_error, error.errors())}  # each once
    return _unprocessable([*found.values()])


def _not_text(error: UnicodeDecodeError) -> Response[str]:
    return problem(HTTPStatus.BAD_REQUEST, "The body is not text in UTF-8.")


def _refused(error: RefusedRequest) -> Response[str]:
    answer = _service_error(error)
    answer.headers |= error.headers
    return answer


def _service_error(error: ServiceError) -> Response[str]:
    return problem(HTTPStatus(error.status_code), str(error.msg))


def _unexpected(error: Exception) -> Response[str]:
    logger.exception("Request failed")
    count(FAULTS)
    if is_passing(error):
        return problem(HTTPStatus.SERVICE_UNAVAILABLE, "AWS did not answer us. Please try again.")
    detail = "Something failed on our side. It was logged."
    return problem(HTTPStatus.INTERNAL_SERVER_ERROR, detail)


def _unprocessable(fields: Sequence[FieldError], code: str | None = None) -> Response[str]:
    names = ", ".join(dict.fromkeys(error.field for error in fields))
    return problem(HTTPStatus.UNPROCESSABLE_ENTITY, f"Please correct: {names}.", fields, code)


def _field_error(entry: dict[str, Any]) -> FieldError:
    """Names the field of a Pydantic error: `("body", "credentials", "access_key_id")` becomes
    `credentials.access_key_id`. An error in an entry of a list names the list. A header is named as
    standards write it, though Powertools writes it in lower case.
    """
    place, *inside = entry["loc"]  # body, query, path or header
    name = ".".join(part or '""' for part in inside if isinstance(part, str)) or "body"
    field = name.title() if place == "header" else name
    in_list = bool(inside) and isinstance(inside[-1], int)
    return FieldError(
        field=field, message=_sentence(entry, f"Each entry of {field}" if in_list else field)
    )


_SENTENCES = {
    "missing": "{field} is required.",
    "null": "{field} is null. Give a value, or leave the field out.",
    "extra_forbidden": "There is no field {field} here.",
    "string_type": "{field} is a text.",
    "bool_type": "{field} is true or false.",
    "int_parsing": "{field} is a whole number.",
    "int_parsing_size": "{field} has too many digits.",
    "list_type": "{field} is a list.",
    "dict_type": "{field} is a JSON object.",
    "model_attributes_type": "{field} is a JSON object.",
    "model_type": "{field} is a JSON object.",
    "enum": "{field} is one of {expected}.",
    "literal_error": "{field} is one of {expected}.",
    "greater_than_equal": "{field} is at least {ge}.",
    "less_than_equal": "{field} is at most {le}.",
    "string_too_short": "{field} is too short: at least {min_length}.",
    "string_too_long": "{field} has at most {max_length} characters.",
    "string_pattern_mismatch": "{field} has characters that are not allowed.",
    "too_short": "{field} is too short: at least {min_length}.",
    "too_long": "{field} has at most {max_length} {entries}.",
}
"""By Pydantic's type of the error. Its own messages quote the input and name Python's types."""


def _sentence(entry: dict[str, Any], subject: str) -> str:
    """What is wrong with a field, or with the entries of a list. Our own validators say it
    themselves.
    """
    if entry["type"] == "value_error":
        return str(entry["msg"]).removeprefix("Value error, ")
    words = entry.get("ctx", {})
    entries = "entries" if words.get("field_type") in ("List", "Dictionary") else "characters"
    sentence = _SENTENCES.get(entry["type"], "{field} has a value that is not allowed here.")
    return sentence.format(field=subject, entries=entries, **words)


_HANDLERS: dict[type[Exception], Callable[[Any], Response[str]]] = {
    **dict.fromkeys(_STATUS_OF, _known),
    errors.InvalidField: _invalid_field,
    errors.QuotaExceeded: _quota_exceeded,
    RequestValidationError: _invalid_request,
    UnicodeDecodeError: _not_text,
    RefusedRequest: _refused,
    ServiceError: _service_error,
    Exception: _unexpected,
}


def install(app: APIGatewayHttpResolver) -> None:
    """Turns every error in the app's routes into a problem."""
    for kind, handler in _HANDLERS.items():
        app.exception_handler(kind)(handler)
