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

    def send(self, acts: Sequence[FollowedAct]) -> list[str | None]:
        """Sends acts, and returns for each why the queue did not take it; null if it did."""
        refusals: list[str | None] = []
        for start in range(0, len(acts), _MOST_MESSAGES):
            refusals += self._send(acts[start : start + _MOST_MESSAGES])
        return refusals

    def _send(self, acts: Sequence[FollowedAct]) -> list[str | None]:
        try:
            answer = self._sqs.send_message_batch(
                QueueUrl=self._queue_url,
                Entries=[
                    {"Id": str(number), "MessageBody": act.body, "MessageGroupId": act.group}
                    for number, act in enumerate(acts)
                ],
            )
        except AWS_ERRORS as error:
            return [str(error)] * len(acts)
        failed = {entry["Id"]: entry["Code"] for entry in answer.get("Failed", ())}
        return [failed.get(str(number)) for number in range(len(acts))]
