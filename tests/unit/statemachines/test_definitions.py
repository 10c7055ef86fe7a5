"""The workflows' definitions: what an operator reads, and what happens when something fails."""

from __future__ import annotations

import inspect
from pathlib import Path
from typing import Any

import pytest

from cavok.adapters.customer.session import WrongKey
from cavok.domain import errors
from cavok.domain.permissions import ACCOUNT_MATCHES
from cavok.domain.steps import REFUSALS_WANTED
from cavok.domain.survey import Survey
from cavok.services.sweep import AT_ONCE
from local.settings import ROOT
from tests.support.asl import Run, TaskFailed
from tests.support.state_machines import SWEEP, VERIFY, definition, placeholders, states
from tests.support.template import highest, template

DEFINITIONS = sorted(ROOT.glob("statemachines/*.asl.json"))
each_definition = pytest.mark.parametrize("path", DEFINITIONS, ids=lambda path: path.name)

OUR_ERRORS = {
    name
    for name, thing in vars(errors).items()
    if inspect.isclass(thing) and issubclass(thing, errors.CavokError)
} | {WrongKey.__name__}
STS_QUOTA = 600
"""Calls a second. Source: IAM User Guide, "IAM and AWS STS quotas"."""
ASSUMED_PER_TEST = 3


SERVICES = ("Lambda.", "Runtime.", "Sandbox.", "States.", "DynamoDB.", "StepFunctions.", "Sfn.")


@each_definition
def test_every_state_says_why_it_is_there(path: Path) -> None:
    machine = definition(path)

    assert machine["Comment"]
    assert [name for name, state in states(machine) if len(state.get("Comment", "")) < 20] == []


@each_definition
def test_every_task_gives_up_in_time(path: Path) -> None:
    machine = definition(path)
    tasks = {name: state for name, state in states(machine) if state["Type"] == "Task"}

    assert tasks
    assert [
        name for name, task in tasks.items() if not 0 < task.get("TimeoutSeconds", 0) <= 900
    ] == []


@each_definition
def test_errors_that_are_retried_or_caught_are_ones_that_can_be_raised(path: Path) -> None:
    named = {
        error
        for _, state in states(definition(path))
        for rule in (*state.get("Retry", ()), *state.get("Catch", ()))
        for error in rule["ErrorEquals"]
    }

    assert {e for e in named if not e.startswith(SERVICES)} <= OUR_ERRORS


@each_definition
def test_only_the_way_to_the_end_catches_everything(path: Path) -> None:
    """Whoever retries everything retries bugs."""
    retried = {
        name
        for name, state in states(definition(path))
        for rule in state.get("Retry", ())
        if "States.ALL" in rule["ErrorEquals"]
    }

    assert retried <= {"RecordVerification"}


@each_definition
def test_every_retry_ends_and_waits_longer_each_time(path: Path) -> None:
    for _, state in states(definition(path)):
        for rule in state.get("Retry", ()):
            assert 1 <= rule["MaxAttempts"] <= 5
            assert rule["BackoffRate"] > 1


@each_definition
def test_every_map_is_bounded(path: Path) -> None:
    for name, state in states(definition(path)):
        if state["Type"] == "Map" and name != "ProbePermissions":
            assert 0 < state["MaxConcurrency"] <= 40, name


def test_an_operator_says_how_many_permissions_are_probed_at_once() -> None:
    """Step Functions runs 40 iterations at once at most. Source: Step Functions Developer Guide,
    "Using Map state in Inline mode".
    """
    at_once = template()["Parameters"]["ProbesAtOnce"]

    set_to = VERIFY["States"]["ProbePermissions"]["MaxConcurrency"]

    assert set_to == "{% $number('${ProbesAtOnce}') %}"
    assert 1 <= at_once["MinValue"] <= at_once["Default"] < at_once["MaxValue"] <= 40


def test_a_sweep_leaves_sts_a_fifth_even_if_all_its_tests_begin_in_one_second() -> None:
    own = highest("SweepTests")

    assert (AT_ONCE + own) * ASSUMED_PER_TEST <= 0.8 * STS_QUOTA


def test_the_tests_of_their_own_are_as_many_as_the_template_says() -> None:
    variables = template()["Resources"]["SweepAccounts"]["Properties"]["Environment"]["Variables"]

    assert variables["SWEEP_TESTS"] == {"Ref": "SweepTests"}
    assert variables["VERIFY_ACCOUNT_ARN"] == {"Ref": "VerifyAccountExpress"}


def test_a_test_assumes_a_role_as_often_as_the_share_is_reckoned() -> None:
    """One with the right external ID, and two that must be refused."""
    assert len(REFUSALS_WANTED) + 1 == ASSUMED_PER_TEST


@each_definition
def test_every_state_is_written_in_jsonata(path: Path) -> None:
    machine = definition(path)

    assert machine["QueryLanguage"] == "JSONata"
    assert [name for name, state in states(machine) if "QueryLanguage" in state] == []


LAMBDA_RETRY = {
    "ErrorEquals": [
        "Lambda.ClientExecutionTimeoutException",
        "Lambda.ServiceException",
        "Lambda.AWSLambdaException",
        "Lambda.SdkClientException",
        "Lambda.TooManyRequestsException",
    ],
    "IntervalSeconds": 1,
    "BackoffRate": 2,
    "MaxAttempts": 3,
}
"""How a failure of Lambda itself is retried: the first four as AWS advises, and throttling.
https://docs.aws.amazon.com/step-functions/latest/dg/bp-lambda-serviceexception.html
"""
RETRIED_OTHERWISE = {
    "RecordVerification": "retries everything: after it there is only EventBridge",
}


@each_definition
def test_every_state_retries_a_failure_of_lambda_alike(path: Path) -> None:
    retried = {
        name: state.get("Retry", [])[-1:]
        for name, state in states(definition(path))
        if state.get("Resource", "").endswith(":lambda:invoke") and name not in RETRIED_OTHERWISE
    }

    assert retried
    assert [name for name, last in retried.items() if last != [LAMBDA_RETRY]] == []


def test_a_round_of_a_synchronization_that_dies_is_made_once_more() -> None:
    """It crashed, ran out of memory or time. Source: Step Functions Developer Guide, "Handling
    errors in Step Functions workflows", Error names; Lambda Developer Guide, "Troubleshoot
    invocation issues in Lambda".
    """
    attempts = attempts_of_a_round()

    died = ("Lambda.Unknown", "Runtime.ExitError", "Sandbox.Timedout", "States.Timeout")
    assert [attempts.get(error) for error in died] == [1, 1, 1, 1]


def test_a_round_of_a_synchronization_that_only_has_to_wait_is_made_again() -> None:
    attempts = attempts_of_a_round()

    waits = ("EntryInconclusive", "OurEntryBroken", "BusyWithOthers", "ServiceUnavailable")
    assert [attempts.get(error) for error in waits] == [3, 3, 3, 3]


def attempts_of_a_round() -> dict[str, int]:
    """How often a round of a synchronization is repeated after each error."""
    machine = definition(ROOT / "statemachines/synchronize_organization.asl.json")
    rounds = machine["States"]["ReadOrganization"]["Retry"]
    return {error: rule["MaxAttempts"] for rule in rounds for error in rule["ErrorEquals"]}


def test_both_ways_of_entering_an_account_retry_alike() -> None:
    assert VERIFY["States"]["OpenSession"]["Retry"] == VERIFY["States"]["ProbeAccount"]["Retry"]


@each_definition
def test_nothing_is_written_into_the_definition_that_the_template_should_say(path: Path) -> None:
    text = path.read_text()

    assert "arn:aws:lambda" not in text
    assert "000000000000" not in text


@each_definition
def test_the_template_fills_in_each_placeholder_and_no_other(path: Path) -> None:
    wanted = set(placeholders(definition(path)))
    machines = [
        resource["Properties"]
        for resource in template()["Resources"].values()
        if resource["Type"] == "AWS::Serverless::StateMachine"
        and resource["Properties"]["DefinitionUri"] == f"statemachines/{path.name}"
    ]

    assert machines
    assert all(set(machine["DefinitionSubstitutions"]) == wanted for machine in machines)


def test_whatever_fails_on_the_way_of_a_test_is_recorded() -> None:
    for name in ("OpenSession", "ProbeAccount", "WriteCustomerLog"):
        (catch,) = VERIFY["States"][name]["Catch"]
        assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "RecordVerification")
    assert VERIFY["States"]["RecordVerification"]["End"]


def test_each_state_of_a_persons_test_works() -> None:
    """Each costs a person 25 ms, so none only chooses which comes next."""
    idle = {name for name, state in VERIFY["States"].items() if state["Type"] in ("Choice", "Pass")}

    assert idle == {"IsAnyoneWatching?"}, "one definition is deployed for people and for sweeps"


@pytest.mark.parametrize("session", [None, "sealed"])
def test_no_session_is_handed_to_a_state_that_has_no_use_for_it(session: str | None) -> None:
    """During an update, functions of an older release fail with null, and touch no account."""
    entering = {"step": ACCOUNT_MATCHES, "group": "trust"}
    opened = {"session": session, "steps": [entering], "probes": [], "regions": ["us-east-1"]}
    survey, handed, recorded = {"region_health": [], "elsewhere": None}, {}, {}

    def call(state: str, _: str, arguments: Any) -> Any:
        payload = arguments["Payload"]
        handed[state] = payload.get("session", "not told")
        if state == "RecordVerification":
            recorded.update(payload)
        answers = {"OpenSession": opened | {"write_logs": False}, "SurveyRegions": survey}
        return {"Payload": answers.get(state, [])}

    given = {"trigger": "manual"}
    Run({"Execution": {"Input": given}}, call).run(VERIFY, given)

    assert handed["SurveyRegions"] == session
    assert handed["WriteCustomerLog"] is None
    assert (recorded["steps"], recorded["failure"]) == ([entering], None)


@pytest.mark.parametrize(
    ("error", "after"),
    [
        ("SweepFailed", ["Fail"]),
        ("WrongKey", ["Fail"]),
        ("Lambda.TooManyRequestsException", ["Fail"]),
        ("Lambda.Unknown", ["TakeApart"]),
        ("Runtime.ExitError", ["TakeApart"]),
        ("Sandbox.Timedout", ["TakeApart"]),
        ("States.Timeout", ["TakeApart"]),
    ],
)
def test_a_sweep_takes_accounts_apart_only_if_one_of_them_may_have_killed_it(
    error: str, after: list[str]
) -> None:
    def call(state: str, _: str, arguments: Any) -> Any:
        if state == "SweepAccounts":
            raise TaskFailed(error)
        return {"Payload": {"tested": 0, "handed_over": ["a"], "left": False}}

    context = {"Execution": {"Name": "one", "Id": "arn:one", "StartTime": "2026-01-05T10:00:00Z"}}
    execution = Run(context, call)
    execution.run(SWEEP, {})

    visited = dict.fromkeys(name for name, _ in execution.history)
    assert [*visited] == ["SweepAccounts", *after]
    assert SWEEP["States"]["Fail"]["Type"] == "Fail"


def test_one_probe_never_stops_the_others() -> None:
    inner = VERIFY["States"]["ProbePermissions"]["ItemProcessor"]["States"]
    failing = [name for name, state in inner.items() if state["Type"] == "Task"]

    assert all(inner[name]["Catch"][0]["ErrorEquals"] == ["States.ALL"] for name in failing)


@pytest.mark.parametrize("state", ["OpenSession", "ProbeAccount"])
def test_an_entry_that_may_work_in_a_moment_is_retried_and_a_final_one_is_not(state: str) -> None:
    retried = {error for rule in VERIFY["States"][state]["Retry"] for error in rule["ErrorEquals"]}

    assert {"EntryRefusedYet", "EntryInconclusive"} <= retried
    assert not retried & {"EntryRefused", "AccountNotFound", "SealBroken"}


@each_definition
def test_no_state_writes_to_the_table(path: Path) -> None:
    """What is handed from state to state holds the sealed session."""
    assert [name for name, state in states(definition(path)) if ":dynamodb:" in str(state)] == []


def test_a_test_goes_on_without_the_survey() -> None:
    (catch,) = VERIFY["States"]["SurveyRegions"]["Catch"]

    assert (catch["ErrorEquals"], catch["Next"]) == (["States.ALL"], "ProbePermissions")
    assert "Assign" not in catch
    assert Survey.from_dict(VERIFY["States"]["OpenSession"]["Assign"]["survey"]) == Survey()
    for state in ("OpenSession", "ProbeAccount"):
        failed = VERIFY["States"][state]["Catch"][0]["Assign"]["survey"]
        assert Survey.from_dict(failed) == Survey()
