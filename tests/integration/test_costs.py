"""A person's test, whole, and all that follows from what it writes, takes what docs/costs.md tells.
What a scheduled one takes is in test_sweep.py.
"""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from io import StringIO
from typing import Any

import pytest
from botocore.client import BaseClient

from cavok import wiring
from cavok.observability import logger
from local.catalog import COSTS
from tests.bench.bill import LOG_LINE, bytes_of_lambdas_own_lines
from tests.bench.capacity import Capacity, byte_months, keys_written
from tests.bench.sweep import ON_THE_BILL
from tests.support import messages, workflows
from tests.support.api import KEY_ACCOUNT, ROLE_ACCOUNT, Answer, Api, number
from tests.support.builders import NUMBER
from tests.support.documents import cost_figures, cost_row
from tests.support.messages import (
    RULES,
    STREAMS,
    EventBridge,
    Stream,
    deliver,
    environment,
    eventbridge,
    invoke,
    mappings,
    matches,
    nothing_is_dropped,
    queue_names,
    receiver,
)
from tests.support.moto_stack import Clock, Json, client, stored_items
from tests.support.template import resource, template
from tests.support.workflows import run_started_test

__all__ = ["environment", "eventbridge", "nothing_is_dropped", "receiver"]

pytestmark = [
    pytest.mark.filterwarnings("ignore:No application metrics"),
    pytest.mark.usefixtures("receiver"),
]


@dataclass
class Used:
    """What a test takes. `written`: write units, by the items that they were for."""

    read: float = 0
    written: Counter[str] = field(default_factory=Counter)
    invocations: Counter[str] = field(default_factory=Counter)
    sqs: int = 0
    services: set[str] = field(default_factory=set)
    lines: StringIO = field(default_factory=StringIO)

    @property
    def behind_the_stream(self) -> list[str]:
        """The functions of the invocations that no request and no workflow waits for."""
        polling = {*STREAMS, *queue_names().values()}
        return [name for name in self.invocations.elements() if name in polling]


@pytest.fixture
def path(admin: Api, eventbridge: EventBridge) -> str:
    """The tests of an account that was tested before, so that its status stays."""
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER, "write_logs": True})
    path = f"/v1/accounts/{account['account_id']}/verifications"
    admin.post(path)
    run_started_test("VerifyAccount")
    return path


@pytest.fixture
def used(path: str, eventbridge: EventBridge, monkeypatch: pytest.MonkeyPatch) -> Used:
    """The use of all clients and functions."""
    found, call = Used(), BaseClient._make_api_call  # type: ignore[attr-defined]
    one_at_a_time = threading.Lock()

    def count(of: Any, operation: str, asked: Any) -> Any:
        found.services.add(of.meta.service_model.service_name)
        if of.meta.service_model.service_name != "dynamodb" or operation == "Scan":
            return call(of, operation, asked)
        with one_at_a_time:  # Functions read and write in threads.
            return count_alone(of, operation, asked)

    def count_alone(of: Any, operation: str, asked: Any) -> Any:
        keys = [(k["pk"]["S"], k["sk"]["S"]) for _, k in keys_written(operation, asked)]
        before = stored_items()
        answer = call(of, operation, asked)
        after = stored_items()
        reads = Capacity()
        reads.add(operation, asked, answer, ())
        found.read += reads.read
        for key in keys:
            writes = Capacity()
            writes.add(operation, asked, answer, [(before.get(key, {}), after.get(key, {}))])
            found.written[key[1].partition("#")[0]] += int(writes.written)
        return answer

    def noting(function: str, event: Any) -> Any:
        found.invocations[function] += 1
        return invoke(function, event)

    def send(**asked: Any) -> Any:
        found.sqs += 1
        return EventBridge.send_message_batch(eventbridge, **asked)

    monkeypatch.setattr(BaseClient, "_make_api_call", count)
    monkeypatch.setattr(eventbridge, "send_message_batch", send)
    for module in (messages, workflows):
        monkeypatch.setattr(module, "invoke", noting)
    monkeypatch.setattr(logger.registered_handler, "stream", found.lines)
    return found


Records = tuple[list[Json], list[Json]]
"""Those of a test's begin, and those of its end."""


@pytest.fixture
def records(admin: Api, path: str, used: Used, capsys: pytest.CaptureFixture[str]) -> Records:
    """What Lambda takes of a person's test from the table's stream."""
    stream = Stream()
    stream.changes()
    capsys.readouterr()
    admin.post(path)
    used.invocations["AccountsApi"] += 1
    begun = stream.changes()
    run_started_test("VerifyAccount")
    return that_pass(begun), that_pass(stream.changes())


def follow(used: Used, eventbridge: EventBridge, batches: Sequence[list[Json]]) -> list[Json]:
    """What Lambda and EventBridge do with records of the stream. Returns the events."""
    sizes = {one["Queue"]["Fn::GetAtt"][0]: one["BatchSize"] for _, one in mappings("Queue")}

    def take(queue: str, sent: list[Json]) -> None:
        for first in range(0, len(sent), sizes[queue]):
            used.sqs += 2  # a batch is received and deleted
            deliver(queue, sent[first : first + sizes[queue]])

    for batch in batches:
        messages.invoke("PublishEvents", {"Records": batch})
    for rule in RULES.values():
        passed = [event for event in eventbridge.events if matches(rule.pattern, event)]
        for queue in rule.targets if passed else ():
            used.sqs += len(passed)
            take(queue, passed)
    for queue in filter(eventbridge.sent.get, sizes):
        take(queue, eventbridge.sent[queue])
    return eventbridge.events


def that_pass(records: list[Json]) -> list[Json]:
    """The records that the filters of the stream let through."""
    filters = STREAMS["PublishEvents"]["FilterCriteria"]["Filters"]
    patterns = [json.loads(one["Pattern"]) for one in filters]
    return [record for record in records if any(matches(p, record) for p in patterns)]


def of_function(function: str, name: str) -> Any:
    """A property of a function in the template."""
    return resource(function).get(name, template()["Globals"]["Function"].get(name))


def test_a_persons_test_takes_the_units_of_the_table_that_are_told(
    records: Records, used: Used, eventbridge: EventBridge
) -> None:
    follow(used, eventbridge, records)

    row = cost_row("DynamoDB write units")
    in_all, progress = (int(n) for n in re.findall(r"^ \d+|(?<=progress )\d+", row))
    shown = used.written.pop("PROGRESS")
    assert used.written.total() == in_all - progress, used.written
    assert 0 < shown <= progress, "an access key has no trust to show, and moto few words"
    assert used.read == cost_figures("DynamoDB read units")[0]


@pytest.mark.parametrize("which", [0, 1], ids=["at least", "at most"])
def test_what_follows_from_a_persons_test_is_what_is_told(
    records: Records, used: Used, eventbridge: EventBridge, which: int
) -> None:
    """Lambda takes the records of a moment together, or each alone if they are in several shards.
    The invocations of the test itself are counted in tests/unit/test_costs.py.
    """
    alone = [[one] for of_a_moment in records for one in of_a_moment]
    events = follow(used, eventbridge, alone if which else records)

    of_the_test = re.search(r"(\d+) in the test", cost_row("Lambda invocations"))
    assert used.services <= ON_THE_BILL | {"stepfunctions"}, "and its START is in its transitions"
    behind = used.behind_the_stream
    assert of_the_test
    assert int(of_the_test[1]) + len(behind) == cost_figures("Lambda invocations")[which]
    assert used.sqs == cost_figures("SQS requests")[which]
    assert len(events) == cost_figures("Events of our own bus")[0]
    traced = [name for name in behind if of_function(name, "Tracing") == "Active"]
    assert 1 + len(traced) == cost_figures("X-Ray traces")[0], "and the request's"


def test_a_persons_test_logs_as_much_as_is_told(
    records: Records, used: Used, eventbridge: EventBridge, capsys: pytest.CaptureFixture[str]
) -> None:
    """A role has three probes more than an access key, which log as others do."""
    follow(used, eventbridge, records)

    lines = [line for line in capsys.readouterr().out.splitlines() if line.startswith('{"_aws"')]
    lines += used.lines.getvalue().splitlines()
    levels = Counter(
        of_function(name, "LoggingConfig").get("SystemLogLevel", "INFO")
        for name in used.invocations.elements()
    )
    logged = sum(len(line) + LOG_LINE for line in lines)
    logged += sum(n * bytes_of_lambdas_own_lines(level) for level, n in levels.items())
    of_all = cost_figures("Lambda invocations")[0] / used.invocations.total()
    assert logged * of_all / 1000 == pytest.approx(cost_figures("kB logged")[0], rel=0.1)


def test_a_persons_test_leaves_as_much_as_is_told(path: str, used: Used, admin: Api) -> None:
    """Until it expires."""
    before = stored_items()
    admin.post(path)
    run_started_test("VerifyAccount")

    kept = byte_months(before, stored_items(), Clock.time)
    assert kept / 1000 == pytest.approx(cost_figures("kB-months stored")[0], rel=0.1)


def written_by(act: Callable[[], Answer]) -> float:
    """The write units of a request that succeeds."""
    units = Capacity()
    with units.units_of(wiring.table().connection.client, behind=client("dynamodb")):
        assert act().status in (200, 201)
    return units.written


def test_adding_accounts_takes_the_write_units_that_are_told(admin: Api) -> None:
    """The first request makes the counts that later ones change."""
    many = [ROLE_ACCOUNT | {"provider_id": number(each), "name": f"A{each}"} for each in range(41)]
    admin.post("/v1/accounts", many[0])
    documented = re.search(
        r"costs (\d+) write units with an `Idempotency-Key` and (\d+) without.* nineteen share the "
        r"two counts: (\d+) each, and (\d+) without",
        " ".join(COSTS.read_text().split()),
    )

    def units(path: str, body: Json, **headers: str) -> float:
        return written_by(lambda: admin.post(path, body, **headers))

    key = {"Idempotency_Key": "one"}
    first, second = ({"accounts": many[begin : begin + 19]} for begin in (3, 22))
    found = (
        units("/v1/accounts", many[1], **key),
        units("/v1/accounts", many[2]),
        units("/v1/accounts/import", first, **key) // 19,
        units("/v1/accounts/import", second) // 19,
    )

    assert documented
    assert [*found] == [int(each) for each in documented.groups()]
