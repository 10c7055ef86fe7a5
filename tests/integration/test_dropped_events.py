"""Consumers drop what they can never process, count it, and deliver the rest."""

from __future__ import annotations

import json
from typing import Any
from unittest.mock import Mock

import pytest

from cavok.domain.events import OF_WEBHOOKS, REGISTRY, SOURCE, EventType
from cavok.domain.webhooks import TRIES, wait_seconds
from functions.deliver_webhook import app as deliver_webhook
from functions.end_resources import app as end_resources
from tests.support.api import Context
from tests.support.builders import ACCOUNT_ID, NOW, ORGANIZATION_ID, VERIFICATION_ID
from tests.support.messages import QUEUES, RULES, invoke
from tests.support.template import FUNCTIONS

NO_ENVELOPE = {
    "source": "cavok.accounts",
    "detail-type": "Account Deleted",
    "detail": {"organization_id": ORGANIZATION_ID},
}
ENVELOPE = {
    "event_id": "e",
    "organization_id": ORGANIZATION_ID,
    "account_id": ACCOUNT_ID,
    "occurred_at": "2025-03-01T12:00:00Z",
}
UNKNOWN: dict[str, Any] = NO_ENVELOPE | {"detail-type": "No Such Event", "detail": ENVELOPE}
UNUSABLE = ["{", "[]", json.dumps(NO_ENVELOPE), json.dumps(UNKNOWN)]


def dropped(printed: str) -> int:
    """The sum of the metric that the function wrote."""
    lines = [json.loads(line) for line in printed.splitlines() if "_aws" in line]
    return sum(int(value) for line in lines for value in line["DroppedEvents"])


def messages(*bodies: str) -> dict[str, Any]:
    return {
        "Records": [
            {
                "messageId": f"m-{index}",
                "receiptHandle": "r",
                "body": body,
                "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "0"},
                "eventSource": "aws:sqs",
                "eventSourceARN": "arn:aws:sqs:us-east-1:123456789012:WebhookRetries",
            }
            for index, body in enumerate(bodies)
        ]
    }


HEARS_ANYBODY = {"HearConnections"}
"""Who takes what anybody may publish, and drops the rest without an alarm:
test_hear_connections.py.
"""


@pytest.mark.parametrize("function", sorted(QUEUES.keys() - HEARS_ANYBODY))
def test_every_queues_consumer_drops_what_it_can_never_process(
    function: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert invoke(function, messages(*UNUSABLE)) == {"batchItemFailures": []}
    assert dropped(capsys.readouterr().out) == len(UNUSABLE)


@pytest.mark.parametrize("event", [NO_ENVELOPE, UNKNOWN])
def test_the_end_of_resources_drops_what_it_can_never_process(
    event: dict[str, Any], capsys: pytest.CaptureFixture[str]
) -> None:
    assert end_resources.handler(event, Context()) == {"ended": 0}  # type: ignore[arg-type]
    assert dropped(capsys.readouterr().out) == 1


def types_for(function: str) -> set[str]:
    """The types that a rule sends to this function, or to its queue. All go to webhooks."""
    if function == "DeliverWebhook":
        return set(REGISTRY)
    fed_by = {function, *QUEUES.get(function, {}).get("Queue", {}).get("Fn::GetAtt", ())}
    return {each for rule in RULES.values() if fed_by & {*rule.targets} for each in rule.types()}


CONSUMERS = {*QUEUES, *(name for rule in RULES.values() for name in rule.targets)} & {*FUNCTIONS}
CONSUMERS -= HEARS_ANYBODY
FOREIGN = [(name, each) for name in CONSUMERS for each in REGISTRY if each not in types_for(name)]
DROPPED = ({"batchItemFailures": []}, {"ended": 0}, {})
"""What a consumer answers that has nothing else to do."""


@pytest.mark.filterwarnings("ignore:No application metrics")
@pytest.mark.parametrize(("function", "event_type"), sorted(FOREIGN))
def test_a_consumer_drops_each_type_that_is_not_for_it(
    function: str, event_type: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """No rule sends it; an operator, or a rule that takes more, may."""
    detail = ENVELOPE | ({"account_id": None} if event_type in OF_WEBHOOKS else {})
    event = {"source": SOURCE, "detail-type": event_type, "detail": detail}

    answer = invoke(function, messages(json.dumps(event)) if function in QUEUES else event)

    assert answer in DROPPED
    assert dropped(capsys.readouterr().out) == 1


RECORD = {"organization_id": ORGANIZATION_ID, "account_id": ACCOUNT_ID}
FIELDS: dict[str, dict[str, str]] = {
    "DeliverWebhook": ENVELOPE,
    "EndResources": ENVELOPE,
    "FollowOutcome": RECORD | {"interaction_id": "i"},
    "FollowSchedule": RECORD | {"resource_id": "r", "clock": "r-0800", "made_at": NOW.isoformat()},
    "LogInteractions": RECORD | {"interaction_id": "i", "at": NOW.isoformat()},
    "RunBulkOperation": {"organization_id": ORGANIZATION_ID, "operation_id": "p"},
    "RecordVerification": RECORD | {"verification_id": VERIFICATION_ID, "trigger": "manual"},
}
"""The ids and times that each consumer reads."""
TYPES = {
    "DeliverWebhook": EventType.FAILED,
    "EndResources": EventType.DELETED,
    "LogInteractions": EventType.INTERACTION,
}
NO_IDS = (None, 7, {}, "", "x" * 1_000, "\ud800")
NO_TIMES = (7, "yesterday", "2025-03-01T12:00:00")
MALFORMED = [
    pytest.param(function, name, value, id=f"{function}-{name}-{str(value)[:9]!a}")
    for function, fields in FIELDS.items()
    for name in fields
    for value in (NO_TIMES if name.endswith("at") else NO_IDS)
]


def comes(function: str, fields: dict[str, Any]) -> Any:
    """What the consumer answers to a message with these fields."""
    event: dict[str, Any] = fields
    if function in TYPES:
        event = {"source": SOURCE, "detail-type": TYPES[function], "detail": fields}
    if function == "RecordVerification":
        event = {"detail": {"status": "TIMED_OUT", "input": json.dumps(fields)}}
    return invoke(function, messages(json.dumps(event)) if function in QUEUES else event)


@pytest.mark.filterwarnings("ignore:No application metrics")
@pytest.mark.parametrize(("function", "name", "value"), MALFORMED)
def test_a_consumer_drops_a_message_whose_id_fits_into_no_key_or_whose_time_is_none(
    function: str, name: str, value: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    """Else it comes again and again, as long as its queue keeps it."""
    assert comes(function, FIELDS[function] | {name: value}) in DROPPED
    assert dropped(capsys.readouterr().out) == 1


def test_of_each_consumer_the_ids_and_times_are_known() -> None:
    assert FIELDS.keys() == CONSUMERS


@pytest.mark.filterwarnings("ignore:No application metrics")
def test_the_end_of_an_execution_that_tested_no_account_is_dropped(
    capsys: pytest.CaptureFixture[str],
) -> None:
    """Somebody started it by hand, with ids that are well-formed."""
    assert comes("RecordVerification", FIELDS["RecordVerification"]) == {}
    assert dropped(capsys.readouterr().out) == 1


def test_of_each_consumer_there_is_a_type_that_is_not_for_it() -> None:
    assert {name for name, _ in FOREIGN} == CONSUMERS - {"DeliverWebhook"}


def test_a_failed_delivery_is_reported_alone_even_if_it_is_the_whole_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """An exception of the handler would count as an error of the function."""

    def fail(*_: object, **__: object) -> None:
        raise deliver_webhook.NotDelivered("hooks.example.com answered 500.")

    retries, webhooks = Mock(), Mock()
    webhooks.delivery.return_value = None
    monkeypatch.setattr("cavok.services.webhooks.deliver", fail)
    monkeypatch.setattr(deliver_webhook.wiring, "webhook_retries", lambda: retries)
    monkeypatch.setattr(deliver_webhook.wiring, "webhooks", lambda: webhooks)
    for name in ("sealer", "webhook_client", "loopback_webhooks_allowed"):
        monkeypatch.setattr(deliver_webhook.wiring, name, lambda: None)
    event = {"detail-type": "Account Failed", "detail": ENVELOPE}

    answer = deliver_webhook.handler(messages(json.dumps(event)), Context())  # type: ignore[arg-type]

    assert answer == {"batchItemFailures": [{"itemIdentifier": "m-0"}]}
    retries.hide.assert_called_once_with("r", wait_seconds(TRIES))
