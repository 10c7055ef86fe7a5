"""The one place where what botocore raises becomes an error code and AWS's own message."""

from botocore.exceptions import ClientError, HTTPClientError
from botocore.exceptions import ConnectionError as BotoConnectionError

from cavok.domain.access_denied import TIMED_OUT
from cavok.domain.steps import Judgement, judge

AWS_ERRORS = (ClientError, BotoConnectionError, HTTPClientError)
"""AWS's refusals and errors, and connections that broke or timed out."""


def judge_error(error: Exception, proofs: frozenset[str] = frozenset()) -> Judgement:
    """What a failed call proves; a connection that broke proves nothing."""
    return judge(*code_and_message(error), proofs)


def code_and_message(error: Exception) -> tuple[str, str]:
    """The one place where a botocore error becomes an error code and AWS's own message."""
    if isinstance(error, ClientError):
        details = error.response.get("Error", {})
        return details.get("Code", "Unknown"), details.get("Message", "")
    return TIMED_OUT, str(error)
