"""Webhooks: where an organization receives events, and how it verifies that Cavok sent them.

Signatures follow the Standard Webhooks specification (standardwebhooks.com): symmetric secret
`whsec_…`, HMAC-SHA256 over `id.timestamp.body`.
"""

import base64
import hashlib
import hmac
import json
import re
import secrets
from collections.abc import Container, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address, ip_network
from typing import Any, Self
from urllib.parse import SplitResult, urlsplit

from cavok.domain.errors import InvalidField
from cavok.domain.events import WEBHOOK_TEST, EventType
from cavok.domain.organizations import message_group
from cavok.domain.versions import require_version

SECRET_BYTES = 32
REPLACED_SECRET_SIGNS_FOR = timedelta(hours=24)
"""How long a secret signs after it was replaced, so that the receiver has time to get the new one.
"""

SIGNING_AT_ONCE = 5
"""The most secrets that sign; the quota on changes lets a client make far more in a day. Five
signatures are 239 bytes of a header, and common servers accept 8 kB of headers. Each delivery opens
each secret with KMS, and all organizations share KMS's quota.
"""

PAUSED_AFTER = 10
"""Failed tries, less one for each success since. If a success took away all of them, a receiver
that accepts one message in ten would never be paused.
"""

REMEMBERED_FOR = timedelta(days=1)
"""If its health changed within this time, a webhook begins at another address one failure before
the pause. Such a beginning is a change too.
"""

FIRST_PAUSE, LONGEST_PAUSE = timedelta(minutes=1), timedelta(hours=1)
"""A paused webhook is tried with one message after this time, which doubles with each failure."""

FIRST_WAIT, LONGEST_WAIT = 5, 6 * 3600
"""Seconds until a message is tried again. The delays 5, 20, 80 … follow the Standard Webhooks
specification.
"""

OVERDUE_AFTER = timedelta(seconds=LONGEST_WAIT) + timedelta(hours=1)
"""No message that still waits is overdue for so long."""

TRIES = 9
"""After this many tries a message is given up."""

COUNTED_TRY, WAITING_A_DAY = 3, 25_000
"""After this failed try, so many messages of an organization a day (UTC) wait on; the others are
given up. The limit is a number, so it holds whatever makes the messages, and however fast. Before
this try a message is hidden for 20 seconds.
"""

LAST_TRY_AFTER = timedelta(hours=18)
"""A message that was sent to the queue of retries so long ago is tried for the last time, whatever
the log says: a person may have had it delivered again. So each message waits for a day at most, and
at any time only messages of two days wait: 50,000. At 120,000 the queue hands out no more, to
anybody. A redriven message is sent anew. Source: SQS Developer Guide, "Configure a dead-letter
queue redrive".
"""

LISTED_DELIVERIES = 100
DELIVERIES_KEPT_FOR = timedelta(days=7)
"""After the latest try, which may come long after the event: a redriven message must not be
forgotten before its next try, because its tries would begin anew each time.
"""

_PREFIX = "whsec_"

_NOT_PUBLIC = tuple(
    ip_network(each)
    for each in (
        "0.0.0.0/8",
        "10.0.0.0/8",
        "100.64.0.0/10",
        "127.0.0.0/8",
        "169.254.0.0/16",
        "172.16.0.0/12",
        "192.0.0.0/24",
        "192.0.2.0/24",
        "192.88.99.0/24",
        "192.168.0.0/16",
        "198.18.0.0/15",
        "198.51.100.0/24",
        "203.0.113.0/24",
        "224.0.0.0/3",
        "2001::/23",
        "2001:db8::/32",
        "2002::/16",
        "3fff::/20",
    )
)
"""Special-purpose ranges of IPv4, and of IPv6's public unicast, also of addresses that embed
another. Our own list, because Python's differs between versions. Source: IANA special-purpose
address registries.
"""

_PUBLIC_UNICAST = IPv6Network("2000::/3")
"""All of IPv6 that is allocated for public unicast. Source: RFC 4291."""

_LABEL = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)", re.ASCII)
_NUMBER = re.compile(r"[0-9]+|0x[0-9a-f]*", re.ASCII)
_LONGEST_NAME = 253
_NOT_ON_THE_INTERNET = frozenset({"localhost", "local", "internal"})
"""Last labels that no public name has. Source: RFC 6761, RFC 6762, ICANN on `internal`."""


@dataclass(frozen=True, slots=True)
class SigningSecret:
    """A sealed secret. It signs until `until`; null: until another replaces it."""

    secret_id: str
    sealed: str
    until: datetime | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An organization's webhook. `secrets`: the newest first. Times are UTC."""

    organization_id: str
    url: str
    events: tuple[EventType, ...]
    secrets: tuple[SigningSecret, ...]
    created_at: datetime
    updated_at: datetime
    updated_by: str

    @property
    def version(self) -> str:
        """Changes with each change of the webhook. 16 hexadecimal digits."""
        written = f"{self.secrets[0].secret_id}/{self.updated_at.isoformat()}"
        return hashlib.blake2b(written.encode(), digest_size=8).hexdigest()

    @property
    def url_digest(self) -> str:
        """Shows that the address was changed, but not to what. 16 hexadecimal digits."""
        return hashlib.blake2b(self.url.encode(), digest_size=8).hexdigest()

    def at_one_of(self, versions: Container[str] | None) -> Self:
        """The webhook itself. Raises PreconditionFailed if it is at none of these versions."""
        require_version(self.version, versions, of="webhook")
        return self

    def wants(self, event_type: str) -> bool:
        """Whether it subscribes to the event type. Every webhook receives test messages."""
        return event_type == WEBHOOK_TEST or event_type in self.events

    def signing(self, now: datetime) -> tuple[SigningSecret, ...]:
        """The secrets that sign at this time."""
        return tuple(each for each in self.secrets if each.until is None or now < each.until)


def rotated(
    secrets: Sequence[SigningSecret], newest: SigningSecret, now: datetime
) -> tuple[SigningSecret, ...]:
    """The secrets with a new one. `secrets`: those that sign now, the newest first. The replaced
    secret signs for another day. Older ones keep their end: if the answer with a new secret was
    lost, the receiver still has one of these. Beyond SIGNING_AT_ONCE, the previous and the oldest
    secrets stay: a client that repeated its request gave the receiver none of those in between.
    """
    until = now + REPLACED_SECRET_SIGNS_FOR
    before = [replace(each, until=each.until or until) for each in secrets]
    return (newest, *before[:1], *before[1:][2 - SIGNING_AT_ONCE :])


class WebhookState(StrEnum):
    """Whether messages are sent as they come, or wait because the receiver keeps failing."""

    ACTIVE = "active"
    PAUSED = "paused"


def same_address(one: Webhook | None, other: Webhook) -> bool:
    """Whether both lead to the same address."""
    return one is not None and one.url == other.url


@dataclass(frozen=True, slots=True, kw_only=True)
class Health:
    """The health of an organization's receiver. `failures`: failed tries, less the successful ones
    since. `next_try_at`: set while the webhook is paused; then one message is tried. `changed_at`:
    null if it never failed.
    """

    organization_id: str
    failures: int = 0
    next_try_at: datetime | None = None
    changed_at: datetime | None = None
    version: int = 0

    @property
    def state(self) -> WebhookState:
        """Paused while a next try is set."""
        return WebhookState.PAUSED if self.next_try_at else WebhookState.ACTIVE

    def counts(self, now: datetime) -> bool:
        """Whether to count a try of this time: once, and not in a pause, because its tries are
        counted when they begin.
        """
        return self.state is WebhookState.ACTIVE and self.changed_at != now

    def counts_success(self, now: datetime) -> bool:
        """Whether to count a try of this time that worked: if there is a failure to take away."""
        return self.failures > 0 and self.counts(now)

    def failed(self, now: datetime) -> Self:
        """After one more failed try."""
        failures, next_try_at = self.failures + 1, None
        if failures >= PAUSED_AFTER:
            doublings = min(failures - PAUSED_AFTER, 10)
            next_try_at = now + min(FIRST_PAUSE * 2**doublings, LONGEST_PAUSE)
        return replace(
            self,
            failures=failures,
            next_try_at=next_try_at,
            changed_at=now,
            version=self.version + 1,
        )

    def mended(self, now: datetime) -> Self:
        """After a try that worked: not paused, and one failure less."""
        return replace(
            self,
            failures=max(min(self.failures, PAUSED_AFTER) - 1, 0),
            next_try_at=None,
            changed_at=now,
            version=self.version + 1,
        )

    def resumed(self, now: datetime) -> Self:
        """After a person resumed it, or set the webhook again. One more failure pauses it again.
        Otherwise, resuming in a loop would make Cavok keep sending to a server that refuses. The
        same object if it is not paused.
        """
        return self if self.state is WebhookState.ACTIVE else self.mended(now)

    def moved(self, now: datetime) -> Self:
        """After the webhook got another address. If its health changed in the last day, one more
        failure pauses it. Otherwise, successes at an address of one's own would pay for failures at
        somebody else's.
        """
        if self.changed_at is None or now - self.changed_at >= REMEMBERED_FOR:
            return self.resumed(now)
        return replace(self.mended(now), failures=PAUSED_AFTER - 1)

    def set_anew(self, before: Webhook | None, after: Webhook, now: datetime) -> Self:
        """After this webhook was set in place of the one before. The same object if nothing of it
        changes.
        """
        return self.resumed(now) if same_address(before, after) else self.moved(now)


class DeliveryStatus(StrEnum):
    """`waiting`: it failed, or was sent again by hand, and is tried. `paused`: it was not tried,
    because the webhook is paused. `failed`: it is not tried again, also because the webhook was
    removed or no longer subscribes to it.
    """

    DELIVERED = "delivered"
    WAITING = "waiting"
    FAILED = "failed"
    PAUSED = "paused"


OPEN = (DeliveryStatus.WAITING, DeliveryStatus.PAUSED)


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """What became of an event's message at its latest try. `event`: the message in its queue, as
    JSON. `at`: when the event occurred. `http_status`: null if no answer came.
    """

    organization_id: str
    event_id: str
    type: str
    at: datetime
    event: str
    status: DeliveryStatus
    tries: int
    http_status: int | None = None
    duration_ms: int | None = None
    next_try_at: datetime | None = None

    @property
    def open(self) -> bool:
        """Whether it is to be tried again."""
        return self.status in OPEN

    def as_of(self, now: datetime) -> Self:
        """What it is at this time. A message whose next try is long overdue is given up: it is in a
        dead-letter queue, or its webhook was removed by a release that did not close deliveries.
        """
        if self.open and self.next_try_at and now - self.next_try_at > OVERDUE_AFTER:
            return self.given_up()
        return self

    def begun_anew(self, now: datetime) -> Self:
        """The delivery before the first of nine new tries. A delivery that waits for a try is
        unchanged: its tries go on.
        """
        if self.as_of(now).open:
            return self
        return replace(
            self,
            status=DeliveryStatus.WAITING,
            tries=0,
            http_status=None,
            duration_ms=None,
            next_try_at=now,
        )

    def given_up(self) -> Self:
        """The delivery, tried no more."""
        return replace(self, status=DeliveryStatus.FAILED, next_try_at=None)

    @property
    def body(self) -> str:
        """The event, to be sent to the queue again."""
        return self.event

    @property
    def group(self) -> str:
        """The same for all messages of an organization."""
        return message_group(self.organization_id)


@dataclass(frozen=True, slots=True)
class ReceiverMessage:
    """A message to a receiver. `message_id` is the event's id, the same at every try."""

    message_id: str
    body: bytes

    @classmethod
    def of(cls, content: Mapping[str, Any]) -> Self:
        """The message with this `payload`."""
        body = json.dumps(content, separators=(",", ":")).encode()
        return cls(content["data"]["event_id"], body)


@dataclass(frozen=True, slots=True, kw_only=True)
class RetryMessage:
    """A message from WebhookRetries. `received`: how often it was received, this time included."""

    sent_at: datetime
    received: int
    receipt_handle: str


def this_try(logged: Delivery | None, sent_at: datetime, received: int, now: datetime) -> int:
    """The number of the try for which a message of the queue of retries comes; 0: it is done,
    because its event was delivered by hand. Lambda also receives messages for which it then has no
    execution, so the log decides. If the log has more tries than the message was received, the
    message begins: it was redriven, or another message of the event waits. If the event was given
    up, but could not be sent to UndeliveredWebhooks, it is tried for the last time.
    """
    if logged and logged.status is DeliveryStatus.DELIVERED:
        return 0
    if now - sent_at >= LAST_TRY_AFTER:
        return TRIES
    tries = logged.tries if logged else 0
    if logged and tries > received and logged.as_of(now).open:
        return 1
    if logged and not logged.open and COUNTED_TRY <= tries <= received:
        return TRIES
    return min(tries, received) + 1


def is_due(delivery: Delivery, health: Health, now: datetime) -> bool:
    """Whether a try is made: in a pause, one when the next is due, and the first of each test
    message.
    """
    if health.next_try_at is None or now >= health.next_try_at:
        return True
    return delivery.type == WEBHOOK_TEST and delivery.tries == 1


def wait_seconds(tries: int) -> int:
    """The delay in seconds after this many failed tries."""
    return min(FIRST_WAIT << 2 * max(tries - 1, 0), LONGEST_WAIT)


def new_secret() -> str:
    """A random signing secret: `whsec_` and 32 bytes in Base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(
    message: ReceiverMessage, secrets: Sequence[str], now: datetime
) -> dict[str, str]:
    """The three headers with which a receiver verifies a message: one signature a secret."""
    timestamp = str(int(now.timestamp()))
    signed = b".".join((message.message_id.encode(), timestamp.encode(), message.body))
    keys = [base64.b64decode(secret.removeprefix(_PREFIX)) for secret in secrets]
    digests = [base64.b64encode(hmac.digest(key, signed, hashlib.sha256)) for key in keys]
    return {
        "webhook-id": message.message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": " ".join(f"v1,{digest.decode()}" for digest in digests),
    }


def payload(event: Mapping[str, Any]) -> dict[str, Any]:
    """An event in the specification's payload format."""
    detail = event["detail"]
    return {"type": event["detail-type"], "timestamp": detail["occurred_at"], "data": detail}


def checked_url(url: str, *, allow_loopback: bool) -> SplitResult:
    """The parts of a URL. Raises InvalidField for a URL that Cavok never sends to.

    The addresses of its host name may change, so they are checked at every delivery.
    """
    try:
        parts = urlsplit(url)
        port, host = parts.port, parts.hostname or ""
    except ValueError:
        raise InvalidField("url", "This is not a web address.") from None
    if parts.username is not None or parts.password is not None or parts.fragment:
        raise InvalidField("url", "Leave out user name, password and the part after #.")
    if not host.isascii():
        raise InvalidField("url", "Write a host name with other letters as xn--…, its ASCII form.")
    if not host or port == 0 or not all(32 < ord(c) < 127 for c in url):
        raise InvalidField("url", "This is not a web address.")
    address = _literal(host)
    if "%" in host or not (address or (_is_name(host) and "[" not in parts.netloc)):
        raise InvalidField("url", "This is not a web address.")
    if not _is_public_host(address or host, allow_loopback=allow_loopback):
        raise InvalidField("url", "This address is not public. Enter one that is on the internet.")
    loopback = allow_loopback and (host == "localhost" or (address and address.is_loopback))
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise InvalidField("url", "Enter an address that starts with https://.")
    return parts


def is_not_public(address: IPv4Address | IPv6Address, *, allow_loopback: bool) -> bool:
    """Whether an address is anything but public unicast. Loopback may be allowed."""
    if address.is_loopback:
        return not allow_loopback
    if isinstance(address, IPv6Address) and address not in _PUBLIC_UNICAST:
        return True
    return any(address in network for network in _NOT_PUBLIC)


def _is_name(host: str) -> bool:
    """Whether it is a host name. If the last label is a number, it is an address in a special form,
    such as `10.1`. Source: RFC 1123, 2.1; WHATWG URL, "ends in a number".
    """
    labels = host.removesuffix(".").split(".")
    return (
        len(host) <= _LONGEST_NAME
        and all(_LABEL.fullmatch(label) for label in labels)
        and not _NUMBER.fullmatch(labels[-1])
    )


def _is_public_host(host: IPv4Address | IPv6Address | str, *, allow_loopback: bool) -> bool:
    """Whether an address is public, or a name may lead to one: its domain is none for local
    networks.
    """
    if not isinstance(host, str):
        return not is_not_public(host, allow_loopback=allow_loopback)
    labels = host.removesuffix(".").split(".")
    on_the_internet = len(labels) > 1 and labels[-1] not in _NOT_ON_THE_INTERNET
    return on_the_internet or (allow_loopback and host == "localhost")


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
