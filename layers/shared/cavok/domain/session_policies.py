"""What a session in a customer's account may do at most, whatever the customer granted."""

import json
from typing import Any

from cavok.domain.instances import LOOKING, Kind, Operation
from cavok.domain.permissions import CHECKING, EC2, LOGS, RDS

PROBE_NAME_PREFIX = "cavok-probe-"
"""Databases and policies of this name do not exist. A test's session can start and stop no other
database.
"""

DURATION_SECONDS = 900
"""The shortest that STS gives."""


def probing_policy() -> dict[str, Any]:
    """Session policy of a test: no bug of ours can start or stop a real database with it.

    EC2 has no such narrowing: DryRun is no condition key, so the one function that makes those
    calls sets it. Source: IAM User Guide, "Session policies"; at most 2,048 characters.
    """
    on_databases = [action for action in RDS.actions if "Describe" not in action]
    reading = [
        *CHECKING.actions,
        *EC2.actions,
        *(action for action in RDS.actions if "Describe" in action),
    ]
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": reading, "Resource": "*"},
            {
                "Effect": "Allow",
                "Action": on_databases,
                "Resource": [
                    f"arn:aws:rds:*:*:db:{PROBE_NAME_PREFIX}*",
                    f"arn:aws:rds:*:*:cluster:{PROBE_NAME_PREFIX}*",
                ],
            },
            {"Effect": "Allow", "Action": list(LOGS.actions), "Resource": LOGS.resource},
        ],
    }


def probing_policy_text() -> str:
    return policy_text(probing_policy())


def listing_policy() -> dict[str, Any]:
    """Session policy of a listing: it looks and does nothing else."""
    return _allowing(sorted(LOOKING.values()), "*")


def operating_policy(account_number: str, operation: Operation) -> dict[str, Any]:
    """Session policy of one start or stop: that one action on that one instance, and looking at it.

    Describing knows no resources. Source: Service Authorization Reference, EC2 and RDS.
    """
    prefix = {
        Kind.EC2: "ec2:*:{}:instance/",
        Kind.RDS: "rds:*:{}:db:",
        Kind.AURORA: "rds:*:{}:cluster:",
    }
    resource = f"arn:aws:{prefix[operation.kind].format(account_number)}{operation.instance_id}"
    looking = _allowing([LOOKING[operation.kind]], "*")
    acting = _allowing([operation.permission], resource)
    return looking | {"Statement": looking["Statement"] + acting["Statement"]}


def logging_policy() -> dict[str, Any]:
    """Session policy of writing to the customer's log groups."""
    return _allowing(list(LOGS.actions), LOGS.resource)


def _allowing(actions: list[str], resource: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def policy_text(policy: dict[str, Any]) -> str:
    """A session policy as STS takes it: at most 2,048 characters."""
    return json.dumps(policy, separators=(",", ":"))
