"""What a person does with an account that is connected: use its instances, read what was done with
them.
"""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import httpx

from cavok.domain.permissions import ENCRYPTED_VOLUMES
from local import aws, customers
from local.customers import CUSTOMERS, Customer, CustomerAccount, Prepared
from tests.support.connections import Connected, connect
from tests.support.http import answer
from tests.support.waiting import wait_for
from tests.support.weeks import turn_soon, twelve_hours_from, twelve_hours_until

GROUP = "/cavok/interactions"


@dataclass(frozen=True)
class Used:
    """A connected account, and what stands in it."""

    connected: Connected
    prepared: Prepared

    def post(self, kind: str, instance_id: str, action: str, **headers: str) -> httpx.Response:
        path = f"{self.connected.path}/instances/{kind}/{instance_id}/{action}"
        return self.connected.person.post(path, headers=headers)

    def get(self, what: str, **query: str) -> Any:
        """Instances as they are now, not those of a minute ago."""
        query |= {"refresh": "true"} if what == "instances" else {}
        return answer(self.connected.person.get(f"{self.connected.path}/{what}", params=query))

    def history(self) -> list[dict[str, Any]]:
        """All of it, newest first."""
        page = self.get("interactions", limit="100")
        items: list[dict[str, Any]] = page["items"]
        while page["next_cursor"]:
            page = self.get("interactions", limit="100", cursor=page["next_cursor"])
            items += page["items"]
        return items

    def counted(self) -> tuple[int, int]:
        """This month's usage, and how many entries of the history belong to this month."""
        usage, history = self.get("usage"), self.history()
        return usage["used"], sum(item["at"].startswith(usage["period"]) for item in history)

    def logged_history(self) -> list[dict[str, Any]]:
        """The history, once nothing in it is pending."""
        return wait_for(
            self.history, lambda items: all(item["logged"] != "pending" for item in items)
        )

    def lines(self) -> list[dict[str, Any]]:
        """The lines in the customer's own log group."""
        place = self.connected.place
        logs = aws.logs(place.emulator_url, place.account_number)
        pages = logs.get_paginator("filter_log_events").paginate(logGroupName=GROUP)
        return [json.loads(event["message"]) for page in pages for event in page["events"]]

    def log_groups(self) -> set[str]:
        place = self.connected.place
        logs = aws.logs(place.emulator_url, place.account_number)
        return {group["logGroupName"] for group in logs.describe_log_groups()["logGroups"]}


Use = Callable[..., Used]


@dataclass(frozen=True)
class ScheduledStop:
    """A database that runs until its schedule stops it."""

    used: Used
    instance_id: str
    resource: dict[str, Any]
    at: datetime


def schedule_a_stop(used: Used, instance_id: str) -> ScheduledStop:
    """On for the twelve hours that end two minutes from now, every day; Scheduler asks then."""
    at = turn_soon()
    resource = control(used, "rds", instance_id, twelve_hours_until(at))
    return ScheduledStop(used, instance_id, resource, at)


def control(used: Used, kind: str, instance_id: str, schedule: Any = None) -> dict[str, Any]:
    """Puts an instance under control."""
    body = {"kind": kind, "instance_id": instance_id, "region": "us-east-1", "schedule": schedule}
    response = used.connected.person.post(f"{used.connected.path}/resources", json=body)
    made: dict[str, Any] = answer(response)
    assert response.status_code == 201
    assert response.headers["location"].endswith(made["resource_id"])
    return made


def connect_and_use(
    person: httpx.Client,
    place: CustomerAccount,
    customer: Customer = CUSTOMERS["all-permissions"],
    **fields: Any,
) -> Used:
    """Connects a sample customer's account, and tests it."""
    account = connect(person, place, **fields)
    prepared = customers.prepare(
        customer,
        place.emulator_url,
        account_number=place.account_number,
        offer=account.offer(),
    )
    account.test()
    return Used(account, prepared)


def encrypted_instance_of(used: Used) -> str:
    """See `encrypted_instance`."""
    place = used.connected.place
    kms = aws.client("kms", place.emulator_url, place.account_number)
    return encrypted_instance(aws.ec2(place.emulator_url, place.account_number), kms)


def encrypted_instance(ec2: Any, kms: Any) -> str:
    """A stopped instance, whose volume is encrypted under a key of the customer's own."""
    key = kms.create_key()["KeyMetadata"]["Arn"]
    disk = {"DeviceName": "/dev/xvda", "Ebs": {"Encrypted": True, "KmsKeyId": key}}
    made = ec2.run_instances(
        ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1, BlockDeviceMappings=[disk]
    )
    instance_id = str(made["Instances"][0]["InstanceId"])
    ec2.stop_instances(InstanceIds=[instance_id])
    return instance_id


def grant_the_group(used: Used, statement: dict[str, Any]) -> None:
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


def fall_back_on_schedule(used: Used) -> list[dict[str, Any]]:
    """Waits until a schedule has started an instance that fell back to stopped. Then the customer
    grants what was missing. Returns the turns so far.
    """
    instance_id = encrypted_instance_of(used)
    control(used, "ec2", instance_id, twelve_hours_from(turn_soon()))
    wait_for(
        lambda: seen(used, instance_id),
        lambda now: now == ("stopped", "Client.InternalError"),
        seconds=420,  # the message of a turn that fails comes again after two minutes
    )
    grant_the_group(used, ENCRYPTED_VOLUMES.statement())
    return [item for item in used.history() if item["actor"] == "schedule"]
