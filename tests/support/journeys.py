"""The way of a sample customer: an account is added, its owner follows "Deploy on AWS", the first
test runs.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import Any

import httpx

from local import customers
from local.customers import Customer, CustomerAccount, Prepared
from tests.support.connections import Connected, connect, resource_states
from tests.support.http import Json


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


def connect_and_test(
    person: httpx.Client, customer: Customer, place: CustomerAccount, policy: Mapping[str, Any]
) -> Journey:
    """The whole way of a sample customer. `policy` is that of `GET /v1/permissions`, which who uses
    keys copies.
    """
    form: Json = {"write_logs": customer.write_logs}
    if customer.regions:
        form["regions"] = list(customer.regions)
    if customer.access_type == "access_key":
        prepared = customers.prepare(
            customer,
            place.emulator_url,
            account_number=place.account_number,
            policy_document=policy,
        )
        fields = {"access_type": "access_key", "credentials": prepared.credentials}
        connected = connect(person, place, **form, **fields)
    else:
        connected = connect(person, place, **form)
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
