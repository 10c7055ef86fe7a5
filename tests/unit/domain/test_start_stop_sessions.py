"""The session policies for listing, starting, stopping and logging."""

from __future__ import annotations

import json
import re
from typing import Any

import pytest

from cavok.domain.instances import Operation
from cavok.domain.kinds import Action, Kind
from cavok.domain.permissions import ENCRYPTED_VOLUMES, LOG_GROUPS_ARN
from cavok.domain.session_policies import (
    listing_policy,
    logging_policy,
    looking_policy,
    policy_text,
    start_stop_policy,
)
from tests.support.builders import NUMBER

ARNS = {
    Kind.EC2: f"arn:aws:ec2:*:{NUMBER}:instance/i-0123456789abcdef0",
    Kind.RDS: f"arn:aws:rds:*:{NUMBER}:db:orders",
    Kind.AURORA: f"arn:aws:rds:*:{NUMBER}:cluster:ledger",
}
EXTRA = [
    "arn:aws:license-manager:*:*:license-configuration:*",
    f"arn:aws:resource-groups:*:{NUMBER}:group/*",
]
IDS = {kind: re.split("[:/]", arn)[-1] for kind, arn in ARNS.items()}


def grants(policy: dict[str, Any]) -> set[tuple[str, str]]:
    assert {statement["Effect"] for statement in policy["Statement"]} == {"Allow"}
    assert policy.keys() == {"Version", "Statement"}
    assert policy["Version"] == "2012-10-17"
    return {
        (action, resource)
        for statement in policy["Statement"]
        for action in statement["Action"]
        for resource in _listed(statement["Resource"])
    }


def _listed(resource: str | list[str]) -> list[str]:
    return [resource] if isinstance(resource, str) else resource


@pytest.mark.parametrize("action", Action)
@pytest.mark.parametrize("kind", Kind)
def test_a_start_or_stop_can_do_that_to_that_instance_alone(kind: Kind, action: Action) -> None:
    operation = Operation(action, kind, IDS[kind])
    expected = {(kind.descriptor.describe, "*"), (operation.permission, ARNS[kind])}
    if operation.permission == "ec2:StartInstances":
        expected |= {
            *((operation.permission, each) for each in EXTRA),
            ("kms:CreateGrant", "*"),
        }

    assert grants(start_stop_policy(NUMBER, operation)) == expected


def test_a_start_lets_ec2_alone_make_grants_as_the_catalogs_statement_does() -> None:
    policy = start_stop_policy(NUMBER, Operation(Action.START, Kind.EC2, IDS[Kind.EC2]))

    (granting,) = (s for s in policy["Statement"] if "kms:CreateGrant" in s["Action"])
    assert granting == {
        name: part for name, part in ENCRYPTED_VOLUMES.statement().items() if name != "Sid"
    }


def test_what_a_start_reaches_besides_the_instance_is_in_the_statement_that_starts_it() -> None:
    policy = start_stop_policy(NUMBER, Operation(Action.START, Kind.EC2, IDS[Kind.EC2]))

    looking, starting, _ = policy["Statement"]
    assert looking == {"Effect": "Allow", "Action": ["ec2:DescribeInstances"], "Resource": "*"}
    assert starting["Resource"] == [ARNS[Kind.EC2], *EXTRA]


def test_a_policy_has_no_white_space_that_counts_against_the_limit() -> None:
    assert policy_text({"a": [1, "x y"], "b": {}}) == '{"a":[1,"x y"],"b":{}}'


@pytest.mark.parametrize("kind", Kind)
def test_a_look_can_look_at_that_kind_and_nothing_else(kind: Kind) -> None:
    assert grants(looking_policy(kind)) == {(kind.descriptor.describe, "*")}


def test_a_listing_can_look_and_nothing_else() -> None:
    assert grants(listing_policy()) == {(kind.descriptor.describe, "*") for kind in Kind}


def test_writing_logs_reaches_our_own_log_groups_alone() -> None:
    assert {resource for _, resource in grants(logging_policy())} == {LOG_GROUPS_ARN}


def test_the_policies_fit_into_assume_role() -> None:
    """2,048 characters. Source: STS API reference, AssumeRole."""
    longest = [
        Operation(Action.START, Kind.AURORA, "l" * 63),
        Operation(Action.START, Kind.EC2, "i-0123456789abcdef0"),
    ]

    acting = [start_stop_policy(NUMBER, operation) for operation in longest]
    for policy in (listing_policy(), logging_policy(), *acting):
        assert len(policy_text(policy)) <= 2048
        assert json.loads(policy_text(policy)) == policy
