"""CPU of a warm `GET /v1/accounts/{id}` in process, against a bare boto3 GetItem of the same item.

Both use a stub of botocore's HTTP session. Requests are built, signed and parsed as usual, but no
socket is opened.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterator
from contextlib import contextmanager, redirect_stdout
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from botocore.awsrequest import AWSResponse

from cavok.domain.accounts import Capability, LastVerification, Outcome
from local.settings import REGION
from tests.bench.measure import Medians, Sample, interleaved
from tests.support.builders import NOW, an_account, confirmed

CALLS = 200
"""Per sample."""

_ACCOUNT_ID = "01JD0000000000000000000000"
_ENVIRONMENT = {
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_ACCESS_KEY_ID": "AKIAIOSFODNN7EXAMPLE",
    "AWS_SECRET_ACCESS_KEY": "nothing",
    "POWERTOOLS_SERVICE_NAME": "cavok-accounts",
    "TABLE_NAME": "table",
    "AUDIT_DAYS": "365",
}
_EVENT = {
    "version": "2.0",
    "routeKey": "ANY /v1/{proxy+}",
    "rawPath": f"/v1/accounts/{_ACCOUNT_ID}",
    "rawQueryString": "",
    "headers": {"host": "api.example", "accept": "application/json"},
    "requestContext": {
        "requestId": "request-1",
        "stage": "$default",
        "http": {"method": "GET", "path": f"/v1/accounts/{_ACCOUNT_ID}"},
        "authorizer": {
            "jwt": {
                "claims": {
                    "sub": "1",
                    "email": "admin@northwind.example",
                    "custom:organization": "northwind",
                    "cognito:groups": "[admin]",
                }
            }
        },
    },
    "isBase64Encoded": False,
}


def measure(runs: int) -> tuple[Medians, Medians]:
    """CPU and wall-clock of one request and of one GetItem, in seconds."""
    # Discards the function's log lines.
    with (
        patch.dict(os.environ, _ENVIRONMENT),
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
    ):
        os.environ.pop("AWS_ENDPOINT_URL", None)
        request, get_item = _request(), _get_item()
        with _stubbed(_stored_account()):
            assert request()["statusCode"] == 200
            assert get_item()["Item"]["sk"]["S"].endswith(_ACCOUNT_ID)
            medians = interleaved({"request": _many(request), "get": _many(get_item)}, runs)
    return medians["request"], medians["get"]


def _many(call: Callable[[], Any]) -> Callable[[], Sample]:
    def sample() -> Sample:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(CALLS):
            call()
        return Sample((time.perf_counter() - wall) / CALLS, (time.process_time() - cpu) / CALLS)

    return sample


def _request() -> Callable[[], Any]:
    from functions.accounts_api.app import handler

    context = SimpleNamespace(
        function_name="accounts_api",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:us-east-1:111122223333:function:accounts_api",
        aws_request_id="request-1",
    )
    return lambda: handler(_EVENT, context)


def _get_item() -> Callable[[], Any]:
    import boto3

    client = boto3.client("dynamodb")
    key = {"pk": {"S": "ORG#northwind"}, "sk": {"S": f"ACCOUNT#{_ACCOUNT_ID}"}}
    return lambda: client.get_item(TableName="table", Key=key, ConsistentRead=True)


def _stored_account() -> bytes:
    """DynamoDB's answer to GetItem of a confirmed account."""
    from cavok import wiring
    from cavok.adapters.table.accounts import AccountItem

    wiring.table()
    account = an_account(
        organization_id="northwind",
        account_id=_ACCOUNT_ID,
        verification=LastVerification(_ACCOUNT_ID, Outcome.CONFIRMED, NOW),
        capabilities=dict.fromkeys(("ec2", "rds", "logs"), Capability.FULL),
        version=3,
    )
    item = AccountItem.of(confirmed(account)).serialize()
    return json.dumps({"Item": item}, default=lambda value: b64encode(value).decode()).encode()


@contextmanager
def _stubbed(body: bytes) -> Iterator[None]:
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "request-1"}

    def send(_session: Any, request: Any) -> AWSResponse:
        return AWSResponse(request.url, 200, headers, SimpleNamespace(stream=lambda: [body]))

    with patch("botocore.httpsession.URLLib3Session.send", send):
        yield
