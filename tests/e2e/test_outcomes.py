"""What became of a start or stop on the deployed stack: an instance that starts, one that falls
back to stopped because Cavok's role may not use the key of its volume, and a schedule's turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from concurrent.futures import Future
from typing import Any

import pytest

from cavok.domain.permissions import ENCRYPTED_VOLUMES
from tests.e2e.using import Use, Used, encrypted_instance_of, grant_the_group, seen
from tests.support.http import answer
from tests.support.waiting import wait_for

Json = dict[str, Any]


def outcome(used: Used, interaction_id: str) -> Json:
    """The interaction, once its result is final."""

    def find() -> Json:
        (found,) = (i for i in used.history() if i["interaction_id"] == interaction_id)
        return found

    return wait_for(find, lambda found: found["result"] != "pending", seconds=150)


@pytest.fixture(scope="module")
def fallen(use: Use) -> tuple[Used, str]:
    used = use()
    return used, encrypted_instance_of(used)


def test_a_start_that_falls_back_is_not_reached_until_the_customer_grants_what_it_says(
    fallen: tuple[Used, str], bus: Callable[[], list[Json]]
) -> None:
    used, instance_id = fallen

    started = answer(used.post("ec2", instance_id, "start"))
    assert (started["outcome"], started["result"]) == ("accepted", "pending")
    found = outcome(used, started["interaction_id"])

    assert (found["result"], found["state"]) == ("not_reached", "stopped")
    reason = found["state_reason"]
    assert reason.startswith("Client.InternalError: Client error on launch.")
    statement = json.loads(reason[reason.index("{") :])
    assert statement == ENCRYPTED_VOLUMES.statement()
    found = wait_for(
        lambda: [e for e in bus() if e["detail-type"] == "Instance Did Not Follow"], bool
    )
    assert [
        (e["detail"]["interaction_id"], e["detail"]["instance_id"], e["detail"]["state_reason"])
        for e in found
    ] == [(started["interaction_id"], instance_id, reason)]

    grant_the_group(used, statement)
    again = answer(used.post("ec2", instance_id, "start"))
    found = outcome(used, again["interaction_id"])

    assert (found["result"], found["state"]) == ("reached", "running")
    assert found["state_reason"] is None
    assert seen(used, instance_id)[0] == "running"


def test_a_start_of_what_runs_is_reached_at_once(use: Use, used: Used) -> None:
    started = answer(used.post("rds", "orders", "start"))

    assert (started["result"], started["state"]) == ("reached", "available")


def test_a_schedules_turn_that_falls_back_is_tried_again(
    fallen_turn: Future[tuple[Used, list[Json]]],
) -> None:
    used, turns = fallen_turn.result()

    assert [(turn["outcome"], turn["result"]) for turn in turns] == [("accepted", "pending")]
    found = outcome(used, turns[0]["interaction_id"])
    assert (found["result"], found["state"]) == ("reached", "running")
    assert [item["actor"] for item in used.history()].count("schedule") == 1
