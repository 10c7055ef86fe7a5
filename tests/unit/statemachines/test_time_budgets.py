"""Times add up: each thing that gives up does so before what waits for it.

A customer that hangs makes our functions wait as long as they ever do, in each state. Everything
is read from where it is set: both workflows, the template, and the code.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from math import ceil
from typing import Any

import pytest

from cavok.domain.deadlines import PERMISSION_SECONDS
from cavok.domain.permissions import PROBED_GROUPS
from cavok.domain.verifications import LEASE, TIME_LIMIT
from cavok.services.survey_regions import TIME_LIMIT_SECONDS as SURVEY_SECONDS
from tests.integration.asl import Run
from tests.support.template import template
from tests.unit.domain.test_deadlines import A_CALL, SHOWING
from tests.unit.statemachines.test_definitions import SWEEP, VERIFY, placeholders, states

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


def child_of_a_sweep() -> float:
    """One account in a child, from its start until a test that hangs is recorded as aborted."""
    given_up = STATES["VerifyAccount"]["TimeoutSeconds"] + waits("VerifyAccount")
    aborting = STATES["AbortDeadTest"]["TimeoutSeconds"] + waits("AbortDeadTest")
    return float(given_up + aborting + 5 * TRANSITION)


@pytest.mark.parametrize("state", INVOKING)
def test_a_function_gives_up_before_its_state_does(state: str) -> None:
    """So that operators read the function's own error, and not States.Timeout."""
    assert function_seconds(state) < STATES[state]["TimeoutSeconds"]


def test_a_scheduled_test_of_a_customer_that_hangs_is_recorded_before_the_sweep_gives_it_up() -> (
    None
):
    whole = longest("ProbeAccount") + longest("RecordVerification")

    assert whole < STATES["VerifyAccount"]["TimeoutSeconds"]


def test_a_child_of_the_sweep_is_over_before_step_functions_ends_it() -> None:
    """Else one customer that hangs ends the child of forty."""
    assert child_of_a_sweep() < EXPRESS_SECONDS


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
    """A person's from the request on; the sweep's from the lease of its page on."""
    slot = TIME_LIMIT.total_seconds()

    assert VERIFY["TimeoutSeconds"] < slot
    assert function_seconds("ListDueAccounts") + child_of_a_sweep() < slot
    assert slot < LEASE.total_seconds()


def at_the_end_of_a_page(*, pages: int, hours: float) -> list[str]:
    """The tasks that a sweep still does once it has tested so many pages for so long."""
    done: list[str] = []

    def call(state: str, resource: str, arguments: Any) -> Any:
        done.append(state)
        return {"Payload": {"accounts": []}}

    began = datetime.now(UTC) - timedelta(hours=hours)
    context = {"Execution": {"StartTime": began.isoformat(), "Name": "one", "Id": "arn:one"}}
    Run(context, call, {"pages": pages}).run(SWEEP | {"StartAt": "IsThereTimeForAPage?"}, {})
    return done


def test_a_sweep_leaves_off_before_it_leases_a_page_that_it_could_not_test() -> None:
    """Leased accounts that nobody tests would count as aborted tests, and ring the operators."""
    assert at_the_end_of_a_page(pages=999, hours=4.99) == ["ListDueAccounts"]
    assert at_the_end_of_a_page(pages=1000, hours=0) == []
    assert at_the_end_of_a_page(pages=1, hours=5.01) == []


def test_a_page_that_begins_in_the_fifth_hour_ends_before_the_sweep_does() -> None:
    page = STATES["ListDueAccounts"]["TimeoutSeconds"] + waits("ListDueAccounts") + EXPRESS_SECONDS

    assert 5 * 3600 + 2 * page < SWEEP["TimeoutSeconds"]
