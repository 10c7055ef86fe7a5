"""Interactions in the table. The caller has read the account in its organization before."""

from collections.abc import Callable, Iterable
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.condition import Condition
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys, usage
from cavok.adapters.table.actors import actor_of, stored_actor
from cavok.adapters.table.audit import add_audit_entry
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    ItemChanged,
    Table,
    WriteConflict,
    retry_on_conflict,
)
from cavok.domain import audit
from cavok.domain.actors import ActorKind
from cavok.domain.audit import AuditEntry
from cavok.domain.errors import ChangedMeanwhile, QuotaExceeded, StillRunning
from cavok.domain.idempotency import REPEATED_WITHIN
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Result,
)
from cavok.domain.kinds import Kind
from cavok.domain.pages import Page, Position


class InteractionItem(Item):
    """An interaction, for 90 days. Its event is published once its outcome is known; an open one is
    followed from the start.
    """

    organization_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    interaction_id = UnicodeAttribute()
    action = EnumAttribute(InteractionAction)
    kind = EnumAttribute(Kind, null=True)
    instance_id = UnicodeAttribute(null=True)
    region = UnicodeAttribute(null=True)
    outcome = EnumAttribute(InteractionOutcome)
    detail = UnicodeAttribute()
    actor = UnicodeAttribute()
    actor_sub = UnicodeAttribute(null=True)
    actor_kind = EnumAttribute(ActorKind, null=True)
    at = UTCDateTimeAttribute()
    request_id = UnicodeAttribute()
    logged = EnumAttribute(Logged)
    changed = BooleanAttribute()
    result = EnumAttribute(Result, null=True)
    state = UnicodeAttribute(null=True)
    state_reason = UnicodeAttribute(null=True)
    tried_at = UTCDateTimeAttribute(null=True)
    held_until = UTCDateTimeAttribute(null=True)
    key_hash = UnicodeAttribute(null=True)
    refusal = UnicodeAttribute(null=True)
    counted = BooleanAttribute(null=True)
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, interaction: Interaction) -> "InteractionItem":
        """The item that stores an interaction, until it is no longer kept."""
        return cls.of_fields(
            keys.account_pk(interaction.account_id),
            keys.interaction_sk(interaction.interaction_id),
            interaction,
            counted=None if interaction.counted else False,
            expires_at=interaction.kept_until,
            **stored_actor(interaction.actor),
        )

    def interaction(self) -> Interaction:
        """The stored interaction."""
        return self.as_a(Interaction, actor=actor_of(self), counted=self.counted is not False)


class RequestItem(Item):
    """Maps a request key to the start or stop that it began. DynamoDB deletes it some time after it
    expired.
    """

    interaction_id = UnicodeAttribute()
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, act: Interaction, key_hash: str) -> "RequestItem":
        """The item that makes the key return this act for a day."""
        return cls(
            *_request(act, key_hash),
            interaction_id=act.interaction_id,
            expires_at=act.at + REPEATED_WITHIN,
        )


_NEW = InteractionItem.pk.does_not_exist()
_OPEN = InteractionItem.outcome == InteractionOutcome.PENDING
_NOT_RECORDED = "The interaction could not be recorded. Please try again."


def add_interaction(
    transaction: TransactWrite, interaction: Interaction, once_in: timedelta | None = None
) -> None:
    """Stores and counts a new interaction. If the transaction is repeated, its condition fails, so
    that the interaction counts once.
    """
    transaction.save(InteractionItem.of(interaction), condition=_NEW)
    usage.count(transaction, interaction, once_in=once_in)


class Interactions:
    """Reads and writes interactions. Audit entries expire after `audit_kept_for`."""

    def __init__(self, table: Table, audit_kept_for: timedelta = audit.KEPT_FOR) -> None:
        self._table = table
        self._audit_kept_for = audit_kept_for

    def record(self, interaction: Interaction, once_in: timedelta | None = None) -> Interaction:
        """Stores and counts an interaction, once. A listing less than `once_in` after a counted
        one is stored but not counted, and says so. Raises ChangedMeanwhile.
        """

        def attempt() -> Interaction:
            try:
                with self._table.transaction() as transaction:
                    add_interaction(transaction, interaction, once_in)
            except (WriteConflict, TransactWriteError) as error:
                # The transaction may have succeeded although its response was lost.
                if stored := self.find(interaction.account_id, interaction.interaction_id):
                    return stored
                if once_in and isinstance(error, ItemChanged):
                    self._table.put(InteractionItem.of(interaction.not_counted()), _NEW)
                    return interaction.not_counted()
                raise
            return interaction

        return retry_on_conflict(attempt, or_raise=ChangedMeanwhile(_NOT_RECORDED))

    def begin(
        self,
        act: Interaction,
        entry: AuditEntry | None = None,
        with_items: Callable[[TransactWrite], None] | None = None,
    ) -> Interaction:
        """Stores an open start or stop with its audit entry and what `with_items` adds, or returns
        the act that its key began in the last 24 hours. Raises ChangedMeanwhile, and what
        `with_items` raises.
        """

        def attempt() -> Interaction:
            try:
                with self._table.transaction() as transaction:
                    transaction.save(InteractionItem.of(act), condition=_NEW)
                    if act.key_hash:
                        request = RequestItem.of(act, act.key_hash)
                        transaction.save(request, condition=_unused_at(act.at))
                    if entry:
                        add_audit_entry(transaction, entry, self._audit_kept_for)
                    if with_items:
                        with_items(transaction)
            except (WriteConflict, TransactWriteError, QuotaExceeded):
                if begun := self._begun(act):
                    return begun
                raise
            return act

        return retry_on_conflict(attempt, or_raise=ChangedMeanwhile(_NOT_RECORDED))

    def take_up(
        self,
        act: Interaction,
        until: datetime,
        with_items: Callable[[TransactWrite], None] | None = None,
    ) -> None:
        """Holds an open act that an earlier request began and nobody holds, in one transaction
        with what `with_items` adds. Raises StillRunning if another request is faster,
        ChangedMeanwhile, and what `with_items` raises.
        """
        held = InteractionItem.held_until.set(until)

        def attempt() -> None:
            try:
                with self._table.transaction() as transaction:
                    free = _OPEN & _held_as_in(act)
                    transaction.update(InteractionItem.of(act), [held], condition=free)
                    if with_items:
                        with_items(transaction)
            except ItemChanged as error:
                if 0 in error.failed:
                    raise StillRunning("Another request with this key was faster.") from None
                raise

        retry_on_conflict(attempt, or_raise=ChangedMeanwhile(_NOT_RECORDED))

    def let_go(self, act: Interaction, why: str, ended_at: datetime | None) -> None:
        """Ends the hold on an open act that failed: it stays open. `ended_at` is null if certainly
        nothing was done. Does nothing if it was closed meanwhile.
        """
        until = InteractionItem.held_until
        hold = until.set(ended_at) if ended_at else until.remove()
        try:
            detail = InteractionItem.detail.set(why)
            self._table.update(InteractionItem.of(act), [hold, detail], _OPEN)
        except ItemChanged:
            return

    def close(
        self, act: Interaction, *, forget: bool = False, unless_taken_up: bool = False
    ) -> Interaction:
        """Stores the outcome of an open act, and counts it, once. Returns the stored outcome,
        which is another process's if that was faster. `forget`: its key begins another act from
        now on. Raises ChangedMeanwhile; with `unless_taken_up`, StillRunning if another request
        now holds the act.
        """
        closed = replace(act, held_until=None)
        condition = _OPEN & _held_as_in(act) if unless_taken_up else _OPEN

        def attempt() -> Interaction:
            try:
                with self._table.transaction() as transaction:
                    if forget and (request := self._request_of(act)):
                        own = RequestItem.interaction_id == act.interaction_id
                        transaction.delete(request, own)
                    transaction.save(InteractionItem.of(closed), condition=condition)
                    usage.count(transaction, closed)
            except (WriteConflict, TransactWriteError):
                stored = self.find(act.account_id, act.interaction_id)
                if stored and not stored.open:
                    return stored
                if stored and unless_taken_up and stored.held_until != act.held_until:
                    raise StillRunning("Another request took it up.") from None
                raise
            return closed

        return retry_on_conflict(attempt, or_raise=ChangedMeanwhile(_NOT_RECORDED))

    def _begun(self, act: Interaction) -> Interaction | None:
        """This act, if it was stored and the answer lost, or the act that its key began."""
        if act.key_hash is None:
            return self.find(act.account_id, act.interaction_id)
        request = self._table.get(RequestItem, *_request(act, act.key_hash))
        if request is None or request.expires_at <= act.at:
            return None
        return self.find(act.account_id, request.interaction_id)

    def _request_of(self, act: Interaction) -> RequestItem | None:
        """The item of its key, unless the key lapsed and began another act."""
        if act.key_hash is None:
            return None
        request = self._table.get(RequestItem, *_request(act, act.key_hash))
        return request if request and request.interaction_id == act.interaction_id else None

    def page(self, account_id: str, *, limit: int, after: Position | None) -> Page[Interaction]:
        """Newest first, without open ones."""
        page = self._table.page(
            InteractionItem,
            keys.account_pk(account_id),
            keys.INTERACTION,
            limit=limit,
            after=after,
            consistent=True,
            condition=InteractionItem.outcome != InteractionOutcome.PENDING,
        )
        return page.map(InteractionItem.interaction)

    def not_logged(self, account_id: str, interaction_ids: Iterable[str]) -> set[str]:
        """The given interactions whose log line may still have to be written: pending ones, and
        ones that are not in this table because another service recorded them.
        """
        ids, pk = set(interaction_ids), keys.account_pk(account_id)
        stored = self._table.get_many(
            InteractionItem, [(pk, keys.interaction_sk(each)) for each in ids]
        )
        return ids - {i.interaction_id for i in stored if i.logged is not Logged.PENDING}

    def mark_logged(self, account_id: str, interaction_id: str, logged: Logged) -> None:
        """Stores the result of writing an interaction's log line. Does nothing for an interaction
        that is not in this table or whose result is final.
        """
        item = InteractionItem(keys.account_pk(account_id), keys.interaction_sk(interaction_id))
        pending = InteractionItem.logged == Logged.PENDING
        try:
            self._table.update(item, [InteractionItem.logged.set(logged)], pending)
        except ItemChanged:
            return

    def find(self, account_id: str, interaction_id: str) -> Interaction | None:
        """One interaction, read consistently; null if it is not in this table."""
        pk, sk = keys.account_pk(account_id), keys.interaction_sk(interaction_id)
        item = self._table.get(InteractionItem, pk, sk)
        return item.interaction() if item else None

    def set_result(
        self, interaction: Interaction, result: Result, state: str | None, reason: str | None
    ) -> None:
        """Stores the result of a start or stop. Does nothing if it is known already."""
        self._follow(
            interaction,
            [
                InteractionItem.result.set(result),
                *_set_or_remove(InteractionItem.state, state),
                *_set_or_remove(InteractionItem.state_reason, reason),
            ],
        )

    def begin_try(self, turn: Interaction, at: datetime, state: str | None) -> bool:
        """Stores that a turn is tried again. False if another process does, or did."""
        tried, before = InteractionItem.tried_at, turn.tried_at
        return self._follow(
            turn,
            [
                tried.set(at),
                *_set_or_remove(InteractionItem.state, state),
                InteractionItem.state_reason.remove(),
            ],
            tried == before if before else tried.does_not_exist(),
        )

    def note_try(self, turn: Interaction, why: str) -> None:
        """Stores why a turn's last try failed."""
        self._follow(turn, [InteractionItem.state_reason.set(why)])

    def after(self, interaction: Interaction) -> list[Interaction]:
        """The later interactions with an instance of the same kind and identifier, in any region,
        read consistently.
        """
        later = InteractionItem.query(
            keys.account_pk(interaction.account_id),
            InteractionItem.sk.between(*keys.interactions_after(interaction.interaction_id)),
            filter_condition=(InteractionItem.instance_id == interaction.instance_id)
            & (InteractionItem.kind == interaction.kind),
            consistent_read=True,
        )
        return [item.interaction() for item in later]

    def _follow(
        self, interaction: Interaction, changes: list[Action], condition: Condition | None = None
    ) -> bool:
        pending = InteractionItem.result == Result.PENDING
        try:
            self._table.update(
                InteractionItem.of(interaction),
                changes,
                pending if condition is None else pending & condition,
            )
        except ItemChanged:
            return False
        return True


def _unused_at(at: datetime) -> Condition:
    """The condition that a request key was not used in the last 24 hours. DynamoDB may keep its
    item for days longer.
    """
    unused: Condition = RequestItem.pk.does_not_exist() | (RequestItem.expires_at <= at)
    return unused


def _held_as_in(act: Interaction) -> Condition:
    held = InteractionItem.held_until
    same: Condition = held == act.held_until
    return same if act.held_until else held.does_not_exist()


def _set_or_remove(attribute: Any, value: str | None) -> list[Action]:
    return [attribute.remove() if value is None else attribute.set(value)]


def _request(act: Interaction, key_hash: str) -> tuple[str, str]:
    return keys.account_pk(act.account_id), keys.request_sk(key_hash)
