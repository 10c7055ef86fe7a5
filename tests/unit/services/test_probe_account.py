"""Every permission at once: one that fails stops no other."""

from __future__ import annotations

import threading
from collections import Counter
from typing import Any

import pytest

from cavok.adapters.customer.session import CALL, CustomerSession
from cavok.domain.access_denied import Reason
from cavok.domain.errors import ProbeTransient
from cavok.domain.steps import Step, Verdict
from cavok.services.probe_account import TRIES, probe_account
from tests.support.builders import a_step, actions_of
from tests.support.template import template
from tests.unit.statemachines.test_definitions import VERIFY

ACTIONS = actions_of("checking", "ec2", "rds")
THROTTLED = "rds:StopDBInstance"


class Session:
    region = "us-east-1"


SESSION: Any = Session()


def test_there_is_a_step_for_each_action_in_their_order() -> None:
    steps = probe_account(ACTIONS, SESSION, probe=lambda action, _: a_step(action))

    assert [step.step for step in steps] == list(ACTIONS)


def test_all_probes_run_at_once() -> None:
    everyone = threading.Barrier(len(ACTIONS), timeout=10)

    def probe(action: str, session: CustomerSession) -> Step:
        everyone.wait()
        return a_step(action)

    assert len(probe_account(ACTIONS, SESSION, probe=probe)) == len(ACTIONS)


def test_no_service_of_a_customer_is_called_more_than_six_times_at_once() -> None:
    at_once = Counter(action.partition(":")[0] for action in ACTIONS)

    assert max(at_once.values()) <= VERIFY["States"]["ProbePermissions"]["MaxConcurrency"]


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


def test_a_probe_that_was_not_answered_is_not_made_again() -> None:
    """botocore has waited for it twice. A region that hangs must not outlast the function."""
    tries: list[str] = []

    def probe(action: str, session: CustomerSession) -> Step:
        tries.append(action)
        raise ProbeTransient("RequestTimeout: Read timeout on endpoint URL")

    steps = probe_account(ACTIONS, SESSION, probe=probe, sleep=lambda _: None)

    assert sorted(tries) == sorted(ACTIONS)
    assert {(step.verdict, step.error_code) for step in steps} == {
        (Verdict.INCONCLUSIVE, "RequestTimeout")
    }


def test_where_nothing_is_answered_a_test_is_over_before_its_function_is() -> None:
    """The most that can be waited: to enter, for the probes, for the log once."""
    assert CALL.connect_timeout < CALL.read_timeout
    a_call = CALL.retries["total_max_attempts"] * CALL.read_timeout + 1  # and between two tries
    two_calls = {"iam:GetRolePolicy", "ec2:StartInstances", "ec2:StopInstances"}
    probes = [a_call * (1 + (action in two_calls)) for action in ACTIONS]

    longest = a_call + max(probes) + a_call

    assert longest < template()["Resources"]["ProbeAccount"]["Properties"]["Timeout"]


def test_a_bug_is_not_swallowed() -> None:
    def probe(action: str, session: CustomerSession) -> Step:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        probe_account(ACTIONS, SESSION, probe=probe)
