"""Writing to a customer's log groups, one call a permission."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import timedelta
from typing import Any

import pytest
from botocore.exceptions import ReadTimeoutError

from cavok.adapters.customer.logs import VERIFICATIONS, CustomerLogs, LogLine
from cavok.domain import permissions
from cavok.domain.steps import Judgement, Verdict
from cavok.services.write_customer_log import prepare_log, write_verification_log
from tests.support.builders import NOW, NUMBER, a_step
from tests.support.fake_aws import Aws, a_session, refused

LINE = LogLine(NOW, {"event": "Verification", "ärger": 1})
CALLS = ["CreateLogGroup", "TagResource", "PutRetentionPolicy", "CreateLogStream", "PutLogEvents"]
EXISTS = refused("ResourceAlreadyExistsException")


def write(**session: Any) -> dict[str, Judgement]:
    logs = CustomerLogs(a_session(**session))
    calls = [
        *logs.prepare(VERIFICATIONS, "2025-03-01"),
        logs.write(VERIFICATIONS, "2025-03-01", LINE),
    ]
    return {action: call() for action, call in calls}


def test_the_five_calls_are_made_in_order_each_for_its_permission(aws: Aws) -> None:
    judgements = write()

    assert [name for name, _ in aws.calls] == CALLS
    assert list(judgements) == [f"logs:{name}" for name in CALLS]
    assert set(judgements) == set(permissions.LOGS.actions)
    assert {j.verdict for j in judgements.values()} == {Verdict.ALLOWED}


def test_the_group_is_made_untagged_and_tagged_afterwards(aws: Aws) -> None:
    """A tagged create needs both permissions, and its refusal would not say which."""
    write(region="eu-west-1")

    assert aws.called("CreateLogGroup") == [{"logGroupName": "/cavok/verifications"}]
    assert aws.called("TagResource") == [
        {
            "resourceArn": f"arn:aws:logs:eu-west-1:{NUMBER}:log-group:/cavok/verifications",
            "tags": {"ManagedBy": "Cavok Cloud"},
        }
    ]


def test_logs_that_do_not_answer_are_asked_once(aws: Aws) -> None:
    """Each further call would wait as long, and the function has other customers."""
    aws.answers["CreateLogGroup"] = ReadTimeoutError(endpoint_url="https://logs")

    steps = write_verification_log({}, [], a_session(), NOW)

    assert [name for name, _ in aws.calls] == ["CreateLogGroup"]
    assert [step.step for step in steps] == [f"logs:{name}" for name in CALLS]
    assert {(step.verdict, step.error_code) for step in steps} == {
        (Verdict.INCONCLUSIVE, "RequestTimeout")
    }


def test_a_prepared_group_takes_one_call_more(aws: Aws) -> None:
    """A person's test prepares it while its probes run."""
    prepared = prepare_log(a_session(), NOW)
    made = [name for name, _ in aws.calls]
    aws.calls.clear()

    written = write_verification_log({}, prepared, a_session(), NOW)

    assert made[0] == "CreateLogGroup"
    assert set(made) == set(CALLS[:-1])
    assert [step.step for step in prepared] == [f"logs:{name}" for name in CALLS[:-1]]
    assert [name for name, _ in aws.calls] == ["PutLogEvents"]
    assert [step.step for step in written] == ["logs:PutLogEvents"]


def test_a_group_that_could_not_be_prepared_is_prepared_with_the_line(aws: Aws) -> None:
    """Its function crashed: the workflow made a step of the first call alone."""
    crashed = a_step("logs:CreateLogGroup", Verdict.INCONCLUSIVE)

    written = write_verification_log({}, [crashed], a_session(), NOW)

    assert [step.step for step in written] == [f"logs:{name}" for name in CALLS]


def test_a_line_that_another_day_overtook_is_written_to_its_stream(aws: Aws) -> None:
    prepared = prepare_log(a_session(), NOW - timedelta(days=1))
    answers: list[Any] = [refused("ResourceNotFoundException"), {}]
    aws.answers["PutLogEvents"] = lambda _: answers.pop(0)

    written = write_verification_log({}, prepared, a_session(), NOW)

    streams = [call["logStreamName"] for call in aws.called("CreateLogStream")]
    assert streams == ["2025-02-28", "2025-03-01"]
    assert written[-1].error_code is None


def test_a_group_that_may_not_be_made_is_tried_once(aws: Aws) -> None:
    aws.answers["CreateLogGroup"] = refused("AccessDeniedException")
    aws.answers["PutLogEvents"] = refused("ResourceNotFoundException")

    write_verification_log({}, prepare_log(a_session(), NOW), a_session(), NOW)

    assert len(aws.called("CreateLogGroup")) == 1


def test_retention_is_set_on_a_group_that_this_write_made(aws: Aws) -> None:
    write()

    assert aws.called("PutRetentionPolicy") == [
        {"logGroupName": "/cavok/verifications", "retentionInDays": 14}
    ]


@pytest.mark.parametrize("error", [EXISTS, refused("AccessDeniedException"), refused("Throttling")])
def test_retention_is_left_alone_on_a_group_that_this_write_did_not_make(
    error: Exception, aws: Aws
) -> None:
    """The customer may have changed it. The permission is proven on a group that is not there."""
    aws.answers["CreateLogGroup"] = error
    aws.answers["PutRetentionPolicy"] = refused("ResourceNotFoundException")

    judgements = write()

    (call,) = aws.called("PutRetentionPolicy")
    assert call["logGroupName"].startswith("/cavok/probe-")
    assert judgements["logs:PutRetentionPolicy"].verdict is Verdict.ALLOWED


def test_a_group_and_a_stream_that_are_there_prove_the_permission_to_make_them(aws: Aws) -> None:
    aws.answers |= {"CreateLogGroup": EXISTS, "CreateLogStream": EXISTS}

    assert {j.verdict for j in write().values()} == {Verdict.ALLOWED}


@pytest.mark.parametrize("name", CALLS)
def test_a_refusal_is_that_of_its_permission_alone_and_the_rest_goes_on(
    name: str, aws: Aws
) -> None:
    aws.answers[name] = refused("AccessDeniedException", "because no identity-based policy allows")

    judgements = write()

    assert {a for a, j in judgements.items() if j.verdict is Verdict.DENIED} == {f"logs:{name}"}
    assert len(aws.calls) == 5


def test_everything_stays_under_our_own_prefix(aws: Aws) -> None:
    aws.answers["CreateLogGroup"] = EXISTS
    write()

    groups = [call["logGroupName"] for _, call in aws.calls if "logGroupName" in call]
    assert all(group.startswith("/cavok/") for group in groups)


def test_the_line_is_json_at_the_time_it_says(aws: Aws) -> None:
    write()

    (call,) = aws.called("PutLogEvents")
    (event,) = call["logEvents"]
    assert (call["logGroupName"], call["logStreamName"]) == (VERIFICATIONS, "2025-03-01")
    assert event["timestamp"] == NOW.timestamp() * 1000
    assert json.loads(event["message"]) == LINE.fields


LINES = [LogLine(NOW + timedelta(hours=n), {"n": n}) for n in range(4)]


@pytest.mark.parametrize(
    ("info", "dropped"),
    [
        ({}, {}),
        ({"tooOldLogEventEndIndex": 2}, {0: "old", 1: "old"}),
        ({"expiredLogEventEndIndex": 1}, {0: "expired"}),
        ({"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2}, {0: "old", 1: "expired"}),
        ({"tooNewLogEventStartIndex": 3}, {3: "new"}),
        ({"tooOldLogEventEndIndex": 1, "tooNewLogEventStartIndex": 3}, {0: "old", 3: "new"}),
        ({"tooNewLogEventStartIndex": 0}, dict.fromkeys(range(4), "new")),
    ],
    ids=str,
)
@pytest.mark.parametrize("order", [LINES, LINES[::-1]], ids=["by time", "newest first"])
@pytest.mark.parametrize("missing", [False, True], ids=["", "a group that was not there"])
def test_lines_that_cloudwatch_throws_away_are_told_by_their_position(
    info: dict[str, int],
    dropped: dict[int, str],
    order: list[LogLine],
    missing: bool,
    aws: Aws,
) -> None:
    words = {
        "old": "It is older than 14 days.",
        "expired": "It is older than the log group's retention.",
        "new": "It is more than two hours in the future.",
    }
    answers = [{"rejectedLogEventsInfo": info} if info else {}]
    absent = [refused("ResourceNotFoundException")] * missing

    def put(_: dict[str, Any]) -> Mapping[str, Any]:
        if absent:
            raise absent.pop()
        return answers[0]

    aws.answers["PutLogEvents"] = put

    appended = CustomerLogs(a_session()).append(VERIFICATIONS, "2025-03-01", order)

    assert appended.written
    assert appended.dropped == {
        order.index(LINES[position]): words[why] for position, why in dropped.items()
    }


def test_a_refused_write_throws_nothing_away(aws: Aws) -> None:
    aws.answers["PutLogEvents"] = refused("AccessDeniedException")

    appended = CustomerLogs(a_session()).append(VERIFICATIONS, "2025-03-01", LINES)

    assert (appended.written, appended.dropped) == (False, {})
