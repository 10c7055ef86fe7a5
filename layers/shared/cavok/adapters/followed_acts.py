"""The queue of starts and stops whose outcome is followed."""

from collections.abc import Sequence

from cavok.adapters.aws_errors import AWS_ERRORS
from cavok.adapters.retry_queue import RetryQueue
from cavok.domain.followed_acts import FollowedAct

_MOST_MESSAGES = 10
"""The limit of one SendMessageBatch. Source: SQS API reference."""


class FollowedActs(RetryQueue):
    """A fair queue: the acts of one organization do not make those of others wait.

    Source: SQS Developer Guide, "Amazon SQS fair queues": MessageGroupId names the tenant.
    """

    def send(self, acts: Sequence[FollowedAct]) -> list[bool]:
        """Sends acts, and returns for each whether the queue accepted it."""
        accepted: list[bool] = []
        for start in range(0, len(acts), _MOST_MESSAGES):
            accepted += self._send(acts[start : start + _MOST_MESSAGES])
        return accepted

    def _send(self, acts: Sequence[FollowedAct]) -> list[bool]:
        try:
            answer = self._sqs.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(number), "MessageBody": act.body, "MessageGroupId": act.group}
                    for number, act in enumerate(acts)
                ],
            )
        except AWS_ERRORS:
            return [False] * len(acts)
        sent = {entry["Id"] for entry in answer["Successful"]}
        return [str(number) in sent for number in range(len(acts))]
