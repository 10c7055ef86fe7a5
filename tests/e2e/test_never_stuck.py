"""Whatever dies, a test ends and its account is free again."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import pytest

from cavok.adapters.customer.probes import PROBES
from cavok.domain.permissions import LOGS, STEPS
from local import aws, customers
from local.customers import CustomerAccount
from local.faults import FOREVER, Fault, faults
from local.stack import Stack
from tests.support import inspection
from tests.support.connections import TEST_SECONDS, Connected, connect
from tests.support.http import Json, answer, problem
from tests.support.invariants import Declare
from tests.support.journeys import Journeys
from tests.support.organizations import Organization


@pytest.fixture(scope="module", autouse=True)
def _nobody_else_is_tested(journeys_of_all: Journeys) -> None:
    """What is broken here on purpose is broken for everybody."""
    for _ in journeys_of_all.values():
        pass


@pytest.fixture
def connected(organization: Organization, new_place: Callable[[], CustomerAccount]) -> Connected:
    """An account that a test would confirm."""
    made = connect(organization.admin, new_place(), write_logs=False)
    customers.deploy(made.place, made.offer())
    return made


@pytest.fixture
def without_role(organization: Organization, new_place: Callable[[], CustomerAccount]) -> Connected:
    """An account whose test waits most of a minute for a role."""
    return connect(organization.admin, new_place(), write_logs=False)


def execution_status(stack: Stack, verification: Json) -> str:
    """How its execution ended."""
    return str(inspection.ended(stack, verification["verification_id"])["status"])


def stop(stack: Stack, verification: Json) -> None:
    """What an operator does in the Step Functions console."""
    aws.step_functions(stack.emulator_url).stop_execution(
        executionArn=inspection.execution_arn(stack, verification["verification_id"]),
        error="Operator",
        cause="Enough of it.",
    )


@contextmanager
def function_without(stack: Stack, logical_id: str, *settings: str) -> Iterator[None]:
    """A function whose environment lacks what it needs, so that each of its invocations crashes."""
    function = aws.client("lambda", stack.emulator_url)
    name = inspection.resource_name(stack, logical_id)
    whole = function.get_function_configuration(FunctionName=name)["Environment"]["Variables"]
    broken = {key: value for key, value in whole.items() if key not in settings}
    assert broken != whole
    function.update_function_configuration(FunctionName=name, Environment={"Variables": broken})
    try:
        yield
    finally:
        function.update_function_configuration(FunctionName=name, Environment={"Variables": whole})


@contextmanager
def workflow_changed(stack: Stack, change: Callable[[dict[str, Any]], object]) -> Iterator[None]:
    """The workflow with a definition that somebody changed."""
    client, arn = aws.step_functions(stack.emulator_url), stack.state_machines["verify_account"]
    whole = client.describe_state_machine(stateMachineArn=arn)["definition"]
    changed = json.loads(whole)
    change(changed)
    client.update_state_machine(stateMachineArn=arn, definition=json.dumps(changed))
    try:
        yield
    finally:
        client.update_state_machine(stateMachineArn=arn, definition=whole)


def assert_aborted(connected: Connected, verification: Json) -> None:
    assert (verification["state"], verification["outcome"]) == ("aborted", None)
    assert verification["finished_at"] is not None
    account = connected.account()
    assert (account["status"], account["testing"]) == ("unconfirmed", False)
    assert account["verification"] is None
    assert account["next_verification_at"] is not None


def assert_free(connected: Connected, before: Json) -> None:
    """The next test starts at once and does what it should."""
    again = connected.test()
    assert again["verification_id"] != before["verification_id"]
    assert again["outcome"] == "confirmed"
    assert connected.account()["status"] == "confirmed"


def test_a_test_that_an_operator_stops_keeps_its_steps_and_frees_the_account(
    stack: Stack, connected: Connected, declare: Declare
) -> None:
    declare("VerifyAccount", "ABORTED Operator", because="an operator stops it")
    stopped: list[int] = []

    def stop_in_the_middle(seen: Json) -> None:
        if seen["state"] == "running" and seen["steps"] and not stopped:
            stop(stack, seen)
            stopped.append(len(seen["steps"]))

    # However fast the tests are: these steps wait until it is stopped.
    with faults(Fault("rds", connected.place.account_number, seconds=FOREVER)):
        ended = connected.watch(
            connected.press_test()["verification_id"], stop_in_the_middle, every=0.02
        )

    assert execution_status(stack, ended) == "ABORTED"
    assert_aborted(connected, ended)
    assert len(ended["steps"]) >= stopped[0] > 0
    assert_free(connected, ended)


def test_a_test_that_is_stopped_before_its_first_step_ends_too(
    stack: Stack, without_role: Connected, declare: Declare
) -> None:
    declare("VerifyAccount", "ABORTED Operator", because="an operator stops it")
    started = without_role.press_test()
    stop(stack, started)

    ended = without_role.watch(started["verification_id"])

    assert_aborted(without_role, ended)
    assert ended["steps"] == []


def test_a_test_that_runs_out_of_time_is_aborted(
    stack: Stack, without_role: Connected, declare: Declare
) -> None:
    declare("VerifyAccount", "TIMED_OUT", because="it has two seconds")
    with workflow_changed(stack, lambda definition: definition.update(TimeoutSeconds=2)):
        ended = without_role.test()

    assert execution_status(stack, ended) == "TIMED_OUT"
    assert_aborted(without_role, ended)


def test_a_test_whose_workflow_fails_is_aborted_with_the_steps_it_had(
    stack: Stack, connected: Connected, declare: Declare
) -> None:
    declare("VerifyAccount", "FAILED Broken", because="its last state fails")
    broken = {"Type": "Fail", "Error": "Broken", "Cause": "As if the state could not be run."}
    shown: set[str] = set()

    def see(now: Json) -> None:
        if now["state"] == "running":
            shown.update(step["step"] for step in now["steps"])

    with workflow_changed(stack, lambda it: it["States"].update(RecordVerification=broken)):
        ended = connected.watch(connected.press_test()["verification_id"], see)

    assert execution_status(stack, ended) == "FAILED"
    assert_aborted(connected, ended)
    kept = {step["step"] for step in ended["steps"]}
    # Progress that cannot be stored within a second is not: the report would have it.
    assert kept >= shown
    assert kept
    assert kept <= set(STEPS) - set(LOGS.actions)
    assert_free(connected, ended)


def test_when_open_session_crashes_the_account_keeps_its_status(
    stack: Stack, connected: Connected, declare: Declare
) -> None:
    declare("OpenSession", "NotConfigured", because="it has no TABLE_NAME")
    with function_without(stack, "OpenSession", "TABLE_NAME"):
        ended = connected.test()

    assert execution_status(stack, ended) == "SUCCEEDED"
    assert_aborted(connected, ended)
    entry = ended["steps"][0]
    assert (entry["step"], entry["verdict"], entry["ok"], entry["reason"]) == (
        "sts:AssumeRole",
        "inconclusive",
        None,
        "error",
    )
    assert entry["error_code"] == "NotConfigured"
    assert_free(connected, ended)


def test_when_probes_crash_they_are_inconclusive_and_the_others_go_on(
    stack: Stack, connected: Connected, declare: Declare
) -> None:
    declare("ProbePermission", "NotConfigured", because="it has no SEALING_KEY_ID")
    with function_without(stack, "ProbePermission", "SEALING_KEY_ID"):
        ended = connected.test()

    assert ended["state"] == "finished"
    trust = [step for step in ended["steps"] if step["group"] == "trust"]
    probed = [step for step in ended["steps"] if step["step"] in PROBES]
    assert [step["ok"] for step in trust] == [True] * 4
    assert {
        (step["verdict"], step["ok"], step["evidence"], step["reason"], step["error_code"])
        for step in probed
    } == {("inconclusive", None, "none", "error", "NotConfigured")}
    assert set(connected.account()["capabilities"].values()) == {"unknown"}
    assert_free(connected, ended)


def test_when_record_verification_crashes_it_is_tried_again(
    stack: Stack, connected: Connected, declare: Declare
) -> None:
    declare("RecordVerification", "NotConfigured", because="it has no TABLE_NAME")

    def crashes() -> int:
        return inspection.failures(stack, started["verification_id"]).count("NotConfigured")

    with function_without(stack, "RecordVerification", "TABLE_NAME"):
        started = connected.press_test()
        deadline = time.monotonic() + TEST_SECONDS
        while not crashes() and time.monotonic() < deadline:
            time.sleep(0.1)
    assert crashes()

    ended = connected.watch(started["verification_id"])

    assert (ended["state"], ended["outcome"]) == ("finished", "confirmed")
    assert len(ended["steps"]) == len(STEPS)


def test_a_test_of_a_connection_that_was_changed_meanwhile_does_not_count(
    stack: Stack, without_role: Connected
) -> None:
    """The test waits for a role of one name, while there is one of another. With the change to that
    name, it goes on to its end.
    """
    connected = without_role
    before, other = {"role_name": connected.offer().role_name}, {"role_name": "CavokOther"}
    answer(connected.person.patch(connected.path, json=other))
    customers.deploy(connected.place, connected.offer())
    answer(connected.person.patch(connected.path, json=before))

    started = connected.press_test()
    changed = answer(connected.person.patch(connected.path, json=other))
    ended = connected.watch(started["verification_id"])

    assert changed["testing"] is True
    assert execution_status(stack, ended) == "SUCCEEDED"
    assert_aborted(connected, ended)
    assert len(ended["steps"]) == len(STEPS)


def test_an_account_that_is_deleted_while_its_test_runs_stays_deleted(
    stack: Stack, without_role: Connected, organization: Organization
) -> None:
    started = without_role.press_test()

    assert without_role.person.delete(without_role.path).status_code == 204

    problem(without_role.person.get(without_role.path), 404)
    problem(
        without_role.person.get(f"{without_role.path}/verifications/{started['verification_id']}"),
        404,
    )
    table = aws.client("dynamodb", stack.emulator_url)
    key = {
        "pk": {"S": f"ACCOUNT#{without_role.account_id}"},
        "sk": {"S": f"VERIFICATION#{started['verification_id']}"},
    }
    status = execution_status(stack, started)
    recorded = table.get_item(TableName=stack.table_name, Key=key)["Item"]

    assert status == "SUCCEEDED"
    assert recorded["state"]["S"] == "aborted"
    assert "expires_at" in recorded
    listed = answer(organization.admin.get("/v1/accounts", params={"limit": 100}))["items"]
    assert without_role.account_id not in [account["account_id"] for account in listed]
    connect(organization.admin, without_role.place)
