"""What AWS and customers may do to a sweep: hang, throttle, answer nonsense, be down."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from cavok.domain.access_denied import OUT_OF_TIME
from local import customers, sweep
from local.customers import CustomerAccount
from local.faults import FOREVER, Fault, faults
from local.stack import Stack
from tests.support import bus, inspection, sweeps
from tests.support.connections import Connected, connect
from tests.support.http import Json, answer
from tests.support.invariants import Declare
from tests.support.organizations import Organization
from tests.support.waiting import eventually

CASES = ("works", "hangs", "throttles", "refuses", "talks nonsense")


@pytest.fixture(scope="module")
def confirmed(
    stack: Stack, own_organization: Organization, new_place: Callable[[], CustomerAccount]
) -> Iterator[dict[str, Connected]]:
    """By a sweep, since nobody pressed Test."""
    made = {case: connect(own_organization.admin, new_place(), write_logs=False) for case in CASES}
    for account in made.values():
        customers.deploy(account.place, account.offer())
    sweeps.make_due(stack, own_organization.name, *made.values())
    sweeps.run_sweep(stack)
    assert {account.account()["status"] for account in made.values()} == {"confirmed"}
    yield made
    for account in made.values():  # the broken ones would come due in later tests' sweeps
        answer(account.person.delete(account.path))


def last_test(account: Connected) -> Json:
    return sweeps.tests_of(account)[0]


def verdicts(test: Json, group: str) -> set[tuple[str, str | None]]:
    """Of a group, with the error where nothing is known."""
    return {
        (step["verdict"], step["error_code"] if step["ok"] is None else None)
        for step in test["steps"]
        if step["group"] == group
    }


def problems(account: Json) -> list[str]:
    """The codes of all issues that are more than information, such as a permission that a test
    could not ask for.
    """
    return [each["code"] for each in account["issues"] if each["severity"] == "problem"]


def test_what_a_customer_does_to_us_costs_its_own_child_alone(
    stack: Stack, own_organization: Organization, confirmed: dict[str, Connected], declare: Declare
) -> None:
    declare("ProbeAccount", "ResponseParserError", because="its IAM answers nonsense")
    number = {case: account.place.account_number for case, account in confirmed.items()}
    refusing = confirmed["refuses"]
    customers.deny("ec2:StopInstances")(refusing.place, refusing.offer().role_name)
    before = {case: sweeps.last_tested(account) for case, account in confirmed.items()}
    sweeps.make_due(stack, own_organization.name, *confirmed.values())
    with faults(
        Fault(service="rds", account=number["hangs"], seconds=FOREVER),
        Fault("ec2", number["throttles"], status=503, code="RequestLimitExceeded"),
        Fault("iam", number["talks nonsense"], status=200),
    ):
        swept = sweeps.run_sweep(stack)

    assert swept.total >= len(CASES)
    own = {case for case, one in confirmed.items() if one.account_id in swept.handed_over}
    assert own >= {"hangs", "throttles", "talks nonsense"}, "and whoever a busy machine holds up"
    tests = {case: last_test(account) for case, account in confirmed.items()}
    for case in {"works", "refuses"} - own:
        found_at = sweeps.last_tested(confirmed[case])
        assert before[case] < found_at < tests["hangs"]["finished_at"], "it waited for nobody"
    assert {test["trigger"] for test in tests.values()} == {"scheduled"}
    outcomes = {case: (test["state"], test["outcome"]) for case, test in tests.items()}
    assert outcomes["works"] == ("finished", "confirmed")
    assert outcomes["refuses"] == ("finished", "degraded")
    assert outcomes["talks nonsense"] == ("aborted", None)
    assert verdicts(tests["hangs"], "rds") - {("inconclusive", OUT_OF_TIME)} == {
        ("inconclusive", "RequestTimeout")
    }
    assert verdicts(tests["hangs"], "ec2") == {("allowed", None)}
    assert verdicts(tests["throttles"], "ec2") == {("inconclusive", "RequestLimitExceeded")}
    for case in ("works", "hangs", "throttles", "talks nonsense"):
        now = confirmed[case].account()
        assert (now["status"], problems(now)) == ("confirmed", []), case
        assert now["next_verification_at"], "and it is tried again"


def test_sts_being_down_fails_no_customer_and_rings_the_operators(
    stack: Stack, own_organization: Organization, confirmed: dict[str, Connected]
) -> None:
    accounts = [confirmed["works"], confirmed["hangs"], confirmed["throttles"]]
    broken_before = entries_broken(stack)
    with bus.operators(stack, "AbortedTestsAlarm") as rung:
        with faults(Fault("sts", status=503, code="ServiceUnavailable")):
            for _ in range(2):  # the alarm wants more than five tests
                sweeps.make_due(stack, own_organization.name, *accounts)
                sweeps.run_sweep(stack)
        eventually(rung, "the alarm reaches who subscribed to the topic")

    for account in accounts:
        last, now = last_test(account), account.account()
        assert (last["trigger"], last["state"], last["outcome"]) == ("scheduled", "aborted", None)
        assert (now["status"], problems(now), now["testing"]) == ("confirmed", [], False)
        assert now["next_verification_at"]
    assert entries_broken(stack) == broken_before, "nothing of ours was broken"

    before = {sweeps.last_tested(account) for account in accounts}
    sweeps.make_due(stack, own_organization.name, *accounts)
    sweeps.run_sweep(stack)
    assert all(sweeps.last_tested(account) > max(before) for account in accounts)


def entries_broken(stack: Stack) -> int:
    lines = inspection.structured(inspection.log_lines(stack, "/probe_account"))
    return sum("OurEntryBroken" in line for line in lines)


def test_the_schedule_starts_sweeps_by_itself(
    stack: Stack, own_organization: Organization, confirmed: dict[str, Connected]
) -> None:
    account = confirmed["works"]
    before = sweeps.last_tested(account)
    sweeps.make_due(stack, own_organization.name, account)

    with sweeps.schedule_enabled(stack):
        eventually(
            lambda: sweeps.last_tested(account) > before, "the schedule starts a sweep", seconds=240
        )

    assert account.account()["status"] == "confirmed"
    assert sweep.schedule(stack)["State"] == "DISABLED", "and locally it rests again"
