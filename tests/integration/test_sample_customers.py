"""What sample customers take away from the role that the template makes: one service, whatever
else the catalog has.
"""

from __future__ import annotations

import json
from typing import Any, cast
from unittest.mock import Mock

import pytest

from cavok.domain.permissions import GRANTED_GROUPS
from local.customers import CUSTOMERS, CustomerAccount, service_of
from tests.support.builders import NUMBER
from tests.support.moto_stack import client

ROLE = "CavokCloud"
ALL = {action for group in GRANTED_GROUPS for action in group.actions}
SERVICES = {service_of(action) for action in ALL}


@pytest.fixture
def iam() -> Any:
    made = client("iam")
    made.create_role(RoleName=ROLE, AssumeRolePolicyDocument="{}")
    for group in GRANTED_GROUPS:
        document = {"Version": "2012-10-17", "Statement": [group.statement()]}
        made.put_role_policy(
            RoleName=ROLE, PolicyName=group.policy_name, PolicyDocument=json.dumps(document)
        )
    return made


def change(customer: str, iam: Any) -> None:
    make = CUSTOMERS[customer].change
    assert make
    make(cast("CustomerAccount", Mock(iam=iam, account_number=NUMBER)), ROLE)


@pytest.mark.parametrize(("customer", "service"), [("ec2-only", "rds"), ("logs-refused", "logs")])
def test_a_customer_who_takes_a_service_away_leaves_all_others(
    customer: str, service: str, iam: Any
) -> None:
    change(customer, iam)

    left = {
        action
        for name in iam.list_role_policies(RoleName=ROLE)["PolicyNames"]
        for statement in iam.get_role_policy(RoleName=ROLE, PolicyName=name)["PolicyDocument"][
            "Statement"
        ]
        for action in statement["Action"]
    }
    assert left == {action for action in ALL if service_of(action) != service}


def test_a_boundary_without_a_service_allows_all_others(iam: Any) -> None:
    change("boundary-cuts-rds", iam)

    (policy,) = iam.list_policies(Scope="Local")["Policies"]
    read = iam.get_policy_version(PolicyArn=policy["Arn"], VersionId=policy["DefaultVersionId"])
    (statement,) = read["PolicyVersion"]["Document"]["Statement"]
    assert statement["Action"] == [f"{each}:*" for each in sorted(SERVICES - {"rds"})]
    bound = iam.get_role(RoleName=ROLE)["Role"]["PermissionsBoundary"]
    assert bound["PermissionsBoundaryArn"] == policy["Arn"]
