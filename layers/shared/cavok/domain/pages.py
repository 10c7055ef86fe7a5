"""Pages of a list, and the cursors between them."""

import base64
import binascii
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Self, TypeVar

from cavok.domain.errors import InvalidField

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the last entry's sort key, by which order it was found, and its id."""

    kind: Literal["name", "number", "id"]
    key: str
    account_id: str = ""

    def cursor(self, scope: str) -> str:
        """An opaque cursor, good for one list of one organization alone."""
        return base64.urlsafe_b64encode(
            json.dumps([scope, self.kind, self.key, self.account_id]).encode()
        ).decode()

    @classmethod
    def of_cursor(cls, cursor: str | None, scope: str) -> Self | None:
        """Raises InvalidField for a cursor that was not issued for this list."""
        if cursor is None:
            return None
        try:
            issued_for, kind, key, account_id = json.loads(
                base64.urlsafe_b64decode(cursor.encode("ascii"))
            )
        except (binascii.Error, ValueError, TypeError, RecursionError):
            issued_for = kind = key = account_id = None
        valid = issued_for == scope and kind in ("name", "number", "id") and key
        if not valid or not isinstance(key, str) or not isinstance(account_id, str):
            raise InvalidField("cursor", "This cursor was not issued for this list.")
        return cls(kind, key, account_id)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    items: Sequence[T]
    end: Position | None
