"""Deliveries go to the address that was checked, or nowhere."""

from __future__ import annotations

import http.server
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from urllib.parse import urlsplit

import pytest
from pytest_socket import enable_socket

from cavok.adapters.webhook_client import ADDRESSES, NotDelivered, WebhookClient
from cavok.domain.first_tries import SECONDS
from local.settings import ROOT
from tests.support.template import template


class Server(http.server.BaseHTTPRequestHandler):
    seen: list[tuple[str, str | None, bytes]]
    status = 204

    def do_POST(self) -> None:
        body = self.rfile.read(int(self.headers["content-length"]))
        self.seen.append((self.path, self.headers["host"], body))
        self.send_response(self.status)
        self.send_header("location", "/elsewhere")
        self.end_headers()

    def log_message(self, *args: object) -> None:
        pass


@pytest.fixture
def server() -> Iterator[tuple[type[Server], int]]:
    """A web server of this machine's. Loopback only."""
    enable_socket()
    handler = type("Handler", (Server,), {"seen": []})
    made = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=made.serve_forever, daemon=True).start()
    yield handler, made.server_port
    made.shutdown()
    made.server_close()


def webhook_client(*addresses: str, allow_loopback: bool = False) -> WebhookClient:
    """Every name resolves to these addresses."""
    return WebhookClient(allow_loopback=allow_loopback, resolve=lambda host, port: list(addresses))


@pytest.mark.parametrize(
    "addresses",
    [
        ("127.0.0.1",),
        ("169.254.169.254",),
        ("10.1.2.3",),
        ("::1",),
        ("fe80::1%eth0",),
        ("93.184.216.34", "10.1.2.3"),
    ],
)
def test_a_name_that_leads_inside_a_network_is_sent_nothing(addresses: tuple[str, ...]) -> None:
    """No socket may be opened in this test: a connection would fail it."""
    with pytest.raises(NotDelivered, match="no public address"):
        webhook_client(*addresses).post(urlsplit("https://innocent.example/"), b"{}", {})


def test_a_name_without_an_address_is_no_crash() -> None:
    def fails(host: str, port: int) -> list[str]:
        raise OSError("no such host")

    with pytest.raises(NotDelivered, match="does not resolve"):
        WebhookClient(allow_loopback=False, resolve=fails).post(
            urlsplit("https://gone.example/"), b"{}", {}
        )


def test_the_connection_is_made_to_the_checked_address_in_the_name_of_the_host(
    server: tuple[type[Server], int],
) -> None:
    """The name is resolved once. What it would answer a second time does not matter."""
    handler, port = server
    answers = iter([["127.0.0.1"]])
    sender = WebhookClient(allow_loopback=True, resolve=lambda host, port: next(answers))

    sender.post(urlsplit(f"http://rebinding.example:{port}/a?b=c"), b"{}", {})

    assert handler.seen == [("/a?b=c", f"rebinding.example:{port}", b"{}")]


@pytest.mark.parametrize("silent", range(ADDRESSES + 1))
def test_a_delivery_takes_the_first_of_a_few_addresses_that_answers(
    server: tuple[type[Server], int], silent: int
) -> None:
    """Nobody listens at the others, which are loopback too."""
    handler, port = server
    addresses = [f"127.0.0.{2 + number}" for number in range(silent)] + ["127.0.0.1"]
    sender = webhook_client(*addresses, allow_loopback=True)

    if silent == ADDRESSES:
        with pytest.raises(NotDelivered, match="did not answer"):
            sender.post(urlsplit(f"http://many.example:{port}/"), b"{}", {})
    else:
        sender.post(urlsplit(f"http://many.example:{port}/"), b"{}", {})

    assert len(handler.seen) == (silent < ADDRESSES)


@pytest.mark.parametrize("status", [301, 302, 307, 308, 400, 404, 410, 500, 503])
def test_whatever_is_not_a_success_is_tried_again_and_no_redirect_is_followed(
    server: tuple[type[Server], int], status: int
) -> None:
    handler, port = server
    handler.status = status

    with pytest.raises(NotDelivered, match=f"answered {status}"):
        webhook_client("127.0.0.1", allow_loopback=True).post(
            urlsplit(f"http://localhost:{port}/"), b"{}", {}
        )

    assert [path for path, _, _ in handler.seen] == ["/"]


@pytest.fixture
def dripping() -> Iterator[int]:
    """The port of a receiver that sends a byte of its answer every tenth of a second, for ever."""
    enable_socket()
    listening = socket.create_server(("127.0.0.1", 0))

    def drip() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            tls = connection.recv(1) == b"\x16"
            # A header of TLS says that 16 kB follow.
            connection.sendall(b"\x16\x03\x03\x40\x00\x02" if tls else b"HTTP/1.1 100 ")
            while True:
                connection.sendall(b"x")
                time.sleep(0.1)

    threading.Thread(target=drip, daemon=True).start()
    yield listening.getsockname()[1]
    listening.close()


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_receiver_that_drips_is_left_when_the_time_of_a_delivery_is_up(
    dripping: int, scheme: str
) -> None:
    """Else it would read for ever, because each byte comes in time."""
    client = WebhookClient(allow_loopback=True, resolve=lambda *_: ["127.0.0.1"])

    with pytest.raises(NotDelivered, match="did not answer"):
        client.post(urlsplit(f"{scheme}://localhost:{dripping}/"), b"{}", {}, seconds=3)


def answering(head: bytes) -> int:
    """The port of a receiver that takes a message, and answers with these bytes."""
    enable_socket()
    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        connection, _ = listening.accept()
        with connection, suppress(OSError):
            connection.recv(65_536)
            connection.sendall(head)
            connection.shutdown(socket.SHUT_WR)
            connection.recv(1)
        listening.close()

    threading.Thread(target=serve, daemon=True).start()
    return int(listening.getsockname()[1])


FOLDED = b'Content-Type: multipart/x; a="' + b"\r\n ".join([b";" * 60_000] * 90) + b"\r\n\r\n"


@pytest.mark.parametrize(
    ("head", "status"),
    [
        (b"HTTP/1.1 200 OK\r\n" + FOLDED, 200),
        (b"HTTP/1.1 200 OK\r\nContent-Type: multipart/x; boundary*=a; boundary*0=b\r\n\r\n", 200),
        (b"HTTP/1.1 200\r\n\r\n", 200),
        (b"HTTP/1.0 204 No Content\r\n" + b"a: b\r\n" * 1_000, 204),
        (b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 202 Accepted\r\n\r\n", 202),
        (b"HTTP/1.1 103 Early Hints\r\nlink: </a>\r\n\r\nHTTP/1.1 500 Broken\r\n\r\n", 500),
        (b"HTTP/1.1 100 Continue\r\n\r\n" * 1_000, None),
        (b"HTTP/1.1 2000 OK\r\n\r\n", None),
        (b"HTTP/1.1 " + b"2" * 100_000, None),
        (b"HTTP/2 200\r\n\r\n", None),
        (b"hello\r\nHTTP/1.1 200 OK\r\n\r\n", None),
        (b"\xff\x00\r\n", None),
        (b"", None),
    ],
)
def test_of_any_answer_the_status_is_read_and_nothing_else(head: bytes, status: int | None) -> None:
    """The first two keep Python's parser of headers busy for minutes, or break it."""
    client = webhook_client("127.0.0.1", allow_loopback=True)
    address = urlsplit(f"http://any.example:{answering(head)}/")
    used = time.thread_time()

    try:
        found = client.post(address, b"{}", {}, seconds=60)
    except NotDelivered as error:
        found = error.status or 0

    assert found == (status or 0)
    assert time.thread_time() - used < 1


def test_a_receiver_that_says_nothing_is_left_when_the_time_of_a_delivery_is_up() -> None:
    enable_socket()
    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        client = webhook_client("127.0.0.1", allow_loopback=True)

        with pytest.raises(NotDelivered, match="did not answer"):
            client.post(urlsplit(f"http://silent.example:{port}/"), b"{}", {}, seconds=3)


def test_a_receiver_with_several_addresses_has_as_long_to_answer_as_one_with_one(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """To connect, each of them has its share."""
    port, share = answering(b"HTTP/1.1 204 No Content\r\n\r\n"), 60 / ADDRESSES
    create, made = socket.create_connection, []

    def connect(address: tuple[str, int], timeout: float) -> socket.socket:
        assert timeout <= share
        made.append(create(address, timeout))
        return made[-1]

    monkeypatch.setattr(socket, "create_connection", connect)
    client = webhook_client(*["127.0.0.1"] * ADDRESSES, allow_loopback=True)

    assert client.post(urlsplit(f"http://several.example:{port}/"), b"{}", {}, seconds=60) == 204
    (connection,) = made
    assert (connection.gettimeout() or 0) > share


def test_a_receiver_that_refuses_a_message_is_sent_the_next_one(
    server: tuple[type[Server], int],
) -> None:
    handler, port = server
    client = webhook_client("127.0.0.1", allow_loopback=True)
    handler.status = 500
    with pytest.raises(NotDelivered):
        client.post(urlsplit(f"http://localhost:{port}/"), b"{}", {})
    handler.status = 204

    assert client.post(urlsplit(f"http://localhost:{port}/"), b"{}", {}) == 204


def test_a_name_that_takes_long_to_resolve_is_left_too() -> None:
    released = threading.Event()

    def slow(host: str, port: int) -> list[str]:
        released.wait(10)
        return ["93.184.216.34"]

    client = WebhookClient(allow_loopback=False, resolve=slow)
    with pytest.raises(NotDelivered, match="does not resolve"):
        client.post(urlsplit("https://slow.example/"), b"{}", {}, seconds=0.1)
    released.set()


def test_a_silent_receiver_is_left_before_the_function_ends_and_keeps_no_other_message() -> None:
    properties = template()["Resources"]["DeliverWebhook"]["Properties"]

    assert properties["Events"]["Message"]["Properties"]["BatchSize"] == 1
    assert properties["Timeout"] > SECONDS + 10


@pytest.mark.parametrize(
    ("document", "says"),
    [
        ("docs/architecture.md", "a delivery takes eight seconds at most"),
        ("docs/events/README.md", "Respond with any 2xx within eight seconds."),
        (
            "docs/operating.md",
            "Whatever a receiver does becomes `NotDelivered` within eight seconds",
        ),
        ("docs/security.md", "eight seconds a delivery"),
        ("layers/shared/cavok/api/openapi.py", "no answer within eight seconds"),
    ],
)
def test_a_delivery_takes_eight_seconds_as_the_documents_say(document: str, says: str) -> None:
    assert SECONDS == 8
    assert says in (ROOT / document).read_text()
