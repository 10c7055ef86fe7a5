"""What operators see of a test: its execution by name, its states, its log lines and metrics."""

from __future__ import annotations

import json
import secrets
from typing import Any

import pytest

from cavok.domain.permissions import PROBED_GROUPS
from local.stack import Stack
from tests.support import inspection
from tests.support.journeys import Journey, Journeys
from tests.support.organizations import Organization

STATES = [
    "IsAnyoneWatching?",
    "OpenSession",
    "SurveyRegions",
    "ProbePermissions",
    "WriteCustomerLog",
    "RecordVerification",
]


@pytest.fixture
def journey(journeys_of_all: Journeys) -> Journey:
    return journeys_of_all["all-permissions"]


@pytest.fixture
def verification_id(stack: Stack, journey: Journey) -> str:
    """Of a test whose execution has ended, too."""
    verification_id = str(journey.verification["verification_id"])
    inspection.ended(stack, verification_id)
    return verification_id


def states_entered(stack: Stack, verification_id: str) -> list[str]:
    return [
        event["stateEnteredEventDetails"]["name"]
        for event in inspection.history(stack, verification_id)
        if "stateEnteredEventDetails" in event
    ]


def lines_of(stack: Stack, function: str, verification_id: str) -> list[dict[str, Any]]:
    """A function's own log lines about one test."""
    lines = inspection.structured(inspection.log_lines(stack, f"/{function}"))
    return [line for line in lines if line.get("verification_id") == verification_id]


def test_an_execution_is_named_after_its_verification(stack: Stack, verification_id: str) -> None:
    found = inspection.execution(stack, verification_id)

    assert (found["name"], found["status"]) == (verification_id, "SUCCEEDED")


def test_each_state_that_was_entered_shows_by_name(stack: Stack, verification_id: str) -> None:
    assert states_entered(stack, verification_id) == STATES


@pytest.mark.parametrize(
    ("customer", "states"),
    [
        ("logs-off", STATES),
        ("keys-of-another-account", STATES),
        ("no-role-yet", ["IsAnyoneWatching?", "OpenSession", "RecordVerification"]),
    ],
)
def test_the_graph_shows_which_way_a_test_took(
    stack: Stack, journeys_of_all: Journeys, customer: str, states: list[str]
) -> None:
    verification = journeys_of_all[customer].verification

    assert states_entered(stack, verification["verification_id"]) == states


def test_a_refused_entry_shows_its_error_and_cause_in_the_history(
    stack: Stack, journeys_of_all: Journeys
) -> None:
    verification = journeys_of_all["no-role-yet"].verification
    failed = [
        event["taskFailedEventDetails"]
        for event in inspection.history(stack, verification["verification_id"])
        if "taskFailedEventDetails" in event
    ]

    assert {details["error"] for details in failed} == {"EntryRefusedYet"}
    assert all("AccessDenied" in details["cause"] for details in failed)


def test_a_request_can_be_followed_through_every_function_it_caused(
    stack: Stack, verification_id: str
) -> None:
    asked = lines_of(stack, "accounts_api", verification_id)
    correlation_id = asked[0]["correlation_id"]

    assert correlation_id
    for function in (
        "open_session",
        "probe_permission",
        "write_customer_log",
        "record_verification",
    ):
        lines = lines_of(stack, function, verification_id)
        assert lines, function
        assert {line["correlation_id"] for line in lines} == {correlation_id}, function


def test_each_request_leaves_one_line_with_its_answer(
    stack: Stack, journey: Journey, verification_id: str
) -> None:
    path = f"{journey.connected.path}/verifications"
    lines = inspection.structured(inspection.log_lines(stack, "/accounts_api"))
    asked = next(line for line in lines if line.get("verification_id") == verification_id)

    (answered,) = [
        line
        for line in lines
        if line["message"] == "Answered" and line["correlation_id"] == asked["correlation_id"]
    ]

    assert (answered["method"], answered["status"]) == ("POST", 202)
    assert answered["path"].endswith(path)


def test_what_a_client_sends_cannot_break_a_log_line(
    stack: Stack, organization: Organization
) -> None:
    mark = secrets.token_hex(8)
    path = f"/v1/accounts/{mark}\u2028\u0085é{{"

    assert organization.admin.get(path).status_code == 404

    (line,) = [line for line in inspection.log_lines(stack, "/accounts_api") if mark in line]
    assert json.loads(line)["path"].endswith(path)


def metric_lines(stack: Stack, function: str, metric: str) -> list[dict[str, Any]]:
    lines = inspection.structured(inspection.log_lines(stack, f"/{function}"))
    return [line for line in lines if "_aws" in line and metric in line]


def test_probes_are_measured_by_action(stack: Stack, journey: Journey) -> None:
    measured = metric_lines(stack, "probe_permission", "ProbeLatency")

    probed = {
        step["step"]
        for step in journey.verification["steps"]
        if step["group"] in {group.group for group in PROBED_GROUPS}
    }
    assert {line["action"] for line in measured} >= probed
    for line in measured:
        (about,) = line["_aws"]["CloudWatchMetrics"]
        assert about["Namespace"] == "Cavok/Accounts"
        assert {"Name": "ProbeLatency", "Unit": "Milliseconds"} in about["Metrics"]
        assert sorted(about["Dimensions"][0]) == ["action", "service"]
        assert line["ProbeInconclusive"] in ([0.0], [1.0])


def test_tests_are_counted_by_outcome(stack: Stack, journeys_of_all: Journeys) -> None:
    outcomes = {journey.verification["outcome"] for journey in journeys_of_all.values()}

    counted = metric_lines(stack, "record_verification", "Verifications")

    assert outcomes == {"confirmed", "degraded", "failed"}
    assert outcomes <= {line["outcome"] for line in counted}
    assert all(line["Verifications"] == [1.0] for line in counted)
