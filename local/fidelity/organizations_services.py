"""Organizations: services that may read an organization, and accounts that administer them."""

from __future__ import annotations

import time
from typing import Any

from ministack.core.responses import get_account_id
from ministack.services import organizations

from local.fidelity.correction import Response, replaces
from local.fidelity.organizations import management_of
from local.fidelity.organizations_accounts import Operation, refuse

_enabled: dict[tuple[str, str], float] = {}
"""When a management account let a service, by its principal, into its organization."""
_delegated: dict[tuple[str, str, str], float] = {}
"""When a management account made an account the administrator of a service."""


def enable(management: str, service: str) -> None:
    _enabled.setdefault((management, service), time.time())


def is_enabled(management: str, service: str) -> bool:
    return (management, service) in _enabled


def is_delegated(management: str, account_number: str, service: str | None = None) -> bool:
    """Whether an account administers a service, or any, for this management account."""
    return any(
        key[:2] == (management, account_number) and service in (None, key[2]) for key in _delegated
    )


@replaces(organizations, "_DISPATCH")
def trust_services(operations: dict[str, Any]) -> dict[str, Any]:
    """EnableAWSServiceAccess, and what follows from it. The emulator lacks them.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_EnableAWSServiceAccess.html
    """

    def trust(payload: dict[str, Any]) -> Response:
        enable(get_account_id(), payload["ServicePrincipal"])
        return _answer({})

    def disable(payload: dict[str, Any]) -> Response:
        _enabled.pop((get_account_id(), payload["ServicePrincipal"]), None)
        return _answer({})

    def listing(_payload: dict[str, Any]) -> Response:
        services = [
            {"ServicePrincipal": service, "DateEnabled": since}
            for (management, service), since in _enabled.items()
            if management == get_account_id()
        ]
        return _answer({"EnabledServicePrincipals": services})

    own = {
        "EnableAWSServiceAccess": trust,
        "DisableAWSServiceAccess": disable,
        "ListAWSServiceAccessForOrganization": listing,
    }
    return {**operations, **own}


@replaces(organizations, "_DISPATCH")
def delegate_administration(operations: dict[str, Any]) -> dict[str, Any]:
    """RegisterDelegatedAdministrator, and what follows from it. The emulator lacks them.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_RegisterDelegatedAdministrator.html
    """

    def register(payload: dict[str, Any]) -> Response:
        number, service = payload["AccountId"], payload["ServicePrincipal"]
        if refused := _refusal(number, service):
            return refused
        _delegated[get_account_id(), number, service] = time.time()
        return _answer({})

    def deregister(payload: dict[str, Any]) -> Response:
        number, service = payload["AccountId"], payload["ServicePrincipal"]
        if not _delegated.pop((get_account_id(), number, service), None):
            return refuse(
                "AccountNotRegisteredException",
                "The provided account is not a registered delegated administrator for your "
                "organization.",
            )
        return _answer({})

    def listing(payload: dict[str, Any]) -> Response:
        wanted = payload.get("ServicePrincipal")
        administrators = {
            number: organizations._public_account(organizations._accounts[number])
            | {"DelegationEnabledDate": since}
            for (management, number, service), since in _delegated.items()
            if management == get_account_id() and wanted in (None, service)
        }
        return _answer({"DelegatedAdministrators": list(administrators.values())})

    own = {
        "RegisterDelegatedAdministrator": register,
        "DeregisterDelegatedAdministrator": deregister,
        "ListDelegatedAdministrators": listing,
    }
    return {**operations, **own}


@replaces(organizations, "_DISPATCH")
def keep_delegated_administrators(operations: dict[str, Any]) -> dict[str, Any]:
    """An account that administers a service cannot leave, and cannot be removed.

    https://docs.aws.amazon.com/organizations/latest/APIReference/API_RemoveAccountFromOrganization.html
    (ConstraintViolationException)
    """
    ways_out = ("LeaveOrganization", "RemoveAccountFromOrganization")
    return {**operations, **{name: _unless_delegated(operations[name]) for name in ways_out}}


def _unless_delegated(leave: Operation) -> Operation:
    def answer(payload: dict[str, Any]) -> Response:
        number = get_account_id()
        if is_delegated(management_of(number) or number, payload.get("AccountId", number)):
            said = "You can't remove a delegated administrator from the organization."
            reason = "CANNOT_REMOVE_DELEGATED_ADMINISTRATOR_FROM_ORG"
            return refuse("ConstraintViolationException", said, Reason=reason)
        return leave(payload)

    return answer


def _refusal(account_number: str, service: str) -> Response | None:
    management = get_account_id()
    if account_number not in organizations._accounts:
        return refuse("AccountNotFoundException", "You specified an account that doesn't exist.")
    reason = None
    if account_number == management:
        reason = "CANNOT_REGISTER_MASTER_AS_DELEGATED_ADMINISTRATOR"
    elif not is_enabled(management, service):
        reason = "SERVICE_ACCESS_NOT_ENABLED"
    if reason:
        said = "You cannot register this account for this service."
        return refuse("ConstraintViolationException", said, Reason=reason)
    if is_delegated(management, account_number, service):
        said = "The provided account is already a delegated administrator for your organization."
        return refuse("AccountAlreadyRegisteredException", said)
    return None


def _answer(body: dict[str, Any]) -> Response:
    return organizations._json(200, body)  # type: ignore[no-any-return]
