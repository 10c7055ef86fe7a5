"""What Organizations answers to the management account of an organization. It only reads."""

from __future__ import annotations

from typing import Any

import pytest
from botocore.exceptions import ClientError

from tests.contract.place import Place
from tests.support.refusal import refusal

ABSENT_UNIT = "ou-abcd-12345678"
ABSENT_ACCOUNT = "000000000000"


@pytest.fixture(scope="module")
def organizations(place: Place) -> Any:
    client = place.client("organizations")
    try:
        organization = client.describe_organization()["Organization"]
    except ClientError as error:
        if error.response["Error"]["Code"] != "AWSOrganizationsNotInUseException":
            raise
        pytest.skip(f"account {place.account_number} is in no organization")
    if organization["MasterAccountId"] != place.account_number:
        pytest.skip(f"account {place.account_number} does not manage its organization")
    return client


def test_an_account_has_a_state_and_a_path(organizations: Any, place: Place) -> None:
    pages = organizations.get_paginator("list_accounts").paginate()
    accounts = {each["Id"]: each for page in pages for each in page["Accounts"]}

    ours = accounts[place.account_number]
    assert ours["State"] == "ACTIVE"
    (parent,) = organizations.list_parents(ChildId=place.account_number)["Parents"]
    (path,) = ours["Paths"]
    assert path.endswith(f"/{parent['Id']}/{place.account_number}/")


def test_a_page_has_at_most_twenty(organizations: Any) -> None:
    assert len(organizations.list_accounts()["Accounts"]) <= 20
    assert refusal(organizations.list_accounts, MaxResults=21)[0] == "InvalidInputException"
    assert refusal(organizations.list_accounts, NextToken="no")[0] == "InvalidInputException"


def test_what_is_absent_is_named(organizations: Any) -> None:
    for operation in ("list_accounts_for_parent", "list_organizational_units_for_parent"):
        listing = getattr(organizations, operation)
        assert refusal(listing, ParentId=ABSENT_UNIT)[0] == "ParentNotFoundException"
        assert refusal(listing, ParentId="none")[0] == "InvalidInputException"
    absent = refusal(organizations.list_parents, ChildId=ABSENT_ACCOUNT)
    assert absent[0] == "ChildNotFoundException"
