"""Messages for organizations' webhooks, put into the stack's queue; and an organization whose slow
receiver holds up its own.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime

from cavok.adapters.queue import Queue
from cavok.domain.events import Envelope, Event, EventType
from local import aws
from local.stack import Stack
from tests.support import inspection, webhook_receiver
from tests.support.http import answer
from tests.support.organizations import Organization, new_organization
from tests.support.waiting import eventually
from tests.support.webhook_receiver import Receiver

PATH = "/v1/organization/webhook"
ATTACK = 200
"""Messages of the organization whose receiver is slow."""


def messages_queue(stack: Stack) -> Queue:
    sqs = aws.client("sqs", stack.emulator_url)
    return Queue(sqs, inspection.resource_name(stack, "WebhookMessages"))


def set_webhook(organization: Organization, receiver: Receiver, *events: str) -> str:
    """Its secret."""
    body = {"url": receiver.url, "events": list(events)}
    return str(answer(organization.admin.put(PATH, json=body))["secret"])


def failed(organization: Organization, number: int) -> Event:
    envelope = Envelope(
        event_id=f"{organization.name}-{number}",
        organization_id=organization.name,
        account_id="01JN8Q5M3C0000000000000001",
        occurred_at=datetime.now(UTC),
    )
    return envelope.event(EventType.FAILED, {})


def ten_take(queue: Queue, organization: Organization, receiver: Receiver) -> float:
    """Seconds until ten more messages have arrived. One may arrive twice."""

    def arrived() -> int:
        return len({each.headers["webhook-id"] for each in receiver.deliveries})

    first, began = arrived(), time.monotonic()
    messages = [failed(organization, first + number) for number in range(10)]
    assert queue.send(messages) == [None] * 10
    eventually(lambda: arrived() == first + 10, "all ten", seconds=120)
    return time.monotonic() - began


@contextmanager
def slow_receiver(stack: Stack, queue: Queue, attack: int = ATTACK) -> Iterator[Receiver]:
    """Of another organization: so many messages wait for it, each answered just before its time is
    up.
    """
    with ExitStack() as cleaning:
        attacker = cleaning.enter_context(new_organization(stack))
        slow = cleaning.enter_context(webhook_receiver.receiver())
        slow.seconds = 7.9
        # Without a webhook, what still waits is done.
        cleaning.callback(attacker.admin.delete, PATH)
        set_webhook(attacker, slow, "Account Failed")
        messages = [failed(attacker, number) for number in range(attack)]
        assert queue.send(messages) == [None] * attack
        eventually(lambda: len(slow.deliveries) >= 2, "the attack is under way", seconds=60)
        yield slow
