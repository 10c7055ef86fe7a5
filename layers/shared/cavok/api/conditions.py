"""ETags with a version, and requests that are conditional on it: If-Match and If-None-Match (RFC
9110, 13.1.1 and 13.1.2). Both conditions must hold, so evaluation order does not matter (13.2.2).
"""

import hashlib
import re
from collections.abc import Callable, Container, Mapping
from typing import Annotated, Any

from aws_lambda_powertools.event_handler.openapi.params import Header
from pydantic import BaseModel

from cavok.domain import template_versions
from cavok.domain.errors import HasNoVersion, MalformedHeader
from cavok.domain.versions import Every, Versions

IfMatch = Annotated[
    str | None,
    Header(
        alias="If-Match",
        description="ETags, or `*`. If none of them matches, nothing is done: 412.",
    ),
]
IfNoneMatch = Annotated[
    str | None,
    Header(
        alias="If-None-Match",
        description="ETags, or `*`. If one of them matches, nothing is done: 412.",
    ),
]

REPRESENTATION = 5
"""Counts the representations of accounts across releases: their form, and the words that are not
stored. A new one has new ETags, so that nobody keeps the old one; If-Match compares the version
only. A test says when to increase it.
"""


def representation() -> str:
    """The representation of this release. An account also says which version of the template is the
    newest, so its number follows if it is not 1.
    """
    newest = template_versions.current()
    return f"{REPRESENTATION}" if newest == 1 else f"{REPRESENTATION}.{newest}"


_TESTING = "-testing"
_TAG = r'(?:W/)?"[\x21\x23-\x7e\x80-\xff]*"'
# Each character can match in one place only. Else a long header without a match would never end.
_TAGS = re.compile(rf"[ \t,]*(?:{_TAG}(?=[ \t]*(?:,|\Z))[ \t,]*)*")
_OPAQUE = re.compile(r'((?:W/)?)("[^"]*")')
_OF_ACCOUNT = re.compile(
    rf'"(0|[1-9]\d{{0,17}})(?:-\d+)?(?:{_TESTING})?(?:\.\d+){{0,2}}"', re.ASCII
)
_OF_OTHERS = re.compile(r'"([0-9a-f]{16})-[0-9a-f]{16}"')


def etag(version: int, writes: int, *, testing: bool, form: str = "") -> str:
    """The ETag of an account: `"7"`, or `"7-9"` after nine writes, because a test writes
    the account and keeps its version; `"7-9-testing"` while a test runs; `"7.2"` in its second
    representation.
    """
    written = "" if writes == version else f"-{writes}"
    form = form or representation()
    later = "" if form == "1" else f".{form}"
    return f'"{version}{written}{_TESTING if testing else ""}{later}"'


def tag_of(version: str, shown: BaseModel) -> str:
    """The ETag of another body: `"version-digest"`. The digest also changes with fields that
    change with time alone. Conditions compare the version, 16 hexadecimal digits.
    """
    digest = hashlib.sha256(shown.model_dump_json().encode()).hexdigest()[:16]
    return f'"{version}-{digest}"'


def account_versions(if_match: str | None, if_none_match: str | None) -> Versions | None:
    """The versions of an account that a request allows; None if it has no condition. Tags without a
    version match no version. Raises MalformedHeader.
    """
    return _versions(if_match, if_none_match, _OF_ACCOUNT, int)


def versions_of(if_match: str | None, if_none_match: str | None) -> Versions | None:
    """The same for resources whose tag is from `tag_of`."""
    return _versions(if_match, if_none_match, _OF_OTHERS, str)


def check(name: str, header: str) -> None:
    """Raises MalformedHeader unless this is a list of ETags, or `*`."""
    if header.strip() == "*" or ('"' in header and _TAGS.fullmatch(header)):
        return
    raise MalformedHeader(f'{name} takes ETags, such as "7", or *; not {header[:100]}')


_NAMES = ("If-Match", "If-None-Match")


def is_condition(header: str) -> bool:
    """Whether a header, in any case, is one of the conditions that are compared with ETags."""
    return header.title() in _NAMES


def has_condition(headers: Mapping[str, str]) -> bool:
    """Whether a request has one. Its headers are in lower case."""
    return any(name.lower() in headers for name in _NAMES)


def check_without_tag(headers: Mapping[str, str], *, is_shown: bool) -> None:
    """For a request whose path has no strong ETag: `*` names what GET shows there, if it shows
    anything, and a tag names nothing. Raises MalformedHeader, HasNoVersion.
    """
    asked = {name: headers[name.lower()] for name in _NAMES if name.lower() in headers}
    for name, header in asked.items():
        check(name, header)
    for name, header in asked.items():
        named = is_shown and header.strip() == "*"
        if named is not (name == "If-Match"):
            raise HasNoVersion(f"Nothing at this path has a version. Leave out {name}.")


def names(header: str, tag: str, *, weakly: bool) -> bool:
    """Whether a header names the current tag. If-None-Match compares weakly, If-Match does not (RFC
    9110, 8.8.3.2).
    """
    opaque = tag.removeprefix("W/")
    return header.strip() == "*" or (
        (weakly or opaque == tag) and opaque in _opaque(header, weakly=weakly)
    )


def _versions(
    if_match: str | None,
    if_none_match: str | None,
    version: re.Pattern[str],
    kind: Callable[[str], int | str],
) -> Versions | None:
    if if_match is None and if_none_match is None:
        return None

    def named(name: str, header: str | None, *, weakly: bool) -> Container[Any] | None:
        if header is None:
            return None
        if header.strip() == "*":
            return Every()
        check(name, header)
        found = map(version.fullmatch, _opaque(header, weakly=weakly))
        return frozenset(kind(match[1]) for match in found if match)

    return Versions(
        named=named("If-Match", if_match, weakly=False),
        excluded=named("If-None-Match", if_none_match, weakly=True) or (),
    )


def _opaque(header: str, *, weakly: bool) -> list[str]:
    return [opaque for weak, opaque in _OPAQUE.findall(header) if weakly or not weak]
