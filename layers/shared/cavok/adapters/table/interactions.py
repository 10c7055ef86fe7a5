"""Interactions in the table. The caller has read the account in its organization before."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import TransactWriteError
from pynamodb.expressions.update import Action
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys, usage
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    ItemChanged,
    Table,
    WriteConflict,
    retry_on_conflict,
)
from cavok.domain.errors import ServiceUnavailable
from cavok.domain.interactions import (
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Result,
)
from cavok.domain.kinds import Kind
from cavok.domain.pages import Page, Position

_KEY_KEPT_FOR = timedelta(days=1)


class InteractionItem(Item):
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
    at = UTCDateTimeAttribute()
    request_id = UnicodeAttribute()
    logged = EnumAttribute(Logged)
    changed = BooleanAttribute()
    result = EnumAttribute(Result, null=True)
    state = UnicodeAttribute(null=True)
    state_reason = UnicodeAttribute(null=True)
    tried_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, interaction: Interaction) -> "InteractionItem":
        return cls.of_fields(
            keys.account_pk(interaction.account_id),
            keys.interaction_sk(interaction.interaction_id),
            interaction,
            expires_at=interaction.kept_until,
        )

    def interaction(self) -> Interaction:
        return self.as_a(Interaction)


class RequestItem(Item):
    """Maps a request key to the interaction that it created."""

    interaction_id = UnicodeAttribute()
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, interaction: Interaction, key: str) -> "RequestItem":
        return cls(
            *_request(interaction, key),
            interaction_id=interaction.interaction_id,
            expires_at=interaction.at + _KEY_KEPT_FOR,
        )


def add_interaction(transaction: TransactWrite, interaction: Interaction) -> None:
    """Stores and counts a new interaction. If the transaction is repeated, its condition fails, so
    that the interaction counts once.
    """
    transaction.save(InteractionItem.of(interaction), condition=InteractionItem.pk.does_not_exist())
    usage.count(transaction, interaction)


class Interactions:
    """Reads and writes interactions."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def record(self, interaction: Interaction, key: str | None = None) -> Interaction:
        """Stores and counts an interaction, or returns the one this request key created in the last
        24 hours. Raises ServiceUnavailable.
        """

        def attempt() -> Interaction:
            try:
                with self._table.transaction() as transaction:
                    add_interaction(transaction, interaction)
                    if key is not None:
                        request = RequestItem.of(interaction, key)
                        transaction.save(request, condition=RequestItem.pk.does_not_exist())
            except (WriteConflict, TransactWriteError):
                # The transaction may have succeeded although its response was lost.
                if stored := self.recorded(interaction, key):
                    return stored
                raise
            return interaction

        return retry_on_conflict(
            attempt,
            or_raise=ServiceUnavailable("The interaction could not be recorded. Please try again."),
        )

    def recorded(self, interaction: Interaction, key: str | None) -> Interaction | None:
        """The stored interaction, or the one this request key created in the last 24 hours."""
        if key is None:
            return self._get(interaction.account_id, interaction.interaction_id)
        request = self._table.get(RequestItem, *_request(interaction, key))
        return self._get(interaction.account_id, request.interaction_id) if request else None

    def page(self, account_id: str, *, limit: int, after: Position | None) -> Page[Interaction]:
        """Newest first."""
        pk, prefix = keys.account_pk(account_id), keys.INTERACTION
        page = self._table.newest(
            InteractionItem, pk, prefix, limit=limit, after=after, consistent=True
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
        return self._get(account_id, interaction_id)

    def set_result(
        self, interaction: Interaction, result: Result, state: str | None, reason: str | None
    ) -> None:
        """Stores what became of a start or stop. Does nothing if that is known already."""
        self._follow(
            interaction,
            [
                InteractionItem.result.set(result),
                *_set_or_remove(InteractionItem.state, state),
                *_set_or_remove(InteractionItem.state_reason, reason),
            ],
        )

    def tried_again(
        self, interaction: Interaction, at: datetime, state: str | None, reason: str | None
    ) -> None:
        """Stores that a turn was tried again, and why that was needed."""
        self._follow(
            interaction,
            [
                InteractionItem.tried_at.set(at),
                *_set_or_remove(InteractionItem.state, state),
                *_set_or_remove(InteractionItem.state_reason, reason),
            ],
        )

    def has_later_act(self, interaction: Interaction) -> bool:
        """Whether the same instance was started or stopped by a later request that was accepted."""
        pk, same = keys.account_pk(interaction.account_id), InteractionItem.instance_id
        later = InteractionItem.query(
            pk,
            # `~` sorts after every character of a ULID.
            InteractionItem.sk.between(
                keys.interaction_sk(f"{interaction.interaction_id}0"), keys.interaction_sk("~")
            ),
            filter_condition=(same == interaction.instance_id)
            & (InteractionItem.kind == interaction.kind)
            & (InteractionItem.outcome == InteractionOutcome.ACCEPTED)
            & InteractionItem.action.is_in(InteractionAction.START, InteractionAction.STOP),
            consistent_read=True,
        )
        return any(item.region == interaction.region for item in later)

    def _follow(self, interaction: Interaction, changes: list[Action]) -> None:
        item = InteractionItem.of(interaction)
        try:
            self._table.update(item, changes, InteractionItem.result == Result.PENDING)
        except ItemChanged:
            return

    def _get(self, account_id: str, interaction_id: str) -> Interaction | None:
        pk, sk = keys.account_pk(account_id), keys.interaction_sk(interaction_id)
        item = self._table.get(InteractionItem, pk, sk)
        return item.interaction() if item else None


def _set_or_remove(attribute: Any, value: str | None) -> list[Action]:
    return [attribute.remove() if value is None else attribute.set(value)]


def _request(interaction: Interaction, key: str) -> tuple[str, str]:
    sk = keys.request_sk(key, interaction.action, interaction.kind, interaction.instance_id)
    return keys.account_pk(interaction.account_id), sk
