"""What the sweep costs: `python -m tests.bench.sweep [--write]`.

Three questions. Does a sweep read in proportion to what is due, however many accounts there are?
What do a million scheduled tests cost at public prices, and what would they cost in a STANDARD
execution an account? Does any minute of the day hold more than its share?
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
import time
from collections import Counter
from collections.abc import Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from statistics import median
from typing import Any

from rich.table import Table

from local import aws, customers
from local import stack as local_stack
from local.customers import CUSTOMERS, Offer
from local.display import console, step
from local.main_job import Api, new_account
from local.settings import REGION, ROOT, STACK_NAME, environment
from local.stack import Stack

sys.path.insert(0, str(ROOT / "layers" / "shared"))

from cavok import wiring
from cavok.adapters.items import AccountItem, Item
from cavok.domain.accounts import AccessType, Account, LastVerification, Outcome, Status
from cavok.domain.permissions import EC2, PROBED_GROUPS, RDS
from cavok.domain.reverification import next_daily_slot
from cavok.domain.steps import Step
from cavok.domain.verifications import Verification
from cavok.services.settle import EndOfTest, settle_test
from cavok.services.sweep import PAGE, lease_due_accounts
from tests.bench.capacity import Capacity

MILLION = 1_000_000
DOLLARS_AT_MOST = 25.0
DUE = 100
FEW, MANY = 1_000, 100_000

PRICES_OF = "us-east-1, on demand, without free tiers, arm64, as published in November 2025"
PRICES: Mapping[str, float] = {
    "state transition": 25.00 / MILLION,
    "express request": 1.00 / MILLION,
    "express GB-second": 0.00001667,
    "lambda request": 0.20 / MILLION,
    "lambda GB-second": 0.0000133334,
    "read unit": 0.125 / MILLION,
    "write unit": 0.625 / MILLION,
    "kms request": 0.03 / 10_000,
    "log GB": 0.50,
    "bus event": 1.00 / MILLION,
    "sqs request": 0.40 / MILLION,
}
"""US dollars. Sources: the pricing pages of Step Functions, Lambda, DynamoDB, KMS, CloudWatch,
EventBridge and SQS. STS is free. A Distributed Map charges one state transition an iteration.
"""

EXPRESS_MEMORY = 64 / 1024
"""GB. Step Functions bills memory in chunks of 64 MB; a test's state is some 40 kB."""

BATCH = 40
"""Accounts of one child of the Distributed Map."""

INDEXES = (
    ("pk", "name_key"),
    ("status_pk", "name_key"),
    ("due_shard", "next_verification_at"),
    ("audited_account", "sk", "*"),
)


@dataclass(frozen=True)
class Units:
    """What one scheduled test consumed. Durations in seconds, memory in GB, sizes in bytes."""

    read: float
    written: float
    lambda_requests: float
    lambda_gb_seconds: float
    express_seconds: float
    kms_requests: float
    log_bytes: float
    transitions_if_standard: float
    transitions_by_hand: float
    lambda_requests_by_hand: float


@dataclass(frozen=True)
class Result:
    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def as_rich(self) -> Table:
        table = Table(title=self.title, title_justify="left")
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left")
        for row in self.rows:
            table.add_row(*row)
        return table


# ---- reads in proportion to what is due


def reads_of_a_sweep(stack: Stack, count: int) -> Capacity:
    """A whole sweep over a table of `count` accounts, of which 100 are due."""
    now = datetime.now(UTC)
    with _table(stack, f"bench-{count}") as client:
        _fill(client, f"bench-{count}", count, now)
        capacity = Capacity(INDEXES)
        with capacity.metered(Item._get_connection().connection.client):
            found = 0
            while page := _lease(now):
                found += len(page)
        assert found == DUE, f"{found} of {DUE} accounts that are due were found"
    return capacity


def units_of_the_table(stack: Stack, steps: tuple[Step, ...]) -> Capacity:
    """What one scheduled test reads and writes: lease, entry, settling. Nothing changes, as on
    almost every day.
    """
    now = datetime.now(UTC)
    with _table(stack, "bench-one") as client:
        _fill(client, "bench-one", DUE, now)
        leasing, capacity = Capacity(INDEXES), Capacity(INDEXES)
        with leasing.metered(Item._get_connection().connection.client):
            verification, *_ = _lease(now)
        with capacity.metered(Item._get_connection().connection.client):
            accounts = wiring.accounts()
            accounts.get(verification.organization_id, verification.account_id)
            accounts.organization(verification.organization_id)
            report = EndOfTest(
                organization_id=verification.organization_id,
                account_id=verification.account_id,
                verification_id=verification.verification_id,
                trigger=verification.trigger,
                steps=steps,
            )
            settled = settle_test(
                report, accounts=accounts, verifications=wiring.verifications(), now=now
            )
            assert settled.outcome is Outcome.CONFIRMED, settled
    capacity.read += leasing.read / DUE
    capacity.written += leasing.written / DUE
    return capacity


def _lease(now: datetime) -> list[Verification]:
    return lease_due_accounts(
        "arn:aws:states:us-east-1:111122223333:execution:reverify-accounts:bench",
        due=wiring.due_accounts(),
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        now=now,
    )


@contextmanager
def _table(stack: Stack, name: str) -> Iterator[Any]:
    """A table like the stack's own, with the models bound to it for a while."""
    client = aws.client("dynamodb", stack.emulator_url)
    like = client.describe_table(TableName=stack.table_name)["Table"]
    indexes = [
        {key: index[key] for key in ("IndexName", "KeySchema", "Projection")}
        for index in like["GlobalSecondaryIndexes"]
    ]
    client.create_table(
        TableName=name,
        AttributeDefinitions=like["AttributeDefinitions"],
        KeySchema=like["KeySchema"],
        GlobalSecondaryIndexes=indexes,
        BillingMode="PAY_PER_REQUEST",
    )
    before = dict(os.environ)
    os.environ.update(environment(stack.emulator_url), TABLE_NAME=name, AUDIT_DAYS="365")
    makers = (wiring.accounts, wiring.verifications, wiring.due_accounts)
    try:
        for make in makers:
            make.cache_clear()
        Item._connection = None  # shared by all models
        wiring.accounts()
        yield client
    finally:
        os.environ.clear()
        os.environ.update(before)
        for make in makers:
            make.cache_clear()
        client.delete_table(TableName=name)


def _fill(client: Any, table: str, count: int, now: datetime, due: int = DUE) -> None:
    """Accounts as they are after months: confirmed, each due at its own time, `due` of them now."""

    def put(first: int) -> None:
        requests = [
            {"PutRequest": {"Item": _item(_account(index, now, due=index < due))}}
            for index in range(first, min(first + 25, count))
        ]
        answer = client.batch_write_item(RequestItems={table: requests})
        assert not answer.get("UnprocessedItems")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(0, count, 25)))
    client.put_item(
        TableName=table,
        Item={
            "pk": {"S": "ORG#northwind"},
            "sk": {"S": "ORG"},
            "external_id": {"S": "cavok-" + "x" * 32},
            "created_at": {"S": "2025-01-01T00:00:00.000000+0000"},
        },
    )


def _item(account: Account) -> dict[str, Any]:
    item: dict[str, Any] = AccountItem.of(account).serialize()
    return item | {"version": {"N": str(account.version)}}


def _account(index: int, now: datetime, *, due: bool) -> Account:
    account_id = f"01JN8Q5M3C{index:016}"
    tested = now - timedelta(hours=20)
    return Account(
        organization_id="northwind",
        account_id=account_id,
        provider="aws",
        provider_id=f"{200000000000 + index}",
        name=f"Production{index}",
        access_type=AccessType.ASSUME_ROLE,
        role_name="CavokCloud",
        access_key_id_ending=None,
        write_logs=True,
        regions=(REGION,),
        status=Status.CONFIRMED,
        verification=LastVerification(account_id, Outcome.CONFIRMED, tested),
        next_verification_at=now if due else next_daily_slot(account_id, now),
        created_at=tested,
        created_by="admin@northwind.example",
        updated_at=tested,
        touched_at=tested,
        connected_at=tested,
        proven=frozenset((*EC2.actions, *RDS.actions)),
        version=400,
    )


# ---- what one scheduled test consumes


def units(stack: Stack, runs: int) -> Units:
    """Scheduled tests of the sample customer, run as STANDARD executions of the very definition
    that the sweep runs as EXPRESS, because those keep a history to read.
    """
    api, customer = Api(stack), CUSTOMERS["all-permissions"]
    account = api.add_account(new_account(customer))
    path = f"/v1/accounts/{account['account_id']}"
    offer = Offer.from_link(api.get(f"{path}/instructions")["deploy_on_aws_url"])
    customers.prepare(customer, stack.emulator_url, offer=offer)
    histories, logged = [], []
    for _ in range(runs + 1):  # the first starts the functions and does not count
        before = Logged.now(stack)
        histories.append(_scheduled(stack, account["account_id"]))
        time.sleep(1)
        logged.append(Logged.now(stack).since(before))
    histories, logged = histories[1:], logged[1:]
    steps = tuple(
        Step.from_dict(one) for one in api.get(f"{path}/verifications?limit=1")["items"][0]["steps"]
    )
    table = units_of_the_table(stack, steps)
    # Seven states around the Map of verify_account and three in it, of which one calls a function.
    probed = sum(len(group.actions) for group in PROBED_GROUPS)
    return Units(
        read=table.read,
        written=table.written,
        lambda_requests=median(_invocations(history) for history in histories),
        lambda_gb_seconds=median(one.gb_seconds for one in logged),
        express_seconds=median(_seconds(history) for history in histories),
        kms_requests=2,  # OpenSession seals the session, ProbeAccount opens it
        log_bytes=median(one.size for one in logged),
        transitions_if_standard=median(_transitions(history) for history in histories),
        transitions_by_hand=7 + 3 * probed,
        lambda_requests_by_hand=3 + probed,
    )


def _scheduled(stack: Stack, account_id: str) -> list[dict[str, Any]]:
    """Leases what is due by the sweep's own function, and runs the tests. The history of this
    account's.
    """
    aws.client("dynamodb", stack.emulator_url).update_item(
        TableName=stack.table_name,
        Key={"pk": {"S": "ORG#northwind"}, "sk": {"S": f"ACCOUNT#{account_id}"}},
        UpdateExpression="SET next_verification_at = :long_ago",
        ExpressionAttributeValues={":long_ago": {"S": "2020-01-01T00:00:00.000000+0000"}},
    )
    function = aws.cloudformation(stack.emulator_url).describe_stack_resource(
        StackName=STACK_NAME, LogicalResourceId="ListDueAccounts"
    )["StackResourceDetail"]["PhysicalResourceId"]
    answer = aws.client("lambda", stack.emulator_url).invoke(
        FunctionName=function, Payload=json.dumps({"sweep_id": "bench", "sweep_arn": "bench"})
    )
    found = None
    for test in json.load(answer["Payload"])["accounts"]:
        aws.step_functions(stack.emulator_url).start_execution(
            stateMachineArn=stack.state_machines["verify_account"],
            name=test["verification_id"],
            input=json.dumps(test),
        )
        history = _history(stack, test["verification_id"])
        if test["account_id"] == account_id:
            found = history
    assert found, "the account was not due"
    return found


def _history(stack: Stack, verification_id: str) -> list[dict[str, Any]]:
    client = aws.client("stepfunctions", stack.emulator_url)
    machine = stack.state_machines["verify_account"].replace(":stateMachine:", ":execution:")
    arn = f"{machine}:{verification_id}"
    while client.describe_execution(executionArn=arn)["status"] == "RUNNING":
        time.sleep(0.05)
    pages = client.get_paginator("get_execution_history").paginate(executionArn=arn)
    return [event for page in pages for event in page["events"]]


def _invocations(history: list[dict[str, Any]]) -> int:
    return sum(event["type"] == "TaskStateExited" for event in history)


def _transitions(history: list[dict[str, Any]]) -> int:
    return sum("stateEnteredEventDetails" in event for event in history)


def _seconds(history: list[dict[str, Any]]) -> float:
    return float((history[-1]["timestamp"] - history[0]["timestamp"]).total_seconds())


@dataclass(frozen=True)
class Logged:
    """What the functions of scheduled tests have written to their logs so far: bytes, with the 26
    that each line costs, and GB-seconds billed, as their REPORT lines say.
    """

    size: int
    gb_seconds: float

    @classmethod
    def now(cls, stack: Stack) -> Logged:
        client = aws.client("logs", stack.emulator_url)
        lines = [
            event["message"]
            for function in ("open_session", "probe_account", "record_verification")
            for page in client.get_paginator("filter_log_events").paginate(
                logGroupName=f"/aws/lambda/{STACK_NAME}/{function}"
            )
            for event in page["events"]
        ]
        billed = (_REPORT.search(line) for line in lines)
        return cls(
            sum(len(line.encode()) + 26 for line in lines),
            sum(int(b["ms"]) / 1000 * int(b["mb"]) / 1024 for b in billed if b),
        )

    def since(self, before: Logged) -> Logged:
        return Logged(self.size - before.size, self.gb_seconds - before.gb_seconds)


_REPORT = re.compile(r"Billed Duration: (?P<ms>\d+) ms\s+Memory Size: (?P<mb>\d+) MB")


# ---- what a million cost


def costs(one: Units) -> Mapping[str, tuple[float, float, float]]:
    """Dollars of a million tests: as the sweep runs them; the same in a STANDARD execution an
    account; and as a person's test runs, a state and a function call a permission.
    """
    page = (3 + -(-PAGE // BATCH)) / PAGE
    parent = PRICES["state transition"] * page
    express = (1 + 1 / BATCH) * (
        PRICES["express request"]
        + PRICES["express GB-second"] * EXPRESS_MEMORY * _tenths(one.express_seconds)
    )
    lambda_seconds = PRICES["lambda GB-second"] * one.lambda_gb_seconds
    table = PRICES["read unit"] * one.read + PRICES["write unit"] * one.written
    kms = PRICES["kms request"]
    by_hand_seals = one.lambda_requests_by_hand - 1
    log = PRICES["log GB"] * one.log_bytes / 1024**3
    told = PRICES["bus event"] + PRICES["sqs request"] * 1.3 + PRICES["lambda request"] * 0.11
    requests, many = one.lambda_requests, one.lambda_requests_by_hand
    rows = {
        "Step Functions, transitions": (
            parent,
            PRICES["state transition"] * (one.transitions_if_standard + page),
            PRICES["state transition"] * (one.transitions_by_hand + page),
        ),
        "Step Functions, EXPRESS": (express, 0.0, 0.0),
        "Lambda, requests": tuple(PRICES["lambda request"] * n for n in (requests, requests, many)),
        "Lambda, GB-seconds": (lambda_seconds, lambda_seconds, lambda_seconds * many / requests),
        "DynamoDB": (table, table, table + PRICES["write unit"] * 2 * (many - 3)),
        "KMS": tuple(kms * n for n in (one.kms_requests, one.kms_requests, by_hand_seals)),
        "Logs": (log, log, log * many / requests),
        "Events to bus and webhook queue": (told, told, told),
    }
    return {name: (a * MILLION, b * MILLION, c * MILLION) for name, (a, b, c) in rows.items()}


def _tenths(seconds: float) -> float:
    """Step Functions bills tenths of a second begun."""
    return -(-seconds // 0.1) * 0.1


# ---- tables


def results(stack: Stack, runs: int) -> tuple[list[Result], list[str]]:
    """The tables, and what is not as it must be."""
    wrong = []
    with step(f"A sweep over {FEW:,} accounts"):
        few = reads_of_a_sweep(stack, FEW)
    with step(f"A sweep over {MANY:,} accounts"):
        many = reads_of_a_sweep(stack, MANY)
    with step("Scheduled tests on the local stack"):
        one = units(stack, runs)
    if abs(many.read / few.read - 1) > 0.1:
        wrong.append(f"A sweep reads {many.read / few.read:.2f}x with {MANY:,} accounts.")
    dollars = costs(one)
    ours, standard, by_hand = (sum(row[at] for row in dollars.values()) for at in range(3))
    if ours > DOLLARS_AT_MOST:
        wrong.append(f"A million scheduled tests cost {ours:.2f} USD.")
    busiest, share = spread()
    if busiest > 2 * share:
        wrong.append(f"A minute of the day holds {busiest} accounts of {MANY:,}.")
    return [
        Result(
            f"A sweep that finds {DUE} accounts due",
            ("accounts in the table", "read units", "ratio", "write units"),
            [
                (f"{FEW:,}", f"{few.read:.1f}", "1.00x", f"{few.written:.0f}"),
                (
                    f"{MANY:,}",
                    f"{many.read:.1f}",
                    f"{many.read / few.read:.2f}x",
                    f"{many.written:.0f}",
                ),
            ],
        ),
        Result(
            f"One scheduled test, medians of {runs}",
            ("consumed", "units"),
            [
                ("DynamoDB read units", f"{one.read:.1f}"),
                ("DynamoDB write units", f"{one.written:.0f}"),
                ("Lambda requests", f"{one.lambda_requests:.0f}"),
                ("Lambda GB-seconds", f"{one.lambda_gb_seconds:.3f}"),
                ("EXPRESS seconds at 64 MB", f"{one.express_seconds:.2f}"),
                ("KMS requests", f"{one.kms_requests:.0f}"),
                ("log bytes", f"{one.log_bytes:.0f}"),
            ],
        ),
        Result(
            f"A million scheduled tests, USD ({PRICES_OF})",
            ("", "the sweep", "STANDARD an account", "a state a permission"),
            [
                *((n, *(f"{value:.2f}" for value in row)) for n, row in dollars.items()),
                ("**in all**", f"**{ours:.2f}**", f"**{standard:.2f}**", f"**{by_hand:.2f}**"),
            ],
        ),
        Result(
            f"{MANY:,} accounts confirmed at one moment",
            ("accounts in a minute of the day", "count"),
            [("the busiest", str(busiest)), ("its share", f"{share:.1f}")],
        ),
    ], wrong


def spread() -> tuple[int, float]:
    """Accounts in the busiest minute of the day, and a minute's share."""
    now = datetime.now(UTC)
    due = (next_daily_slot(f"01JN8Q5M3C{index:016}", now) for index in range(MANY))
    of_minute = Counter(at.hour * 60 + at.minute for at in due)
    return max(of_minute.values()), MANY / (24 * 60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.sweep", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="scheduled tests (default 7)")
    runs = parser.parse_args().runs
    found, wrong = results(local_stack.load(), runs)
    for result in found:
        console.print(result.as_rich())
    for sentence in wrong:
        console.print(f"[bold red]{sentence}[/]")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
