"""An organization's webhook, from a real receiver's side."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta

import pytest
from standardwebhooks import Webhook, WebhookVerificationError

from cavok.domain.webhooks import PAUSED_AFTER
from local import aws
from local.customers import CustomerAccount
from local.stack import Stack
from tests.support import bus, inspection, webhook_receiver
from tests.support.connections import connect
from tests.support.http import Json, answer, problem
from tests.support.organizations import Organization
from tests.support.queues import messages_in
from tests.support.waiting import eventually
from tests.support.webhook_messages import (
    PATH,
    failed,
    messages_queue,
    set_webhook,
    slow_receiver,
    ten_take,
)
from tests.support.webhook_receiver import Receiver


@pytest.fixture
def receiver(own_organization: Organization) -> Iterator[Receiver]:
    with webhook_receiver.receiver() as made:
        yield made
        own_organization.admin.delete(PATH)


def test_a_test_message_arrives_and_verifies(
    own_organization: Organization, receiver: Receiver
) -> None:
    secret = set_webhook(own_organization, receiver, "Account Failed")

    assert own_organization.admin.post(f"{PATH}/test").status_code == 202

    delivery = receiver.wait_for(lambda one: one.json["type"] == "Webhook Test", "a test message")
    event = Webhook(secret).verify(delivery.body, delivery.headers)
    assert event["data"]["organization_id"] == own_organization.name
    with pytest.raises(WebhookVerificationError):
        Webhook("whsec_c29tZSBvdGhlciBzZWNyZXQ=").verify(delivery.body, delivery.headers)


@pytest.mark.parametrize(
    "url", ["https://169.254.169.254/", "https://[::ffff:10.0.0.1]/", "https://10.1/"]
)
def test_an_address_inside_a_network_is_refused_when_it_is_entered(
    own_organization: Organization, url: str
) -> None:
    body = {"url": url, "events": ["Account Failed"]}

    refused = problem(own_organization.admin.put(PATH, json=body), 422)

    assert [error["field"] for error in refused["errors"]] == ["url"]


def test_what_the_receiver_refuses_is_sent_again_as_the_same_message(
    own_organization: Organization, receiver: Receiver
) -> None:
    secret = set_webhook(own_organization, receiver, "Account Failed")
    receiver.refuses = 1

    own_organization.admin.post(f"{PATH}/test")

    receiver.wait_for(lambda _: len(receiver.deliveries) >= 2, "a second try")
    first, second = receiver.deliveries[:2]
    assert first.headers["webhook-id"] == second.headers["webhook-id"]
    assert first.body == second.body
    assert Webhook(secret).verify(second.body, second.headers)


def test_only_the_events_that_were_asked_for_are_sent(
    own_organization: Organization, receiver: Receiver, new_place: Callable[[], CustomerAccount]
) -> None:
    set_webhook(own_organization, receiver, "Account Deleted")
    account = connect(own_organization.admin, new_place())
    answer(own_organization.admin.delete(account.path))

    receiver.wait_for(lambda one: one.json["type"] == "Account Deleted", "the deletion")

    assert {one.json["type"] for one in receiver.deliveries} == {"Account Deleted"}


def test_a_removed_webhook_is_sent_nothing(
    own_organization: Organization,
    receiver: Receiver,
    stack: Stack,
    new_place: Callable[[], CustomerAccount],
) -> None:
    set_webhook(own_organization, receiver, "Account Created")
    assert own_organization.admin.delete(PATH).status_code == 204
    problem(own_organization.admin.get(PATH), 404)
    problem(own_organization.admin.post(f"{PATH}/test"), 404)

    with bus.bus_listener(stack) as listener:
        account = connect(own_organization.admin, new_place())
        listener.wait_for(account.account_id, "Account Created")
        eventually(lambda: _unwanted(stack, account.account_id), "the event passed by")

    assert receiver.deliveries == []


def test_a_receiver_that_takes_eight_seconds_a_message_delays_no_other_organization(
    stack: Stack, own_organization: Organization, receiver: Receiver
) -> None:
    """The attack: 400 messages, each answered just before its time is up. The twenty consumers of
    the stack need two and a half minutes for them, however fast the machine is, and ours come
    within two, or not at all. The stack has more consumers than a new account:
    tests/unit/adapters/test_queue.py shows it with those.
    """
    queue = messages_queue(stack)
    set_webhook(own_organization, receiver, "Account Failed")

    with slow_receiver(stack, queue, 400) as slow:
        ten_take(queue, own_organization, receiver)
        assert len(slow.deliveries) < 380, "and the attack went on meanwhile"


def test_a_receiver_that_fails_is_left_alone_until_a_person_resumes_it(
    stack: Stack, own_organization: Organization, receiver: Receiver
) -> None:
    admin = own_organization.admin
    sqs, queue = aws.client("sqs", stack.emulator_url), messages_queue(stack)
    first, retries = (
        inspection.resource_name(stack, name) for name in ("WebhookMessages", "WebhookRetries")
    )
    set_webhook(own_organization, receiver, "Account Failed")
    receiver.refuses = 1000
    with bus.bus_listener(stack) as listener:
        queue.send([failed(own_organization, 100 + number) for number in range(PAUSED_AFTER)])
        eventually(
            lambda: answer(admin.get(PATH))["state"] == "paused", "it is paused", seconds=120
        )
        paused = listener.wait_for(None, "Webhook Paused")
        assert paused[-1]["detail"]["organization_id"] == own_organization.name
        lengthen_the_pause(stack, own_organization)

        queue.send([failed(own_organization, 200)])
        held = eventually(lambda: delivery(own_organization, 200), "the next message is held back")
        assert (held["status"], held["http_status"]) == ("paused", None)
        eventually(lambda: messages_in(sqs, retries) > PAUSED_AFTER, "all wait for their next try")
        eventually(
            lambda: messages_in(sqs, first) == 0, "and none where others' first tries come from"
        )
        problem(admin.post(f"{PATH}/deliveries/{held['event_id']}/redeliver"), 409)

        receiver.refuses = 0
        assert admin.post(f"{PATH}/resume").status_code == 204
        assert answer(admin.get(PATH))["state"] == "active"
        assert admin.post(f"{PATH}/deliveries/{held['event_id']}/redeliver").status_code == 202
        listener.wait_for(None, "Webhook Resumed")
    receiver.wait_for(lambda one: one.headers["webhook-id"] == held["event_id"], "the message")
    eventually(
        lambda: (delivery(own_organization, 200) or {}).get("status") == "delivered", "it says so"
    )


def lengthen_the_pause(stack: Stack, organization: Organization) -> None:
    """By an hour, so that no message becomes its next try, however slow the machine is."""
    later = datetime.now(UTC) + timedelta(hours=1)
    aws.client("dynamodb", stack.emulator_url).update_item(
        TableName=stack.table_name,
        Key={"pk": {"S": f"WEBHOOK#{organization.name}"}, "sk": {"S": "HEALTH"}},
        UpdateExpression="SET next_try_at = :later",
        ConditionExpression="attribute_exists(next_try_at)",
        ExpressionAttributeValues={":later": {"S": f"{later:%Y-%m-%dT%H:%M:%S.%f}+0000"}},
    )


def delivery(organization: Organization, number: int) -> Json | None:
    """What became of a message."""
    items = answer(organization.viewer.get(f"{PATH}/deliveries"))["items"]
    event_id = f"{organization.name}-{number}"
    return next((each for each in items if each["event_id"] == event_id), None)


def _unwanted(stack: Stack, account_id: str) -> bool:
    lines = inspection.structured(inspection.log_lines(stack, "/deliver_webhook"))
    return any(
        line.get("message") == "Nobody wants it" and account_id in line.get("event_id", "")
        for line in lines
    )


def test_the_secret_is_shown_once_and_lies_sealed(
    own_organization: Organization, receiver: Receiver, stack: Stack
) -> None:
    secret = set_webhook(own_organization, receiver, "Account Failed")

    assert answer(own_organization.admin.get(PATH))["secret"] is None
    again = {"url": receiver.url, "events": ["Account Failed"]}
    assert answer(own_organization.admin.put(PATH, json=again))["secret"] is None
    assert secret not in json.dumps(inspection.items(stack), default=str)
    assert not [line for line in inspection.log_lines(stack) if secret in line]


def test_a_viewer_may_look_and_no_more(own_organization: Organization, receiver: Receiver) -> None:
    set_webhook(own_organization, receiver, "Account Failed")
    body = {"url": receiver.url, "events": ["Account Failed"]}

    assert answer(own_organization.viewer.get(PATH))["url"] == receiver.url
    problem(own_organization.viewer.put(PATH, json=body), 403)
    problem(own_organization.viewer.delete(PATH), 403)
    problem(own_organization.viewer.post(f"{PATH}/test"), 403)


def test_the_function_that_delivers_may_open_nothing_but_signing_secrets(stack: Stack) -> None:
    iam = aws.client("iam", stack.emulator_url)
    role = inspection.role_name(stack, "DeliverWebhook")
    (name,) = iam.list_role_policies(RoleName=role)["PolicyNames"]
    document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
    (opening,) = (s for s in document["Statement"] if "kms:Decrypt" in s["Action"])

    keys = opening["Condition"]["ForAllValues:StringEquals"]["kms:EncryptionContextKeys"]
    assert keys == ["organization", "webhook"]
