"""Where messages may go, and how a receiver knows that they are ours."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from cavok.domain.errors import InvalidField
from cavok.domain.webhooks import Message, checked_url, new_secret, refused, signed_headers

PRIVATE = [
    "0.0.0.0",
    "10.0.0.1",
    "100.64.0.1",
    "127.0.0.1",
    "127.8.8.8",
    "169.254.169.254",
    "172.16.0.1",
    "192.0.2.1",
    "192.168.1.1",
    "198.18.0.1",
    "224.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::ffff:10.0.0.1",
    "::ffff:169.254.169.254",
    "64:ff9b::a9fe:a9fe",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2002:a00:1::",
    "fd00:ec2::254",
    "fe80::1",
    "fec0::1",
    "ff02::1",
]
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700:4700::1111", "64:ff9b::101:101"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_a_network_is_refused(address: str) -> None:
    assert refused(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_not(address: str) -> None:
    assert not refused(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_the_local_stack_may_send_to_its_own_machine_and_no_further(address: str) -> None:
    parsed = ip_address(address)

    assert refused(parsed, allow_loopback=True) == (not parsed.is_loopback)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "https://",
        "https:///path",
        "http://example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "https://user:secret@example.com/",
        "https://example.com/#fragment",
        "https://example.com:99999/",
        "https://example.com:0/",
        "https://exa mple.com/",
        "https://example.com/\nHost: other",
        "https://127.0.0.1/",
        "https://[::1]/",
        "https://[::ffff:10.0.0.1]/",
        "https://169.254.169.254/latest/meta-data",
        "http://localhost:8080/",
    ],
)
def test_what_is_never_delivered_to_is_refused_when_it_is_entered(url: str) -> None:
    with pytest.raises(InvalidField) as caught:
        checked_url(url, allow_loopback=False)

    assert caught.value.field == "url"


@pytest.mark.parametrize(
    "url", ["https://example.com", "https://example.com:8443/a?b=c", "https://[2606:4700::1]/x"]
)
def test_an_https_address_of_the_internet_is_taken(url: str) -> None:
    assert checked_url(url, allow_loopback=False).geturl() == url


@pytest.mark.parametrize("host", ["localhost", "127.0.0.1", "[::1]"])
def test_the_local_stack_takes_its_own_machine_over_http(host: str) -> None:
    assert checked_url(f"http://{host}:8080/", allow_loopback=True)


@pytest.mark.parametrize("url", ["http://example.com/", "http://10.0.0.1/", "https://10.0.0.1/"])
def test_the_local_stack_takes_no_other(url: str) -> None:
    with pytest.raises(InvalidField):
        checked_url(url, allow_loopback=True)


@given(st.dictionaries(st.text(), st.text() | st.integers()), st.uuids())
def test_an_independent_library_verifies_every_message(
    data: dict[str, str | int], message_id: object
) -> None:
    secret, now = new_secret(), datetime.now(UTC)
    message = Message(str(message_id), json.dumps(data).encode())

    assert Webhook(secret).verify(message.body, signed_headers(message, secret, now)) == data


def test_a_message_that_was_changed_is_old_or_is_anothers_does_not_verify() -> None:
    secret, now = new_secret(), datetime.now(UTC)
    message = Message("msg_1", b'{"status": "confirmed"}')
    headers = signed_headers(message, secret, now)
    old = signed_headers(message, secret, now - timedelta(hours=1))

    for body, with_headers, key in (
        (b'{"status": "failed"}', headers, secret),
        (message.body, headers | {"webhook-id": "msg_2"}, secret),
        (message.body, old, secret),
        (message.body, headers, new_secret()),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, with_headers)


def test_secrets_are_long_and_never_the_same() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert all(secret.startswith("whsec_") and len(secret) == 50 for secret in [new_secret()])
