"""Translating botocore's exceptions."""

from http import HTTPStatus

from botocore.exceptions import ClientError, HTTPClientError, PaginationError
from botocore.exceptions import ConnectionError as BotoConnectionError

from cavok.domain.access_denied import TIMED_OUT, TRANSIENT_CODES
from cavok.domain.steps import Judgement, judge

AWS_ERRORS = (ClientError, BotoConnectionError, HTTPClientError, PaginationError)
"""Errors that AWS returned, connections that broke or timed out, and lists whose next page is the
same again.
"""


def judge_error(error: Exception, proofs: frozenset[str] = frozenset()) -> Judgement:
    """What a failed call proves. Without an error of AWS it proves nothing."""
    return judge(*code_and_message(error), proofs)


def refused(error: Exception) -> bool:
    """Whether AWS answered that it did nothing. After a 500, or without an answer, it may have
    carried out the request.
    """
    if not isinstance(error, ClientError):
        return False
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 400)
    return status < HTTPStatus.INTERNAL_SERVER_ERROR


def is_passing(error: Exception) -> bool:
    """Whether the same request may succeed in a moment. PynamoDB's errors carry botocore's."""
    cause = getattr(error, "cause", None) or error
    if not isinstance(cause, AWS_ERRORS):
        return False
    return not refused(cause) or code_and_message(cause)[0] in TRANSIENT_CODES


def was_repeated(error: Exception) -> bool:
    """Whether botocore had already tried the call, and got another answer or none."""
    metadata = error.response.get("ResponseMetadata", {}) if isinstance(error, ClientError) else {}
    return metadata.get("RetryAttempts", 0) > 0


def code_and_message(error: Exception) -> tuple[str, str]:
    """The error code and AWS's message; for any other error, TIMED_OUT and botocore's."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return details.get("Code", "Unknown"), details.get("Message", "")
    return TIMED_OUT, str(error)
