"""What the sweep costs: the last part of `python -m tests.bench` (make bench), and by itself
`python -m tests.bench.sweep [--write]`.

Three questions. Does a sweep read and write in proportion to the due accounts, whatever the
table's size? What would AWS bill for a million scheduled tests? Does any minute of the day have
more than its share of tests?

For the second, a whole sweep runs: the workflow in reckoned time, its functions as processes,
everything else in the stand-in for AWS. Whatever they do is counted there, so that nothing here
knows how a sweep works.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import sys
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from math import ceil
from statistics import mean, median
from typing import Any
from unittest.mock import Mock, patch
from zlib import crc32

import boto3

from local import aws as local_aws
from local import stack as local_stack
from local.display import step
from local.settings import REGION, ROOT, Problem, environment
from local.stack import Stack

sys.path.insert(0, str(ROOT / "layers" / "shared"))

from cavok import wiring
from cavok.adapters.table import table as of_the_table
from cavok.domain.accounts import Account, Outcome
from cavok.domain.deadlines import (
    ACCOUNT_SECONDS,
    HAND_OVER_SECONDS,
    NO_DEADLINE,
    PATIENCE_SECONDS,
    Deadline,
)
from cavok.domain.regions import REGIONS
from cavok.domain.reverification import next_daily_slot
from cavok.domain.survey import Survey
from cavok.domain.verifications import FULL_EVERY
from cavok.services import sweep as of_cavok
from cavok.services.enter_for_verification import VerificationRequest
from cavok.services.scheduled_test import Found
from cavok.services.sweep import Sweep, SweepDependencies, Swept, calls_of_a_test
from tests.bench import prepared, targets
from tests.bench.bill import (
    COLD,
    LOG_LINE,
    MILLION,
    MONTH,
    PRICES,
    PRICES_OF,
    SOURCES,
    Used,
    Work,
    bytes_of_lambdas_own_lines,
    dollars_of_a_million,
    dollars_of_metrics,
    dollars_of_tests_of_their_own,
    dollars_of_transfer,
    dollars_with_calls,
    sampled,
)
from tests.bench.capacity import Capacity, Item, byte_months, stored_weight, weight
from tests.bench.functions import OURS, TABLE, Functions, memory_of
from tests.bench.prepared import an_account, item_of
from tests.bench.result import Result, show, write
from tests.bench.stand_in import LATENCY, Call, StandIn
from tests.bench.targets import Measured
from tests.bench.workflows import Bill, Invoked, Performing, Pool, Reckoned, definition
from tests.support.builders import steps_of
from tests.support.stream_records import stream_record
from tests.support.template import resource, template


def sweeps_a_day() -> int:
    rate = template()["Parameters"]["SweepRate"]["Default"]
    found = re.fullmatch(r"rate\((\d+) minutes?\)", rate)
    assert found, rate
    return 24 * 60 // int(found[1])


DUE = 100
FEW, MANY = 1_000, 100_000
"""Accounts of which so many are due."""

MANY_DUE, ANOTHER = 10_000, "southwind"
"""Due accounts of one organization, and another one, of which a single account is."""

SWEEPS_A_DAY = sweeps_a_day()
"""With the `SweepRate` of the template."""
SWEPT = ceil(MANY / SWEEPS_A_DAY)
"""Accounts that a sweep finds due, if the table has `MANY` and each is tested daily."""
CUSTOMERS = ("ec2", "iam", "logs", "rds")
"""Services that a test asks in the customer's region. STS is asked in our own."""
ON_THE_BILL = {"dynamodb", "kms", "sqs", "events", "sts", *CUSTOMERS}
"""Services whose calls are counted, or free of charge whatever they are."""
FREE = {("states", "ListExecutions")}
"""Operations of others. Step Functions bills executions, and no other call."""
MORE_REGIONS = (5, 20)
AS_IT_WAS = 3
"""Sweeps that find all as it was, which are six of seven on the bill."""
OF_ITS_OWN = 0.6
"""Seconds that both functions of a test take that an account gets of its own, if it ends as others
do: the table under "Memory" in docs/performance.md.
"""
METRICS = (2, 1 + len(Outcome) + 2)
"""`HoursUntested`, and `Verifications` by outcome: if all tests confirm, and if there are all
outcomes, and aborted and overtaken tests.
"""
POLLING = ("PublishEvents", "DeliverWebhook")
"""The functions that no workflow invokes."""
SHARDS, POLLS_A_SECOND = 4, 4
"""Of the table's stream, which has a shard a partition. A new table on demand takes 4,000 write
units a second, a partition 1,000. Lambda looks into each shard four times a second, and takes what
is there, unless the template sets a window. Sources: DynamoDB Developer Guide, "Initial throughput
for on-demand capacity mode"; AWS re:Post, "Why is my on-demand DynamoDB table throttled?"; Lambda
Developer Guide, "Using AWS Lambda with Amazon DynamoDB", "Polling and batching streams".
"""


# ---- reads and writes in proportion to what is due


def units_of_a_sweep(stack: Stack, count: int) -> Capacity:
    """A whole sweep over a table of `count` accounts, of which 100 are due."""
    now = datetime.now(UTC)
    with _table(stack, f"bench-{count}") as client:
        _fill(client, f"bench-{count}", count, now)
        capacity = Capacity()
        with capacity.units_of(wiring.table().connection.client, behind=client):
            found = _swept(now).outcomes.total()
        assert found == DUE, f"{found} of {DUE} accounts that are due were found"
    return capacity


def _swept(
    now: datetime, deadline: Deadline = NO_DEADLINE, tested: list[str] | None = None
) -> Swept:
    """A sweep whose tests find everything working, and ask nobody. Notes in `tested` of whom."""

    def test(request: VerificationRequest, *_: Any, account: Account, **__: Any) -> Found:
        if tested is not None:
            tested.append(request.organization_id)
        return Found(steps_of(account), Survey())

    dependencies = SweepDependencies(
        due=wiring.due_accounts(),
        accounts=wiring.accounts(),
        verifications=wiring.verifications(),
        webhooks=wiring.webhooks(),
        workflows=Mock(running_beside=lambda _: {}),
        testing=Mock(resources=wiring.resources),
        clock=lambda: now,
    )
    # What is written late on a busy machine would get tests of their own, and be read again.
    patient = patch.object(of_cavok, "PATIENCE_SECONDS", 600.0)
    with patch.object(of_cavok, "make_scheduled_test", test), patient:
        return Sweep("bench", "bench", now, DUE, dependencies).run(deadline)


@contextmanager
def _table(stack: Stack, name: str) -> Iterator[Any]:
    """A copy of the stack's table without items. The repositories use it inside the block."""
    client = local_aws.client("dynamodb", stack.emulator_url)
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
        wiring.webhooks,
    )
    try:
        for make in makers:
            make.cache_clear()
        # The emulator reads all items for each query, longer than a function waits.
        with patch.object(of_the_table.Item.Meta, "read_timeout_seconds", 120):
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
            {"PutRequest": {"Item": item_of(an_account(index, now, due=index < due))}}
            for index in range(first, min(first + 25, count))
        ]
        answer = client.batch_write_item(RequestItems={table: requests})
        assert not answer.get("UnprocessedItems")

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(put, range(0, count, 25)))
    client.put_item(TableName=table, Item=_organization(prepared.ORGANIZATION))


def _organization(organization_id: str) -> Item:
    return {
        "pk": {"S": f"ORG#{organization_id}"},
        "sk": {"S": "ORG"},
        "external_id": {"S": "cavok-" + "x" * 32},
        "created_at": {"S": "2025-01-01T00:00:00.000000+0000"},
    }


# ---- fair between organizations


def turn_of_one(stack: Stack) -> int:
    """How many tests a sweep has begun once it tests the only account of an organization, if 10,000
    of another one were due before it.
    """
    now = datetime.now(UTC)
    with _table(stack, "bench-due") as client:
        _fill(client, "bench-due", MANY_DUE, now, due=MANY_DUE)
        put_one_of_another(client, "bench-due", now)
        return turn_of(ANOTHER, now)


def put_one_of_another(client: Any, table: str, now: datetime) -> None:
    """An account that is due as the last one."""
    one = replace(an_account(MANY_DUE, now, due=True), organization_id=ANOTHER)
    client.put_item(TableName=table, Item=item_of(one))
    client.put_item(TableName=table, Item=_organization(ANOTHER))


def turn_of(organization_id: str, now: datetime) -> int:
    """Which test of a sweep is the organization's first one. The sweep ends with that page."""
    tested: list[str] = []
    found = Deadline.after(1, lambda: float(organization_id in tested))
    _swept(now, found, tested)
    return tested.index(organization_id) + 1


# ---- what a sweep uses


@dataclass(frozen=True)
class TwoSweeps:
    """What a sweep uses that stores its tests `in_full`, and one that finds all `as_it_was`, over
    the same accounts.
    """

    in_full: Used
    as_it_was: Used

    def dollars_of_a_million(self) -> Mapping[str, float]:
        """A test that finds all as it was is stored in full once a week."""
        full, other = map(dollars_of_a_million, (self.in_full, self.as_it_was))
        return {name: (full[name] + (FULL_EVERY - 1) * other[name]) / FULL_EVERY for name in full}


def used_by_sweeps(functions: Functions, aws: StandIn) -> TwoSweeps:
    """Sweeps over `SWEPT` accounts, whose status stays. The first is not counted, since moto loads
    itself service by service, and is asked each question for the first time. The second starts the
    functions. It and the third come when each account's weekly test is due, which is stored in
    full. Of those that find all as it was, the median counts. The stand-in has our resources; see
    `prepared`.
    """
    prepared.connect_accounts(SWEPT, due=SWEPT)
    with Pool(functions.start, one_each=True) as pool:
        _counted_sweep(pool, aws)
    with Pool(functions.start, one_each=True) as pool:
        first = _counted_sweep(pool, aws, a_week_later=True)
        in_full = _counted_sweep(pool, aws, a_week_later=True)
        later = [_counted_sweep(pool, aws) for _ in range(AS_IT_WAS)]
    as_it_was = sorted(later, key=lambda one: one.execution.now)[AS_IT_WAS // 2]
    starts = starts_of(first.invocations, in_full.invocations)
    return TwoSweeps(_used(in_full, starts), _used(as_it_was, starts))


def starts_of(first: Sequence[Invoked], later: Sequence[Invoked]) -> Mapping[str, float]:
    """Seconds that a start of each function adds: INIT, and what its first invocation takes more
    than the later ones. Of those that are invoked later at all.

    Where a sweep has one invocation, INIT alone: two that take half a minute each differ by more
    than a start takes.
    """
    warm = _by_function(later)
    starts = {}
    for function, (one, *_) in _by_function(first).items():
        if times := [each.invocation.took.wall for each in warm.get(function, ())]:
            more = one.invocation.took.wall - mean(times) if len(times) > 1 else 0
            starts[function] = (one.init.wall if one.init else 0) + max(0, more)
    return starts


@dataclass(frozen=True)
class Counted:
    """A sweep, its invocations, its calls, and the table before it."""

    execution: Reckoned
    invocations: Sequence[Invoked]
    calls: Sequence[Call]
    kept: float


def _counted_sweep(pool: Pool, aws: StandIn, *, a_week_later: bool = False) -> Counted:
    """After a pause of two minutes, in which the connections of the one before were closed."""
    aws.hang_up()
    prepared.make_due(SWEPT, a_week_later=a_week_later)
    invoked, calls, before = len(pool.invocations), len(aws.calls), _items()
    execution = _sweep(pool, aws)
    _check(before, aws.late(since=calls))
    kept = byte_months(before, _items(), datetime.now(UTC))
    return Counted(execution, pool.invocations[invoked:], aws.calls[calls:], kept)


def _check(before: Mapping[Any, Item], late: str) -> None:
    """Raises Problem unless each due account was tested, and found as it was. A sweep gives an
    account that is late to a test of its own, which is not measured here.
    """
    tested = [
        item
        for key, item in _items().items()
        if key[1].startswith("ACCOUNT#")
        and item["last_finished_at"] != before[key]["last_finished_at"]
    ]
    if len(tested) != SWEPT or any(item["status"]["S"] != "confirmed" for item in tested):
        raise Problem(
            f"The sweep itself confirmed {len(tested)} of {SWEPT} accounts, and {late}."
            " Is this machine busy?"
        )


def _sweep(pool: Pool, aws: StandIn) -> Reckoned:
    """One execution of the sweep, and what follows from what it writes."""
    asked = len(aws.calls)
    arn = f"arn:aws:states:{REGION}:{OURS}:execution:reverify_accounts:sweep"
    context = {"Execution": {"Id": arn, "Name": "sweep", "Input": {}}}
    sweep = Reckoned(context, perform=Performing(pool, aws).perform)
    sweep.run(definition("reverify_accounts"), {})
    changes = ((call.at, change) for call in aws.calls[asked:] for change in call.items)
    records = [
        (at, stream_record(number, (both["pk"]["S"], both["sk"]["S"]), dict(old), dict(new)))
        for number, (at, (old, new)) in enumerate(changes)
        if old != new
        for both in (old or new,)
    ]
    _publish(records, pool, aws)
    return sweep


def _publish(records: Sequence[tuple[float, Any]], pool: Pool, aws: StandIn) -> None:
    """The records that PublishEvents takes, and the messages that it sends to the webhooks' queue,
    in batches as Lambda takes them.
    """
    asked = len(aws.calls)
    source = resource("PublishEvents")["Events"]["ItemWritten"]["Properties"]
    patterns = [json.loads(one["Pattern"]) for one in source["FilterCriteria"]["Filters"]]
    chosen = [one for one in records if any(_matches(pattern, one[1]) for pattern in patterns)]
    window = source.get("MaximumBatchingWindowInSeconds", 0)
    for batch in batches_of_the_stream(chosen, source["BatchSize"], window):
        pool.invoke("PublishEvents", {"Records": batch}, 0)
    messages = [
        {
            "messageId": entry["Id"],
            "receiptHandle": entry["Id"],
            "body": entry["MessageBody"],
            "attributes": {"ApproximateReceiveCount": "1", "SentTimestamp": "1764000000000"},
            "messageAttributes": {},
            "eventSource": "aws:sqs",
            "eventSourceARN": f"arn:aws:sqs:{REGION}:123456789012:webhooks",
        }
        for call in aws.calls[asked:]
        if call.operation == "SendMessageBatch"
        for entry in call.asked["Entries"]
    ]
    for batch in _batches(messages, _batch_size("DeliverWebhook")):
        pool.invoke("DeliverWebhook", {"Records": batch}, 0)


def batches_of_the_stream(
    records: Sequence[tuple[float, Any]], size: int, window: float
) -> Iterator[Sequence[Any]]:
    """What Lambda takes at a time of records, each with its second: those of one shard that came
    between two looks, or within the window. Items are spread over the shards by their whole key, as
    those of many organizations would be.
    """
    gathered = defaultdict[tuple[int, int], list[Any]](list)
    for at, record in records:
        key = json.dumps(record["dynamodb"]["Keys"], sort_keys=True).encode()
        gathered[int(at / max(window, 1 / POLLS_A_SECOND)), crc32(key) % SHARDS].append(record)
    for together in gathered.values():
        yield from _batches(together, size)


def _batch_size(function: str) -> int:
    """Of the queue that Lambda polls for a function."""
    mappings = [
        one["Properties"]
        for one in template()["Resources"].values()
        if one["Type"] == "AWS::Lambda::EventSourceMapping"
        and one["Properties"]["FunctionName"] == {"Ref": function}
    ] + [one["Properties"] for one in resource(function).get("Events", {}).values()]
    return int(mappings[0].get("BatchSize", 10))


def _batches(items: Sequence[Any], size: int) -> Iterator[Sequence[Any]]:
    return (items[n : n + size] for n in range(0, len(items), size))


def _matches(pattern: Any, value: Any) -> bool:
    """Whether a filter of Lambda accepts a value: exact values and prefixes."""
    if isinstance(pattern, dict):
        return isinstance(value, dict) and all(
            name in value and _matches(inner, value[name]) for name, inner in pattern.items()
        )
    return any(
        str(value).startswith(one["prefix"]) if isinstance(one, dict) else value == one
        for one in pattern
    )


def _used(swept: Counted, starts: Mapping[str, float]) -> Used:
    """Raises NotImplementedError for a call that no line of the bill has."""
    others = {(c.service, c.operation) for c in swept.calls if c.service not in ON_THE_BILL}
    if strange := others - FREE:
        raise NotImplementedError(f"These calls have no price here: {sorted(strange)}")
    capacity, asked = Capacity(), Counter(call.service for call in swept.calls)
    for call in (call for call in swept.calls if call.service == "dynamodb"):
        capacity.add(call.operation, call.asked, call.answered, call.items)
    work = {
        function: Work(
            invocations=len(invocations),
            warm=mean(one.invocation.took.wall for one in invocations),
            start=starts.get(function, 0),
            memory=memory_of(function) / 1024,
        )
        for function, invocations in _by_function(swept.invocations).items()
    }
    bill = swept.execution.bill
    traces = _traces(bill, work)
    return Used(
        tests=SWEPT,
        work=work,
        transitions=bill.transitions,
        read=capacity.read,
        written=capacity.written,
        kept=swept.kept,
        kms_requests=asked["kms"],
        events=sum(len(c.asked["Entries"]) for c in swept.calls if c.operation == "PutEvents"),
        # A batch is received and deleted.
        sqs_requests=asked["sqs"] + 2 * len(_by_function(swept.invocations)["DeliverWebhook"]),
        log_bytes=sum(map(_log_bytes, swept.invocations)),
        traces=traces * sampled(traces * SWEEPS_A_DAY / 86_400),
        scheduled=1,  # the sweep itself
        sent=sum(call.sent for call in swept.calls if call.service in CUSTOMERS),
    )


def _by_function(invocations: Sequence[Invoked]) -> defaultdict[str, list[Invoked]]:
    found = defaultdict[str, list[Invoked]](list)
    for one in invocations:
        found[one.function].append(one)
    return found


def _log_bytes(one: Invoked) -> int:
    """What the function logged, and what Lambda itself does."""
    own = template()["Globals"]["Function"]["LoggingConfig"] | resource(one.function).get(
        "LoggingConfig", {}
    )
    lines = LOG_LINE * one.invocation.log_lines
    level = own.get("SystemLogLevel", "INFO")
    return one.invocation.log_bytes + lines + bytes_of_lambdas_own_lines(level)


def _traces(bill: Bill, work: Mapping[str, Work]) -> float:
    """How many begin. A function goes on with its workflow's, if that has one."""
    of_workflows = resource("ReverifyAccounts").get("Tracing", {}).get("Enabled", False)
    own = sum(
        one.invocations
        for function, one in work.items()
        if _is_traced(function) and (function in POLLING or not of_workflows)
    )
    return own + of_workflows


def _is_traced(function: str) -> bool:
    default = template()["Globals"]["Function"].get("Tracing")
    return bool(resource(function).get("Tracing", default) == "Active")


def _items() -> dict[Any, Item]:
    """Everything in the table, by key."""
    pages = boto3.client("dynamodb", REGION).get_paginator("scan").paginate(TableName=TABLE)
    found = (item for page in pages for item in page["Items"])
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in found}


# ---- tables


def results(
    stack: Stack, functions: Functions, aws: StandIn
) -> tuple[list[Result], list[Measured]]:
    """The tables, and what there are targets for."""
    with step(f"A sweep over {FEW:,} accounts"):
        few = units_of_a_sweep(stack, FEW)
    with step(f"A sweep over {MANY:,} accounts"):
        many = units_of_a_sweep(stack, MANY)
    with step(f"A single account beside {MANY_DUE:,} due ones of another organization"):
        turn = turn_of_one(stack)
    with step(f"Sweeps that test {SWEPT} accounts each, as on AWS") as current:
        asked = len(aws.calls)
        used = used_by_sweeps(functions, aws)
        current.outcome = aws.late(since=asked)
    dollars = used.dollars_of_a_million()
    busiest, share = spread()
    return [
        _units(few, many),
        _turn(turn),
        _consumed(used),
        _functions(used.as_it_was, functions.how),
        _dollars(used),
        beside_the_bill(dollars, used.as_it_was),
        _sizes(),
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
    ], [
        Measured(targets.SWEEP_UNITS, many.read / few.read, "reads"),
        Measured(targets.SWEEP_UNITS, many.written / few.written, "writes"),
        Measured(targets.BESIDE_MANY_DUE, turn),
        Measured(targets.SWEEP_COST, sum(dollars.values())),
        Measured(targets.BUSIEST_MINUTE, busiest / share),
    ]


def _units(few: Capacity, many: Capacity) -> Result:
    rows = [
        (
            f"{count:,}",
            *(f"{of.read:.1f}", f"{of.read / few.read:.2f}x"),
            *(f"{of.written:.0f}", f"{of.written / few.written:.2f}x"),
        )
        for count, of in ((FEW, few), (MANY, many))
    ]
    columns = ("accounts in the table", "read units", "ratio", "write units", "ratio")
    return Result(f"A sweep that finds {DUE} accounts due", columns, rows)


def _turn(turn: int) -> Result:
    rows = [
        ("which test of the sweep is its own", str(turn)),
        ("accounts of a page, which are tested at once", str(of_cavok.AT_ONCE)),
        ("pages that it waits for", str((turn - 1) // of_cavok.AT_ONCE)),
    ]
    title = f"A single account beside {MANY_DUE:,} due ones of another organization"
    return Result(title, ("", "measured"), rows)


def _consumed(used: TwoSweeps) -> Result:
    both = [_amounts(one) for one in (used.as_it_was, used.in_full)]
    rows = [(name, *(f"{one[name] / SWEPT:,.3f}" for one in both)) for name in both[0]]
    title = f"One scheduled test, in a sweep over {SWEPT}, {LATENCY * 1000:.0f} ms a call"
    return Result(title, ("uses", "that finds all as it was", "that is stored in full"), rows)


def _amounts(used: Used) -> Mapping[str, float]:
    return {
        "state transitions": used.transitions,
        "Lambda requests": sum(one.invocations for one in used.work.values()),
        "Lambda GB-seconds": sum(one.gb_seconds for one in used.work.values()),
        "DynamoDB read units": used.read,
        "DynamoDB write units": used.written,
        "kB-months stored": used.kept / 1000,
        "KMS requests": used.kms_requests,
        "events": used.events,
        "SQS requests": used.sqs_requests,
        "log bytes": used.log_bytes,
        "traces": used.traces,
    }


def _functions(used: Used, how: str) -> Result:
    rows = [
        (
            function,
            f"{one.memory * 1024:.0f} MB",
            f"{one.invocations / used.tests:.3f}",
            f"{one.warm * 1000:.0f} ms",
            f"{one.start * 1000:.0f} ms",
        )
        for function, one in used.work.items()
    ]
    title = f"Its functions; {100 * COLD:.0f} in 100 invocations are assumed to be cold; {how}"
    return Result(title, ("", "memory", "invocations a test", "warm", "a start adds"), rows)


def _dollars(used: TwoSweeps) -> Result:
    columns = {
        "all-in": used.dollars_of_a_million(),
        "that find all as it was": dollars_of_a_million(used.as_it_was),
        "that are stored in full, one a week": dollars_of_a_million(used.in_full),
    }
    rows = [(name, *(f"{one[name]:.2f}" for one in columns.values())) for name in columns["all-in"]]
    totals = (f"**{sum(one.values()):.2f}**" for one in columns.values())
    return Result("A million scheduled tests, USD", ("", *columns), [*rows, ("**total**", *totals)])


def beside_the_bill(dollars: Mapping[str, float], used: Used) -> Result:
    """What depends on the customers, or is billed however many tests there are: calculated from a
    bill of tests with one region, our own, and what they used.
    """
    regions, a_month = sorted(REGIONS), MANY * (MONTH / timedelta(days=1))
    one, *more = (calls_of_a_test(regions[:count]) for count in (1, *MORE_REGIONS))
    rows = [
        (
            f"all-in with {count} regions, {calls} calls of the customer's APIs instead of {one}",
            dollars_with_calls(dollars, calls / one),
        )
        for count, calls in zip(MORE_REGIONS, more, strict=True)
    ]
    sent = f"{used.sent / used.tests / 1000:.0f} kB of requests a test"
    rows += [
        (
            "more if every account has an access key: a Decrypt and a read",
            MILLION * (PRICES["KMS request"] + PRICES["read unit"]),
        ),
        (f"more if every account is in another region: {sent}", dollars_of_transfer(used)),
        *(
            (
                f"more for {count} metrics of our own, at {MANY:,} tests a day",
                dollars_of_metrics(count, a_month),
            )
            for count in METRICS
        ),
        (
            f"more if one account of each sweep hangs, of {used.tests}, and its test of its own,"
            f" for {ACCOUNT_SECONDS:.0f} s",
            dollars_of_one_that_hangs(used),
        ),
        *(
            (
                f"a million tests of their own that {how}, {seconds:g} s each",
                dollars_of_tests_of_their_own(seconds, memory_of("ProbeAccount") / 1024),
            )
            for how, seconds in (
                ("end as others do", OF_ITS_OWN),
                ("hang until their deadline", ACCOUNT_SECONDS),
            )
        ),
    ]
    title = "Beside this bill, calculated, USD a million"
    return Result(title, ("", "USD"), [(what, f"{each:.2f}") for what, each in rows])


def dollars_of_one_that_hangs(used: Used) -> float:
    """What a million tests cost more if one account of each sweep hangs: its page takes as long as
    a page may, and its test of its own hangs too.
    """
    work = used.work["SweepAccounts"]
    page = work.invocations * work.warm / ceil(used.tests / of_cavok.AT_ONCE)
    longer = max(0.0, PATIENCE_SECONDS + HAND_OVER_SECONDS - page)
    waiting = longer * work.memory * PRICES["Lambda GB-second"] * MILLION
    own = dollars_of_tests_of_their_own(ACCOUNT_SECONDS, memory_of("ProbeAccount") / 1024)
    return (waiting + own) / used.tests


def _sizes() -> Result:
    """Of the items that the sweeps left."""
    of_kind = defaultdict[str, list[Item]](list)
    for (_, sk), item in _items().items():
        of_kind[sk.partition("#")[0]].append(item)
    rows = [
        (name, *(f"{median(map(size, of_kind[kind])):.0f}" for size in (weight, stored_weight)))
        for name, kind in (("an account", "ACCOUNT"), ("a verification", "VERIFICATION"))
    ]
    columns = ("", "item", "with its entries in indexes, and what DynamoDB adds")
    return Result("Bytes stored, medians", columns, rows)


def spread() -> tuple[int, float]:
    """Accounts in the busiest minute of the day, and the average per minute."""
    now = datetime.now(UTC)
    due = (next_daily_slot(f"01JN8Q5M3C{index:016}", now) for index in range(MANY))
    of_minute = Counter(at.hour * 60 + at.minute for at in due)
    return max(of_minute.values()), MANY / (24 * 60)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.sweep", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    options = parser.parse_args()
    with prepared.stand_in_for_aws() as (functions, aws):
        found, measured = results(local_stack.load_current(), functions, aws)
    show([targets.table(measured), *found])
    if options.write:
        write("sweep", found)
    return 0 if all(one.is_met for one in measured) else 1


if __name__ == "__main__":
    local_stack.run(lambda: sys.exit(main()))
