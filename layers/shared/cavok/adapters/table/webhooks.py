"""Webhooks in the table, with sealed secrets. An organization has at most one."""

from pynamodb.attributes import UnicodeAttribute, UTCDateTimeAttribute

from cavok.adapters.table import keys
from cavok.adapters.table.table import Item, JsonAttribute, Table
from cavok.domain.events import EventType
from cavok.domain.webhooks import Webhook


class WebhookItem(Item):
    webhook_id = UnicodeAttribute()
    url = UnicodeAttribute()
    events = JsonAttribute(dump=list, load=lambda names: tuple(EventType(name) for name in names))
    sealed_secret = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    updated_by = UnicodeAttribute()

    @classmethod
    def of(cls, webhook: Webhook, sealed_secret: str) -> "WebhookItem":
        pk = keys.organization_pk(webhook.organization_id)
        return cls.of_fields(pk, keys.WEBHOOK_SK, webhook, sealed_secret=sealed_secret)

    def webhook(self) -> Webhook:
        return self.as_a(Webhook, organization_id=self.pk.removeprefix(keys.ORGANIZATION))


class Webhooks:
    """Reads and writes an organization's webhook."""

    def __init__(self, table: Table) -> None:
        self._table = table

    def get(self, organization_id: str) -> tuple[Webhook, str] | None:
        """The webhook and its sealed secret, if there is one."""
        pk = keys.organization_pk(organization_id)
        item = self._table.get(WebhookItem, pk, keys.WEBHOOK_SK)
        return (item.webhook(), item.sealed_secret) if item else None

    def save(self, webhook: Webhook, sealed_secret: str) -> None:
        """Stores or replaces the webhook and its secret."""
        self._table.put(WebhookItem.of(webhook, sealed_secret))

    def delete(self, organization_id: str) -> None:
        """Deletes the webhook and its secret. A missing webhook is not an error."""
        WebhookItem(keys.organization_pk(organization_id), keys.WEBHOOK_SK).delete()
