"""Messages of a queue that are tried again later, ever later."""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from mypy_boto3_sqs import SQSClient

FIRST_WAIT = 5
LONGEST_WAIT = 6 * 3600
"""Seconds. 5, 20, 80 … as the Standard Webhooks specification recommends."""


class WaitingMessages:
    def __init__(self, sqs: "SQSClient", queue_url: str) -> None:
        self._sqs = sqs
        self._queue_url = queue_url

    def delay(self, receipt_handle: str, tries: int) -> None:
        """Hides a message that was tried this often until it is to be tried again."""
        self._sqs.change_message_visibility(
            QueueUrl=self._queue_url,
            ReceiptHandle=receipt_handle,
            VisibilityTimeout=wait_seconds(tries),
        )


def wait_seconds(tries: int) -> int:
    doublings = 2 * min(max(tries - 1, 0), 10)
    return min(FIRST_WAIT << doublings, LONGEST_WAIT)
