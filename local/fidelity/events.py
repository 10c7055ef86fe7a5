"""EventBridge."""

from __future__ import annotations

import json
from typing import Any

from ministack.core import iam_actions

from local.fidelity.correction import corrects


@corrects(iam_actions, "request_tag_context")
def provide_the_source_key(
    original: Any, service: str, action: str, body: bytes, params: Any
) -> dict[str, Any]:
    """Policies may have conditions on `events:source`: the sources of the entries of a PutEvents.
    The emulator does not know it.

    https://docs.aws.amazon.com/eventbridge/latest/userguide/eb-use-conditions.html
    """
    context: dict[str, Any] = original(service, action, body, params)
    if service != "events" or not action.endswith("PutEvents"):
        return context
    entries = json.loads(body or b"{}").get("Entries") or []
    return {**context, "events:source": sorted({entry["Source"] for entry in entries})}
