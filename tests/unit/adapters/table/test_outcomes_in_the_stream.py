"""Which event follows from an interaction whose result changed."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from aws_lambda_powertools.utilities.data_classes.dynamo_db_stream_event import DynamoDBRecord
from jsonschema import Draft202012Validator

from cavok.adapters.table.interactions import InteractionItem
from cavok.adapters.table.stream import change_of
from cavok.domain.events import REGISTRY, Event, EventType, events_of
from cavok.domain.interactions import Interaction, Logged, Result
from tests.support.builders import NOW, an_interaction

STOP = an_interaction(result=Result.PENDING)


def events(before: Interaction, after: Interaction) -> list[Event]:
    new = InteractionItem.of(after).serialize()
    record: dict[str, Any] = {
        "eventName": "MODIFY",
        "dynamodb": {
            "ApproximateCreationDateTime": (NOW + timedelta(minutes=1)).timestamp(),
            "Keys": {name: new[name] for name in ("pk", "sk")},
            "OldImage": InteractionItem.of(before).serialize(),
            "NewImage": new,
        },
    }
    change = change_of(DynamoDBRecord(record))
    return list(events_of(change, 1000)) if change else []


def followed(result: Result | None, **but: Any) -> Interaction:
    why = "It is still running."
    return replace(STOP, result=result, state="running", state_reason=why, **but)


def test_what_was_not_reached_is_told_once() -> None:
    not_reached = followed(Result.NOT_REACHED)

    (event,) = events(STOP, not_reached)

    assert event.type is EventType.NOT_FOLLOWED
    Draft202012Validator(REGISTRY[event.type].schema()).validate(event.detail)
    assert event.detail["event_id"] == f"{STOP.interaction_id}-instance-did-not-follow"
    assert event.detail["occurred_at"] == "2025-03-01T12:01:00Z"
    assert (event.detail["state"], event.detail["state_reason"]) == (
        "running",
        "It is still running.",
    )
    assert events(not_reached, followed(Result.NOT_REACHED, logged=Logged.WRITTEN)) == []


@pytest.mark.parametrize("result", [each for each in Result if each is not Result.NOT_REACHED])
def test_of_any_other_result_nothing_is_told(result: Result) -> None:
    assert events(STOP, followed(result)) == []
