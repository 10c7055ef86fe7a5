"""Times add up: each thing that gives up does so before what waits for it.

A customer that hangs makes our functions wait as long as they ever do, in each state. Everything
is read from where it is set: both workflows, the template, and the code.
"""

from __future__ import annotations

import re
from math import ceil
from typing import Any

import pytest

from cavok.domain.deadlines import (
    BEGINNING_SECONDS,
    CALL_SECONDS,
    ENDING_SECONDS,
    HAND_OVER_SECONDS,
    HUNDRED_INSTANCES_SECONDS,
    LEAST_WEIGHING_SECONDS,
    LINES_SECONDS,
    PATIENCE_SECONDS,
    PERMISSION_SECONDS,
    PUBLISHING_SECONDS,
    RECONCILING_SECONDS,
    SENDING_SECONDS,
    SHORT_TEST_SECONDS,
    STARTING_SECONDS,
    SWEEP_IS_OVER_SECONDS,
    SWEEP_SECONDS,
    UNCLEAR_HOLD_UP_SECONDS,
    WEIGHING_SECONDS,
)
from cavok.domain.errors import ComesAgain
from cavok.domain.halving import MAX_CALLS
from cavok.domain.permissions import PROBED_GROUPS
from cavok.domain.verifications import LEASE, TIME_LIMIT
from cavok.services.survey_regions import TIME_LIMIT_SECONDS as SURVEY_SECONDS
from cavok.services.sweep import CALLS_OF_A_PAGE
from local.settings import ROOT
from tests.support.asl import Run
from tests.support.longest_calls import A_CALL, OF_OURS, SHOWING
from tests.support.state_machines import SWEEP, VERIFY, placeholders, states
from tests.support.template import template

EXPRESS_SECONDS = 300
"""An EXPRESS execution ends after five minutes, whatever its definition says.

Source: Step Functions Developer Guide, "Choosing workflow type".
"""
TRANSITION = 1
"""Seconds that a state takes beside its function, such as for a cold start."""

STATES = {name: state for machine in (VERIFY, SWEEP) for name, state in states(machine)}
INVOKING = [n for n, s in STATES.items() if str(s.get("Resource", "")).endswith(":lambda:invoke")]


def function_seconds(state: str) -> int:
    """The timeout of the function that a state invokes."""
    (placeholder,) = placeholders(STATES[state]["Arguments"]["FunctionName"])
    function = template()["Resources"][placeholder.removesuffix("Arn")]["Properties"]
    seconds: int = function.get("Timeout", template()["Globals"]["Function"]["Timeout"])
    return seconds


def waits(state: str) -> float:
    """Seconds between all tries of a state, if each of its retriers is used up."""
    return sum(
        rule["IntervalSeconds"] * rule["BackoffRate"] ** retry
        for rule in STATES[state].get("Retry", ())
        for retry in range(rule["MaxAttempts"])
    )


def tries(state: str) -> int:
    return sum(rule["MaxAttempts"] for rule in STATES[state].get("Retry", ()))


def longest(state: str) -> float:
    """The last try takes as long as its function may, all others are refused at once."""
    return function_seconds(state) + waits(state) + (1 + tries(state)) * TRANSITION


@pytest.mark.parametrize("state", INVOKING)
def test_a_function_gives_up_before_its_state_does(state: str) -> None:
    """So that operators read the function's own error, and not States.Timeout."""
    assert function_seconds(state) < STATES[state]["TimeoutSeconds"]


def test_a_scheduled_test_of_a_customer_that_hangs_is_recorded_before_its_workflow_ends() -> None:
    whole = longest("ProbeAccount") + longest("RecordVerification")

    assert whole < EXPRESS_SECONDS


def test_an_account_is_waited_for_a_little_longer_than_its_calls_may_begin() -> None:
    """Ten seconds is what a customer that hangs may cost others, on earlier pages too."""
    assert SHORT_TEST_SECONDS < PATIENCE_SECONDS
    assert UNCLEAR_HOLD_UP_SECONDS + PATIENCE_SECONDS + HAND_OVER_SECONDS <= 10


def test_a_page_that_begins_at_the_last_moment_ends_before_its_function_does() -> None:
    one_write = 25  # of the table: three tries of four seconds, and the connections
    last_page = SWEEP_IS_OVER_SECONDS + one_write

    assert last_page < function_seconds("SweepAccounts")


def test_a_synchronization_that_is_started_last_is_so_before_the_sweeps_function_ends() -> None:
    """Step Functions does not answer, and a page began at the last moment."""
    one_write = 25
    whole = SWEEP_IS_OVER_SECONDS + one_write + STARTING_SECONDS + OF_OURS

    assert whole < function_seconds("SweepAccounts")


def test_the_last_messages_of_a_batch_are_sent_before_the_function_that_publishes_ends() -> None:
    """Neither the bus nor a queue answers the call that began at the last moment."""
    timeout = template()["Resources"]["PublishEvents"]["Properties"]["Timeout"]

    assert PUBLISHING_SECONDS + OF_OURS < SENDING_SECONDS, "what the bus took is sent to queues"
    assert timeout - 10 > SENDING_SECONDS + OF_OURS


def test_the_last_log_lines_of_a_batch_are_tried_before_the_function_ends() -> None:
    """CloudWatch Logs of that account does not answer."""
    timeout = template()["Resources"]["LogInteractions"]["Properties"]["Timeout"]

    assert timeout > LINES_SECONDS + A_CALL


def test_what_begins_at_the_last_moment_of_ending_resources_ends_before_the_function_does() -> None:
    """Then no run is killed because of many clocks. Nor does one hold an execution for long."""
    one_write, one_clock_that_is_throttled = 25, 1 + 2 + 4 + 8  # botocore's longest waits
    last = ENDING_SECONDS + max(one_write, one_clock_that_is_throttled)

    assert last < template()["Resources"]["EndResources"]["Properties"]["Timeout"] <= 60


def test_the_last_unknown_clock_is_ended_before_the_function_ends() -> None:
    two_calls_that_are_throttled = 2 * (1 + 2 + 4 + 8)
    timeout = template()["Resources"]["ReconcileClocks"]["Properties"]["Timeout"]

    assert RECONCILING_SECONDS + two_calls_that_are_throttled < timeout


def test_a_persons_test_of_a_customer_that_hangs_ends_with_a_verdict() -> None:
    """Its own account answers nothing: each state waits for its last call."""
    probes = sum(len(group.permissions) for group in PROBED_GROUPS)
    the_log_group = 1
    rounds = ceil((probes + the_log_group) / template()["Parameters"]["ProbesAtOnce"]["MinValue"])
    last_call = PERMISSION_SECONDS + A_CALL
    waiting = {
        "OpenSession": A_CALL,
        "SurveyRegions": 2 * SURVEY_SECONDS,
        "ProbePermissions": rounds * (last_call + SHOWING + TRANSITION),
        "WriteCustomerLog": last_call,
    }
    whole = sum(waiting.values()) + 6 * TRANSITION

    assert whole < VERIFY["TimeoutSeconds"]
    assert VERIFY["TimeoutSeconds"] <= EXPRESS_SECONDS, "the same definition is deployed as EXPRESS"


def test_a_test_is_over_before_its_slot_lapses() -> None:
    """A person's from the request on; one that a sweep started from its lease on."""
    slot = TIME_LIMIT.total_seconds()

    assert VERIFY["TimeoutSeconds"] < slot
    assert slot > EXPRESS_SECONDS
    assert slot < LEASE.total_seconds()


def test_a_test_that_a_sweep_begins_late_is_over_before_its_slot_lapses() -> None:
    whole = BEGINNING_SECONDS + OF_OURS + EXPRESS_SECONDS

    assert whole < TIME_LIMIT.total_seconds()


def test_a_sweep_is_one_state_and_says_what_it_did() -> None:
    """Each costs money, and a sweep comes every two minutes, whatever is due."""
    found = {"tested": 3, "handed_over": ["a"], "left": False}
    asked: list[str] = []

    def call(state: str, resource: str, arguments: Any) -> Any:
        asked.append(state)
        return {"Payload": found}

    context = {"Execution": {"Name": "one", "Id": "arn:one", "StartTime": "2026-01-05T10:00:00Z"}}

    assert Run(context, call).run(SWEEP, {}) == found
    assert asked == ["SweepAccounts"]


def test_a_sweep_that_gets_no_answer_whether_another_runs_has_time_for_its_tests() -> None:
    assert OF_OURS < SWEEP_SECONDS / 2


def test_a_sweep_is_over_before_the_next_one_begins() -> None:
    """Which then goes on with what is left, and does not leave it to the one before."""
    rate = template()["Parameters"]["SweepRate"]["Default"]
    (minutes,) = re.findall(r"rate\((\d+) minutes\)", rate)
    assert 60 * int(minutes) > SWEEP_IS_OVER_SECONDS


def test_a_sweep_that_is_taken_apart_ends_in_time() -> None:
    whole = sum(map(longest, ("SweepAccounts", "TakeApart")))

    assert whole < SWEEP["TimeoutSeconds"]


def test_a_page_of_a_sweep_has_the_processor_for_its_calls_and_for_what_it_weighs() -> None:
    """Else accounts that are as usual run out of time beside one that is not."""
    whole_processor = 1769
    memory = template()["Resources"]["SweepAccounts"]["Properties"]["MemorySize"]

    has = SHORT_TEST_SECONDS * min(1, memory / whole_processor)
    assert has >= CALLS_OF_A_PAGE * CALL_SECONDS + WEIGHING_SECONDS


def test_the_documents_tell_what_a_page_has_for_what_it_weighs() -> None:
    text = " ".join((ROOT / "docs" / "sweeping.md").read_text().split())

    assert f"A page spends {WEIGHING_SECONDS} seconds of the processor on" in text
    assert f"each has at least {LEAST_WEIGHING_SECONDS} seconds" in text
    assert f"which takes {1000 * HUNDRED_INSTANCES_SECONDS:.0f} ms a hundred" in text
    assert f"up to {MAX_CALLS} dry runs a region and action" in text


@pytest.mark.parametrize(("wait", "hidden"), [(9.8, 10), (10, 10), (0.2, 1)])
def test_a_message_comes_again_no_earlier_than_it_is_to(wait: float, hidden: int) -> None:
    assert ComesAgain(wait).seconds == hidden
