"""Organizations: accounts that are made, moved, closed, or leave, and the state that this is."""

from __future__ import annotations

import json
import secrets
import time
from collections.abc import Callable
from typing import Any

from ministack.core import iam_evaluator
from ministack.core.responses import error_response_json, get_account_id, get_region, request_scope
from ministack.services import organizations
from ministack.services.cloudformation import provisioners

from local.fidelity import clock
from local.fidelity.correction import Response, corrects, replaces
from local.fidelity.organizations import management_of, path_of

Operation = Callable[[dict[str, Any]], Response]

STATE_TAG = "emulator:state"
"""The tag of an account that makes its state the tag's value: AWS alone suspends accounts, and no
operation does.
"""
_SECONDS = 1.0
"""How long an account is being made, or closed. On AWS it takes minutes."""
_UNUSABLE = ("PENDING_ACTIVATION", "SUSPENDED", "CLOSED")

on_change: list[Callable[[str], None]] = []
"""Are called with the management account after an account joined, moved, or left."""


def refuse(code: str, message: str, **members: str) -> Response:
    """An error of Organizations, with members such as its Reason."""
    answer: Response = error_response_json(code, message, 400, members, message_key="Message")
    return answer


@replaces(organizations, "_DISPATCH")
def make_and_move_accounts(operations: dict[str, Any]) -> dict[str, Any]:
    """CreateOrganization. CreateAccount answers before the account exists; it has the role that
    lets the management account in. MoveAccount finds an account only where it is.

    The emulator makes organizations when anybody asks for one, and accounts at once, without role.
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateOrganization.html
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_CreateAccount.html
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_MoveAccount.html
    """
    make_at_once, move_anyway = operations["CreateAccount"], operations["MoveAccount"]
    join = operations["AcceptHandshake"]

    def create_organization(_payload: dict[str, Any]) -> Response:
        if management_of(get_account_id()):
            said = "The provided account is already a member of an organization."
            return refuse("AlreadyInOrganizationException", said)
        organizations._ensure_org()
        return _answer({"Organization": organizations._orgs["self"]})

    def create(payload: dict[str, Any]) -> Response:
        organizations._ensure_org()
        status = {
            "Id": f"car-{secrets.token_hex(16)}",
            "AccountName": payload["AccountName"],
            "State": "IN_PROGRESS",
            "RequestedTimestamp": int(time.time()),
        }
        organizations._create_statuses[status["Id"]] = status
        clock.later(_SECONDS, _make, payload, status, make_at_once)
        return _answer({"CreateAccountStatus": status})

    def move(payload: dict[str, Any]) -> Response:
        account = organizations._accounts.get(payload["AccountId"]) or {}
        source = payload["SourceParentId"]
        if account and organizations._target(source)[0] and account["_ParentId"] != source:
            return _no_account()
        answer: Response = move_anyway(payload)
        _notify(get_account_id())
        return answer

    def accept(payload: dict[str, Any]) -> Response:
        answer: Response = join(payload)
        if management := management_of(get_account_id()):
            _notify(management)
        return answer

    own = {
        "AcceptHandshake": accept,
        "CreateAccount": create,
        "CreateOrganization": create_organization,
        "MoveAccount": move,
    }
    return {**operations, **own}


def _make(payload: dict[str, Any], status: dict[str, Any], make_at_once: Operation) -> None:
    status["CompletedTimestamp"] = int(time.time())
    if any(each["Email"] == payload["Email"] for each in organizations._accounts.values()):
        status |= {"State": "FAILED", "FailureReason": "EMAIL_ALREADY_EXISTS"}
        return
    made = json.loads(make_at_once(payload)[2])["CreateAccountStatus"]
    organizations._create_statuses.pop(made["Id"])
    management, number = get_account_id(), made["AccountId"]
    with request_scope(number, get_region()):
        _let_in(management, payload.get("RoleName") or "OrganizationAccountAccessRole")
    status |= {"State": "SUCCEEDED", "AccountId": number}
    _notify(management)


def _let_in(management: str, role: str) -> None:
    """Make the role by which the management account enters the account of the scope."""
    anything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    trust = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{management}:root"},
        "Action": "sts:AssumeRole",
    }
    policy = {"PolicyName": "AdministratorAccess", "PolicyDocument": _document(anything)}
    provisioners._RESOURCE_HANDLERS["AWS::IAM::Role"]["create"](
        role,
        {
            "RoleName": role,
            "AssumeRolePolicyDocument": _document(trust),
            "Policies": [policy],
        },
        "organizations",
    )


def _document(statement: dict[str, Any]) -> dict[str, Any]:
    return {"Version": "2012-10-17", "Statement": [statement]}


def _notify(management: str) -> None:
    for listener in on_change:
        listener(management)


@replaces(organizations, "_DISPATCH")
def close_and_remove_accounts(operations: dict[str, Any]) -> dict[str, Any]:
    """CloseAccount closes an account in a while, and never the management account. A member leaves
    by LeaveOrganization or RemoveAccountFromOrganization.

    The emulator suspends at once, also the management account, and lacks the other two.
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_CloseAccount.html
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_LeaveOrganization.html
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_RemoveAccountFromOrganization.html
    """
    own = {
        "CloseAccount": _close,
        "LeaveOrganization": _leave,
        "RemoveAccountFromOrganization": _remove,
    }
    return {**operations, **own}


def _close(payload: dict[str, Any]) -> Response:
    account = organizations._accounts.get(payload["AccountId"])
    if account is None:
        return _no_account()
    if account["Id"] == get_account_id():
        said, reason = "You can't close the management account.", "CANNOT_CLOSE_MANAGEMENT_ACCOUNT"
        return refuse("ConstraintViolationException", said, Reason=reason)
    if _state(account) == "CLOSED":
        return refuse("AccountAlreadyClosedException", "The provided account is already closed.")
    if _state(account) == "PENDING_CLOSURE":
        return refuse("ConflictException", "The account is being closed.")
    account["_State"] = "PENDING_CLOSURE"
    clock.later(_SECONDS, account.update, {"_State": "CLOSED"})
    return _answer({})


def _leave(_payload: dict[str, Any]) -> Response:
    number = get_account_id()
    with request_scope(management_of(number) or number, get_region()):
        return _remove({"AccountId": number})


def _remove(payload: dict[str, Any]) -> Response:
    number = payload["AccountId"]
    if number == get_account_id():
        said = "You can't remove the management account from the organization."
        return refuse("MasterCannotLeaveOrganizationException", said)
    if organizations._accounts.pop(number, None) is None:
        return _no_account()
    for policy, targets in organizations._attachments.items():
        organizations._attachments[policy] = [each for each in targets if each != number]
    _notify(get_account_id())
    return _answer({})


def _no_account() -> Response:
    return refuse("AccountNotFoundException", "You specified an account that doesn't exist.")


def _answer(body: dict[str, Any]) -> Response:
    return organizations._json(200, body)  # type: ignore[no-any-return]


def _state(account: dict[str, Any]) -> str:
    tagged = (organizations._tags.get(account["Id"]) or {}).get(STATE_TAG)
    return str(tagged or account.get("_State", "ACTIVE"))


@corrects(organizations, "_public_account")
def show_state_and_paths(original: Any, account: dict[str, Any]) -> dict[str, Any]:
    """An account has a State and Paths. Status, which said SUSPENDED of accounts that are closed
    too, was to be retired on 9 September 2026; it is still here.

    The emulator has Status, and a Path of names.
    https://docs.aws.amazon.com/organizations/latest/APIReference/API_Account.html
    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
    """
    shown: dict[str, Any] = original(account)
    shown.pop("Path", None)
    state = _state(account)
    status = {"CLOSED": "SUSPENDED", "PENDING_ACTIVATION": "ACTIVE"}.get(state, state)
    return {**shown, "State": state, "Status": status, "Paths": [_path(account["Id"])]}


@corrects(organizations, "_public_ou")
def show_the_path_of_ids(original: Any, unit: dict[str, Any]) -> dict[str, Any]:
    """The Path of an organizational unit has IDs, from the organization's on. The emulator's has
    names.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_OrganizationalUnit.html
    """
    return {**original(unit), "Path": _path(unit["Id"])}


def _path(target: str) -> str:
    return "/".join([organizations._orgs["self"]["Id"], *reversed(path_of(target))]) + "/"


@corrects(iam_evaluator, "resolve_principal")
def know_no_credentials_of_closed_accounts(
    original: Any, access_key_id: str, account_number: str, *rest: Any
) -> Any:
    """Nobody can use an account that is suspended or closed: the account state's documentation says
    so, not how AWS answers. Here, as to an unknown access key.

    https://docs.aws.amazon.com/organizations/latest/userguide/orgs_manage_accounts_account_state.html
    """
    principal = original(access_key_id, account_number, *rest)
    if not isinstance(principal, iam_evaluator.AuthError) and is_unusable(principal.account):
        unknown = iam_evaluator._unknown_access_key()
        return iam_evaluator.AuthError(unknown.code, unknown.message)
    return principal


@corrects(iam_evaluator, "evaluate_trust_policy")
def let_nobody_into_closed_accounts(
    original: Any, trust: Any, caller_arn: str, context: Any = None
) -> bool:
    """The same of the account's roles: nobody can assume them."""
    role_arn = context.resource_arn if context else ""
    account_number = role_arn.split(":")[4] if role_arn.startswith("arn:") else ""
    return bool(original(trust, caller_arn, context)) and not is_unusable(account_number)


def is_unusable(account_number: str) -> bool:
    management = management_of(account_number)
    if management is None:
        return False
    with request_scope(management, get_region()):
        return _state(organizations._accounts[account_number]) in _UNUSABLE
