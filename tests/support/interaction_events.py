"""Interactions as other services tell the bus of them."""

from __future__ import annotations

from typing import Any

from cavok.domain.log_writing import InteractionEvent
from tests.support.builders import ACCOUNT_ID, ORGANIZATION_ID
from tests.support.moto_stack import Clock

NOW = Clock.time
"""CloudWatch Logs takes no line that is older than two weeks."""


def an_event(**but: Any) -> InteractionEvent:
    detail = {
        "organization_id": ORGANIZATION_ID,
        "account_id": ACCOUNT_ID,
        "interaction_id": "planner-17",
        "action": "stop",
        "at": NOW.isoformat(),
    }
    return InteractionEvent.of_event(
        {
            "source": "cavok.planner",
            "detail-type": "Instance Interaction",
            "detail": detail | but,
        }
    )
