"""An organization's webhook: setting, testing and delivering to it."""

import time
from collections.abc import Callable, Container, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import SplitResult, urlsplit

from cavok.adapters.queue import Queue
from cavok.adapters.sealing import Sealer, webhook_context
from cavok.adapters.table.table import retry_on_conflict
from cavok.adapters.table.webhooks import BEING_CHANGED, Webhooks
from cavok.adapters.webhook_client import NotDelivered, WebhookClient
from cavok.domain.actors import Requester
from cavok.domain.audit import AuditAction, AuditEntry, Target, TargetType, differences, of_webhook
from cavok.domain.errors import (
    ChangedMeanwhile,
    DeliveryNotFound,
    InvalidField,
    NotSubscribed,
    PreconditionFailed,
    ServiceUnavailable,
    WebhookNotFound,
    WebhookPaused,
)
from cavok.domain.events import WEBHOOK_TEST, Envelope, Event, EventType, queue_message
from cavok.domain.first_tries import SECONDS
from cavok.domain.ids import new_id
from cavok.domain.quotas import QuotaName
from cavok.domain.webhooks import (
    COUNTED_TRY,
    TRIES,
    Delivery,
    DeliveryStatus,
    Health,
    ReceiverMessage,
    RetryMessage,
    SigningSecret,
    Webhook,
    WebhookState,
    checked_url,
    is_due,
    new_secret,
    payload,
    rotated,
    signed_headers,
    this_try,
    wait_seconds,
)
from cavok.observability import logger
from cavok.services.first_tries import FirstTries

if TYPE_CHECKING:  # deliver_webhook loads this module and counts nothing
    from cavok.adapters.table.quotas import Quotas


class GivenUp(NotDelivered):
    """The receiver did not accept the message, and it is tried no more."""


class Superseded(NotDelivered):
    """The receiver did not accept the message, but another message of its event was delivered, or
    waits for a later try.
    """


class NotSent(Exception):
    """A message that must be tried again could not be sent, so it stays where it is."""


@dataclass(frozen=True, slots=True, kw_only=True)
class DeliveryDependencies:
    """What a delivery needs. `retries` and `undelivered` return the queues WebhookRetries and
    UndeliveredWebhooks; only a failed delivery calls them.
    """

    webhooks: Webhooks
    sealer: Sealer
    client: WebhookClient
    first_tries: FirstTries
    retries: Callable[[], Queue]
    undelivered: Callable[[], Queue]
    allow_loopback: bool


@dataclass(frozen=True, slots=True)
class WebhookSet:
    """A stored webhook. `secret` is null if it is not new: it is shown only once. `created`: there
    was none before.
    """

    webhook: Webhook
    state: WebhookState
    secret: str | None
    created: bool


def webhook_of(organization_id: str, *, webhooks: Webhooks) -> Webhook:
    """The organization's webhook. Raises WebhookNotFound."""
    found = webhooks.get(organization_id)
    if found is None:
        raise WebhookNotFound("Your organization has set no webhook.")
    return found


def set_webhook(
    organization_id: str,
    url: str,
    events: Sequence[EventType],
    *,
    new_secret_wanted: bool,
    versions: Container[str] | None = None,
    requester: Requester,
    allow_loopback: bool,
    webhooks: Webhooks,
    quotas: "Quotas",
    sealer: Sealer,
    now: datetime,
) -> WebhookSet:
    """Stores a webhook and activates it. `versions`: the versions that If-Match allows; it contains
    None if the client expects no webhook. None allows any. Raises InvalidField,
    PreconditionFailed, ChangedMeanwhile, QuotaExceeded, ServiceUnavailable.
    """
    checked_url(url, allow_loopback=allow_loopback)
    count = quotas.counting(QuotaName.WEBHOOK_CHANGES, organization_id, now)

    def attempt() -> WebhookSet:
        found, secret = webhooks.get(organization_id), None
        if found:
            found.at_one_of(versions)
        elif versions is not None and None not in versions:
            raise PreconditionFailed("Your organization has set no webhook.")
        secrets = found.signing(now) if found else ()
        if new_secret_wanted or not secrets:
            quotas.check(QuotaName.WEBHOOK_CHANGES, organization_id, now)
            secret, secret_id = new_secret(), new_id()
            sealed = sealer.seal({"secret": secret}, webhook_context(organization_id, secret_id))
            secrets = rotated(secrets, SigningSecret(secret_id, sealed), now)
        webhook = Webhook(
            organization_id=organization_id,
            url=url,
            events=tuple(events),
            secrets=secrets,
            created_at=found.created_at if found else now,
            updated_at=now,
            updated_by=requester.actor.name,
        )
        rotates = found and secret
        action = AuditAction.WEBHOOK_SECRET_ROTATED if rotates else AuditAction.WEBHOOK_SET
        after = _audited(webhook)
        changes = differences(_audited(found), after)
        detail = f"{after['host']}: {', '.join(events)}"
        entry = of_webhook(action, organization_id, requester, now, detail=detail, changes=changes)
        health = webhooks.save(found, webhook, entry, count)
        return WebhookSet(webhook, health.state, secret, created=found is None)

    # From the start: a secret that somebody else rotated meanwhile must stay the newest.
    return retry_on_conflict(attempt, or_raise=ChangedMeanwhile(BEING_CHANGED))


def remove_webhook(
    organization_id: str,
    *,
    versions: Container[str] | None = None,
    requester: Requester,
    webhooks: Webhooks,
    now: datetime,
) -> None:
    """Removes the webhook. Raises PreconditionFailed, ChangedMeanwhile."""

    def entry_of(removed: Webhook) -> AuditEntry:
        return of_webhook(
            AuditAction.WEBHOOK_REMOVED,
            organization_id,
            requester,
            now,
            changes=differences(_audited(removed), {}),
        )

    webhooks.remove(organization_id, entry_of, versions)


def end_pause(
    organization_id: str,
    *,
    versions: Container[str] | None = None,
    requester: Requester,
    webhooks: Webhooks,
    quotas: "Quotas",
    now: datetime,
) -> None:
    """Ends a pause. Raises WebhookNotFound, PreconditionFailed, ChangedMeanwhile, QuotaExceeded."""
    entry = of_webhook(AuditAction.WEBHOOK_RESUMED, organization_id, requester, now)
    count = quotas.counting(QuotaName.WEBHOOK_CHANGES, organization_id, now)

    def attempt() -> None:
        webhook = webhook_of(organization_id, webhooks=webhooks).at_one_of(versions)
        webhooks.resume(webhook, entry, count)

    retry_on_conflict(attempt, or_raise=ChangedMeanwhile(BEING_CHANGED))


def _audited(webhook: Webhook | None) -> dict[str, Any]:
    """A webhook in an audit entry. It has only the host and a digest of the address: the path or
    query may hold a secret of the receiver, but a change must show.
    """
    if webhook is None:
        return {}
    host = urlsplit(webhook.url).hostname
    return {"host": host, "url_digest": webhook.url_digest, "events": webhook.events}


def send_test_message(
    organization_id: str,
    *,
    requester: Requester,
    webhooks: Webhooks,
    quotas: "Quotas",
    messages: Queue,
    now: datetime,
) -> None:
    """Sends a test message. It is delivered like an event, even while the webhook is paused.
    Raises WebhookNotFound, QuotaExceeded, ServiceUnavailable.
    """
    webhook_of(organization_id, webhooks=webhooks)
    envelope = Envelope(
        event_id=new_id(), organization_id=organization_id, account_id=None, occurred_at=now
    )
    message = "This is a test. Your receiver got it."
    count = quotas.counting(QuotaName.WEBHOOK_TESTS, organization_id, now)
    webhooks.add_audit_entry(
        of_webhook(AuditAction.WEBHOOK_TESTED, organization_id, requester, now), count
    )
    _send(envelope.event(WEBHOOK_TEST, {"message": message}), messages)


def redeliver(
    organization_id: str,
    event_id: str,
    *,
    requester: Requester,
    webhooks: Webhooks,
    quotas: "Quotas",
    messages: Queue,
    now: datetime,
) -> None:
    """Sends one of the newest messages again. If it waits for its next try, it is sent once more,
    and waits on if that fails. A test message counts as a new test. Raises WebhookNotFound,
    DeliveryNotFound, NotSubscribed, WebhookPaused, QuotaExceeded, ServiceUnavailable.
    """
    webhook = webhook_of(organization_id, webhooks=webhooks)
    newest = {each.event_id: each for each in webhooks.deliveries(organization_id)}
    if event_id not in newest:
        raise DeliveryNotFound("There is no such delivery among the newest of your webhook.")
    before = newest[event_id]
    event_type = before.type
    if not webhook.wants(event_type):
        raise NotSubscribed(
            f"Your webhook does not subscribe to {event_type}. Add it, then deliver the message "
            "again."
        )
    if webhooks.health(organization_id).state is WebhookState.PAUSED:
        raise WebhookPaused("The webhook is paused. Resume it, then deliver the message again.")
    delivery = before.begun_anew(now)
    is_test = event_type == WEBHOOK_TEST
    quota = QuotaName.WEBHOOK_TESTS if is_test else QuotaName.WEBHOOK_CHANGES
    entry = of_webhook(
        AuditAction.WEBHOOK_REDELIVERED,
        organization_id,
        requester,
        now,
        detail=event_id,
        target=Target(TargetType.DELIVERY, event_id),
    )
    webhooks.add_audit_entry(entry, quotas.counting(quota, organization_id, now))
    if delivery is before:
        _send(delivery, messages)
        return
    # Before it is sent, so that it does not overwrite the outcome of the delivery.
    webhooks.record(delivery, now)
    try:
        _send(delivery, messages)
    except Exception:  # An answer may have been lost, and the message delivered meanwhile.
        webhooks.replace(delivery, before, now)
        raise


def _send(message: Event | Delivery, messages: Queue) -> None:
    (refusal,) = messages.send([message])
    if refusal:
        raise ServiceUnavailable("The message could not be sent. Please try again.")


def deliver_message(
    event: Mapping[str, Any],
    message: RetryMessage | None,
    *,
    dependencies: DeliveryDependencies,
    now: datetime,
) -> None:
    """Delivers the event of a message, and decides what becomes of the message if that fails.
    `message`: as it came from WebhookRetries; null for a first try. Raises NotDelivered if the
    message is to come again, and NotSent.
    """
    tries = _tries(event, message, dependencies.webhooks, now)
    if not tries:
        logger.info("Delivered before")
        return
    try:
        status = deliver(
            event,
            tries,
            webhooks=dependencies.webhooks,
            sealer=dependencies.sealer,
            client=dependencies.client,
            allow_loopback=dependencies.allow_loopback,
            now=now,
            first_tries=None if message else dependencies.first_tries,
        )
    except NotDelivered as failure:
        whose = event["detail"]["organization_id"]
        logger.warning("Not delivered", reason=str(failure), tries=tries, organization_id=whose)
        if _comes_again(event, message, tries, failure, dependencies):
            raise
    else:
        logger.info("Delivered" if status else "Nobody wants it", status=status)


def _tries(
    event: Mapping[str, Any], message: RetryMessage | None, webhooks: Webhooks, now: datetime
) -> int:
    """How often the event was tried, including this time; 0 if it was delivered meanwhile."""
    if message is None:
        return 1
    return this_try(_logged(event, webhooks), message.sent_at, message.received, now)


def _comes_again(
    event: Mapping[str, Any],
    message: RetryMessage | None,
    tries: int,
    failure: NotDelivered,
    dependencies: DeliveryDependencies,
) -> bool:
    """Whether the message of a failed delivery comes again itself. After a first try, another
    message is sent to WebhookRetries, where the same message comes again after each later try.
    An event that is given up is kept in UndeliveredWebhooks, from where an operator can have it
    tried again. Raises NotSent.
    """
    if isinstance(failure, Superseded):
        return False
    if isinstance(failure, GivenUp):
        _send_on(event, dependencies.undelivered())
        return False
    if message is None or tries == 1:  # A redriven message begins anew.
        _send_on(event, dependencies.retries())
        return False
    dependencies.retries().hide(message.receipt_handle, wait_seconds(tries))
    return True


def deliver(
    event: Mapping[str, Any],
    tries: int,
    *,
    webhooks: Webhooks,
    sealer: Sealer,
    client: WebhookClient,
    allow_loopback: bool,
    now: datetime,
    first_tries: FirstTries | None = None,
) -> int | None:
    """Sends an event to its organization's webhook, and records the outcome. Returns the
    HTTP status; null if no webhook subscribes to the event, which then waits no more. Raises
    NotDelivered; GivenUp if it is tried no more; or Superseded. `tries`: how often it was tried,
    including this time. `first_tries`: what limits the time of a first try.

    A first try for which the process has no time is not made, and not recorded. A first try that
    was cut short is no failure of the receiver.

    A webhook that failed again and again is paused: only test messages are sent, once each, and one
    message each time `next_try_at` is reached. If several processes come to it, the first that
    stores the next failure may try. It needs all the time of a delivery: otherwise the try is not
    made and not recorded.
    """
    organization_id = event["detail"]["organization_id"]
    seconds = first_tries.seconds(organization_id, now) if first_tries else SECONDS
    if not seconds:
        raise NotDelivered("Its organization's time for first tries is used up.")
    webhook = webhooks.get(organization_id)
    if webhook is None or not webhook.wants(event["detail-type"]):
        # It was tried, or sent again by hand, before the webhook was removed or left it out.
        if (logged := _logged(event, webhooks)) and logged.open:
            webhooks.replace(logged, logged.given_up(), now)
        return None
    delivery = _this_delivery(event, tries, now)
    health = webhooks.health(organization_id)
    paused = health.state is WebhookState.PAUSED
    if paused:
        _check_pause(delivery, health, seconds, webhooks, now)
    message = _signed(event, webhook, sealer, now)
    if paused:  # Not before: a fault of ours is no failure of the receiver.
        health = _claimed(delivery, health, webhooks, now)
    began = time.monotonic()  # Not before: the time that KMS takes is not the receiver's.
    try:
        url = _checked(webhook, allow_loopback)
        with first_tries.spending(organization_id) if first_tries else nullcontext():
            status = client.post(url, *message, seconds=seconds)
    except NotDelivered as failure:
        cut_short = seconds < SECONDS and time.monotonic() - began >= seconds
        # First: a try that is not recorded is made again, and must not count twice.
        failed = replace(delivery, http_status=failure.status, duration_ms=_since(began))
        outcome = _recorded(failed, webhooks, now)
        if not (paused or cut_short):
            with _counting():
                webhooks.count_failure(organization_id, now)
        raise outcome(str(failure), failure.status) from failure
    _count_success(webhook, health, now, webhooks)
    webhooks.record(
        replace(
            delivery,
            status=DeliveryStatus.DELIVERED,
            http_status=status,
            duration_ms=_since(began),
            next_try_at=None,
        ),
        now,
    )
    return status


def _this_delivery(event: Mapping[str, Any], tries: int, now: datetime) -> Delivery:
    """What is recorded if this try fails."""
    detail, last = event["detail"], tries >= TRIES
    return Delivery(
        organization_id=detail["organization_id"],
        event_id=detail["event_id"],
        type=event["detail-type"],
        at=datetime.fromisoformat(detail["occurred_at"]),
        event=queue_message(event["detail-type"], detail),
        status=DeliveryStatus.FAILED if last else DeliveryStatus.WAITING,
        tries=tries,
        next_try_at=None if last else now + timedelta(seconds=wait_seconds(tries)),
    )


def _logged(event: Mapping[str, Any], webhooks: Webhooks) -> Delivery | None:
    detail = event["detail"]
    at = datetime.fromisoformat(detail["occurred_at"])
    return webhooks.delivery(detail["organization_id"], at, detail["event_id"])


def _recorded(failed: Delivery, webhooks: Webhooks, now: datetime) -> type[NotDelivered]:
    """Records a try that failed, or was not made in a pause. Returns what to raise."""
    if failed.tries == COUNTED_TRY and not webhooks.count_waiting(failed.organization_id, now):
        failed = failed.given_up()
    if not webhooks.record_failure(failed, now):
        return Superseded
    return NotDelivered if failed.open else GivenUp


def _check_pause(
    delivery: Delivery, health: Health, seconds: float, webhooks: Webhooks, now: datetime
) -> None:
    """Raises NotDelivered if a try in a pause is not to be made."""
    if not is_due(delivery, health, now):
        raise _held_back(delivery, webhooks, now)
    if seconds < SECONDS:
        raise NotDelivered("The webhook is paused, and the time is too short for its next try.")


def _claimed(delivery: Delivery, health: Health, webhooks: Webhooks, now: datetime) -> Health:
    """The stored health after a failed try. Raises NotDelivered if another process makes it."""
    failed = health.failed(now)
    if not webhooks.change_health(health, failed):
        raise _held_back(delivery, webhooks, now)
    return failed


def _held_back(delivery: Delivery, webhooks: Webhooks, now: datetime) -> NotDelivered:
    """Records a try that is not made, because the webhook is paused. Returns what to raise."""
    waits = replace(delivery, status=DeliveryStatus.PAUSED) if delivery.open else delivery
    return _recorded(waits, webhooks, now)("The webhook is paused.")


def _send_on(event: Mapping[str, Any], queue: Queue) -> None:
    at = datetime.fromisoformat(event["detail"]["occurred_at"])
    (refusal,) = queue.send([Event(event["detail-type"], at, event["detail"])])
    if refusal:
        raise NotSent(f"SQS did not take the message: {refusal}")


def _count_success(webhook: Webhook, health: Health, now: datetime, webhooks: Webhooks) -> None:
    """`health`: as it was when the try began. It ends a pause only if nothing changed since."""
    if health.state is WebhookState.PAUSED:
        webhooks.change_health(health, health.mended(now))
    elif health.failures:
        with _counting():
            webhooks.count_success(webhook, now)


@contextmanager
def _counting() -> Iterator[None]:
    """A try that cannot be counted, because many others are, is not repeated."""
    try:
        yield
    except ChangedMeanwhile as error:
        logger.warning("Not counted", reason=str(error))


def _since(began: float) -> int:
    return round(1000 * (time.monotonic() - began))


def _checked(webhook: Webhook, allow_loopback: bool) -> SplitResult:
    try:
        return checked_url(webhook.url, allow_loopback=allow_loopback)
    except InvalidField as error:  # it was set when more was allowed
        raise NotDelivered(error.message) from None


def _signed(
    event: Mapping[str, Any], webhook: Webhook, sealer: Sealer, now: datetime
) -> tuple[bytes, dict[str, str]]:
    """The body and headers of an event's message."""
    secrets = [
        sealer.open(each.sealed, webhook_context(webhook.organization_id, each.secret_id))["secret"]
        for each in webhook.signing(now)
    ]
    message = ReceiverMessage.of(payload(event))
    return message.body, {
        "content-type": "application/json",
        "user-agent": "Cavok-Webhooks/1",
        **signed_headers(message, secrets, now),
    }
