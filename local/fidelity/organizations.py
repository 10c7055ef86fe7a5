"""Organizations: members that were invited, and the policies that limit them."""

from __future__ import annotations

import json
import secrets
import time
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import error_response_json, get_account_id, get_region, request_scope
from ministack.services import organizations

from local.fidelity.correction import Response, corrects, replaces
from local.fidelity.iam import Limit

_SCP = "SERVICE_CONTROL_POLICY"
_ALLOW_ALL = {"Statement": {"Effect": "Allow", "Action": "*", "Resource": "*"}}

_invitations: dict[str, tuple[str, str]] = {}
"""Management account and invited account, by the ID of the handshake."""


@corrects(iam_evaluator, "resolve_principal")
def limit_members_by_service_control_policies(
    original: Any, access_key_id: str, account_number: str, *rest: Any
) -> Any:
    """Service control policies limit every user and role of a member account, and its root user: an
    action must be allowed at each level, root, organizational units and account, and denied at
    none. The management account and service-linked roles are exempt.

    The emulator stores these policies and does not look at them.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps_evaluation.html
    """
    principal = original(access_key_id, account_number, *rest)
    if isinstance(principal, iam_evaluator.AuthError) or "/AWSServiceRoleFor" in principal.arn:
        return principal
    if limits := _limits(principal.account):
        principal.limits = [*limits, *principal.limits]
        if principal.policies is None:
            principal.policies = [iam_evaluator.parse_policy_document(_ALLOW_ALL)]
    return principal


def management_of(account_number: str) -> str | None:
    """The management account of the organization that an account is in, maybe this one itself."""
    found = [
        str(management)
        for management, _ in list(organizations._orgs._data)
        if (management, account_number) in organizations._accounts._data
    ]
    return min(found, key=lambda each: each == account_number, default=None)


def _limits(account_number: str) -> list[Limit]:
    """The service control policies of an account, one limit a level. None: it is no member."""
    management = management_of(account_number)
    if management in (None, account_number):
        return []
    with request_scope(management, get_region()):
        if not organizations._policy_type_enabled(_SCP):
            return []
        return [_attached_to(target) for target in path_of(account_number)]


def path_of(target: str | None) -> list[str]:
    """An account or organizational unit, the units above it, and the root. In the scope of the
    management account.
    """
    path: list[str] = []
    while target:
        path.append(target)
        target = organizations._target(target)[0].get("_ParentId")
    return path


def _attached_to(target: str) -> Limit:
    attached = [
        iam_evaluator.parse_policy_document(policy["_Content"])
        for policy_id, policy in organizations._policies.items()
        if policy["Type"] == _SCP and target in (organizations._attachments.get(policy_id) or [])
    ]
    return Limit("service control policy", attached)


@replaces(organizations, "_DISPATCH")
def allow_everything_in_new_units(operations: dict[str, Any]) -> dict[str, Any]:
    """A new organizational unit has the policy FullAWSAccess, as the root and accounts have.

    The emulator's has none, so that nothing is allowed in it.
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_policies_scps.html
    """
    create_unit = operations["CreateOrganizationalUnit"]

    def create(payload: dict[str, Any]) -> Response:
        status, headers, body = create_unit(payload)
        if status == 200:
            _allow_everything(json.loads(body)["OrganizationalUnit"]["Id"])
        return status, headers, body

    return {**operations, "CreateOrganizationalUnit": create}


@replaces(organizations, "_DISPATCH")
def invite_accounts(operations: dict[str, Any]) -> dict[str, Any]:
    """InviteAccountToOrganization and AcceptHandshake. The emulator lacks both: only an account
    that it made itself, with a number of its own choice, can be a member.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_InviteAccountToOrganization.html
    """

    def invite(payload: dict[str, Any]) -> Response:
        organizations._ensure_org()
        handshake = f"h-{secrets.token_hex(8)}"
        _invitations[handshake] = (get_account_id(), payload["Target"]["Id"])
        return _handshake(handshake, "OPEN")

    def accept(payload: dict[str, Any]) -> Response:
        handshake = payload["HandshakeId"]
        management, invited = _invitations.get(handshake, ("", ""))
        if invited != get_account_id():
            code = "HandshakeNotFoundException"
            return error_response_json(code, "We can't find the handshake.", 400)  # type: ignore[no-any-return]
        with request_scope(management, get_region()):
            _join(invited)
        return _handshake(handshake, "ACCEPTED")

    return {**operations, "InviteAccountToOrganization": invite, "AcceptHandshake": accept}


def _handshake(handshake: str, state: str) -> Response:
    answer = {"Handshake": {"Id": handshake, "State": state, "Action": "INVITE"}}
    return organizations._json(200, answer)  # type: ignore[no-any-return]


def _join(account_number: str) -> None:
    """Make an account a member of the management account of the request's scope."""
    organization = organizations._orgs["self"]
    owner = organization["MasterAccountId"]
    arn = f"arn:aws:organizations::{owner}:account/{organization['Id']}/{account_number}"
    organizations._accounts[account_number] = {
        "Id": account_number,
        "Arn": arn,
        "Email": f"{account_number}@customer.example",
        "Name": account_number,
        "Status": "ACTIVE",
        "JoinedMethod": "INVITED",
        "JoinedTimestamp": int(time.time()),
        "Path": "/",
        "_ParentId": next(iter(organizations._roots)),
    }
    _allow_everything(account_number)


def _allow_everything(target: str) -> None:
    full_access = organizations.FULL_ACCESS_POLICY_ID
    attached = organizations._attachments[full_access]
    organizations._attachments[full_access] = [*attached, target]
