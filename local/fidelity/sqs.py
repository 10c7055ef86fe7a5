"""SQS."""

from __future__ import annotations

from typing import Any

from ministack.core import iam_actions

from local.fidelity.correction import corrects


@corrects(iam_actions, "extract_iam_action")
def authorize_batches_as_single_calls(original: Any, service: str, *request: Any) -> str | None:
    """A batch needs the permission of the single call: SendMessageBatch that of SendMessage.

    The emulator asks for `sqs:SendMessageBatch`, an action that IAM does not have.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    """
    action: str | None = original(service, *request)
    return action.removesuffix("Batch") if action and service == "sqs" else action
