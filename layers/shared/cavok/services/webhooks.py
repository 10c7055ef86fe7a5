"""An organization's webhook: setting, testing and delivering to it."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from cavok.adapters.retry_queue import RetryQueue
from cavok.adapters.sealing import Sealer, webhook_context
from cavok.adapters.table.webhooks import Webhooks
from cavok.adapters.webhook_client import NotDelivered, WebhookClient
from cavok.domain.errors import InvalidField, ServiceUnavailable, WebhookNotFound
from cavok.domain.events import WEBHOOK_TEST, Envelope, EventType
from cavok.domain.webhooks import (
    Message,
    Webhook,
    checked_url,
    new_secret,
    payload,
    signed_headers,
)


@dataclass(frozen=True, slots=True)
class WebhookSet:
    """A stored webhook. `secret` is null if it is not new: it is shown only once. `created`: there
    was none before.
    """

    webhook: Webhook
    secret: str | None
    created: bool


def webhook_of(organization_id: str, *, webhooks: Webhooks) -> Webhook:
    """The organization's webhook. Raises WebhookNotFound."""
    found = webhooks.get(organization_id)
    if found is None:
        raise WebhookNotFound("Your organization has set no webhook.")
    return found[0]


def set_webhook(
    organization_id: str,
    url: str,
    events: Sequence[EventType],
    *,
    new_secret_wanted: bool,
    actor: str,
    allow_loopback: bool,
    webhooks: Webhooks,
    sealer: Sealer,
    now: datetime,
) -> WebhookSet:
    """Stores a webhook. Raises InvalidField."""
    checked_url(url, allow_loopback=allow_loopback)
    found = webhooks.get(organization_id)
    if found and not new_secret_wanted:
        before, sealed = found
        webhook = replace(before, url=url, events=tuple(events), updated_at=now, updated_by=actor)
        webhooks.save(webhook, sealed)
        return WebhookSet(webhook, None, created=False)
    webhook = Webhook(
        organization_id=organization_id,
        webhook_id=_new_id(),
        url=url,
        events=tuple(events),
        created_at=found[0].created_at if found else now,
        updated_at=now,
        updated_by=actor,
    )
    secret = new_secret()
    context = webhook_context(organization_id, webhook.webhook_id)
    webhooks.save(webhook, sealer.seal({"secret": secret}, context))
    return WebhookSet(webhook, secret, created=found is None)


def send_test_message(
    organization_id: str, *, webhooks: Webhooks, messages: RetryQueue, now: datetime
) -> None:
    """Sends a test message, which is delivered as an event's is. Raises WebhookNotFound,
    ServiceUnavailable.
    """
    webhook_of(organization_id, webhooks=webhooks)
    envelope = Envelope(
        event_id=_new_id(), organization_id=organization_id, account_id=None, occurred_at=now
    )
    message = "This is a test. Your receiver got it."
    (refusal,) = messages.send([envelope.event(WEBHOOK_TEST, {"message": message})])
    if refusal:
        raise ServiceUnavailable("The test message could not be sent. Please try again.")


def deliver(
    event: Mapping[str, Any],
    *,
    webhooks: Webhooks,
    sealer: Sealer,
    client: WebhookClient,
    allow_loopback: bool,
    now: datetime,
) -> int | None:
    """Sends an event to its organization's webhook. Returns the HTTP status; null if no webhook
    subscribes to the event. Raises NotDelivered.
    """
    organization_id = event["detail"]["organization_id"]
    found = webhooks.get(organization_id)
    if found is None or not found[0].wants(event["detail-type"]):
        return None
    webhook, sealed = found
    secret = sealer.open(sealed, webhook_context(organization_id, webhook.webhook_id))["secret"]
    body = json.dumps(payload(event), separators=(",", ":")).encode()
    message = Message(event["detail"]["event_id"], body)
    headers = {
        "content-type": "application/json",
        "user-agent": "Cavok-Webhooks/1",
        **signed_headers(message, secret, now),
    }
    try:
        url = checked_url(webhook.url, allow_loopback=allow_loopback)
    except InvalidField as error:  # it was set when more was allowed
        raise NotDelivered(error.message) from None
    return client.post(url, body, headers)


def _new_id() -> str:
    from ulid import ULID  # not at the top: deliver_webhook loads this module and makes no id

    return str(ULID())
