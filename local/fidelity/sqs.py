"""SQS."""

from __future__ import annotations

import time
from collections import Counter
from typing import Any

from ministack.core import iam_actions
from ministack.services import sqs

from local.fidelity.correction import corrects


@corrects(iam_actions, "extract_iam_action")
def authorize_batches_as_single_calls(original: Any, service: str, *request: Any) -> str | None:
    """A batch needs the permission of the single call: SendMessageBatch that of SendMessage.

    The emulator asks for `sqs:SendMessageBatch`, an action that IAM does not have.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-api-permissions-reference.html
    """
    action: str | None = original(service, *request)
    return action.removesuffix("Batch") if action and service == "sqs" else action


@corrects(sqs, "_collect_msgs")
def be_fair_between_groups(
    original: Any, queue: dict[str, Any], most: int, hidden_for: int
) -> list[dict[str, Any]]:
    """A standard queue hands out messages of the group first that has the fewest in flight.

    The emulator keeps the order of arrival. AWS does this once a group is noisy, by thresholds that
    it calls approximate.
    https://docs.aws.amazon.com/AWSSimpleQueueService/latest/SQSDeveloperGuide/sqs-fair-queues.html
    """
    if queue["is_fifo"] or not any(each.get("group_id") for each in queue["messages"]):
        collected: list[dict[str, Any]] = original(queue, most, hidden_for)
        return collected
    found: list[dict[str, Any]] = []
    while len(found) < most:
        now, in_flight = time.time(), Counter[str]()
        for each in queue["messages"]:
            if each.get("group_id") and each.get("receive_count") and each["visible_at"] > now:
                in_flight[each["group_id"]] += 1
        waiting = [
            each
            for each in queue["messages"]
            if each.get("visible_at", 0) <= now and not any(each is one for one in found)
        ]
        if not waiting:
            break
        first = min(waiting, key=lambda each: in_flight[each.get("group_id") or ""])
        found += original({**queue, "messages": [first]}, 1, hidden_for)
    return found
