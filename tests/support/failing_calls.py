"""Use cases with one of their AWS calls failing: a run, the callers of production that repeat what
failed, and what must hold in the table after it.
"""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest

from cavok import wiring
from cavok.adapters.webhook_client import NotDelivered
from cavok.domain.accounts import Account, Status
from cavok.domain.organizations import Organization
from cavok.observability import metrics
from cavok.services import query_instances
from functions.instances_api import app as instances_api
from functions.publish_events import app as publish_events
from tests.support import api as http
from tests.support.api import OFFICE, Api, Context, number
from tests.support.builders import ORGANIZATION_ID, an_account, confirmed
from tests.support.faults import Calls, Died
from tests.support.instances import make_database
from tests.support.interleaving import snapshot
from tests.support.moto_stack import (
    CLOCKS,
    REGION,
    Clock,
    Json,
    Key,
    Stream,
    backend,
    client,
    empty,
    let_customers_in,
    let_sweeps_find_everything_working,
)
from tests.support.version_counts import wrong_version_counts

Items = dict[Key, Json]
"""By partition key and sort key."""
NOW = Clock.time
ADMIN = Api(ORGANIZATION_ID, "admin")


@dataclass
class Run(Stream):
    """The state of one run, and what its table's stream carried."""

    calls: Calls = field(default_factory=Calls)
    notes: list[str] = field(default_factory=list)
    memory: Json = field(default_factory=dict)


def forget() -> None:
    """An empty stack, and customers who have nothing."""
    empty()
    backend("rds").databases.clear()
    backend("rds").database_snapshots.clear()
    for index in range(3):
        backend("logs", number(index)).groups.clear()


def made_once(prepare: Callable[[Run], None]) -> Callable[[Run], None]:
    """The same, for one test: what it makes is brought back from the second time on. Much faster,
    above all where it makes databases and clocks.
    """
    made: list[Callable[[Run], None]] = []

    def prepared(run: Run) -> None:
        if made:
            made[0](run)
        else:
            prepare(run)
            made.append(_kept(run))

    return prepared


def _kept(run: Run) -> Callable[[Run], None]:
    """Brings back, after `forget`, what there is now, and what the run remembers of it."""
    bring_back, databases = snapshot(), dict(backend("rds").databases)
    memory, notes = dict(run.memory), list(run.notes)
    sessions = {name: dict(kept) for name, kept in _open_sessions().items()}

    def again(run: Run) -> None:
        backend("rds").databases.update(databases)
        bring_back()
        for name, kept in sessions.items():
            _open_sessions()[name].update(kept)
        run.memory, run.notes = dict(memory), list(notes)

    return again


def _open_sessions() -> Json:
    return vars(wiring.customer_sessions()._cache)


def broken(items: Items) -> list[str]:
    """Invariants of the table that do not hold."""
    accounts = {sk[8:]: item for (_, sk), item in items.items() if sk.startswith("ACCOUNT#")}
    return [
        *_wrong_counts(items, accounts),
        *wrong_version_counts(items.values()),
        *_left_behind(items, accounts),
    ]


def _wrong_counts(items: Items, accounts: Json) -> Iterator[str]:
    for (pk, sk), item in items.items():
        if sk == "ORG":
            counted = {status.value: int(item.get(status.value, 0)) for status in Status}
            mine = Counter(a["status"] for a in accounts.values() if a["pk"] == pk)
            if counted != {status.value: mine[status.value] for status in Status}:
                yield f"counts {counted} of {dict(mine)}"
        if sk.startswith("USAGE#"):
            made = sum(
                p == pk and s.startswith("INTERACTION#") and each.get("counted", True)
                for (p, s), each in items.items()
            )
            if int(item["used"]) != made:
                yield f"used {item['used']} of {made}"


def _left_behind(items: Items, accounts: Json) -> Iterator[str]:
    for (pk, sk), item in items.items():
        if sk.startswith("PROVIDER#") and item["account_id"] not in accounts:
            yield "a claim without an account"
        if sk.startswith("CREDENTIALS#") and sk[12:] not in accounts:
            yield "a key without an account"
        if sk.startswith("RESOURCE_OF#") and (pk, f"RESOURCE#{item['resource_id']}") not in items:
            yield "a claim without a resource"
    for account_id, account in accounts.items():
        slot = account.get("slot_verification_id")
        test = items.get((f"ACCOUNT#{account_id}", f"VERIFICATION#{slot}"))
        if slot and (test is None or test["state"] != "running"):
            yield "a slot without a running test"


def ask(run: Run, method: str, path: str, body: Any = None, **headers: str) -> http.Answer:
    """A client that repeats a request with the same key while the answer is a 5xx."""
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    instances = any(part in path for part in ("/instances", "/resources", "/detection"))
    with pytest.MonkeyPatch.context() as patch:
        if instances:
            patch.setattr(http, "app", instances_api)
        plain, _, query = path.partition("?")
        for _ in range(4):
            try:
                answer = ADMIN.send(method, plain, body, named, dict(parse_qsl(query)))
            except Died:
                answer = http.Answer(502, {}, "")
            if answer.status < 500:
                break
            if answer.status == 500:
                run.notes.append(f"{method} 500, though it is worth a repetition")
    run.notes.append(f"{method} {answer.status}")
    return answer


def feed_stream(run: Run, records: list[Json]) -> None:
    """Lambda, reading a stream: again from the first failed record; a failed batch in halves."""
    batches, tries = [records], 0
    while batches:
        batch = batches.pop(0)
        tries += 1
        if tries > 60:
            run.notes.append("given up")
            return
        try:
            failed = publish_events.handler({"Records": batch}, Context())["batchItemFailures"]  # type: ignore[arg-type]
        except (Exception, Died):  # noqa: BLE001  Lambda repeats whatever failed
            middle = len(batch) // 2
            batches = [half for half in (batch[:middle], batch[middle:]) if half] + batches
            continue
        if failed:
            numbers = [record["dynamodb"]["SequenceNumber"] for record in batch]
            first = min(numbers.index(one["itemIdentifier"]) for one in failed)
            batches.insert(0, batch[first:])


def connected(run: Run, count: int = 1, **but: Any) -> list[Account]:
    """Accounts that a test found connected, each with another number."""
    wiring.organizations().create(Organization.new(ORGANIZATION_ID), NOW)
    added = []
    for index in range(count):
        ordinary: Json = {
            "account_id": f"01JN8Q5M3C{index:016}",
            "account_number": number(index),
            "name": f"A{index}",
            "next_verification_at": NOW + timedelta(days=1),
            "template_version": 1,
        }
        added.append(wiring.accounts().add(confirmed(an_account(**ordinary | but)), None))
    run.memory["accounts"] = added
    return added


def path_of(account: Account) -> str:
    return f"/v1/accounts/{account.account_id}"


def a_database(run: Run) -> None:
    connected(run)
    make_database("orders")


TURN = (NOW - timedelta(days=NOW.weekday() + 7)).replace(hour=18, minute=0, second=0)
"""A Monday's at which OFFICE stops."""


@contextmanager
def at(now: datetime) -> Iterator[None]:
    """The time of the code under test, meanwhile."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Clock, "time", now)
        yield


def add_a_resource(run: Run, now: datetime = TURN - timedelta(minutes=1)) -> None:
    """So shortly before a turn that its clock may miss it."""
    (account,) = run.memory["accounts"]
    body = {"kind": "rds", "instance_id": "orders", "region": REGION, "schedule": OFFICE}
    with at(now):
        ask(run, "POST", f"{path_of(account)}/resources", body)


def a_scheduled_database(run: Run) -> None:
    a_database(run)
    add_a_resource(run, TURN - timedelta(hours=6))
    assert run.notes == ["POST 201"]
    run.notes.clear()
    (resource,) = wiring.resources().all_of(run.memory["accounts"][0].account_id)
    run.memory["resource"] = resource
    run.memory["path"] = f"{path_of(run.memory['accounts'][0])}/resources/{resource.resource_id}"


def a_due_database(run: Run) -> None:
    """It should be off since Monday evening, and is on."""
    a_scheduled_database(run)
    resource = run.memory["resource"]
    long_ago = replace(resource, followed_at=NOW - timedelta(days=30))
    wiring.resources().save(long_ago, before=resource)


class Receiver:
    """A customer's receiver of messages. The address `slow` never answers."""

    def __init__(self) -> None:
        self.ids: list[str] = []

    def post(self, url: Any, body: bytes, headers: Json, **_: float) -> int:
        if url.hostname == "slow.example.com":
            raise NotDelivered("slow.example.com did not answer.")
        self.ids.append(headers["webhook-id"])
        return 200


RECEIVER = Receiver()


@pytest.fixture(autouse=True)
def environment(monkeypatch: pytest.MonkeyPatch, stack: None) -> Iterator[None]:
    environment = {
        "EVENT_BUS_NAME": "cavok",
        "WEBHOOK_QUEUE_URL": "https://sqs.example/queue",
        "WEBHOOK_RETRIES_URL": "https://sqs.example/retries",
        "UNDELIVERED_WEBHOOKS_URL": "https://sqs.example/undelivered",
        "FOLLOWED_ACTS_URL": "https://sqs.example/acts",
        "BULK_OPERATIONS_URL": "https://sqs.example/bulk",
        "ALLOW_LOOPBACK_WEBHOOKS": "false",
        "CLOCKS_GROUP": CLOCKS,
        "FIRED_CLOCKS_URL": "https://sqs.example/fired",
        "CLOCKS_ROLE_ARN": "arn:aws:iam::111122223333:role/clocks",
        "UNFOLLOWED_SCHEDULES_ARN": "arn:aws:sqs:us-east-1:111122223333:unfollowed",
    }
    let_sweeps_find_everything_working(monkeypatch)
    # One after another, so that the calls of a listing have an order.
    monkeypatch.setattr(query_instances, "_THREADS", 1)
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(metrics.provider, "namespace", "Cavok/Accounts")
    monkeypatch.setattr(time, "sleep", lambda seconds: None)
    monkeypatch.setattr(wiring, "webhook_client", lambda: RECEIVER)
    let_customers_in(monkeypatch)
    client("scheduler").create_schedule_group(Name=CLOCKS)
    made = (wiring.bus, wiring._queue, wiring.scheduler_client)
    for adapter in made:
        adapter.cache_clear()
    yield
    for adapter in made:
        adapter.cache_clear()
