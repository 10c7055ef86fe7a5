"""Errors as problems."""

from __future__ import annotations

import json
from http import HTTPStatus
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import GetError, QueryError

from cavok.api import problems
from cavok.domain.errors import (
    AlreadyConnected,
    BusyWithOthers,
    ChangedMeanwhile,
    Conflict,
    InvalidField,
    NotAnswered,
    NotConnected,
    ServiceUnavailable,
    StillRunning,
    VerificationNotStarted,
)


class Narrower(Conflict):
    """An error that the mapping does not name."""


def answer_to(error: Exception) -> tuple[int, dict[str, str], str]:
    """Status, headers and detail of the answer to a request in which `error` is raised."""
    answer = resolved(error)
    return answer["statusCode"], answer["headers"], json.loads(answer["body"])["detail"]


def body_of_answer_to(error: Exception) -> dict[str, Any]:
    return dict(json.loads(resolved(error)["body"]))


def resolved(error: Exception) -> dict[str, Any]:
    app = APIGatewayHttpResolver()
    problems.install(app)

    @app.get(".+")
    def refuse() -> None:
        raise error

    return app.resolve(
        {
            "version": "2.0",
            "rawPath": "/v1/accounts",
            "headers": {},
            "requestContext": {
                "stage": "$default",
                "http": {"method": "GET", "path": "/v1/accounts"},
            },
        },
        None,  # type: ignore[arg-type]
    )


def aws_error(code: str, status: HTTPStatus = HTTPStatus.BAD_REQUEST) -> ClientError:
    metadata = {"HTTPStatusCode": status.value}
    response = {"Error": {"Code": code, "Message": "no"}, "ResponseMetadata": metadata}
    return ClientError(response, "Any")  # type: ignore[arg-type]


def test_a_text_that_utf_8_cannot_carry_is_told_too() -> None:
    status, _, detail = answer_to(Conflict("not \ud800"))

    assert (status, detail) == (409, "not \ud800")


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (AlreadyConnected("It is."), "already_connected"),
        (BusyWithOthers("They are."), "busy_with_others"),
        (NotConnected("It is not."), "not_connected"),
        (StillRunning("It is."), "still_running"),
        (InvalidField("name", "It is too long."), "invalid_fields"),
        (ValueError("A fault of ours."), "internal_error"),
    ],
)
def test_each_cause_has_a_code_that_is_listed(error: Exception, code: str) -> None:
    assert body_of_answer_to(error)["code"] == code
    assert code in problems.STATUS_OF_CODE


def test_codes_of_different_causes_are_different() -> None:
    kinds = problems._KINDS

    assert len({problems._code(kind) for kind in kinds}) == len(kinds)


def test_a_problem_says_which_request_it_answers() -> None:
    problem = problems.problem(HTTPStatus.CONFLICT, "No.", code="conflict")
    answer = {"headers": problem.headers, "body": problem.body}
    other = {"headers": {"Content-Type": "application/json"}, "body": "{}"}

    body = json.loads(problems.completed(answer, "request-1", "/cavok")["body"])

    type_ = "/cavok/docs/problems/conflict"
    assert body == json.loads(problem.body) | {"request_id": "request-1", "type": type_}
    assert problems.completed(other, "request-1") == other


def test_an_error_has_the_status_of_its_base_class() -> None:
    status, _, detail = answer_to(Narrower("Someone else was first."))

    assert (status, detail) == (409, "Someone else was first.")


@pytest.mark.parametrize(
    "error",
    [
        aws_error("ThrottlingException"),
        aws_error("KMSInternalException", HTTPStatus.INTERNAL_SERVER_ERROR),
        ReadTimeoutError(endpoint_url="https://kms.us-east-1.amazonaws.com"),
        GetError("no", aws_error("ThrottlingException")),
        QueryError("no", ReadTimeoutError(endpoint_url="https://dynamodb.amazonaws.com")),
    ],
)
def test_what_passes_asks_to_try_again(error: Exception) -> None:
    status, headers, detail = answer_to(error)

    assert (status, headers["Retry-After"]) == (503, "2")
    assert detail == "AWS did not answer us. Please try again."


@pytest.mark.parametrize(
    "error",
    [
        aws_error("AccessDeniedException"),
        QueryError("no", aws_error("ValidationException")),
        QueryError("no", None),
        KeyError("ours"),
    ],
)
def test_what_is_our_fault_says_so(error: Exception) -> None:
    status, _, detail = answer_to(error)

    assert (status, detail) == (500, "Something failed on our side. It was logged.")


@pytest.mark.parametrize(
    ("error", "rings"),
    [
        (NotAnswered("EC2 of the customer throttles."), False),
        (StillRunning("The same key a moment ago."), False),
        (ChangedMeanwhile("Twelve other requests were faster."), False),
        (Conflict("The same number twice."), False),
        (ServiceUnavailable("Scheduler refused a clock."), True),
        (VerificationNotStarted("Step Functions refused a test."), True),
        (aws_error("ThrottlingException"), True),
        (KeyError("ours"), True),
    ],
)
def test_an_alarm_rings_for_faults_of_ours_and_not_for_what_a_customer_can_cause(
    error: Exception, rings: bool, capsys: pytest.CaptureFixture[str]
) -> None:
    answer_to(error)

    assert ('"ApiFaults"' in capsys.readouterr().out) == rings
