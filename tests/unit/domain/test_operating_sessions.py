"""The session policies for listing, starting, stopping and logging."""

from __future__ import annotations

import json
from typing import Any

import pytest

from cavok.domain.instances import Operation
from cavok.domain.kinds import Action, Kind
from cavok.domain.permissions import LOG_GROUPS_ARN
from cavok.domain.session_policies import (
    listing_policy,
    logging_policy,
    policy_text,
    start_stop_policy,
)
from tests.support.builders import NUMBER

IDS = {Kind.EC2: "i-0123456789abcdef0", Kind.RDS: "orders", Kind.AURORA: "ledger"}
ARNS = {
    Kind.EC2: f"arn:aws:ec2:*:{NUMBER}:instance/i-0123456789abcdef0",
    Kind.RDS: f"arn:aws:rds:*:{NUMBER}:db:orders",
    Kind.AURORA: f"arn:aws:rds:*:{NUMBER}:cluster:ledger",
}


def grants(policy: dict[str, Any]) -> set[tuple[str, str]]:
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}
    return {(a, s["Resource"]) for s in policy["Statement"] for a in s["Action"]}


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("kind", Kind)
def test_a_start_or_stop_can_do_that_to_that_instance_alone(kind: Kind, action: Action) -> None:
    operation = Operation(action, kind, IDS[kind])

    assert grants(start_stop_policy(NUMBER, operation)) == {
        (kind.descriptor.describe, "*"),
        (operation.permission, ARNS[kind]),
    }


def test_a_listing_can_look_and_nothing_else() -> None:
    assert grants(listing_policy()) == {(kind.descriptor.describe, "*") for kind in Kind}


def test_writing_logs_reaches_our_own_log_groups_alone() -> None:
    assert {resource for _, resource in grants(logging_policy())} == {LOG_GROUPS_ARN}


def test_the_policies_fit_into_assume_role() -> None:
    """2,048 characters. Source: STS API reference, AssumeRole."""
    longest = Operation(Action.START, Kind.AURORA, "l" * 63)

    for policy in (listing_policy(), logging_policy(), start_stop_policy(NUMBER, longest)):
        assert len(policy_text(policy)) <= 2048
        assert json.loads(policy_text(policy)) == policy
