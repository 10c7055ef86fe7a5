"""Sends messages to an organization's webhook, and answers to CloudFormation; never to a private
address.

Each delivery resolves the host name once, checks all its addresses, and connects to the first of
them that answers. So a name that resolves differently the second time (DNS rebinding) gains
nothing.
Redirects are not followed, because they would bypass the check.
"""

import http.client
import re
import socket
import ssl
import threading
import time
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import suppress
from functools import cached_property
from ipaddress import ip_address
from typing import Any, TypeVar
from urllib.parse import SplitResult

from cavok.domain.first_tries import SECONDS
from cavok.domain.webhooks import is_not_public

T = TypeVar("T")
ResolveHost = Callable[[str, int], list[str]]

ADDRESSES = 4
"""The most addresses of a name that a delivery tries, in turn. The owner of the name chooses them,
and must not be able to turn one message into many connections to others.
"""

_STATUS_LINE = re.compile(rb"HTTP/1\.[01] ([1-5])(\d\d)(?:[ \r\n]|$)")
_LONGEST_LINE = 65_536
_LINES = 100


class NotDelivered(Exception):
    """The receiver did not accept the message. It is retried. `status`: null without an answer."""

    def __init__(self, message: str, status: int | None = None) -> None:
        super().__init__(message)
        self.status = status


def resolve(host: str, port: int) -> list[str]:
    """All addresses of a name. Raises OSError if there are none."""
    found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
    return list(dict.fromkeys(str(address[0]) for *_, address in found))


class WebhookClient:
    """Posts messages over HTTP. `allow_loopback` is only for the local stack."""

    def __init__(self, *, allow_loopback: bool, resolve: ResolveHost = resolve) -> None:
        self._allow_loopback = allow_loopback
        self._resolve = resolve

    @cached_property
    def _tls(self) -> ssl.SSLContext:
        """Made once: reading the authorities takes longer than a connection."""
        return ssl.create_default_context()

    def post(
        self,
        url: SplitResult,
        body: bytes,
        headers: Mapping[str, str],
        *,
        seconds: float = SECONDS,
    ) -> int:
        """Posts a message and returns the 2xx status. Raises NotDelivered for any other status, and
        for no response within so many seconds.
        """
        return self._send("POST", url, body, headers, seconds)

    def put(self, url: SplitResult, body: bytes, *, seconds: float) -> int:
        """The same with PUT, and without headers of ours: a presigned address may not know them."""
        return self._send("PUT", url, body, {}, seconds)

    def _send(
        self, method: str, url: SplitResult, body: bytes, headers: Mapping[str, str], seconds: float
    ) -> int:
        ends_at = time.monotonic() + seconds
        secure = url.scheme == "https"
        port = url.port or (443 if secure else 80)
        host = str(url.hostname)
        addresses = self._checked_addresses(host, port, ends_at)
        tls = self._tls if secure else None
        connection = _Pinned(host, port, addresses, tls=tls, ends_at=ends_at)
        path = (url.path or "/") + (f"?{url.query}" if url.query else "")
        try:
            connection.request(method, path, body, dict(headers))
            status = connection.status()
        except (OSError, http.client.HTTPException, ValueError) as error:
            # ValueError: an address or a header that HTTP cannot carry.
            raise NotDelivered(f"{host} did not answer: {type(error).__name__}") from error
        finally:
            connection.close()
        if not 200 <= status < 300:
            raise NotDelivered(f"{host} answered {status}.", status)
        return status

    def _checked_addresses(self, host: str, port: int, ends_at: float) -> list[str]:
        try:
            addresses = _within(ends_at, lambda: self._resolve(host, port))
        except OSError as error:
            raise NotDelivered(f"{host} does not resolve.") from error
        for address in addresses:
            parsed = ip_address(address.partition("%")[0])
            if is_not_public(parsed, allow_loopback=self._allow_loopback):
                raise NotDelivered(f"{host} resolves to {address}, which is no public address.")
        if not addresses:
            raise NotDelivered(f"{host} does not resolve.")
        return addresses


def _within(ends_at: float, call: Callable[[], T]) -> T:
    """The result of a call that cannot be cancelled. If it takes too long, it goes on in its own
    thread. Raises what the call raises, and TimeoutError (an OSError).
    """
    result: Future[T] = Future()

    def run() -> None:
        try:
            result.set_result(call())
        except Exception as error:  # noqa: BLE001
            result.set_exception(error)

    threading.Thread(target=run, daemon=True).start()
    return result.result(timeout=max(ends_at - time.monotonic(), 0))


class _Pinned(http.client.HTTPConnection):
    """A connection to one of the given addresses that presents the host's name. It is cut at
    `ends_at`, by `time.monotonic()`: with a timeout per read, a receiver could send single bytes
    without end.
    """

    def __init__(
        self,
        host: str,
        port: int,
        addresses: list[str],
        *,
        tls: ssl.SSLContext | None,
        ends_at: float,
    ) -> None:
        super().__init__(host, port)
        self._addresses = addresses[:ADDRESSES]
        self._ends_at = ends_at
        self._tls = tls
        self._cut: threading.Timer | None = None
        # http.client leaves the default port out of the Host header for plain HTTP only.
        self.default_port = 443 if tls else 80

    def connect(self) -> None:
        plain = self._first_that_answers()
        # Of its own: TLS takes the first socket over.
        self._handle = plain.dup()
        self._cut = threading.Timer(self._ends_at - time.monotonic(), _shut, [self._handle])
        self._cut.daemon = True
        self._cut.start()
        self.sock: Any = (
            self._tls.wrap_socket(plain, server_hostname=self.host) if self._tls else plain
        )

    def status(self) -> int:
        """The status of the answer. Reads no headers: a receiver may choose some for which Python's
        parser raises TypeError, or takes quadratic time that nothing interrupts. Skips answers of
        1xx (RFC 9110, 15.2). Raises HTTPException if the answer has no status.
        """
        with self.sock.makefile("rb") as answer:
            for number in range(_LINES):
                line = answer.readline(_LONGEST_LINE)
                found = _STATUS_LINE.match(line)
                if found and found[1] != b"1":
                    return int(found[1] + found[2])
                if not (found or number) or not line:
                    break
        raise http.client.BadStatusLine("no status")

    def _first_that_answers(self) -> socket.socket:
        """Each address gets its share of the time that is left, to connect."""
        for remaining in range(len(self._addresses), 0, -1):
            left = self._ends_at - time.monotonic()
            if left <= 0:
                break
            try:
                address = (self._addresses[-remaining], self.port)
                found = socket.create_connection(address, left / remaining)
                found.settimeout(left)
                return found
            except OSError:
                if remaining == 1:
                    raise
        raise TimeoutError

    def close(self) -> None:
        super().close()
        if self._cut:
            self._cut.cancel()
            self._handle.close()


def _shut(handle: socket.socket) -> None:
    with suppress(OSError):
        handle.shutdown(socket.SHUT_RDWR)
