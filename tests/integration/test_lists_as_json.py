"""A list is read from the JSON that DynamoDB answers with, without botocore's parser."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.parsers import JSONParser
from pynamodb.constants import BINARY
from pynamodb.exceptions import QueryError

from cavok import wiring
from cavok.adapters.table.accounts import LISTED, AccountItem
from cavok.adapters.table.table import Item
from tests.support.api import Api, number
from tests.support.moto_stack import TABLE, client


def test_botocores_parser_looks_at_no_value_of_a_list(
    admin: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    added = [admin.account(name=f"A{n}", provider_id=number(n)) for n in range(3)]
    looked: list[Any] = []
    parse = JSONParser._handle_map

    def note(self: Any, shape: Any, value: Any) -> Any:
        looked.extend([value] if shape.value.name == "AttributeValue" else [])
        return parse(self, shape, value)

    monkeypatch.setattr(JSONParser, "_handle_map", note)

    found = admin.get("/v1/accounts").json["items"]

    assert [each["account_id"] for each in found] == [each["account_id"] for each in added]
    assert looked == []
    assert admin.get(f"/v1/accounts/{added[0]['account_id']}").json == found[0]
    assert looked, "what may be binary is parsed"


def test_what_a_list_reads_is_not_binary() -> None:
    attributes = AccountItem.get_attributes()

    assert [
        name for name in LISTED if name in attributes and attributes[name].attr_type == BINARY
    ] == []


def test_errors_are_told_as_ever(admin: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    wiring.table()
    client("dynamodb").delete_table(TableName=TABLE)

    with pytest.raises(QueryError) as raised:
        next(wiring.table().entries(AccountItem.by_name, "ORG#nobody", None, start=None, size=1))

    assert isinstance(raised.value.cause, ClientError)
    assert raised.value.cause_response_code == "ResourceNotFoundException"
    assert Item.Meta.table_name == TABLE
