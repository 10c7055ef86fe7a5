"""What follows when a line for the customer's log is refused."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cavok.domain.accounts import UNKNOWN_CAPABILITIES, Capability, Status
from cavok.domain.errors import MalformedEvent, UnknownEvent
from cavok.domain.log_writing import InteractionEvent, with_log_writing_refused
from tests.support.builders import NOW, an_account, confirmed, denied

FULL = dict.fromkeys(UNKNOWN_CAPABILITIES, Capability.FULL)
ACCOUNT = replace(confirmed(an_account()), capabilities=FULL)
REFUSED = denied(["logs:PutLogEvents"])


def test_the_account_is_degraded_with_the_remedy_and_due_for_a_test() -> None:
    later = replace(ACCOUNT, next_verification_at=NOW + timedelta(days=1))
    degraded = with_log_writing_refused(later, REFUSED, NOW)

    (issue,) = degraded.issues
    assert degraded.status is Status.DEGRADED
    assert issue.code == "log_writing_refused"
    assert "logs:PutLogEvents" in issue.message
    assert issue.remedy == ("Add logs:PutLogEvents to the role's policy, as the Instructions show.")
    assert degraded.capabilities["logs"] is Capability.PARTIAL
    assert (degraded.next_verification_at, degraded.updated_at) == (NOW, NOW)


@pytest.mark.parametrize("logs", Capability)
def test_log_writing_of_which_nothing_works_does_not_work_in_part(logs: Capability) -> None:
    account = replace(ACCOUNT, capabilities=FULL | {"logs": logs})

    degraded = with_log_writing_refused(account, REFUSED, NOW - timedelta(days=1))

    none = logs is Capability.NONE
    assert degraded.capabilities["logs"] is (Capability.NONE if none else Capability.PARTIAL)
    assert degraded.capabilities["ec2"] is Capability.FULL


def test_what_is_known_is_not_written_again() -> None:
    degraded = with_log_writing_refused(ACCOUNT, REFUSED, NOW)

    assert with_log_writing_refused(degraded, denied(["logs:CreateLogStream"]), NOW) is degraded


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.FAILED])
def test_an_account_of_which_worse_is_said_stays_as_it_is(status: Status) -> None:
    account = replace(ACCOUNT, status=status)

    assert with_log_writing_refused(account, REFUSED, NOW) is account


def test_an_account_that_wants_no_logs_by_now_stays_as_it_is() -> None:
    account = replace(ACCOUNT, write_logs=False)

    assert with_log_writing_refused(account, REFUSED, NOW) is account


def test_other_issues_stay() -> None:
    lost = replace(ACCOUNT, status=Status.DEGRADED, issues=(_issue(),))

    assert [issue.code for issue in with_log_writing_refused(lost, REFUSED, NOW).issues] == [
        "permission_lost",
        "log_writing_refused",
    ]


def _issue() -> object:
    degraded = with_log_writing_refused(ACCOUNT, REFUSED, NOW)
    return replace(degraded.issues[0], code="permission_lost")


# ---- the event that a line is made of ------------------------------------------------------------

EVENT: dict[str, Any] = {
    "source": "cavok.optimizer",
    "detail-type": "Instance Interaction",
    "detail": {
        "organization_id": "org-one",
        "account_id": "a-1",
        "interaction_id": "i-1",
        "at": "2025-03-01T13:00:00+01:00",
        "actor": "ada@example.com",
        "action": "stop",
        "kind": "rds",
        "instance_id": "orders",
        "region": "us-east-1",
        "outcome": "accepted",
        "detail": "It was available; stop was asked for.",
        "request_id": "r-1",
        "secret": "not of the line",
    },
}


def event(**detail: Any) -> dict[str, Any]:
    return EVENT | {"detail": EVENT["detail"] | detail}


def test_a_line_tells_what_was_done_and_by_which_service() -> None:
    read = InteractionEvent.of_event(EVENT)

    assert (read.organization_id, read.account_id, read.interaction_id) == ("org-one", "a-1", "i-1")
    assert read.at == datetime(2025, 3, 1, 12, tzinfo=UTC)
    assert read.at.tzinfo is UTC
    assert read.stream == "2025-03-01"
    expected = {
        n: v for n, v in EVENT["detail"].items() if n not in ("organization_id", "account_id")
    }
    del expected["secret"]
    assert read.line == expected | {
        "event": "Instance Interaction",
        "service": "cavok.optimizer",
        "at": "2025-03-01T12:00:00Z",
    }


def test_what_another_service_leaves_out_is_null() -> None:
    bare = {name: EVENT["detail"][name] for name in ("organization_id", "account_id", "at")}

    read = InteractionEvent.of_event(EVENT | {"detail": bare | {"interaction_id": "i-1"}})

    assert (read.line["actor"], read.line["request_id"]) == (None, None)


@pytest.mark.parametrize(
    ("name", "longest"), [("organization_id", 512), ("account_id", 512), ("interaction_id", 128)]
)
def test_a_name_that_fits_into_no_key_is_malformed(name: str, longest: int) -> None:
    for fits in ("x", "x" * longest, "ü" * (longest // 2)):
        assert getattr(InteractionEvent.of_event(event(**{name: fits})), name) == fits
    for other in ("", "x" * (longest + 1), "ü" * (longest // 2) + "x"):
        with pytest.raises(MalformedEvent) as refused:
            InteractionEvent.of_event(event(**{name: other}))
        assert str(refused.value) == f"{name} is not a text of 1 to {longest} bytes."


@pytest.mark.parametrize(
    ("other", "says"),
    [
        ({}, "detail-type is not a text of 1 to 512 bytes."),
        (EVENT | {"detail": None}, "A message, or its detail, is not an object."),
        (event(at="yesterday"), "at is not a time in ISO 8601 with its zone."),
        (event(account_id=7), "account_id is not a text of 1 to 512 bytes."),
        (EVENT | {"source": None}, "source is not a text of 1 to 512 bytes."),
    ],
)
def test_what_is_no_event_is_told_with_its_fault(other: dict[str, Any], says: str) -> None:
    with pytest.raises(MalformedEvent) as refused:
        InteractionEvent.of_event(other)
    assert str(refused.value) == says


def test_cloudwatch_counts_from_1970() -> None:
    first = InteractionEvent.of_event(event(at="1970-01-01T00:00:00+00:00"))

    assert first.line["at"] == "1970-01-01T00:00:00Z"
    with pytest.raises(MalformedEvent) as refused:
        InteractionEvent.of_event(event(at="1969-12-31T23:59:59+00:00"))
    assert str(refused.value) == "at is before 1970."


def test_an_event_of_another_type_is_unknown() -> None:
    with pytest.raises(UnknownEvent) as refused:
        InteractionEvent.of_event(EVENT | {"detail-type": "Account Created"})
    assert str(refused.value) == "Account Created is not Instance Interaction."
