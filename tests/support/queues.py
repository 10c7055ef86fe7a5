"""A test's own messages in a queue of the stack. Others' stay, for `invariants` to report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from local import aws
from local.stack import Stack
from tests.support import inspection
from tests.support.http import Json

_COUNTS = (
    "ApproximateNumberOfMessages",
    "ApproximateNumberOfMessagesNotVisible",
    "ApproximateNumberOfMessagesDelayed",
)


def messages_in(sqs: Any, url: str) -> int:
    """How many messages a queue has: waiting, in flight and delayed."""
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=list(_COUNTS))["Attributes"]
    return sum(int(found[count]) for count in _COUNTS)


@dataclass(frozen=True)
class Message:
    message_id: str
    body: Json
    receipt_handle: str


@dataclass(frozen=True)
class OwnMessages:
    """Those of one queue of the template that are not in `others` and that `mine` accepts."""

    sqs: Any
    url: str
    others: frozenset[str]
    mine: Callable[[Json], bool]

    def all(self) -> list[Message]:
        return [
            message
            for message in _messages(self.sqs, self.url)
            if message.message_id not in self.others and self.mine(message.body)
        ]

    def take_out(self, message: Message) -> None:
        self.sqs.delete_message(QueueUrl=self.url, ReceiptHandle=message.receipt_handle)


@contextmanager
def own_messages(stack: Stack, queue: str, mine: Callable[[Json], bool]) -> Iterator[OwnMessages]:
    """From now on, a test's own messages in this queue: `mine` says which. What it leaves is taken
    out, by id, also if it fails.
    """
    sqs, url = aws.client("sqs", stack.emulator_url), inspection.resource_name(stack, queue)
    others = frozenset(message.message_id for message in _messages(sqs, url))
    own = OwnMessages(sqs, url, others, mine)
    try:
        yield own
    finally:
        for message in own.all():
            own.take_out(message)


def _messages(sqs: Any, url: str) -> list[Message]:
    found = sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10, VisibilityTimeout=0)
    return [
        Message(each["MessageId"], json.loads(each["Body"]), each["ReceiptHandle"])
        for each in found.get("Messages", [])
    ]


@contextmanager
def tries(stack: Stack, queue: str, count: int) -> Iterator[None]:
    """A message of this queue is given up after so many receives. The policy is put back, also if
    the test fails.
    """
    sqs, url = aws.client("sqs", stack.emulator_url), inspection.resource_name(stack, queue)
    found = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["RedrivePolicy"])
    before = found["Attributes"]["RedrivePolicy"]
    fewer = json.loads(before) | {"maxReceiveCount": count}
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": json.dumps(fewer)})
    try:
        yield
    finally:
        sqs.set_queue_attributes(QueueUrl=url, Attributes={"RedrivePolicy": before})
