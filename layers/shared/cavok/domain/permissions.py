"""The permission catalog: everything Cavok asks a customer to grant, and why.

This is the single source of Access Details, the policy documents, the CloudFormation and Terraform
templates, the steps of a verification, the capabilities of an account and the list that the
workflow's Map walks. To add a permission, add one entry here and one probe in
`cavok.adapters.customer.probes`, and run `make catalog`. docs/architecture.md has the recipe.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from cavok.domain.template_versions import sid_of

ROLE_NAME_PREFIX = "Cavok"
"""Every customer role starts with it, so that our own policy can name `role/Cavok*`, and
`role/*/Cavok*` for roles with a path.
"""

DEFAULT_ROLE_NAME, DEFAULT_ROLE_PATH = "CavokCloud", "/"
PROBE_NAME_PREFIX = "cavok-probe-"
"""Prefix of the names that probes use. No real database or policy has it."""

LOG_GROUP_PREFIX = "/cavok/"
RETENTION_DAYS = 14
"""How long a log group that Cavok makes keeps lines. The customer may change it."""

LOG_GROUPS_ARN = "arn:aws:logs:*:*:log-group:/cavok/*"

ASSUME_ROLE = "sts:AssumeRole"
ACCOUNT_MATCHES = "trust:account-matches"
WITHOUT_EXTERNAL_ID = "trust:without-external-id"
WITH_WRONG_EXTERNAL_ID = "trust:with-wrong-external-id"
TRUST_STEPS = (ASSUME_ROLE, ACCOUNT_MATCHES, WITHOUT_EXTERNAL_ID, WITH_WRONG_EXTERNAL_ID)


class ProvenBy(StrEnum):
    """What proves the permissions of a group."""

    ENTERING = "entering"
    """Entering the account, and being refused without the right external ID."""
    PROBING = "probing"
    """One harmless call a permission."""
    USE = "use"
    """Only use proves it: no harmless call does, so a test has no step for it. Such a group is
    optional: customers must ask for it, and templates leave it out by default.
    """
    WRITING = "writing"
    """Writing the test's summary to the customer's log group, if log writing is on."""


@dataclass(frozen=True, slots=True)
class Permission:
    """One IAM action and the reason we ask for it.

    probed_on  ARN pattern to which a test's session is narrowed for this action. Needed if the
               probe could act on a real resource. Empty: the group's own resource.
    """

    action: str
    why: str
    probed_on: str = ""


@dataclass(frozen=True, slots=True, kw_only=True)
class PermissionGroup:
    """Permissions that are granted, and left out, together.

    why          what Cavok does with them, then when they are needed. Somebody who has only an
                 invitation reads it.
    operational  whether the account is used with them: they show as a capability of the account,
                 and a lost one degrades it.
    needs_role   whether they make sense only for an account that is entered through a role.
    condition    the statement's Condition; null for none.
    """

    group: str
    title: str
    why: str
    required: bool = False
    resource: str = "*"
    proven_by: ProvenBy = ProvenBy.PROBING
    operational: bool = True
    needs_role: bool = False
    condition: Mapping[str, Mapping[str, str]] | None = None
    permissions: tuple[Permission, ...]

    @property
    def actions(self) -> tuple[str, ...]:
        """The group's IAM actions, in the order of the catalog."""
        return tuple(permission.action for permission in self.permissions)

    @property
    def optional(self) -> bool:
        """Whether it is granted only to customers who ask for it."""
        return self.proven_by is ProvenBy.USE

    @property
    def feature(self) -> bool:
        """Whether it is a feature of enrollments, which may leave it out."""
        return self.operational or self.optional

    @property
    def policy_name(self) -> str:
        """Name of the inline policy that grants this group, such as `CavokEc2`."""
        return f"Cavok{self.group.title().replace('_', '')}"

    def applies_to(self, *, has_role: bool, write_logs: bool) -> bool:
        """Whether the group matters to an account that is entered and logged this way."""
        if self.proven_by is ProvenBy.WRITING:
            return write_logs
        return has_role or not self.needs_role

    def statement(self) -> dict[str, Any]:
        """The IAM policy statement that grants the group."""
        statement = {
            "Sid": sid_of(self.policy_name),
            "Effect": "Allow",
            "Action": list(self.actions),
            "Resource": self.resource,
        }
        return statement | ({"Condition": self.condition} if self.condition else {})


TRUST = PermissionGroup(
    group="trust",
    title="Entering the account",
    why=(
        "Cavok assumes a role in your account, which may have a path, with your organization's "
        "external ID. Mandatory for Assume Role."
    ),
    required=True,
    resource="arn:aws:iam::*:role/Cavok*",
    proven_by=ProvenBy.ENTERING,
    operational=False,
    needs_role=True,
    permissions=(Permission(ASSUME_ROLE, "Enters the account with temporary credentials."),),
)
CHECKING = PermissionGroup(
    group="checking",
    title="Checking",
    why=(
        "Cavok reads the policies of its own role, to say what would fail before it does. Only "
        "tests of the account use it."
    ),
    operational=False,
    needs_role=True,
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
    why=(
        "Cavok lists your EC2 instances, and starts and stops them when a person or a schedule "
        "says so. May be left out if you do not use EC2 instances with Cavok."
    ),
    permissions=(
        Permission("ec2:DescribeInstances", "Lists instances and their state."),
        Permission("ec2:DescribeInstanceStatus", "Reads health and scheduled events of instances."),
        Permission("ec2:StartInstances", "Starts an instance on request or on schedule."),
        Permission("ec2:StopInstances", "Stops an instance on request or on schedule."),
    ),
)
ENCRYPTED_VOLUMES = PermissionGroup(
    group="encrypted_volumes",
    title="Encrypted volumes",
    why=(
        "Cavok lets EC2 decrypt volumes under a customer managed key of KMS when it starts an "
        "instance. Optional. Without it AWS accepts the start, and the instance falls back to "
        "stopped. No harmless call proves it, so a test has no step for it; Cavok looks after "
        "each start whether the instance runs."
    ),
    proven_by=ProvenBy.USE,
    operational=False,
    # Only EC2 may use it, and only to make grants for EBS. Source: AWS re:Post,
    # "kms-iam-ec2-permission"; KMS Developer Guide, "Condition keys", kms:GrantIsForAWSResource.
    condition={
        "Bool": {"kms:GrantIsForAWSResource": "true"},
        "StringLike": {"kms:ViaService": "ec2.*.amazonaws.com"},
    },
    permissions=(
        Permission("kms:CreateGrant", "Lets EC2 decrypt the volumes of an instance it starts."),
    ),
)
_ABSENT_DATABASE = f"arn:aws:rds:*:*:db:{PROBE_NAME_PREFIX}*"
_ABSENT_CLUSTER = f"arn:aws:rds:*:*:cluster:{PROBE_NAME_PREFIX}*"
"""RDS has no dry run: a probe really calls StopDBInstance, so it must reach no real database."""

RDS = PermissionGroup(
    group="rds",
    title="RDS instances and Aurora clusters",
    why=(
        "Cavok lists your databases, and starts and stops them when a person or a schedule says "
        "so. May be left out if you do not use RDS with Cavok. Aurora databases are clusters."
    ),
    permissions=(
        Permission("rds:DescribeDBInstances", "Lists database instances and their state."),
        Permission("rds:StartDBInstance", "Starts a database instance.", _ABSENT_DATABASE),
        Permission("rds:StopDBInstance", "Stops a database instance.", _ABSENT_DATABASE),
        Permission("rds:DescribeDBClusters", "Lists Aurora clusters and their state."),
        Permission("rds:StartDBCluster", "Starts an Aurora cluster.", _ABSENT_CLUSTER),
        Permission("rds:StopDBCluster", "Stops an Aurora cluster.", _ABSENT_CLUSTER),
    ),
)
LOGS = PermissionGroup(
    group="logs",
    title="CloudWatch Logs",
    why=(
        "Cavok writes what it did with your account, one line per interaction, in log groups "
        "that start with /cavok/. Used only if “Write logs” is Yes."
    ),
    resource=LOG_GROUPS_ARN,
    proven_by=ProvenBy.WRITING,
    permissions=(
        Permission("logs:CreateLogGroup", "Creates the log group before the first line."),
        Permission("logs:TagResource", "Marks the log group as created by Cavok."),
        Permission(
            "logs:PutRetentionPolicy",
            f"Sets {RETENTION_DAYS} days of retention on a new log group; yours to change.",
        ),
        Permission("logs:CreateLogStream", "Creates one log stream per day."),
        Permission("logs:PutLogEvents", "Writes the lines."),
    ),
)

GROUPS = (TRUST, CHECKING, EC2, RDS, LOGS, ENCRYPTED_VOLUMES)
"""The catalog. All other lists of groups follow from it."""

GRANTED_GROUPS = tuple(
    group for group in GROUPS if group.proven_by is not ProvenBy.ENTERING and not group.optional
)
"""The groups that a policy grants by default. The role's trust policy grants the trust."""

OPTIONAL_GROUPS = tuple(group for group in GROUPS if group.optional)
"""The groups that a policy grants only if the customer asks for them."""

PROBED_GROUPS = tuple(group for group in GROUPS if group.proven_by is ProvenBy.PROBING)
"""The groups that the workflow's Map probes, one permission at a time."""

CAPABILITY_GROUPS = tuple(group for group in GROUPS if group.operational)
"""The groups that are shown as capabilities of an account."""

FEATURE_GROUPS = tuple(group for group in GROUPS if group.feature)
"""The groups that enrollments name as features."""

REMEMBERED_GROUPS = tuple(group.group for group in CAPABILITY_GROUPS if group in PROBED_GROUPS)
"""Names of the groups whose allowed permissions an account remembers (`Account.proven`)."""

STEPS = (*TRUST_STEPS, *(action for group in GRANTED_GROUPS for action in group.actions))
"""Every step of a verification, in the order it is shown."""

_GROUP_OF_STEP = {action: group for group in GROUPS for action in group.actions} | dict.fromkeys(
    TRUST_STEPS, TRUST
)


def group_of(step: str) -> str:
    """Name of the group that a step belongs to. KeyError for an unknown step."""
    return _GROUP_OF_STEP[step].group


def group_with(step: str) -> PermissionGroup:
    """The group that a step belongs to. KeyError for an unknown step."""
    return _GROUP_OF_STEP[step]


def policy_document(groups: Iterable[PermissionGroup] = GRANTED_GROUPS) -> dict[str, Any]:
    """The IAM policy that grants the groups, as an admin would attach it to the role or the
    user.
    """
    return {"Version": "2012-10-17", "Statement": [group.statement() for group in groups]}


def role_arn(account_number: str, role_path: str, role_name: str | None) -> str | None:
    """The ARN of a customer's role; null without a role, as of an access key. `role_path` begins
    and ends with a slash.
    """
    return f"arn:aws:iam::{account_number}:role{role_path}{role_name}" if role_name else None


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
