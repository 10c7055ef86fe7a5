"""CPU of warm requests in process: `GET /v1/accounts/{id}` against a bare boto3 GetItem of the same
item, and a list of 100 accounts against a bare boto3 BatchGetItem of all that is stored of them.

All use a stub of botocore's HTTP session. Requests are built, signed and parsed as usual, but no
socket is opened.
"""

from __future__ import annotations

import copy
import gc
import json
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from functools import cache
from pathlib import Path
from statistics import median, quantiles
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse

from cavok import wiring
from cavok.adapters import making_clients
from cavok.domain.accounts import Account, Capability
from cavok.domain.quotas import QuotaName
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.template_versions import current
from cavok.observability import logger
from tests.bench.functions import LAMBDAS, variables_of
from tests.bench.measure import Medians, Sample, interleaved
from tests.bench.persons_test import request
from tests.bench.prepared import adapters, an_account, item_of
from tests.support.builders import NOW

LISTED = 100
"""Accounts in the list."""

_GREEDY, _LIMIT = "greedy", 100_000

_CALLS = {"request": 200, "get": 200, "list": 10, "batch": 10}
"""Per sample."""


def measure(runs: int) -> dict[str, Medians]:
    """CPU and wall-clock in seconds of one request, one GetItem (`get`), one list and one
    BatchGetItem (`batch`).
    """
    with _prepared() as calls:
        return interleaved({name: _many(calls[name], _CALLS[name]) for name in _CALLS}, runs, min)


@dataclass(frozen=True)
class Neighbours:
    """95th percentiles in seconds of an organization's request, alone and right after one that was
    refused to another organization at its limits; and the median of such a refusal.
    """

    alone: float
    beside: float
    refusal: float


def neighbours(runs: int) -> Neighbours:
    """In one execution environment, which takes one request at a time: at worst a request waits
    there for a refusal. 200 requests a run, alone and beside in turn.
    """
    seconds: dict[str, list[float]] = {"alone": [], "beside": [], "refusal": []}
    with _prepared() as calls:
        for _ in range(200 * runs):
            for name, sent in (("alone", False), ("beside", True)):
                began = time.perf_counter()
                if sent:
                    calls["refused"]()
                    seconds["refusal"].append(time.perf_counter() - began)
                calls["request"]()
                seconds[name].append(time.perf_counter() - began)
    p95 = {name: quantiles(each, n=20)[-1] for name, each in seconds.items()}
    return Neighbours(p95["alone"], p95["beside"], median(seconds["refusal"]))


@contextmanager
def _prepared() -> Iterator[dict[str, Callable[[], Any]]]:
    """The calls, with quotas that a bench never reaches, but for one organization that has."""
    quotas = ",".join(f"{name}:{_LIMIT}/86400" for name in QuotaName)
    # Discards the function's log lines.
    with (
        patch.dict(os.environ, {**LAMBDAS, **variables_of("AccountsApi"), "QUOTAS": quotas}),
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
        patch.object(logger.registered_handler, "stream", nowhere),
    ):
        os.environ.pop("AWS_CA_BUNDLE")  # only the layer has it, and nothing is sent
        os.environ.pop("AWS_ENDPOINT_URL", None)
        _forget()
        table = _Table()
        calls = _calls(table)
        now = datetime.now(UTC)
        with table.stubbed():
            for _ in range(_LIMIT):
                wiring.request_quota().take(_GREEDY, now)
            assert json.loads(calls["request"]()["body"])["account_id"]
            assert len(json.loads(calls["list"]()["body"])["items"]) == LISTED
            assert calls["refused"]()["statusCode"] == 429
            gc.freeze()  # as `start_up.prepare` does on Lambda
            yield calls
        gc.unfreeze()
        _forget()


def _forget() -> None:
    """What this process keeps as an execution environment does, such as used quotas and the session
    with its credentials.
    """
    for made in (*vars(wiring).values(), *vars(making_clients).values()):
        if hasattr(made, "cache_clear"):
            made.cache_clear()


def _many(call: Callable[[], Any], times: int) -> Callable[[], Sample]:
    def sample() -> Sample:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(times):
            call()
        return Sample((time.perf_counter() - wall) / times, (time.process_time() - cpu) / times)

    return sample


def _calls(table: _Table) -> dict[str, Callable[[], Any]]:
    import boto3

    from functions.accounts_api.app import handler

    context = SimpleNamespace(
        function_name="accounts_api",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:us-east-1:111122223333:function:accounts_api",
        aws_request_id="request-1",
        get_remaining_time_in_millis=lambda: 15_000,
    )
    one = request("GET", f"/{table.items[0]['sk']['S'].removeprefix('ACCOUNT#')}")
    greedy = copy.deepcopy(one)
    greedy["requestContext"]["authorizer"]["jwt"]["claims"]["custom:organization"] = _GREEDY
    all_of_them = {**request("GET", ""), "queryStringParameters": {"limit": str(LISTED)}}
    client = boto3.client("dynamodb")
    keys = [{name: item[name] for name in ("pk", "sk")} for item in table.items]
    everything = {"table": {"Keys": keys, "ConsistentRead": True}}
    return {
        "request": lambda: handler(one, context),  # type: ignore[arg-type]
        "refused": lambda: handler(greedy, context),  # type: ignore[arg-type]
        "get": lambda: client.get_item(TableName="table", Key=keys[0], ConsistentRead=True),
        "list": lambda: handler(all_of_them, context),  # type: ignore[arg-type]
        "batch": lambda: client.batch_get_item(RequestItems=everything),
    }


def _as_sweeps_leave(account: Account) -> Account:
    """With all that a test finds."""
    assert account.verification
    return replace(
        account,
        capabilities=dict.fromkeys(account.capabilities, Capability.FULL),
        region_health=tuple(RegionHealth(each, RegionStatus.REACHABLE) for each in account.regions),
        template_version=current(),
        verification=replace(account.verification, unchanged=1, found="0123456789abcdef"),
    )


class _Table:
    """DynamoDB's answers from a table of confirmed accounts."""

    def __init__(self) -> None:
        with adapters():
            accounts = [an_account(index, NOW, due=False) for index in range(LISTED)]
            stored = [item_of(_as_sweeps_leave(account)) for account in accounts]
        self.items = json.loads(json.dumps(stored, default=lambda b: b64encode(b).decode()))
        self._answer = cache(self._made)

    def _made(self, operation: str, projected: str, name: str) -> bytes:
        """`projected`: names of attributes as JSON; null for all of them."""
        names = json.loads(projected)
        items = [
            {name: value for name, value in item.items() if names is None or name in names}
            for item in self.items
        ]
        answers: dict[str, Any] = {
            "GetItem": {"Item": items[0]},
            "Query": {"Items": items, "Count": LISTED, "ScannedCount": LISTED},
            "BatchGetItem": {"Responses": {name: items}, "UnprocessedKeys": {}},
        }
        return json.dumps(answers[operation]).encode()

    @contextmanager
    def stubbed(self) -> Iterator[None]:
        headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "request-1"}

        def send(_session: Any, request: Any) -> AWSResponse:
            target = request.headers["X-Amz-Target"]
            operation = (target.decode() if isinstance(target, bytes) else target).split(".")[1]
            body = self._answer(operation, *_projection(operation, request.body))
            return AWSResponse(request.url, 200, headers, SimpleNamespace(stream=lambda: [body]))

        with patch("botocore.httpsession.URLLib3Session.send", send):
            yield


def _projection(operation: str, body: bytes) -> tuple[str, str]:
    """The attributes that a request wants, as JSON, and the table's name. A query of an index gets
    what the index has.
    """
    asked = json.loads(body)
    if operation == "Query":
        return json.dumps(["pk", "sk", "name_key"]), ""
    if operation == "BatchGetItem":
        ((name, asked),) = asked["RequestItems"].items()
        wanted = asked.get("ProjectionExpression")
        if wanted:
            known = asked.get("ExpressionAttributeNames", {})
            return json.dumps(
                [known.get(one.strip(), one.strip()) for one in wanted.split(",")]
            ), name
        return "null", name
    return "null", asked["TableName"]
