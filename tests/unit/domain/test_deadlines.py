"""How long a test may go on."""

from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress

import pytest

from cavok.domain.deadlines import (
    ACCOUNT_SECONDS,
    LOG_SECONDS,
    NO_DEADLINE,
    PERMISSION_SECONDS,
    Deadline,
    ProcessorTime,
)
from cavok.domain.errors import OutOfTime
from tests.support.longest_calls import A_CALL, SHOWING
from tests.support.state_machines import VERIFY
from tests.support.template import template

WHOLE_PROCESSOR = 1769
"""MB with which a function has one vCPU (Lambda Developer Guide, "Configuring memory").
"""
WORST_POLICIES_SECONDS = 20
"""Of a whole processor: what the worst policies with 200 databases took."""


def test_a_deadline_is_over_after_its_seconds() -> None:
    now = 100.0
    deadline = Deadline.after(5, lambda: now)

    deadline.check()
    assert deadline.left == 5

    now = 105.0
    assert deadline.left == 0
    assert deadline.later(2).left == 2
    with pytest.raises(OutOfTime, match=r"^The time for this test ran out before AWS was asked\.$"):
        deadline.check()
    NO_DEADLINE.check()


def test_processor_time_is_used_up_by_all_who_share_it() -> None:
    now = 100.0
    shared = ProcessorTime(5, lambda: now)

    with shared.used() as deadline:
        now = 103.0
        deadline.check()
    with suppress(OutOfTime), shared.used():
        now = 104.0
        raise OutOfTime
    assert shared.left == 1
    with shared.used() as deadline:
        now = 105.5
        with pytest.raises(OutOfTime):
            deadline.check()
    with shared.used() as deadline, pytest.raises(OutOfTime):
        deadline.check()


def test_processor_time_is_short_if_its_use_ends_before_what_was_begun() -> None:
    now = 100.0
    shared = ProcessorTime(5, lambda: now)
    one, other = shared.of_one(), shared.of_one()

    with pytest.raises(OutOfTime), one.used():
        Deadline(now, lambda: now).check()
    assert not one.short, "another time was over"
    with suppress(OutOfTime), one.used() as deadline:
        now = 106.0
        deadline.check()
    assert (one.short, other.short) == (True, False)


def test_processor_time_that_is_expected_is_nobody_elses_meanwhile() -> None:
    now = 100.0
    shared = ProcessorTime(5, lambda: now)

    with shared.spent(3):
        with pytest.raises(OutOfTime), shared.spent(3):
            raise AssertionError
        now = 101.0
    assert (shared.left, shared.short) == (4, True)
    with shared.spent(3):
        now = 106.0
    assert shared.left == 0


def test_processor_time_is_short_for_those_alone_who_get_too_little() -> None:
    now = 100.0
    shared = ProcessorTime(5, lambda: now)
    one, other = shared.of_one(), shared.of_one()

    with one.spent(3), pytest.raises(OutOfTime), other.spent(3):
        raise AssertionError

    assert (one.short, other.short) == (False, True)
    with other.spent():
        now = 104.0
    assert (one.left, other.left) == (1, 1)


def test_processor_time_is_spent_once_though_one_uses_it_while_others_spend_it() -> None:
    used, spent = 100.0, 100.0
    shared = ProcessorTime(5, lambda: used)
    other = shared.of_one()
    other.clock = lambda: spent

    with shared.used() as deadline:
        used += 2
        deadline.check()
        with pytest.raises(OutOfTime), other.spent(4):
            raise AssertionError("two of five seconds are used")
        with other.spent(1):
            spent += 1
        assert (deadline.left, other.left) == (2, 2)
        with other.spent(2), pytest.raises(OutOfTime):
            deadline.check()
        used += 1
    assert other.left == 1


def test_processor_time_is_short_though_others_give_some_back_in_the_next_moment() -> None:
    now = 100.0
    shared = ProcessorTime(5, lambda: now)
    one, other = shared.of_one(), shared.of_one()

    with pytest.raises(OutOfTime), one.used() as deadline:  # noqa: PT012  what comes in between
        with other.spent(5), suppress(OutOfTime):
            deadline.check()
        assert shared.left
        raise OutOfTime

    assert one.short


def test_whoever_waits_gets_processor_time_that_others_did_not_need() -> None:
    shared, begun = ProcessorTime(5, lambda: 0.0), threading.Event()

    def wait() -> None:
        begun.set()
        with shared.spent(3, waiting=60):
            pass

    with ThreadPoolExecutor(1) as pool:
        with shared.spent(3):
            waiting = pool.submit(wait)
            assert begun.wait(60)
        waiting.result(60)
    with pytest.raises(OutOfTime), shared.spent(9, waiting=60):
        raise AssertionError("it waits for nobody")


def test_threads_use_their_processor_time_one_after_another() -> None:
    """The clock is that of the calling thread, and the interpreter has one thread run anyway."""
    shared, at_once, most = ProcessorTime(60, time.thread_time), 0, 0

    def use() -> None:
        nonlocal at_once, most
        with shared.used():
            at_once += 1
            most = max(most, at_once)
            time.sleep(0.001)
            at_once -= 1

    with ThreadPoolExecutor(4) as pool:
        for _ in range(8):
            pool.submit(use)
    assert most == 1


def test_a_test_of_its_own_has_the_processor_for_what_a_sweep_hands_over() -> None:
    """Else no scheduled test ever decides it, and nothing is heard of what breaks there."""
    memory = template()["Resources"]["ProbeAccount"]["Properties"]["MemorySize"]

    assert ACCOUNT_SECONDS * memory / WHOLE_PROCESSOR >= WORST_POLICIES_SECONDS


@pytest.mark.parametrize(
    ("function", "seconds"),
    [
        ("ProbeAccount", ACCOUNT_SECONDS + LOG_SECONDS),
        ("ProbePermission", PERMISSION_SECONDS + SHOWING),
        ("WriteCustomerLog", PERMISSION_SECONDS),
    ],
)
def test_a_call_that_begins_at_the_deadline_ends_before_its_function_and_its_state(
    function: str, seconds: float
) -> None:
    states = VERIFY["States"] | VERIFY["States"]["ProbePermissions"]["ItemProcessor"]["States"]
    timeout = template()["Resources"][function]["Properties"]["Timeout"]

    assert seconds + A_CALL + 1 <= timeout < states[function]["TimeoutSeconds"]
