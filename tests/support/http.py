"""The deployed HTTP API, as seen by a person who is signed in or by the public."""

from __future__ import annotations

from typing import Any

import httpx

from local import tokens
from local.stack import Stack
from local.users import User

Json = dict[str, Any]


def signed_in(stack: Stack, user: User) -> httpx.Client:
    return with_token(stack, tokens.sign_in(stack, user))


def with_token(stack: Stack, token: str | None) -> httpx.Client:
    """The HTTP API as seen by whoever holds this token; without one, by the public."""
    headers = {"authorization": f"Bearer {token}"} if token else {}
    return httpx.Client(base_url=stack.api_url, headers=headers, timeout=60, trust_env=False)


def answer(response: httpx.Response) -> Any:
    assert response.is_success, f"{response.request.url}: {response.status_code} {response.text}"
    return response.json() if response.content else None


def problem(response: httpx.Response, status: int) -> Json:
    """The problem (RFC 9457) that an answer must be."""
    assert response.status_code == status, f"{response.status_code} {response.text}"
    assert response.headers["content-type"] == "application/problem+json"
    body: Json = response.json()
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body
