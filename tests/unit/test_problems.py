"""Errors as problems."""

from __future__ import annotations

import ast
import json
from collections import Counter
from collections.abc import Iterator
from http import HTTPStatus
from pathlib import Path
from typing import Any

import pytest
from aws_lambda_powertools.event_handler import APIGatewayHttpResolver
from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from botocore.exceptions import ClientError, ReadTimeoutError
from pynamodb.exceptions import GetError, QueryError

from cavok.api import problems
from cavok.api.responses import PHRASES, answers
from cavok.domain.errors import (
    AdminsOnly,
    AlreadyConnected,
    BusyWithOthers,
    CavokError,
    ChangedMeanwhile,
    Conflict,
    InstanceNotFound,
    InteractionRefused,
    InvalidField,
    KeyReused,
    NotAnswered,
    NotConnected,
    ServiceUnavailable,
    StillRunning,
    VerificationNotStarted,
    code_of,
    refusal_of,
)
from local.settings import ROOT

SOURCES = ROOT / "layers" / "shared" / "cavok"


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
        (KeyReused("Idempotency-Key", "It was used."), "key_reused"),
        (AdminsOnly("You are none."), "admins_only"),
        (ValueError("A fault of ours."), "internal_error"),
    ],
)
def test_each_cause_has_a_code_that_is_listed(error: Exception, code: str) -> None:
    assert body_of_answer_to(error)["code"] == code
    assert code in problems.STATUS_OF_CODE


def test_codes_of_different_causes_are_different() -> None:
    kinds = problems._KINDS

    assert len({code_of(kind) for kind in kinds}) == len(kinds)


SEVERAL_PLACES = {
    "AccountNotFound": (2, "it is not there, or not any more"),
    "AdminsOnly": (2, "a change, and a listing with refresh: ask an admin"),
    "BusyWithOthers": (
        17,
        "others change the same item, or a request took too long: send it again",
    ),
    "ChangedMeanwhile": (18, "others kept changing the same item: send it again"),
    "InstanceNotFound": (4, "found nowhere; the fourth is an answer that was stored"),
    "InvitationNotFound": (2, "a token of no account, and one that opens nothing"),
    "MadeAndDeleted": (2, "an account, and an enrollment: use a new key"),
    "NotAnswered": (2, "the way in, and the call: neither did anything"),
    "OperationNotFound": (2, "it is not there, or its list is not any more"),
    "Overtaken": (2, "a later request or turn; the second one has no client"),
    "PreconditionFailed": (3, "a version, a digest, and nothing there: read it again"),
    "RefusedByAws": (2, "found by the last test, and by the call itself"),
    "ResourceNotFound": (2, "it is not there, or not any more"),
    "ServiceUnavailable": (12, "a service of AWS in our account, or no time for all of it"),
    "StillRunning": (3, "another request under this key is at it"),
    "UseEnded": (2, "deleted, and anything else: read the account"),
}
"""How many places make an error, and why a client does the same about all of them. Whoever adds a
place reads that, and its page, or makes a subclass for another cause.
"""


def places(path: Path) -> Iterator[str]:
    """The name of each class that is called."""
    calls = [each for each in ast.walk(ast.parse(path.read_text())) if isinstance(each, ast.Call)]
    for call in calls:
        either = isinstance(call.func, ast.IfExp)
        made = (call.func.body, call.func.orelse) if either else (call.func,)
        yield from (each.id for each in made if isinstance(each, ast.Name))


def test_a_code_is_made_in_one_place_or_in_places_that_say_the_same() -> None:
    made = Counter(name for path in SOURCES.rglob("*.py") for name in places(path))
    kinds = {kind.__name__ for kind in problems._KINDS}

    several = {name: number for name, number in made.items() if name in kinds and number > 1}
    assert several == {name: number for name, (number, _) in SEVERAL_PLACES.items()}


def test_a_class_that_stands_for_several_causes_is_never_raised() -> None:
    made = {name for path in SOURCES.rglob("*.py") for name in places(path)}

    bases = {kind.__name__ for kind in (CavokError, InteractionRefused, *problems._BASES)}
    assert made & bases == set()


@pytest.mark.parametrize("kind", sorted(problems._KINDS, key=str), ids=lambda kind: kind.__name__)
def test_a_refusal_is_made_again_from_its_code(kind: type[CavokError]) -> None:
    """An error of another kind, such as one that passes, is not stored as a client's answer."""
    refusal = issubclass(kind, InteractionRefused | InstanceNotFound)

    made = refusal_of(code_of(kind), "As before.", passing=False)

    assert (type(made), str(made)) == (kind if refusal else InteractionRefused, "As before.")


def test_a_title_is_the_codes_own_and_no_phrase_is_that_of_a_python() -> None:
    """Python 3.13 renamed 422. AWS runs another Python than tests may do."""
    titles = {problems.title_of(code) for code in problems.STATUS_OF_CODE}
    assert len(titles) == len(problems.STATUS_OF_CODE)
    assert {"Account not found", "Refused by AWS", "Invalid fields"} < titles
    answer = json.loads(problems.problem(HTTPStatus.CONFLICT, "", code="not_connected").body)
    assert answer["title"] == "Not connected"

    assert PHRASES[422] == "Unprocessable Content"
    shipped = [*SOURCES.rglob("*.py"), *(ROOT / "functions").rglob("*.py")]
    assert [path.name for path in shipped if ".phrase" in path.read_text()] == []


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


def test_an_error_for_which_we_have_no_sentence_is_not_told_in_those_of_a_library() -> None:
    entry = {"type": "new_in_pydantic", "loc": ("body", "name"), "msg": "Input should be valid"}

    body = body_of_answer_to(RequestValidationError([entry]))

    (error,) = body["errors"]
    assert error["message"] == "name has a value that is not allowed here."


MESSAGES_TO_FIELDS = {"ValueError": 0, "Matching": 1, "InvalidField": 1}
"""Which argument has the message."""


def messages_to_fields() -> Iterator[str]:
    """What code says of a wrong field: the end of each literal."""
    shared = ROOT / "layers" / "shared" / "cavok"
    for path in shared.rglob("*.py"):
        kinds = {*MESSAGES_TO_FIELDS}
        if not path.is_relative_to(shared / "api" / "models"):
            kinds.remove("ValueError")
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "id", None) in kinds:
                message: Any = node.args[MESSAGES_TO_FIELDS[node.func.id]]  # type: ignore[attr-defined]
                if isinstance(message, ast.JoinedStr):
                    message = message.values[-1]
                if isinstance(message, ast.Constant):
                    yield str(message.value)


def test_what_is_said_of_a_field_is_a_whole_sentence() -> None:
    found = [*messages_to_fields()]

    assert len(found) > 15
    assert [message for message in found if not message.endswith(".")] == []


@pytest.mark.parametrize("second", ["busy_with_others", "cursor_not_issued"])
def test_a_route_names_one_code_a_status(second: str) -> None:
    """Else one of them would be the example, and nothing would say which."""
    assert answers("already_connected")

    with pytest.raises(AssertionError, match="one code a status"):
        answers("already_connected", second)
