"""The webhook over HTTP: setting it, its secret, removing it."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from botocore.awsrequest import AWSResponse
from moto.core.botocore_stubber import MockRawResponse
from standardwebhooks import Webhook

from cavok import wiring
from cavok.adapters.table.table import ItemChanged, Table
from cavok.adapters.table.webhooks import HealthItem, Webhooks
from cavok.adapters.webhook_client import NotDelivered
from cavok.api.router import Router
from cavok.domain.organizations import message_group
from cavok.domain.webhooks import PAUSED_AFTER, Health
from cavok.services.webhooks import deliver
from tests.support.api import WEBHOOK, Api, is_problem
from tests.support.builders import NOW, ORGANIZATION_ID, a_failed_delivery
from tests.support.moto_stack import items

PATH = "/v1/organization/webhook"
DAY = timedelta(days=1)
ROTATED = WEBHOOK | {"rotate_secret": True}
EVENT: dict[str, Any] = {
    "detail-type": "Account Failed",
    "detail": {
        "event_id": "e-1",
        "organization_id": ORGANIZATION_ID,
        "account_id": "a",
        "occurred_at": "2025-03-01T12:00:00Z",
    },
}


class Queue:
    """What was sent to the queue of messages."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    def send(self, messages: list[Any]) -> list[None]:
        self.sent += messages
        return [None for _ in messages]


@pytest.fixture(autouse=True)
def queue(monkeypatch: pytest.MonkeyPatch) -> Queue:
    made = Queue()
    monkeypatch.setenv("ALLOW_LOOPBACK_WEBHOOKS", "false")
    monkeypatch.setattr(wiring, "webhook_messages", lambda: made)
    return made


@pytest.fixture
def _at_that_time(monkeypatch: pytest.MonkeyPatch) -> None:
    """What waits is looked at when it was tried, and not years later."""
    monkeypatch.setattr(Router, "now", staticmethod(lambda: NOW))


at_that_time = pytest.mark.usefixtures("_at_that_time")


class Receiver:
    """Keeps the last message as it came. It answers with `status`."""

    def __init__(self, status: int = 200) -> None:
        self.body, self.headers = b"", dict[str, str]()
        self.status, self.messages = status, 0

    def post(self, url: Any, body: bytes, headers: dict[str, str], **_: float) -> int:
        self.body, self.headers = body, headers
        self.messages += 1
        if self.status != 200:
            raise NotDelivered("It answered.", self.status)
        return 200

    def is_signed_with(self, secret: str) -> bool:
        if not self.headers:
            return False
        at = datetime.fromtimestamp(int(self.headers["webhook-timestamp"]), UTC)
        signature = Webhook(secret).sign(self.headers["webhook-id"], at, self.body.decode())
        return signature in self.headers["webhook-signature"].split(" ")


def delivered(
    receiver: Receiver | None = None,
    *,
    number: int = 1,
    tries: int = 1,
    now: datetime = NOW,
    event_type: str = "Account Failed",
) -> Receiver:
    receiver = receiver or Receiver()
    detail = EVENT["detail"] | {"event_id": f"e-{number}"}
    with suppress(NotDelivered):
        deliver(
            {"detail-type": event_type, "detail": detail},
            tries,
            webhooks=wiring.webhooks(),
            sealer=wiring.sealer(),
            client=receiver,  # type: ignore[arg-type]
            allow_loopback=False,
            now=now,
        )
    return receiver


def test_the_secret_is_shown_once_and_signs_each_message(admin: Api, viewer: Api) -> None:
    made = admin.put(PATH, WEBHOOK).json

    assert made["secret"].startswith("whsec_")
    assert viewer.get(PATH).json == made | {"secret": None}
    assert delivered().is_signed_with(made["secret"])


def test_9_3_4_setting_the_webhook_is_201_if_there_was_none_and_200_if_there_was(
    admin: Api,
) -> None:
    """RFC 9110, 9.3.4. A new secret is no new webhook."""
    bodies = [WEBHOOK, WEBHOOK, ROTATED]
    answers = [admin.put(PATH, body) for body in bodies]

    assert [answer.status for answer in answers] == [201, 200, 200]
    assert [answer.json["secret"] is None for answer in answers] == [False, True, False]
    admin.delete(PATH)
    assert admin.put(PATH, WEBHOOK).status == 201


def test_a_change_keeps_the_secret_and_does_not_show_it(admin: Api) -> None:
    first = admin.put(PATH, WEBHOOK).json
    other = {"url": "https://hooks.example.com/other", "events": ["Account Created"] * 2}

    changed = admin.put(PATH, other | {"events": [*other["events"], "Account Failed"]}).json

    assert changed["secret"] is None
    assert changed["url"] == other["url"]
    assert changed["events"] == ["Account Created", "Account Failed"]
    assert changed["created_at"] == first["created_at"]
    assert delivered().is_signed_with(first["secret"])


def test_a_rotated_secret_is_shown_and_the_old_one_signs_for_another_day(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Router, "now", staticmethod(lambda: NOW))
    first = admin.put(PATH, WEBHOOK).json

    rotated = admin.put(PATH, ROTATED).json

    assert rotated["secret"].startswith("whsec_")
    assert rotated["secret"] != first["secret"]
    assert rotated["created_at"] == first["created_at"]
    message = delivered(now=NOW + timedelta(hours=23))
    assert message.is_signed_with(rotated["secret"])
    assert message.is_signed_with(first["secret"])
    message = delivered(now=NOW + timedelta(hours=24))
    assert message.is_signed_with(rotated["secret"])
    assert not message.is_signed_with(first["secret"])


def test_a_secret_whose_successor_nobody_saw_still_signs_after_the_next_rotation(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer with the second secret was lost, so a person asks for another one."""
    now = [NOW]
    monkeypatch.setattr(Router, "now", staticmethod(lambda: now[0]))
    shown = [admin.put(PATH, ROTATED).json["secret"] for _ in range(3)]

    message = delivered(now=NOW + timedelta(hours=23))
    assert [message.is_signed_with(secret) for secret in shown] == [True] * 3
    message = delivered(now=NOW + timedelta(hours=24))
    assert [message.is_signed_with(secret) for secret in shown] == [False, False, True]

    assert any("older_secrets" in item for item in items())
    now[0] = NOW + timedelta(hours=24)
    admin.put(PATH, WEBHOOK)
    (stored,) = (item for item in items() if "sealed_secret" in item)
    assert not {"previous_secret", "older_secrets"} & set(stored), "those that sign no more leave"


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"url": "https://user:secret@example.com/"}, "url"),
        ({"url": "https://user@example.com/"}, "url"),
        ({"url": "https://:secret@example.com/"}, "url"),
        ({"url": "http://hooks.example.com/"}, "url"),
        ({"url": "https://10.0.0.1/"}, "url"),
        ({"events": []}, "events"),
        ({"events": ["Account Exploded"]}, "events"),
        ({"rotate_secret": None}, "rotate_secret"),
        ({"rotate_secret": "yes"}, "rotate_secret"),
        ({"secret": "mine"}, "secret"),
    ],
    ids=json.dumps,
)
def test_a_setting_that_is_wrong_is_named_and_nothing_is_set(
    change: dict[str, Any], field: str, admin: Api
) -> None:
    answer = admin.put(PATH, WEBHOOK | change)

    assert is_problem(answer, 422)
    assert answer.fields == [field]
    assert is_problem(admin.get(PATH), 404)


def test_a_removed_webhook_is_gone_with_its_secret(admin: Api) -> None:
    first = admin.put(PATH, WEBHOOK).json

    assert [admin.delete(PATH).status for _ in range(2)] == [204, 204]

    assert is_problem(admin.get(PATH), 404)
    assert delivered().headers == {}
    assert admin.put(PATH, WEBHOOK).json["secret"] != first["secret"]


def test_a_webhook_is_of_one_organization(admin: Api, other_admin: Api) -> None:
    admin.put(PATH, WEBHOOK)

    assert is_problem(other_admin.get(PATH), 404)


# ---- a receiver that fails -----------------------------------------------------------------------


def log(api: Api) -> list[tuple[str, str, int | None, int]]:
    """Event, status, HTTP status and tries of each delivery."""
    items = api.get(f"{PATH}/deliveries").json["items"]
    return [(i["event_id"], i["status"], i["http_status"], i["tries"]) for i in items]


def audit(api: Api) -> list[str]:
    """What was done, the oldest first."""
    items = api.get("/v1/audit").json["items"]
    assert {(i["account_id"], i["account_name"]) for i in items} <= {(None, None)}
    return [item["action"] for item in items][::-1]


def paused(admin: Api, failures: int = PAUSED_AFTER) -> Receiver:
    """A receiver that failed until its webhook was paused, at NOW."""
    admin.put(PATH, WEBHOOK)
    receiver = Receiver(500)
    for number in range(failures):
        assert admin.get(PATH).json["state"] == "active"
        delivered(receiver, number=number, now=NOW - timedelta(seconds=failures - 1 - number))
    assert admin.get(PATH).json["state"] == "paused"
    return receiver


@at_that_time
def test_a_webhook_that_fails_is_paused_and_its_messages_are_held_back(admin: Api) -> None:
    receiver = paused(admin)

    delivered(receiver, number=77, now=NOW + timedelta(seconds=59))

    assert receiver.messages == PAUSED_AFTER
    assert ("e-77", "paused", None, 1) in log(admin)


def test_a_paused_webhook_is_tried_with_one_message_after_each_pause(admin: Api) -> None:
    receiver = paused(admin)
    minute = timedelta(minutes=1)

    for now in (NOW + minute, NOW + 2.5 * minute, NOW + 3 * minute, NOW + 3.5 * minute):
        delivered(receiver, now=now)

    assert receiver.messages == PAUSED_AFTER + 2, "after one minute, and two more"
    assert admin.get(PATH).json["state"] == "paused"
    receiver.status = 200
    delivered(receiver, now=NOW + 8 * minute)
    assert admin.get(PATH).json["state"] == "active"
    delivered(receiver, number=78, now=NOW + 8 * minute)
    assert receiver.messages == PAUSED_AFTER + 4


def test_failures_that_come_at_once_are_all_counted(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.put(PATH, WEBHOOK)
    webhooks, read = wiring.webhooks(), type(wiring.webhooks()).health
    meanwhile = [True]

    def health(self: Any, organization_id: str) -> Any:
        found = read(self, organization_id)
        if meanwhile and meanwhile.pop():
            webhooks.count_failure(organization_id, NOW - timedelta(seconds=1))
        return found

    monkeypatch.setattr(type(webhooks), "health", health)
    webhooks.count_failure(ORGANIZATION_ID, NOW)

    assert webhooks.health(ORGANIZATION_ID).failures == 2


class Meanwhile(Receiver):
    """While it gets its message, something happens."""

    def __init__(self, happens: Callable[[], object], status: int = 200) -> None:
        super().__init__(status)
        self.happens = happens

    def post(self, url: Any, body: bytes, headers: dict[str, str], **_: float) -> int:
        self.happens()
        return super().post(url, body, headers)


def failures() -> int:
    return wiring.webhooks().health(ORGANIZATION_ID).failures


@pytest.mark.parametrize(("status", "left"), [(200, 1), (500, 3)])
def test_a_success_takes_away_a_failure_whatever_else_is_counted_meanwhile(
    status: int, left: int, admin: Api
) -> None:
    """Else a receiver that mostly works is paused: of tries that overlap all failures count."""
    admin.put(PATH, WEBHOOK)
    for second in range(3):
        delivered(Receiver(500), now=NOW + timedelta(seconds=second))
    later = NOW + timedelta(minutes=1)

    delivered(Meanwhile(lambda: delivered(Receiver(status), number=2, now=later)), now=NOW + DAY)

    assert failures() == left
    assert [each[1] for each in log(admin)].count("delivered") == (2 if status == 200 else 1)


def test_a_success_that_began_before_a_pause_does_not_end_it(admin: Api) -> None:
    admin.put(PATH, WEBHOOK)
    delivered(Receiver(500), now=NOW - DAY)

    delivered(Meanwhile(lambda: paused(admin, PAUSED_AFTER - 1)), number=77, now=NOW)

    assert admin.get(PATH).json["state"] == "paused"


def test_a_success_that_the_sdk_stores_twice_counts_once(admin: Api) -> None:
    admin.put(PATH, WEBHOOK)
    for second in range(3):
        delivered(Receiver(500), now=NOW + timedelta(seconds=second))
    webhook = wiring.webhooks().get(ORGANIZATION_ID)
    assert webhook

    for _ in range(2):
        wiring.webhooks().count_success(webhook, NOW + DAY)

    assert failures() == 2


@at_that_time
@pytest.mark.parametrize(("status", "said"), [(200, "delivered"), (500, "waiting")])
def test_a_try_that_cannot_be_counted_is_recorded_and_not_made_again(
    status: int, said: str, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A conflict that keeps coming is a fault neither of ours nor of the receiver."""
    admin.put(PATH, WEBHOOK)
    delivered(Receiver(500), number=2, now=NOW - DAY)
    put = Table.put

    def in_conflict(self: Table, item: Any, *conditions: Any) -> None:
        if isinstance(item, HealthItem):
            raise ItemChanged
        put(self, item, *conditions)

    monkeypatch.setattr(Table, "put", in_conflict)

    delivered(Receiver(status))

    assert ("e-1", said, status, 1) in log(admin)
    assert failures() == 1


def test_a_failure_that_the_sdk_stores_twice_counts_once(admin: Api) -> None:
    admin.put(PATH, WEBHOOK)

    for _ in range(2):
        wiring.webhooks().count_failure(ORGANIZATION_ID, NOW)

    assert wiring.webhooks().health(ORGANIZATION_ID).failures == 1


def test_only_one_of_two_processes_tries_a_paused_webhook(admin: Api) -> None:
    paused(admin)
    health = wiring.webhooks().health(ORGANIZATION_ID)

    took = [wiring.webhooks().change_health(health, health.failed(NOW)) for _ in range(2)]

    assert took == [True, False]


@contextmanager
def lost_answers() -> Iterator[None]:
    """DynamoDB carries out each call, its answer is lost, and the SDK repeats the call. What has
    the token of an earlier one is answered as that was.
    """
    events, seen = wiring.table().connection.client.meta.events, set[str | None]()

    def answer_again(request: Any, **_: Any) -> AWSResponse | None:
        token = json.loads(request.body).get("ClientRequestToken")
        if token is None or token not in seen:
            seen.add(token)
            return None
        return AWSResponse(request.url, 200, {}, MockRawResponse(b"{}"))

    handlers: dict[str, Any] = {
        "before-send.dynamodb": answer_again,
        "needs-retry.dynamodb": lambda attempts, **_: 0 if attempts == 1 else None,
    }
    for event, handler in handlers.items():
        events.register_first(event, handler)
    try:
        yield
    finally:
        for event, handler in handlers.items():
            events.unregister(event, handler)


def test_a_try_in_a_pause_is_made_although_the_answer_to_its_claim_was_lost(admin: Api) -> None:
    receiver = paused(admin)
    receiver.status = 200
    due = wiring.webhooks().health(ORGANIZATION_ID).next_try_at
    assert due

    with lost_answers():
        delivered(receiver, number=79, now=due)

    assert receiver.messages == PAUSED_AFTER + 1
    assert admin.get(PATH).json["state"] == "active"


def test_a_test_message_is_tried_at_once_and_ends_the_pause(admin: Api) -> None:
    receiver = paused(admin)
    receiver.status = 200

    delivered(receiver, number=79, event_type="Webhook Test")

    assert receiver.messages == PAUSED_AFTER + 1
    assert admin.get(PATH).json["state"] == "active"


@pytest.mark.parametrize("how", ["resumed", "set anew", "removed and set anew"])
def test_a_person_ends_a_pause(how: str, admin: Api, viewer: Api) -> None:
    receiver = paused(admin)
    assert is_problem(viewer.post(f"{PATH}/resume"), 403)

    if how == "resumed":
        assert [admin.post(f"{PATH}/resume").status for _ in range(2)] == [204, 204]
        assert audit(admin) == ["webhook_set", "webhook_resumed"], "once: it was paused once"
    else:
        if how != "set anew":
            admin.delete(PATH)
        admin.put(PATH, WEBHOOK)

    assert viewer.get(PATH).json["state"] == "active"
    delivered(receiver, number=80)
    assert receiver.messages == PAUSED_AFTER + 1
    assert admin.get(PATH).json["state"] == "paused", "until one is accepted"


def test_who_sets_a_webhook_gets_the_state_that_is_stored(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    paused(admin)
    monkeypatch.setattr(Health, "set_anew", lambda health, *_: health)

    assert [admin.put(PATH, WEBHOOK).json["state"], admin.get(PATH).json["state"]] == ["paused"] * 2


def test_a_webhook_that_is_not_there_is_not_resumed(admin: Api) -> None:
    assert is_problem(admin.post(f"{PATH}/resume"), 404)
    assert is_problem(admin.get(f"{PATH}/deliveries"), 404)
    assert is_problem(admin.post(f"{PATH}/deliveries/e-1/redeliver"), 404)


# ---- the log of deliveries -----------------------------------------------------------------------


@at_that_time
def test_the_log_says_what_became_of_each_message_at_its_latest_try(
    admin: Api, other_admin: Api
) -> None:
    admin.put(PATH, WEBHOOK)
    other_admin.put(PATH, WEBHOOK)
    delivered(Receiver(503), number=1, tries=1)
    delivered(Receiver(404), number=2, tries=9)
    delivered(number=3)
    assert log(admin) == [
        ("e-3", "delivered", 200, 1),
        ("e-2", "failed", 404, 9),
        ("e-1", "waiting", 503, 1),
    ]
    (waiting,) = (i for i in admin.get(f"{PATH}/deliveries").json["items"] if i["next_try_at"])
    assert datetime.fromisoformat(waiting["next_try_at"]) == NOW + timedelta(seconds=5)

    delivered(number=1, tries=2)

    assert ("e-1", "delivered", 200, 2) in log(admin)
    assert log(other_admin) == []


def is_removed(admin: Api) -> None:
    admin.delete(PATH)


def leaves_it_out(admin: Api) -> None:
    admin.put(PATH, WEBHOOK | {"events": ["Account Created"]})


@pytest.mark.parametrize("end", [is_removed, leaves_it_out])
def test_a_message_waits_no_more_once_no_webhook_wants_it(
    end: Callable[[Api], None], admin: Api, queue: Queue
) -> None:
    admin.put(PATH, WEBHOOK)
    delivered(Receiver(503), number=1, tries=2)
    delivered(Receiver(404), number=2, tries=9)
    assert admin.post(f"{PATH}/deliveries/e-2/redeliver").status == 202
    delivered(number=3)
    end(admin)

    for number, tries in ((1, 3), (2, 1), (3, 2), (4, 1)):
        delivered(number=number, tries=tries)
    admin.put(PATH, WEBHOOK)

    assert log(admin) == [
        ("e-3", "delivered", 200, 1),
        ("e-2", "failed", None, 0),
        ("e-1", "failed", 503, 2),
    ]
    shown = admin.get(f"{PATH}/deliveries").json["items"]
    assert [each["next_try_at"] for each in shown] == [None] * 3


def test_what_another_process_just_delivered_stays_so(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """One has read that the message waits, and that its webhook does not want it any more."""
    admin.put(PATH, WEBHOOK)
    delivered(Receiver(503))
    read = Webhooks.delivery

    def read_before(self: Webhooks, *which: Any) -> Any:
        found = read(self, *which)
        if found and found.open:
            admin.put(PATH, WEBHOOK)
            delivered(tries=2)
            leaves_it_out(admin)
        return found

    leaves_it_out(admin)
    monkeypatch.setattr(Webhooks, "delivery", read_before)
    delivered(tries=2)

    assert log(admin) == [("e-1", "delivered", 200, 2)]


def test_a_message_whose_next_try_is_long_overdue_is_not_said_to_wait(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It went to a dead-letter queue, or an earlier release left it open."""
    admin.put(PATH, WEBHOOK)
    delivered(Receiver(503))
    for hours, status in ((6, "waiting"), (8, "failed")):
        monkeypatch.setattr(Router, "now", staticmethod(lambda h=hours: NOW + timedelta(hours=h)))
        assert log(admin) == [("e-1", status, 503, 1)]


def test_the_log_has_the_newest_hundred(admin: Api) -> None:
    admin.put(PATH, WEBHOOK)
    for number in range(103):
        delivered(number=number)

    page = admin.get(f"{PATH}/deliveries").json

    assert len(page["items"]) == 100
    assert page["next_cursor"] is None


@pytest.mark.parametrize("event_id", ["e-1", "01JN8Q5M3C0000000000000001/2025-03/80"])
def test_a_message_is_delivered_again_as_it_was(
    event_id: str, admin: Api, viewer: Api, queue: Queue
) -> None:
    admin.put(PATH, WEBHOOK)
    event = EVENT | {"detail": EVENT["detail"] | {"event_id": event_id}}
    wiring.webhooks().record(a_failed_delivery(event_id, json.dumps(event)), NOW)
    path = f"{PATH}/deliveries/{event_id}/redeliver"
    assert is_problem(viewer.post(path), 403)

    assert admin.post(path).status == 202

    (message,) = queue.sent
    assert json.loads(message.body) == event
    assert message.group == message_group(ORGANIZATION_ID)
    assert log(admin) == [(event_id, "waiting", None, 0)], "what was answered before is no answer"
    assert audit(admin) == ["webhook_set", "webhook_redelivered"]
    assert is_problem(admin.post(f"{PATH}/deliveries/other/redeliver"), 404)


@pytest.mark.parametrize("failure", [["refused"], RuntimeError("no answer")])
def test_a_message_that_could_not_be_sent_again_is_not_said_to_wait(
    failure: Any, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.put(PATH, WEBHOOK)
    wiring.webhooks().record(a_failed_delivery("e-1", json.dumps(EVENT)), NOW)
    before = log(admin)
    send = Mock(side_effect=[failure])
    monkeypatch.setattr(wiring, "webhook_messages", lambda: Mock(send=send))

    assert admin.post(f"{PATH}/deliveries/e-1/redeliver").status in (500, 503)

    assert send.called
    assert log(admin) == before == [("e-1", "failed", 404, 9)]


@at_that_time
@pytest.mark.parametrize("status", [200, 503])
def test_what_became_of_a_message_whose_sending_got_no_answer_stays_in_the_log(
    status: int, admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """SQS took it, and it was tried before the request ended."""
    admin.put(PATH, WEBHOOK)
    wiring.webhooks().record(a_failed_delivery("e-1", json.dumps(EVENT)), NOW)

    def is_tried_meanwhile(_: Any) -> list[str]:
        delivered(Receiver(status))
        return ["no answer"]

    monkeypatch.setattr(wiring, "webhook_messages", lambda: Mock(send=is_tried_meanwhile))

    assert admin.post(f"{PATH}/deliveries/e-1/redeliver").status == 503

    assert log(admin) == [("e-1", "delivered" if status == 200 else "waiting", status, 1)]


@at_that_time
def test_a_message_that_is_sent_again_twice_and_once_in_vain_waits(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Both at once; the second was taken by the queue."""
    admin.put(PATH, WEBHOOK)
    before = a_failed_delivery("e-1", json.dumps(EVENT))
    wiring.webhooks().record(before, NOW)

    def other_comes(_: Any) -> list[str]:
        wiring.webhooks().record(before.begun_anew(NOW + timedelta(seconds=1)), NOW)
        return ["refused"]

    monkeypatch.setattr(wiring, "webhook_messages", lambda: Mock(send=other_comes))

    assert admin.post(f"{PATH}/deliveries/e-1/redeliver").status == 503

    assert log(admin) == [("e-1", "waiting", None, 0)]


def test_a_message_that_the_webhook_left_out_meanwhile_is_not_delivered_again(
    admin: Api, queue: Queue
) -> None:
    admin.put(PATH, WEBHOOK)
    delivered()
    delivered(number=2, event_type="Webhook Test")
    leaves_it_out(admin)
    before = log(admin), audit(admin)

    refused = admin.post(f"{PATH}/deliveries/e-1/redeliver")

    assert is_problem(refused, 409)
    assert refused.json["code"] == "not_subscribed"
    assert (log(admin), audit(admin), queue.sent) == (*before, [])
    assert admin.post(f"{PATH}/deliveries/e-2/redeliver").status == 202, "a test needs none"


def test_a_paused_webhook_is_resumed_before_a_message_is_delivered_again(
    admin: Api, queue: Queue
) -> None:
    paused(admin)

    assert is_problem(admin.post(f"{PATH}/deliveries/e-1/redeliver"), 409)
    assert queue.sent == []


# ---- what people do ------------------------------------------------------------------------------


def test_six_test_messages_a_minute_and_no_more(
    admin: Api, other_admin: Api, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOW]
    monkeypatch.setattr(Router, "now", staticmethod(lambda: now[0]))
    admin.put(PATH, WEBHOOK)
    other_admin.put(PATH, WEBHOOK)
    for seconds in range(1, 7):
        now[0] = NOW + timedelta(seconds=seconds)
        assert admin.post(f"{PATH}/test").status == 202

    refused = admin.post(f"{PATH}/test")

    assert is_problem(refused, 429)
    headers = {name.lower(): value for name, value in refused.headers.items()}
    assert headers["retry-after"] == "55"
    assert headers["ratelimit"] == '"webhook_tests";r=0;t=55'
    assert headers["ratelimit-policy"] == '"webhook_tests";q=6;w=60'
    assert len(queue.sent) == 6
    assert other_admin.post(f"{PATH}/test").status == 202, "each organization has its own"
    now[0] = NOW + timedelta(seconds=61)
    assert admin.post(f"{PATH}/test").status == 202
    assert audit(admin) == ["webhook_set", *["webhook_tested"] * 7]


def test_every_change_of_the_webhook_is_told_without_what_may_be_secret(admin: Api) -> None:
    url = "https://hooks.example.com/T0/secret?token=secret"
    admin.put(PATH, WEBHOOK | {"url": url})
    admin.put(PATH, ROTATED)
    admin.delete(PATH)
    admin.delete(PATH)

    assert audit(admin) == ["webhook_set", "webhook_secret_rotated", "webhook_removed"]
    assert "secret?" not in json.dumps(admin.get("/v1/audit").json)
    assert "hooks.example.com: Account Failed" in json.dumps(admin.get("/v1/audit").json)


def test_a_webhook_that_is_led_elsewhere_on_its_host_is_told_without_saying_where(
    admin: Api,
) -> None:
    """Hosts such as those of chats serve everybody's webhooks, each at a path of its own."""
    admin.put(PATH, WEBHOOK | {"url": "https://hooks.example.com/T0/ours"})
    admin.put(PATH, WEBHOOK | {"url": "https://hooks.example.com/T666/theirs"})
    admin.put(PATH, WEBHOOK | {"url": "https://hooks.example.com/T666/theirs"})

    again, led, first = admin.get("/v1/audit").json["items"]

    assert again["changes"] == []
    (change,) = led["changes"]
    assert change["field"] == "url_digest"
    assert change["before"] != change["after"]
    assert {c["field"]: c["after"] for c in first["changes"]}["url_digest"] == change["before"]
    assert all(re.fullmatch("[0-9a-f]{16}", change[each]) for each in ("before", "after"))


def meanwhile(monkeypatch: pytest.MonkeyPatch, act: Any) -> None:
    """Has it done by somebody else, once, after the next read of the webhook."""
    webhooks = type(wiring.webhooks())
    read, waiting = webhooks.get, [act]

    def get(self: Any, organization_id: str) -> Any:
        found = read(self, organization_id)
        if waiting:
            waiting.pop()()
        return found

    monkeypatch.setattr(webhooks, "get", get)


def test_a_change_does_not_undo_a_rotation_at_the_same_moment(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else the secret that one admin was shown, once, verifies nothing, and the one that was to be
    replaced signs for ever.
    """
    admin.put(PATH, WEBHOOK)
    rotated: list[str] = []

    def rotate() -> None:
        rotated.append(admin.put(PATH, ROTATED).json["secret"])

    meanwhile(monkeypatch, rotate)
    changed = admin.put(PATH, WEBHOOK | {"events": ["Account Created", "Account Failed"]})

    assert changed.json["secret"] is None
    assert admin.get(PATH).json["events"] == ["Account Created", "Account Failed"]
    assert delivered().is_signed_with(rotated[0])


def test_of_two_who_ask_for_a_new_secret_at_once_both_get_one_that_signs(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = [admin.put(PATH, WEBHOOK).json["secret"]]
    meanwhile(monkeypatch, lambda: shown.append(admin.put(PATH, ROTATED).json["secret"]))

    shown.append(admin.put(PATH, ROTATED).json["secret"])

    assert len(set(shown)) == 3
    assert all(delivered().is_signed_with(secret) for secret in shown), "also the receiver's own"


def test_a_change_does_not_bring_back_the_secret_of_a_webhook_that_is_removed_meanwhile(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = admin.put(PATH, WEBHOOK).json
    meanwhile(monkeypatch, lambda: admin.delete(PATH))

    answer = admin.put(PATH, WEBHOOK)

    assert answer.status == 201, "it is a new one"
    assert answer.json["secret"]
    assert not delivered().is_signed_with(first["secret"])


def test_two_who_set_the_first_webhook_at_once_do_not_both_see_a_secret_that_is_lost(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    other: list[str] = []
    meanwhile(monkeypatch, lambda: other.append(admin.put(PATH, WEBHOOK).json["secret"]))

    assert admin.put(PATH, WEBHOOK).json["secret"] is None

    assert delivered().is_signed_with(other[0])


# ---- a webhook that points at somebody else's server ---------------------------------------------


def test_a_test_message_that_is_delivered_again_is_one_of_the_six_a_minute(
    admin: Api, queue: Queue, monkeypatch: pytest.MonkeyPatch
) -> None:
    now = [NOW]
    monkeypatch.setattr(Router, "now", staticmethod(lambda: now[0]))
    admin.put(PATH, WEBHOOK)
    delivered(number=1, event_type="Webhook Test")

    answers = []
    for seconds in range(8):
        now[0] = NOW + timedelta(seconds=seconds)
        answers.append(admin.post(f"{PATH}/deliveries/e-1/redeliver").status)

    assert answers == [202] * 6 + [429] * 2
    assert is_problem(admin.post(f"{PATH}/test"), 429)


def test_a_paused_webhook_gets_a_test_message_once_and_its_repetitions_wait(admin: Api) -> None:
    """Else test messages that fail are sent nine times, pause or not."""
    receiver = paused(admin)

    for tries in range(1, 10):
        delivered(receiver, number=81, tries=tries, event_type="Webhook Test")

    assert receiver.messages == PAUSED_AFTER + 1


@pytest.mark.parametrize("how", ["resume", "set", "remove and set"])
def test_ending_the_pause_again_and_again_buys_one_message_each(how: str, admin: Api) -> None:
    """Not ten: else whoever does it in a loop makes Cavok shoot at a server that wants nothing."""
    receiver = paused(admin)

    for round_ in range(5):
        if how == "resume":
            assert admin.post(f"{PATH}/resume").status == 204
        else:
            if how != "set":
                admin.delete(PATH)
            admin.put(PATH, WEBHOOK)
        for number in range(20):
            at = NOW + timedelta(milliseconds=20 * round_ + number)
            delivered(receiver, number=100 + number, now=at)

    assert receiver.messages == PAUSED_AFTER + 5


def test_successes_at_an_address_of_ones_own_buy_no_failures_at_anothers(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Router, "now", staticmethod(lambda: NOW))
    target, own = paused(admin), Receiver()

    for round_ in range(5):
        for receiver, url in ((own, "https://own.example.com/"), (target, WEBHOOK["url"])):
            assert admin.put(PATH, WEBHOOK | {"url": url}).status == 200
            for number in range(1, 21):
                at = NOW + timedelta(milliseconds=20 * round_ + number)
                delivered(receiver, number=number, now=at)

    assert own.messages == 5 * 20, "a good address works at once"
    assert target.messages == PAUSED_AFTER + 5, "one for each change"


def test_what_an_address_of_ones_own_accepts_after_the_webhook_left_it_buys_nothing(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else many tries that are made at once there pay for as many failures at the next address."""
    monkeypatch.setattr(Router, "now", staticmethod(lambda: NOW))
    admin.put(PATH, WEBHOOK)
    delivered(Receiver(500), now=NOW - timedelta(seconds=1))
    elsewhere = WEBHOOK | {"url": "https://elsewhere.example.com/"}

    delivered(Meanwhile(lambda: admin.put(PATH, elsewhere)), now=NOW + timedelta(seconds=1))

    assert failures() == PAUSED_AFTER - 1


def test_a_failure_counts_after_the_webhook_left_its_address(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Else leading the webhook away and back, while a slow server has the messages, hides that they
    fail, and it is never paused.
    """
    monkeypatch.setattr(Router, "now", staticmethod(lambda: NOW))
    admin.put(PATH, WEBHOOK)
    delivered(Receiver(500), now=NOW - timedelta(seconds=1))
    elsewhere = WEBHOOK | {"url": "https://elsewhere.example.com/"}

    delivered(Meanwhile(lambda: admin.put(PATH, elsewhere), 500), now=NOW + timedelta(seconds=1))

    assert failures() == PAUSED_AFTER
    assert admin.get(PATH).json["state"] == "paused"


def test_a_name_that_leads_to_a_server_of_ones_own_now_and_then_is_paused_all_the_same(
    admin: Api,
) -> None:
    """Else one success in ten keeps Cavok shooting at the server to which it leads otherwise."""
    admin.put(PATH, WEBHOOK)
    name, failures = Receiver(), 0

    for number in range(1, 201):
        name.status = 500 if number % 10 else 200
        before = name.messages
        delivered(name, number=number, now=NOW + timedelta(milliseconds=number))
        failures += (name.messages - before) * (name.status == 500)

    assert failures == PAUSED_AFTER + 1, "one more than without the success"
    assert admin.get(PATH).json["state"] == "paused"
