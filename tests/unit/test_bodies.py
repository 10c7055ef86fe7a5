"""Bodies that are refused before they are read."""

from __future__ import annotations

import base64
import json
from typing import Any

import pytest

from cavok.api.bodies import LARGER, MAX_BYTES, MAX_DEPTH, why_unusable
from cavok.domain.regions import REGIONS

TOO_DEEP = "The body nests lists or objects more than 32 deep."
TOO_LONG = "The body is longer than 64 kB."
NOT_TEXT = "The body is not text in UTF-8."
TOO_BIG = "The body has an integer of more than 64 bits."


def nested(levels: int) -> str:
    return "[" * levels + "]" * levels


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (None, None),
        ("", None),
        ("{}", None),
        (nested(MAX_DEPTH), None),
        (nested(MAX_DEPTH + 1), TOO_DEEP),
        ('{"a":' * 33 + "1" + "}" * 33, TOO_DEEP),
        (nested(30_000), TOO_DEEP),
        (str(2**63 - 1), None),
        (str(-(2**63)), None),
        (str(2**63), TOO_BIG),
        (str(-(2**63) - 1), TOO_BIG),
        ('{"limit": ' + "9" * 5_000 + "}", TOO_BIG),
        (json.dumps("x" * (MAX_BYTES - 2)), None),
        (json.dumps("x" * (MAX_BYTES - 1)), TOO_LONG),
        (json.dumps("ü" * (MAX_BYTES // 2), ensure_ascii=False), TOO_LONG),
        ("{", "The body is not valid JSON."),
        ("NaN", "The body is not valid JSON: it has NaN."),
        ('{"name": [-Infinity]}', "The body is not valid JSON: it has -Infinity."),
        ("\ud800", NOT_TEXT),
        (r'{"name": "\ud800"}', NOT_TEXT),
        (r'[{"\udfff": 1}]', NOT_TEXT),
        (r'"\ud83d\ude00"', None),
    ],
    ids=range(22),
)
def test_a_body_that_cannot_be_read_says_why(body: str | None, says: str | None) -> None:
    assert why_unusable({"body": body}) == says


@pytest.mark.parametrize(
    ("body", "says"),
    [
        (base64.b64encode(b"{}").decode(), None),
        (base64.b64encode(b"\xff").decode(), NOT_TEXT),
        (base64.b64encode(nested(33).encode()).decode(), TOO_DEEP),
        ("x", "The body is not valid JSON."),
    ],
)
def test_a_body_that_the_gateway_encoded_is_read_too(body: str, says: str | None) -> None:
    event: dict[str, Any] = {"body": body, "isBase64Encoded": True}

    assert why_unusable(event) == says


def test_many_accounts_may_be_longer() -> None:
    """As long as 500 of them are with the longest values that each may have."""
    account = {
        "provider": "aws",
        "provider_id": "123456789012",
        "name": "n" * 64,
        "access_type": "assume_role",
        "write_logs": False,
        "regions": sorted(REGIONS, key=len)[-20:],
        "role_name": "r" * 64,
        "role_path": "p" * 64,
    }
    whole = json.dumps({"accounts": [account] * 500})
    most = LARGER["/v1/accounts/import"]

    assert len(whole) > MAX_BYTES
    for path in ("/v1/accounts/import", "/v1/accounts/import/"):
        assert why_unusable({"rawPath": path, "body": whole}) is None
        says = why_unusable({"rawPath": path, "body": json.dumps("x" * most)})
        assert says == "The body is longer than 512 kB."
    for path in ("/v1/accounts", "/v1/accounts/imports", "/v1/accounts/import/x"):
        assert why_unusable({"rawPath": path, "body": whole}) == TOO_LONG
