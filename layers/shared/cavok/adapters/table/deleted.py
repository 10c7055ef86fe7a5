"""Accounts and resources deleted in the last day. A client that repeats an unanswered DELETE gets
the same answer.
"""

from collections.abc import Iterable
from datetime import datetime

from pynamodb.attributes import TTLAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, JsonAttribute, Table
from cavok.domain.idempotency import REPEATED_WITHIN
from cavok.domain.ids import is_id


class DeletedItem(Item):
    """A deleted account or resource. It is written in the transaction that deletes the thing.

    clocks  a resource's clocks, which may have outlived it; none once they are gone.
    """

    clocks = JsonAttribute(dump=list, load=tuple)
    expires_at = TTLAttribute()

    @classmethod
    def of(
        cls, pk: str, deleted_id: str, now: datetime, clocks: Iterable[str] = ()
    ) -> "DeletedItem":
        """`pk` is the deleted item's, so that only its owner finds this one."""
        return cls(pk, keys.deleted_sk(deleted_id), clocks=clocks, expires_at=now + REPEATED_WITHIN)

    @classmethod
    def find(cls, table: Table, pk: str, deleted_id: str, now: datetime) -> "DeletedItem | None":
        """None after a day, although DynamoDB may keep the item for days longer."""
        item = table.get(cls, pk, keys.deleted_sk(deleted_id)) if is_id(deleted_id) else None
        return item if item and now < item.expires_at else None
