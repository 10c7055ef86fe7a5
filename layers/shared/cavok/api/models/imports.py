"""The bodies of many accounts in one request."""

from typing import Annotated, Any

from pydantic import Field, ValidationError

from cavok.api.models.accounts import AccountBody, NewAccountBody
from cavok.api.models.common import RequestBodyWithoutNulls, ResponseBody
from cavok.api.problems import Problem
from cavok.services.import_accounts import MOST

_Unread = Annotated[
    Any, Field(json_schema_extra={"$ref": f"#/components/schemas/{NewAccountBody.__name__}"})
]
"""An account that is read later, by itself."""


class AccountsImportBody(RequestBodyWithoutNulls):
    """Accounts to connect. Each is as `POST /v1/accounts` takes it, and is checked by itself."""

    accounts: Annotated[list[_Unread], Field(min_length=1, max_length=MOST)]

    def each(self) -> list[NewAccountBody | ValidationError]:
        """Each account, or what is wrong with it."""
        return [_valid(given) for given in self.accounts]


def _valid(given: object) -> NewAccountBody | ValidationError:
    try:
        return NewAccountBody.model_validate(given)
    except ValidationError as error:
        return error


class RefusedAccountBody(ResponseBody):
    """An account that was not connected, by its place in the request, from 0."""

    index: int
    problem: Problem


class AccountsImportResult(ResponseBody):
    """What became of the accounts of a request, each in its order."""

    created: list[AccountBody]
    refused: list[RefusedAccountBody]
