"""The stack's data on moto, from behind: emptied in no time, read whole, and told as the table's
stream tells it.
"""

from __future__ import annotations

import copy
import importlib
import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cache
from typing import Any
from unittest.mock import Mock

import boto3
import moto.logs.models
import moto.scheduler.models
import pytest
from boto3.dynamodb.types import TypeDeserializer
from moto.backends import get_backend

from cavok import wiring
from cavok.adapters.customer.assume_role import CustomerRoles
from cavok.adapters.table import due_accounts
from cavok.api.router import Router
from cavok.domain.accounts import Account
from cavok.domain.audit import bulk_requested
from cavok.domain.bulk import BulkOperation
from cavok.domain.steps import Judgement, Step, Verdict
from cavok.domain.survey import Survey
from cavok.domain.verifications import Verification, begin, finish
from cavok.observability import metrics
from cavok.services import query_instances, sweep
from cavok.services.enter_for_verification import VerificationRequest
from cavok.services.scheduled_test import Found
from local.settings import ROOT
from tests.support.builders import a_verification, judged, steps_of
from tests.support.stream_records import Json, Key, stream_record
from tests.support.template import resource

OURS = "123456789012"
"""The account in which moto keeps what is ours."""
REGION = "us-east-1"
TABLE = "cavok-accounts"
CLOCKS = "cavok-clocks"
ACTS = "cavok-followed-acts"
BUCKET = "cavok-templates"
WORKFLOW = f"arn:aws:states:{REGION}:{OURS}:stateMachine:verify_account"
SYNCHRONIZATIONS = f"arn:aws:states:{REGION}:{OURS}:stateMachine:synchronize_organization"
SWEEP = f"arn:aws:states:{REGION}:{OURS}:execution:reverify_accounts:one"
"""An execution."""

_plain = TypeDeserializer().deserialize


class Clock(datetime):
    """The time of the code under test: a Tuesday in mid-month. It passes when a test says so."""

    time = datetime(2026, 3, 10, 12, 0, tzinfo=UTC)

    @classmethod
    def now(cls, tz: Any = None) -> Any:
        return cls.time


@cache
def readers_of_the_clock() -> tuple[Any, ...]:
    """The modules under test that read the time. All others are given it."""
    roots = ((ROOT / "layers" / "shared", "cavok"), (ROOT, "functions"))
    return tuple(
        importlib.import_module(".".join(path.relative_to(root).with_suffix("").parts))
        for root, package in roots
        for path in sorted((root / package).rglob("*.py"))
        if "datetime.now(" in path.read_text()
    )


def stop_the_clock(monkeypatch: pytest.MonkeyPatch) -> None:
    """No result may depend on the time of day, the day of the week or of the month. What moto
    compares with the code's times has this clock too: log lines, and when schedules were made.
    """
    monkeypatch.setattr(Clock, "time", Clock.time)
    monkeypatch.setattr(moto.logs.models, "utcnow", lambda: Clock.time.replace(tzinfo=None))
    monkeypatch.setattr(moto.scheduler.models, "unix_time", lambda: Clock.now(UTC).timestamp())
    for module in readers_of_the_clock():
        monkeypatch.setattr(module, "datetime", Clock)


def let_time_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each request comes a second after the one before. The trail, for example, is in the order of
    its times.
    """

    def later() -> datetime:
        Clock.time += timedelta(seconds=1)
        return Clock.time

    monkeypatch.setattr(Router, "now", staticmethod(later))


def surround(monkeypatch: pytest.MonkeyPatch, **environment: str) -> None:
    """Everything that the functions need beside the table: Scheduler, the bus, customers."""
    sqs = client("sqs")
    queues = (ACTS, "cavok-webhooks", "cavok-fired-clocks", "cavok-bulk-operations")
    acts, messages, fired, bulk = (sqs.create_queue(QueueName=name) for name in queues)
    environment = {
        "EVENT_BUS_NAME": "cavok",
        "FOLLOWED_ACTS_URL": acts["QueueUrl"],
        "BULK_OPERATIONS_URL": bulk["QueueUrl"],
        "WEBHOOK_QUEUE_URL": messages["QueueUrl"],
        "ALLOW_LOOPBACK_WEBHOOKS": "false",
        "CLOCKS_GROUP": CLOCKS,
        "FIRED_CLOCKS_URL": fired["QueueUrl"],
        "CLOCKS_ROLE_ARN": "arn:aws:iam::111122223333:role/clocks",
        "UNFOLLOWED_SCHEDULES_ARN": "arn:aws:sqs:us-east-1:111122223333:unfollowed",
    } | environment
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    monkeypatch.setattr(metrics.provider, "namespace", "Cavok/Accounts")
    # One after another, so that the calls of a listing have an order.
    monkeypatch.setattr(query_instances, "_THREADS", 1)
    let_customers_in(monkeypatch)
    let_sweeps_find_everything_working(monkeypatch)
    client("scheduler").create_schedule_group(Name=CLOCKS)
    client("events").create_event_bus(Name="cavok")
    for adapter in (wiring.bus, wiring._queue, wiring.scheduler_client):
        adapter.cache_clear()


def let_customers_in(monkeypatch: pytest.MonkeyPatch) -> None:
    """moto evaluates no trust policy: what it lets in counts as refused."""
    attempt = CustomerRoles._try

    def refused(roles: CustomerRoles, account: Account, *tried: Any) -> Judgement:
        judgement = attempt(roles, account, *tried)
        return judged(Verdict.DENIED) if judgement.verdict is Verdict.ALLOWED else judgement

    monkeypatch.setattr(CustomerRoles, "_try", refused)


def let_sweeps_find_everything_working(monkeypatch: pytest.MonkeyPatch) -> None:
    """One account after another, so that the calls have an order."""

    def test(request: VerificationRequest, *_: Any, **__: Any) -> Found:
        account = wiring.accounts().get(request.organization_id, request.account_id)
        return Found(steps_of(account), Survey())

    monkeypatch.setattr(sweep, "AT_ONCE", 1)
    monkeypatch.setattr(sweep, "HAND_OVERS_AT_ONCE", 1)
    monkeypatch.setattr(sweep, "HAND_OVER_SECONDS", 60.0)  # this machine may be busy
    monkeypatch.setattr(due_accounts, "SHARDS_AT_ONCE", 1)
    monkeypatch.setattr(sweep, "make_scheduled_test", test)
    ours = Mock(resources=wiring.resources)
    monkeypatch.setattr(wiring, "sweeping_dependencies", lambda: ours)


def empty() -> None:
    """No items, executions, clocks, open sessions or listings. Customers keep what they have."""
    table().items.clear()
    for machine in backend("stepfunctions").state_machines:
        machine.executions.clear()
    for group in backend("scheduler").schedule_groups.values():
        group.schedules.clear()
    wiring.customer_sessions.cache_clear()
    wiring.kept_listings.cache_clear()


def backend(service: str, account: str = OURS, region: str = REGION) -> Any:
    """What moto keeps of a service in one account and region."""
    return get_backend(service)[account][region]  # type: ignore[index]


def table() -> Any:
    return backend("dynamodb").tables[TABLE]


def stored_items() -> dict[Key, Json]:
    """Everything in the table, as DynamoDB's API has it."""
    found = (item.to_json()["Attributes"] for item in table().all_items())
    return {(item["pk"]["S"], item["sk"]["S"]): item for item in found}


def plain(item: Json) -> Json:
    """An item's values as Python has them."""
    return {name: _plain(value) for name, value in item.items()}


def plain_items() -> dict[Key, Json]:
    """The same for everything in the table."""
    return {_key(item): dict(_plain_item(item)) for item in table().all_items()}


def _plain_item(item: Any) -> Json:
    """Read once: a write makes another object of its item, see `moto_speed`."""
    if "plain" not in vars(item):
        item.plain = plain(item.to_json()["Attributes"])
    found: Json = item.plain
    return found


def clocks() -> list[Any]:
    """The schedules in EventBridge Scheduler."""
    return list(backend("scheduler").schedule_groups[CLOCKS].schedules.values())


def message_of(clock: Any) -> Json:
    """What a clock sends to the queue."""
    message: Json = json.loads(json.loads(clock.target["Input"])["MessageBody"])
    return message


@dataclass
class Stream:
    """The changes of the table. `look` after each write notes them as stream records."""

    records: list[Json] = field(default_factory=list)
    items: dict[Key, Json] = field(default_factory=dict)
    _seen: dict[Key, Any] = field(default_factory=dict)
    _count: int = 0

    def look(self) -> None:
        """A write makes another object of its item: `moto_speed`."""
        before, self._seen = self._seen, {_key(item): item for item in table().all_items()}
        for key in sorted({**before, **self._seen}):
            item = self._seen.get(key)
            if item is not before.get(key):
                self._note(key, item.to_json()["Attributes"] if item else None)

    def _note(self, key: Key, new: Json | None) -> None:
        old = self.items.pop(key, None)
        if new:
            self.items[key] = new
        if old != new:
            self._count += 1
            self.records.append(stream_record(self._count, key, old, new))

    def new_records(self) -> list[Json]:
        """The records since the last call."""
        records, self.records = self.records, []
        return records


def _key(item: Any) -> Key:
    return item.hash_key.value, item.range_key.value


def keys_of(records: list[Json]) -> Iterator[Key]:
    """The keys of the items that changed."""
    for record in records:
        keys = record["dynamodb"]["Keys"]
        yield keys["pk"]["S"], keys["sk"]["S"]


def make_stack(key_alias: str) -> None:
    """Everything that the functions find, empty. All but the table is made behind moto's answers:
    nine requests for each of thousands of tests took longer than what many of them test.
    """
    _make_table()
    kms = backend("kms")
    key = kms.create_key(None, "ENCRYPT_DECRYPT", "SYMMETRIC_DEFAULT", "", None)
    kms.create_alias(key.id, key_alias)
    s3 = backend("s3", region="aws")
    s3.create_bucket(BUCKET, REGION)
    s3.put_bucket_versioning(BUCKET, "Enabled")
    for machine in ("verify_account", "reverify_accounts", "synchronize_organization"):
        backend("stepfunctions").create_state_machine(
            name=machine,
            definition='{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
            roleArn=f"arn:aws:iam::{OURS}:role/{machine}",
        )


def _make_table() -> None:
    """The template's own keys and indexes, so that a query that it does not serve fails."""
    if not _EMPTY:
        declared = resource("Table")
        names = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
        made = {name: declared[name] for name in names}
        client("dynamodb").create_table(TableName=TABLE, **made)
        _EMPTY.append(copy.deepcopy(table()))
    backend("dynamodb").tables[TABLE] = copy.deepcopy(_EMPTY[0])


_EMPTY: list[Any] = []
"""The table of this process's first test, before anything was in it."""


@cache
def client(service: str) -> Any:
    """A client a process; moto answers whichever test asks."""
    return boto3.client(service, region_name=REGION)


def items() -> list[Json]:
    """Everything in the table, as Python has it."""
    return list(plain_items().values())


def forget_what_expired(now: datetime) -> None:
    """As DynamoDB does some time after."""
    for item in items():
        if item.get("expires_at", now.timestamp()) < now.timestamp():
            client("dynamodb").delete_item(
                TableName=TABLE, Key={name: {"S": item[name]} for name in ("pk", "sk")}
            )


def written_by_a_newer_release(
    sk: str, attribute: str, text: str = "2000: of a newer release"
) -> None:
    """Lets an item have a value that this release does not know."""
    (item,) = (i for i in client("dynamodb").scan(TableName=TABLE)["Items"] if i["sk"]["S"] == sk)
    (kind,) = item[attribute]
    newer = text.encode() if kind == "B" else text
    client("dynamodb").update_item(
        TableName=TABLE,
        Key={"pk": item["pk"], "sk": item["sk"]},
        UpdateExpression="SET #attribute = :newer",
        ConditionExpression="attribute_exists(#attribute)",
        ExpressionAttributeNames={"#attribute": attribute},
        ExpressionAttributeValues={":newer": {kind: newer}},
    )


def begin_bulk(operation: BulkOperation, account_ids: list[str]) -> BulkOperation:
    """Stores a bulk operation and its list."""
    return wiring.bulk_operations().begin(operation, account_ids, None, bulk_requested(operation))


def begin_test(account: Account, verification: Verification) -> Account:
    """Stores a running verification and its account."""
    tested, entry = begin(account, verification)
    return wiring.verifications().begin(account, tested, verification, entry)


def confirm(organization_id: str, account_id: str) -> None:
    """A test, which no workflow carries out, finds everything well."""
    test = a_verification(
        organization_id=organization_id,
        account_id=account_id,
        verification_id="01JN8Q5M3C0000000000000V01",
        started_at=Clock.time,
    )
    begin_test(wiring.accounts().get(organization_id, account_id), test)
    end_test(wiring.accounts().get(organization_id, account_id))


def end_test(account: Account, *steps: Step) -> None:
    """The account's running test ends with these steps; without any, it finds everything well."""
    assert account.slot
    running = wiring.verifications().get(account.account_id, account.slot.verification_id)
    after, ended = finish(account, running, steps or steps_of(account), Clock.time)
    wiring.verifications().finish(account, after, ended, None)
