"""Sends messages to an organization's webhook, and never to a private address.

Each delivery resolves the host name once, checks every address of it, and connects to a checked
address. So a name that resolves differently the second time (DNS rebinding) gains nothing.
Redirects are not followed, because they would bypass the check.
"""

import http.client
import socket
import ssl
from collections.abc import Callable, Mapping
from ipaddress import ip_address
from typing import Any
from urllib.parse import SplitResult

from cavok.domain.webhooks import refused

SECONDS = 5.0
"""Timeout for connecting, and for each read of the response."""

Resolve = Callable[[str, int], list[str]]


class NotDelivered(Exception):
    """The receiver did not accept the message. It is retried."""


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name. Raises OSError if there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class WebhookClient:
    """Posts messages over HTTP. `allow_loopback` is only for the local stack."""

    def __init__(self, *, allow_loopback: bool, resolve: Resolve = resolve) -> None:
        self._allow_loopback = allow_loopback
        self._resolve = resolve

    def post(self, url: SplitResult, body: bytes, headers: Mapping[str, str]) -> int:
        """Posts a message and returns the 2xx status. Raises NotDelivered for any other status, and
        for no response.
        """
        secure = url.scheme == "https"
        port = url.port or (443 if secure else 80)
        host = str(url.hostname)
        connection = _Pinned(host, port, self._checked_address(host, port), secure=secure)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            connection.request("POST", path, body, dict(headers))
            status = connection.getresponse().status
        except (OSError, http.client.HTTPException, ValueError) as error:
            # ValueError: an address or a header that HTTP cannot carry.
            raise NotDelivered(f"{host} did not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise NotDelivered(f"{host} answered {status}.")
        return status

    def _checked_address(self, host: str, port: int) -> str:
        try:
            addresses = self._resolve(host, port)
        except OSError as error:
            raise NotDelivered(f"{host} does not resolve.") from error
        for address in addresses:
            parsed = ip_address(address.partition("%")[0])
            if refused(parsed, allow_loopback=self._allow_loopback):
                raise NotDelivered(f"{host} resolves to {address}, which is no public address.")
        if not addresses:
            raise NotDelivered(f"{host} does not resolve.")
        return addresses[0]


class _Pinned(http.client.HTTPConnection):
    """A connection to a given address that presents the host's name."""

    def __init__(self, host: str, port: int, address: str, *, secure: bool) -> None:
        super().__init__(host, port, timeout=SECONDS)
        self._address = address
        self._tls = ssl.create_default_context() if secure else None
        # http.client leaves the default port out of the Host header for plain HTTP only.
        self.default_port = 443 if secure else 80

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self.port), self.timeout)
        self.sock: Any = (
            self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain
        )
