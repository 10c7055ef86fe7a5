"""AWS as moto has it: our table as the template describes it, and customers' accounts."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from cavok.adapters.accounts import Accounts
from cavok.adapters.customer import Credentials, CustomerSession
from cavok.adapters.interactions import Interactions
from cavok.adapters.items import bind
from tests.unit.builders import NUMBER, resource

REGION = "us-east-1"
TABLE = "cavok"


@pytest.fixture
def moto(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    for name in ("AWS_PROFILE", "AWS_SESSION_TOKEN", "AWS_ENDPOINT_URL"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "AKIAIOSFODNN7EXAMPLE")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "nothing")
    monkeypatch.setenv("AWS_DEFAULT_REGION", REGION)
    with mock_aws():
        yield


@pytest.fixture
def accounts(moto: None) -> Accounts:
    """An empty table, made from the template's own description of it."""
    described = resource("Table")
    names = ("BillingMode", "AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes")
    table: dict[str, Any] = {name: described[name] for name in names}
    boto3.client("dynamodb", REGION).create_table(TableName=TABLE, **table)
    return Accounts(bind(TABLE, REGION))


@pytest.fixture
def interactions(accounts: Accounts) -> Interactions:
    return Interactions(accounts)


@pytest.fixture
def session(moto: None) -> CustomerSession:
    """The way into a customer's account. moto lets anybody do anything."""
    return CustomerSession(
        account_number=NUMBER,
        region=REGION,
        role_name="CavokCloud",
        credentials=Credentials("AKIAIOSFODNN7EXAMPLE", "nothing"),
    )
