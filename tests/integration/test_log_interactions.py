"""Lines of interactions in the customer's log group, from messages of the bus."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from cavok import wiring
from cavok.adapters.customer.logs import CustomerLogs
from cavok.adapters.customer.session import CustomerSession
from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.interactions import Interactions
from cavok.domain.access_denied import Reason
from cavok.domain.accounts import Account, Status
from cavok.domain.actors import SYSTEM
from cavok.domain.audit import AuditAction, Change
from cavok.domain.deadlines import LINES_SECONDS, Deadline
from cavok.domain.errors import Conflict, EntryInconclusive, EntryRefused, SealBroken
from cavok.domain.interactions import Logged
from cavok.domain.log_writing import InteractionEvent
from cavok.domain.organizations import Organization
from cavok.domain.steps import Judgement, Verdict, judge
from cavok.services.log_interactions import LogWriting, log_interactions, read_events
from tests.support.api import number
from tests.support.builders import (
    ACCOUNT_ID,
    ORGANIZATION_ID,
    an_account,
    an_interaction,
    confirmed,
    judged,
)
from tests.support.interaction_events import NOW, an_event
from tests.support.start_stop import Sessions

GROUP = "/cavok/interactions"


class Logs(CustomerLogs):
    """The customer's log groups; `judgements` are refusals by operation, `calls` what was sent."""

    judgements: dict[str, Judgement]
    calls: list[str]

    def _try(self, proofs: Any, call: Any, **arguments: Any) -> Judgement:
        name = call.__name__
        self.calls.append(name)
        return self.judgements.get(name) or super()._try(proofs, call, **arguments)


@pytest.fixture
def logs(session: CustomerSession) -> Logs:
    made = Logs(session)
    made.judgements, made.calls = {}, []
    return made


@pytest.fixture
def writing(
    accounts: Accounts, interactions: Interactions, sessions: Sessions, logs: Logs
) -> LogWriting:
    return LogWriting(
        accounts=accounts,
        interactions=interactions,
        sessions=sessions,  # type: ignore[arg-type]
        connect=lambda session: logs,
    )


Connected = Callable[..., Account]


@pytest.fixture
def connected(accounts: Accounts) -> Connected:
    def add(**but: Any) -> Account:
        wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)
        return accounts.add(confirmed(an_account(**but)), None)

    return add


def recorded(interactions: Interactions, count: int = 1) -> dict[str, InteractionEvent]:
    """Interactions of the last seconds, stored, and what the bus says of them by message id."""
    stored = [
        interactions.record(an_interaction(n, at=NOW - timedelta(seconds=n))) for n in range(count)
    ]
    return {
        f"m-{n}": an_event(interaction_id=interaction.interaction_id, at=interaction.at.isoformat())
        for n, interaction in enumerate(stored)
    }


def lines() -> list[dict[str, Any]]:
    found = boto3.client("logs", "us-east-1").filter_log_events(logGroupName=GROUP)
    return [json.loads(event["message"]) for event in found["events"]]


def states(interactions: Interactions) -> set[Logged]:
    return {i.logged for i in interactions.page(ACCOUNT_ID, limit=100, after=None).items}


def refused(error_code: str = "AccessDeniedException") -> Judgement:
    return judged(Verdict.DENIED, Reason.IDENTITY_POLICY, error_code=error_code)


def write(events: dict[str, InteractionEvent], writing: LogWriting) -> dict[str, Exception]:
    return log_interactions(events, writing=writing, now=NOW).failed


def test_a_burst_is_one_write(
    connected: Connected, interactions: Interactions, writing: LogWriting, logs: Logs
) -> None:
    connected()
    write(recorded(interactions), writing)
    logs.calls.clear()
    events = {
        f"m-{n}": an_event(
            interaction_id=f"planner-{n}", at=(NOW - timedelta(seconds=n)).isoformat()
        )
        for n in range(50)
    }
    today = {m: e for m, e in events.items() if e.stream == f"{NOW:%Y-%m-%d}"}

    assert write(today, writing) == {}

    assert logs.calls == ["put_log_events"]
    assert len(lines()) == 1 + len(today)


def test_the_group_is_made_at_the_first_line_with_14_days_of_retention(
    connected: Connected, interactions: Interactions, writing: LogWriting
) -> None:
    connected()

    write(recorded(interactions), writing)

    found = boto3.client("logs", "us-east-1").describe_log_groups()["logGroups"]
    assert [(group["logGroupName"], group["retentionInDays"]) for group in found] == [(GROUP, 14)]
    assert states(interactions) == {Logged.WRITTEN}


def test_a_line_is_not_written_twice_however_often_it_comes(
    connected: Connected, interactions: Interactions, writing: LogWriting
) -> None:
    connected()
    (event,) = recorded(interactions).values()

    for _ in range(2):
        assert write({"m-1": event, "m-2": event}, writing) == {}

    assert len(lines()) == 1


def test_lines_of_another_service_are_written_too(
    connected: Connected, interactions: Interactions, writing: LogWriting
) -> None:
    connected()

    write({"m": an_event()}, writing)

    assert [line["service"] for line in lines()] == ["cavok.planner"]
    assert states(interactions) == set()


def test_each_day_has_its_stream(connected: Connected, writing: LogWriting) -> None:
    connected()
    yesterday = NOW - timedelta(days=1)

    write(
        {
            "m-1": an_event(interaction_id="a"),
            "m-2": an_event(interaction_id="b", at=yesterday.isoformat()),
        },
        writing,
    )

    found = boto3.client("logs", "us-east-1").describe_log_streams(logGroupName=GROUP)
    assert {stream["logStreamName"] for stream in found["logStreams"]} == {
        f"{NOW:%Y-%m-%d}",
        f"{yesterday:%Y-%m-%d}",
    }


def test_write_logs_off_writes_nothing(
    connected: Connected, interactions: Interactions, writing: LogWriting, logs: Logs
) -> None:
    connected(write_logs=False)

    assert write(recorded(interactions), writing) == {}

    assert logs.calls == []
    assert states(interactions) == {Logged.OFF}


def test_refused_writing_degrades_the_account_with_the_remedy_and_fails_nothing(
    connected: Connected,
    accounts: Accounts,
    interactions: Interactions,
    writing: LogWriting,
    logs: Logs,
) -> None:
    connected()
    logs.judgements["put_log_events"] = refused()

    assert write(recorded(interactions, 3), writing) == {}

    account = accounts.get(ORGANIZATION_ID, ACCOUNT_ID)
    assert account.status is Status.DEGRADED
    assert [issue.code for issue in account.issues] == ["log_writing_refused"]
    assert states(interactions) == {Logged.REFUSED}
    organization = wiring.organizations().get(ORGANIZATION_ID)
    assert organization
    assert organization.counts[Status.DEGRADED] == 1
    (entry,) = wiring.audit_trail().of_organization(ORGANIZATION_ID, limit=9, after=None).items
    assert (entry.action, entry.actor) == (AuditAction.DEGRADED, SYSTEM)
    assert entry.changes == (Change("status", "confirmed", "degraded"),)
    assert entry.detail == account.issues[0].message


def test_a_refusal_that_is_known_is_not_written_again(
    connected: Connected, accounts: Accounts, writing: LogWriting, logs: Logs
) -> None:
    connected()
    logs.judgements["put_log_events"] = refused()
    write({"m": an_event(interaction_id="a")}, writing)
    writes = accounts.get(ORGANIZATION_ID, ACCOUNT_ID).writes

    write({"m": an_event(interaction_id="b")}, writing)

    assert accounts.get(ORGANIZATION_ID, ACCOUNT_ID).writes == writes


def test_a_group_that_may_not_be_made_is_a_refusal(
    connected: Connected,
    accounts: Accounts,
    interactions: Interactions,
    writing: LogWriting,
    logs: Logs,
) -> None:
    """PutLogEvents says that the group is not there, which is no permission to write."""
    connected()
    logs.judgements["create_log_group"] = refused()

    assert write(recorded(interactions), writing) == {}

    assert states(interactions) == {Logged.REFUSED}
    assert accounts.get(ORGANIZATION_ID, ACCOUNT_ID).status is Status.DEGRADED


def test_what_aws_did_not_answer_is_tried_again_and_is_no_refusal(
    connected: Connected,
    accounts: Accounts,
    interactions: Interactions,
    writing: LogWriting,
    logs: Logs,
) -> None:
    connected()
    events = recorded(interactions, 2)
    logs.judgements["put_log_events"] = judged(
        Verdict.INCONCLUSIVE, Reason.ERROR, error_code="ThrottlingException"
    )

    assert set(write(events, writing)) == set(events)
    assert states(interactions) == {Logged.PENDING}
    assert accounts.get(ORGANIZATION_ID, ACCOUNT_ID).status is Status.CONFIRMED

    logs.judgements.clear()
    assert write(events, writing) == {}
    assert states(interactions) == {Logged.WRITTEN}


@pytest.mark.parametrize(
    ("call", "code"),
    [
        ("put_log_events", "UnrecognizedClientException"),
        ("put_log_events", "InvalidParameterException"),
        ("create_log_group", "LimitExceededException"),
    ],
)
def test_an_error_that_does_not_pass_is_an_issue_of_the_account_and_not_tried_again(
    call: str,
    code: str,
    connected: Connected,
    accounts: Accounts,
    interactions: Interactions,
    writing: LogWriting,
    logs: Logs,
) -> None:
    connected()
    logs.judgements[call] = judged(Verdict.INCONCLUSIVE, Reason.NOT_PROVABLE, error_code=code)

    assert write(recorded(interactions), writing) == {}

    assert states(interactions) == {Logged.REFUSED}
    (issue,) = accounts.get(ORGANIZATION_ID, ACCOUNT_ID).issues
    assert issue.code == "log_writing_refused"
    assert code in issue.message
    assert issue.fix is None


def test_what_cavoks_own_session_policy_refuses_is_a_fault_of_ours_and_no_issue(
    connected: Connected,
    accounts: Accounts,
    interactions: Interactions,
    writing: LogWriting,
    logs: Logs,
) -> None:
    connected()
    logs.judgements["create_log_group"] = judge("AccessDenied", "because no session policy allows")

    outcome = log_interactions(recorded(interactions), writing=writing, now=NOW)

    assert outcome.faults == 1
    assert states(interactions) == {Logged.PENDING}
    assert accounts.get(ORGANIZATION_ID, ACCOUNT_ID).status is Status.CONFIRMED


def test_a_group_that_is_deleted_again_and_again_is_tried_again(
    connected: Connected, interactions: Interactions, writing: LogWriting, logs: Logs
) -> None:
    connected()
    events = recorded(interactions)
    logs.judgements["put_log_events"] = judged(
        Verdict.ALLOWED, None, error_code="ResourceNotFoundException"
    )

    outcome = log_interactions(events, writing=writing, now=NOW)

    assert set(outcome.failed) == set(events)
    assert states(interactions) == {Logged.PENDING}


@pytest.mark.parametrize(
    ("error", "faults"),
    [
        (EntryInconclusive("STS does not answer."), 0),
        (Conflict("The account is being changed by others."), 0),
        (SealBroken("Another key."), 1),
        (KeyError("ours"), 1),
    ],
)
def test_only_faults_of_ours_ring_an_alarm(
    error: Exception,
    faults: int,
    connected: Connected,
    interactions: Interactions,
    writing: LogWriting,
    sessions: Sessions,
) -> None:
    connected()
    sessions.errors[ACCOUNT_ID] = error

    outcome = log_interactions(recorded(interactions), writing=writing, now=NOW)

    assert (len(outcome.failed), outcome.faults) == (1, faults)


def test_an_account_that_cannot_be_entered_is_told_from_one_that_does_not_answer(
    connected: Connected, interactions: Interactions, writing: LogWriting, sessions: Sessions
) -> None:
    connected()
    events = recorded(interactions)
    sessions.errors[ACCOUNT_ID] = EntryInconclusive("Throttling: slow down.")

    assert set(write(events, writing)) == set(events)
    sessions.errors[ACCOUNT_ID] = EntryRefused("AccessDenied: no.")
    assert write(events, writing) == {}
    assert states(interactions) == {Logged.REFUSED}


@pytest.mark.parametrize("status", [Status.UNCONFIRMED, Status.FAILED])
def test_nothing_is_written_to_an_account_that_no_test_found_connected(
    status: Status, accounts: Accounts, writing: LogWriting, logs: Logs
) -> None:
    """It may be another's."""
    wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)
    accounts.add(an_account(status=status), None)

    assert write({"m": an_event()}, writing) == {}
    assert logs.calls == []


def test_one_customer_that_errs_costs_only_its_own_lines(
    connected: Connected, accounts: Accounts, writing: LogWriting, sessions: Sessions
) -> None:
    connected()
    other_id = "01JN8Q5M3C0000000000000002"
    other = confirmed(an_account(account_id=other_id, account_number="999999999999", name="Other"))
    accounts.add(other, None)
    sessions.errors[other_id] = EntryInconclusive("Throttling: slow down.")

    failed = write({"m-1": an_event(), "m-2": an_event(account_id=other_id)}, writing)

    assert set(failed) == {"m-2"}
    assert len(lines()) == 1


@pytest.mark.parametrize(
    ("info", "dropped"),
    [
        ({"tooOldLogEventEndIndex": 1}, {"m-2": "It is older than 14 days."}),
        (
            {"tooOldLogEventEndIndex": 1, "expiredLogEventEndIndex": 2},
            {
                "m-2": "It is older than 14 days.",
                "m-1": "It is older than the log group's retention.",
            },
        ),
        (
            {"tooNewLogEventStartIndex": 1},
            dict.fromkeys(("m-0", "m-1"), "It is more than two hours in the future."),
        ),
    ],
    ids=["old", "expired", "new"],
)
def test_a_line_that_cloudwatch_throws_away_is_not_written_and_says_why(
    info: dict[str, int],
    dropped: dict[str, str],
    connected: Connected,
    interactions: Interactions,
    writing: LogWriting,
    logs: Logs,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """CloudWatch Logs counts the lines by time. The newest one is the first here."""
    connected()
    write({"m": an_event(interaction_id="first")}, writing)  # makes the group
    put = logs._logs.put_log_events
    monkeypatch.setattr(
        logs._logs,
        "put_log_events",
        lambda **arguments: put(**arguments) | {"rejectedLogEventsInfo": info},
    )
    events = recorded(interactions, 3)
    noon = NOW.replace(hour=12)  # of one day, whatever the time is now
    events = {
        message: replace(event, at=noon - timedelta(seconds=n))
        for n, (message, event) in enumerate(events.items())
    }

    outcome = log_interactions(events, writing=writing, now=NOW)

    assert outcome.failed == {}
    assert {message: str(error) for message, error in outcome.dropped.items()} == dropped
    logged = {
        event.interaction_id: Logged.REFUSED if message in dropped else Logged.WRITTEN
        for message, event in events.items()
    }
    stored = interactions.page(ACCOUNT_ID, limit=100, after=None).items
    assert {i.interaction_id: i.logged for i in stored} == logged


VICTIM = "01JN8Q5M3CZZZZZZZZZZZZZZZZ"


@pytest.fixture
def whole_batch(accounts: Accounts) -> dict[str, InteractionEvent]:
    """A batch as large as the queue gives: one organization has 99 accounts in it, and another the
    last message.
    """
    for name in (ORGANIZATION_ID, "org-two"):
        wiring.organizations().create(Organization.new(name), NOW)
    events = {}
    for n in range(99):
        account_id = f"01JN8Q5M3C{n:016}"
        many = an_account(account_id=account_id, account_number=number(n), name=f"A{n}")
        accounts.add(confirmed(many), None)
        events[f"m-{n}"] = an_event(account_id=account_id)
    accounts.add(confirmed(an_account(organization_id="org-two", account_id=VICTIM)), None)
    return events | {"victim": an_event(organization_id="org-two", account_id=VICTIM)}


def test_an_organization_with_many_accounts_in_a_batch_delays_anothers_lines_by_one_account(
    whole_batch: dict[str, InteractionEvent], writing: LogWriting, sessions: Sessions
) -> None:
    assert write(whole_batch, writing) == {}

    assert sessions.entered.index(VICTIM) <= 1
    assert len(set(sessions.entered)) == 100, "and nobody is left out"


def test_accounts_whose_time_does_not_come_in_a_batch_come_again_and_are_no_fault_of_ours(
    whole_batch: dict[str, InteractionEvent], writing: LogWriting, sessions: Sessions, logs: Logs
) -> None:
    """Else the function would be killed, and all lines of the batch would come again."""
    clock = [0.0]

    def slow(session: CustomerSession) -> CustomerLogs:
        clock[0] += 1.0
        return logs

    outcome = log_interactions(
        whole_batch,
        writing=replace(writing, connect=slow),
        now=NOW,
        deadline=Deadline.after(LINES_SECONDS, lambda: clock[0]),
    )

    assert len(sessions.entered) == LINES_SECONDS
    assert len(outcome.failed) == 100 - LINES_SECONDS
    assert "victim" not in outcome.failed
    assert outcome.faults == 0


def test_a_message_of_endless_depth_is_dropped() -> None:
    _, unusable = read_events({"m": "[" * 100_000})

    assert set(unusable) == {"m"}


def test_an_account_of_another_organization_gets_no_line(
    connected: Connected, writing: LogWriting, logs: Logs
) -> None:
    connected()

    assert write({"m": an_event(organization_id="org-two")}, writing) == {}
    assert logs.calls == []


def test_a_message_that_is_no_event_holds_up_nobody() -> None:
    good = {
        "source": "cavok.planner",
        "detail-type": "Instance Interaction",
        "detail": {
            "organization_id": ORGANIZATION_ID,
            "account_id": ACCOUNT_ID,
            "interaction_id": "a",
            "at": NOW.isoformat(),
        },
    }

    events, failed = read_events({"m-1": json.dumps(good), "m-2": "{", "m-3": "{}"})

    assert set(events) == {"m-1"}
    assert set(failed) == {"m-2", "m-3"}


@pytest.mark.parametrize(
    "but",
    [
        {"organization_id": "\U0001f600" * 512},  # 512 characters, 2,048 bytes: too long for a key
        {"organization_id": "\ud800"},  # JSON can say it, UTF-8 cannot
        {"interaction_id": "\ud800"},
        {"at": "0001-01-01T00:00:00+00:00"},
        {"at": "9999-12-31T23:59:59-23:59"},
    ],
    ids=["bytes", "organization", "interaction", "before 1970", "after 9999"],
)
def test_a_poisonous_event_costs_nobody_else_a_line(
    but: dict[str, str], connected: Connected, accounts: Accounts, writing: LogWriting
) -> None:
    """Any service with PutEvents on the bus can send them; the batch is everybody's."""
    connected()
    body = {
        "source": "cavok.planner",
        "detail-type": "Instance Interaction",
        "detail": {
            "organization_id": ORGANIZATION_ID,
            "account_id": ACCOUNT_ID,
            "interaction_id": "planner-17",
            "action": "stop",
            "at": NOW.isoformat(),
        },
    }
    poison = body | {"detail": dict(body["detail"]) | but}  # type: ignore[call-overload]

    events, unusable = read_events({"p": json.dumps(poison), "m": json.dumps(body)})
    failed = write(events, writing)

    assert set(unusable) == {"p"}
    assert failed == {}
    assert len(lines()) == 1


def test_an_error_that_nobody_foresaw_costs_only_its_customers_lines(
    connected: Connected, accounts: Accounts, writing: LogWriting, sessions: Sessions
) -> None:
    connected()
    other_id = "01JN8Q5M3C0000000000000002"
    accounts.add(
        confirmed(an_account(account_id=other_id, account_number="999999999999", name="Other")),
        None,
    )
    sessions.errors[other_id] = RuntimeError("KMS is throttled, say.")

    failed = write({"m-1": an_event(account_id=other_id), "m-2": an_event()}, writing)

    assert set(failed) == {"m-1"}
    assert len(lines()) == 1
