"""What a test's session may do at most in a customer's account."""

from __future__ import annotations

import json

import pytest

from cavok.domain import permissions, session_policies
from tests.support.service_authorization import only_reads

POLICY = session_policies.probing_policy()


def statements_of(action: str) -> list[dict[str, object]]:
    return [s for s in POLICY["Statement"] if action in s["Action"]]


def test_the_session_policy_fits_into_assume_role() -> None:
    """2,048 characters. Source: STS API reference, AssumeRole."""
    assert len(session_policies.probing_policy_text()) <= 2048
    assert json.loads(session_policies.probing_policy_text()) == POLICY


@pytest.mark.parametrize("action", [a for a in permissions.RDS.actions if not only_reads(a)])
def test_no_database_but_one_that_cannot_exist_can_be_started_or_stopped(action: str) -> None:
    (statement,) = statements_of(action)

    assert statement["Effect"] == "Allow"
    kind = "cluster" if "Cluster" in action else "db"
    assert statement["Resource"] == f"arn:aws:rds:*:*:{kind}:cavok-probe-*"


@pytest.mark.parametrize("action", ["ec2:StartInstances", "ec2:StopInstances"])
def test_a_dry_run_may_name_every_instance(action: str) -> None:
    """The session policy must refuse none, or each instance would look refused."""
    (statement,) = statements_of(action)

    assert statement["Resource"] == "*"
    assert "Condition" not in statement


def test_each_permission_is_granted_once_and_nothing_else_is() -> None:
    granted = [action for s in POLICY["Statement"] for action in s["Action"]]

    assert sorted(granted) == sorted(a for g in permissions.GRANTED_GROUPS for a in g.actions)


def test_logs_are_written_to_our_own_log_groups_alone() -> None:
    (statement,) = statements_of("logs:PutLogEvents")

    assert statement["Resource"] == permissions.LOG_GROUPS_ARN
