"""One harmless call per permission.

A probe makes a call that never changes anything, and names the error codes that only an authorized
caller receives. Sources: EC2 API reference (DryRun), RDS API reference (StartDBInstance …:
DBInstanceNotFound), IAM API reference. AWS does not document that IAM and RDS check the permission
before they look for the resource. This is observed, and held by the contract tests.
"""

import json
import secrets
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any
from urllib.parse import unquote

from cavok.adapters.aws_errors import AWS_ERRORS, judge_error
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.permissions import PROBE_NAME_PREFIX
from cavok.domain.steps import ALLOWED, Judgement


@dataclass(frozen=True, slots=True)
class Probe:
    """A call, and the error codes that also prove the permission."""

    call: Callable[[CustomerSession], object]
    proofs: frozenset[str] = frozenset()
    regional: bool = True


def run(action: str, session: CustomerSession) -> Judgement:
    """Makes the call that proves an IAM action, and returns what the answer proves. Raises KeyError
    for an unknown action.
    """
    probe = PROBES[action]
    try:
        probe.call(session)
    except AWS_ERRORS as error:
        return judge_error(error, probe.proofs)
    return ALLOWED


def is_regional(action: str) -> bool:
    """Whether the action has a region; IAM is global. Raises KeyError for an unknown action."""
    return PROBES[action].regional


def inline_policies(session: CustomerSession) -> list[dict[str, Any]]:
    """The role's inline policy documents. Empty for access keys, or if reading is refused."""
    if session.role_name is None:
        return []
    iam = session.client("iam")
    try:
        names = iam.list_role_policies(RoleName=session.role_name)["PolicyNames"]
        documents = [
            iam.get_role_policy(RoleName=session.role_name, PolicyName=name)["PolicyDocument"]
            for name in names
        ]
    except AWS_ERRORS:
        return []  # the steps of the checking group report these refusals
    return [json.loads(unquote(d)) if isinstance(d, str) else d for d in documents]


def _random() -> str:
    return secrets.token_hex(8)


def _list_role_policies(session: CustomerSession) -> None:
    session.client("iam").list_role_policies(RoleName=session.role_name)


def _list_attached_role_policies(session: CustomerSession) -> None:
    session.client("iam").list_attached_role_policies(RoleName=session.role_name)


def _get_role_policy(session: CustomerSession) -> None:
    """Reads each inline policy, or one with a random name if there is none. Only authorized callers
    receive NoSuchEntity.
    """
    iam = session.client("iam")
    try:
        names = iam.list_role_policies(RoleName=session.role_name)["PolicyNames"]
    except AWS_ERRORS:
        names = []  # reported by the step of iam:ListRolePolicies
    for name in names or [f"{PROBE_NAME_PREFIX}{_random()}"]:
        iam.get_role_policy(RoleName=session.role_name, PolicyName=name)


def _describe_instances(session: CustomerSession) -> None:
    session.client("ec2").describe_instances(MaxResults=5)


def _describe_instance_status(session: CustomerSession) -> None:
    session.client("ec2").describe_instance_status(MaxResults=5)


def _dry_run(
    operation: str,
) -> Callable[[CustomerSession], None]:
    def call(session: CustomerSession) -> None:
        ec2 = session.client("ec2")
        dry_run_only(ec2, operation, [_an_instance(ec2)])

    return call


def dry_run_only(ec2: Any, operation: str, instance_ids: Sequence[str]) -> None:
    """Calls an EC2 operation that changes instances, always as a dry run. No other probe calls
    one.
    """
    getattr(ec2, operation)(InstanceIds=list(instance_ids), DryRun=True)


def _an_instance(ec2: Any) -> str:
    """The ID of an existing instance, because EC2 may look for the instance before it checks the
    permission. A random ID if there is none.
    """
    try:
        reservations = ec2.describe_instances(MaxResults=5)["Reservations"]
    except AWS_ERRORS:
        reservations = []  # reported by the step of ec2:DescribeInstances
    usable = [
        instance["InstanceId"]
        for reservation in reservations
        for instance in reservation["Instances"]
        if instance["State"]["Name"] not in ("terminated", "shutting-down")
    ]
    return usable[0] if usable else f"i-{secrets.token_hex(9)[:17]}"


def _describe_db_instances(session: CustomerSession) -> None:
    session.client("rds").describe_db_instances(MaxRecords=20)


def _describe_db_clusters(session: CustomerSession) -> None:
    session.client("rds").describe_db_clusters(MaxRecords=20)


def _absent_database(operation: str, parameter: str) -> Callable[[CustomerSession], None]:
    def call(session: CustomerSession) -> None:
        getattr(session.client("rds"), operation)(**{parameter: f"{PROBE_NAME_PREFIX}{_random()}"})

    return call


_NO_SUCH_POLICY = frozenset({"NoSuchEntity", "NoSuchEntityException"})
_DRY_RUN = frozenset({"DryRunOperation"})
_NO_SUCH_INSTANCE = frozenset({"DBInstanceNotFound", "DBInstanceNotFoundFault"})
_NO_SUCH_CLUSTER = frozenset({"DBClusterNotFound", "DBClusterNotFoundFault"})

PROBES: Mapping[str, Probe] = {
    "iam:ListRolePolicies": Probe(_list_role_policies, regional=False),
    "iam:ListAttachedRolePolicies": Probe(_list_attached_role_policies, regional=False),
    "iam:GetRolePolicy": Probe(_get_role_policy, _NO_SUCH_POLICY, regional=False),
    "ec2:DescribeInstances": Probe(_describe_instances),
    "ec2:DescribeInstanceStatus": Probe(_describe_instance_status),
    "ec2:StartInstances": Probe(_dry_run("start_instances"), _DRY_RUN),
    "ec2:StopInstances": Probe(_dry_run("stop_instances"), _DRY_RUN),
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
