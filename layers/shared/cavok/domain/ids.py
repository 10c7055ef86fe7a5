"""Identifiers made here: ULIDs, which sort by the time they were made."""

import re

_ULID = re.compile("[0-9A-HJKMNP-TV-Z]{26}")


def is_id(text: str) -> bool:
    """Whether this can be one of our identifiers; what cannot be is not looked up."""
    return _ULID.fullmatch(text) is not None
