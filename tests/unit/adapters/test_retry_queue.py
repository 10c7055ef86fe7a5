"""How often a message is tried, and for how long: the waits, the template, the documents."""

from __future__ import annotations

import pytest

from cavok.adapters.retry_queue import LONGEST_WAIT, TRIES, wait_seconds
from local.settings import ROOT
from tests.support.template import resource

QUEUE = "WebhookMessages"


def received_at() -> list[int]:
    """Seconds from the first try to each receive, until the queue gives the message up."""
    times = [0]
    for tries in range(1, resource(QUEUE)["RedrivePolicy"]["maxReceiveCount"] + 1):
        times.append(times[-1] + wait_seconds(tries))
    return times


def test_waits_grow_to_six_hours() -> None:
    waits = [wait_seconds(tries) for tries in range(1, TRIES)]

    assert waits == [5, 20, 80, 320, 1280, 5120, 20480, LONGEST_WAIT]


def test_the_queue_gives_up_after_the_last_try_and_not_hours_later() -> None:
    *tries, given_up = received_at()

    assert resource(QUEUE)["RedrivePolicy"]["maxReceiveCount"] == TRIES
    assert given_up == tries[-1]
    assert wait_seconds(TRIES + 100) == 0, "a redrive while the function lags behind the template"


def test_the_queue_keeps_a_message_until_its_last_try() -> None:
    """Twice over: the function may be away in between."""
    assert 2 * received_at()[-1] < resource(QUEUE)["MessageRetentionPeriod"]


@pytest.mark.parametrize(
    "document",
    ["docs/architecture.md", "docs/operating.md", "docs/events/README.md", "template.yaml"],
)
def test_the_documents_say_what_the_waits_are(document: str) -> None:
    text = " ".join((ROOT / document).read_text().split())
    tries = received_at()[:-1]

    assert len(tries) == 9
    assert 13 * 3600 < tries[-1] <= 14 * 3600
    assert "hours more" not in text
    assert "nine tries within 14 hours" in text.replace("Nine", "nine").replace("# ", "")
