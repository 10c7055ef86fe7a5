"""Webhooks in the table, at most one per organization: sealed secrets, the health of the receiver,
and the deliveries of messages.
"""

from collections.abc import Callable, Container, Mapping, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

from pynamodb.attributes import (
    NumberAttribute,
    TTLAttribute,
    UnicodeAttribute,
    UTCDateTimeAttribute,
)
from pynamodb.expressions.condition import Condition
from pynamodb.transactions import TransactWrite

from cavok.adapters.table import keys
from cavok.adapters.table.audit import add_audit_entry
from cavok.adapters.table.quotas import Count
from cavok.adapters.table.table import (
    EnumAttribute,
    Item,
    JsonAttribute,
    Table,
    WriteConflict,
    retry_on_conflict,
)
from cavok.domain.audit import AuditEntry
from cavok.domain.errors import ChangedMeanwhile
from cavok.domain.events import EventType
from cavok.domain.webhooks import (
    DELIVERIES_KEPT_FOR,
    LISTED_DELIVERIES,
    OPEN,
    OVERDUE_AFTER,
    WAITING_A_DAY,
    Delivery,
    DeliveryStatus,
    Health,
    SigningSecret,
    Webhook,
    same_address,
)

BEING_CHANGED = "The webhook is being changed."
WAITING_COUNTED_FOR = timedelta(days=2)


def _dump_secrets(secrets: Sequence[SigningSecret]) -> list[dict[str, str]]:
    return [_dump_secret(each) for each in secrets]


def _dump_secret(secret: SigningSecret) -> dict[str, str]:
    assert secret.until, "only the newest secret has no end"
    return {
        "id": secret.secret_id,
        "secret": secret.sealed,
        "until": secret.until.isoformat(),
    }


def _load_secrets(stored: Sequence[Mapping[str, str]]) -> list[SigningSecret]:
    return [
        SigningSecret(each["id"], each["secret"], datetime.fromisoformat(each["until"]))
        for each in stored
    ]


class WebhookItem(Item):
    """`previous_…`: the secret that the newest replaced. `older_secrets`: those before it."""

    webhook_id = UnicodeAttribute()
    url = UnicodeAttribute()
    events = JsonAttribute(dump=list, load=lambda names: tuple(EventType(name) for name in names))
    sealed_secret = UnicodeAttribute()
    previous_id = UnicodeAttribute(null=True)
    previous_secret = UnicodeAttribute(null=True)
    previous_until = UTCDateTimeAttribute(null=True)
    older_secrets = JsonAttribute(dump=_dump_secrets, load=_load_secrets, null=True)
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    updated_by = UnicodeAttribute()

    @classmethod
    def of(cls, webhook: Webhook) -> "WebhookItem":
        """The item that stores a webhook, with its secrets."""
        newest, *replaced = webhook.secrets
        before = replaced[0] if replaced else None
        return cls.of_fields(
            keys.organization_pk(webhook.organization_id),
            keys.WEBHOOK_SK,
            webhook,
            webhook_id=newest.secret_id,
            sealed_secret=newest.sealed,
            previous_id=before and before.secret_id,
            previous_secret=before and before.sealed,
            previous_until=before and before.until,
            older_secrets=replaced[1:] or None,
        )

    def webhook(self) -> Webhook:
        """The stored webhook, secrets still sealed."""
        secrets = [SigningSecret(self.webhook_id, self.sealed_secret)]
        if self.previous_id and self.previous_secret:
            before = SigningSecret(self.previous_id, self.previous_secret, self.previous_until)
            secrets += [before, *(self.older_secrets or ())]
        organization_id = self.pk.removeprefix(keys.ORGANIZATION)
        return self.as_a(Webhook, organization_id=organization_id, secrets=tuple(secrets))


class HealthItem(Item):
    """The health of an organization's receiver. Apart from the webhook, which people change."""

    failures = NumberAttribute()
    next_try_at = UTCDateTimeAttribute(null=True)
    changed_at = UTCDateTimeAttribute()
    version = NumberAttribute()

    @classmethod
    def of(cls, health: Health) -> "HealthItem":
        """The item that stores the health of a webhook's receiver."""
        return cls.of_fields(keys.webhook_pk(health.organization_id), keys.HEALTH_SK, health)

    def health(self) -> Health:
        """The stored health."""
        return self.as_a(
            Health,
            organization_id=self.pk.removeprefix(keys.WEBHOOK),
            failures=int(self.failures),
            version=int(self.version),
        )


class WaitingItem(Item):
    """How many messages of a day (UTC) wait on after COUNTED_TRY."""

    used = NumberAttribute()
    expires_at = TTLAttribute()


class DeliveryItem(Item):
    """What became of one message, with the event, so that it can be delivered again."""

    event_id = UnicodeAttribute()
    type = UnicodeAttribute()
    at = UTCDateTimeAttribute()
    event = UnicodeAttribute()
    status = EnumAttribute(DeliveryStatus)
    tries = NumberAttribute()
    http_status = NumberAttribute(null=True)
    duration_ms = NumberAttribute(null=True)
    next_try_at = UTCDateTimeAttribute(null=True)
    expires_at = TTLAttribute()

    @classmethod
    def of(cls, delivery: Delivery, now: datetime) -> "DeliveryItem":
        """The item that stores a delivery for a week from now."""
        return cls.of_fields(
            keys.webhook_pk(delivery.organization_id),
            keys.delivery_sk(delivery.at, delivery.event_id),
            delivery,
            expires_at=now + DELIVERIES_KEPT_FOR,
        )

    def delivery(self) -> Delivery:
        """The stored delivery."""
        return self.as_a(
            Delivery,
            organization_id=self.pk.removeprefix(keys.WEBHOOK),
            tries=int(self.tries),
            http_status=self.http_status and int(self.http_status),
            duration_ms=None if self.duration_ms is None else int(self.duration_ms),
        )


class Webhooks:
    """Reads and writes an organization's webhook, with the audit entry of each change."""

    def __init__(self, table: Table, audit_kept_for: timedelta) -> None:
        self._table = table
        self._audit_kept_for = audit_kept_for

    def get(self, organization_id: str) -> Webhook | None:
        """The organization's webhook; null if it has set none."""
        pk = keys.organization_pk(organization_id)
        item = self._table.get(WebhookItem, pk, keys.WEBHOOK_SK)
        return item.webhook() if item else None

    def add_audit_entry(self, entry: AuditEntry, count: Count) -> None:
        """Stores an entry about an act that changes nothing here, and counts it. Raises
        QuotaExceeded, ChangedMeanwhile.
        """

        def attempt() -> None:
            with self._table.transaction() as transaction:
                count(transaction)
                add_audit_entry(transaction, entry, self._audit_kept_for)

        busy = ChangedMeanwhile("Too many requests do this at the moment. Please try again.")
        retry_on_conflict(attempt, or_raise=busy)

    def save(
        self, before: Webhook | None, after: Webhook, entry: AuditEntry, count: Count
    ) -> Health:
        """Stores an active webhook in place of the webhook that was read, and returns its health.
        Here and below, `count` counts this against a quota. Raises ItemChanged, ItemBusy,
        QuotaExceeded.
        """
        health = self.health(after.organization_id)
        anew = health.set_anew(before, after, entry.at)
        with self._table.transaction() as transaction:
            transaction.save(WebhookItem.of(after), condition=_as_read(before))
            _change(transaction, health, anew)
            count(transaction)
            add_audit_entry(transaction, entry, self._audit_kept_for)
        return anew

    def remove(
        self,
        organization_id: str,
        entry_of: Callable[[Webhook], AuditEntry],
        versions: Container[str] | None = None,
    ) -> None:
        """Deletes the webhook and its secrets, if it is at one of these versions, with the audit
        entry. Its health stays: removing and setting it again must not bring ten more failing
        messages. A missing webhook is no error, and makes no entry. Raises PreconditionFailed,
        ChangedMeanwhile.
        """

        def attempt() -> None:
            webhook = self.get(organization_id)
            if webhook is None:
                return
            condition = _as_read(webhook.at_one_of(versions))
            with self._table.transaction() as transaction:
                transaction.delete(WebhookItem.of(webhook), condition=condition)
                add_audit_entry(transaction, entry_of(webhook), self._audit_kept_for)

        retry_on_conflict(attempt, or_raise=ChangedMeanwhile(BEING_CHANGED))

    def health(self, organization_id: str) -> Health:
        """The health of the receiver, without failures if none is stored."""
        pk = keys.webhook_pk(organization_id)
        item = self._table.get(HealthItem, pk, keys.HEALTH_SK)
        return item.health() if item else Health(organization_id=organization_id)

    def count_failure(self, organization_id: str, now: datetime) -> None:
        """Stores one more failed try, if it counts. Raises ChangedMeanwhile."""

        def attempt() -> None:
            health = self.health(organization_id)
            if health.counts(now):
                self._table.put(HealthItem.of(health.failed(now)), _unchanged(health))

        retry_on_conflict(attempt, or_raise=ChangedMeanwhile("Many messages fail at once."))

    def count_success(self, tried: Webhook, now: datetime) -> None:
        """Stores one failure less, if there is one, the webhook is not paused, and still leads
        where it was tried: what an address of one's own accepts must not pay for failures at the
        next. Raises ChangedMeanwhile.
        """

        def attempt() -> None:
            health = self.health(tried.organization_id)
            # A move after this changes its health, unless that has been the same for a day.
            if health.counts_success(now) and same_address(self.get(tried.organization_id), tried):
                self._table.put(HealthItem.of(health.mended(now)), _unchanged(health))

        retry_on_conflict(attempt, or_raise=ChangedMeanwhile("Many messages come at once."))

    def change_health(self, before: Health, after: Health) -> bool:
        """Whether this caller changed it. False if another did since the read.

        In a transaction, because only that has a token: if its answer is lost and the SDK repeats
        it, it does not take its own change for another's. Source: DynamoDB API reference,
        TransactWriteItems, ClientRequestToken.
        """
        try:
            with self._table.transaction() as transaction:
                _change(transaction, before, after)
        except WriteConflict:
            return False
        return True

    def resume(self, webhook: Webhook, entry: AuditEntry, count: Count) -> None:
        """Ends the pause of the webhook that was read. If there is none, does nothing and writes no
        entry. Raises ItemChanged, ItemBusy, QuotaExceeded.
        """
        health = self.health(entry.organization_id)
        resumed = health.resumed(entry.at)
        if resumed is health:
            return
        with self._table.transaction() as transaction:
            # Written as it is: a condition check would be one more permission.
            transaction.save(WebhookItem.of(webhook), condition=_as_read(webhook))
            _change(transaction, health, resumed)
            count(transaction)
            add_audit_entry(transaction, entry, self._audit_kept_for)

    def record(self, delivery: Delivery, now: datetime) -> None:
        """Stores a delivery, whatever is stored of it."""
        self._table.put(DeliveryItem.of(delivery, now))

    def record_failure(self, failed: Delivery, now: datetime) -> bool:
        """Stores the outcome of a failed try, unless the event was delivered meanwhile, or another
        message of it waits after more than this first try: it was sent again by hand, or twice.
        Returns whether it did.
        """
        done: Condition = DeliveryItem.status == DeliveryStatus.DELIVERED
        if failed.tries == 1:
            further: Condition = DeliveryItem.status.is_in(*OPEN) & (DeliveryItem.tries > 1)
            done |= further & (DeliveryItem.next_try_at >= now - OVERDUE_AFTER)
        try:
            self._table.put(DeliveryItem.of(failed, now), ~done)
        except WriteConflict:
            return False
        return True

    def count_waiting(self, organization_id: str, now: datetime) -> bool:
        """Counts a message of this day that waits on. False if too many do: it may not."""
        item = WaitingItem(keys.webhook_pk(organization_id), keys.waiting_sk(now))
        actions = [
            WaitingItem.used.add(1),
            WaitingItem.expires_at.set(now + WAITING_COUNTED_FOR),
        ]
        allowed = WaitingItem.used.does_not_exist() | (WaitingItem.used < WAITING_A_DAY)
        try:
            self._table.update(item, actions, allowed)
        except WriteConflict:
            return False
        return True

    def replace(self, before: Delivery, after: Delivery, now: datetime) -> None:
        """Stores a delivery in place of an open one, unless that was tried, or sent again by hand,
        since it was read or written.
        """
        same: Condition = DeliveryItem.status == before.status
        same &= DeliveryItem.tries == before.tries
        same &= DeliveryItem.next_try_at == before.next_try_at
        with suppress(WriteConflict):
            self._table.put(DeliveryItem.of(after, now), same)

    def delivery(self, organization_id: str, at: datetime, event_id: str) -> Delivery | None:
        """What became of an event's message; null if no try is recorded."""
        pk = keys.webhook_pk(organization_id)
        item = self._table.get(DeliveryItem, pk, keys.delivery_sk(at, event_id))
        return item.delivery() if item else None

    def deliveries(self, organization_id: str) -> list[Delivery]:
        """The newest deliveries, newest first."""
        found = DeliveryItem.query(
            keys.webhook_pk(organization_id),
            DeliveryItem.sk.startswith(keys.DELIVERY),
            scan_index_forward=False,
            limit=LISTED_DELIVERIES,
        )
        return [item.delivery() for item in found]


def _change(transaction: TransactWrite, before: Health, after: Health) -> None:
    if after is not before:
        transaction.save(HealthItem.of(after), condition=_unchanged(before))


def _as_read(webhook: Webhook | None) -> Condition:
    if webhook is None:
        return WebhookItem.pk.does_not_exist()
    same: Condition = WebhookItem.webhook_id == webhook.secrets[0].secret_id
    same &= WebhookItem.updated_at == webhook.updated_at
    return same


def _unchanged(health: Health) -> Condition:
    if not health.version:
        return HealthItem.pk.does_not_exist()
    return HealthItem.version == health.version
