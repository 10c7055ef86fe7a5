"""Every sample customer, connected as its owner would, and what the test says of it, step by
step.
"""

from __future__ import annotations

from dataclasses import dataclass

import pytest

from cavok.domain.accounts import UNKNOWN_CAPABILITIES
from cavok.domain.permissions import LOGS, RDS, group_with
from tests.support.journeys import Journey, Journeys
from tests.support.verdicts import ALL_WORKS, FULL, Row, but, rows

OPEN_DOOR: Row = ("allowed", False, "live", "confused_deputy")


def denied(reason: str) -> Row:
    return ("denied", False, "live", reason)


def inconclusive(reason: str) -> Row:
    return ("inconclusive", None, "none", reason)


def skipped(reason: str) -> Row:
    return ("skipped", None, "none", reason)


TRUST_OF_A_ROLE = ("sts:AssumeRole", "trust:without-external-id", "trust:with-wrong-external-id")


UNKNOWN = dict.fromkeys(UNKNOWN_CAPABILITIES, "unknown")


@dataclass(frozen=True)
class Expected:
    """What a customer's test must say. `issues` are codes, with what the remedy must name."""

    status: str
    steps: dict[str, Row]
    capabilities: dict[str, str]
    issues: tuple[tuple[str, tuple[str, ...]], ...] = ()

    @property
    def outcome(self) -> str:
        """A test that cannot enter an account fails; a new account stays unconfirmed."""
        return "failed" if self.status == "unconfirmed" else self.status


EXPECTED = {
    "all-permissions": Expected("confirmed", ALL_WORKS, FULL),
    "ec2-only": Expected(
        "confirmed", but(denied("identity_policy"), "rds:"), {**FULL, "rds": "none"}
    ),
    "logs-refused": Expected(
        "degraded",
        but(denied("identity_policy"), "logs:"),
        {**FULL, "logs": "none"},
        (
            (
                "log_writing_refused",
                (*LOGS.actions, "role's policy"),
            ),
        ),
    ),
    "stop-denied": Expected(
        "confirmed",
        but(denied("explicit_deny"), "ec2:StopInstances"),
        {**FULL, "ec2": "partial"},
        (("permission_missing", ("ec2:StopInstances", "remove that Deny statement")),),
    ),
    # A boundary cannot be read. It may be limited to some databases, so that it refuses an absent
    # one, which proves nothing about real ones.
    "boundary-cuts-rds": Expected(
        "confirmed",
        {
            **but(denied("permissions_boundary"), "rds:"),
            **{
                each.action: inconclusive("not_provable")
                for each in RDS.permissions
                if each.probed_on
            },
        },
        {**FULL, "rds": "unknown"},
        (("permission_unproven", ("extend the boundary", "first use")),),
    ),
    "no-external-id": Expected(
        "failed",
        but(OPEN_DOOR, "trust:with"),
        UNKNOWN,
        (("confused_deputy", ("sts:ExternalId", "trust policy")),),
    ),
    "any-external-id": Expected(
        "failed",
        but(OPEN_DOOR, "trust:with-wrong"),
        UNKNOWN,
        (("confused_deputy", ("StringEquals sts:ExternalId", "trust policy")),),
    ),
    "access-key": Expected(
        "confirmed", but(skipped("not_applicable"), *TRUST_OF_A_ROLE, "iam:"), FULL
    ),
    "keys-of-another-account": Expected(
        "failed",
        {
            **but(skipped("not_applicable"), *TRUST_OF_A_ROLE, "iam:"),
            **{
                step: skipped("not_entered")
                for step in ALL_WORKS
                if not group_with(step).needs_role
            },
            "trust:account-matches": denied("wrong_account"),
        },
        UNKNOWN,
        (("wrong_account", ("credentials of account", "add account")),),
    ),
    "logs-off": Expected(
        "confirmed",
        but(skipped("write_logs_off"), "logs:"),
        {**FULL, "logs": "unknown"},
    ),
    "no-role-yet": Expected(
        "unconfirmed",
        {
            **dict.fromkeys(ALL_WORKS, skipped("not_entered")),
            "sts:AssumeRole": denied("role_not_assumable"),
        },
        UNKNOWN,
        (("role_not_assumable", ("Deploy the role", "external ID", "press Test")),),
    ),
}


@pytest.fixture(params=EXPECTED)
def customer(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture
def journey(customer: str, journeys_of_all: Journeys) -> Journey:
    return journeys_of_all[customer]


@pytest.fixture
def expected(customer: str) -> Expected:
    return EXPECTED[customer]


def test_every_step_has_its_verdict_and_says_how_it_is_known(
    journey: Journey, expected: Expected
) -> None:
    assert rows(journey.verification["steps"]) == list(expected.steps.items())


def test_the_account_has_the_status_that_follows(journey: Journey, expected: Expected) -> None:
    account, verification = journey.account, journey.verification

    assert (verification["state"], verification["outcome"]) == ("finished", expected.outcome)
    assert (account["status"], account["testing"]) == (expected.status, False)
    assert account["capabilities"] == expected.capabilities
    assert account["verification"] == {
        "verification_id": verification["verification_id"],
        "outcome": expected.outcome,
        "finished_at": verification["finished_at"],
    }


def test_each_issue_says_what_to_do_about_it(journey: Journey, expected: Expected) -> None:
    issues = journey.account["issues"]

    assert [issue["code"] for issue in issues] == [code for code, _ in expected.issues]
    for issue, (_, named) in zip(issues, expected.issues, strict=True):
        assert all(words in issue["remedy"] for words in named), issue["remedy"]


def test_the_test_is_in_the_accounts_history(journey: Journey) -> None:
    history = journey.connected.person.get(f"{journey.connected.path}/verifications").json()

    assert history["items"][-1] == journey.verification


def test_no_instance_or_database_was_touched(journey: Journey) -> None:
    assert len(journey.resources_before) >= 5
    assert journey.resources_after == journey.resources_before
