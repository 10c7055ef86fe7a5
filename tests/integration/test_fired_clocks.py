"""Clocks that fire at one moment: an organization with thousands makes no other wait."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any
from unittest.mock import Mock

from cavok.adapters.scheduler import SchedulerClient, SchedulerSettings
from cavok.domain.clocks import clocks_of
from cavok.domain.schedules import DAYS, Schedule, Window
from tests.support.builders import NOW, a_resource
from tests.support.fair_queue import Sent, taken_at
from tests.support.template import template

TURN_SECONDS = 3.0
"""An act of a schedule: entering the account, three checks of its trust, a look and a call."""

CLOCKS = 2_000


def fired(organization_id: str, number: int, at: float = 0.0) -> list[Sent]:
    """The messages of so many clocks, as the adapter has Scheduler send them."""
    scheduler: Any = Mock()
    settings = SchedulerSettings(group="g", queue_url="q", role_arn="r", dead_letter_arn="d")
    schedule = Schedule("UTC", (Window(DAYS, "09:00", "17:00"),))
    resource = replace(a_resource(), organization_id=organization_id, schedule=schedule)
    (nine, _) = clocks_of(resource, NOW)
    SchedulerClient(scheduler, settings).create(resource, [nine] * number)
    requests = [
        json.loads(c.kwargs["Target"]["Input"]) for c in scheduler.create_schedule.mock_calls
    ]
    return [
        Sent(f"{organization_id}/{n}", request.get("MessageGroupId"), at)
        for n, request in enumerate(requests)
    ]


def test_two_thousand_clocks_of_one_organization_delay_anothers_by_seconds() -> None:
    consumers = template()["Parameters"]["QueueConcurrency"]["Default"]
    theirs = fired("northwind", CLOCKS)
    for at in (0.0, 1.0, 600.0):
        messages = theirs + fired("contoso", 1, at)

        moments = taken_at(messages, consumers=consumers, seconds=TURN_SECONDS)

        assert moments["contoso/0"] - at <= TURN_SECONDS
        assert len(moments) == CLOCKS + 1


def test_without_groups_the_other_organization_waits_for_all_that_came_before() -> None:
    """What the model is worth: it would find the fault."""
    messages = [
        replace(each, group=None) for each in fired("northwind", CLOCKS) + fired("contoso", 1, 1.0)
    ]

    moments = taken_at(messages, consumers=2, seconds=TURN_SECONDS)

    assert moments["contoso/0"] > CLOCKS / 2 * TURN_SECONDS - 10
