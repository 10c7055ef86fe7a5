"""Which lines of a function's log are errors, and what of a stack violates its invariants."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest

from cavok.domain.errors import MalformedEvent
from cavok.observability import drop
from tests.support import invariants
from tests.support.invariants import Error, Invariants, errors_in
from tests.support.state_machines import VERIFY, states

CRASH = (
    "START RequestId: a",
    "Traceback (most recent call last):",
    '  File "app.py", line 1, in handler',
    "    raise KeyError(name)",
    "KeyError: 'event_id'",
    "END RequestId: a",
)
RAISED_FROM = (
    "Traceback (most recent call last):",
    '  File "app.py", line 1, in handler',
    "botocore.exceptions.ClientError: An error occurred",
    "",
    "The above exception was the direct cause of the following exception:",
    "",
    "Traceback (most recent call last):",
    '  File "app.py", line 2, in handler',
    "cavok.domain.errors.EntryRefused: AccessDenied: no",
)
DROPPED = '{"level": "WARNING", "message": "Event dropped", "error": "MalformedEvent"}'
KILLED = ("START RequestId: a", "RequestId: a Error: Runtime exited with error: signal: killed")
OF_SEVERAL_LINES = (
    "Traceback (most recent call last):",
    '  File "app.py", line 2, in handler',
    "botocore.parsers.ResponseParserError: Unable to parse response:",
    "b'nonsense'",
    "END RequestId: a",
)


@pytest.mark.parametrize(
    ("lines", "errors"),
    [
        (("START RequestId: a", '{"level": "WARNING", "message": "ERROR"}'), []),
        (('{"level": "ERROR", "message": "no"}',), ['{"level": "ERROR", "message": "no"}']),
        ((DROPPED,), [DROPPED]),
        (('{"_aws": {}, "Errors": [0.0]}',), []),
        (("2026 a Task timed out after 3 seconds",), ["2026 a Task timed out after 3 seconds"]),
        ((*KILLED, "END RequestId: a"), [KILLED[1]]),
        (CRASH, ["KeyError: 'event_id'"]),
        ((*CRASH, *CRASH), ["KeyError: 'event_id'"] * 2),
        (RAISED_FROM, ["cavok.domain.errors.EntryRefused: AccessDenied: no"]),
        (OF_SEVERAL_LINES, ["botocore.parsers.ResponseParserError: Unable to parse response:"]),
        (
            (*CRASH[:3], "END RequestId: a", "START RequestId: b", '{"level": "INFO"}', *CRASH[3:]),
            ["KeyError: 'event_id'"],
        ),
    ],
    ids=[
        "a warning",
        "an error",
        "an event that was dropped",
        "a metric",
        "a timeout",
        "a process that died",
        "an exception",
        "two invocations",
        "a chain",
        "a message of several lines",
        "a traceback that comes late",
    ],
)
def test_errors_are_found_and_nothing_else(lines: tuple[str, ...], errors: list[str]) -> None:
    assert [line for _, line in errors_in(lines)] == errors


class FakeStack(Invariants):
    """What a stack would show: the counts of its queues, its executions and its errors."""

    messages: tuple[tuple[str, int], ...] = ()
    errors: tuple[Error, ...] = ()

    def _messages(self) -> Iterator[tuple[str, int]]:
        yield from self.messages

    def _executions(self, *statuses: str) -> Iterator[Error]:
        yield from ()

    def _errors_in_logs(self) -> Iterator[Error]:
        yield from self.errors


@pytest.fixture
def on_stack(monkeypatch: pytest.MonkeyPatch) -> FakeStack:
    monkeypatch.setattr(invariants, "DRAIN_SECONDS", 0)
    nowhere: Any = None
    return FakeStack(nowhere)


def an_error(says: str, *, after: float = 1) -> Error:
    return Error("OpenSession", datetime.now(UTC) + timedelta(seconds=after), says)


def test_a_quiet_stack_violates_nothing(on_stack: FakeStack) -> None:
    assert on_stack.violations() == []


def test_a_message_that_stays_is_a_violation(on_stack: FakeStack) -> None:
    on_stack.messages = (("WebhookMessages", 2), ("OtherMessages", 0))

    assert on_stack.violations() == ["WebhookMessages holds 2 messages"]


def test_a_declared_error_is_no_violation_and_another_is(on_stack: FakeStack) -> None:
    on_stack.declare("OpenSession", "KMS", because="the test breaks the key")
    on_stack.errors = (an_error("KMS is down"), an_error("KeyError: 'event_id'"))

    (violation,) = on_stack.violations()

    assert "KeyError: 'event_id'" in violation


def test_an_error_before_its_declaration_is_a_violation(on_stack: FakeStack) -> None:
    on_stack.errors = (an_error("KMS is down", after=-60), an_error("KMS is down"))
    on_stack.declare("OpenSession", "KMS", because="the test breaks the key")

    assert len(on_stack.violations()) == 1


def test_a_declared_error_that_does_not_happen_is_a_violation(on_stack: FakeStack) -> None:
    on_stack.declare("OpenSession", "KMS", because="the test breaks the key")

    (violation,) = on_stack.violations()

    assert violation.startswith("declared, and did not happen")


def test_a_declaration_ends_with_its_test(on_stack: FakeStack) -> None:
    on_stack.declare("OpenSession", "KMS", because="the test breaks the key")
    on_stack.end_of_test()
    late = invariants.GRACE.total_seconds() + 5
    on_stack.errors = (an_error("KMS is down", after=0.001), an_error("KMS is down", after=late))

    assert len(on_stack.violations()) == 1


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_an_event_that_is_dropped_is_logged_in_these_words(
    caplog: pytest.LogCaptureFixture,
) -> None:
    drop(MalformedEvent("Not JSON"), "m-1")

    assert caplog.messages == [invariants.DROPPED]


# ---- what is asked of the stack ------------------------------------------------------------------

QUEUE, MACHINE = "AWS::SQS::Queue", "AWS::StepFunctions::StateMachine"


@pytest.fixture
def real(monkeypatch: pytest.MonkeyPatch) -> tuple[Invariants, Mock, Mock]:
    """Invariants of a stack with one queue and one state machine, and the clients of both."""
    sqs, sfn = Mock(), Mock()
    monkeypatch.setattr(invariants.aws, "client", lambda service, url: {"sqs": sqs}[service])
    monkeypatch.setattr(invariants.aws, "step_functions", lambda url: sfn)
    monkeypatch.setattr(invariants, "DRAIN_SECONDS", 0)
    made = Invariants(Mock(emulator_url="http://127.0.0.1"))
    has = {QUEUE: [("WebhookMessages", "url")], MACHINE: [("VerifyAccount", "arn")]}
    monkeypatch.setattr(made, "_resources", has.__getitem__)
    monkeypatch.setattr(made, "_errors_in_logs", list)
    sqs.get_queue_attributes.side_effect = lambda QueueUrl, AttributeNames: {  # noqa: N803
        "Attributes": dict.fromkeys(AttributeNames, "0")
    }
    sfn.get_paginator.return_value.paginate.return_value = []
    return made, sqs, sfn


@pytest.mark.parametrize(
    "count",
    [
        "ApproximateNumberOfMessages",
        "ApproximateNumberOfMessagesNotVisible",
        "ApproximateNumberOfMessagesDelayed",
    ],
)
def test_a_message_that_waits_is_in_flight_or_delayed_is_a_violation(
    real: tuple[Invariants, Mock, Mock], count: str
) -> None:
    made, sqs, _ = real
    sqs.get_queue_attributes.side_effect = lambda QueueUrl, AttributeNames: {  # noqa: N803
        "Attributes": {name: "1" if name == count else "0" for name in AttributeNames}
    }

    assert made.violations() == ["WebhookMessages holds 1 messages"]


@pytest.mark.parametrize(
    ("function", "is_error"), [("OpenSession", False), ("ProbeAccount", False), ("Other", True)]
)
def test_what_an_account_said_is_an_answer_of_the_functions_that_enter_for_a_workflow(
    monkeypatch: pytest.MonkeyPatch, function: str, *, is_error: bool
) -> None:
    made = Invariants(Mock(emulator_url="http://127.0.0.1"))
    event = {"message": "", "timestamp": 0, "logStreamName": "one"}
    lines = [event | {"message": line} for line in RAISED_FROM]
    monkeypatch.setattr(invariants.inspection, "log_events", lambda *_: lines)

    assert bool([*made._errors_of(function, "group")]) is is_error


def test_those_functions_are_those_whose_states_expect_such_an_answer() -> None:
    expecting = {
        name
        for name, state in states(VERIFY)
        for retry in state.get("Retry", ())
        if "EntryRefusedYet" in retry["ErrorEquals"]
    }

    # A round of an enrollment answers its workflow in the same words, once and for all.
    assert expecting | {"ReadOrganization"} == {*invariants.ANSWERING}


@pytest.mark.parametrize("status", ["FAILED", "TIMED_OUT", "ABORTED", "RUNNING"])
def test_an_execution_that_failed_or_still_runs_is_a_violation(
    real: tuple[Invariants, Mock, Mock], status: str
) -> None:
    made, _, sfn = real
    began = made.since + timedelta(seconds=1)
    listed = {"executionArn": "arn:one", "status": status, "startDate": began}
    earlier = listed | {"startDate": made.since - timedelta(seconds=1)}
    fine = listed | {"status": "SUCCEEDED"}
    pages = [{"executions": [fine]}, {"executions": [listed, earlier]}]
    sfn.get_paginator.return_value.paginate.return_value = pages
    sfn.describe_execution.return_value = listed | {"name": "one", "error": "Broken"}

    (violation,) = made.violations()

    assert status in violation
    assert "Broken" in violation
