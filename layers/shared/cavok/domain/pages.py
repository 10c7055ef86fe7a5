"""Pages of a list, and the cursors between them."""

import base64
import binascii
import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Literal, Self, TypeVar

from cavok.domain.errors import CursorNotIssued

T = TypeVar("T")
U = TypeVar("U")

PositionKind = Literal["name", "word", "status", "number", "id", "used", "member"]

_ID = "[0-9A-HJKMNP-TV-Z]{26}"
_NAMED = f"[a-z0-9]{{1,64}}#({_ID}) \\1"
_FORMS = {
    "name": re.compile(_NAMED),
    "word": re.compile(_NAMED),
    "status": re.compile(f"[a-z]{{1,16}}:{_NAMED}"),
    "number": re.compile(f"[0-9]{{12}} {_ID}"),
    "id": re.compile(f"{_ID} "),
    "used": re.compile(f"[0-9]{{1,15}} {_ID}"),
    "member": re.compile("[0-9]{12} "),
}
"""The sort key and the id of each kind of position. DynamoDB refuses a key of another form."""


def not_issued() -> CursorNotIssued:
    """What is said of a cursor that is not of the list for which it is sent."""
    return CursorNotIssued("cursor", "This cursor was not issued for this list.")


@dataclass(frozen=True, slots=True)
class Position:
    """Where a page ended: the sort order (`kind`), and the last entry's sort key and id."""

    kind: PositionKind
    key: str
    account_id: str = ""

    def cursor(self, scope: str) -> str:
        """An opaque cursor, valid only for the list that `scope` names."""
        return base64.urlsafe_b64encode(
            json.dumps([scope, self.kind, self.key, self.account_id]).encode()
        ).decode()

    @classmethod
    def of_cursor(
        cls, cursor: str | None, scope: str, *kinds: PositionKind, prefix: str = ""
    ) -> Self | None:
        """Reads `cursor`. Raises CursorNotIssued if it is not of this list: of positions of
        these kinds, with sort keys that start with `prefix`.
        """
        if cursor is None:
            return None
        try:
            issued_for, kind, key, account_id = json.loads(
                base64.urlsafe_b64decode(cursor.encode("ascii"))
            )
        except (binascii.Error, ValueError, TypeError, RecursionError):
            issued_for = kind = key = account_id = None
        if (
            issued_for != scope
            or kind not in kinds
            or not isinstance(key, str)
            or not isinstance(account_id, str)
            or not _FORMS[kind].fullmatch(f"{key} {account_id}")
            or not key.startswith(prefix)
        ):
            raise not_issued()
        return cls(kind, key, account_id)


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
