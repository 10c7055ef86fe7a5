"""What caches and clients may keep of an answer (RFC 9110, 13.1.2; RFC 9111, 5.2.2).

Every answer has Cache-Control. An answer with an ETag may be kept, and is revalidated with
If-None-Match; no other answer is stored.
"""

import hashlib
from http import HTTPStatus
from typing import Any

from cavok.api import conditions, problems
from cavok.api.conditions import names
from cavok.api.gate import READING
from cavok.domain.errors import PreconditionFailed

FOR_ALL = "public, max-age=300"
"""For answers that are the same for everybody until the next release."""

NOT_NAMED = "If-Match names no strong ETag of what is there."
"""The detail of a failed If-Match."""

_OF_304 = ("ETag", "Cache-Control", "Vary", "Retry-After")
_NOT_STORED, _ASK_AGAIN = "no-store", "private, no-cache"


def check(event: dict[str, Any]) -> None:
    """Raises MalformedHeader for a read with an If-Match that nobody can read, before it costs
    anything.
    """
    header = event.get("headers", {}).get("if-match")
    if header is not None and event["requestContext"]["http"]["method"] in READING:
        conditions.check("If-Match", header)


def revalidated(event: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The answer with Cache-Control and, for a successful GET or HEAD, an ETag; 412 if the client
    wants another version; 304 without a body if it has this one. In the order of RFC 9110, 13.2.2.
    """
    headers, asked = dict(answer.get("headers") or {}), event.get("headers", {})
    read = event["requestContext"]["http"]["method"] in READING
    if not read or answer["statusCode"] != HTTPStatus.OK:
        return answer | {"headers": headers | {"Cache-Control": _NOT_STORED}}
    tag = headers["ETag"] = headers.get("ETag") or weak_tag(answer["body"])
    headers.setdefault("Cache-Control", _ASK_AGAIN)
    wanted = asked.get("if-match")
    if wanted is not None and not names(wanted, tag, weakly=False):
        return revalidated(event, problems.answer_to(PreconditionFailed(NOT_NAMED)))
    if not names(asked.get("if-none-match", ""), tag, weakly=True):
        return answer | {"headers": headers}
    kept = {name: headers[name] for name in _OF_304 if name in headers}
    return {"statusCode": HTTPStatus.NOT_MODIFIED.value, "headers": kept, "body": ""}


def weak_tag(body: str) -> str:
    """Weak, because the gateway or a proxy may compress the body."""
    return f'W/"{hashlib.sha256(body.encode()).hexdigest()[:20]}"'
