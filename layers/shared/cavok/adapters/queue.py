"""Queues to which functions send messages, fair between organizations."""

import math
from collections.abc import Sequence
from datetime import timedelta
from typing import TYPE_CHECKING, Protocol

from cavok.adapters.aws_errors import AWS_ERRORS
from cavok.domain.deadlines import NO_DEADLINE, Deadline

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient
    from mypy_boto3_sqs.type_defs import SendMessageBatchRequestEntryTypeDef

_MOST_MESSAGES = 10
"""The limit of one SendMessageBatch. Source: SQS API reference."""


class QueueMessage(Protocol):
    """A message for a queue. `group` is the same for all messages of an organization."""

    @property
    def body(self) -> str:
        """The text of the SQS message."""

    @property
    def group(self) -> str:
        """The message group that fair queues go by."""


class Queue:
    """An SQS queue that is fair: one organization's messages do not delay those of others. A
    consumer may set the delay of a message's next try.

    Source: SQS Developer Guide, "Amazon SQS fair queues": MessageGroupId names the tenant.
    """

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def send(
        self,
        messages: Sequence[QueueMessage],
        *,
        delay: timedelta | None = None,
        deadline: Deadline = NO_DEADLINE,
    ) -> list[str | None]:
        """Sends messages, and returns for each why it was not sent; null if it was. After a call
        that failed, or the deadline, no call is made.

        `delay`: at most 15 minutes; null is the queue's own. Source: SQS Developer Guide, "Amazon
        SQS message timers", which all but FIFO queues have.
        """
        refusals: list[str | None] = []
        then = "The time ran out."
        for start in range(0, len(messages), _MOST_MESSAGES):
            if not deadline.left:
                break
            try:
                refusals += self._send(messages[start : start + _MOST_MESSAGES], delay)
            except AWS_ERRORS as error:
                then = str(error)
                break
        return refusals + [then] * (len(messages) - len(refusals))

    def _send(self, messages: Sequence[QueueMessage], delay: timedelta | None) -> list[str | None]:
        entries: list[SendMessageBatchRequestEntryTypeDef] = [
            {"Id": str(number), "MessageBody": each.body, "MessageGroupId": each.group}
            for number, each in enumerate(messages)
        ]
        if delay is not None:
            for entry in entries:
                entry["DelaySeconds"] = math.ceil(delay.total_seconds())
        answer = self._sqs.send_message_batch(QueueUrl=self._queue_url, Entries=entries)
        failed = {entry["Id"]: entry["Code"] for entry in answer.get("Failed", ())}
        return [failed.get(str(number)) for number in range(len(messages))]

    def hide(self, receipt_handle: str, seconds: int) -> None:
        """Hides a message for so many seconds."""
        self._sqs.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )
