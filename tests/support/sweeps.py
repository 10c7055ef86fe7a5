"""What tests do with sweeps: run them, make accounts due, kill their functions."""

from __future__ import annotations

import os
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any

from local import aws, process, sweep
from local.stack import Stack
from local.sweep import Swept
from tests.support.connections import Connected
from tests.support.http import Json

LONG_AGO = "2020-01-01T00:00:00.000000+0000"
_FORMAT = "%Y-%m-%dT%H:%M:%S.%f+0000"


def run_sweep(stack: Stack) -> Swept:
    """One whole sweep, and the tests of their own that it started."""
    return sweep.wait_for(stack, sweep.start(stack))


def make_due(stack: Stack, organization: str, *accounts: Connected) -> None:
    """Lets time pass for these accounts, and for no others: their due time is long ago. What other
    tests left due waits: a sweep starts only so many tests of their own, and may leave the rest.
    """
    dynamodb = aws.client("dynamodb", stack.emulator_url)
    _let_others_wait(dynamodb, stack)
    for account in accounts:
        dynamodb.update_item(
            TableName=stack.table_name,
            Key=account_key(organization, account.account_id),
            UpdateExpression="SET next_verification_at = :long_ago",
            ExpressionAttributeValues={":long_ago": {"S": LONG_AGO}},
        )


def _let_others_wait(dynamodb: Any, stack: Stack) -> None:
    """Accounts whose time came by itself, or comes within the hour, are due tomorrow."""
    in_an_hour = datetime.now(UTC) + timedelta(hours=1)
    tomorrow = (in_an_hour + timedelta(hours=23)).strftime(_FORMAT)
    pages = dynamodb.get_paginator("scan").paginate(
        TableName=stack.table_name,
        ProjectionExpression="pk, sk",
        FilterExpression=(
            "begins_with(sk, :account) AND next_verification_at > :long_ago"
            " AND next_verification_at < :in_an_hour"
        ),
        ExpressionAttributeValues={
            ":account": {"S": "ACCOUNT#"},
            ":long_ago": {"S": LONG_AGO},
            ":in_an_hour": {"S": in_an_hour.strftime(_FORMAT)},
        },
    )
    for key in pages.search("Items[]"):
        with suppress(dynamodb.exceptions.ConditionalCheckFailedException):
            dynamodb.update_item(
                TableName=stack.table_name,
                Key=key,
                UpdateExpression="SET next_verification_at = :tomorrow",
                ConditionExpression="attribute_exists(next_verification_at)",
                ExpressionAttributeValues={":tomorrow": {"S": tomorrow}},
            )


def let_the_slot_lapse(stack: Stack, organization: str, account: Connected) -> None:
    """Lets the time of the account's test pass, and with it its lease."""
    aws.client("dynamodb", stack.emulator_url).update_item(
        TableName=stack.table_name,
        Key=account_key(organization, account.account_id),
        UpdateExpression="SET next_verification_at = :long_ago, slot_expires_at = :long_ago",
        ExpressionAttributeValues={":long_ago": {"S": LONG_AGO}},
    )


def last_tested(account: Connected) -> str:
    """When a test last came to a verdict, also one that found everything as it was."""
    at: str = account.account()["verification"]["finished_at"]
    return at


def account_key(organization: str, account_id: str) -> dict[str, Any]:
    return {"pk": {"S": f"ORG#{organization}"}, "sk": {"S": f"ACCOUNT#{account_id}"}}


def tests_of(account: Connected) -> list[Json]:
    """Newest first."""
    answer = account.person.get(f"{account.path}/verifications")
    found: list[Json] = answer.json()["items"]
    return found


@contextmanager
def schedule_enabled(stack: Stack) -> Iterator[None]:
    """Enables the template's schedule for a while, once a minute."""
    before = sweep.change_schedule(stack, State="ENABLED", ScheduleExpression="rate(1 minute)")
    try:
        yield
    finally:
        sweep.change_schedule(stack, **before)


@contextmanager
def killing_the_workers_of(function: str, *, once: bool = False) -> Iterator[list[int]]:
    """Kills this stack's processes of a function, as often as there are any, or the first one that
    is not idle; yields the ids.
    """
    killed: list[int] = []
    over = threading.Event()

    def kill_all() -> None:
        for pid in process.workers_of(function):
            try:
                os.kill(pid, signal.SIGKILL)
            except ProcessLookupError:
                continue
            killed.append(pid)

    def kill() -> None:
        while not (once and killed) and not over.wait(0.05):
            kill_all()

    if once:
        kill_all()
        killed.clear()
    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        over.set()
        thread.join()
