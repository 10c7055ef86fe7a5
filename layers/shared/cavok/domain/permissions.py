"""The permission catalog: everything Cavok asks a customer to grant, and why.

This is the single source of the Access Details answer, the policy documents, the CloudFormation and
Terraform templates and the list that the workflow's Map walks. To add a permission, add an entry
here and one probe in `cavok.adapters.customer.probes`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

ROLE_NAME_PREFIX = "Cavok"
"""Every customer role starts with it, so that our own policy can name `arn:aws:iam::*:role/Cavok*`.
"""

DEFAULT_ROLE_NAME = "CavokCloud"
LOG_GROUP_PREFIX = "/cavok/"
LOG_GROUPS_ARN = "arn:aws:logs:*:*:log-group:/cavok/*"

ASSUME_ROLE = "sts:AssumeRole"
ACCOUNT_MATCHES = "trust:account-matches"
WITHOUT_EXTERNAL_ID = "trust:without-external-id"
WITH_WRONG_EXTERNAL_ID = "trust:with-wrong-external-id"
TRUST_STEPS = (ASSUME_ROLE, ACCOUNT_MATCHES, WITHOUT_EXTERNAL_ID, WITH_WRONG_EXTERNAL_ID)


@dataclass(frozen=True, slots=True)
class Permission:
    """One IAM action and the reason we ask for it."""

    action: str
    why: str


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionGroup:
    """Permissions that are granted, and left out, together."""

    group: str
    title: str
    why: str
    required: bool
    resource: str
    permissions: tuple[Permission, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        return tuple(permission.action for permission in self.permissions)

    @property
    def policy_name(self) -> str:
        """Name of the inline policy that grants this group, such as `CavokEc2`."""
        return f"Cavok{self.group.capitalize()}"

    def statement(self) -> dict[str, Any]:
        """The IAM policy statement that grants the group."""
        return {
            "Sid": self.policy_name,
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": self.resource,
        }


TRUST = PermissionGroup(
    group="trust",
    title="Entering the account",
    why=(
        "Cavok assumes a role in your account with your organization's external ID. "
        "Mandatory for Assume Role."
    ),
    required=True,
    resource="arn:aws:iam::*:role/Cavok*",
    permissions=(Permission(ASSUME_ROLE, "Enters the account with temporary credentials."),),
)
CHECKING = PermissionGroup(
    group="checking",
    title="Checking",
    why="Only the account confirmation uses them, to tell in advance what would fail.",
    required=False,
    resource="*",
    permissions=(
        Permission("iam:ListRolePolicies", "Lists the role's inline policies."),
        Permission(
            "iam:ListAttachedRolePolicies", "Lists the managed policies attached to the role."
        ),
        Permission(
            "iam:GetRolePolicy", "Reads an inline policy, to predict what no call can prove."
        ),
    ),
)
EC2 = PermissionGroup(
    group="ec2",
    title="EC2 instances",
    why="Operational. May be left out if you do not use EC2 instances with Cavok.",
    required=False,
    resource="*",
    permissions=(
        Permission("ec2:DescribeInstances", "Lists instances and their state."),
        Permission("ec2:DescribeInstanceStatus", "Reads health and scheduled events of instances."),
        Permission("ec2:StartInstances", "Starts an instance on request or on schedule."),
        Permission("ec2:StopInstances", "Stops an instance on request or on schedule."),
    ),
)
RDS = PermissionGroup(
    group="rds",
    title="RDS instances and Aurora clusters",
    why=(
        "Operational. May be left out if you do not use RDS with Cavok. Aurora databases are "
        "clusters."
    ),
    required=False,
    resource="*",
    permissions=(
        Permission("rds:DescribeDBInstances", "Lists database instances and their state."),
        Permission("rds:StartDBInstance", "Starts a database instance."),
        Permission("rds:StopDBInstance", "Stops a database instance."),
        Permission("rds:DescribeDBClusters", "Lists Aurora clusters and their state."),
        Permission("rds:StartDBCluster", "Starts an Aurora cluster."),
        Permission("rds:StopDBCluster", "Stops an Aurora cluster."),
    ),
)
LOGS = PermissionGroup(
    group="logs",
    title="CloudWatch Logs",
    why=(
        "Used only where “Write logs” is Yes: a line at every interaction, in log groups "
        "that start with /cavok/."
    ),
    required=False,
    resource=LOG_GROUPS_ARN,
    permissions=(
        Permission("logs:CreateLogGroup", "Makes the log group at the first line."),
        Permission("logs:TagResource", "Marks the log group as made by Cavok."),
        Permission(
            "logs:PutRetentionPolicy",
            "Sets 14 days of retention when it makes a log group; yours to change.",
        ),
        Permission("logs:CreateLogStream", "Makes a log stream a day."),
        Permission("logs:PutLogEvents", "Writes the lines."),
    ),
)

GROUPS = (TRUST, CHECKING, EC2, RDS, LOGS)
GRANTED_GROUPS = (CHECKING, EC2, RDS, LOGS)
"""The groups that a policy grants; trust is granted by the role's trust policy."""

PROBED_GROUPS = (CHECKING, EC2, RDS)
"""The groups that the workflow's Map probes one permission at a time; writing a log proves the logs
group.
"""

LOSABLE_GROUPS = (EC2.group, RDS.group)
"""The groups of which an account remembers what it once was allowed."""

CAPABILITY_GROUPS = (EC2, RDS, LOGS)

STEPS = (*TRUST_STEPS, *(action for group in GRANTED_GROUPS for action in group.actions))
"""Every step of a verification, in the order it is shown."""

_GROUP_OF_STEP = {
    action: group.group for group in GROUPS for action in group.actions
} | dict.fromkeys(TRUST_STEPS, TRUST.group)


def group_of(step: str) -> str:
    """Name of the group that a step belongs to. KeyError for an unknown step."""
    return _GROUP_OF_STEP[step]


def policy_document(groups: Iterable[PermissionGroup] = GRANTED_GROUPS) -> dict[str, Any]:
    """The IAM policy that grants the groups, as an admin would attach it to the role or the
    user.
    """
    return {"Version": "2012-10-17", "Statement": [group.statement() for group in groups]}


def trust_policy(trusted_account_id: str, external_id: str) -> dict[str, Any]:
    """Trust policy of a customer's role: our workload account may enter, and only with this
    external ID.

    Source: IAM User Guide, "Access to AWS accounts owned by third parties".
    """
    return {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Sid": "CavokCloud",
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{trusted_account_id}:root"},
                "Action": ASSUME_ROLE,
                "Condition": {"StringEquals": {"sts:ExternalId": external_id}},
            }
        ],
    }
