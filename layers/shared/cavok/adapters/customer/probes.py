"""One harmless call per permission.

A probe makes a call that never changes anything, and names the error codes that only an authorized
caller receives. Sources: EC2 API reference (DryRun), RDS API reference (StartDBInstance …:
DBInstanceNotFound), IAM API reference. AWS does not document that IAM and RDS check the permission
before they look for the resource. This is observed, and checked by the contract tests.
"""

import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.adapters.customer import dry_runs
from cavok.adapters.customer.probed_account import NO_SUCH_POLICY, ProbedAccount, judge_list
from cavok.domain.permissions import PROBE_NAME_PREFIX
from cavok.domain.steps import ALLOWED, Judgement

ABSENT_DATABASE = f"{PROBE_NAME_PREFIX}0"
"""Stands for the random names that probes use. A policy cannot distinguish them, unless it names
one.
"""


@dataclass(frozen=True, slots=True)
class Probe:
    """A call, and the error codes that also prove the permission. Instead of the call, `dry_run`
    names an EC2 operation that changes instances (boto3's name). The call returns what its answer
    says besides being allowed, or null.
    """

    call: Callable[[ProbedAccount], Judgement | None] | None = None
    proofs: frozenset[str] = frozenset()
    regional: bool = True
    dry_run: str | None = None


def run(action: str, account: ProbedAccount) -> Judgement:
    """Makes the call that proves an IAM action, and returns what the answer proves. Raises KeyError
    for an unknown action, OutOfTime.
    """
    probe = PROBES[action]
    account.deadline.check()
    if probe.dry_run:
        return dry_runs.ask(probe.dry_run, account)
    assert probe.call, f"{action} has neither a call nor a dry run"
    try:
        return probe.call(account) or ALLOWED
    except AWS_ERRORS as error:
        return judge_error(error, probe.proofs)


def region_of(action: str, account: ProbedAccount) -> str | None:
    """The region in which an action is probed. Null if there is none, because IAM is global, or
    more than one. Raises KeyError for an unknown action.
    """
    probe = PROBES[action]
    if probe.dry_run and (regions := account.regions_with_instances):
        return regions[0] if len(regions) == 1 else None
    return account.session.region if probe.regional else None


def named_no_instance(action: str, answer: Judgement, account: ProbedAccount) -> bool:
    """Whether the probe of this action named an absent instance, because the account's regions
    have none to ask about, or had none meanwhile.
    """
    surveyed = bool(account.survey.region_health)
    asked = answer.resources is not None and answer.resources.asked > 0
    return bool(PROBES[action].dry_run) and surveyed and not asked


def _random() -> str:
    return secrets.token_hex(8)


def _list_role_policies(account: ProbedAccount) -> Judgement:
    return judge_list(_iam(account).list_role_policies(RoleName=account.session.role_name))


def _list_attached_role_policies(account: ProbedAccount) -> Judgement:
    return judge_list(_iam(account).list_attached_role_policies(RoleName=account.session.role_name))


def _get_role_policy(account: ProbedAccount) -> None:
    """Reads an inline policy, or one with a random name if there is none. Only authorized callers
    receive NoSuchEntity. One is enough: the permission is on the role, not on its policies.
    """
    name = account.policy_name or _first_policy(account) or f"{PROBE_NAME_PREFIX}{_random()}"
    _iam(account).get_role_policy(RoleName=account.session.role_name, PolicyName=name)


def _first_policy(account: ProbedAccount) -> str | None:
    """An inline policy of the role, if the survey could not read them. Null if there is none."""
    if account.survey.inline_policies is not None:
        return None
    try:
        page = _iam(account).list_role_policies(RoleName=account.session.role_name)
    except AWS_ERRORS:
        return None  # reported by the step of iam:ListRolePolicies
    return next(iter(page["PolicyNames"]), None)


def _iam(account: ProbedAccount) -> Any:
    return account.session.client("iam")


def _describe_instances(account: ProbedAccount) -> None:
    account.session.client("ec2").describe_instances(MaxResults=5)


def _describe_instance_status(account: ProbedAccount) -> None:
    account.session.client("ec2").describe_instance_status(MaxResults=5)


def _describe_db_instances(account: ProbedAccount) -> None:
    account.session.client("rds").describe_db_instances(MaxRecords=20)


def _describe_db_clusters(account: ProbedAccount) -> None:
    account.session.client("rds").describe_db_clusters(MaxRecords=20)


def _absent_database(operation: str, parameter: str) -> Callable[[ProbedAccount], None]:
    def call(account: ProbedAccount) -> None:
        rds = account.session.client("rds")
        getattr(rds, operation)(**{parameter: f"{PROBE_NAME_PREFIX}{_random()}"})

    return call


_NO_SUCH_INSTANCE = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"})
_NO_SUCH_CLUSTER = frozenset({"DBClusterNotFound", "DBClusterNotFoundFault"})

PROBES: Mapping[str, Probe] = {
    "iam:ListRolePolicies": Probe(_list_role_policies, regional=False),
    "iam:ListAttachedRolePolicies": Probe(_list_attached_role_policies, regional=False),
    "iam:GetRolePolicy": Probe(_get_role_policy, NO_SUCH_POLICY, regional=False),
    "ec2:DescribeInstances": Probe(_describe_instances),
    "ec2:DescribeInstanceStatus": Probe(_describe_instance_status),
    "ec2:StartInstances": Probe(dry_run="start_instances"),
    "ec2:StopInstances": Probe(dry_run="stop_instances"),
    "rds:DescribeDBInstances": Probe(_describe_db_instances),
    "rds:StartDBInstance": Probe(
        _absent_database("start_db_instance", "DBInstanceIdentifier"), _NO_SUCH_INSTANCE
    ),
    "rds:StopDBInstance": Probe(
        _absent_database("stop_db_instance", "DBInstanceIdentifier"), _NO_SUCH_INSTANCE
    ),
    "rds:DescribeDBClusters": Probe(_describe_db_clusters),
    "rds:StartDBCluster": Probe(
        _absent_database("start_db_cluster", "DBClusterIdentifier"), _NO_SUCH_CLUSTER
    ),
    "rds:StopDBCluster": Probe(
        _absent_database("stop_db_cluster", "DBClusterIdentifier"), _NO_SUCH_CLUSTER
    ),
}
