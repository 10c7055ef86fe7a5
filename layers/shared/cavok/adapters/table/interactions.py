"""Interactions and the month's usage in the table. An account's are reached only by who reached the
account.

| item                                   | pk                | sk                 |
| -------------------------------------- | ----------------- | ------------------ |
| interaction                            | ACCOUNT#<account> | INTERACTION#<ulid> |
| usage of a month                       | ACCOUNT#<account> | USAGE#<yyyy-mm>    |
| which interaction a request's key made | ACCOUNT#<account> | REQUEST#<sha256>   |

A month's counter says in `usage_of` whose it is and of which month: with it, it is in the index
by_usage.
"""

import hashlib
import random
import time
from collections.abc import Iterable, Iterator
from datetime import timedelta
from typing import Any

from pynamodb.attributes import (
    BooleanAttribute,
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.exceptions import DoesNotExist, TransactWriteError, UpdateError
from pynamodb.transactions import TransactWrite

from cavok.adapters.table.accounts import Accounts
from cavok.adapters.table.items import Item, account_pk, organization_pk
from cavok.domain.errors import ServiceUnavailable
from cavok.domain.instances import Kind
from cavok.domain.interactions import (
    KEPT_FOR,
    AccountUsage,
    Interaction,
    InteractionAction,
    InteractionOutcome,
    Logged,
    Usage,
    period_of,
)
from cavok.domain.pages import Page, Position

_KEY_KEPT_FOR = timedelta(days=1)


class InteractionItem(Item):
    organization_id = UnicodeAttribute()
    account_id = UnicodeAttribute()
    interaction_id = UnicodeAttribute()
    action = UnicodeAttribute()
    kind = UnicodeAttribute(null=True)
    instance_id = UnicodeAttribute(null=True)
    region = UnicodeAttribute(null=True)
    outcome = UnicodeAttribute()
    detail = UnicodeAttribute()
    actor = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    request_id = UnicodeAttribute()
    logged = UnicodeAttribute()
    changed = BooleanAttribute()
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, interaction: Interaction) -> "InteractionItem":
        return cls(
            account_pk(interaction.account_id),
            interaction_sk(interaction.interaction_id),
            organization_id=interaction.organization_id,
            account_id=interaction.account_id,
            interaction_id=interaction.interaction_id,
            action=interaction.action.value,
            kind=interaction.kind.value if interaction.kind else None,
            instance_id=interaction.instance_id,
            region=interaction.region,
            outcome=interaction.outcome.value,
            detail=interaction.detail,
            actor=interaction.actor,
            at=interaction.at,
            request_id=interaction.request_id,
            logged=interaction.logged.value,
            changed=interaction.changed,
            expires_at=interaction.at + KEPT_FOR,
        )

    def interaction(self) -> Interaction:
        return Interaction(
            organization_id=self.organization_id,
            account_id=self.account_id,
            interaction_id=self.interaction_id,
            action=InteractionAction(self.action),
            kind=Kind(self.kind) if self.kind else None,
            instance_id=self.instance_id,
            region=self.region,
            outcome=InteractionOutcome(self.outcome),
            detail=self.detail,
            actor=self.actor,
            at=self.at,
            request_id=self.request_id,
            logged=Logged(self.logged),
            changed=self.changed,
        )


class UsageItem(Item):
    """How many interactions an account had in a month. Written by addition alone."""

    used = NumberAttribute(default=0)
    organization_id = UnicodeAttribute()
    usage_of = UnicodeAttribute()


class RequestItem(Item):
    interaction_id = UnicodeAttribute()
    expires_at = TTLAttribute()


def interaction_sk(interaction_id: str) -> str:
    return f"INTERACTION#{interaction_id}"


def usage_sk(period: str) -> str:
    return f"USAGE#{period}"


def usage_of(organization_id: str, period: str) -> str:
    return f"{organization_pk(organization_id)}#{usage_sk(period)}"


def add_to(transaction: TransactWrite, interaction: Interaction) -> None:
    """Stores an interaction and counts it, in one transaction with what else is in it.

    The interaction is stored on condition that it is not there yet, so that however often the
    transaction is tried again, it is counted once.
    """
    transaction.save(InteractionItem.of(interaction), condition=InteractionItem.pk.does_not_exist())
    organization_id, period = interaction.organization_id, period_of(interaction.at)
    transaction.update(
        UsageItem(account_pk(interaction.account_id), usage_sk(period)),
        [
            UsageItem.used.add(1),
            UsageItem.organization_id.set(organization_id),
            UsageItem.usage_of.set(usage_of(organization_id, period)),
        ],
    )


def request_sk(interaction: Interaction, key: str) -> str:
    """One key may stand for one thing asked: another action or instance is another request."""
    asked = (key, interaction.action.value, str(interaction.kind), str(interaction.instance_id))
    return f"REQUEST#{hashlib.sha256(chr(0).join(asked).encode()).hexdigest()}"


class Interactions:
    """Reads and writes interactions and usage."""

    def __init__(self, accounts: Accounts) -> None:
        self._accounts = accounts

    def record(self, interaction: Interaction, key: str | None = None) -> Interaction:
        """Stores and counts an interaction; with the key of a request that made one already, that
        one comes back and nothing is counted.
        """
        for wait in _waits():
            try:
                with self._accounts.transaction() as transaction:
                    add_to(transaction, interaction)
                    if key is not None:
                        request = _request_item(interaction, key)
                        transaction.save(request, condition=RequestItem.pk.does_not_exist())
                return interaction
            except TransactWriteError as error:
                if made := self.recorded(interaction, key):
                    return made
                if not _in_conflict(error):
                    raise
            time.sleep(wait)
        raise ServiceUnavailable("The interaction could not be recorded. Please try again.")

    def recorded(self, interaction: Interaction, key: str | None) -> Interaction | None:
        """The interaction as it is stored: it, or the one that the same key made within a day."""
        try:
            if key is None:
                return self._get(interaction.account_id, interaction.interaction_id)
            pk = account_pk(interaction.account_id)
            request = RequestItem.get(pk, request_sk(interaction, key), consistent_read=True)
            return self._get(interaction.account_id, request.interaction_id)
        except DoesNotExist:
            return None

    def page(self, account_id: str, *, limit: int, after: Position | None) -> Page[Interaction]:
        """Newest first."""
        pk = account_pk(account_id)
        start = {"pk": {"S": pk}, "sk": {"S": interaction_sk(after.key)}} if after else None
        items = list(
            InteractionItem.query(
                pk,
                InteractionItem.sk.startswith(interaction_sk("")),
                scan_index_forward=False,
                last_evaluated_key=start,
                limit=limit + 1,
                page_size=limit + 1,
                consistent_read=True,
            )
        )
        shown = [item.interaction() for item in items[:limit]]
        end = Position("id", shown[-1].interaction_id) if len(items) > limit else None
        return Page(shown, end)

    def usage(self, account_id: str, period: str, free_interactions: int) -> Usage:
        try:
            item = UsageItem.get(account_pk(account_id), usage_sk(period), consistent_read=True)
        except DoesNotExist:
            return Usage(period, free_interactions, 0)
        return Usage(period, free_interactions, int(item.used))

    def usage_of_accounts(
        self,
        organization_id: str,
        period: str,
        free_interactions: int,
        *,
        limit: int,
        after: Position | None,
    ) -> Page[AccountUsage]:
        """Most used first. Counters only rise, so that no account is on two pages; one that rises
        past the end of a page while the next is asked for is on neither.
        """
        hash_key = usage_of(organization_id, period)
        counters = list(
            UsageItem.by_usage.query(
                hash_key,
                scan_index_forward=False,
                last_evaluated_key=_start_of_usage(hash_key, period, after) if after else None,
                limit=limit + 1,
                page_size=limit + 1,
            )
        )
        used = {c.pk.removeprefix("ACCOUNT#"): int(c.used) for c in counters[:limit]}
        names = {a.account_id: a.name for a in self._accounts.read(organization_id, list(used))}
        shown = [
            AccountUsage(account_id, names.get(account_id), Usage(period, free_interactions, count))
            for account_id, count in used.items()
        ]
        return Page(shown, _end_of_usage(shown[-1]) if len(counters) > limit else None)

    def not_logged(self, account_id: str, interaction_ids: Iterable[str]) -> set[str]:
        """The given interactions whose log line may still have to be written: pending ones, and
        ones that are not in this table because another service recorded them.
        """
        asked, pk = set(interaction_ids), account_pk(account_id)
        keys = [(pk, interaction_sk(interaction_id)) for interaction_id in asked]
        stored = InteractionItem.batch_get(keys, consistent_read=True)
        return asked - {i.interaction_id for i in stored if i.logged != Logged.PENDING.value}

    def mark_logged(self, account_id: str, interaction_id: str, logged: Logged) -> None:
        """Stores the result of writing an interaction's log line. Does nothing for an interaction
        that is not in this table or whose result is final.
        """
        item = InteractionItem(account_pk(account_id), interaction_sk(interaction_id))
        try:
            item.update(
                [InteractionItem.logged.set(logged.value)],
                condition=InteractionItem.logged == Logged.PENDING.value,
            )
        except UpdateError as error:
            if error.cause_response_code != "ConditionalCheckFailedException":
                raise

    def _get(self, account_id: str, interaction_id: str) -> Interaction:
        pk = account_pk(account_id)
        sk = interaction_sk(interaction_id)
        return InteractionItem.get(pk, sk, consistent_read=True).interaction()


def _end_of_usage(last: AccountUsage) -> Position:
    return Position("used", str(last.usage.used), last.account_id)


def _start_of_usage(hash_key: str, period: str, after: Position) -> dict[str, Any]:
    return {
        "usage_of": {"S": hash_key},
        "used": {"N": str(after.count)},
        "pk": {"S": account_pk(after.account_id)},
        "sk": {"S": usage_sk(period)},
    }


def _request_item(interaction: Interaction, key: str) -> RequestItem:
    return RequestItem(
        account_pk(interaction.account_id),
        request_sk(interaction, key),
        interaction_id=interaction.interaction_id,
        expires_at=interaction.at + _KEY_KEPT_FOR,
    )


def _in_conflict(error: TransactWriteError) -> bool:
    """Whether another transaction held the month's counter: a burst meets at that one item."""
    reasons = error.cancellation_reasons or []
    return any(reason and reason.code == "TransactionConflict" for reason in reasons)


def _waits() -> Iterator[float]:
    """Seconds, with full jitter: about four in all, in which some hundred transactions pass."""
    return (random.uniform(0, min(0.05 * 2**n, 1.0)) for n in range(12))  # noqa: S311
