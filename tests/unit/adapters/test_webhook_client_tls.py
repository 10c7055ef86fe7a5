"""Deliveries over TLS: to the address that was checked, with a certificate for the name that was
asked for, from an authority that is trusted.
"""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pytest
import trustme
from pytest_socket import enable_socket

from cavok.adapters.webhook_client import NotDelivered, WebhookClient

HOST = "receiver.example"


class Server(http.server.BaseHTTPRequestHandler):
    """Notes the Host header of each message."""

    heard: list[str | None]

    def do_POST(self) -> None:
        self.rfile.read(int(self.headers["content-length"]))
        self.heard.append(self.headers["host"])
        self.send_response(204)
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def authority(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> trustme.CA:
    """The one that this machine trusts for a while, as `ssl` finds its authorities."""
    made = trustme.CA()
    path = tmp_path / "authority.pem"
    made.cert_pem.write_to_path(path)
    monkeypatch.setenv("SSL_CERT_FILE", str(path))
    monkeypatch.setenv("SSL_CERT_DIR", str(tmp_path / "none"))
    return made


@contextmanager
def server(
    issuer: trustme.CA, certified_for: str
) -> Iterator[tuple[int, list[str | None], list[str | None]]]:
    """A web server of this machine's: its port, the Host of each message, the name asked for by
    SNI of each connection.
    """
    enable_socket()
    server_names: list[str | None] = []
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    issuer.issue_cert(certified_for).configure_cert(context)
    context.sni_callback = lambda connection, name, _: server_names.append(name)
    handler = type("Handler", (Server,), {"heard": []})
    made = http.server.HTTPServer(("127.0.0.1", 0), handler)
    made.socket = context.wrap_socket(made.socket, server_side=True, do_handshake_on_connect=False)
    made.handle_error = lambda *_: None  # type: ignore[method-assign]
    thread = threading.Thread(target=made.serve_forever, daemon=True)
    thread.start()
    yield made.server_port, handler.heard, server_names
    made.shutdown()
    made.server_close()


def post(port: int, resolve: Callable[[str, int], list[str]] = lambda *_: ["127.0.0.1"]) -> int:
    sender = WebhookClient(allow_loopback=True, resolve=resolve)
    return sender.post(urlsplit(f"https://{HOST}:{port}/cavok"), b"{}", {})


def test_the_checked_address_is_asked_for_the_name_and_proves_to_be_it(
    authority: trustme.CA,
) -> None:
    with server(authority, HOST) as (port, heard, server_names):
        assert post(port) == 204

    assert heard == [f"{HOST}:{port}"]
    assert server_names == [HOST]


@pytest.mark.parametrize(
    ("certified_for", "trusted"),
    [("other.example", True), ("127.0.0.1", True), (HOST, False)],
    ids=["another name", "the address and not the name", "an authority that nobody trusts"],
)
def test_a_certificate_that_does_not_prove_the_name_is_refused(
    authority: trustme.CA, certified_for: str, trusted: bool
) -> None:
    issuer = authority if trusted else trustme.CA()
    with (
        server(issuer, certified_for) as (port, heard, _),
        pytest.raises(NotDelivered, match="SSLCertVerificationError"),
    ):
        post(port)

    assert heard == []


def test_a_name_that_leads_elsewhere_in_between_is_not_followed(authority: trustme.CA) -> None:
    """The name is resolved once: what it would answer the second time, nobody asks."""
    answers = iter([["127.0.0.1"], ["10.1.2.3"]])
    with server(authority, HOST) as (port, heard, _):
        assert post(port, lambda *_: next(answers)) == 204

    assert heard == [f"{HOST}:{port}"]
    assert next(answers) == ["10.1.2.3"]
