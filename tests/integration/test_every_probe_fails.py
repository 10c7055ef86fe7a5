"""A test of a customized account, with each call of it failing: once, or until the test ends.

The account answers as AWS does. A call that proves nothing must leave no verdict that a good test
would not give, and must neither mend, degrade nor fail the account.

Of EC2, a step counts the instances that were asked about: where a region's could not be listed, it
says `allowed` of the others.
"""

from __future__ import annotations

import json
import threading
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import Any

import pytest
from botocore import xform_name
from botocore.client import BaseClient
from botocore.exceptions import ClientError, ReadTimeoutError

from cavok.adapters.customer import dry_runs
from cavok.adapters.customer.probed_account import ProbedAccount
from cavok.adapters.customer.session import Credentials, CustomerSession
from cavok.domain import permissions
from cavok.domain.accounts import Account, Status
from cavok.domain.instances import InstanceKey
from cavok.domain.kinds import Kind
from cavok.domain.resources import Resource
from cavok.domain.steps import REFUSALS_WANTED, Step, Verdict
from cavok.domain.survey import SURVEYED, Survey
from cavok.domain.verifications import Trigger, finish, found_again
from cavok.services.probe_account import probe_account
from cavok.services.scheduled_test import Found
from cavok.services.survey_regions import survey_regions
from cavok.services.sweep import what_may_differ
from tests.support.builders import (
    NOW,
    NUMBER,
    a_resource,
    a_step,
    a_verification,
    an_account,
    confirmed,
)
from tests.support.fake_aws import with_nothing

Json = dict[str, Any]
REGIONS = ("us-east-1", "eu-west-1")
ACTIONS = [action for group in permissions.PROBED_GROUPS for action in group.actions]
ALLOW = {"Effect": "Allow", "Action": ["rds:*", "ec2:*", "iam:*"], "Resource": "*"}
DENY_PROD = {
    "Effect": "Deny",
    "Action": ["rds:StopDBInstance", "rds:StartDBInstance"],
    "Resource": "arn:aws:rds:*:*:db:prod-*",
}
ALLOW_DEV = {
    "Effect": "Allow",
    "Action": ["rds:StopDBInstance", "rds:StartDBInstance"],
    "Resource": "arn:aws:rds:*:*:db:dev-*",
}
READ = {"Effect": "Allow", "Action": ["rds:Describe*", "ec2:*", "iam:*"], "Resource": "*"}
SERVICES = [kind.descriptor.service for kind in SURVEYED]
LISTS = [
    f"{kind.descriptor.describe.partition(':')[2]} {region}"
    for kind in SURVEYED
    for region in REGIONS
]
FAULTS: dict[str, Exception] = {
    "throttled": ClientError({"Error": {"Code": "Throttling", "Message": "Rate"}}, "Any"),
    "no JSON": ClientError({"Error": {"Code": "502", "Message": "Bad Gateway"}}, "Any"),
    "timeout": ReadTimeoutError(endpoint_url="https://aws.example"),
}


@dataclass
class Customer:
    """A role with these inline policies, and two databases and three instances a region."""

    policies: dict[str, Json]
    refused_databases: str | None = None
    refused_instances: frozenset[str] = frozenset()
    absent_refused: bool = False
    more_databases: tuple[str, ...] = ()
    """In each region."""
    fails: tuple[str, bool] | None = None
    """A call's name, and whether each repetition of it fails too."""
    refused_service: str | None = None
    error: Exception | None = None
    calls: Counter[str] = field(default_factory=Counter)
    lock: Any = field(default_factory=threading.Lock)

    def answer(self, client: Any, operation: str, arguments: Json) -> Any:
        region = client.meta.region_name
        name = " ".join([operation, region, str(arguments.get("PolicyName", ""))]).strip()
        if "cavok-probe" in name:
            name = f"{operation} {region}"
        with self.lock:
            self.calls[name] += 1
            first = self.calls[name] == 1
        if self.fails and self.error and self.fails[0] == name and (first or self.fails[1]):
            raise self.error
        if client.meta.service_model.service_name == self.refused_service:
            code = "UnauthorizedOperation" if self.refused_service == "ec2" else "AccessDenied"
            raise refusal(code, f"{self.refused_service}:{operation}")
        found = getattr(self, xform_name(operation), self.other)(region, arguments)
        return found or with_nothing(client.meta.service_model.operation_model(operation))

    def other(self, region: str, arguments: Json) -> Json:
        """What a permission is proven with that is added to the catalog later."""
        if arguments.get("DryRun"):
            return self.stop_instances(region, arguments)
        return {}

    def describe_instances(self, region: str, arguments: Json) -> Json:
        made = [
            {"InstanceId": each, "State": {"Name": "running"}, "InstanceType": "t3.micro"}
            for each in instances(region)
        ]
        return {"Reservations": [{"Instances": made}]}

    def stop_instances(self, region: str, arguments: Json) -> Json:
        assert arguments["DryRun"]
        if self.refused_instances & set(arguments["InstanceIds"]):
            raise refusal("UnauthorizedOperation", "ec2:StopInstances")
        raise ClientError({"Error": {"Code": "DryRunOperation", "Message": "yes"}}, "Any")

    start_instances = stop_instances

    def describe_db_instances(self, region: str, arguments: Json) -> Json:
        return {
            "DBInstances": [
                {
                    "DBInstanceIdentifier": each,
                    "DBInstanceStatus": "available",
                    "DBInstanceClass": "db.t3.micro",
                    "Engine": "postgres",
                    "TagList": [],
                }
                for each in (*databases(region), *self.more_databases)
            ]
        }

    def stop_db_instance(self, region: str, arguments: Json) -> Json:
        if self.absent_refused:
            raise refusal("AccessDenied", "rds:StopDBInstance")
        raise ClientError({"Error": {"Code": "DBInstanceNotFound", "Message": "no"}}, "Any")

    start_db_instance = stop_db_instance

    def stop_db_cluster(self, region: str, arguments: Json) -> Json:
        if self.absent_refused:
            raise refusal("AccessDenied", "rds:StopDBCluster")
        raise ClientError({"Error": {"Code": "DBClusterNotFoundFault", "Message": "no"}}, "Any")

    start_db_cluster = stop_db_cluster

    def list_role_policies(self, region: str, arguments: Json) -> Json:
        return {"PolicyNames": list(self.policies), "IsTruncated": False}

    def list_attached_role_policies(self, region: str, arguments: Json) -> Json:
        return {"AttachedPolicies": [], "IsTruncated": False}

    def get_role_policy(self, region: str, arguments: Json) -> Json:
        if arguments["PolicyName"] not in self.policies:
            raise ClientError({"Error": {"Code": "NoSuchEntity", "Message": "no"}}, "Any")
        return {"PolicyDocument": self.policies[arguments["PolicyName"]]}


def refusal(code: str, action: str) -> ClientError:
    said = f"not authorized to perform: {action} because no identity-based policy allows the action"
    return ClientError({"Error": {"Code": code, "Message": said}}, "Any")


def instances(region: str) -> list[str]:
    return [f"i-0{REGIONS.index(region)}{number}abcdef0" for number in range(3)]


def databases(region: str) -> list[str]:
    return [f"dev-{region}", *(["prod-eu-west-1"] if region == "eu-west-1" else [])]


def document(*statements: Json) -> Json:
    return {"Version": "2012-10-17", "Statement": list(statements)}


def under_control(*keys: InstanceKey) -> list[Resource]:
    return [
        a_resource(
            resource_id=f"r-{index}",
            kind=key.kind,
            instance_id=key.instance_id,
            region=key.region,
        )
        for index, key in enumerate(keys)
    ]


SESSION = CustomerSession(
    account_number=NUMBER,
    region="us-east-1",
    role_name="CavokCloud",
    credentials=Credentials("ASIAIOSFODNN7EXAMPLE", "secret", "token"),
)


def trust_steps() -> list[Step]:
    return [
        a_step(step, Verdict.DENIED if step in REFUSALS_WANTED else Verdict.ALLOWED)
        for step in permissions.TRUST_STEPS
    ]


def probe(customer: Customer, account: Account, controlled: list[Resource]) -> Found:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(BaseClient, "_make_api_call", _via(customer))
        survey = survey_regions(
            account.regions, SESSION, controlled, trigger=Trigger.SCHEDULED, now=NOW
        )
        survey = Survey.from_dict(json.loads(json.dumps(survey.as_dict())))
        probed = ProbedAccount.of(SESSION, survey)
        steps = probe_account(ACTIONS, probed, sleep=lambda _: None)
    return Found([*trust_steps(), *steps], survey)


def finished(found: Found, account: Account, controlled: list[Resource]) -> tuple[Any, Any]:
    return finish(
        account,
        a_verification(),
        found.steps,
        NOW,
        region_health=found.survey.region_health,
        elsewhere=found.survey.elsewhere,
        under_control=frozenset(each.instance for each in controlled),
    )


def run(customer: Customer, account: Account, controlled: list[Resource]) -> tuple[Any, Any]:
    return finished(probe(customer, account, controlled), account, controlled)


def _via(customer: Customer) -> Any:
    def make_api_call(client: Any, operation: str, arguments: Json) -> Any:
        return customer.answer(client, operation, arguments)

    return make_api_call


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(dry_runs, "RETRY_WAITS", (0.0, 0.0, 0.0))


PROD = InstanceKey(Kind.RDS, "eu-west-1", "prod-eu-west-1")
DEV = InstanceKey(Kind.RDS, "eu-west-1", "dev-eu-west-1")
WEB = InstanceKey(Kind.EC2, "eu-west-1", instances("eu-west-1")[1])
OTHER = InstanceKey(Kind.EC2, "us-east-1", instances("us-east-1")[0])

CUSTOMERS: dict[str, tuple[Json, Json, tuple[InstanceKey, ...], Status]] = {
    "denies production": (
        {"All": document(ALLOW), "Guard": document(DENY_PROD)},
        {"refused_instances": frozenset({WEB.instance_id})},
        (PROD,),
        Status.DEGRADED,
    ),
    "denies an instance": (
        {"All": document(ALLOW)},
        {"refused_instances": frozenset({WEB.instance_id})},
        (WEB,),
        Status.DEGRADED,
    ),
    "allows development": (
        {"Read": document(READ), "Dev": document(ALLOW_DEV)},
        {"absent_refused": True, "refused_instances": frozenset({WEB.instance_id})},
        (DEV, OTHER),
        Status.CONFIRMED,
    ),
}


@pytest.mark.parametrize("name", CUSTOMERS)
@pytest.mark.parametrize("lasts", [False, True], ids=["once", "until the end"])
def test_a_call_without_an_answer_makes_no_verdict_false_and_no_account_better_or_worse(
    name: str, lasts: bool
) -> None:
    policies, answers, keys, expected = CUSTOMERS[name]
    controlled = under_control(*keys)
    account = confirmed(an_account(regions=REGIONS, write_logs=False), "sts:AssumeRole")
    good = Customer(policies, **answers)
    before, tested = run(good, account, controlled)
    assert before.status is expected
    known = {step.step: step.verdict for step in tested.steps}
    before = replace(before, slot=None)
    wrong = []
    for call in sorted(good.calls):
        for fault, error in FAULTS.items():
            customer = Customer(policies, **answers, fails=(call, lasts), error=error)
            after, verification = run(customer, before, controlled)
            if after.status is not expected:
                wrong.append(f"{call} {fault}: {after.status}, not {expected}")
            wrong += [
                f"{call} {fault}: {step.step} {step.verdict}, not {known[step.step]}"
                for step in verification.steps
                if step.verdict not in (known[step.step], Verdict.INCONCLUSIVE)
                and not (call.startswith("DescribeInstances") and step.group == "ec2")
            ]
    assert wrong == []


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("refused", [None, *sorted(SERVICES)])
def test_a_list_without_an_answer_changes_nothing_that_a_sweep_stores(
    refused: str | None, fault: str
) -> None:
    """In any region, of any service, whichever other one the role was not given."""
    granted = [f"{service}:*" for service in ("iam", *SERVICES) if service != refused]
    policies = {"All": document(ALLOW | {"Action": granted})}
    customer = Customer(policies, refused_service=refused)
    assert stored_without_an_answer(customer, LISTS, FAULTS[fault]) == []


@dataclass
class OneRegion(Customer):
    """Instances in eu-west-1 only. The role may start and stop these, by their tag, but no other
    instance, so it is refused an absent one.
    """

    def describe_instances(self, region: str, arguments: Json) -> Json:
        if region != "eu-west-1":
            return {"Reservations": []}
        return super().describe_instances(region, arguments)

    def stop_instances(self, region: str, arguments: Json) -> Json:
        allowed = {*instances("eu-west-1")} - self.refused_instances
        if not {*arguments["InstanceIds"]} <= allowed:
            raise refusal("UnauthorizedOperation", "ec2:StopInstances")
        return super().stop_instances(region, arguments)

    start_instances = stop_instances


@dataclass
class Unaskable(Customer):
    """All instances are such that the operation does not apply, so that the policies decide."""

    def stop_instances(self, region: str, arguments: Json) -> Json:
        raise ClientError({"Error": {"Code": "UnsupportedOperation", "Message": "no"}}, "Any")

    start_instances = stop_instances


ALL = {"All": document(ALLOW)}
BY_TAG = {
    "Effect": "Allow",
    "Action": ["ec2:StartInstances", "ec2:StopInstances"],
    "Resource": "*",
    "Condition": {"StringEquals": {"aws:ResourceTag/cavok": "yes"}},
}
SEE = {"Effect": "Allow", "Action": ["rds:*", "ec2:Describe*", "iam:*"], "Resource": "*"}
TAGGED = {"All": document(SEE, BY_TAG)}
LOGS = document({"Effect": "Allow", "Action": "logs:*", "Resource": "*"})
DENY_STOP = document({"Effect": "Deny", "Action": "ec2:Stop*", "Resource": "*"})
NARROWED = {
    "those of one region": OneRegion(TAGGED),
    "two of one region": OneRegion(TAGGED, refused_instances=frozenset({WEB.instance_id})),
    "none that can be asked": Unaskable({**ALL, "Logs": LOGS}),
    "none that can be asked, denied": Unaskable({**ALL, "Guard": DENY_STOP}),
    "one instance": Customer(ALL, refused_instances=frozenset({WEB.instance_id})),
    "one in each region": Customer(
        ALL, refused_instances=frozenset({WEB.instance_id, OTHER.instance_id})
    ),
    "a database in each region": Customer(
        {**ALL, "Guard": document(DENY_PROD)}, more_databases=("prod-orders",)
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
@pytest.mark.parametrize("name", NARROWED)
def test_nor_does_a_list_or_dry_run_of_a_role_that_is_narrowed(name: str, fault: str) -> None:
    """A permission that is allowed for some is a verdict, even if others were not asked about."""
    dry_runs_too = [*LISTS, *(f"StopInstances {region}" for region in REGIONS)]
    assert stored_without_an_answer(NARROWED[name], dry_runs_too, FAULTS[fault]) == []


def stored_without_an_answer(customer: Customer, calls: list[str], error: Exception) -> list[str]:
    """The calls after whose failure a sweep would store a change."""
    account = an_account(regions=REGIONS, write_logs=False)
    good = probe(customer, account, [])
    assert what_may_differ(good) == []
    before, _ = finished(good, account, [])
    before, stored = replace(before, slot=None), []
    for call in calls:
        found = probe(replace(customer, fails=(call, True), error=error), before, [])
        after, _ = finished(found, before, [])
        if not found_again(before, after) and not what_may_differ(found):
            stored.append(f"{call}: {after.region_health}, {after.capabilities}, {after.issues}")
    return stored
