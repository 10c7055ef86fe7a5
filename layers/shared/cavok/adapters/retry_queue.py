"""Retries of a queue's messages with exponential backoff."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

FIRST_WAIT = 5
LONGEST_WAIT = 6 * 3600
"""Seconds. The delays 5, 20, 80 … follow the Standard Webhooks specification."""

TRIES = 9
"""After so many the queue gives a message up: `maxReceiveCount` in template.yaml."""


class RetryQueue:
    """An SQS queue whose consumer sets each message's retry delay."""

    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def delay(self, receipt_handle: str, tries: int) -> None:
        """Hides a message until its next try, after `tries` failed ones."""
        self.hide(receipt_handle, wait_seconds(tries))

    def hide(self, receipt_handle: str, seconds: int) -> None:
        """Hides a message for so many seconds."""
        self._sqs.change_message_visibility(
            QueueUrl=self._queue_url, ReceiptHandle=receipt_handle, VisibilityTimeout=seconds
        )


def wait_seconds(tries: int) -> int:
    """The delay in seconds after this many failed tries. None after the last: the queue gives a
    message up when it would be received once more, so hiding it would hide the failure.
    """
    if tries >= TRIES:
        return 0
    return min(FIRST_WAIT << 2 * max(tries - 1, 0), LONGEST_WAIT)
