"""Organizations: what the management account, a delegated administrator and a member see of it, and
how often.
"""

from __future__ import annotations

from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import get_account_id, get_region, request_scope
from ministack.services import organizations

from local.fidelity import clock
from local.fidelity.correction import Response, corrects, replaces
from local.fidelity.organizations import management_of
from local.fidelity.organizations_accounts import Operation, refuse
from local.fidelity.organizations_services import is_delegated

_AT_ONCE, _PER_SECOND = 20.0, 10.0
"""Reads of one kind that an organization has at once, and from then on. AWS has a rate for each
operation; these are ours.
"""
_BY_ANYBODY = ("AcceptHandshake", "CreateOrganization", "InviteAccountToOrganization")
_BY_MEMBERS = ("DescribeOrganization", "LeaveOrganization")

_buckets: dict[tuple[str, str], tuple[float, float]] = {}
"""Calls that were left, and when, by management account and operation."""


@replaces(organizations, "_DISPATCH")
def show_an_organization_to_its_accounts(operations: dict[str, Any]) -> dict[str, Any]:
    """The management account calls every operation, a delegated administrator those that read, a
    member only DescribeOrganization and LeaveOrganization. An account outside of an organization is
    told so, and who reads too often too. The words are as users report them.

    The emulator makes everybody an organization of their own. That stays so for the root user of an
    account that is in none, because tests and sample customers begin with it.
    https://docs.aws.amazon.com/organizations/latest/APIReference/action-reference.html
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_reference_limits.html
    https://github.com/awslabs/aws-deployment-framework/issues/788 (TooManyRequestsException)
    """
    return {name: _seen(name, operation) for name, operation in operations.items()}


def _seen(name: str, operation: Operation) -> Operation:
    def see(payload: dict[str, Any]) -> Response:
        number = get_account_id()
        management = management_of(number)
        if name in _BY_ANYBODY or (management is None and _is_root()):
            return operation(payload)
        if refused := _refusal(name, management, number):
            return refused
        if name == "LeaveOrganization":
            return operation(payload)
        with request_scope(management, get_region()):
            return operation(payload)

    return see


def _is_root() -> bool:
    return str(iam_evaluator.caller_arn()).endswith(":root")


def _refusal(name: str, management: str | None, account_number: str) -> Response | None:
    if management is None:
        said = "Your account is not a member of an organization."
        return refuse("AWSOrganizationsNotInUseException", said)
    reads = name.startswith(("Describe", "List"))
    if reads and not _is_in_time(management, name):
        said = "You have sent too many requests in too short a period of time. Try again later."
        return refuse("TooManyRequestsException", said, Type="RATE_LIMIT")
    if management == account_number or name in _BY_MEMBERS:
        return None
    if reads and is_delegated(management, account_number):
        return None
    return refuse("AccessDeniedException", "You don't have permissions to access this resource.")


def _is_in_time(management: str, name: str) -> bool:
    """Whether a bucket of calls has one left. It fills as time passes."""
    now = clock.now()
    left, since = _buckets.get((management, name), (_AT_ONCE, now))
    left = min(_AT_ONCE, left + (now - since) * _PER_SECOND)
    in_time = left >= 1
    _buckets[management, name] = left - in_time, now
    return in_time


@corrects(iam_evaluator, "_principal_org_id")
def know_the_organization_of_members(original: Any, account_number: str) -> str | None:
    """`aws:PrincipalOrgID` of a member is its organization's. The emulator knows that of management
    accounts.

    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalorgid
    """
    found: str | None = original(management_of(account_number) or account_number)
    return found
