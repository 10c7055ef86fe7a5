"""What a synchronization asks of the table, of AWS Organizations and of Step Functions: in
proportion to the accounts, and few transactions on what counts them.

With SYNCHRONIZED_ACCOUNTS=5000 and `-s` it prints the figures of docs/performance.md.
"""

from __future__ import annotations

import os
import re
import time
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass, field
from math import ceil
from random import Random
from typing import Any

import pytest

from cavok import wiring
from cavok.services.synchronize_organization import ADDED_AT_ONCE, PAGES_A_ROUND, STORED_AT_ONCE
from local.catalog import COSTS
from tests.bench.capacity import Capacity, keys_written
from tests.bench.workflows import Reckoned, definition
from tests.support.api import Api
from tests.support.aws_organization import InMemoryOrganization
from tests.support.builders import ORGANIZATION_ID, WORKLOAD
from tests.support.enrollments import NEW, begin, one_round
from tests.support.moto_stack import OURS, client, let_customers_in

ACCOUNTS = int(os.environ.get("SYNCHRONIZED_ACCOUNTS", "600"))
IN_A_UNIT = 100
MOST_WEIGHED = 1000
"""Of more accounts, read and write units are not counted: moto takes an hour."""
UNITS = ceil(ACCOUNTS / IN_A_UNIT)
VALUES = "ExpressionAttributeValues"

pytestmark = pytest.mark.timeout(60 + ACCOUNTS)


@dataclass
class Spent:
    """What one synchronization asked for. `writes`: how many requests wrote an item of each kind,
    such as `TOTALS`. `seconds`: of the processor, with moto's. `walk`: the largest place that was
    stored, in bytes.
    """

    requests: Counter[str] = field(default_factory=Counter)
    writes: Counter[str] = field(default_factory=Counter)
    units: Capacity = field(default_factory=Capacity)
    rounds: int = 0
    transitions: int = 0
    calls_of_aws: int = 0
    seconds: float = 0.0
    walk: int = 0

    def note(self, params: Any, model: Any, **_: Any) -> None:
        self.requests[model.name] += 1
        kinds = {item["sk"]["S"].partition("#")[0] for _, item in keys_written(model.name, params)}
        self.writes.update(kinds)
        places = (value.get("B", b"") for value in params.get(VALUES, {}).values())
        self.walk = max(self.walk, *map(len, places), 0)

    def __str__(self) -> str:
        return (
            f"{self.seconds:.0f} s, {self.rounds} rounds, {self.transitions} transitions, "
            f"{self.calls_of_aws} calls of Organizations; of the table {dict(self.requests)}, "
            f"{self.units.read:.0f} read and {self.units.written:.0f} write units; "
            f"writes {dict(self.writes)}; the place {self.walk} bytes"
        )


def spent_by(enrollment_id: str, organization: InMemoryOrganization) -> Spent:
    """One that a sweep begins, from its first round to its last, as the workflow makes them."""
    begun, spent, calls = begin(enrollment_id), Spent(), organization.calls

    def perform(resource: str, arguments: Any, _: float) -> tuple[Any, float]:
        more = one_round(begun, organization)
        spent.rounds += 1
        return {"Payload": {"more": more}}, 0.0

    table, sent = wiring.table().connection.client, "provide-client-params.dynamodb.*"
    execution = Reckoned({"Execution": {"Input": {}}}, perform=perform)
    counted = spent.units.units_of(table, behind=client("dynamodb"))
    with counted if ACCOUNTS <= MOST_WEIGHED else nullcontext():
        table.meta.events.register(sent, spent.note)
        began = time.process_time()
        try:
            execution.run(definition("synchronize_organization"), {})
        finally:
            table.meta.events.unregister(sent, spent.note)
    spent.seconds = time.process_time() - began
    spent.transitions = execution.bill.transitions
    spent.calls_of_aws = organization.calls - calls
    return spent


@pytest.fixture
def organization() -> InMemoryOrganization:
    made = InMemoryOrganization()
    units = [made.unit(f"Unit {number}") for number in range(UNITS)]
    numbers = Random(7).sample(range(10**11, 10**12), ACCOUNTS)  # a row of them would pack too well
    for index, number in enumerate(numbers):
        made.member(str(number), f"Workload {index}", units[index // IN_A_UNIT])
    return made


@pytest.fixture(autouse=True)
def _surroundings(stack: None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CANARY_ROLE_ARN", f"arn:aws:iam::{OURS}:role/canary")
    monkeypatch.setenv("CANARY_EXTERNAL_ID", "cavok-canary")
    monkeypatch.setenv("OWN_ACCOUNT_ID", WORKLOAD)
    let_customers_in(monkeypatch)


def test_a_synchronization_asks_in_proportion_and_counts_in_few_transactions(
    admin: Api, organization: InMemoryOrganization
) -> None:
    enrollment_id = admin.post("/v1/enrollments", NEW).json["enrollment_id"]
    pages = 2 * UNITS + ceil(ACCOUNTS / 10) + 10  # in memory, every second page may be empty

    first = spent_by(enrollment_id, organization)
    print(f"\nfirst: {first}")
    added = wiring.enrollments().totals(ORGANIZATION_ID, [enrollment_id])[enrollment_id]
    assert sum(added.values()) == ACCOUNTS

    batches = ceil(ACCOUNTS / STORED_AT_ONCE) + first.rounds
    transactions = ceil(ACCOUNTS / ADDED_AT_ONCE) + first.rounds
    assert first.calls_of_aws <= pages
    assert first.rounds <= ceil(pages / PAGES_A_ROUND) + 1
    assert first.transitions == 3 * first.rounds
    for counter in ("ORG", "TOTALS"):
        assert 0 < first.writes[counter] <= transactions
    assert first.requests["TransactWriteItems"] <= transactions + 2 * first.rounds
    assert first.requests["BatchGetItem"] <= 2 * batches
    batched = ("TransactWriteItems", "BatchGetItem")
    others = sum(n for name, n in first.requests.items() if name not in batched)
    assert others <= 12 * first.rounds + ACCOUNTS / 50

    again = spent_by(enrollment_id, organization)
    print(f"again: {again}")
    if ACCOUNTS <= MOST_WEIGHED:
        assert_units_are_as_told(first.units, again.units)
    assert not again.writes.keys() & {"ORG", "TOTALS", "MEMBER", "ACCOUNT", "CLAIM", "AUDIT"}
    assert again.requests["TransactWriteItems"] <= again.rounds + 1
    assert again.transitions == first.transitions


def assert_units_are_as_told(first: Capacity, again: Capacity) -> None:
    """Per account, in docs/costs.md: of the first, and of one that changes nothing."""
    (documented,) = re.findall(
        r"each account that it adds, ([\d.]+) write units and ([\d.]+) read units:.*"
        r"nothing takes ([\d.]+) read units an account",
        " ".join(COSTS.read_text().split()),
    )
    by_account = [units / ACCOUNTS for units in (first.written, first.read, again.read)]

    assert by_account == pytest.approx([*map(float, documented)], abs=0.1)
