"""How many calls a test makes in a customer's account of 20 regions."""

from __future__ import annotations

import json
from collections import Counter
from typing import Any
from urllib.parse import quote

import pytest

from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.customer.session import CustomerSession
from cavok.domain import permissions
from cavok.domain.deadlines import NO_DEADLINE
from cavok.domain.regions import REGIONS
from cavok.domain.steps import Step, Verdict
from cavok.domain.survey import Survey
from cavok.domain.verifications import Trigger
from cavok.services.probe_account import probe_account
from cavok.services.probe_permission import probe_permission
from cavok.services.survey_regions import survey_regions
from tests.support.builders import NOW, actions_of
from tests.support.fake_aws import Aws, a_session, refused

TWENTY = tuple(sorted(REGIONS))[:20]
ACTIONS = actions_of("checking", "ec2", "rds")
BESIDES = len(permissions.TRUST_STEPS) + len(permissions.LOGS.actions)
"""Calls that enter the account and write its log."""


def offered_role(aws: Aws) -> None:
    """The role that Cavok's template makes: an inline policy a group, and no managed one."""
    statements = {group.group: group.statement() for group in permissions.GRANTED_GROUPS}
    aws.answers["ListRolePolicies"] = {"PolicyNames": list(statements)}
    aws.answers["GetRolePolicy"] = lambda call: {
        "PolicyDocument": quote(
            json.dumps({"Version": "2012-10-17", "Statement": [statements[call["PolicyName"]]]})
        )
    }


def everything_works(aws: Aws, instances: int = 1) -> None:
    """Each region has instances, and a database."""
    offered_role(aws)
    found = [
        {"InstanceId": f"i-{n:017x}", "InstanceType": "t3.micro", "State": {"Name": "running"}}
        for n in range(instances)
    ]
    aws.answers["DescribeInstances"] = {"Reservations": [{"Instances": found}]}
    one = {"DBInstanceIdentifier": "orders", "DBInstanceStatus": "available"}
    aws.answers["DescribeDBInstances"] = {"DBInstances": [one | {"DBInstanceClass": "db.t3.micro"}]}
    for operation in ("StartInstances", "StopInstances"):
        aws.answers[operation] = refused("DryRunOperation")
    for operation in ("StartDBInstance", "StopDBInstance"):
        aws.answers[operation] = refused("DBInstanceNotFound")
    for operation in ("StartDBCluster", "StopDBCluster"):
        aws.answers[operation] = refused("DBClusterNotFoundFault")


def surveyed(session: CustomerSession, trigger: Trigger) -> Survey:
    return survey_regions(TWENTY, session, [], trigger=trigger, now=NOW)


def by_schedule() -> list[Step]:
    session = a_session(region=TWENTY[0])
    survey = surveyed(session, Trigger.SCHEDULED)
    return probe_account(ACTIONS, ProbedAccount.of(session, survey, NO_DEADLINE))


def by_person() -> list[Step]:
    """Each permission in a function of its own, which shares nothing with the others."""
    session = a_session(region=TWENTY[0])
    survey = Survey.from_dict(json.loads(json.dumps(surveyed(session, Trigger.MANUAL).as_dict())))
    return [
        probe_permission(action, ProbedAccount.of(session, survey, NO_DEADLINE))
        for action in ACTIONS
    ]


@pytest.mark.parametrize("test", [by_schedule, by_person])
def test_a_test_of_twenty_regions_makes_less_than_120_calls(test: Any, aws: Aws) -> None:
    everything_works(aws, instances=80)

    steps = test()

    assert {step.verdict for step in steps} == {Verdict.ALLOWED}
    asked = [step.resources.asked for step in steps if step.resources]
    assert asked == [20 * 80] * 2 or asked == [20 * 50] * 2
    print(Counter(name for name, _ in aws.calls), len(aws.calls) + BESIDES)
    assert len(aws.calls) + BESIDES < 120
