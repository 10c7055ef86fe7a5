"""Webhooks: where an organization receives events, and how it verifies that Cavok sent them.

Signatures follow the Standard Webhooks specification (standardwebhooks.com): symmetric secret
`whsec_…`, HMAC-SHA256 over `id.timestamp.body`.
"""

import base64
import hashlib
import hmac
import secrets
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from ipaddress import IPv4Address, IPv6Address, IPv6Network, ip_address
from typing import Any
from urllib.parse import SplitResult, urlsplit

from cavok.domain.errors import InvalidField
from cavok.domain.events import WEBHOOK_TEST, EventType

SECRET_BYTES = 32
_PREFIX = "whsec_"
_NAT64 = IPv6Network("64:ff9b::/96")


@dataclass(frozen=True, slots=True, kw_only=True)
class Webhook:
    """An organization's webhook. Its secret is sealed under `webhook_id`. Times are UTC."""

    organization_id: str
    webhook_id: str
    url: str
    events: tuple[EventType, ...]
    created_at: datetime
    updated_at: datetime
    updated_by: str

    def wants(self, event_type: str) -> bool:
        """Whether it subscribes to the event type. Every webhook receives test messages."""
        return event_type == WEBHOOK_TEST or event_type in self.events


@dataclass(frozen=True, slots=True)
class Message:
    """A message to a receiver. `message_id` is the event's id, the same at every try."""

    message_id: str
    body: bytes


def new_secret() -> str:
    """A random signing secret: `whsec_` and 32 bytes in Base64."""
    return _PREFIX + base64.b64encode(secrets.token_bytes(SECRET_BYTES)).decode()


def signed_headers(message: Message, secret: str, now: datetime) -> dict[str, str]:
    """The three headers with which a receiver verifies a message."""
    timestamp = str(int(now.timestamp()))
    key = base64.b64decode(secret.removeprefix(_PREFIX))
    signed = b".".join((message.message_id.encode(), timestamp.encode(), message.body))
    signature = base64.b64encode(hmac.digest(key, signed, hashlib.sha256)).decode()
    return {
        "webhook-id": message.message_id,
        "webhook-timestamp": timestamp,
        "webhook-signature": f"v1,{signature}",
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
    if not host or port == 0 or not all(32 < ord(c) < 127 for c in url):
        raise InvalidField("url", "This is not a web address.")
    address = _literal(host)
    if address and refused(address, allow_loopback=allow_loopback):
        raise InvalidField("url", "This address is not public. Enter one that is on the internet.")
    loopback = allow_loopback and (host == "localhost" or (address and address.is_loopback))
    if parts.scheme != "https" and not (parts.scheme == "http" and loopback):
        raise InvalidField("url", "Enter an address that starts with https://")
    return parts


def refused(address: IPv4Address | IPv6Address, *, allow_loopback: bool) -> bool:
    """Whether an address is refused: every address outside the public internet, also if an IPv6
    address embeds it. Source: IANA special-purpose address registries, from Python's `ipaddress`.
    """
    if isinstance(address, IPv6Address):
        inner = address.ipv4_mapped or address.sixtofour
        if address in _NAT64:
            inner = IPv4Address(int(address) & 0xFFFFFFFF)
        if inner:
            return refused(inner, allow_loopback=allow_loopback)
        if address.teredo or address.is_site_local:
            return True
    if address.is_loopback:
        return not allow_loopback
    return not address.is_global or address.is_multicast


def _literal(host: str) -> IPv4Address | IPv6Address | None:
    try:
        return ip_address(host)
    except ValueError:
        return None
