"""ETags with a version, and requests that are conditional on it: If-Match (RFC 9110, 13.1.1)."""

import hashlib
import re
from collections.abc import Container
from typing import Annotated

from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import BaseModel

from cavok.domain.errors import MalformedHeader
from cavok.domain.versions import Every

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="ETags, or `*`. If what you change is at none of them, nothing is done: 412.",
    ),
]

_TESTING = "-testing"
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# Each character fits in one place: else a long header that does not match would take for ever.
_TAGS = re.compile(rf"[ \t,]*(?:{_TAG}(?=[ \t]*(?:,|\Z))[ \t,]*)*")
_OF_ACCOUNTS = re.compile(rf'(?:\A|[ \t,])"(0|[1-9]\d{{0,17}})(?:-\d+)?(?:{_TESTING})?"', re.ASCII)
_OF_OTHERS = re.compile(r'(?:\A|[ \t,])"([0-9a-f]{16})-[0-9a-f]{16}"')


def etag(version: int, writes: int, *, testing: bool) -> str:
    """The ETag of an account: `"7"`, or `"7-9"` once it was written nine times, since a test writes
    the account and leaves its version; `"7-9-testing"` while a test runs.
    """
    written = "" if writes == version else f"-{writes}"
    return f'"{version}{written}{_TESTING if testing else ""}"'


def tag_of(version: str, shown: BaseModel) -> str:
    """The ETag of another body: `"version-digest"`. It changes also with what time alone changes,
    and If-Match compares the version, of 16 hexadecimal digits.
    """
    digest = hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:16]
    return f'"{version}-{digest}"'


def account_versions(if_match: str | None) -> frozenset[int] | None:
    """The versions of an account that a header allows; None if it allows all. Weak tags, and tags
    that no version has, allow none: If-Match compares strongly. Raises MalformedHeader.
    """
    found = _found(_OF_ACCOUNTS, if_match)
    return None if found is None else frozenset(map(int, found))


def versions_of(if_match: str | None) -> Container[str] | None:
    """The same for what has a tag by `tag_of`, and that there is any for `*`: PUT may create."""
    if if_match is not None and if_match.strip() == "*":
        return Every()
    found = _found(_OF_OTHERS, if_match)
    return None if found is None else frozenset(found)


def _found(version: re.Pattern[str], if_match: str | None) -> list[str] | None:
    if if_match is None or if_match.strip() == "*":
        return None
    if '"' not in if_match or not _TAGS.fullmatch(if_match):
        raise MalformedHeader(f'If-Match takes ETags, such as "7", or *; not {if_match[:100]}')
    return version.findall(if_match)
