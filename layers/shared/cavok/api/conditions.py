"""An account's ETag, and requests that are conditional on it: If-Match (RFC 9110, 13.1.1)."""

import re
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header

from cavok.domain.errors import MalformedHeader

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="ETags, or `*`. If the account is at none of them, nothing is done: 412.",
    ),
]

_TESTING = "-testing"
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# Each character fits in one place: else a long header that does not match would take for ever.
_TAGS = re.compile(rf"[ \t,]*(?:{_TAG}(?=[ \t]*(?:,|\Z))[ \t,]*)*")
_VERSION = re.compile(rf'(?:\A|[ \t,])"(0|[1-9]\d{{0,17}})(?:-\d+)?(?:{_TESTING})?"', re.ASCII)


def etag(version: int, writes: int, *, testing: bool) -> str:
    """The ETag of an account: `"7"`, or `"7-9"` once it was written nine times, since a test writes
    the account and leaves its version; `"7-9-testing"` while a test runs.
    """
    written = "" if writes == version else f"-{writes}"
    return f'"{version}{written}{_TESTING if testing else ""}"'


def versions_of(if_match: str | None) -> frozenset[int] | None:
    """The versions that a header allows; None if it allows all. Weak tags, and tags that no
    version has, allow none: If-Match compares strongly. Raises MalformedHeader.
    """
    if if_match is None or if_match.strip() == "*":
        return None
    if '"' not in if_match or not _TAGS.fullmatch(if_match):
        raise MalformedHeader(f'If-Match takes ETags, such as "7", or *; not {if_match[:100]}')
    return frozenset(int(version) for version in _VERSION.findall(if_match))
