"""What AWS answers roles that are limited to some resources, and in a region that is off.

None of the resources need exist: AWS checks authorization first, or `test_permissions` fails.
"""

from __future__ import annotations

from typing import Any

import pytest

from cavok.domain.steps import REGION_DISABLED_CODES
from tests.contract.place import Place, without
from tests.support.refusal import refusal

ABSENT = "i-0123456789abcdef0"


def with_(*statements: dict[str, Any]) -> dict[str, Any]:
    """The policy that grants everything, but these statements alone for their actions."""
    actions = [action for statement in statements for action in statement["Action"]]
    granted = without(*actions)
    return {**granted, "Statement": [*granted["Statement"], *statements]}


def allow(action: str, resource: str = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": [action], "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


def test_a_listing_of_databases_concerns_all_of_them(place: Place) -> None:
    all_of_them = with_(
        allow("rds:DescribeDBInstances", "arn:aws:rds:*:*:db:*"),
        allow("rds:DescribeDBClusters", "arn:aws:rds:*:*:cluster:*"),
    )
    rds = place.enter(place.role("list-all", all_of_them)).client("rds")
    rds.describe_db_instances()
    rds.describe_db_clusters()

    some = with_(
        allow("rds:DescribeDBInstances", "arn:aws:rds:*:*:db:dev-*"),
        allow("rds:DescribeDBClusters", "arn:aws:rds:*:*:cluster:dev-*"),
    )
    rds = place.enter(place.role("list-some", some)).client("rds")
    for call, kind in ((rds.describe_db_instances, "db"), (rds.describe_db_clusters, "cluster")):
        code, message = refusal(call)
        assert code == "AccessDenied"
        assert f":{place.account_number}:{kind}:* " in message


def test_a_listing_of_instances_cannot_be_limited_to_one(place: Place) -> None:
    policy = with_(allow("ec2:DescribeInstances", f"arn:aws:ec2:*:*:instance/{ABSENT}"))
    ec2 = place.enter(place.role("list-one", policy)).client("ec2")

    assert refusal(ec2.describe_instances, InstanceIds=[ABSENT])[0] == "UnauthorizedOperation"


@pytest.mark.parametrize("key", ["aws:ResourceTag/stage", "ec2:ResourceTag/stage"])
def test_an_instance_without_the_tag_of_a_condition_is_refused(place: Place, key: str) -> None:
    policy = with_(allow("ec2:StopInstances", StringEquals={key: "dev"}))
    ec2 = place.enter(place.role(f"tag-{key[:3]}", policy)).client("ec2")

    code, message = refusal(ec2.stop_instances, InstanceIds=[ABSENT], DryRun=True)
    assert code in ("UnauthorizedOperation", "InvalidInstanceID.NotFound")
    assert code == "InvalidInstanceID.NotFound" or "no identity-based policy allows" in message


@pytest.mark.parametrize(
    ("action", "operation", "name"),
    [
        ("rds:StopDBInstance", "stop_db_instance", "DBInstanceIdentifier"),
        ("rds:StopDBCluster", "stop_db_cluster", "DBClusterIdentifier"),
    ],
)
def test_a_database_without_the_tag_of_a_condition_is_refused(
    place: Place, action: str, operation: str, name: str
) -> None:
    policy = with_(allow(action, StringEquals={"aws:ResourceTag/stage": "dev"}))
    rds = place.enter(place.role(f"tag-{action[4:]}", policy)).client("rds")

    code, _ = refusal(getattr(rds, operation), **{name: "cavok-probe-absent"})
    assert code == "AccessDenied"


def test_arns_are_compared_part_by_part(place: Place) -> None:
    own = f"arn:aws:iam::{place.account_number}:role/CavokContract-*"
    within = with_(allow("ec2:DescribeInstances", ArnLike={"aws:PrincipalArn": own}))
    place.enter(place.role("arn-within", within)).client("ec2").describe_instances()

    beyond = with_(
        allow("ec2:DescribeInstances", ArnLike={"aws:PrincipalArn": "arn:aws:*/CavokContract-*"})
    )
    ec2 = place.enter(place.role("arn-beyond", beyond)).client("ec2")
    assert refusal(ec2.describe_instances)[0] == "UnauthorizedOperation"


def test_a_region_that_is_off_knows_no_credentials(place: Place) -> None:
    pages = place.client("account").get_paginator("list_regions")
    off = [
        region["RegionName"]
        for page in pages.paginate(RegionOptStatusContains=["DISABLED"])
        for region in page["Regions"]
    ]
    if not off:
        pytest.skip("every region of this account is on")
    session = place.enter(place.role("region-off"))

    for service, operation in (("ec2", "describe_instances"), ("rds", "describe_db_instances")):
        code, _ = refusal(getattr(session.client(service, off[0]), operation))
        assert code in REGION_DISABLED_CODES, service
