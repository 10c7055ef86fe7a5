"""How often a message is tried, and for how long: the waits, the template, the documents."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from itertools import count, cycle
from unittest.mock import Mock

import pytest
from botocore.exceptions import ReadTimeoutError

from cavok.adapters.queue import Queue
from cavok.domain.deadlines import Deadline
from cavok.domain.events import Envelope, EventType
from cavok.domain.first_tries import SECONDS
from cavok.domain.webhooks import LONGEST_WAIT, TRIES, wait_seconds
from cavok.services.first_tries import FirstTries
from local.settings import ROOT
from tests.support.builders import NOW
from tests.support.fair_queue import MOST_IN_FLIGHT, Sent, taken_at
from tests.support.messages import mappings
from tests.support.template import resource, template
from tests.support.waiting_messages import messages_a_minute

FIRST, RETRIES = "WebhookMessages", "WebhookRetries"

A_MINUTE = messages_a_minute()
OUR_OWN_WORK = 0.02
"""Seconds that a message takes us besides waiting for its receiver; sending it on takes no more."""


def received_at() -> list[int]:
    """Seconds from the first try to each later one."""
    times = [0, resource(RETRIES)["DelaySeconds"]]
    for tries in range(2, TRIES):
        times.append(times[-1] + wait_seconds(tries))
    return times


@pytest.mark.parametrize(
    ("delay", "given"),
    [(None, {}), (timedelta(), {"DelaySeconds": 0}), (timedelta(seconds=5.2), {"DelaySeconds": 6})],
)
def test_a_message_may_have_a_delay_of_its_own_and_else_has_the_queues(
    delay: timedelta | None, given: dict[str, int]
) -> None:
    sqs = Mock(send_message_batch=Mock(return_value={}))

    Queue(sqs, "https://sqs.example/acts").send([Mock(body="b", group="g")], delay=delay)

    (entry,) = sqs.send_message_batch.call_args.kwargs["Entries"]
    assert entry == {"Id": "0", "MessageBody": "b", "MessageGroupId": "g"} | given


def test_after_a_call_that_the_queue_did_not_answer_no_more_are_made() -> None:
    """Each would take thirteen seconds of the function's time."""
    unanswered = ReadTimeoutError(endpoint_url="https://sqs.example/acts")
    sqs = Mock(send_message_batch=Mock(side_effect=[{}, unanswered, {}]))

    outcomes = Queue(sqs, "https://sqs.example/acts").send([Mock(body="b", group="g")] * 25)

    assert outcomes == [None] * 10 + [str(unanswered)] * 15
    assert sqs.send_message_batch.call_count == 2


def test_no_message_is_sent_once_the_time_ran_out() -> None:
    sqs, clock = Mock(send_message_batch=Mock(return_value={})), Mock(side_effect=count())
    ends = Deadline.after(2.5, clock)

    outcomes = Queue(sqs, "https://sqs.example/acts").send(
        [Mock(body="b", group="g")] * 35, deadline=ends
    )

    assert outcomes == [None] * 20 + ["The time ran out."] * 15
    assert sqs.send_message_batch.call_count == 2


def test_waits_grow_to_six_hours() -> None:
    waits = [wait_seconds(tries) for tries in range(1, TRIES)]

    assert waits == [5, 20, 80, 320, 1280, 5120, 20480, LONGEST_WAIT]


def test_the_second_try_comes_when_the_log_of_deliveries_says() -> None:
    """A message whose first try failed is sent anew. Delayed messages are not in flight, and SQS
    delays one by fifteen minutes at most. Source: SQS API Reference, CreateQueue.
    """
    assert resource(RETRIES)["DelaySeconds"] == wait_seconds(1) <= 900
    assert "DelaySeconds" not in resource(FIRST)


HOURS = {"half an hour": 0.5, "36 minutes": 0.6, "an hour": 1, "five hours": 5, "a day": 24}
"""In the words of docs/architecture.md, "When something fails"."""


@pytest.mark.parametrize(
    "queue", sorted({mapping["Queue"]["Fn::GetAtt"][0] for _, mapping in mappings("Queue")})
)
def test_a_queue_gives_up_only_after_hours_without_an_execution(queue: str) -> None:
    """What Lambda throttles was received all the same, and comes again when it is visible. Source:
    Lambda Developer Guide, "Using Lambda with Amazon SQS", "Backoff strategy for failed
    invocations".
    """
    policy = resource(queue)["RedrivePolicy"]
    dead = policy["deadLetterTargetArn"]["Fn::GetAtt"][0]
    page = (ROOT / "docs/architecture.md").read_text()
    (said,) = {*re.findall(rf"after ({'|'.join(HOURS)}): `{dead}`", page)}

    receives = policy["maxReceiveCount"] - (TRIES if queue == RETRIES else 0)
    throttled = receives * resource(queue)["VisibilityTimeout"]
    assert HOURS[said] * 0.95 * 3600 < throttled
    assert throttled < resource(queue).get("MessageRetentionPeriod", 345600)


def test_the_queue_keeps_a_message_until_its_last_try() -> None:
    """Twice over: the function may be away in between."""
    assert 2 * received_at()[-1] < resource(RETRIES)["MessageRetentionPeriod"]


def test_an_alarm_rings_while_half_of_what_may_be_in_flight_is_left() -> None:
    assert resource("WebhookRetriesAlarm")["Threshold"] == MOST_IN_FLIGHT / 2


@pytest.mark.parametrize(
    "document",
    ["docs/architecture.md", "docs/operating.md", "docs/events/README.md", "template.yaml"],
)
def test_the_documents_say_what_the_waits_are(document: str) -> None:
    text = " ".join((ROOT / document).read_text().split())
    tries = received_at()

    assert len(tries) == 9
    assert 13 * 3600 < tries[-1] <= 14 * 3600
    assert "hours more" not in text
    assert "nine tries within 14 hours" in text.replace("Nine", "nine").replace("# ", "")


def sent(organization_id: str, count: int, seconds: float) -> list[Sent]:
    """Messages as the queue gets them, each of which takes its consumer so long."""
    entries: list[dict[str, str]] = []

    def take(QueueUrl: str, Entries: list[dict[str, str]]) -> dict[str, str]:  # noqa: N803
        entries.extend(Entries)
        return {}

    envelope = Envelope(
        event_id="e", organization_id=organization_id, account_id="a", occurred_at=NOW
    )
    queue = Queue(Mock(send_message_batch=take), "https://sqs.example/hooks")
    queue.send([envelope.event(EventType.FAILED, {})] * count)
    return [
        Sent(f"{organization_id}/{number}", entry.get("MessageGroupId"), 0.0, seconds)
        for number, entry in enumerate(entries)
    ]


def test_a_receiver_that_takes_eight_seconds_a_message_delays_no_other_organization() -> None:
    """By what AWS documents of fair queues, and with the consumers of a new account."""
    consumers = template()["Parameters"]["QueueConcurrency"]["Default"]
    attack, ours = sent("contoso", 200, SECONDS), sent("northwind", 10, 0.1)
    late = [replace(each, at=1.0) for each in ours]

    moments = taken_at(attack + late, consumers=consumers, seconds=SECONDS)
    assert max(moments[each.name] for each in late) - 1.0 < 15

    one_group = [replace(each, group="all") for each in attack + late]
    moments = taken_at(one_group, consumers=consumers, seconds=SECONDS)
    assert max(moments[each.name] for each in late) > 100, "the model would find the fault"


def delivered_at(messages: Sequence[Sent], *, consumers: int, processes: int) -> dict[str, float]:
    """When each message is delivered, over both queues. What is not accepted at its first try comes
    up five seconds later in the queue of retries.

    Both queues have so many consumers, which are processes of one function. Lambda does not say
    which of the idle ones takes a message. So each consumer of first tries uses one process, or
    two in turn, each of which has time of its own.
    """
    spends = [FirstTries() for _ in range(processes)]
    turns = [cycle(range(each, processes, consumers)) for each in range(consumers)]
    failed: list[Sent] = []
    found: dict[str, float] = {}

    def try_first(message: Sent, consumer: int, at: float) -> float:
        mine = spends[next(turns[consumer])]
        seconds = mine.seconds(message.tenant, NOW + timedelta(seconds=at))
        takes = message.seconds or 0.0
        waits, accepted = min(takes, seconds), takes < seconds
        if seconds:
            mine.spend(message.tenant, waits, accepted=accepted)
        if accepted:
            found[message.name] = at + waits
        else:
            failed.append(replace(message, at=at + waits + OUR_OWN_WORK + wait_seconds(1)))
        return waits + OUR_OWN_WORK

    taken_at(messages, consumers=consumers, seconds=SECONDS, handle=try_first)
    again = taken_at(failed, consumers=consumers, seconds=SECONDS)
    return found | {each.name: again[each.name] + (each.seconds or 0.0) for each in failed}


def attack(attackers: int, until: float, seconds: float = SECONDS) -> list[Sent]:
    """Each attacker has as many messages as its quotas let it make in a minute."""
    messages = [
        replace(each, at=number * 60 / A_MINUTE)
        for one in range(attackers)
        for number, each in enumerate(sent(f"contoso{one}", A_MINUTE, seconds))
    ]
    return [each for each in messages if each.at < until]


@pytest.mark.parametrize("seconds", [0.1, 0.45])
@pytest.mark.parametrize("attackers", [1, 2, 5])
def test_receivers_of_many_organizations_that_take_eight_seconds_delay_no_other(
    attackers: int, seconds: float
) -> None:
    """Ten messages of another organization, whose receiver takes `seconds`, are all delivered."""
    consumers = template()["Parameters"]["QueueConcurrency"]["Default"]

    late = [replace(each, at=1.0) for each in sent("northwind", 10, seconds)]
    messages = attack(attackers, 31.0) + late

    for processes in (consumers, 2 * consumers):
        found = delivered_at(messages, consumers=consumers, processes=processes)
        assert max(found[each.name] for each in late) - 1.0 < 30


@pytest.mark.parametrize("seconds", [0.45, 0.95])
def test_five_organizations_with_quick_receivers_and_many_messages_delay_no_other(
    seconds: float,
) -> None:
    """Their receivers accept each message, in less than a second."""
    consumers = template()["Parameters"]["QueueConcurrency"]["Default"]
    late = [replace(each, at=15.0) for each in sent("northwind", 10, 0.45)]
    messages = attack(5, 45.0, seconds) + late

    for processes in (consumers, 2 * consumers):
        found = delivered_at(messages, consumers=consumers, processes=processes)
        assert max(found[each.name] for each in late) - 15.0 < 30


@pytest.mark.parametrize("attackers", [1, 2, 5, 10])
def test_without_a_limit_at_first_tries_more_than_two_would_delay_others(attackers: int) -> None:
    """The model would find the fault."""
    consumers = template()["Parameters"]["QueueConcurrency"]["Default"]
    late = [replace(each, at=1.0) for each in sent("northwind", 10, 0.1)]

    moments = taken_at(attack(attackers, 1.0) + late, consumers=consumers, seconds=SECONDS)

    assert (max(moments[each.name] for each in late) - 1.0 > 15) == (attackers > 2)


def test_an_attacker_who_falls_silent_delays_others_if_aws_then_takes_them_for_quiet() -> None:
    """What the promise rests on. AWS does not say which it is: docs/security.md, "What is left"."""
    consumers = template()["Parameters"]["QueueConcurrency"]["Default"]
    late = [replace(each, at=301.0) for each in sent("northwind", 10, 0.1)]
    messages = sent("contoso", 200, SECONDS) + late

    def waits(**but: bool) -> float:
        moments = taken_at(messages, consumers=consumers, seconds=SECONDS, **but)
        return max(moments[each.name] for each in late) - 301.0

    assert waits() < 15
    assert 450 < waits(stays_quiet=True) < 550


def test_as_many_failed_messages_as_may_be_in_flight_delay_no_first_delivery() -> None:
    """The limit in small. A failed message leaves the first queue and is hidden in that of retries;
    hidden in the first queue, it would stand in everybody's way.
    """
    consumers, most = template()["Parameters"]["QueueConcurrency"]["Default"], 120
    failed = sent("contoso", most, 0.1)
    hidden = [replace(each, hidden=float(LONGEST_WAIT)) for each in failed]
    ours = [replace(each, at=60.0) for each in sent("northwind", 10, 0.1)]

    def waits(first: list[Sent]) -> float:
        moments = taken_at(
            [*first, *ours], consumers=consumers, seconds=SECONDS, most_in_flight=most
        )
        return max(moments[each.name] for each in ours) - 60.0

    assert waits(failed) < 15
    assert waits(hidden) > LONGEST_WAIT - 60, "one queue for both would be no defence"
