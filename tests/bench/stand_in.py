"""A stand-in for AWS over TLS: moto behind a server on loopback, which answers each call after the
same time and keeps what was asked.

Clients verify its certificate. A connection is kept open, as AWS keeps it, until `hang_up`. moto
lets anybody in and evaluates no trust policy, so the stand-in itself refuses who brings no external
ID, or a wrong one.
"""

from __future__ import annotations

import copy
import json
import re
import socket
import ssl
import threading
import time
from base64 import b64encode
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from unittest.mock import patch
from urllib.parse import parse_qs

import trustme
from botocore.awsrequest import AWSPreparedRequest
from botocore.compat import HTTPHeaders
from moto import mock_aws
from moto.backends import get_backend
from moto.core.models import botocore_stubber
from moto.dynamodb import models
from moto.dynamodb.models.dynamo_type import DynamoType
from moto.dynamodb.models.table import Table

from tests.bench.capacity import Item, keys_written
from tests.support.moto_speed import make_moto_faster

LATENCY = 0.05
"""Seconds until AWS answers: a customer's region may be on another continent."""

TOLERATED = 0.01
"""Seconds by which an answer may miss its time."""

EXTERNAL_ID = "cavok-" + "x" * 32
"""The one with which customers' roles let us in."""

_SCOPE = re.compile(r"Credential=(\w+)/\d+/([\w-]+)/(\w+)/aws4_request")
_REFUSED = b"""<ErrorResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/"><Error><Type>Sender\
</Type><Code>AccessDenied</Code><Message>User: arn:aws:sts::123456789012:assumed-role/OpenSession \
is not authorized to perform: sts:AssumeRole on resource: arn:aws:iam::role/CavokCloud</Message>\
</Error><RequestId>1</RequestId></ErrorResponse>"""


@dataclass(frozen=True)
class Call:
    """One call, by the service's and the operation's name. `asked` and `answered` are the bodies of
    services that speak JSON. `items` are the items that a write to the table changed, each before
    and after it; `late` is by how many seconds the answer missed its time; `at` is when it was
    ready, in seconds of `time.monotonic`. `sent` are the bytes of the request, before TLS.
    """

    service: str
    operation: str
    asked: Mapping[str, Any]
    answered: Mapping[str, Any]
    items: tuple[tuple[Item, Item], ...]
    late: float
    at: float
    sent: int


@dataclass
class StandIn:
    """`latency` may be changed at any time. `authority` is what clients have to trust, as PEM.
    `connections` are those that are open.
    """

    url: str
    authority: bytes
    latency: float = LATENCY
    calls: list[Call] = field(default_factory=list)
    connections: set[socket.socket] = field(default_factory=set)
    _known: dict[tuple[str, ...], tuple[int, Mapping[str, str], bytes]] = field(
        default_factory=dict
    )
    _asking: threading.Lock = field(default_factory=threading.Lock)

    def late(self, since: int = 0) -> str:
        """How many answers missed their time, for people: this machine was too slow for them. Those
        to calls from this one on.
        """
        calls = self.calls[since:]
        late = sum(call.late > TOLERATED for call in calls)
        return f"{late} of {len(calls)} answers were late"

    def hang_up(self) -> None:
        """Closes all connections, which must be idle, as between two sweeps: "Lambda purges idle
        connections over time." Source: Lambda Developer Guide, "Best practices for working with
        AWS Lambda functions". Clients see it before their next call, and connect again.
        """
        for connection in tuple(self.connections):
            with suppress(OSError):  # it has just been closed
                connection.shutdown(socket.SHUT_RDWR)

    def answer(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes
    ) -> tuple[int, Mapping[str, str], bytes]:
        """Status, headers and body, once the time for it has come."""
        due = time.monotonic() + self.latency
        found = _SCOPE.search(headers["Authorization"])
        assert found, "a call without a signature"
        key, region, service = found.groups()
        asked, operation = _understood(headers, body)
        touched = keys_written(operation, asked) if service == "dynamodb" else ()
        before = [_stored(table, each) for table, each in touched]
        if operation == "AssumeRole" and parse_qs(body.decode()).get("ExternalId") != [EXTERNAL_ID]:
            status, answer_headers, answer = 403, {"Content-Type": "text/xml"}, _REFUSED
        else:
            address = f"https://{service}.{region}.amazonaws.com{path}"
            status, answer_headers, answer = self._of_moto(
                key, service, AWSPreparedRequest(method, address, _plain(headers), body, False)
            )
        after = [_stored(table, each) for table, each in touched]
        at = time.monotonic()
        left = due - at
        time.sleep(max(0.0, left))
        answered = json.loads(answer) if asked and answer else {}
        items = tuple(zip(before, after, strict=True))
        head = f"{method} {path} HTTP/1.1\r\n" + "".join(
            f"{n}: {v}\r\n" for n, v in headers.items()
        )
        sent = len(head) + len("\r\n") + len(body)
        self.calls.append(
            Call(service, operation, asked, answered, items, max(0.0, -left), at, sent)
        )
        return status, answer_headers, answer

    def _of_moto(
        self, key: str, service: str, request: AWSPreparedRequest
    ) -> tuple[int, Mapping[str, str], bytes]:
        """A test changes nothing in a customer's EC2, RDS and IAM, which all customers have alike,
        and any session of a role will do. So moto, which takes longer than AWS, is asked each
        question once, however many ask at the same time. Logs answer each operation of an account
        alike, once its group and stream are there.
        """
        if service not in ("ec2", "rds", "iam", "sts", "logs"):
            return self._asked(request)
        body = str(request.body)
        owner = key if service in ("sts", "logs") else ""
        asked = [request.headers["X-Amz-Target"]] if service == "logs" else [body]
        question = (owner, request.url, *parse_qs(body).get("RoleArn", asked))
        with self._asking:
            if question in self._known:
                return self._known[question]
            answered = self._asked(request)
            if service != "logs" or answered[0] == HTTPStatus.OK:
                self._known[question] = answered
            return answered

    @staticmethod
    def _asked(request: AWSPreparedRequest) -> tuple[int, Mapping[str, str], bytes]:
        answered = botocore_stubber.process_request(request)
        assert answered, request.url
        status, headers, answer = answered
        return status, headers, answer.encode() if isinstance(answer, str) else answer


def _plain(headers: Mapping[str, str]) -> HTTPHeaders:
    copied = HTTPHeaders()
    for name, value in headers.items():
        copied[name] = value
    return copied


def _understood(headers: Mapping[str, str], body: bytes) -> tuple[Mapping[str, Any], str]:
    """The body, if it is JSON, and the operation's name; empty if its path says it."""
    if target := headers.get("X-Amz-Target"):
        return json.loads(body), target.rpartition(".")[2]
    if body.startswith(b"Action="):
        return {}, parse_qs(body.decode())["Action"][0]
    return {}, ""


# ---- the table, from behind


def _stored(table: str, of: Item) -> Item:
    """Empty if there is none."""
    backend: Any = get_backend("dynamodb")["123456789012"]["us-east-1"]  # type: ignore[index]
    found = backend.tables[table].get_item(DynamoType(of["pk"]), DynamoType(of["sk"]))
    text = json.dumps(found.to_json()["Attributes"] if found else {}, default=_as_sent)
    item: Item = json.loads(text)
    return item


def _as_sent(value: bytes) -> str:
    return b64encode(value).decode()


class _Copying:
    """In place of `copy` in moto, which copies a whole table for each action of a transaction, to
    bring it back if the transaction is refused. Here none is, and a hundred tests would take
    seconds.
    """

    @staticmethod
    def deepcopy(thing: Any) -> Any:
        return thing if isinstance(thing, Table) else copy.deepcopy(thing)


# ---- the server


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128

    def __init__(self, context: ssl.SSLContext) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.context = context
        self.stand_in = StandIn(f"https://localhost:{self.server_port}", b"")

    def finish_request(self, request: Any, client_address: Any) -> None:
        """In the connection's own thread, so that no handshake holds up another."""
        connections = self.stand_in.connections
        with self.context.wrap_socket(request, server_side=True) as secured:
            connections.add(secured)
            try:
                super().finish_request(secured, client_address)
            finally:
                connections.discard(secured)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A process that ends closes its connections as it likes."""


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = False
    server: _Server

    def _answer(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        try:
            status, headers, answer = self.server.stand_in.answer(
                self.command,
                self.path,
                self.headers,
                body,  # type: ignore[arg-type]
            )
        except Exception as error:  # noqa: BLE001  the caller shall hear of it
            status, headers, answer = 500, {}, repr(error).encode()
        lines = {**dict(headers), "Content-Length": str(len(answer))}
        head = "".join(f"{name}: {value}\r\n" for name, value in lines.items())
        # In one write: in two, the second waits until the first is acknowledged.
        self.wfile.write(f"HTTP/1.1 {status} {status}\r\n{head}\r\n".encode() + answer)

    do_GET = do_POST = do_PUT = do_DELETE = do_HEAD = _answer  # noqa: N815

    def log_message(self, format: str, *arguments: Any) -> None:  # noqa: A002
        pass


@contextmanager
def stand_in() -> Iterator[StandIn]:
    """A stand-in with nothing in it. In this process boto3's clients reach moto at once, without a
    network: use them to prepare what is to be found.
    """
    make_moto_faster()
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with mock_aws(), patch.object(models, "copy", _Copying), _Server(context) as server:
        server.stand_in.authority = authority.cert_pem.bytes()
        serving = threading.Thread(target=server.serve_forever)
        serving.start()
        try:
            yield server.stand_in
        finally:
            server.shutdown()
            serving.join()
