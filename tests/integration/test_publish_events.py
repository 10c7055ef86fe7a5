"""publish_events: in order, at least once, and never past a record that could not be published."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock

import pytest
from aws_lambda_powertools.utilities.batch.exceptions import BatchProcessingError
from boto3.dynamodb.types import TypeSerializer

from cavok import wiring
from cavok.domain.deadlines import Deadline
from cavok.domain.events import Event
from functions.publish_events import app
from tests.support.api import Api, Context, number
from tests.support.builders import ORGANIZATION_ID
from tests.support.event_schemas import problems_of
from tests.support.moto_stack import TABLE, client


class Bus:
    """Keeps accepted events; refuses accounts of these names, and whatever comes after them."""

    def __init__(self, *refused: str) -> None:
        self.accepted: list[Event] = []
        self._refused = refused

    def put(self, events: list[Event], _: Deadline) -> list[str | None]:
        refused = [event.detail["name"] in self._refused for event in events]
        count = refused.index(True) if True in refused else len(events)
        self.accepted += events[:count]
        return [None if index < count else "ThrottlingException" for index in range(len(events))]


def images(admin: Api) -> list[dict[str, Any]]:
    """The accounts' items, as the stream carries them."""
    items = client("dynamodb").scan(TableName=TABLE)["Items"]
    found = [item for item in items if item["sk"]["S"].startswith("ACCOUNT#")]
    return sorted(found, key=lambda item: item["name"]["S"])


def record(number: int, old: dict[str, Any] | None, new: dict[str, Any] | None) -> dict[str, Any]:
    image = {"OldImage": old} if old else {}
    image |= {"NewImage": new} if new else {}
    return {
        "eventID": str(number),
        "eventName": "MODIFY",
        "eventSource": "aws:dynamodb",
        "dynamodb": {
            "ApproximateCreationDateTime": 1740830400,
            "SequenceNumber": str(number),
            "Keys": {name: (new or old or {})[name] for name in ("pk", "sk")},
            **image,
        },
    }


def handle(monkeypatch: pytest.MonkeyPatch, bus: Bus, *records: dict[str, Any]) -> Any:
    monkeypatch.setattr(wiring, "bus", lambda: bus)
    queue = Mock(send=lambda messages, **_: [None for _ in messages])
    monkeypatch.setattr(wiring, "webhook_messages", lambda: queue)
    monkeypatch.setenv("FREE_INTERACTIONS", "1000")
    return app.handler({"Records": list(records)}, Context())  # type: ignore[arg-type]


def with_(item: dict[str, Any], **values: Any) -> dict[str, Any]:
    serialize = TypeSerializer().serialize
    return item | {name: serialize(value) for name, value in values.items()}


def test_accounts_as_the_table_holds_them_become_events(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.account()
    (created,) = images(admin)
    failed = with_(
        created,
        status="failed",
        version=3,
        issues=json.dumps([["role_not_assumable", "It is not there.", "Deploy it."]]),
        last_verification_id="01JN8Q5M3C00000000000000A1",
        last_outcome="failed",
        last_finished_at="2025-03-01T12:00:00.000000+0000",
    )
    bus = Bus()

    answer = handle(
        monkeypatch,
        bus,
        record(1, None, created),
        record(2, created, failed),
        record(3, failed, None),
    )

    assert answer == {"batchItemFailures": []}
    assert [event.type for event in bus.accepted] == [
        "Account Created",
        "Verification Finished",
        "Account Failed",
        "Account Deleted",
    ]
    assert {event.detail["organization_id"] for event in bus.accepted} == {ORGANIZATION_ID}
    assert [p for event in bus.accepted for p in problems_of(event.type, event.detail)] == []


def test_a_test_that_begins_publishes_nothing(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    account = admin.account()
    (before,) = images(admin)
    admin.post(f"/v1/accounts/{account['account_id']}/verifications")
    (testing,) = images(admin)
    bus = Bus()

    handle(monkeypatch, bus, record(1, before, testing))

    assert testing["slot_verification_id"]
    assert bus.accepted == []


def test_nothing_is_published_after_a_record_that_failed(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    for index, name in enumerate(("A", "B", "C")):
        admin.account(name=name, provider_id=number(index))
    created = [record(index, None, image) for index, image in enumerate(images(admin))]
    bus = Bus("B")

    answer = handle(monkeypatch, bus, *created)

    assert [failure["itemIdentifier"] for failure in answer["batchItemFailures"]] == ["1", "2"]
    assert [event.detail["name"] for event in bus.accepted] == ["A"]


def test_a_batch_that_fails_as_a_whole_is_tried_again(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.account(name="A")

    with pytest.raises(BatchProcessingError):
        handle(monkeypatch, Bus("A"), record(1, None, images(admin)[0]))
