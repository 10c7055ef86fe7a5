"""Every permission at once: one that fails stops no other."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Iterable
from concurrent import futures
from concurrent.futures import Future
from dataclasses import replace
from typing import Any

import pytest

from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.domain.access_denied import OUT_OF_TIME, Reason
from cavok.domain.deadlines import Deadline
from cavok.domain.errors import ProbeTransient
from cavok.domain.steps import Step, Verdict
from cavok.services import probe_account as service
from cavok.services.probe_account import FIRST_WAIT, PROBES_OF_A_SERVICE, TRIES, probe_account
from tests.support.builders import a_step, actions_of
from tests.support.fake_aws import probed

ACTIONS = actions_of("checking", "ec2", "rds")
THROTTLED = "rds:StopDBInstance"


ACCOUNT = probed()


def test_there_is_a_step_for_each_action_in_their_order() -> None:
    steps = probe_account(ACTIONS, ACCOUNT, probe=lambda action, _: a_step(action))

    assert [step.step for step in steps] == list(ACTIONS)


def test_the_probes_of_all_services_run_at_once() -> None:
    of_a_service = Counter(action.partition(":")[0] for action in ACTIONS)
    at_once = sum(min(many, PROBES_OF_A_SERVICE) for many in of_a_service.values())
    everyone = threading.Barrier(at_once, timeout=60)
    threads = threading.local()

    def probe(action: str, account: ProbedAccount) -> Step:
        if not hasattr(threads, "waited"):  # the first probe of each thread
            threads.waited = True
            everyone.wait()
        return a_step(action)

    assert len(probe_account(ACTIONS, ACCOUNT, probe=probe)) == len(ACTIONS)


def test_no_service_of_a_customer_is_asked_more_at_once_however_many_permissions_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    more = [f"rds:Made{i}Up" for i in range(3 * PROBES_OF_A_SERVICE)]
    threads: set[int] = set()
    all_submitted = threading.Event()

    def probe(action: str, account: ProbedAccount) -> Step:
        assert all_submitted.wait(timeout=60)
        threads.add(threading.get_ident())
        return replace(a_step(ACTIONS[0]), step=action)

    def wait(*arguments: Any, **named: Any) -> Any:
        all_submitted.set()
        return futures.wait(*arguments, **named)

    monkeypatch.setattr(service, "wait", wait)
    steps = probe_account(more, ACCOUNT, probe=probe)

    assert [step.step for step in steps] == more
    assert len(threads) == PROBES_OF_A_SERVICE


def test_a_throttled_probe_is_made_again_and_then_counts() -> None:
    tries: list[str] = []
    waits: list[float] = []

    def probe(action: str, account: ProbedAccount) -> Step:
        tries.append(action)
        if action == THROTTLED and tries.count(action) < TRIES:
            raise ProbeTransient("Throttling: Rate exceeded")
        return a_step(action, Verdict.DENIED)

    steps = probe_account(ACTIONS, ACCOUNT, probe=probe, sleep=waits.append)

    assert {step.verdict for step in steps} == {Verdict.DENIED}
    assert waits == [1.0, 2.0]


def test_a_probe_that_stays_throttled_is_inconclusive_alone() -> None:
    def probe(action: str, account: ProbedAccount) -> Step:
        if action == THROTTLED:
            raise ProbeTransient("Throttling: Rate exceeded")
        return a_step(action)

    steps = {
        step.step: step
        for step in probe_account(ACTIONS, ACCOUNT, probe=probe, sleep=lambda _: None)
    }

    throttled = steps.pop(THROTTLED)
    assert (throttled.verdict, throttled.reason) == (Verdict.INCONCLUSIVE, Reason.ERROR)
    assert (throttled.error_code, throttled.detail) == ("Throttling", "Rate exceeded")
    assert {step.verdict for step in steps.values()} == {Verdict.ALLOWED}


def test_a_bug_is_not_swallowed() -> None:
    def probe(action: str, account: ProbedAccount) -> Step:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        probe_account(ACTIONS, ACCOUNT, probe=probe)


@pytest.mark.parametrize("hanging", [1, len(ACTIONS)])
def test_a_test_that_runs_out_of_time_still_ends_with_a_step_for_each_action(
    hanging: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    late = threading.Event()
    timeouts: list[float | None] = []

    def wait(running: Iterable[Future[Step]], timeout: float | None) -> Any:
        """The others end in time, and the time is up then."""
        timeouts.append(timeout)
        futures.wait([*running][hanging:])
        return futures.wait(running, timeout=0)

    def probe(action: str, account: ProbedAccount) -> Step:
        if action in ACTIONS[:hanging]:
            late.wait()
        return a_step(action)

    monkeypatch.setattr(service, "wait", wait)
    deadline = Deadline.after(0.5, lambda: 1000.0)
    try:
        steps = probe_account(ACTIONS, probed(deadline=deadline), probe=probe)
    finally:
        late.set()

    assert timeouts == [0.5]
    assert [step.step for step in steps] == list(ACTIONS)
    assert [step.error_code for step in steps[:hanging]] == [OUT_OF_TIME] * hanging
    assert {(step.verdict, step.reason) for step in steps[:hanging]} == {
        (Verdict.INCONCLUSIVE, Reason.ERROR)
    }
    assert {step.verdict for step in steps[hanging:]} <= {Verdict.ALLOWED}


def test_a_throttled_probe_is_not_made_again_past_the_deadline() -> None:
    tries: list[str] = []

    def probe(action: str, account: ProbedAccount) -> Step:
        tries.append(action)
        raise ProbeTransient("Throttling: Rate exceeded")

    now = 0.0
    deadline = Deadline(FIRST_WAIT / 2, lambda: now)
    steps = probe_account([THROTTLED], probed(deadline=deadline), probe=probe)

    assert tries == [THROTTLED]
    assert steps[0].error_code == "Throttling"
