"""A request to connect many accounts, and its answer: each account has a problem of its own."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Self

from aws_lambda_powertools.event_handler.openapi.exceptions import RequestValidationError
from pydantic import ValidationError

from cavok.api import problems
from cavok.api.models.accounts import NewAccountBody
from cavok.api.models.imports import AccountsImportBody
from cavok.api.plain import Plain
from cavok.domain.errors import InvalidField
from cavok.services.accounts import NewAccount


@dataclass(frozen=True, slots=True)
class ImportRequest:
    """The accounts of a request by their places: what can be stored, and what is wrong with others.

    without_secrets  the body, for comparing it with that of another request.
    """

    new: Mapping[int, NewAccount]
    refused: Mapping[int, Exception]
    without_secrets: Sequence[Any]

    @classmethod
    def of(cls, body: AccountsImportBody, default_region: str) -> Self:
        """Reads each account by itself."""
        new: dict[int, NewAccount] = {}
        refused: dict[int, Exception] = {}
        shown = []
        for index, (given, each) in enumerate(zip(body.accounts, body.each(), strict=True)):
            try:
                new[index] = _readable(each).new_account(default_region)
            except (RequestValidationError, InvalidField) as error:
                refused[index] = error
            shown.append(_without_secrets(given, each))
        return cls(new, refused, shown)

    @staticmethod
    def result(created: list[Plain], refused: Mapping[int, Exception], request_id: str) -> Any:
        """The answer as text, which is sent as it is."""
        entries = [
            {"index": index, "problem": problems.part_of(refused[index], request_id)}
            for index in sorted(refused)
        ]
        return json.dumps({"created": created, "refused": entries}, separators=(",", ":"))


def _readable(each: NewAccountBody | ValidationError) -> NewAccountBody:
    """Raises RequestValidationError, in which fields are those of a body."""
    if isinstance(each, NewAccountBody):
        return each
    errors = each.errors(include_url=False, include_input=False)
    raise RequestValidationError([{**error, "loc": ("body", *error["loc"])} for error in errors])


def _without_secrets(given: Any, each: NewAccountBody | ValidationError) -> Any:
    """Secrets of a readable account are masked. What is wrong has them anywhere."""
    if isinstance(each, NewAccountBody):
        return each.model_dump(mode="json", exclude_unset=True)
    return sorted(given) if isinstance(given, dict) else None
