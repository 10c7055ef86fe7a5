"""Calls to AWS go only to who has a certificate of Amazon's own authorities."""

from __future__ import annotations

import http.server
import ssl
import threading
from collections.abc import Iterator
from pathlib import Path

import boto3
import botocore
import pytest
import trustme
from botocore.exceptions import ClientError, SSLError
from pytest_socket import enable_socket

from build_layer import AMAZON_ROOTS, CA_BUNDLE, amazon_roots
from tests.support.template import template

ALL = Path(botocore.__file__).parent / "cacert.pem"


@pytest.fixture(autouse=True)
def stack() -> None:
    """No AWS: a server of our own stands for it."""


class Refusing(http.server.BaseHTTPRequestHandler):
    def do_POST(self) -> None:
        self.send_response(403)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"{}")

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def authority() -> trustme.CA:
    return trustme.CA()


@pytest.fixture
def address(authority: trustme.CA) -> Iterator[str]:
    """An endpoint with a certificate of that authority."""
    enable_socket()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("localhost").configure_cert(context)
    with http.server.ThreadingHTTPServer(("localhost", 0), Refusing) as server:
        server.socket = context.wrap_socket(server.socket, server_side=True)
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"https://localhost:{server.server_port}"
        server.shutdown()


def call(address: str) -> None:
    session = boto3.Session("AKIAIOSFODNN7EXAMPLE", "secret", region_name="us-east-1")
    session.client("events", endpoint_url=address).put_events(Entries=[{"Source": "cavok"}])


def bundle(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, certificates: str) -> None:
    path = tmp_path / CA_BUNDLE
    path.write_text(certificates)
    monkeypatch.setenv("AWS_CA_BUNDLE", str(path))


def test_an_endpoint_under_another_authority_is_refused(
    address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle(monkeypatch, tmp_path, amazon_roots(ALL.read_text()))

    with pytest.raises(SSLError):
        call(address)


def test_an_endpoint_under_an_authority_of_the_bundle_is_called(
    authority: trustme.CA, address: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    bundle(monkeypatch, tmp_path, authority.cert_pem.bytes().decode())

    with pytest.raises(ClientError):
        call(address)


def test_the_bundle_holds_amazons_authorities_and_no_other() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.load_verify_locations(cadata=amazon_roots(ALL.read_text()))

    names = [dict(pair for (pair,) in c["subject"])["commonName"] for c in context.get_ca_certs()]
    assert sorted(names) == sorted(AMAZON_ROOTS)


def test_no_layer_is_built_without_one_of_them() -> None:
    with pytest.raises(KeyError):
        amazon_roots("")


def test_functions_read_the_bundle_where_lambda_puts_the_layer() -> None:
    variables = template()["Globals"]["Function"]["Environment"]["Variables"]

    assert variables["AWS_CA_BUNDLE"] == f"/opt/python/{CA_BUNDLE}"
