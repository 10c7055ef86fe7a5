"""What caches and clients may keep of an answer (RFC 9110, 13.1.2; RFC 9111, 5.2.2).

Every answer says it. What has an ETag may be kept and is asked for again with If-None-Match; all
else is not stored.
"""

import hashlib
import re
from http import HTTPStatus
from typing import Any

from cavok.api.gate import READING

FOR_ALL = "public, max-age=300"
"""For answers that are the same for everybody until the next release."""

_NOT_STORED, _ASK_AGAIN = "no-store", "private, no-cache"
_OPAQUE = re.compile(r'"[^"]*"')


def revalidated(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with Cache-Control and, to a successful GET or HEAD, an ETag; 304 without a body
    if the client has it already.
    """
    headers = dict(answer.get("headers") or {})
    read = event["requestContext"]["http"]["method"] in READING
    if not read or answer["statusCode"] != HTTPStatus.OK:
        return answer | {"headers": {"Cache-Control": _NOT_STORED, **headers}}
    tag = headers["ETag"] = headers.get("ETag") or weak_tag(answer["body"])
    headers.setdefault("Cache-Control", _ASK_AGAIN)
    if not _names(event.get("headers", {}).get("if-none-match", ""), tag):
        return answer | {"headers": headers}
    kept = {name: headers[name] for name in ("ETag", "Cache-Control", "Vary") if name in headers}
    return {"statusCode": HTTPStatus.NOT_MODIFIED.value, "headers": kept, "body": ""}


def weak_tag(body: str) -> str:
    """Weak, because the gateway or a proxy may compress the body."""
    return f'W/"{hashlib.sha256(body.encode()).hexdigest()[:20]}"'


def _names(if_none_match: str, tag: str) -> bool:
    """Compares weakly, as RFC 9110 asks."""
    return if_none_match.strip() == "*" or tag.removeprefix("W/") in _OPAQUE.findall(if_none_match)
