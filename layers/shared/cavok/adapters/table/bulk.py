"""Bulk operations in the table, and the lists of their accounts, which were fixed when they began.
A list is in pages of its own, so that noting how far an operation is writes a small item.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import asdict, astuple
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.actors import actor_of, stored_actor
from cavok.adapters.table.audit import add_audit_entry
from cavok.adapters.table.idempotency import IdempotencyItem, add_idempotency_key
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    ItemChanged,
    JsonAttribute,
    PackedAttribute,
    Table,
    retry_on_conflict,
)
from cavok.domain import audit
from cavok.domain.account_list import Selection
from cavok.domain.accounts import AccessType, Status
from cavok.domain.actors import ActorKind, Requester
from cavok.domain.audit import AuditEntry
from cavok.domain.bulk import KEPT_FOR, BulkAction, BulkFailure, BulkOperation, BulkState
from cavok.domain.errors import BusyWithOthers, OperationNotFound
from cavok.domain.idempotency import IdempotencyKey
from cavok.domain.ids import is_id

PAGE = 200
"""Accounts of one item. The pages of an operation and all that belongs to it are one transaction,
which has a hundred items at most. Source: DynamoDB API reference, TransactWriteItems.
"""

_ID_LENGTH = 26


def _pack_ids(ids: Sequence[str]) -> bytes:
    return zlib.compress("".join(ids).encode(), 9)


def _unpack_ids(packed: bytes) -> tuple[str, ...]:
    text = zlib.decompress(packed).decode()
    return tuple(text[at : at + _ID_LENGTH] for at in range(0, len(text), _ID_LENGTH))


def _selection_of(stored: dict[str, Any]) -> Selection:
    status, access_type = stored["status"], stored["access_type"]
    read = {
        "status": Status(status) if status else None,
        "access_type": AccessType(access_type) if access_type else None,
    }
    return Selection(**stored | read)


class SelectedItem(Item):
    """A page of an operation's accounts."""

    account_ids = PackedAttribute(_pack_ids, _unpack_ids)
    expires_at = TTLAttribute()


class BulkOperationItem(Item):
    """An operation, and how far it is."""

    action = EnumAttribute(BulkAction)
    value = BooleanAttribute(null=True)
    selection = JsonAttribute(dump=asdict, load=_selection_of, null=True)
    actor = UnicodeAttribute()
    actor_sub = UnicodeAttribute(null=True)
    actor_kind = EnumAttribute(ActorKind, null=True)
    request_id = UnicodeAttribute()
    source_ip = UnicodeAttribute(null=True)
    total = NumberAttribute()
    started_at = UTCDateTimeAttribute()
    state = EnumAttribute(BulkState)
    done = NumberAttribute()
    skipped = NumberAttribute()
    failed = NumberAttribute()
    failures = JsonAttribute(
        dump=lambda failures: [astuple(each) for each in failures],
        load=lambda rows: tuple(BulkFailure(*row) for row in rows),
    )
    finished_at = UTCDateTimeAttribute(null=True)
    carried_by = UnicodeAttribute(null=True)
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, operation: BulkOperation) -> "BulkOperationItem":
        """The item that stores an operation which begins."""
        requester = operation.requester
        return cls.of_fields(
            *_key(operation.organization_id, operation.operation_id),
            operation,
            request_id=requester.request_id,
            source_ip=requester.source_ip,
            expires_at=operation.started_at + KEPT_FOR,
            **stored_actor(requester.actor),
        )

    def operation(self) -> BulkOperation:
        """The stored operation."""
        numbers = {name: int(getattr(self, name)) for name in ("total", *_COUNTED)}
        return self.as_a(
            BulkOperation,
            organization_id=self.pk.removeprefix(keys.ORGANIZATION),
            operation_id=self.sk.removeprefix(keys.OPERATION),
            requester=Requester(
                actor=actor_of(self), request_id=self.request_id, source_ip=self.source_ip
            ),
            **numbers,
        )


_COUNTED = ("done", "skipped", "failed")


class BulkOperations:
    """Reads operations, begins them, and notes how far they are."""

    def __init__(self, table: Table, audit_kept_for: timedelta = audit.KEPT_FOR) -> None:
        self._table = table
        self._audit_kept_for = audit_kept_for

    def get(self, organization_id: str, operation_id: str) -> BulkOperation:
        """Raises OperationNotFound."""
        key = _key(organization_id, operation_id)
        item = self._table.get(BulkOperationItem, *key) if is_id(operation_id) else None
        if item is None:
            raise OperationNotFound("There is no such operation of your organization.")
        return item.operation()

    def made_by(
        self, organization_id: str, key: IdempotencyKey, now: datetime
    ) -> BulkOperation | None:
        """The operation that this key began in the last 24 hours. Raises KeyReused if it came with
        another body.
        """
        pk, sk = keys.organization_pk(organization_id), keys.idempotency_sk(key.key)
        item = self._table.get(IdempotencyItem, pk, sk)
        if item is None or not item.holds(key, now):
            return None
        return self.get(organization_id, item.made_id)

    def begin(
        self,
        operation: BulkOperation,
        account_ids: Sequence[str],
        key: IdempotencyKey | None,
        *,
        entry: AuditEntry,
        with_items: Callable[[TransactWrite], None],
    ) -> BulkOperation:
        """Stores an operation with its list, the request's key, its audit entry, and what
        `with_items` adds; or returns the operation that the same key began meanwhile. Raises
        KeyReused, BusyWithOthers, and what `with_items` raises.
        """

        def attempt() -> BulkOperation:
            try:
                self._add(operation, account_ids, key, entry, with_items)
            except ItemChanged:
                now = operation.started_at
                if key and (made := self.made_by(operation.organization_id, key, now)):
                    return made
                raise
            return operation

        return retry_on_conflict(
            attempt, or_raise=BusyWithOthers("Too many requests do this at the moment. Try again.")
        )

    def _add(
        self,
        operation: BulkOperation,
        account_ids: Sequence[str],
        key: IdempotencyKey | None,
        entry: AuditEntry,
        with_items: Callable[[TransactWrite], None],
    ) -> None:
        pk, expires_at = keys.organization_pk(operation.organization_id), operation.started_at
        with self._table.transaction() as transaction:
            transaction.save(BulkOperationItem.of(operation))
            for page, start in enumerate(range(0, len(account_ids), PAGE)):
                sk, ids = (
                    keys.selected_sk(operation.operation_id, page),
                    account_ids[start : start + PAGE],
                )
                transaction.save(
                    SelectedItem(pk, sk, account_ids=ids, expires_at=expires_at + KEPT_FOR)
                )
            if key:
                add_idempotency_key(
                    transaction,
                    operation.organization_id,
                    key,
                    operation.operation_id,
                    operation.started_at,
                )
            add_audit_entry(transaction, entry, self._audit_kept_for)
            with_items(transaction)

    def accounts_from(self, operation: BulkOperation) -> tuple[str, ...]:
        """The next accounts to treat: the rest of a page of its list."""
        page, treated = divmod(operation.done, PAGE)
        pk = keys.organization_pk(operation.organization_id)
        item = self._table.get(SelectedItem, pk, keys.selected_sk(operation.operation_id, page))
        assert item, "its pages are kept as long as the operation"
        return item.account_ids[treated:]  # type: ignore[no-any-return]

    def advance(self, before: BulkOperation, after: BulkOperation) -> bool:
        """Notes how far an operation is. False if another invocation has carried it on since
        `before` was stored. Raises ItemBusy.
        """
        item = BulkOperationItem(*_key(after.organization_id, after.operation_id))
        names = ("state", *_COUNTED, "failures", "finished_at", "carried_by")
        actions: list[Action] = [
            getattr(BulkOperationItem, name).set(value)
            for name in names
            if (value := getattr(after, name)) is not None
        ]
        done, state = BulkOperationItem.done, BulkOperationItem.state
        as_before = (done == before.done) & (state == before.state)
        try:
            self._table.update(item, actions, as_before)
        except ItemChanged:  # perhaps by this call, whose answer was lost and which was repeated
            return self.get(after.organization_id, after.operation_id) == after
        return True


def _key(organization_id: str, operation_id: str) -> tuple[str, str]:
    return keys.organization_pk(organization_id), keys.operation_sk(operation_id)
