"""Session policies: the most that a session may do in a customer's account, whatever its role
allows.
"""

import json
from datetime import timedelta
from typing import Any

from cavok.domain.enrollments import READS
from cavok.domain.instances import Operation
from cavok.domain.kinds import Action, Kind
from cavok.domain.permissions import ENCRYPTED_VOLUMES, GRANTED_GROUPS, LOGS

DURATION_SECONDS = 900
"""The minimum that STS accepts."""

LIFETIME = timedelta(seconds=DURATION_SECONDS)
RENEWED_BEFORE = timedelta(minutes=2)
"""A session is not handed out in its last minutes, so that it does not expire during a call."""

REFUSED_FOR = timedelta(seconds=30)
"""How long a refused entry is not tried again. All customers share the quota of AssumeRole calls: a
client that asks in a loop must not use it up.
"""


def probing_policy() -> dict[str, Any]:
    """Session policy of a test. It limits starting and stopping to databases that do not exist, so
    that no bug in Cavok can act on a real one.

    EC2 actions cannot be limited in this way, because DryRun is not a condition key.
    `dry_run_only` makes these calls and always sets it. Source: IAM User Guide, "Session policies".
    """
    actions_on: dict[str, list[str]] = {}
    for group in GRANTED_GROUPS:
        for permission in group.permissions:
            on = permission.probed_on or group.resource
            actions_on.setdefault(on, []).append(permission.action)
    statements = [
        {"Effect": "Allow", "Action": actions, "Resource": on} for on, actions in actions_on.items()
    ]
    return {"Version": "2012-10-17", "Statement": statements}


def probing_policy_text() -> str:
    """`probing_policy` as JSON."""
    return policy_text(probing_policy())


def entering_policy() -> dict[str, Any]:
    """Allows nothing: the session only shows that the role lets us in."""
    everything = {"Effect": "Deny", "Action": "*", "Resource": "*"}
    return {"Version": "2012-10-17", "Statement": [everything]}


def listing_policy() -> dict[str, Any]:
    """Allows only the Describe actions of all kinds."""
    return _allowing(sorted({kind.descriptor.describe for kind in Kind}), "*")


def looking_policy(kind: Kind) -> dict[str, Any]:
    """Allows only the Describe action of one kind."""
    return _allowing([kind.descriptor.describe], "*")


def start_stop_policy(account_number: str, operation: Operation) -> dict[str, Any]:
    """Allows this action on this instance, plus Describe; for starting an EC2 instance also what
    AWS does in the caller's name, as far as the role's own policies allow it: grants for encrypted
    volumes, and the use of license configurations and of groups of Capacity Reservations.

    Describe actions cannot be limited to a resource. Source: Service Authorization Reference, EC2
    and RDS.
    """
    kind = operation.kind.descriptor
    arn = kind.arn.format(account_number=account_number, instance_id=operation.instance_id)
    statements = _allowing([kind.describe], "*")["Statement"]
    statements += _allowing([operation.permission], arn)["Statement"]
    if operation.action is Action.START and kind.extra_arns:
        statements[-1]["Resource"] = [arn, *kind.extra_resources(account_number)]
    if operation.action is Action.START and kind.encrypted_volumes:
        granting = ENCRYPTED_VOLUMES.statement()
        del granting["Sid"]
        statements.append(granting)
    return {"Version": "2012-10-17", "Statement": statements}


def organization_policy() -> dict[str, Any]:
    """Allows only listing the AWS Organization. These actions have no resource that would narrow
    them to what is read. Source: Service Authorization Reference, AWS Organizations.
    """
    return _allowing(list(READS), "*")


def logging_policy() -> dict[str, Any]:
    """Allows writing to the log groups under /cavok/."""
    return _allowing(list(LOGS.actions), LOGS.resource)


def _allowing(actions: list[str], resource: str) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": actions, "Resource": resource}
    return {"Version": "2012-10-17", "Statement": [statement]}


def policy_text(policy: dict[str, Any]) -> str:
    """A session policy as compact JSON. STS accepts at most 2,048 characters."""
    return json.dumps(policy, separators=(",", ":"))
