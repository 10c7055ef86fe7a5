"""What a person does with an account over the HTTP API: add it, follow "Deploy on AWS", press Test
and watch.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import httpx

from local import aws, customers
from local.customers import Customer, Offer, Prepared, Workplace

TEST_SECONDS = 180

Json = dict[str, Any]


@dataclass(frozen=True)
class Connected:
    """An account that was added, with the client of who added it."""

    person: httpx.Client
    place: Workplace
    account_id: str

    @property
    def path(self) -> str:
        return f"/v1/accounts/{self.account_id}"

    def account(self) -> Json:
        return answer(self.person.get(self.path))

    def offer(self) -> Offer:
        """What stands behind this account's "Deploy on AWS" link."""
        instructions = answer(self.person.get(f"{self.path}/instructions"))
        return Offer.from_link(instructions["deploy_on_aws_url"])

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


@dataclass
class Journey:
    """A sample customer's account and its first test, from the customer's and from our side."""

    customer: Customer
    connected: Connected
    prepared: Prepared
    started: Json
    running: list[Json] = field(default_factory=list)
    verification: Json = field(default_factory=dict)
    account: Json = field(default_factory=dict)
    resources_before: Json = field(default_factory=dict)
    resources_after: Json = field(default_factory=dict)


class Journeys(Mapping[str, Journey]):
    """Sample customers' first tests by key. They run together; asking for one waits for it."""

    def __init__(self, running: Mapping[str, Future[Journey]]) -> None:
        self._running = running

    def __getitem__(self, key: str) -> Journey:
        return self._running[key].result(timeout=300)

    def __iter__(self) -> Iterator[str]:
        return iter(self._running)

    def __len__(self) -> int:
        return len(self._running)


def answer(response: httpx.Response) -> Any:
    assert response.is_success, f"{response.request.url}: {response.status_code} {response.text}"
    return response.json() if response.content else None


def problem(response: httpx.Response, status: int) -> Json:
    """The problem (RFC 9457) that an answer must be."""
    assert response.status_code == status, f"{response.status_code} {response.text}"
    assert response.headers["content-type"] == "application/problem+json"
    body: Json = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


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


def connect(person: httpx.Client, place: Workplace, **fields: Any) -> Connected:
    added = answer(person.post("/v1/accounts", json=new_account(place.account_number, **fields)))
    return Connected(person, place, added["account_id"])


def connect_and_test(
    person: httpx.Client, customer: Customer, place: Workplace, policy: Mapping[str, Any]
) -> Journey:
    """The whole way of a sample customer. `policy` is that of `GET /v1/permissions`, which who uses
    keys copies.
    """
    if customer.access_type == "access_key":
        prepared = customers.prepare(
            customer,
            place.emulator_url,
            account_number=place.account_number,
            policy_document=policy,
        )
        fields = {"access_type": "access_key", "credentials": prepared.credentials}
        connected = connect(person, place, write_logs=customer.write_logs, **fields)
    else:
        connected = connect(person, place, write_logs=customer.write_logs)
        prepared = customers.prepare(
            customer,
            place.emulator_url,
            account_number=place.account_number,
            offer=connected.offer(),
        )
    before = resource_states(place)
    journey = Journey(
        customer, connected, prepared, connected.press_test(), resources_before=before
    )
    journey.verification = connected.watch(
        journey.started["verification_id"],
        lambda seen: journey.running.append(seen) if seen["state"] == "running" else None,
    )
    journey.account = connected.account()
    journey.resources_after = resource_states(place)
    return journey


def resource_states(place: Workplace) -> Json:
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
