"""DynamoDB's units as `make bench` counts them, and the sizes that docs/costs.md tells."""

from __future__ import annotations

import json
import re
from base64 import b64encode
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from typing import Any
from unittest.mock import MagicMock

import pytest

from cavok.adapters.table.verifications import VerificationItem
from cavok.domain.accounts import Outcome
from cavok.domain.steps import REFUSALS_WANTED, AskedResources, ResourceVerdict, Step, Verdict
from cavok.domain.verifications import State
from local.settings import ROOT
from tests.bench.bill import MONTH
from tests.bench.capacity import (
    Capacity,
    _of_whole_items,
    byte_months,
    keys_written,
    stored_weight,
    weight,
)
from tests.bench.prepared import adapters, an_account, item_of
from tests.support.builders import a_verification, steps_of

NOW = datetime(2025, 3, 1, 12, 0, tzinfo=UTC)
KEY = {"pk": {"S": "ORG#a"}, "sk": {"S": "ACCOUNT#1"}}


def item(size: int, **more: Any) -> dict[str, Any]:
    """An item of so many bytes."""
    found = KEY | more
    return found | {"x": {"S": "x" * (size - weight(found) - 1)}}


def counted(operation: str, asked: Any = None, answered: Any = None, *changes: Any) -> Any:
    capacity = Capacity()
    capacity.add(operation, asked or {}, answered or {}, changes)
    return capacity.read, capacity.written


def test_a_batch_writes_the_items_that_it_puts_and_those_that_it_deletes() -> None:
    put = item(100)
    asked = [{"PutRequest": {"Item": put}}, {"DeleteRequest": {"Key": KEY}}]

    written = keys_written("BatchWriteItem", {"RequestItems": {"t": asked}})

    assert written == [("t", put), ("t", KEY)]


@pytest.mark.parametrize(("size", "units"), [(100, 1), (4096, 1), (4097, 2)])
def test_four_kilobytes_are_a_read_unit_or_half_if_it_may_be_late(size: int, units: int) -> None:
    answer = {"Item": item(size)}

    assert counted("GetItem", {"ConsistentRead": True}, answer) == (units, 0)
    assert counted("GetItem", {}, answer) == (units / 2, 0)


def test_a_query_rounds_its_items_together_and_a_batch_each() -> None:
    items, consistent = [item(1000)] * 4, {"ConsistentRead": True}

    assert counted("Query", consistent, {"Items": items}) == (1, 0)
    asked = {"RequestItems": {"table": {"Keys": [KEY] * 5, **consistent}}}
    assert counted("BatchGetItem", asked, {"Responses": {"table": items}}) == (5, 0), "one missing"


def test_a_query_that_left_items_out_is_not_taken_for_a_small_one() -> None:
    with pytest.raises(NotImplementedError, match="no known size"):
        counted("Query", {}, {"Items": [item(100)], "ScannedCount": 5_001})


@pytest.mark.parametrize(
    "asked",
    [
        {"ProjectionExpression": "pk"},
        {"RequestItems": {"table": {"Keys": [KEY], "ProjectionExpression": "pk"}}},
    ],
)
def test_a_read_of_parts_is_not_taken_for_one_of_small_items(asked: Any) -> None:
    for operation in ("GetItem", "Query", "BatchGetItem"):
        with pytest.raises(NotImplementedError, match="no known size"):
            counted(operation, asked, {"Item": KEY, "Items": [KEY], "Responses": {"table": [KEY]}})


def test_a_query_for_whole_items_has_the_names_of_its_condition_alone() -> None:
    asked = {
        "KeyConditionExpression": "#1 = :0",
        "ProjectionExpression": "#0, #11",
        "ExpressionAttributeNames": {"#0": "used", "#1": "pk", "#11": "sk"},
    }

    assert _of_whole_items(asked) == {
        "KeyConditionExpression": "#1 = :0",
        "ExpressionAttributeNames": {"#1": "pk"},
    }


def test_a_batch_names_what_it_writes_and_what_it_deletes() -> None:
    requests = [{"PutRequest": {"Item": item(100)}}, {"DeleteRequest": {"Key": KEY}}]

    written = keys_written("BatchWriteItem", {"RequestItems": {"table": requests}})

    assert written == [("table", item(100)), ("table", KEY)]


def test_no_thread_adds_while_another_does() -> None:
    """Tests of a sweep run at once, and a unit would be lost."""
    used = Capacity(_lock=MagicMock())

    used.add("GetItem", {}, {"Item": item(100)}, ())

    assert used.read == 0.5
    assert [call[0] for call in used._lock.mock_calls] == ["__enter__", "__exit__"]


def test_a_kilobyte_is_a_write_unit_and_two_in_a_transaction() -> None:
    """The larger of the item before and after counts."""
    change = (item(1025), item(600))

    assert counted("PutItem", None, None, change) == (0, 2)
    assert counted("UpdateItem", None, None, change) == (0, 2)
    assert counted("TransactWriteItems", None, None, change) == (0, 4)


def test_an_index_is_written_only_if_its_entry_changes_and_twice_if_it_moves() -> None:
    due = {"due_shard": {"S": "DUE#1"}, "next_verification_at": {"S": "2025"}}
    later = due | {"next_verification_at": {"S": "2026"}}

    assert counted("PutItem", None, None, ({}, item(200, **due))) == (0, 2)
    assert counted("PutItem", None, None, (item(200, **due), item(300, **due))) == (0, 1)
    assert counted("PutItem", None, None, (item(200, **due), item(200, **later))) == (0, 3)


def test_an_operation_that_is_not_counted_is_no_free_one() -> None:
    with pytest.raises(NotImplementedError):
        counted("Scan")


def test_an_entry_of_an_index_is_stored_too() -> None:
    due = {"due_shard": {"S": "DUE#1"}, "next_verification_at": {"S": "2025"}}
    entry = KEY | due

    assert stored_weight(item(500)) == 500 + 100
    assert stored_weight(item(500, **due)) == 500 + 100 + weight(entry) + 100


def test_what_is_new_is_kept_until_it_expires_and_nothing_for_ever() -> None:
    in_a_month = {"expires_at": {"N": str(int((NOW + MONTH).timestamp()))}}
    before = {"old": item(500)}

    assert byte_months(before, before | {"new": item(500, **in_a_month)}, NOW) == 600
    with pytest.raises(NotImplementedError, match="for ever: \\['new'\\]"):
        byte_months(before, before | {"new": item(500)}, NOW)


# ---- docs/costs.md


def documented(thing: str) -> list[int]:
    """Bytes as first stored, and as the sweeps of `make bench` leave it."""
    text = " ".join((ROOT / "docs" / "costs.md").read_text().split())
    ((first, later),) = re.findall(rf"{thing} is about ([\d,]+) to ([\d,]+) bytes", text)
    return [int(number.replace(",", "")) for number in (first, later)]


@pytest.mark.parametrize("thing", ["an account", "a verification"])
def test_the_size_that_costs_tell_is_the_one_that_was_measured(thing: str) -> None:
    text = (ROOT / "docs" / "performance.md").read_text()
    (measured,) = re.findall(rf"^\| {thing} \| (\d+) \|", text, re.MULTILINE)

    assert documented(thing.capitalize())[1] == pytest.approx(int(measured), rel=0.05)


def as_sent(stored: dict[str, Any]) -> Any:
    return json.loads(json.dumps(stored, default=lambda value: b64encode(value).decode()))


def test_an_account_has_the_size_that_costs_tell() -> None:
    with adapters():
        stored = as_sent(item_of(an_account(0, NOW, due=False)))

    assert weight(stored) == pytest.approx(documented("An account")[0], rel=0.05)


REFUSED = (
    "User: arn:aws:sts::123456789012:assumed-role/OpenSession is not authorized to perform: "
    "sts:AssumeRole on resource: arn:aws:iam::role/CavokCloud"
)
INSTANCE = ResourceVerdict("i-023d003f07b34fa61", "us-east-1", Verdict.ALLOWED, None)


def as_aws_answers(number: int, step: Step) -> Step:
    """A step with a time of its own, and what AWS says to it."""
    service, _, action = step.step.partition(":")
    answer: dict[str, Any] = {}
    if step.step in REFUSALS_WANTED:
        answer = {"error_code": "AccessDenied", "detail": REFUSED}
    elif action.startswith(("Start", "Stop")) and service == "ec2":
        answer = {
            "error_code": "DryRunOperation",
            "detail": "AWS allows it for 1 of 1 instances.",
            "resources": AskedResources(1, 1, 0, (INSTANCE,)),
        }
    elif action.startswith(("Start", "Stop")):
        kind = action.removeprefix("Start").removeprefix("Stop")
        absent = f"{kind} cavok-probe-{sha256(action.encode()).hexdigest()[:16]} not found."
        answer = {"error_code": f"{kind}NotFound", "detail": absent}
    return replace(
        step,
        region="us-east-1" if service in ("ec2", "rds") else None,
        started_at=NOW + timedelta(milliseconds=37 * number),
        duration_ms=60 + 53 * number % 71,
        **answer,
    )


def test_a_verification_has_the_size_that_costs_tell() -> None:
    account = an_account(0, NOW, due=False)
    steps = tuple(as_aws_answers(n, step) for n, step in enumerate(steps_of(account)))
    verification = a_verification(
        organization_id=account.organization_id,
        state=State.FINISHED,
        outcome=Outcome.CONFIRMED,
        finished_at=NOW,
        execution_arn="arn:aws:states:us-east-1:123456789012:execution:verify_account:sweep",
        steps=steps,
    )
    with adapters():
        stored = as_sent(VerificationItem.of(verification, expires_at=NOW).serialize())

    assert weight(stored) == pytest.approx(documented("A verification")[0], rel=0.05)
