"""Accounts over the deployed HTTP API: added, tested and watched as a person does."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import httpx

from local import aws
from local.customers import CustomerAccount, Offer, set_trust_condition
from tests.support.http import Json, answer

TEST_SECONDS = 180


def offered(person: httpx.Client, path: str) -> Offer:
    """What stands behind the “Deploy on AWS” link of an account or an enrollment."""
    return Offer.from_link(answer(person.get(f"{path}/instructions"))["deploy_on_aws_url"])


@dataclass(frozen=True)
class Connected:
    """An account that was added, with the client of who added it."""

    person: httpx.Client
    place: CustomerAccount
    account_id: str

    @property
    def path(self) -> str:
        return f"/v1/accounts/{self.account_id}"

    def account(self) -> Json:
        return answer(self.person.get(self.path))

    def offer(self) -> Offer:
        """What stands behind this account's "Deploy on AWS" link."""
        return offered(self.person, self.path)

    def press_test(self) -> Json:
        return answer(self.person.post(f"{self.path}/verifications"))

    def verification(self, verification_id: str) -> Json:
        return answer(self.person.get(f"{self.path}/verifications/{verification_id}"))

    def watch(
        self,
        verification_id: str,
        seen: Callable[[Json], None] = lambda verification: None,
        *,
        every: float = 0.25,
    ) -> Json:
        """Poll a test every so many seconds until it ends, showing each state of it to `seen`."""
        deadline = time.monotonic() + TEST_SECONDS
        while time.monotonic() < deadline:
            verification = self.verification(verification_id)
            seen(verification)
            if verification["state"] != "running":
                return verification
            time.sleep(every)
        raise AssertionError(f"still running after {TEST_SECONDS} s: {verification}")

    def test(self) -> Json:
        """Press Test and wait for the verdict."""
        return self.watch(self.press_test()["verification_id"])


def new_account(number: str, **fields: Any) -> Json:
    """A body of `POST /v1/accounts` for a role, changed by `fields`."""
    return {
        "provider": "aws",
        "provider_id": number,
        "name": f"Account{number}",
        "access_type": "assume_role",
        "write_logs": True,
        **fields,
    }


def connect(person: httpx.Client, place: CustomerAccount, **fields: Any) -> Connected:
    added = answer(person.post("/v1/accounts", json=new_account(place.account_number, **fields)))
    return Connected(person, place, added["account_id"])


def close_role(account: Connected) -> None:
    """The customer lets in who brings the organization's external ID, and nobody else."""
    offer = account.offer()
    condition = {"StringEquals": {"sts:ExternalId": offer.external_id}}
    set_trust_condition(condition)(account.place, offer.role_name)


def resource_states(place: CustomerAccount) -> Json:
    """State by identifier of every instance, database and cluster in an account."""
    found = aws.ec2(place.emulator_url, place.account_number).describe_instances()
    rds = aws.rds(place.emulator_url, place.account_number)
    return {
        **{
            instance["InstanceId"]: instance["State"]["Name"]
            for reservation in found["Reservations"]
            for instance in reservation["Instances"]
        },
        **{
            database["DBInstanceIdentifier"]: database["DBInstanceStatus"]
            for database in rds.describe_db_instances()["DBInstances"]
        },
        **{
            cluster["DBClusterIdentifier"]: cluster["Status"]
            for cluster in rds.describe_db_clusters()["DBClusters"]
        },
    }
