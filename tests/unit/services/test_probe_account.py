"""Every permission at once: one that fails stops no other."""

from __future__ import annotations

from typing import Any

import pytest

from cavok.adapters.customer import CustomerSession
from cavok.domain.errors import ProbeTransient
from cavok.domain.refusals import Reason
from cavok.domain.steps import Step, Verdict
from cavok.services.probe_account import TRIES, probe_account
from tests.unit.builders import a_step, actions_of

ACTIONS = actions_of("checking", "ec2", "rds")
THROTTLED = "rds:StopDBInstance"


class Session:
    region = "us-east-1"


SESSION: Any = Session()


def test_there_is_a_step_for_each_action_in_their_order() -> None:
    steps = probe_account(ACTIONS, SESSION, probe=lambda action, _: a_step(action))

    assert [step.step for step in steps] == list(ACTIONS)


def test_a_throttled_probe_is_made_again_and_then_counts() -> None:
    tries: list[str] = []
    waits: list[float] = []

    def probe(action: str, session: CustomerSession) -> Step:
        tries.append(action)
        if action == THROTTLED and tries.count(action) < TRIES:
            raise ProbeTransient("Throttling: Rate exceeded")
        return a_step(action, Verdict.DENIED)

    steps = probe_account(ACTIONS, SESSION, probe=probe, sleep=waits.append)

    assert {step.verdict for step in steps} == {Verdict.DENIED}
    assert waits == [1.0, 2.0]


def test_a_probe_that_stays_throttled_is_inconclusive_alone() -> None:
    def probe(action: str, session: CustomerSession) -> Step:
        if action == THROTTLED:
            raise ProbeTransient("Throttling: Rate exceeded")
        return a_step(action)

    steps = {
        step.step: step
        for step in probe_account(ACTIONS, SESSION, probe=probe, sleep=lambda _: None)
    }

    throttled = steps.pop(THROTTLED)
    assert (throttled.verdict, throttled.reason) == (Verdict.INCONCLUSIVE, Reason.ERROR)
    assert (throttled.error_code, throttled.detail) == ("Throttling", "Rate exceeded")
    assert {step.verdict for step in steps.values()} == {Verdict.ALLOWED}


def test_a_bug_is_not_swallowed() -> None:
    def probe(action: str, session: CustomerSession) -> Step:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        probe_account(ACTIONS, SESSION, probe=probe)
