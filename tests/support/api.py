"""The HTTP API in this process: a client of the function's handler, through API Gateway's event."""

from __future__ import annotations

import base64
import gzip
import json
import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from cavok.api.resolver import Resolver
from functions.accounts_api import app
from tests.support import declared
from tests.support.builders import ACCOUNT_ID, KEY_ID, NUMBER, SECRET_KEY, sample_event

SAMPLE = sample_event("api_create_account")
_SAMPLE = json.dumps(SAMPLE)


ROLE_ACCOUNT: dict[str, Any] = json.loads(SAMPLE["body"])


KEYS = {"access_key_id": KEY_ID, "secret_access_key": SECRET_KEY}


KEY_ACCOUNT = ROLE_ACCOUNT | {"access_type": "access_key", "credentials": KEYS}


UNKNOWN_ID = ACCOUNT_ID


class Context:
    """What Lambda tells a function of its invocation."""

    function_name = "accounts_api"
    function_version = "$LATEST"
    memory_limit_in_mb = 1024
    invoked_function_arn = "arn:aws:lambda:us-east-1:000000000000:function:accounts_api"
    aws_request_id = "52fdfc07-2182-454f-963f-5f0f9a621d72"

    def get_remaining_time_in_millis(self) -> int:
        return 15_000


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    text: str

    @property
    def json(self) -> Any:
        return json.loads(self.text)

    @property
    def fields(self) -> list[str]:
        """The fields that a problem names."""
        return [error["field"] for error in self.json["errors"]]


@dataclass
class Api:
    """A caller. `group` null: a token of no group; `organization_id` null: no token at all."""

    organization_id: str | None
    group: str | None = None
    claims: dict[str, str] = field(default_factory=dict)

    def get(self, path: str, headers: dict[str, str] | None = None, **query: Any) -> Answer:
        return self.send("GET", path, headers=headers, query=query)

    def post(self, path: str, body: Any = None, **headers: str) -> Answer:
        return self.send("POST", path, body, _named(headers))

    def patch(self, path: str, body: Any, **headers: str) -> Answer:
        return self.send("PATCH", path, body, _named(headers))

    def put(self, path: str, body: Any) -> Answer:
        return self.send("PUT", path, body)

    def delete(self, path: str) -> Answer:
        return self.send("DELETE", path)

    def account(self, **but: Any) -> dict[str, Any]:
        """Connects an account and returns it."""
        answer = self.post("/v1/accounts", ROLE_ACCOUNT | but)
        assert answer.status == 201, answer.text
        account: dict[str, Any] = answer.json
        return account

    def send(
        self,
        method: str,
        path: str,
        body: Any = None,
        headers: dict[str, str] | None = None,
        query: dict[str, Any] | None = None,
    ) -> Answer:
        """`body`: text and bytes go as they are, everything else as JSON."""
        event = self._event(method, path, query or {})
        event["headers"] |= {name.lower(): value for name, value in (headers or {}).items()}
        if isinstance(body, bytes):
            event |= {"body": base64.b64encode(body).decode(), "isBase64Encoded": True}
        elif isinstance(body, str):
            event["body"] = body
        elif body is not None:
            event["body"] = json.dumps(body)
        answer = app.handler(event, Context())
        text = answer.get("body") or ""
        if answer.get("isBase64Encoded"):
            raw = base64.b64decode(text)
            packed = _flat(answer).get("content-encoding") == "gzip"
            text = (gzip.decompress(raw) if packed else raw).decode(errors="replace")
        given = Answer(answer["statusCode"], _flat(answer), text)
        declared.check(method, path, given.status, given.headers.keys())
        return given

    def _event(self, method: str, path: str, query: dict[str, Any]) -> dict[str, Any]:
        event: dict[str, Any] = json.loads(_SAMPLE)
        event["rawPath"] = path
        event["requestContext"]["http"] |= {"method": method, "path": path}
        event["rawQueryString"] = urlencode(query)
        if query:
            event["queryStringParameters"] = {name: str(value) for name, value in query.items()}
        del event["body"]
        if self.organization_id is None:
            del event["requestContext"]["authorizer"]
            return event
        claims = event["requestContext"]["authorizer"]["jwt"]["claims"]
        claims |= {"custom:organization": self.organization_id} | self.claims
        claims["cognito:groups"] = f"[{self.group}]"
        if not self.group:
            del claims["cognito:groups"]
        if not self.organization_id:
            del claims["custom:organization"]
        return event


def _named(headers: dict[str, str]) -> dict[str, str]:
    return {name.replace("_", "-"): value for name, value in headers.items()}


def _flat(answer: dict[str, Any]) -> dict[str, str]:
    headers = {k: v if isinstance(v, str) else v[0] for k, v in answer.get("headers", {}).items()}
    return {name.lower(): value for name, value in headers.items()}


def is_our_sentence(message: str) -> bool:
    """Whether it is a sentence, and not Pydantic's words."""
    return message[-1] in ".)" and not re.search(r"Input|Extra|Field req|should|valid ", message)


def is_problem(answer: Answer, status: int) -> bool:
    """RFC 9457, saying the same status as the answer."""
    return (
        answer.status == status == answer.json["status"]
        and answer.headers["content-type"] == "application/problem+json"
        and {"type", "title", "detail", "code"} <= set(answer.json)
        and answer.json["request_id"] == SAMPLE["requestContext"]["requestId"]
    )


def number(index: int) -> str:
    """Account numbers that differ."""
    return str(int(NUMBER) + index)


def served(app: Resolver) -> set[tuple[str, str]]:
    """Method and path of each route."""
    return {(route.method, route.openapi_path) for route in app.all_routes()}


WEBHOOK = {"url": "https://hooks.example.com/in", "events": ["Account Failed"]}
OFFICE = {"time_zone": "UTC", "windows": [{"days": ["mon"], "start": "08:00", "stop": "18:00"}]}


def walk(api: Api, path: str = "/v1/accounts", **query: Any) -> list[list[dict[str, Any]]]:
    """Every page of a list, following its cursors."""
    pages, cursor = [], {}
    while True:
        page = api.get(path, **query, **cursor).json
        pages.append(page["items"])
        if not page["next_cursor"]:
            return pages
        cursor = {"cursor": page["next_cursor"]}
