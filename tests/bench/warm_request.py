"""CPU of a warm `GET /v1/accounts/{id}` in process, against a bare boto3 GetItem of the same item,
and of a list of 100 accounts.

Both use a stub of botocore's HTTP session. Requests are built, signed and parsed as usual, but no
socket is opened.
"""

from __future__ import annotations

import json
import os
import time
from base64 import b64encode
from collections.abc import Callable, Iterable, Iterator
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
"""Per sample; of the list, a hundredth."""

LISTED = 100

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
    "rawQueryString": "",
    "headers": {"host": "api.example", "accept": "application/json"},
    "requestContext": {
        "requestId": "request-1",
        "stage": "$default",
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


def measure(runs: int) -> tuple[Medians, Medians, Medians]:
    """CPU and wall-clock of one request, of one GetItem, and of a list of `LISTED` accounts, in
    seconds.
    """
    # Discards the function's log lines.
    with (
        patch.dict(os.environ, _ENVIRONMENT),
        Path(os.devnull).open("w") as nowhere,
        redirect_stdout(nowhere),
    ):
        os.environ.pop("AWS_ENDPOINT_URL", None)
        request, get_item = _request(f"/v1/accounts/{_ACCOUNT_ID}"), _get_item()
        listing = _request("/v1/accounts", limit=str(LISTED))
        with _stubbed([_stored_account(number) for number in range(LISTED)]):
            assert request()["statusCode"] == 200
            assert get_item()["Item"]["sk"]["S"].endswith(_ACCOUNT_ID)
            assert len(json.loads(listing()["body"])["items"]) == LISTED
            alternatives = {
                "request": _many(request, CALLS),
                "get": _many(get_item, CALLS),
                "list": _many(listing, CALLS // LISTED),
            }
            medians = interleaved(alternatives, runs)
    return medians["request"], medians["get"], medians["list"]


def _many(call: Callable[[], Any], calls: int) -> Callable[[], Sample]:
    def sample() -> Sample:
        cpu, wall = time.process_time(), time.perf_counter()
        for _ in range(calls):
            call()
        return Sample((time.perf_counter() - wall) / calls, (time.process_time() - cpu) / calls)

    return sample


def _request(path: str, **query: str) -> Callable[[], Any]:
    from functions.accounts_api.app import handler

    context = SimpleNamespace(
        function_name="accounts_api",
        memory_limit_in_mb=1024,
        invoked_function_arn="arn:aws:lambda:us-east-1:111122223333:function:accounts_api",
        aws_request_id="request-1",
    )
    about = _EVENT["requestContext"] | {"http": {"method": "GET", "path": path}}
    event = _EVENT | {"rawPath": path, "queryStringParameters": query, "requestContext": about}
    return lambda: handler(event, context)


def _get_item() -> Callable[[], Any]:
    import boto3

    client = boto3.client("dynamodb")
    key = {"pk": {"S": "ORG#northwind"}, "sk": {"S": f"ACCOUNT#{_ACCOUNT_ID}"}}
    return lambda: client.get_item(TableName="table", Key=key, ConsistentRead=True)


def _stored_account(number: int) -> dict[str, Any]:
    """A confirmed account as DynamoDB sends it. Number 0 has `_ACCOUNT_ID`."""
    from cavok import wiring
    from cavok.adapters.table.accounts import AccountItem

    wiring.table()
    account = an_account(
        organization_id="northwind",
        account_id=f"{_ACCOUNT_ID[:-3]}{number:03}",
        verification=LastVerification(_ACCOUNT_ID, Outcome.CONFIRMED, NOW),
        capabilities=dict.fromkeys(("ec2", "rds", "logs"), Capability.FULL),
        version=3,
    )
    item = AccountItem.of(confirmed(account)).serialize()
    as_sent = json.dumps(item, default=lambda value: b64encode(value).decode())
    return dict(json.loads(as_sent))


def _answers(items: list[dict[str, Any]]) -> dict[str, bytes]:
    """DynamoDB's answer to each operation: those attributes that a read asks for."""
    from cavok.adapters.table.accounts import LISTED as SHOWN
    from cavok.adapters.table.accounts import AccountItem

    def some(names: Iterable[str]) -> list[dict[str, Any]]:
        wanted = set(names)
        return [{k: v for k, v in item.items() if k in wanted} for item in items]

    shown = some(getattr(AccountItem, name).attr_name for name in SHOWN)
    answers = {
        "GetItem": {"Item": items[0]},
        "Query": {"Items": some(["pk", "sk", "name_key"]), "Count": LISTED, "ScannedCount": LISTED},
        "BatchGetItem": {"Responses": {"table": shown}, "UnprocessedKeys": {}},
    }
    return {operation: json.dumps(answer).encode() for operation, answer in answers.items()}


@contextmanager
def _stubbed(items: list[dict[str, Any]]) -> Iterator[None]:
    headers = {"content-type": "application/x-amz-json-1.0", "x-amzn-requestid": "request-1"}
    answers = _answers(items)

    def send(_session: Any, request: Any) -> AWSResponse:
        _, _, operation = request.headers["X-Amz-Target"].decode().partition(".")
        body = answers[operation]
        return AWSResponse(request.url, 200, headers, SimpleNamespace(stream=lambda: [body]))

    with patch("botocore.httpsession.URLLib3Session.send", send):
        yield
