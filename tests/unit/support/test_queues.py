"""A test that fails on a stack leaves its queues as it found them."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from typing import Any

import pytest

from local.settings import ROOT
from tests.support import queues
from tests.support.queues import own_messages, tries

POLICY = json.dumps({"deadLetterTargetArn": "arn", "maxReceiveCount": 9})


class Broken(Exception):
    """What ends a test."""


@dataclass
class Sqs:
    """One queue: its messages by id, and its redrive policy."""

    bodies: dict[str, str] = field(default_factory=dict)
    policy: str = POLICY

    def receive_message(self, **_: Any) -> dict[str, Any]:
        messages = [
            {"MessageId": message_id, "ReceiptHandle": message_id, "Body": body}
            for message_id, body in self.bodies.items()
        ]
        return {"Messages": messages} if messages else {}

    def delete_message(self, *, QueueUrl: str, ReceiptHandle: str) -> None:  # noqa: N803
        del self.bodies[ReceiptHandle]

    def get_queue_attributes(self, **_: Any) -> dict[str, Any]:
        return {"Attributes": {"RedrivePolicy": self.policy}}

    def set_queue_attributes(self, *, QueueUrl: str, Attributes: dict[str, str]) -> None:  # noqa: N803
        self.policy = Attributes["RedrivePolicy"]


@pytest.fixture
def sqs(monkeypatch: pytest.MonkeyPatch) -> Sqs:
    made = Sqs({"old": '{"of": "somebody"}'})
    monkeypatch.setattr(queues.aws, "client", lambda *_: made)
    monkeypatch.setattr(queues.inspection, "resource_name", lambda *_: "url")
    return made


class FakeStack:
    emulator_url = "nowhere"


def fail_after_a_message(sqs: Sqs) -> None:
    with own_messages(FakeStack(), "Dead", lambda body: body["of"] == "me") as own:  # type: ignore[arg-type]
        sqs.bodies |= {"mine": '{"of": "me"}', "theirs": '{"of": "them"}'}
        assert [message.message_id for message in own.all()] == ["mine"]
        raise Broken


def test_a_failed_test_takes_out_its_own_messages_and_no_others(sqs: Sqs) -> None:
    with pytest.raises(Broken):
        fail_after_a_message(sqs)

    assert set(sqs.bodies) == {"old", "theirs"}


def fail_with_fewer_tries(sqs: Sqs) -> None:
    with tries(FakeStack(), "Waiting", 1):  # type: ignore[arg-type]
        assert json.loads(sqs.policy)["maxReceiveCount"] == 1
        raise Broken


def test_a_failed_test_puts_the_redrive_policy_back(sqs: Sqs) -> None:
    with pytest.raises(Broken):
        fail_with_fewer_tries(sqs)

    assert sqs.policy == POLICY


def test_no_test_purges_a_queue_or_changes_one_by_itself() -> None:
    found = {
        path.name
        for folder in ("e2e", "browser", "bench", "support")
        for path in (ROOT / "tests" / folder).rglob("*.py")
        if re.search(r"purge_queue|set_queue_attributes", path.read_text())
    }

    assert found == {"queues.py"}
