"""Webhooks in the table, their secrets sealed.

| item    | pk        | sk      |
| ------- | --------- | ------- |
| webhook | ORG#<org> | WEBHOOK |
"""

from pynamodb.attributes import JSONAttribute, UnicodeAttribute, UTCDateTimeAttribute
from pynamodb.exceptions import DoesNotExist

from cavok.adapters.table.items import Item, organization_pk
from cavok.domain.events import EventType
from cavok.domain.webhooks import Webhook

_SK = "WEBHOOK"


class WebhookItem(Item):
    webhook_id = UnicodeAttribute()
    url = UnicodeAttribute()
    events = JSONAttribute()
    sealed_secret = UnicodeAttribute()
    created_at = UTCDateTimeAttribute()
    updated_at = UTCDateTimeAttribute()
    updated_by = UnicodeAttribute()

    def webhook(self) -> Webhook:
        return Webhook(
            organization_id=self.pk.removeprefix("ORG#"),
            webhook_id=self.webhook_id,
            url=self.url,
            events=tuple(EventType(name) for name in self.events),
            created_at=self.created_at,
            updated_at=self.updated_at,
            updated_by=self.updated_by,
        )


class Webhooks:
    """One webhook an organization."""

    def get(self, organization_id: str) -> tuple[Webhook, str] | None:
        """The webhook and its sealed secret."""
        try:
            item = WebhookItem.get(organization_pk(organization_id), _SK, consistent_read=True)
        except DoesNotExist:
            return None
        return item.webhook(), item.sealed_secret

    def save(self, webhook: Webhook, sealed_secret: str) -> None:
        WebhookItem(
            organization_pk(webhook.organization_id),
            _SK,
            webhook_id=webhook.webhook_id,
            url=webhook.url,
            events=[event.value for event in webhook.events],
            sealed_secret=sealed_secret,
            created_at=webhook.created_at,
            updated_at=webhook.updated_at,
            updated_by=webhook.updated_by,
        ).save()

    def delete(self, organization_id: str) -> None:
        """Webhook and secret are gone at once; one that is not there is no error."""
        WebhookItem(organization_pk(organization_id), _SK).delete()
