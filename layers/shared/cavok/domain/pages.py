"""Pages of a list, and the cursors between them."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Self, TypeVar

from cavok.domain.errors import InvalidField

T = TypeVar("T")
U = TypeVar("U")

_FOREIGN = "This cursor was not issued for this list."


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the sort order (`kind`), and the last entry's sort key and id."""

    kind: Literal["name", "number", "id", "used"]
    key: str
    account_id: str = ""

    def cursor(self, scope: str) -> str:
        """An opaque cursor, valid only for the list that `scope` names."""
        return base64.urlsafe_b64encode(
            json.dumps([scope, self.kind, self.key, self.account_id]).encode()
        ).decode()

    @classmethod
    def of_cursor(cls, cursor: str | None, scope: str) -> Self | None:
        """Reads `cursor`. Raises InvalidField if it was not issued for this list."""
        if cursor is None:
            return None
        try:
            issued_for, kind, key, account_id = json.loads(
                base64.urlsafe_b64decode(cursor.encode("ascii"))
            )
        except (binascii.Error, ValueError, TypeError, RecursionError):
            issued_for = kind = key = account_id = None
        valid = issued_for == scope and kind in ("name", "number", "id", "used") and key
        if not valid or not isinstance(key, str) or not isinstance(account_id, str):
            raise InvalidField("cursor", _FOREIGN)
        return cls(kind, key, account_id)

    @property
    def count(self) -> int:
        """The sort key as a number, in a list sorted by a count. Raises InvalidField."""
        if not re.fullmatch("[0-9]{1,15}", self.key):
            raise InvalidField("cursor", _FOREIGN)
        return int(self.key)


@dataclass(frozen=True, slots=True)
class Page(Generic[T]):
    """One page of a list. `end` is null on the last page."""

    items: Sequence[T]
    end: Position | None

    def next_cursor(self, scope: str) -> str | None:
        """The cursor of the next page of the list that `scope` names; null on the last page."""
        return self.end.cursor(scope) if self.end else None

    def map(self, convert: Callable[[T], U]) -> "Page[U]":
        """The same page of converted items."""
        return Page([convert(item) for item in self.items], self.end)
