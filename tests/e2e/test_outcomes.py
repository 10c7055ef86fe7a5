"""What became of a start or stop on the deployed stack: an instance that starts, one that falls
back to stopped because Cavok's role may not use the key of its volume, and a schedule's turn.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from cavok.domain.permissions import ENCRYPTED_VOLUMES
from local import aws
from tests.e2e.using import DAYS, Use, Used, control, window
from tests.support.http import answer
from tests.support.waiting import wait_for

Json = dict[str, Any]


def encrypted_instance(used: Used) -> str:
    """A stopped instance, whose volume is encrypted under a key of the customer's own."""
    place = used.connected.place
    key = aws.client("kms", place.emulator_url, place.account_number).create_key()
    disk = {
        "DeviceName": "/dev/xvda",
        "Ebs": {"Encrypted": True, "KmsKeyId": key["KeyMetadata"]["Arn"]},
    }
    ec2 = aws.ec2(place.emulator_url, place.account_number)
    made = ec2.run_instances(
        ImageId="ami-0123456789abcdef0",
        MinCount=1,
        MaxCount=1,
        BlockDeviceMappings=[disk],  # type: ignore[list-item]
    )
    instance_id = str(made["Instances"][0]["InstanceId"])
    ec2.stop_instances(InstanceIds=[instance_id])
    return instance_id


def grant_the_group(used: Used, statement: Json) -> None:
    """The customer adds a statement to Cavok's role."""
    place = used.connected.place
    aws.iam(place.emulator_url, place.account_number).put_role_policy(
        RoleName=str(used.prepared.role_name),
        PolicyName="CavokEncryptedVolumes",
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [statement]}),
    )


def seen(used: Used, instance_id: str) -> tuple[str, str | None]:
    """The instance's state, and the code of AWS's reason for it."""
    place = used.connected.place
    ec2 = aws.ec2(place.emulator_url, place.account_number)
    found = ec2.describe_instances(InstanceIds=[instance_id])["Reservations"][0]["Instances"][0]
    return found["State"]["Name"], found.get("StateReason", {}).get("Code")


def outcome(used: Used, interaction_id: str) -> Json:
    """The interaction, once its result is final."""

    def find() -> Json:
        (found,) = (i for i in used.history() if i["interaction_id"] == interaction_id)
        return found

    return wait_for(find, lambda found: found["result"] != "pending", seconds=150)


@pytest.fixture(scope="module")
def fallen(use: Use) -> tuple[Used, str]:
    used = use()
    return used, encrypted_instance(used)


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


def test_a_schedules_turn_that_falls_back_is_tried_again(use: Use) -> None:
    used = use()
    instance_id = encrypted_instance(used)
    at = (datetime.now(UTC) + timedelta(minutes=2)).replace(second=0, microsecond=0)
    shift = window(DAYS, at, at + timedelta(hours=12))
    control(used, "ec2", instance_id, {"time_zone": "UTC", "windows": [shift]})

    wait_for(
        lambda: seen(used, instance_id),
        lambda now: now == ("stopped", "Client.InternalError"),
        seconds=180,
    )
    grant_the_group(used, ENCRYPTED_VOLUMES.statement())

    turns = [item for item in used.history() if item["actor"] == "schedule"]
    assert [(turn["outcome"], turn["result"]) for turn in turns] == [("accepted", "pending")]
    found = outcome(used, turns[0]["interaction_id"])
    assert (found["result"], found["state"]) == ("reached", "running")
    assert [item["actor"] for item in used.history()].count("schedule") == 1
