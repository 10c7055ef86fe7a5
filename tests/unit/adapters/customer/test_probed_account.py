"""What an account's probes share: the role's policies and the databases, capped in size."""

from __future__ import annotations

import json
from typing import Any
from urllib.parse import quote

import pytest

from cavok.adapters.customer.probed_account import MAX_DATABASES, MAX_INLINE_POLICIES
from cavok.domain.deadlines import Deadline
from cavok.domain.errors import OutOfTime
from cavok.domain.kinds import Kind
from cavok.domain.policy_evaluation import Decision
from cavok.domain.regions import RegionHealth, RegionStatus
from cavok.domain.survey import Survey
from tests.support.builders import NUMBER
from tests.support.fake_aws import Aws, a_session, probed, refused

DOCUMENT = {"Version": "2012-10-17", "Statement": []}


def inline(aws: Aws, *names: str, document: str = quote(json.dumps(DOCUMENT))) -> None:
    aws.answers["ListRolePolicies"] = {"PolicyNames": list(names)}
    aws.answers["GetRolePolicy"] = {"PolicyDocument": document}


def test_the_roles_own_policies_are_read_as_documents_and_once(aws: Aws) -> None:
    inline(aws, "CavokEc2")
    account = probed()

    assert account.policies().documents == (DOCUMENT,)
    assert account.policies().unread == ()
    assert len(aws.called("GetRolePolicy")) == 1


@pytest.mark.parametrize("operation", ["ListRolePolicies", "ListAttachedRolePolicies"])
@pytest.mark.parametrize(
    "answer", [refused("AccessDenied"), refused("Throttling"), {"IsTruncated": True}], ids=str
)
def test_policies_that_cannot_all_be_named_leave_some_unread(
    operation: str, answer: Any, aws: Aws
) -> None:
    inline(aws, "CavokEc2")
    aws.answers[operation] = answer

    policies = probed().policies()

    assert policies.unread
    assert policies.decision_for_all("rds:StopDBInstance") is Decision.UNKNOWN


def test_an_inline_policy_that_may_not_be_read_is_named(aws: Aws) -> None:
    inline(aws, "Hidden")
    aws.answers["GetRolePolicy"] = refused("AccessDenied")

    assert probed().policies().unread == ("the inline policy Hidden",)


def test_a_managed_policy_stays_unread_and_is_named(aws: Aws) -> None:
    aws.answers["ListAttachedRolePolicies"] = {
        "AttachedPolicies": [{"PolicyName": "Ours", "PolicyArn": f"arn:aws:iam::{NUMBER}:policy/O"}]
    }

    assert probed().policies().unread == ("the managed policy Ours",)


def test_an_access_key_has_no_policies_that_are_read(aws: Aws) -> None:
    policies = probed(a_session(role_name=None)).policies()

    assert policies.documents == ()
    assert policies.unread
    assert aws.calls == []


@pytest.mark.parametrize(
    "document", ["no JSON", "[" * 100_000, quote('{"a": ') * 30_000], ids=["text", "deep", "both"]
)
def test_a_document_that_is_no_json_counts_as_unread(document: str, aws: Aws) -> None:
    inline(aws, "Odd", document=document)

    assert probed().policies().decision_for_all("rds:StopDBInstance") is Decision.UNKNOWN


def test_the_policies_that_are_read_are_capped(aws: Aws) -> None:
    inline(aws, *(f"P{number}" for number in range(MAX_INLINE_POLICIES + 1)))

    policies = probed().policies()

    assert len(aws.called("GetRolePolicy")) == MAX_INLINE_POLICIES
    assert policies.unread


def rds_page(count: int, marker: str | None = None, **fields: str) -> dict[str, Any]:
    one = {"DBInstanceStatus": "available", "DBInstanceClass": "db.t3.micro", **fields}
    page = {"DBInstances": [{"DBInstanceIdentifier": f"d{n}", **one} for n in range(count)]}
    return page | ({"Marker": marker} if marker else {})


def test_databases_are_listed_with_their_arns_and_tags_and_once(aws: Aws) -> None:
    aws.answers["DescribeDBInstances"] = {
        "DBInstances": [
            rds_page(1)["DBInstances"][0] | {"TagList": [{"Key": "env", "Value": "dev"}]}
        ]
    }
    account = probed(a_session(region="eu-west-1"))

    (database,) = account.databases(Kind.RDS).found
    account.databases(Kind.RDS)

    assert database.arn == f"arn:aws:rds:eu-west-1:{NUMBER}:db:d0"
    assert database.tags == {"env": "dev"}
    assert len(aws.called("DescribeDBInstances")) == 1


def test_members_of_a_cluster_are_no_databases_of_their_own(aws: Aws) -> None:
    aws.answers["DescribeDBInstances"] = rds_page(2, DBClusterIdentifier="ledger")

    assert probed().databases(Kind.RDS).found == ()


def test_the_databases_of_a_region_are_capped(aws: Aws) -> None:
    pages = iter(range(1_000))
    aws.answers["DescribeDBInstances"] = lambda _: rds_page(100, marker=f"m{next(pages)}")

    databases = probed().databases(Kind.RDS)

    assert len(databases.found) == MAX_DATABASES
    assert not databases.complete
    assert len(aws.called("DescribeDBInstances")) <= MAX_DATABASES / 100 + 1


def test_a_database_that_cannot_be_read_is_one_that_is_not_listed(aws: Aws) -> None:
    page = rds_page(2)
    del page["DBInstances"][0]["DBInstanceClass"]
    aws.answers["DescribeDBInstances"] = page

    databases = probed().databases(Kind.RDS)

    assert [each.id for each in databases.found] == ["d1"]
    assert not databases.complete


def test_a_page_that_is_refused_leaves_those_before_it(aws: Aws) -> None:
    pages = iter([rds_page(100, marker="next")])

    def answer(_: dict[str, Any]) -> Any:
        for page in pages:
            return page
        raise refused("Throttling")

    aws.answers["DescribeDBInstances"] = answer

    databases = probed().databases(Kind.RDS)

    assert len(databases.found) == 100
    assert not databases.complete


def test_a_region_that_could_not_be_looked_into_may_have_databases(aws: Aws) -> None:
    aws.answers["DescribeDBInstances"] = rds_page(2)
    health = (
        RegionHealth("us-east-1", RegionStatus.REACHABLE),
        RegionHealth("eu-west-1", RegionStatus.UNKNOWN),
    )

    databases = probed(survey=Survey(region_health=health)).databases(Kind.RDS)

    assert len(databases.found) == 2
    assert not databases.complete


def test_after_the_deadline_nothing_is_read(aws: Aws) -> None:
    account = probed(deadline=Deadline(0, lambda: 1.0))

    for read in (account.policies, lambda: account.databases(Kind.RDS)):
        with pytest.raises(OutOfTime):
            read()
    assert aws.calls == []
