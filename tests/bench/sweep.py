"""What the sweep costs: the last part of `python -m tests.bench` (make bench), and by itself
`python -m tests.bench.sweep [--write]`.

Three questions. Does a sweep read in proportion to the due accounts, whatever the table's size?
What do a million scheduled tests cost at public prices, and what would they cost with one STANDARD
execution per account? Does any minute of the day have more than its share of tests?
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
from pathlib import Path
from statistics import median
from typing import Any

from local import aws, customers, process
from local import stack as local_stack
from local.customers import CUSTOMERS, Offer
from local.display import step
from local.faults import Fault, faults
from local.first_account import Api, new_account
from local.settings import REGION, ROOT, STACK_NAME, environment
from local.stack import Stack

sys.path.insert(0, str(ROOT / "layers" / "shared"))

from cavok import wiring
from cavok.adapters.table.accounts import AccountItem
from cavok.domain.accounts import AccessType, Account, LastVerification, Outcome, Status
from cavok.domain.deadlines import NO_DEADLINE
from cavok.domain.permissions import EC2, RDS
from cavok.domain.reverification import next_daily_slot
from cavok.domain.steps import Step
from cavok.domain.verifications import Verification
from cavok.services.finish_verification import VerificationReport, finish_verification
from cavok.services.sweep import lease_due_accounts
from tests.bench import targets
from tests.bench.capacity import Capacity
from tests.bench.result import Result, show, write
from tests.bench.targets import Measured

MILLION = 1_000_000
DUE = 100
FEW, MANY = 1_000, 100_000

PRICES_OF = "us-east-1, on demand, without free tiers, arm64, as published in November 2025"
_LAMBDA = "https://aws.amazon.com/lambda/pricing/"
_STEPS = "https://aws.amazon.com/step-functions/pricing/"
_DYNAMODB = "https://aws.amazon.com/dynamodb/pricing/on-demand/"
SOURCES: Mapping[str, tuple[float, str]] = {
    "state transition": (25.00 / MILLION, _STEPS),
    "EXPRESS request": (1.00 / MILLION, _STEPS),
    "EXPRESS GB-second": (0.00001667, _STEPS),
    "Lambda request": (0.20 / MILLION, _LAMBDA),
    "Lambda GB-second": (0.0000133334, _LAMBDA),
    "read unit": (0.125 / MILLION, _DYNAMODB),
    "write unit": (0.625 / MILLION, _DYNAMODB),
    "KMS request": (0.03 / 10_000, "https://aws.amazon.com/kms/pricing/"),
    "GB of logs": (0.50, "https://aws.amazon.com/cloudwatch/pricing/"),
    "bus event": (1.00 / MILLION, "https://aws.amazon.com/eventbridge/pricing/"),
    "SQS request": (0.40 / MILLION, "https://aws.amazon.com/sqs/pricing/"),
}
"""US dollars. STS is free. A Distributed Map costs one state transition per iteration."""

PRICES = {unit: dollars for unit, (dollars, _) in SOURCES.items()}

EXPRESS_MEMORY = 64 / 1024
"""GB. Step Functions bills memory in chunks of 64 MB. A test's state has about 40 kB."""

BATCH = 40
"""Accounts per child execution of the Distributed Map."""

PAGE = 80
"""Accounts that a sweep tests at once: `SweepTests` where there are enough to count the costs."""

LATENCY = 0.05
"""Seconds: a realistic latency of an AWS call, because a customer's region may be on another
continent. On loopback a call takes two milliseconds.
"""

PROCESSOR = 1769 / 1024
"""GB of memory with which a function has one whole processor. With less, it has a share of one.
https://docs.aws.amazon.com/lambda/latest/dg/configuration-memory.html
"""

INDEXES = (
    ("pk", "name_key"),
    ("status_pk", "name_key"),
    ("due_shard", "next_verification_at"),
    ("audited_account", "sk", "*"),
    ("usage_of", "used"),
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


# ---- reads in proportion to what is due


def reads_of_a_sweep(stack: Stack, count: int) -> Capacity:
    """A whole sweep over a table of `count` accounts, of which 100 are due."""
    now = datetime.now(UTC)
    with _table(stack, f"bench-{count}") as client:
        _fill(client, f"bench-{count}", count, now)
        capacity = Capacity(INDEXES)
        with capacity.metered(wiring.table().connection.client):
            found = 0
            while page := _lease(now):
                found += len(page)
        assert found == DUE, f"{found} of {DUE} accounts that are due were found"
    return capacity


def units_of_the_table(stack: Stack, steps: tuple[Step, ...]) -> TableUse:
    """What one scheduled test reads and writes: lease, entry, finish. The account's status does not
    change, as on most days.
    """
    now = datetime.now(UTC)
    with _table(stack, "bench-one") as client:
        _fill(client, "bench-one", DUE, now)
        leasing, capacity = Capacity(INDEXES), Capacity(INDEXES)
        with leasing.metered(wiring.table().connection.client):
            began = time.process_time()
            verification, *_ = _lease(now)
            lease_cpu = (time.process_time() - began) / DUE
        with capacity.metered(wiring.table().connection.client):
            wiring.accounts().get(verification.organization_id, verification.account_id)
            wiring.organizations().get(verification.organization_id)
            report = VerificationReport(
                organization_id=verification.organization_id,
                account_id=verification.account_id,
                verification_id=verification.verification_id,
                trigger=verification.trigger,
                steps=steps,
            )
            finished, _ = finish_verification(
                report,
                accounts=wiring.accounts(),
                verifications=wiring.verifications(),
                resources=wiring.resources,
                now=now,
            )
            assert finished.outcome is Outcome.CONFIRMED, finished
    capacity.read += leasing.read / DUE
    capacity.written += leasing.written / DUE
    return TableUse(capacity, lease_cpu)


def _lease(now: datetime) -> list[Verification]:
    return lease_due_accounts(
        "arn:aws:states:us-east-1:111122223333:execution:reverify-accounts:bench",
        due=wiring.due_accounts(),
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        now=now,
        deadline=NO_DEADLINE,
        limit=DUE,
    ).tests


@contextmanager
def _table(stack: Stack, name: str) -> Iterator[Any]:
    """A copy of the stack's table without items. The repositories use it inside the block."""
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
    makers = (
        wiring.table,
        wiring.organizations,
        wiring.accounts,
        wiring.verifications,
        wiring.due_accounts,
    )
    try:
        for make in makers:
            make.cache_clear()
        wiring.table()
        yield client
    finally:
        os.environ.clear()
        os.environ.update(before)
        for make in makers:
            make.cache_clear()
        client.delete_table(TableName=name)


def _fill(client: Any, table: str, count: int, now: datetime, due: int = DUE) -> None:
    """Confirmed accounts, each due at its own time of day, the first `due` of them now."""

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
        account_number=f"{200000000000 + index}",
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


@dataclass(frozen=True)
class TableUse:
    """Units of one test, and the CPU seconds that leasing it takes."""

    capacity: Capacity
    lease_cpu: float


def units(stack: Stack, runs: int) -> Mapping[str, Units]:
    """Scheduled tests of the sample customer: on loopback, with a realistic latency, and with that
    latency and Lambda's share of a processor. They run as STANDARD executions of the definition
    that the sweep runs as EXPRESS, because only STANDARD executions have a history.
    """
    api, customer = Api(stack), CUSTOMERS["all-permissions"]
    account = api.add_account(new_account(customer))
    path = f"/v1/accounts/{account['account_id']}"
    offer = Offer.from_link(api.get(f"{path}/instructions")["deploy_on_aws_url"])
    customers.prepare(customer, stack.emulator_url, offer=offer)

    def measured() -> list[Run]:
        return [Run.of(stack, account["account_id"]) for _ in range(runs + 1)][1:]

    near = measured()  # the first run starts the functions and is not counted
    with faults(Fault(seconds=LATENCY)):
        far = measured()
    steps = tuple(
        Step.from_dict(one) for one in api.get(f"{path}/verifications?limit=1")["items"][0]["steps"]
    )
    table = units_of_the_table(stack, steps)
    return {
        "on loopback": _medians(near, table, latency=0, shared=False),
        f"{LATENCY * 1000:.0f} ms per call": _medians(far, table, latency=LATENCY, shared=False),
        "and Lambda's share of a processor": _medians(far, table, latency=LATENCY, shared=True),
    }


def _medians(runs: list[Run], table: TableUse, *, latency: float, shared: bool) -> Units:
    """`shared` adds the time that a function with little memory waits for its processor."""
    leasing = table.lease_cpu * (PROCESSOR if shared else LEASING_GB) + latency * LEASING_GB
    # One call publishes the event, and one read shows that no webhook subscribes to it.
    publishing = 2 * latency * PUBLISHING_GB
    return Units(
        read=table.capacity.read + 1,
        written=table.capacity.written,
        lambda_requests=median(run.invocations for run in runs),
        lambda_gb_seconds=median(run.gb_seconds(shared=shared) for run in runs)
        + leasing
        + publishing,
        express_seconds=median(run.seconds + shared * run.waits for run in runs),
        kms_requests=0,  # the session stays in the function that opened it
        log_bytes=median(run.log_bytes for run in runs),
        transitions_if_standard=median(run.transitions for run in runs),
    )


LEASING_GB, PUBLISHING_GB = 0.5, 0.25
"""Memory of ListDueAccounts; of PublishEvents and DeliverWebhook."""


@dataclass(frozen=True)
class Run:
    """One scheduled test."""

    seconds: float
    invocations: int
    transitions: int
    used: tuple[Used, ...]

    @classmethod
    def of(cls, stack: Stack, account_id: str) -> Run:
        before = [Used.so_far(stack, *names) for names in FUNCTIONS]
        history = _scheduled(stack, account_id)
        time.sleep(1)
        after = [Used.so_far(stack, *names) for names in FUNCTIONS]
        return cls(
            _seconds(history),
            _invocations(history),
            _transitions(history),
            tuple(now.since(then) for now, then in zip(after, before, strict=True)),
        )

    @property
    def log_bytes(self) -> int:
        return sum(one.log_bytes for one in self.used)

    @property
    def waits(self) -> float:
        """Seconds that functions wait because they have only a share of a processor."""
        return sum(one.cpu * (PROCESSOR / one.memory - 1) for one in self.used)

    def gb_seconds(self, *, shared: bool) -> float:
        waits = (one.cpu * (PROCESSOR - one.memory) * shared for one in self.used)
        return sum(one.seconds * one.memory for one in self.used) + sum(waits)


def _scheduled(stack: Stack, account_id: str) -> list[dict[str, Any]]:
    """Leases due accounts with the sweep's own function and tests them. Returns the history of this
    account's execution.
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


FUNCTIONS = (("probe_account", "ProbeAccount"), ("record_verification", "RecordVerification"))
_REPORT = re.compile(r"Billed Duration: (?P<ms>\d+) ms\s+Memory Size: (?P<mb>\d+) MB")


@dataclass(frozen=True)
class Used:
    """What a function has used so far: bytes of logs, including the 26 that AWS adds per line;
    billed seconds and memory in GB, from its REPORT lines; CPU seconds of its processes.
    """

    log_bytes: int
    seconds: float
    memory: float
    cpu: float

    @classmethod
    def so_far(cls, stack: Stack, folder: str, function: str) -> Used:
        lines = [
            event["message"]
            for page in aws.client("logs", stack.emulator_url)
            .get_paginator("filter_log_events")
            .paginate(logGroupName=f"/aws/lambda/{STACK_NAME}/{folder}")
            for event in page["events"]
        ]
        billed = [found for line in lines if (found := _REPORT.search(line))]
        return cls(
            log_bytes=sum(len(line.encode()) + 26 for line in lines),
            seconds=sum(int(one["ms"]) / 1000 for one in billed),
            memory=int(billed[-1]["mb"]) / 1024 if billed else 0,
            cpu=sum(map(_cpu_seconds, process.workers_of(function))),
        )

    def since(self, before: Used) -> Used:
        return Used(
            self.log_bytes - before.log_bytes,
            self.seconds - before.seconds,
            self.memory,
            self.cpu - before.cpu,
        )


def _cpu_seconds(pid: int) -> float:
    """CPU seconds of a process so far; 0 without /proc."""
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


# ---- what a million cost


def costs(one: Units, *, standard: bool) -> Mapping[str, float]:
    """Dollars of a million tests, as the sweep runs them or with one STANDARD execution each."""
    page = (4 + -(-PAGE // BATCH)) / PAGE
    transitions = page + (one.transitions_if_standard if standard else 0)
    express = (1 + 1 / BATCH) * (
        PRICES["EXPRESS request"]
        + PRICES["EXPRESS GB-second"] * EXPRESS_MEMORY * _tenths(one.express_seconds)
    )
    publishing = PRICES["bus event"] + PRICES["SQS request"] * 1.3 + PRICES["Lambda request"] * 0.11
    rows = {
        "Step Functions, transitions": PRICES["state transition"] * transitions,
        "Step Functions, EXPRESS": 0 if standard else express,
        "Lambda, requests": PRICES["Lambda request"] * one.lambda_requests,
        "Lambda, GB-seconds": PRICES["Lambda GB-second"] * one.lambda_gb_seconds,
        "DynamoDB": PRICES["read unit"] * one.read + PRICES["write unit"] * one.written,
        "KMS": PRICES["KMS request"] * one.kms_requests,
        "Logs": PRICES["GB of logs"] * one.log_bytes / 1024**3,
        "Events to bus and webhook queue": publishing,
    }
    return {name: dollars * MILLION for name, dollars in rows.items()}


def _tenths(seconds: float) -> float:
    """Rounds up to tenths of a second, as Step Functions bills."""
    return -(-seconds // 0.1) * 0.1


# ---- tables


def results(stack: Stack, runs: int) -> tuple[list[Result], list[Measured]]:
    """The tables, and what there are targets for."""
    with step(f"A sweep over {FEW:,} accounts"):
        few = reads_of_a_sweep(stack, FEW)
    with step(f"A sweep over {MANY:,} accounts"):
        many = reads_of_a_sweep(stack, MANY)
    with step("Scheduled tests on the local stack"):
        measured = units(stack, runs)
    *_, strictest = measured.values()
    dollars = {name: costs(one, standard=False) for name, one in measured.items()}
    dollars["the same, STANDARD per account"] = costs(strictest, standard=True)
    busiest, share = spread()
    measured = [
        Measured(targets.SWEEP_READS, many.read / few.read),
        Measured(targets.SWEEP_COST, sum(costs(strictest, standard=False).values())),
        Measured(targets.BUSIEST_MINUTE, busiest / share),
    ]
    return [
        _reads(few, many),
        _consumed(measured, runs),
        _dollars(dollars),
        Result(
            f"Prices per million, USD ({PRICES_OF})",
            ("unit", "price", "source"),
            [(name, f"{one * MILLION:,.6g}", url) for name, (one, url) in SOURCES.items()],
        ),
        Result(
            f"{MANY:,} accounts confirmed at one moment",
            ("accounts in a minute of the day", "count"),
            [("the busiest", str(busiest)), ("its share", f"{share:.1f}")],
        ),
    ], measured


def _reads(few: Capacity, many: Capacity) -> Result:
    rows = [
        (f"{count:,}", f"{of.read:.1f}", f"{of.read / few.read:.2f}x", f"{of.written:.0f}")
        for count, of in ((FEW, few), (MANY, many))
    ]
    columns = ("accounts in the table", "read units", "ratio", "write units")
    return Result(f"A sweep that finds {DUE} accounts due", columns, rows)


def _consumed(measured: Mapping[str, Units], runs: int) -> Result:
    shown = {
        "DynamoDB read units": lambda one: f"{one.read:.1f}",
        "DynamoDB write units": lambda one: f"{one.written:.0f}",
        "Lambda requests": lambda one: f"{one.lambda_requests:.0f}",
        "Lambda GB-seconds": lambda one: f"{one.lambda_gb_seconds:.3f}",
        "EXPRESS seconds at 64 MB": lambda one: f"{one.express_seconds:.2f}",
        "KMS requests": lambda one: f"{one.kms_requests:.0f}",
        "log bytes": lambda one: f"{one.log_bytes:,.0f}",
    }
    rows = [(name, *map(of, measured.values())) for name, of in shown.items()]
    return Result(f"One scheduled test, medians of {runs}", ("consumed", *measured), rows)


def _dollars(dollars: Mapping[str, Mapping[str, float]]) -> Result:
    first, *_ = dollars.values()
    rows = [(name, *(f"{column[name]:.2f}" for column in dollars.values())) for name in first]
    totals = (f"**{sum(column.values()):.2f}**" for column in dollars.values())
    return Result(
        "A million scheduled tests, USD",
        ("", *dollars),
        [*rows, ("**total**", *totals)],
    )


def spread() -> tuple[int, float]:
    """Accounts in the busiest minute of the day, and the average per minute."""
    now = datetime.now(UTC)
    due = (next_daily_slot(f"01JN8Q5M3C{index:016}", now) for index in range(MANY))
    of_minute = Counter(at.hour * 60 + at.minute for at in due)
    return max(of_minute.values()), MANY / (24 * 60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.sweep", description=__doc__)
    parser.add_argument("--runs", type=int, default=7, help="scheduled tests (default 7)")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    options = parser.parse_args()
    found, measured = results(local_stack.load(), options.runs)
    show([targets.table(measured), *found])
    if options.write:
        write("sweep", found)
    return 0 if all(one.is_met for one in measured) else 1


if __name__ == "__main__":
    local_stack.run(lambda: sys.exit(main()))
