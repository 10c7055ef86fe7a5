"""Bulk operations in the table, and the lists of their accounts, which were fixed when they began.
A list is in pages of its own, so that noting how far an operation is writes a small item.
"""

import zlib
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import asdict, astuple, replace
from datetime import datetime, timedelta
from itertools import chain
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.update import Action

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
    start_after,
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
    changes = PackedAttribute(lambda bits: bits or None, bytes, null=True, default=b"")
    repeats = NumberAttribute()
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


_COUNTED = ("done", "skipped", "failed", "repeats")


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

    def newest(self, organization_id: str, limit: int) -> list[BulkOperation]:
        """The latest operations, newest first."""
        pk = keys.organization_pk(organization_id)
        found = self._table.page(
            BulkOperationItem, pk, keys.OPERATION, limit=limit, after=None, consistent=True
        )
        return [item.operation() for item in found.items]

    def later_write_logs(self, operation: BulkOperation) -> list[BulkOperation]:
        """The organization's operations that set write_logs and were begun after this one."""
        pk, sk = _key(operation.organization_id, operation.operation_id)
        found = BulkOperationItem.query(
            pk,
            BulkOperationItem.sk.startswith(keys.OPERATION),
            BulkOperationItem.action == BulkAction.WRITE_LOGS,
            consistent_read=True,
            last_evaluated_key=start_after(BulkOperationItem, pk=pk, sk=sk),
        )
        return [item.operation() for item in found]

    def listed(self, organization_id: str, operation_id: str, total: int) -> list[str]:
        """The accounts of an operation, of which there are `total`. Raises OperationNotFound if its
        list is gone.
        """
        pk, pages = keys.organization_pk(organization_id), -(-total // PAGE)
        wanted = [(pk, keys.selected_sk(operation_id, page)) for page in range(pages)]
        found = {item.sk: item.account_ids for item in self._table.get_many(SelectedItem, wanted)}
        if len(found) < pages:
            raise OperationNotFound("This operation is not kept any more.")
        return list(chain.from_iterable(found[sk] for _, sk in wanted))

    def changed_by(self, operation: BulkOperation) -> list[str]:
        """The accounts that an operation changed. Raises OperationNotFound if its list is gone."""
        ids = operation.organization_id, operation.operation_id
        listed = self.listed(*ids, operation.total)
        return [each for place, each in enumerate(listed) if operation.changed_at(place)]

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
        entry: AuditEntry,
    ) -> BulkOperation:
        """Stores an operation with its list, the request's key, and its audit entry; or returns the
        operation that the same key began meanwhile. Raises KeyReused, BusyWithOthers.
        """

        def attempt() -> BulkOperation:
            try:
                self._add(operation, account_ids, key, entry)
            except ItemChanged:
                now = operation.started_at
                if key and (made := self.made_by(operation.organization_id, key, now)):
                    return made
                raise
            return operation

        return retry_on_conflict(attempt, or_raise=_busy())

    def _add(
        self,
        operation: BulkOperation,
        account_ids: Sequence[str],
        key: IdempotencyKey | None,
        entry: AuditEntry,
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

    def stop(
        self,
        organization_id: str,
        operation_id: str,
        entry_of: Callable[[BulkOperation], AuditEntry],
        now: datetime,
    ) -> BulkOperation:
        """Stores that a running operation has stopped, with the audit entry. Returns it as it is
        then: one that is over stays as it is. Raises OperationNotFound, BusyWithOthers.
        """

        def attempt() -> BulkOperation:
            operation = self.get(organization_id, operation_id).as_of(now)
            if not operation.running:
                return operation
            stopped = operation.ended(BulkState.STOPPED, now)
            names, state = ("state", "finished_at"), BulkOperationItem.state
            with self._table.transaction() as transaction:
                transaction.update(
                    BulkOperationItem(*_key(organization_id, operation_id)),
                    _set(stopped, names),
                    condition=state == BulkState.RUNNING,
                )
                add_audit_entry(transaction, entry_of(operation), self._audit_kept_for)
            return stopped

        return retry_on_conflict(attempt, or_raise=_busy())

    def accounts_from(self, operation: BulkOperation) -> tuple[str, ...]:
        """The next accounts to treat: the rest of a page of its list."""
        page, treated = divmod(operation.done, PAGE)
        pk = keys.organization_pk(operation.organization_id)
        item = self._table.get(SelectedItem, pk, keys.selected_sk(operation.operation_id, page))
        assert item, "its pages are kept as long as the operation"
        return item.account_ids[treated:]  # type: ignore[no-any-return]

    def repeat(self, operation: BulkOperation) -> BulkOperation:
        """Notes that the next account is tried again. Raises ItemChanged if another invocation has
        carried the operation on, or a person has stopped it, ItemBusy.
        """
        repeated = replace(operation, repeats=operation.repeats + 1)
        self._note(operation, repeated, ("repeats",))
        return repeated

    def advance(self, before: BulkOperation, after: BulkOperation) -> bool:
        """Notes how far an operation is. False if another invocation has carried it on since
        `before` was stored, or a person has stopped it: then what was done until then is noted.
        Raises ItemBusy.
        """
        try:
            self._note(before, after, ("state", *_PROGRESS, "finished_at"))
        except ItemChanged:  # perhaps by this call, whose answer was lost and which was repeated
            stored = self.get(after.organization_id, after.operation_id)
            if stored.state is BulkState.STOPPED and stored.done == before.done:
                with suppress(ItemChanged):
                    self._note(stored, after, _PROGRESS)
            return stored == after
        return True

    def _note(self, before: BulkOperation, after: BulkOperation, names: Sequence[str]) -> None:
        item = BulkOperationItem(*_key(after.organization_id, after.operation_id))
        done, state = BulkOperationItem.done, BulkOperationItem.state
        as_before = (done == before.done) & (state == before.state)
        self._table.update(item, _set(after, names), as_before)


_PROGRESS = (*_COUNTED, "failures", "changes", "carried_by")


def _set(operation: BulkOperation, names: Sequence[str]) -> list[Action]:
    return [
        getattr(BulkOperationItem, name).set(value)
        for name in names
        if (value := getattr(operation, name)) not in (None, b"")
    ]


def _busy() -> BusyWithOthers:
    return BusyWithOthers("Too many requests do this at the moment. Try again.")


def _key(organization_id: str, operation_id: str) -> tuple[str, str]:
    return keys.organization_pk(organization_id), keys.operation_sk(operation_id)
