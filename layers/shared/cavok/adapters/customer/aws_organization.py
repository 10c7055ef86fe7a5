"""A customer's AWS Organization, read page by page with a session of its role.

The API names no region: Organizations has one endpoint for the partition. Source: Organizations API
Reference, "Endpoints".
"""

from collections.abc import Callable
from typing import Any, NamedTuple

from cavok.adapters.aws_errors import AWS_ERRORS, code_and_message, is_passing
from cavok.adapters.customer.session import CustomerSession
from cavok.domain.access_denied import DENIED_CODES
from cavok.domain.errors import (
    OrganizationBusy,
    OrganizationUnclear,
    OrganizationUnreadable,
    UnitGone,
)
from cavok.domain.members import OrganizationAccount, Place
from cavok.domain.synchronizations import Unit

ENDPOINT = "us-east-1"

_UNREADABLE = DENIED_CODES | {"AWSOrganizationsNotInUseException"}
_BUSY = {"ConcurrentModificationException", "ServiceException"}
"""Beside what is busy everywhere. Source: Organizations API Reference, the errors of each call."""
_GONE = ("ParentNotFoundException", "ChildNotFoundException", "InvalidInputException")


class UnitsPage(NamedTuple):
    """Units of a parent, and the token of the next page. A page may be empty although more follow.
    Source: Organizations API Reference, ListOrganizationalUnitsForParent.
    """

    units: list[Unit]
    token: str | None


class AccountsPage(NamedTuple):
    """Accounts of a parent, and the token of the next page, as above."""

    accounts: list[OrganizationAccount]
    token: str | None


class AwsOrganization:
    """Lists it. Each method raises OrganizationUnreadable, OrganizationBusy or, for what is neither
    a refusal of the role nor passes, OrganizationUnclear.
    """

    def __init__(self, session: CustomerSession) -> None:
        self._client = session.client("organizations", ENDPOINT)

    def arn(self) -> str:
        """Its ARN."""
        found = _call(self._client.describe_organization)
        return str(found["Organization"]["Arn"])

    def roots(self) -> list[Unit]:
        """Its roots: today one."""
        found: list[Unit] = []
        token: str | None = None
        while True:
            page = _call(self._client.list_roots, **_next(token))
            found += [(each["Id"], each["Name"]) for each in page["Roots"]]
            token = page.get("NextToken")
            if not token:
                return found

    def units(self, parent: str, token: str | None) -> UnitsPage:
        """One page of the units in a root or unit. Raises UnitGone."""
        list_units = self._client.list_organizational_units_for_parent
        page = _call(list_units, ParentId=parent, **_next(token))
        found = [(each["Id"], each["Name"]) for each in page["OrganizationalUnits"]]
        return UnitsPage(found, page.get("NextToken"))

    def accounts(self, place: Place, token: str | None) -> AccountsPage:
        """One page of the accounts directly in a root or unit. Raises UnitGone."""
        list_accounts = self._client.list_accounts_for_parent
        page = _call(list_accounts, ParentId=place.unit_ids[-1], **_next(token))
        found = [
            OrganizationAccount(
                account_number=each["Id"],
                name=each.get("Name", ""),
                state=each.get("State"),
                place=place,
            )
            for each in page["Accounts"]
        ]
        return AccountsPage(found, page.get("NextToken"))

    def has(self, account_number: str) -> bool:
        """Whether an account is still somewhere in it."""
        try:
            _call(self._client.list_parents, ChildId=account_number)
        except UnitGone as error:
            return error.code != "ChildNotFoundException"
        return True


def _next(token: str | None) -> dict[str, str]:
    return {"NextToken": token} if token else {}


def _call(call: Callable[..., Any], **arguments: Any) -> Any:
    try:
        return call(**arguments)
    except AWS_ERRORS as error:
        code, message = code_and_message(error)
        said = f"{code}: {message}"
        if code in _UNREADABLE:
            raise OrganizationUnreadable(said) from error
        if code in _GONE:
            raise UnitGone(code, said) from error
        if code in _BUSY or is_passing(error):
            raise OrganizationBusy(said) from error
        raise OrganizationUnclear(said) from error
