"""What botocore raises, read in one place."""

from __future__ import annotations

import pytest
from botocore.exceptions import (
    ClientError,
    ConnectTimeoutError,
    EndpointConnectionError,
    PaginationError,
    ReadTimeoutError,
)

from cavok.adapters.aws_errors import AWS_ERRORS, code_and_message, judge_error
from cavok.domain.access_denied import TRANSIENT_CODES
from cavok.domain.steps import Verdict

ADDRESS = {"endpoint_url": "https://ec2.us-east-1.amazonaws.com"}


def test_an_answer_of_aws_keeps_its_code_and_its_own_words() -> None:
    error = ClientError({"Error": {"Code": "AccessDenied", "Message": "no"}}, "AssumeRole")

    assert code_and_message(error) == ("AccessDenied", "no")


def test_an_answer_without_a_body_is_unknown_and_proves_nothing() -> None:
    assert code_and_message(ClientError({}, "AssumeRole")) == ("Unknown", "")
    assert judge_error(ClientError({}, "AssumeRole")).verdict is Verdict.INCONCLUSIVE


@pytest.mark.parametrize(
    "error",
    [
        ConnectTimeoutError(**ADDRESS),
        ReadTimeoutError(**ADDRESS),
        EndpointConnectionError(**ADDRESS),
        PaginationError(message="The same next token was received twice."),
    ],
)
def test_a_call_without_an_answer_to_read_proves_nothing_and_may_be_tried_again(
    error: Exception,
) -> None:
    assert isinstance(error, AWS_ERRORS)
    judgement = judge_error(error)

    assert judgement.verdict is Verdict.INCONCLUSIVE
    assert judgement.error_code in TRANSIENT_CODES
