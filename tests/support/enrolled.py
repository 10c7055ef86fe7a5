"""AWS Organizations that are enrolled over the deployed HTTP API, as a person does it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from local import aws
from local.customers import Offer
from local.sample_organization import AwsOrganization
from local.stack import Stack
from tests.support import sweeps
from tests.support.connections import Connected, offered
from tests.support.http import Json, answer
from tests.support.waiting import wait_for

SWEPT_WITHIN = 240
"""Seconds for a few sweeps: on a busy machine, one leaves some accounts for the next."""


@dataclass(frozen=True)
class Enrolled:
    """An enrollment in the hands of who made it, and the AWS Organization in its owner's."""

    person: httpx.Client
    aws: AwsOrganization
    enrollment_id: str

    @property
    def path(self) -> str:
        return f"/v1/enrollments/{self.enrollment_id}"

    def enrollment(self) -> Json:
        found: Json = answer(self.person.get(self.path))
        return found

    def offer(self) -> Offer:
        """What stands behind the enrollment's “Deploy on AWS” link."""
        return offered(self.person, self.path)

    def synchronize(self) -> Json:
        """Press Synchronize, and wait until it has ended."""
        begun = answer(self.person.post(f"{self.path}/synchronizations"))
        path = f"{self.path}/synchronizations/{begun['synchronization_id']}"
        return wait_for(
            lambda: answer(self.person.get(path)),
            lambda found: found["state"] != "running",
            seconds=120,
        )

    def members(self, **query: str) -> Json:
        """The members by AWS's names."""
        asked = {"limit": "100"} | query
        page = answer(self.person.get(f"{self.path}/members", params=asked))
        assert page["next_cursor"] is None
        return {member["name"]: member for member in page["items"]}

    def states(self) -> dict[str, str]:
        return {name: member["state"] for name, member in self.members().items()}

    def accounts(self) -> dict[str, Connected]:
        """The accounts of members by AWS's names."""
        return {
            name: Connected(self.person, self.aws.member(name), member["account_id"])
            for name, member in self.members().items()
            if member["account_id"]
        }


def enroll(person: httpx.Client, organization: AwsOrganization, **fields: Any) -> Enrolled:
    """None leaves a field out."""
    number = organization.management.account_number
    body = {"name": "Ours", "provider": "aws", "management_account_id": number, "write_logs": True}
    given = {name: value for name, value in (body | fields).items() if value is not None}
    made = answer(person.post("/v1/enrollments", json=given))
    return Enrolled(person, organization, made["enrollment_id"])


def sweep_until(
    stack: Stack, organization: str, enrolled: Enrolled, good: Callable[[dict[str, str]], bool]
) -> dict[str, str]:
    """Sweeps test the members whose role is missing, until their states are as wanted. One that was
    tested too early is due again at once.
    """

    def look() -> dict[str, str]:
        missing, accounts = enrolled.members(state="role_missing"), enrolled.accounts()
        sweeps.make_due(stack, organization, *(accounts[name] for name in missing))
        sweeps.run_sweep(stack)
        return enrolled.states()

    return wait_for(look, good, seconds=SWEPT_WITHIN)


def last_synchronized_is_long_ago(stack: Stack, organization: str, enrolled: Enrolled) -> None:
    """Lets ten minutes pass, within which new members begin no synchronization."""
    aws.client("dynamodb", stack.emulator_url).update_item(
        TableName=stack.table_name,
        Key={
            "pk": {"S": f"ORG#{organization}"},
            "sk": {"S": f"ENROLLMENT#{enrolled.enrollment_id}"},
        },
        UpdateExpression="SET last_synchronized_at = :long_ago",
        ExpressionAttributeValues={":long_ago": {"S": sweeps.LONG_AGO}},
    )
