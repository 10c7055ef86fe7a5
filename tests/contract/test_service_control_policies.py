"""Service control policies: how AWS words their refusals, and what a test makes of them.

The policy denies a few actions to roles of this run alone, so that nobody else in the member
account notices it.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from cavok.adapters.customer import probes
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.customer.survey import find_instances
from cavok.domain.access_denied import Reason
from cavok.domain.regions import RegionHealth, RegionStatus, judge_regions
from cavok.domain.steps import Judgement, Verdict
from cavok.domain.survey import ASKED_ABOUT, SURVEYED
from tests.contract.place import Place

MEMBER_ROLE = "CAVOK_CONTRACT_MEMBER_ROLE"
"""Environment variable: the ARN of a role by which the profile enters a member account of its
organization. Without it, the first `OrganizationAccountAccessRole` that lets the profile in.
"""
EFFECTIVE_WITHIN = 300.0
"""Seconds. AWS documents no time."""
OTHER_REGION = "eu-north-1"
DENIED = ("ec2:StopInstances", "rds:StopDBInstance", "rds:DescribeDBInstances")


@pytest.fixture(scope="module")
def member(place: Place) -> Iterator[Place]:
    named = os.environ.get(MEMBER_ROLE)
    for role_arn in [named] if named else _access_roles(place):
        if session := _entered(place, role_arn):
            member = Place(session)
            try:
                yield member
            finally:
                member.clean_up()
            return
    pytest.skip(
        f"no role lets {place.account_number} into a member account: name one, {MEMBER_ROLE}"
    )


@pytest.fixture(scope="module")
def denying(place: Place, member: Place) -> Iterator[str]:
    """A service control policy at the member account. Yields the name of the role it limits."""
    ours = {"ArnLike": {"aws:PrincipalArn": f"arn:aws:iam::*:role/{member.name('limited')}*"}}
    elsewhere = {"StringNotEquals": {"aws:RequestedRegion": [member.region]}}
    statements = [
        {"Effect": "Deny", "Action": list(DENIED), "Resource": "*", "Condition": ours},
        {
            "Effect": "Deny",
            "NotAction": ["iam:*", "organizations:*", "sts:*"],
            "Resource": "*",
            "Condition": ours | elsewhere,
        },
    ]
    organizations = place.client("organizations")
    made = organizations.create_policy(
        Name=place.name("limit"),
        Description="Made by Cavok's contract tests, and removed by them.",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": statements}),
    )
    policy_id = made["Policy"]["PolicySummary"]["Id"]
    place.later(organizations.delete_policy, PolicyId=policy_id)
    target = {"PolicyId": policy_id, "TargetId": member.account_number}
    organizations.attach_policy(**target)
    try:
        yield "limited"
    finally:
        organizations.detach_policy(**target)


@pytest.fixture(scope="module")
def limited(member: Place, denying: str) -> ProbedAccount:
    """A role that its own policies grant everything, once the service control policy limits it."""
    account = ProbedAccount(session=member.enter(member.role(denying)))
    deadline = time.monotonic() + EFFECTIVE_WITHIN
    while probes.run("rds:StopDBInstance", account).verdict is not Verdict.DENIED:
        assert time.monotonic() < deadline, "the policy has no effect"
        time.sleep(2)
    return account


@pytest.mark.parametrize("action", DENIED)
def test_a_refusal_names_the_service_control_policy(limited: ProbedAccount, action: str) -> None:
    _is_refused(probes.run(action, limited))


def test_what_the_policy_does_not_deny_stays_allowed(limited: ProbedAccount) -> None:
    assert probes.run("rds:StopDBCluster", limited).verdict is Verdict.ALLOWED
    answer, _ = find_instances(limited.session, limited.session.region, ASKED_ABOUT)
    assert answer.verdict is Verdict.ALLOWED


def test_a_region_that_the_policy_denies_refuses_both_listings(limited: ProbedAccount) -> None:
    answers = {
        region: tuple(find_instances(limited.session, region, kind)[0] for kind in SURVEYED)
        for region in (limited.session.region, OTHER_REGION)
    }

    for judgement in answers[OTHER_REGION]:
        _is_refused(judgement)
    assert judge_regions(answers) == (
        RegionHealth(limited.session.region, RegionStatus.REACHABLE),
        RegionHealth(OTHER_REGION, RegionStatus.REFUSED, Reason.SERVICE_CONTROL_POLICY),
    )


def test_a_role_that_the_policy_exempts_is_not_refused(
    member: Place, limited: ProbedAccount
) -> None:
    exempt = ProbedAccount(session=member.enter(member.role("exempt")))

    assert probes.run("rds:StopDBInstance", exempt).verdict is Verdict.ALLOWED


def _is_refused(judgement: Judgement) -> None:
    assert (judgement.verdict, judgement.reason) == (
        Verdict.DENIED,
        Reason.SERVICE_CONTROL_POLICY,
    ), judgement.detail
    assert "with an explicit deny in a service control policy" in str(judgement.detail)


def _access_roles(place: Place) -> list[str]:
    """The role that AWS makes in every member it creates. Skips the tests if the profile's account
    manages no organization.
    """
    organizations = place.client("organizations")
    try:
        organization = organizations.describe_organization()["Organization"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "AWSOrganizationsNotInUseException":
            raise
        pytest.skip(f"account {place.account_number} is in no organization")
    manager = organization["MasterAccountId"]
    if manager != place.account_number:
        pytest.skip(
            f"account {place.account_number} does not manage its organization: {manager} does"
        )
    pages = organizations.get_paginator("list_accounts").paginate()
    return [
        f"arn:aws:iam::{account['Id']}:role/OrganizationAccountAccessRole"
        for page in pages
        for account in page["Accounts"]
        if account["Status"] == "ACTIVE" and account["Id"] != manager
    ]


def _entered(place: Place, role_arn: str) -> boto3.session.Session | None:
    name = f"cavok-{place.run}"
    try:
        given: Any = place.client("sts").assume_role(RoleArn=role_arn, RoleSessionName=name)
    except ClientError as error:
        if error.response["Error"]["Code"] == "AccessDenied":
            return None
        raise
    return boto3.session.Session(
        aws_access_key_id=given["Credentials"]["AccessKeyId"],
        aws_secret_access_key=given["Credentials"]["SecretAccessKey"],
        aws_session_token=given["Credentials"]["SessionToken"],
        region_name=place.region,
    )
