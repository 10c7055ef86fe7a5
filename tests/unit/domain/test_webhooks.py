"""Where messages may go, and how a receiver knows that they are ours."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from ipaddress import ip_address

import pytest
from hypothesis import given
from hypothesis import strategies as st
from standardwebhooks import Webhook, WebhookVerificationError

from cavok.domain.errors import InvalidField
from cavok.domain.events import WEBHOOK_TEST, EventType
from cavok.domain.webhooks import (
    LISTED_DELIVERIES,
    OVERDUE_AFTER,
    PAUSED_AFTER,
    SIGNING_AT_ONCE,
    DeliveryStatus,
    Health,
    ReceiverMessage,
    SigningSecret,
    WebhookState,
    checked_url,
    is_due,
    is_not_public,
    new_secret,
    payload,
    rotated,
    signed_headers,
)
from cavok.domain.webhooks import Webhook as Subscription
from tests.support.builders import NOW, a_failed_delivery
from tests.support.fair_queue import MOST_IN_FLIGHT
from tests.support.waiting_messages import Organization, Try

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
    "192.0.0.9",
    "192.88.99.1",
    "240.0.0.1",
    "::a9fe:a9fe",
    "::ffff:0:127.0.0.1",
    "::ffff:1.1.1.1",
    "64:ff9b::101:101",
    "64:ff9b:1::a9fe:a9fe",
    "2001:20::1",
    "2001:db8::1",
    "2002:101:101::1",
    "3fff::1",
    "4000::1",
    "5f00::1",
]
PUBLIC = ["1.1.1.1", "93.184.216.34", "192.0.1.1", "223.255.255.254", "2606:4700:4700::1111"]


@pytest.mark.parametrize("address", PRIVATE)
def test_an_address_inside_a_network_is_refused(address: str) -> None:
    assert is_not_public(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", PUBLIC)
def test_an_address_of_the_internet_is_not(address: str) -> None:
    assert not is_not_public(ip_address(address), allow_loopback=False)


@pytest.mark.parametrize("address", PRIVATE)
def test_the_local_stack_may_send_to_its_own_machine_and_no_further(address: str) -> None:
    parsed = ip_address(address)

    assert is_not_public(parsed, allow_loopback=True) == (not parsed.is_loopback)


NO_ADDRESS = "This is not a web address."
LEAVE_OUT = "Leave out user name, password and the part after #."
NOT_PUBLIC = "This address is not public. Enter one that is on the internet."
NOT_ASCII = "Write a host name with other letters as xn--…, its ASCII form."
NOT_HTTPS = "Enter an address that starts with https://."


@pytest.mark.parametrize(
    ("url", "says"),
    [
        ("", NO_ADDRESS),
        ("https://", NO_ADDRESS),
        ("https:///path", NO_ADDRESS),
        ("http://example.com/", NOT_HTTPS),
        ("ftp://example.com/", NOT_HTTPS),
        ("file:///etc/passwd", NO_ADDRESS),
        ("https://user:secret@example.com/", LEAVE_OUT),
        ("https://user@example.com/", LEAVE_OUT),
        ("https://:secret@example.com/", LEAVE_OUT),
        ("https://example.com/#fragment", LEAVE_OUT),
        ("https://example.com:99999/", NO_ADDRESS),
        ("https://example.com:0/", NO_ADDRESS),
        ("https://exa mple.com/", NO_ADDRESS),
        ("https://example.com/\x7f", NO_ADDRESS),
        ("https://exämple.com/", NOT_ASCII),
        ("https://例え.example/", NOT_ASCII),
        ("https://example.com/ä", NO_ADDRESS),
        ("https://example.com/\nHost: other", NO_ADDRESS),
        ("https://127.0.0.1/", NOT_PUBLIC),
        ("https://[::1]/", NOT_PUBLIC),
        ("https://[::ffff:10.0.0.1]/", NOT_PUBLIC),
        ("https://169.254.169.254/latest/meta-data", NOT_PUBLIC),
        ("http://localhost:8080/", NOT_PUBLIC),
        ("https://localhost/", NOT_PUBLIC),
        ("https://a/", NOT_PUBLIC),
        ("https://a./", NOT_PUBLIC),
        ("https://hooks.localhost/", NOT_PUBLIC),
        ("https://printer.local/", NOT_PUBLIC),
        ("https://metadata.google.internal/", NOT_PUBLIC),
        ("https://Metadata.Google.INTERNAL./", NOT_PUBLIC),
        ("https://[2606:4700::1%25eth0]/", NO_ADDRESS),
        ("https://[v1.example.com]/", NO_ADDRESS),
        ("https://0x7f000001/", NO_ADDRESS),
        ("https://0X7F000001/", NO_ADDRESS),
        ("https://2130706433/", NO_ADDRESS),
        ("https://10.1/", NO_ADDRESS),
        ("https://127.0.0.1./", NO_ADDRESS),
        ("https://010.0.0.1/", NO_ADDRESS),
        ("https://a..b/", NO_ADDRESS),
        ("https://.a/", NO_ADDRESS),
        ("https://-a.example/", NO_ADDRESS),
        ("https://a_b.example/", NO_ADDRESS),
        ("https://a%2eb/", NO_ADDRESS),
        (f"https://{'a' * 64}.example/", NO_ADDRESS),
        (f"https://{'a.' * 127}example/", NO_ADDRESS),
        ("https://[::a9fe:a9fe]/", NOT_PUBLIC),
    ],
)
def test_what_is_never_delivered_to_is_refused_when_it_is_entered(url: str, says: str) -> None:
    with pytest.raises(InvalidField) as caught:
        checked_url(url, allow_loopback=False)

    assert (caught.value.field, caught.value.message) == ("url", says)


@pytest.mark.parametrize(
    "url",
    [
        "https://example.com",
        "https://example.com:8443/a?b=c",
        "https://[2606:4700::1]/x",
        "https://example.com/!~",
        "https://xn--exmple-cua.com/",
        "https://Example.com./",
        f"https://{'a' * 63}.example/",
    ],
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
    message = ReceiverMessage(str(message_id), json.dumps(data).encode())

    assert Webhook(secret).verify(message.body, signed_headers(message, [secret], now)) == data


def test_a_message_that_was_changed_is_old_or_is_anothers_does_not_verify() -> None:
    secret, now = new_secret(), datetime.now(UTC)
    message = ReceiverMessage("msg_1", b'{"status": "confirmed"}')
    headers = signed_headers(message, [secret], now)
    old = signed_headers(message, [secret], now - timedelta(hours=1))

    for body, with_headers, key in (
        (b'{"status": "failed"}', headers, secret),
        (message.body, headers | {"webhook-id": "msg_2"}, secret),
        (message.body, old, secret),
        (message.body, headers, new_secret()),
    ):
        with pytest.raises(WebhookVerificationError):
            Webhook(key).verify(body, with_headers)


def test_the_headers_are_named_as_in_the_specification() -> None:
    headers = signed_headers(ReceiverMessage("msg_1", b"{}"), [new_secret()], datetime.now(UTC))

    assert list(headers) == ["webhook-id", "webhook-timestamp", "webhook-signature"]


def test_an_event_becomes_the_specifications_payload() -> None:
    detail = {"occurred_at": "2025-03-01T12:00:00Z", "account_id": "a-1"}

    assert payload({"detail-type": "Account Created", "detail": detail, "source": "cavok"}) == {
        "type": "Account Created",
        "timestamp": "2025-03-01T12:00:00Z",
        "data": detail,
    }


def test_a_webhook_receives_what_it_subscribes_to_and_each_test_message() -> None:
    webhook = Subscription(
        organization_id="org-one",
        url="https://example.com/",
        events=(EventType.CREATED,),
        secrets=(SigningSecret("w-1", "s"),),
        created_at=NOW,
        updated_at=NOW,
        updated_by="ada@example.com",
    )

    wanted = [each for each in (*EventType, WEBHOOK_TEST) if webhook.wants(each)]

    assert set(wanted) == {EventType.CREATED, WEBHOOK_TEST}


def test_secrets_are_long_and_never_the_same() -> None:
    assert len({new_secret() for _ in range(100)}) == 100
    assert all(secret.startswith("whsec_") and len(secret) == 50 for secret in [new_secret()])


def test_each_secret_verifies_while_it_signs() -> None:
    signing, now = [new_secret() for _ in range(SIGNING_AT_ONCE)], datetime.now(UTC)
    message = ReceiverMessage("msg_1", b"{}")
    headers = signed_headers(message, signing, now)

    assert [Webhook(each).verify(message.body, headers) for each in signing] == [{}] * 5
    assert len(headers["webhook-signature"]) == 239
    with pytest.raises(WebhookVerificationError):
        Webhook(new_secret()).verify(message.body, headers)


def with_new_secrets(*made: datetime) -> Subscription:
    """A webhook whose secrets were made then: "1", "2" and so on."""
    webhook = Subscription(
        organization_id="org-one",
        url="https://example.com/",
        events=(EventType.CREATED,),
        secrets=(),
        created_at=NOW,
        updated_at=NOW,
        updated_by="ada@example.com",
    )
    for number, now in enumerate(made, 1):
        newest = SigningSecret(str(number), "sealed")
        webhook = replace(webhook, secrets=rotated(webhook.signing(now), newest, now))
    return webhook


def signing(webhook: Subscription, now: datetime) -> list[str]:
    return [each.secret_id for each in webhook.signing(now)]


DAY, HOUR, SECOND = timedelta(hours=24), timedelta(hours=1), timedelta(seconds=1)


def test_a_secret_that_was_replaced_signs_for_another_day_whatever_replaces_the_next() -> None:
    webhook = with_new_secrets(NOW - DAY, NOW, NOW + HOUR)

    assert signing(webhook, NOW + HOUR) == ["3", "2", "1"]
    assert signing(webhook, NOW + DAY - SECOND) == ["3", "2", "1"]
    assert signing(webhook, NOW + DAY) == ["3", "2"]
    assert signing(webhook, NOW + DAY + HOUR) == ["3"]


def test_a_secret_that_signs_no_more_is_not_kept() -> None:
    webhook = with_new_secrets(NOW - DAY, NOW, NOW + DAY)

    assert [each.secret_id for each in webhook.secrets] == ["3", "2"]


def test_however_often_a_new_secret_is_asked_for_the_first_and_the_last_two_sign() -> None:
    webhook = with_new_secrets(*(NOW + number * SECOND for number in range(60)))

    assert signing(webhook, NOW + HOUR) == ["60", "59", "3", "2", "1"]
    assert len(webhook.secrets) == SIGNING_AT_ONCE


def failed(times: int, health: Health | None = None) -> Health:
    health = health or Health(organization_id="org-one")
    for _ in range(times):
        health = health.failed(NOW)
    return health


def test_a_webhook_is_paused_after_ten_failures_and_longer_with_each_more() -> None:
    health = failed(PAUSED_AFTER - 1)
    assert health.state is WebhookState.ACTIVE
    assert health.mended(NOW).failed(NOW).state is WebhookState.ACTIVE

    minutes = []
    for _ in range(1100):
        health = health.failed(NOW)
        assert health.next_try_at
        minutes.append((health.next_try_at - NOW) / timedelta(minutes=1))
    assert minutes[:8] == [1, 2, 4, 8, 16, 32, 60, 60]
    assert max(minutes) == 60
    assert health.mended(NOW).state is WebhookState.ACTIVE
    assert health.mended(NOW).resumed(NOW) == health.mended(NOW), "it was not paused"
    again = health.resumed(NOW)
    assert again.state is WebhookState.ACTIVE
    assert again.failed(NOW).next_try_at == NOW + timedelta(minutes=1), "it proved nothing yet"


@pytest.mark.parametrize(
    ("event_type", "tries", "seconds_left", "due"),
    [
        (EventType.FAILED, 1, 1, False),
        (EventType.FAILED, 1, 0, True),
        (EventType.FAILED, 9, 0, True),
        (WEBHOOK_TEST, 1, 1, True),
        (WEBHOOK_TEST, 2, 1, False),
        (WEBHOOK_TEST, 2, 0, True),
    ],
)
def test_in_a_pause_what_is_due_is_tried_and_each_test_message_once(
    event_type: str, tries: int, seconds_left: int, due: bool
) -> None:
    delivery = replace(a_failed_delivery("e-1", "{}"), type=event_type, tries=tries)
    health = replace(failed(PAUSED_AFTER), next_try_at=NOW + timedelta(seconds=seconds_left))

    assert is_due(delivery, health, NOW) is due
    assert is_due(delivery, failed(PAUSED_AFTER - 1), NOW), "not paused"


def test_each_success_takes_away_one_failure_and_not_all() -> None:
    health = failed(PAUSED_AFTER + 5)

    left = []
    for _ in range(PAUSED_AFTER + 1):
        health = health.mended(NOW)
        left.append(health.failures)

    assert left == [9, 8, 7, 6, 5, 4, 3, 2, 1, 0, 0]


@pytest.mark.parametrize("failures", [1, PAUSED_AFTER - 1, PAUSED_AFTER + 5])
def test_at_another_address_one_failure_pauses_a_webhook_that_failed_in_the_last_day(
    failures: int,
) -> None:
    health = failed(failures)
    for _ in range(failures):
        health = health.mended(NOW)

    moved = health.moved(NOW + DAY - SECOND)

    assert moved.state is WebhookState.ACTIVE, "a good one works at once"
    assert moved.failed(NOW).next_try_at == NOW + timedelta(minutes=1)


def test_a_change_of_the_address_that_counts_is_remembered_for_a_day_itself() -> None:
    """It changes the health, and `Webhook Resumed` tells when."""
    health = failed(1)
    for change in (1, 2):
        at = NOW + change * (DAY - SECOND)
        health = health.moved(at)
        assert (health.changed_at, health.failures) == (at, PAUSED_AFTER - 1)
        health = health.mended(at)

    assert health.moved(at + DAY) is health


def test_at_another_address_a_webhook_that_did_not_fail_lately_has_ten_tries() -> None:
    new, old = Health(organization_id="org-one"), failed(1)

    assert new.moved(NOW) is new
    assert old.moved(NOW + DAY) is old
    assert failed(PAUSED_AFTER).moved(NOW + DAY).state is WebhookState.ACTIVE


def test_a_webhook_that_is_set_at_the_same_address_is_resumed_and_at_another_moved() -> None:
    here = with_new_secrets(NOW)
    there = replace(here, url="https://elsewhere.example/cavok")
    paused = failed(PAUSED_AFTER)

    assert paused.set_anew(here, here, NOW) == paused.resumed(NOW)
    for before in (None, there):
        assert paused.set_anew(before, here, NOW) == paused.moved(NOW)
    assert failed(1).set_anew(here, here, NOW) == failed(1), "nothing changes"


def test_a_success_counts_where_there_is_a_failure_to_take_away() -> None:
    later = NOW + timedelta(days=1)

    assert failed(1).counts_success(later)
    assert not Health(organization_id="org-one").counts_success(later)
    assert not failed(PAUSED_AFTER).counts_success(later), "tries in a pause count as they begin"


def never(_: Try) -> bool:
    return False


def every_second_message(trial: Try) -> bool:
    return trial.event % 2 == 0


def as_few_as_keep_it_from_a_pause(trial: Try) -> bool:
    """New messages first, so that old ones stay."""
    return trial.health.failures >= PAUSED_AFTER - (5 if trial.tries == 1 else 1)


def what_waits_if_it_comes_once_more(trial: Try) -> bool:
    """Its other message does not know, and comes when a person has had it delivered again."""
    return trial.tries == 1 and trial.logged is not None and trial.logged.tries > 5


@pytest.mark.parametrize(
    ("accepts", "meddles"),
    [
        (never, False),
        (never, True),
        (every_second_message, False),
        (as_few_as_keep_it_from_a_pause, False),
        (what_waits_if_it_comes_once_more, True),
    ],
)
def test_no_organization_alone_fills_the_queue_of_retries(
    accepts: Callable[[Try], bool], meddles: bool
) -> None:
    """At the rate that its quotas allow, with what they do not limit: requests that end something,
    and scheduled tests.
    """
    attacker = Organization(accepts, meddles=meddles)

    assert attacker.most_waiting(hours=28) < MOST_IN_FLIGHT / 2


@pytest.mark.parametrize("accepts", [never, what_waits_if_it_comes_once_more])
def test_delivering_again_lets_no_messages_pile_up(accepts: Callable[[Try], bool]) -> None:
    attacker = Organization(accepts, meddles=True, new=False)

    assert attacker.most_waiting(hours=30) < 20 * LISTED_DELIVERIES


def test_a_delivery_is_open_while_it_is_to_be_tried_again() -> None:
    delivery = a_failed_delivery("e-1", "{}")

    found = {status for status in DeliveryStatus if replace(delivery, status=status).open}

    assert found == {DeliveryStatus.WAITING, DeliveryStatus.PAUSED}


@pytest.mark.parametrize(
    ("status", "shown"),
    [
        (DeliveryStatus.WAITING, DeliveryStatus.FAILED),
        (DeliveryStatus.PAUSED, DeliveryStatus.FAILED),
        (DeliveryStatus.DELIVERED, DeliveryStatus.DELIVERED),
    ],
)
def test_a_delivery_whose_next_try_is_long_overdue_is_given_up(
    status: DeliveryStatus, shown: DeliveryStatus
) -> None:
    delivery = replace(a_failed_delivery("e-1", "{}"), status=status, next_try_at=NOW)
    latest = NOW + OVERDUE_AFTER

    assert delivery.as_of(latest) == delivery
    assert delivery.as_of(NOW - timedelta(days=1)) == delivery
    later = delivery.as_of(latest + timedelta(seconds=1))
    assert later == (
        delivery if shown is status else replace(delivery, status=shown, next_try_at=None)
    )
    untimed = replace(delivery, next_try_at=None)
    assert untimed.as_of(latest + timedelta(days=9)) == untimed
