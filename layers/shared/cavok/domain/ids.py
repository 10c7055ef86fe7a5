"""Cavok's own identifiers: ULIDs, which sort by creation time."""

import re

ULID_PATTERN = "[0-9A-HJKMNP-TV-Z]{26}"


def is_id(text: str) -> bool:
    """Whether a text has the form of an identifier. Others are not looked up."""
    return re.fullmatch(ULID_PATTERN, text) is not None


def new_id() -> str:
    """A new identifier, which sorts after those made before this millisecond."""
    from ulid import ULID  # most invocations make none

    return str(ULID())
