"""The events that this service puts on the bus are those that docs/events describes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from jsonschema import Draft202012Validator
from jsonschema.exceptions import ValidationError

from cavok.domain.clocks import ClockMessage
from cavok.domain.log_writing import InteractionEvent
from cavok.services.log_interactions import read_events
from local.settings import ROOT
from tests.support.builders import sample_event
from tests.support.stream_records import events_of, interaction_record, usage_record


def schema(name: str) -> dict[str, Any]:
    document: dict[str, Any] = json.loads((ROOT / "docs" / "events" / f"{name}.json").read_text())
    Draft202012Validator.check_schema(document)
    return document


def check(detail: object, name: str) -> None:
    Draft202012Validator(schema(name), format_checker=Draft202012Validator.FORMAT_CHECKER).validate(
        detail
    )


def test_an_interaction_is_of_its_schema() -> None:
    (event,) = events_of(interaction_record(), 1000)

    assert event.type == schema("instance_interaction.v1")["title"]
    check(event.detail, "instance_interaction.v1")


def test_what_the_schema_names_is_what_the_event_has() -> None:
    (event,) = events_of(interaction_record(), 1000)

    assert set(schema("instance_interaction.v1")["properties"]) == set(event.detail)


def test_an_event_of_the_schema_is_one_that_can_be_written() -> None:
    (event,) = events_of(interaction_record(), 1000)

    read = InteractionEvent.of_event(
        {"source": "cavok.accounts", "detail-type": event.type, "detail": event.detail}
    )

    assert read.interaction_id == event.detail["interaction_id"]


@pytest.mark.parametrize("change", [{"schema_version": 2}, {"outcome": 7}, {"occurred_at": None}])
def test_the_schema_refuses_what_is_no_such_event(change: dict[str, Any]) -> None:
    (event,) = events_of(interaction_record(), 1000)

    with pytest.raises(ValidationError):
        check({**event.detail, **change}, "instance_interaction.v1")


def test_a_crossed_threshold_is_of_its_schema() -> None:
    (event,) = events_of(usage_record(799, 800), 1000)

    assert event.type == schema("usage_threshold_crossed.v1")["title"]
    check(event.detail, "usage_threshold_crossed.v1")


def test_the_sample_events_are_what_the_functions_read() -> None:
    """They are for `sam local invoke`."""
    (record,) = sample_event("publish_events")["Records"]
    (event,) = events_of(record, 1000)
    (message,) = sample_event("log_interactions")["Records"]
    events, failed = read_events({message["messageId"]: message["body"]})

    assert failed == {}
    assert dict(event.detail) == json.loads(message["body"])["detail"]
    assert events["m-1"].interaction_id == event.detail["interaction_id"]
    assert ClockMessage.read(sample_event("follow_schedule")).resource_id
