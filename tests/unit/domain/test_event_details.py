"""Each event field by field, and what is no event."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

import pytest

from cavok.domain import events
from cavok.domain.accounts import Fix, Issue, LastVerification, Outcome, Severity, Status
from cavok.domain.errors import MalformedEvent, UnknownEvent
from cavok.domain.events import (
    REGISTRY,
    WEBHOOK_TEST,
    AccountChange,
    AccountVersion,
    Event,
    EventType,
    InteractionChange,
    UsageChange,
    WebhookChange,
    act_to_follow,
    checked_event,
    events_of,
    read_event,
)
from cavok.domain.interactions import Interaction, InteractionAction, InteractionOutcome, Result
from local.settings import ROOT
from tests.support.builders import (
    ACCOUNT_ID,
    NOW,
    NUMBER,
    ORGANIZATION_ID,
    VERIFICATION_ID,
    an_interaction,
)

LATER = NOW + timedelta(minutes=1)
BEFORE = AccountVersion(
    organization_id=ORGANIZATION_ID,
    account_id=ACCOUNT_ID,
    provider="aws",
    account_number=NUMBER,
    name="Production1",
    status=Status.UNCONFIRMED,
    issues=(),
    verification=None,
    version=7,
    at=NOW,
)
FAILED = replace(
    BEFORE,
    status=Status.FAILED,
    issues=(Issue("code", "Why.", "What to do.", Severity.PROBLEM, Fix(cli="aws …")),),
    verification=LastVerification(VERIFICATION_ID, Outcome.FAILED, NOW),
    version=8,
    at=LATER,
)
OF_FAILED = {
    "schema_version": 1,
    "occurred_at": "2025-03-01T12:01:00Z",
    "organization_id": ORGANIZATION_ID,
    "account_id": ACCOUNT_ID,
    "version": 8,
    "provider": "aws",
    "provider_id": NUMBER,
    "name": "Production1",
    "status": "failed",
    "issues": [
        {
            "code": "code",
            "message": "Why.",
            "remedy": "What to do.",
            "severity": "problem",
            "fix": {"policy_statement": None, "cli": "aws …", "console_url": None},
        }
    ],
    "verification": {
        "verification_id": VERIFICATION_ID,
        "outcome": "failed",
        "finished_at": "2025-03-01T12:00:00Z",
    },
}


def following(change: Any, free: int = 10) -> list[Event]:
    return list(events_of(change, free))


def test_an_account_that_fails_is_told_by_its_test_and_by_its_status() -> None:
    assert following(AccountChange(BEFORE, FAILED, NOW)) == [
        Event(
            "Verification Finished",
            LATER,
            OF_FAILED | {"event_id": f"{ACCOUNT_ID}-8-verification-finished"},
        ),
        Event(
            "Account Failed",
            LATER,
            OF_FAILED
            | {"event_id": f"{ACCOUNT_ID}-8-account-failed", "previous_status": "unconfirmed"},
        ),
    ]


def test_an_account_that_is_new_was_never_tested() -> None:
    (event,) = following(AccountChange(None, BEFORE, LATER))

    assert (event.type, event.at) == ("Account Created", NOW)
    assert event.detail["event_id"] == f"{ACCOUNT_ID}-7-account-created"
    assert (event.detail["verification"], event.detail["version"]) == (None, 7)


def test_a_deleted_account_is_told_when_the_table_was_written() -> None:
    (event,) = following(AccountChange(FAILED, None, LATER))

    assert event.at == LATER
    assert event.detail == OF_FAILED | {
        "version": 9,
        "event_id": f"{ACCOUNT_ID}-9-account-deleted",
    }
    assert following(AccountChange(None, None, LATER)) == []


OF_STOP = {
    "schema_version": 1,
    "occurred_at": "2025-03-01T12:00:00Z",
    "organization_id": ORGANIZATION_ID,
    "account_id": ACCOUNT_ID,
    "action": "stop",
    "kind": "ec2",
    "instance_id": "i-0123456789abcdef0",
    "region": "us-east-1",
    "actor": "ada@example.com",
    "at": "2025-03-01T12:00:00Z",
}


OPEN = an_interaction(outcome=InteractionOutcome.PENDING)


@pytest.mark.parametrize("before", [None, OPEN])
def test_an_interaction_is_told_once_it_is_closed(before: Interaction | None) -> None:
    stop = an_interaction()

    assert following(InteractionChange(before, stop, LATER)) == [
        Event(
            "Instance Interaction",
            NOW,
            OF_STOP
            | {
                "event_id": f"{stop.interaction_id}-instance-interaction",
                "interaction_id": stop.interaction_id,
                "outcome": "accepted",
                "detail": "It was running; stop was asked for.",
                "request_id": "r-1",
            },
        )
    ]
    assert following(InteractionChange(before, OPEN, LATER)) == []
    assert following(InteractionChange(stop, stop, LATER)) == []


def test_an_interaction_with_no_instance_names_none() -> None:
    test = an_interaction(action=InteractionAction.TEST, kind=None, instance_id=None, region=None)

    (event,) = following(InteractionChange(None, test, LATER))

    assert (event.detail["action"], event.detail["kind"]) == ("test", None)


@pytest.mark.parametrize("result", [*Result, None])
def test_only_an_instance_that_did_not_follow_is_told(result: Result | None) -> None:
    stop = an_interaction(result=result, state="running", state_reason="It is still running.")

    events = following(InteractionChange(replace(stop, result=None), stop, LATER))

    assert following(InteractionChange(stop, stop, LATER)) == [], "its result is told already"
    assert bool(events) == (result is Result.NOT_REACHED)
    for event in events:
        assert event == Event(
            "Instance Did Not Follow",
            LATER,
            OF_STOP
            | {
                "event_id": f"{stop.interaction_id}-instance-did-not-follow",
                "occurred_at": "2025-03-01T12:01:00Z",
                "interaction_id": stop.interaction_id,
                "state": "running",
                "state_reason": "It is still running.",
            },
        )


def usage(before: int, after: int) -> UsageChange:
    return UsageChange(
        organization_id=ORGANIZATION_ID,
        account_id=ACCOUNT_ID,
        period="2025-03",
        before=before,
        after=after,
        at=NOW,
    )


def test_usage_is_told_at_each_threshold() -> None:
    assert following(usage(7, 8)) == [
        Event(
            "Usage Threshold Crossed",
            NOW,
            {
                "schema_version": 1,
                "event_id": f"{ACCOUNT_ID}/2025-03/80",
                "occurred_at": "2025-03-01T12:00:00Z",
                "organization_id": ORGANIZATION_ID,
                "account_id": ACCOUNT_ID,
                "period": "2025-03",
                "percent": 80,
                "used": 8,
                "free_interactions": 10,
            },
        )
    ]
    assert [event.detail["percent"] for event in following(usage(0, 10))] == [80, 100]
    assert following(usage(8, 9)) == []


@pytest.mark.parametrize(
    ("was_paused", "next_try_at", "types"),
    [
        (False, None, []),
        (False, LATER, ["Webhook Paused"]),
        (True, LATER, []),
        (True, None, ["Webhook Resumed"]),
    ],
)
def test_a_webhook_is_told_as_it_is_paused_or_resumed(
    was_paused: bool, next_try_at: datetime | None, types: list[str]
) -> None:
    change = WebhookChange(
        organization_id=ORGANIZATION_ID,
        was_paused=was_paused,
        failures=10,
        next_try_at=next_try_at,
        at=NOW,
    )

    assert [event.type for event in following(change)] == types


@pytest.mark.parametrize(
    ("outcome", "result", "followed"),
    [
        (InteractionOutcome.PENDING, None, True),
        (InteractionOutcome.ACCEPTED, Result.PENDING, True),
        (InteractionOutcome.ACCEPTED, Result.REACHED, False),
        (InteractionOutcome.REFUSED, None, False),
    ],
)
def test_a_start_or_stop_is_followed_while_its_end_is_open(
    outcome: InteractionOutcome, result: Result | None, followed: bool
) -> None:
    stop = an_interaction(outcome=outcome, result=result)

    act = act_to_follow(InteractionChange(None, stop, NOW))

    assert act == (events.FollowedAct.of(stop) if followed else None)
    assert act_to_follow(InteractionChange(OPEN, stop, NOW)) is None


# ---- the registry --------------------------------------------------------------------------------


@pytest.mark.parametrize("one", REGISTRY.values(), ids=lambda one: one.file_name)
def test_a_schema_is_the_published_one(one: events.EventDeclaration) -> None:
    published = json.loads((ROOT / "docs" / "events" / one.file_name).read_text())

    assert one.schema() == published


def test_the_declaration_of_an_accounts_event_is_the_published_one() -> None:
    """Made anew: the registry is made when the module is loaded."""
    for event_type, statuses, more in (
        (EventType.CREATED, (Status.UNCONFIRMED,), {"tested": False}),
        (EventType.FAILED, (Status.FAILED,), {"previous": True}),
        (EventType.VERIFICATION_FINISHED, None, {}),
    ):
        known = REGISTRY[event_type]
        chosen: dict[str, Any] = {"statuses": statuses} if statuses else {}
        made = events._account_event(
            event_type,
            known.when,
            known.description,
            **chosen,
            **more,  # type: ignore[arg-type]
        )

        assert made == known
        assert made.schema() == json.loads((ROOT / "docs" / "events" / known.file_name).read_text())


# ---- reading -------------------------------------------------------------------------------------

SENT: dict[str, Any] = {
    "detail-type": "Account Created",
    "detail": {
        "event_id": "e-1",
        "organization_id": "org-one",
        "occurred_at": "2025-03-01T12:00:00Z",
        "account_id": "a-1",
    },
}


def but(**detail: Any) -> dict[str, Any]:
    return SENT | {"detail": SENT["detail"] | detail}


def test_an_event_is_read_from_a_message() -> None:
    assert read_event(json.dumps(SENT)) == SENT
    with pytest.raises(MalformedEvent) as refused:
        read_event("{")
    assert str(refused.value).startswith("Not JSON: Expecting property name")


def test_only_a_test_message_concerns_no_account() -> None:
    of_webhook = but(account_id=None) | {"detail-type": WEBHOOK_TEST}

    assert checked_event(of_webhook) is of_webhook
    with pytest.raises(MalformedEvent, match=r"^account_id is not a text of 1 to 512 bytes\.$"):
        checked_event(but(account_id=None))


@pytest.mark.parametrize("name", ["event_id", "organization_id", "occurred_at", "account_id"])
def test_an_envelope_has_three_ids_and_a_time(name: str) -> None:
    without = {key: value for key, value in SENT["detail"].items() if key != name}

    with pytest.raises(MalformedEvent, match=f"^{name} is not a t"):
        checked_event(SENT | {"detail": without})
    for other in ("", 7, None, "x" * 901):
        with pytest.raises(MalformedEvent, match=f"^{name} is not a t"):
            checked_event(but(**{name: other}))


@pytest.mark.parametrize(
    ("event", "says"),
    [
        ({}, "detail-type is not a text of 1 to 512 bytes."),
        ({"detail-type": "Account Created"}, "A message, or its detail, is not an object."),
        (SENT | {"detail": None}, "A message, or its detail, is not an object."),
    ],
)
def test_what_lacks_its_envelope_is_malformed(event: dict[str, Any], says: str) -> None:
    with pytest.raises(MalformedEvent) as refused:
        checked_event(event)
    assert str(refused.value) == says


def test_a_type_that_the_registry_does_not_have_is_unknown() -> None:
    with pytest.raises(UnknownEvent) as refused:
        checked_event(SENT | {"detail-type": "Account Painted"})
    assert str(refused.value) == "Account Painted is not a type that is accepted here."
