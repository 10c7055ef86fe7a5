"""Interactions: the month they count in, what is free, and the event that tells of one."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta, timezone
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cavok.domain.accounts import Outcome
from cavok.domain.errors import MalformedEvent
from cavok.domain.interactions import (
    KEPT_FOR,
    THRESHOLDS,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Usage,
    end_of,
    interaction_of_test,
    months_until,
    period_of,
    thresholds_crossed,
)
from cavok.domain.log_writing import InteractionEvent
from cavok.domain.verifications import State, Trigger
from tests.support.builders import (
    ACCOUNT_ID,
    ADA,
    NOW,
    ORGANIZATION_ID,
    VERIFICATION_ID,
    a_verification,
    an_account,
    an_interaction,
    confirmed,
)

DETAIL = {
    "schema_version": 1,
    "organization_id": ORGANIZATION_ID,
    "account_id": ACCOUNT_ID,
    "interaction_id": "01JN8Q5M3C0000000000000009",
    "action": "stop",
    "kind": "ec2",
    "instance_id": "i-0123456789abcdef0",
    "region": "us-east-1",
    "outcome": "accepted",
    "detail": "It was running; stop was asked for.",
    "actor": "ada@example.com",
    "at": "2025-03-01T12:00:00Z",
    "request_id": "r-1",
}


def an_event(**but: Any) -> dict[str, Any]:
    return {
        "source": "cavok.planner",
        "detail-type": "Instance Interaction",
        "detail": DETAIL | but,
    }


def finished(outcome: Outcome, **but: Any) -> Any:
    return a_verification(state=State.FINISHED, outcome=outcome, finished_at=NOW, **but)


def test_an_interaction_counts_in_the_month_that_it_is_in_utc() -> None:
    in_new_york = timezone(timedelta(hours=-5))

    assert period_of(datetime(2025, 3, 31, 23, 59, 59, 999999, tzinfo=UTC)) == "2025-03"
    assert period_of(datetime(2025, 4, 1, tzinfo=UTC)) == "2025-04"
    assert period_of(datetime(2025, 3, 31, 20, tzinfo=in_new_york)) == "2025-04"


@pytest.mark.parametrize(
    ("period", "resets_at"),
    [("2025-03", datetime(2025, 4, 1, tzinfo=UTC)), ("2025-12", datetime(2026, 1, 1, tzinfo=UTC))],
)
def test_usage_starts_anew_with_the_month(period: str, resets_at: datetime) -> None:
    assert Usage(period, 1000, 3).resets_at == end_of(period) == resets_at


def test_what_is_above_the_free_ones_is_billable_and_never_less_than_nothing_remains() -> None:
    assert (Usage("2025-03", 10, 4).remaining, Usage("2025-03", 10, 4).billable) == (6, 0)
    assert (Usage("2025-03", 10, 10).remaining, Usage("2025-03", 10, 10).billable) == (0, 0)
    assert (Usage("2025-03", 10, 13).remaining, Usage("2025-03", 10, 13).billable) == (0, 3)


@given(free=st.integers(0, 5000), used=st.integers(0, 7000))
def test_one_by_one_each_threshold_is_crossed_once_and_at_its_percentage(
    free: int, used: int
) -> None:
    crossed = [
        (percent, n) for n in range(1, used + 1) for percent in thresholds_crossed(n - 1, n, free)
    ]

    expected = {p: max(-(-p * free // 100), 0) for p in THRESHOLDS}
    assert crossed == [(p, at) for p, at in expected.items() if 0 < at <= used]


@given(
    free=st.integers(1, 3000),
    steps=st.lists(st.integers(1, 400), max_size=12),
)
def test_however_the_counter_moves_no_threshold_is_crossed_twice(
    free: int, steps: list[int]
) -> None:
    used, crossed = 0, []
    for step in steps:
        crossed += thresholds_crossed(used, used + step, free)
        used += step

    assert crossed == [p for p in THRESHOLDS if used * 100 >= p * free]


def test_a_line_says_who_what_when_with_what_outcome_and_in_which_request() -> None:
    event = InteractionEvent.of_event(an_event())

    assert event.line == {
        "event": "Instance Interaction",
        "service": "cavok.planner",
        "at": "2025-03-01T12:00:00Z",
        "actor": "ada@example.com",
        "action": "stop",
        "kind": "ec2",
        "instance_id": "i-0123456789abcdef0",
        "region": "us-east-1",
        "outcome": "accepted",
        "detail": "It was running; stop was asked for.",
        "interaction_id": DETAIL["interaction_id"],
        "request_id": "r-1",
    }
    assert json.loads(json.dumps(event.line)) == event.line


def test_a_line_holds_nothing_that_the_schema_does_not_name() -> None:
    event = InteractionEvent.of_event(an_event(secret_access_key="wJalrXUtnFEMI"))

    assert "wJalr" not in json.dumps(event.line)


def test_a_day_is_a_stream_in_utc() -> None:
    assert InteractionEvent.of_event(an_event(at="2025-03-01T23:30:00-05:00")).stream == (
        "2025-03-02"
    )


@pytest.mark.parametrize(
    "but",
    [
        {"at": "yesterday"},
        {"at": None},
        {"account_id": None},
        {"organization_id": 5},
        {"account_id": ""},
        {"interaction_id": "x" * 129},
        {"at": "0001-01-01T00:00:00+14:00"},
    ],
    ids=str,
)
def test_an_event_that_is_not_of_the_schema_is_malformed(but: dict[str, Any]) -> None:
    with pytest.raises(MalformedEvent):
        InteractionEvent.of_event(an_event(**but))


def test_an_event_without_a_detail_is_malformed() -> None:
    with pytest.raises(MalformedEvent):
        InteractionEvent.of_event(
            {"source": "cavok.planner", "detail-type": "Instance Interaction"}
        )


def test_a_persons_test_is_an_interaction_with_the_verifications_own_id() -> None:
    interaction = interaction_of_test(confirmed(an_account()), finished(Outcome.CONFIRMED))

    assert interaction
    assert interaction.interaction_id == VERIFICATION_ID
    assert interaction.outcome is InteractionOutcome.ACCEPTED
    assert interaction.detail == "The test found the account confirmed."
    assert interaction.logged is Logged.PENDING
    assert interaction.action is InteractionAction.TEST
    assert (interaction.organization_id, interaction.account_id) == (ORGANIZATION_ID, ACCOUNT_ID)
    assert (interaction.actor, interaction.request_id) == (ADA.actor, VERIFICATION_ID)
    assert interaction.at == a_verification().started_at


def test_a_test_that_failed_is_a_refused_one_and_nothing_is_written_to_that_account() -> None:
    """The account may be another's."""
    interaction = interaction_of_test(an_account(), finished(Outcome.FAILED))

    assert interaction
    assert interaction.outcome is InteractionOutcome.REFUSED
    assert interaction.logged is Logged.REFUSED
    assert interaction.detail == "The test could not enter the account yet."


def test_a_scheduled_test_and_an_aborted_one_count_for_nothing() -> None:
    account = confirmed(an_account())

    assert (
        interaction_of_test(account, finished(Outcome.CONFIRMED, trigger=Trigger.SCHEDULED)) is None
    )
    assert interaction_of_test(account, a_verification(state=State.ABORTED)) is None


def test_an_interaction_is_kept_for_90_days() -> None:
    assert an_interaction().kept_until == NOW + KEPT_FOR
    assert timedelta(days=90) == KEPT_FOR


def test_write_logs_off_is_off() -> None:
    interaction = interaction_of_test(
        confirmed(an_account(write_logs=False)), finished(Outcome.CONFIRMED)
    )

    assert interaction
    assert interaction.logged is Logged.OFF


def test_of_listings_that_follow_each_other_one_counts() -> None:
    once = {act for act in InteractionAction if an_interaction(action=act).counts_once}

    assert once == {InteractionAction.LIST}


@pytest.mark.parametrize(
    ("at", "first", "last"),
    [
        (datetime(2025, 7, 31, 23, 59, tzinfo=UTC), "2024-08", "2025-07"),
        (datetime(2025, 12, 1, tzinfo=UTC), "2025-01", "2025-12"),
        (datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=2))), "2025-01", "2025-12"),
        (datetime(2026, 1, 1, tzinfo=UTC), "2025-02", "2026-01"),
    ],
)
def test_twelve_months_are_shown_by_utc(at: datetime, first: str, last: str) -> None:
    months = months_until(at)

    assert (len(months), months[0], months[-1]) == (12, first, last)
    assert [*months] == sorted(months)
