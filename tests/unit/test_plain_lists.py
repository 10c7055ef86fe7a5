"""A list of accounts is made without Pydantic, and is what Pydantic would make of them."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import Any
from unittest.mock import Mock

import pytest
from aws_lambda_powertools.event_handler import Response
from hypothesis import given

from cavok.adapters.table.accounts import LISTED, AccountItem, listed
from cavok.adapters.table.table import Row
from cavok.api.app import Serialization
from cavok.api.models.accounts import AccountBody, AccountPage
from cavok.api.responses import paged_plainly
from cavok.api.routes.accounts import account_body, listed_account
from cavok.domain.accounts import Account
from tests.support.builders import NOW, an_account
from tests.support.generated_accounts import accounts


@given(accounts())
def test_a_list_has_the_bytes_of_the_model(account: Account) -> None:
    """Also of accounts as a list reads them."""
    names = {getattr(AccountItem, name).attr_name for name in LISTED}
    stored = {n: v for n, v in AccountItem.of(account).serialize().items() if n in names}
    row = listed(Row(AccountItem, stored | {"version": {"N": "1"}}))
    for now in (NOW, NOW + timedelta(days=900)):
        page = AccountPage(items=[account_body(account, now)], next_cursor="c")
        expected = json.dumps(page.model_dump(mode="json"), separators=(",", ":"))

        for one in (account, row):
            answer: Any = paged_plainly(AccountPage, [listed_account(one, now)], "c", {})

            assert answer.body == expected


def test_no_model_is_made_of_a_listed_account(monkeypatch: pytest.MonkeyPatch) -> None:
    """Which takes three times as long."""
    monkeypatch.setattr(AccountBody, "model_validate", Mock(side_effect=AssertionError))

    assert listed_account(an_account(), NOW)["name"] == an_account().name


@pytest.mark.parametrize(("body", "sent"), [("[]", "[]"), ({"items": []}, "validated")])
def test_text_is_sent_as_it_is_and_anything_else_is_validated(body: Any, sent: str) -> None:
    """Also if the route calls the app itself, after which the app's route is another one."""
    field = Mock(validate=Mock(return_value=("validated", None)), serialize=lambda v, **_: v)
    app: Any = Mock(context={"_route": Mock(dependant=Mock(return_param=field))})

    def route(_: Any) -> Response[Any]:
        app.context.clear()
        return Response(200, body=body)

    assert Serialization().handler(app, route).body == sent  # type: ignore[arg-type]
