"""Where a webhook's message waits for its next try: not in the queue from which first tries come.
Hidden messages are in flight, and at a limit of those a queue hands out nothing to anybody.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import datetime, timedelta
from types import SimpleNamespace
from typing import Any

import pytest
from botocore.exceptions import ClientError, ConnectTimeoutError

from cavok import wiring
from cavok.adapters.sealing import Sealer
from cavok.adapters.table import webhooks as table_of_webhooks
from cavok.adapters.webhook_client import NotDelivered
from cavok.domain.events import Envelope, EventType
from cavok.domain.first_tries import OWN_TRY_SECONDS, SECONDS
from cavok.domain.organizations import message_group
from cavok.domain.webhooks import (
    COUNTED_TRY,
    LAST_TRY_AFTER,
    OVERDUE_AFTER,
    PAUSED_AFTER,
    TRIES,
    Health,
    wait_seconds,
)
from cavok.services.first_tries import FirstTries
from tests.support.api import WEBHOOK, Api
from tests.support.builders import ORGANIZATION_ID
from tests.support.messages import (
    EventBridge,
    Json,
    Receiver,
    environment,
    eventbridge,
    invoke,
    nothing_is_dropped,
    receiver,
    records_of,
)
from tests.support.moto_stack import Clock, forget_what_expired
from tests.support.template import FUNCTIONS

__all__ = ["environment", "eventbridge", "nothing_is_dropped", "receiver"]

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

PATH = "/v1/organization/webhook"
EVENT: Json = json.loads(
    Envelope(
        event_id="e-1",
        organization_id=ORGANIZATION_ID,
        account_id="a",
        occurred_at=Clock.time,
    )
    .event(EventType.FAILED, {"name": "Größe"})
    .body
)
LEAVES: Json = {"batchItemFailures": []}
MINUTE = timedelta(minutes=1)
STAYS: Json = {"batchItemFailures": [{"itemIdentifier": "m-0"}]}


@pytest.fixture(autouse=True)
def first_tries(monkeypatch: pytest.MonkeyPatch) -> FirstTries:
    """The time of a process that has just begun."""
    made = FirstTries()
    monkeypatch.setattr(wiring, "first_tries", lambda: made)
    return made


@pytest.fixture(autouse=True)
def hidden(eventbridge: EventBridge, monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, int]]:
    """The queue of each message that was hidden, and for how many seconds."""
    made: list[tuple[str, int]] = []

    def hide(QueueUrl: str, ReceiptHandle: str, VisibilityTimeout: int) -> None:  # noqa: N803
        made.append((QueueUrl.rpartition("/")[2], VisibilityTimeout))

    monkeypatch.setattr(eventbridge, "change_message_visibility", hide, raising=False)
    return made


def event_of(event_id: str) -> Json:
    detail: Json = EVENT["detail"] | {"event_id": event_id}
    return EVENT | {"detail": detail}


def comes(
    queue: str, received: int = 1, event: Json = EVENT, sent_at: datetime | None = None
) -> Any:
    """What deliver_webhook answers to the event's message, received so often from this queue, a
    second later.
    """
    Clock.time += timedelta(seconds=1)
    records = records_of(queue, [event], received, sent_at=sent_at)
    return invoke("DeliverWebhook", {"Records": records})


def is_tried(times: int, event: Json = EVENT) -> None:
    """Without success."""
    assert comes("WebhookMessages", event=event) == LEAVES
    for received in range(1, times):
        comes("WebhookRetries", received, event)


def delivered_again(admin: Api, eventbridge: EventBridge) -> None:
    """A person has the event delivered again, and its message comes."""
    assert admin.post(f"{PATH}/deliveries/e-1/redeliver").status == 202
    assert eventbridge.sent["WebhookMessages"].pop() == EVENT
    assert comes("WebhookMessages") == LEAVES


def logged(admin: Api) -> Json:
    (found,) = admin.get(f"{PATH}/deliveries").json["items"]
    return dict(found)


def is_refused(_: Api, receiver: Receiver) -> None:
    receiver.refuses = 99


def is_paused(_: Api, receiver: Receiver) -> None:
    health = Health(organization_id=ORGANIZATION_ID, failures=PAUSED_AFTER - 1)
    assert wiring.webhooks().change_health(health, health.failed(Clock.time))


@pytest.mark.parametrize("received", [1, 2, TRIES])
@pytest.mark.parametrize(("happens", "status"), [(is_refused, "waiting"), (is_paused, "paused")])
def test_what_is_not_delivered_leaves_the_first_queue_at_once(
    happens: Callable[[Api, Receiver], None],
    status: str,
    received: int,
    admin: Api,
    eventbridge: EventBridge,
    receiver: Receiver,
    hidden: list[tuple[str, int]],
) -> None:
    """Also when it comes again there, after a fault of ours."""
    admin.put(PATH, WEBHOOK)
    happens(admin, receiver)

    assert comes("WebhookMessages", received) == LEAVES

    assert hidden == []
    assert eventbridge.sent["WebhookRetries"] == [EVENT]
    assert eventbridge.groups["WebhookRetries"] == [message_group(ORGANIZATION_ID)]
    delivery = logged(admin)
    assert (delivery["status"], delivery["tries"]) == (status, 1)
    tried_at = datetime.fromisoformat(delivery["next_try_at"]) - timedelta(seconds=wait_seconds(1))
    assert tried_at == Clock.time


def test_tries_are_counted_over_both_queues_until_the_last(
    admin: Api, eventbridge: EventBridge, receiver: Receiver, hidden: list[tuple[str, int]]
) -> None:
    admin.put(PATH, WEBHOOK)
    receiver.refuses = TRIES
    comes("WebhookMessages")
    found = [(logged(admin)["status"], logged(admin)["tries"])]
    for received in range(1, TRIES - 1):
        assert comes("WebhookRetries", received) == STAYS
        found.append((logged(admin)["status"], logged(admin)["tries"]))
    assert eventbridge.sent["UndeliveredWebhooks"] == []
    assert comes("WebhookRetries", TRIES - 1) == LEAVES
    found.append((logged(admin)["status"], logged(admin)["tries"]))

    assert found == [*(("waiting", n) for n in range(1, TRIES)), ("failed", TRIES)]
    waits = [wait_seconds(tries) for tries in range(2, TRIES)]
    assert hidden == [("WebhookRetries", wait) for wait in waits]
    assert eventbridge.sent["UndeliveredWebhooks"] == [EVENT]
    assert eventbridge.groups["UndeliveredWebhooks"] == [message_group(ORGANIZATION_ID)]


def test_what_lambda_received_without_an_execution_was_not_tried(
    admin: Api, receiver: Receiver, hidden: list[tuple[str, int]]
) -> None:
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 99
    comes("WebhookMessages")

    assert comes("WebhookRetries", 200) == STAYS

    assert (logged(admin)["status"], logged(admin)["tries"]) == ("waiting", 2)
    assert hidden == [("WebhookRetries", wait_seconds(2))]


def test_a_message_that_was_given_up_has_eight_tries_more_after_a_redrive(
    admin: Api, receiver: Receiver
) -> None:
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 99
    comes("WebhookMessages")
    for received in range(1, TRIES):
        comes("WebhookRetries", received)
    assert logged(admin)["status"] == "failed"

    for received in range(1, TRIES):
        comes("WebhookRetries", received)
        assert logged(admin)["tries"] == 1 + received


def test_a_message_that_is_redriven_weeks_later_has_no_more_tries_than_others(
    admin: Api, eventbridge: EventBridge, receiver: Receiver
) -> None:
    """Also if DynamoDB deletes at once what has expired: its tries are counted in its delivery."""
    weeks_ago = (Clock.time - timedelta(days=13)).isoformat()
    late = EVENT | {"detail": EVENT["detail"] | {"occurred_at": weeks_ago}}
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 99

    for received in (1, *range(1, TRIES)):
        comes("WebhookRetries", received, late)
        forget_what_expired(Clock.time + timedelta(seconds=wait_seconds(TRIES)))

    assert eventbridge.sent["WebhookRetries"] == [late], "as after a first try"
    assert eventbridge.sent["UndeliveredWebhooks"] == [late]


def test_a_message_that_had_no_time_at_its_first_try_has_all_tries_left(
    admin: Api, eventbridge: EventBridge, receiver: Receiver
) -> None:
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 99

    assert comes("WebhookRetries") == LEAVES

    assert logged(admin)["tries"] == 1
    assert eventbridge.sent["WebhookRetries"] == [EVENT], "it comes again, after five seconds"


@pytest.mark.parametrize("happens", [is_refused, is_paused])
def test_of_an_organizations_messages_of_a_day_a_number_waits_and_no_more(
    happens: Callable[[Api, Receiver], None],
    admin: Api,
    eventbridge: EventBridge,
    receiver: Receiver,
    hidden: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else one organization fills the queue of retries, from which those of others come too."""
    monkeypatch.setattr(table_of_webhooks, "WAITING_A_DAY", 2)
    admin.put(PATH, WEBHOOK)
    happens(admin, receiver)

    for number in range(3):
        is_tried(COUNTED_TRY, event_of(f"e-{number}"))
        assert len(eventbridge.sent["WebhookRetries"]) == number + 1

    waits = wait_seconds(COUNTED_TRY)
    assert [seconds for _, seconds in hidden] == [20, waits, 20, waits, 20]
    assert eventbridge.sent["UndeliveredWebhooks"] == [event_of("e-2")]
    found = {each["event_id"]: each for each in admin.get(f"{PATH}/deliveries").json["items"]}
    assert (found["e-2"]["status"], found["e-2"]["next_try_at"]) == ("failed", None)
    assert found["e-1"]["status"] == ("paused" if happens is is_paused else "waiting")
    waiting, now = wiring.webhooks().count_waiting, Clock.time
    assert waiting("another", now)
    assert not waiting(ORGANIZATION_ID, now)
    assert waiting(ORGANIZATION_ID, now + timedelta(days=1))


def a_day_without_room(monkeypatch: pytest.MonkeyPatch) -> None:
    """As many messages as may have waited on today."""
    monkeypatch.setattr(table_of_webhooks, "WAITING_A_DAY", 1)
    assert wiring.webhooks().count_waiting(ORGANIZATION_ID, Clock.time)


def test_what_is_delivered_within_a_few_tries_is_not_one_of_those_that_wait(
    admin: Api,
    receiver: Receiver,
    hidden: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A receiver that fails now and then, or is slow, loses no message by that."""
    a_day_without_room(monkeypatch)
    admin.put(PATH, WEBHOOK)
    receiver.refuses = COUNTED_TRY - 1

    is_tried(COUNTED_TRY - 1)
    assert logged(admin)["status"] == "waiting"
    assert comes("WebhookRetries", COUNTED_TRY - 1) == LEAVES

    assert logged(admin)["status"] == "delivered"


@pytest.mark.parametrize("received", [COUNTED_TRY, TRIES])
def test_a_message_that_may_not_wait_on_and_cannot_be_sent_on_is_given_up_when_it_comes_again(
    received: int,
    admin: Api,
    eventbridge: EventBridge,
    receiver: Receiver,
    hidden: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else a fault of ours lets more wait than may."""
    a_day_without_room(monkeypatch)
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 99
    is_tried(COUNTED_TRY - 1)
    with monkeypatch.context() as patch:
        patch.setattr(eventbridge, "send_message_batch", throttles)
        assert comes("WebhookRetries", COUNTED_TRY - 1) == STAYS
    waits = len(hidden)

    assert comes("WebhookRetries", received) == LEAVES

    assert logged(admin)["status"] == "failed"
    assert eventbridge.sent["UndeliveredWebhooks"] == [EVENT]
    assert len(hidden) == waits


def test_a_message_that_waited_for_long_is_tried_for_the_last_time(
    admin: Api, eventbridge: EventBridge, receiver: Receiver
) -> None:
    """Whatever its log says, which others of its event write too."""
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 99
    is_tried(3)
    now = Clock.time

    assert comes("WebhookRetries", 3, sent_at=now - LAST_TRY_AFTER + MINUTE) == STAYS
    assert comes("WebhookRetries", 4, sent_at=now - LAST_TRY_AFTER) == LEAVES

    assert (logged(admin)["status"], logged(admin)["tries"]) == ("failed", TRIES)
    assert eventbridge.sent["UndeliveredWebhooks"] == [EVENT]


@pytest.mark.parametrize("in_time", [True, False])
def test_a_message_that_waits_and_is_delivered_again_is_tried_once_more_and_waits_on(
    in_time: bool,
    admin: Api,
    eventbridge: EventBridge,
    receiver: Receiver,
    first_tries: FirstTries,
    hidden: list[tuple[str, int]],
) -> None:
    """Its tries do not begin anew, and no second message waits. `in_time`: whether a process has
    time for it at once.
    """
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 99
    is_tried(7)
    receiver.given.clear()
    before, waits = logged(admin), len(hidden)
    if not in_time:
        first_tries.spend(ORGANIZATION_ID, SECONDS, accepted=False)

    for again in range(1, 4):
        delivered_again(admin, eventbridge)
        if not in_time:
            assert comes("WebhookRetries") == LEAVES
            assert eventbridge.sent["WebhookRetries"].pop() == EVENT
        assert len(receiver.given) == again
        assert logged(admin) == before
        assert (eventbridge.sent["WebhookRetries"], len(hidden)) == ([EVENT], waits)

    assert comes("WebhookRetries", 7) == STAYS
    assert logged(admin)["tries"] == 8


def test_a_message_that_was_delivered_by_hand_while_it_waited_is_done(
    admin: Api, eventbridge: EventBridge, receiver: Receiver, hidden: list[tuple[str, int]]
) -> None:
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 3
    is_tried(3)
    delivered_again(admin, eventbridge)
    assert logged(admin)["status"] == "delivered"
    before, given, waits = logged(admin), len(receiver.given), len(hidden)
    receiver.refuses = 99

    assert comes("WebhookRetries", 3) == LEAVES

    assert logged(admin) == before
    assert (len(receiver.given), len(hidden)) == (given, waits)
    assert wiring.webhooks().health(ORGANIZATION_ID).failures < 3


@pytest.mark.parametrize("happens", [is_refused, is_paused])
def test_what_was_delivered_stays_so_if_its_event_comes_once_more(
    happens: Callable[[Api, Receiver], None],
    admin: Api,
    eventbridge: EventBridge,
    receiver: Receiver,
) -> None:
    """SQS delivers at least once, and a receiver may refuse an id that it knows."""
    admin.put(PATH, WEBHOOK)
    comes("WebhookMessages")
    happens(admin, receiver)
    before = logged(admin)

    assert comes("WebhookMessages") == LEAVES

    assert (before["status"], logged(admin)) == ("delivered", before)
    assert eventbridge.sent["WebhookRetries"] == []


def test_a_message_that_is_sent_again_twice_and_accepted_once_is_done(
    admin: Api, eventbridge: EventBridge, receiver: Receiver, hidden: list[tuple[str, int]]
) -> None:
    """A person clicks twice. The one that waits is done, too. The refusal counts: else what an
    address of one's own accepts pays for a failure at the next.
    """
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 3
    is_tried(3)
    for _ in range(2):
        assert admin.post(f"{PATH}/deliveries/e-1/redeliver").status == 202
    comes("WebhookMessages")
    before, given, waits = logged(admin), len(receiver.given), len(hidden)
    receiver.refuses = 99

    assert comes("WebhookMessages") == LEAVES
    assert comes("WebhookRetries", 3) == LEAVES

    assert (before["status"], logged(admin)) == ("delivered", before)
    assert (len(receiver.given), len(hidden)) == (given + 1, waits)
    assert eventbridge.sent["WebhookRetries"] == [EVENT], "as after the first try"
    assert wiring.webhooks().health(ORGANIZATION_ID).failures == 3 - 1 + 1


@pytest.mark.parametrize("tried", [COUNTED_TRY - 1, COUNTED_TRY, TRIES - 1])
def test_a_retry_that_fails_while_its_event_is_delivered_by_hand_is_done(
    tried: int,
    admin: Api,
    eventbridge: EventBridge,
    receiver: Receiver,
    hidden: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Two processes try it at once."""
    admin.put(PATH, WEBHOOK)
    receiver.refuses = tried
    is_tried(tried)
    waits, accepts = len(hidden), receiver.post

    def fails_slowly(*_: Any, **__: Any) -> int:
        monkeypatch.setattr(receiver, "post", accepts)
        delivered_again(admin, eventbridge)
        raise NotDelivered("It did not answer.")

    monkeypatch.setattr(receiver, "post", fails_slowly)

    assert comes("WebhookRetries", tried) == LEAVES

    assert logged(admin)["status"] == "delivered"
    assert len(hidden) == waits
    assert eventbridge.sent["UndeliveredWebhooks"] == []


def test_a_message_that_nothing_tries_any_more_begins_anew(
    admin: Api, eventbridge: EventBridge, receiver: Receiver
) -> None:
    """It lies in a dead-letter queue, and its log still says that it waits."""
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 99
    is_tried(3)
    webhooks, now = wiring.webhooks(), Clock.time
    (stored,) = webhooks.deliveries(ORGANIZATION_ID)
    webhooks.record(replace(stored, next_try_at=now - OVERDUE_AFTER - MINUTE), now)

    delivered_again(admin, eventbridge)

    assert (logged(admin)["status"], logged(admin)["tries"]) == ("waiting", 1)
    assert eventbridge.sent["WebhookRetries"] == [EVENT, EVENT]


def test_a_message_that_waited_is_delivered_and_done(admin: Api, receiver: Receiver) -> None:
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 1
    comes("WebhookMessages")

    assert comes("WebhookRetries") == LEAVES

    assert [body["data"]["event_id"] for body in receiver.bodies] == ["e-1"]
    assert (logged(admin)["status"], logged(admin)["tries"]) == ("delivered", 2)


def test_a_test_message_is_tried_once_while_the_webhook_is_paused(
    admin: Api, eventbridge: EventBridge, receiver: Receiver
) -> None:
    admin.put(PATH, WEBHOOK)
    is_paused(admin, receiver)
    receiver.refuses = 99
    test: Json = EVENT | {"detail-type": "Webhook Test"}

    comes("WebhookMessages", event=test)
    for received in (1, 2):
        comes("WebhookRetries", received, test)

    assert receiver.refuses == 98
    assert eventbridge.sent["WebhookRetries"] == [test]


def test_a_first_try_gets_the_time_that_others_have_left(
    admin: Api, receiver: Receiver, first_tries: FirstTries
) -> None:
    admin.put(PATH, WEBHOOK)
    comes("WebhookMessages")
    first_tries.spend("contoso", SECONDS, accepted=False)
    comes("WebhookMessages")
    comes("WebhookRetries", event=event_of("e-2"))

    whole, own, again = receiver.given
    assert SECONDS - 1 < whole <= SECONDS
    assert 0.5 <= own <= OWN_TRY_SECONDS
    assert again == SECONDS


@pytest.mark.parametrize("status", [204, 503])
def test_the_time_that_a_receiver_takes_is_counted_whatever_it_answers(
    status: int,
    admin: Api,
    receiver: Receiver,
    first_tries: FirstTries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def takes_a_while(*_: Any, seconds: float) -> int:
        time.sleep(0.05)
        if status == 503:
            raise NotDelivered("It answered 503.", status)
        return status

    admin.put(PATH, WEBHOOK)
    monkeypatch.setattr(receiver, "post", takes_a_while)
    comes("WebhookMessages")

    assert first_tries.seconds(ORGANIZATION_ID, Clock.time) <= SECONDS - 0.05


def test_an_organization_whose_receiver_took_its_time_is_tried_from_the_queue_of_retries(
    admin: Api, eventbridge: EventBridge, receiver: Receiver, first_tries: FirstTries
) -> None:
    """Without a word in its log: it was not tried."""
    admin.put(PATH, WEBHOOK)
    first_tries.seconds(ORGANIZATION_ID, Clock.time)
    first_tries.spend(ORGANIZATION_ID, SECONDS, accepted=False)

    assert comes("WebhookMessages") == LEAVES

    assert receiver.given == []
    assert eventbridge.sent["WebhookRetries"] == [EVENT]
    assert admin.get(f"{PATH}/deliveries").json["items"] == []


def test_a_receiver_is_not_blamed_for_a_try_that_was_cut_short(
    admin: Api,
    receiver: Receiver,
    first_tries: FirstTries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def takes_all(*_: Any, seconds: float) -> int:
        time.sleep(seconds)
        raise NotDelivered("It did not answer.")

    admin.put(PATH, WEBHOOK)
    monkeypatch.setattr(first_tries, "seconds", lambda *_: 0.05)
    monkeypatch.setattr(receiver, "post", takes_all)
    comes("WebhookMessages")

    assert logged(admin)["status"] == "waiting"
    assert wiring.webhooks().health(ORGANIZATION_ID).failures == 0


def a_pause_is_over(*_: Any) -> None:
    """The next try is due."""
    now = Clock.time
    health = Health(organization_id=ORGANIZATION_ID, failures=PAUSED_AFTER - 1).failed(now)
    due = replace(health, next_try_at=now - timedelta(seconds=1))
    assert wiring.webhooks().change_health(Health(organization_id=ORGANIZATION_ID), due)


TEST: Json = EVENT | {"detail-type": "Webhook Test"}


@pytest.mark.parametrize(("happens", "event"), [(a_pause_is_over, EVENT), (is_paused, TEST)])
def test_a_try_in_a_pause_has_all_its_time_or_is_not_made(
    happens: Callable[[Api, Receiver], None],
    event: Json,
    admin: Api,
    eventbridge: EventBridge,
    receiver: Receiver,
    first_tries: FirstTries,
) -> None:
    """It is stored as failed before it is made. If it were cut short, other organizations' slow
    receivers would prolong the pause of one that works.
    """
    admin.put(PATH, WEBHOOK)
    happens(admin, receiver)
    before = wiring.webhooks().health(ORGANIZATION_ID)
    first_tries.seconds("contoso", Clock.time)
    first_tries.spend("contoso", 0.1, accepted=True)

    assert comes("WebhookMessages", event=event) == LEAVES

    assert receiver.given == []
    assert wiring.webhooks().health(ORGANIZATION_ID) == before
    assert admin.get(f"{PATH}/deliveries").json["items"] == []
    assert eventbridge.sent["WebhookRetries"] == [event]
    assert comes("WebhookRetries", event=event) == LEAVES
    assert receiver.given == [SECONDS]
    assert wiring.webhooks().health(ORGANIZATION_ID).failures == PAUSED_AFTER - 1
    assert admin.get(PATH).json["state"] == "active"


def test_a_fault_of_ours_in_a_pause_is_no_failure_of_the_receiver(
    admin: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.put(PATH, WEBHOOK)
    a_pause_is_over()
    before = wiring.webhooks().health(ORGANIZATION_ID)
    with monkeypatch.context() as patch:
        patch.setattr(Sealer, "open", throttles)
        assert comes("WebhookRetries") == STAYS

    assert receiver.given == []
    assert wiring.webhooks().health(ORGANIZATION_ID) == before
    assert comes("WebhookRetries", 2) == LEAVES
    assert admin.get(PATH).json["state"] == "active"


def test_a_message_that_comes_up_in_a_pause_costs_no_call_of_kms(
    admin: Api, receiver: Receiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    admin.put(PATH, WEBHOOK)
    is_paused(admin, receiver)
    monkeypatch.setattr(Sealer, "open", throttles)

    assert comes("WebhookRetries") == LEAVES

    assert logged(admin)["status"] == "paused"


def test_the_time_that_kms_takes_is_not_the_receivers(
    admin: Api,
    receiver: Receiver,
    first_tries: FirstTries,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Else its refusal counts as cut short, so that no pause would ever come."""
    passed, opened = [0.0], Sealer.open
    timer = SimpleNamespace(monotonic=lambda: sum(passed))

    def slowly(*given: Any) -> Any:
        passed.append(5.0)
        return opened(*given)

    def refuses_quickly(*_: Any, **__: Any) -> int:
        passed.append(0.1)
        raise NotDelivered("It answered 503.", 503)

    admin.put(PATH, WEBHOOK)
    monkeypatch.setattr("cavok.services.webhooks.time", timer)
    monkeypatch.setattr(Sealer, "open", slowly)
    monkeypatch.setattr(receiver, "post", refuses_quickly)
    first_tries.seconds(ORGANIZATION_ID, Clock.time)
    first_tries.spend("contoso", SECONDS, accepted=False)
    comes("WebhookMessages")

    assert wiring.webhooks().health(ORGANIZATION_ID).failures == 1
    assert logged(admin)["duration_ms"] == 100


def refuses(**_: Any) -> Json:
    return {"Successful": [], "Failed": [{"Id": "0", "Code": "InternalError"}]}


def throttles(*_: Any, **__: Any) -> Json:
    error: Any = {"Error": {"Code": "ThrottlingException", "Message": "busy"}}
    raise ClientError(error, "SendMessageBatch")


def does_not_answer(**_: Any) -> Json:
    raise ConnectTimeoutError(endpoint_url="https://sqs.example")


@pytest.mark.parametrize("fails", [refuses, throttles, does_not_answer])
def test_a_message_that_cannot_be_sent_on_stays_and_comes_again(
    fails: Any,
    admin: Api,
    eventbridge: EventBridge,
    receiver: Receiver,
    hidden: list[tuple[str, int]],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 1
    with monkeypatch.context() as patch:
        patch.setattr(eventbridge, "send_message_batch", fails)
        assert comes("WebhookMessages") == STAYS

    assert hidden == [], "it comes after the queue's own time"
    assert '"WebhookFaults"' in capsys.readouterr().out, "and an alarm rings"
    assert comes("WebhookMessages", 2) == LEAVES
    assert [body["data"]["event_id"] for body in receiver.bodies] == ["e-1"]


def test_a_queue_that_hangs_is_given_up_while_the_function_has_time_to_say_so() -> None:
    """Also after a receiver that took all of its own. Else nothing but `WebhookErrors` rings."""
    config = wiring._queue.__wrapped__("https://sqs.example/q")._sqs.meta.config
    calls = config.retries["total_max_attempts"] * (config.connect_timeout + config.read_timeout)

    assert SECONDS + calls <= FUNCTIONS["DeliverWebhook"]["Timeout"] - 10, "for all other calls"


@pytest.mark.parametrize("fails", [throttles, does_not_answer])
def test_a_retry_that_cannot_be_hidden_comes_again(
    fails: Any,
    admin: Api,
    eventbridge: EventBridge,
    receiver: Receiver,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    admin.put(PATH, WEBHOOK)
    receiver.refuses = 2
    comes("WebhookMessages")
    monkeypatch.setattr(eventbridge, "change_message_visibility", fails)

    assert comes("WebhookRetries") == STAYS

    assert '"WebhookFaults"' in capsys.readouterr().out
    assert comes("WebhookRetries", 2) == LEAVES
