"""Reading an AWS Organization: pages as AWS sends them, and what its errors mean. moto's, which has
pages of its own, is the second opinion on the shapes.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import boto3
import pytest
from botocore.stub import Stubber
from moto import mock_aws

from cavok.adapters.customer.aws_organization import AwsOrganization
from cavok.domain.errors import (
    OrganizationBusy,
    OrganizationUnclear,
    OrganizationUnreadable,
    UnitGone,
)
from cavok.domain.members import OrganizationAccount, Place

ROOT = Place(("r-abcd",), "Root")


class Session:
    """In place of a customer's session."""

    def __init__(self, client: Any) -> None:
        self.asked: list[tuple[str, str]] = []
        self._client = client

    def client(self, service: str, region: str) -> Any:
        self.asked.append((service, region))
        return self._client


@pytest.fixture
def stubbed() -> Iterator[tuple[AwsOrganization, Stubber]]:
    client = boto3.client("organizations", "us-east-1")
    with Stubber(client) as stubber:
        yield AwsOrganization(Session(client)), stubber  # type: ignore[arg-type]


def test_pages_follow_tokens_even_if_they_are_empty(
    stubbed: tuple[AwsOrganization, Stubber],
) -> None:
    organization, stubber = stubbed
    account = {"Id": "100000000001", "Name": "Shop", "State": "ACTIVE", "Status": "SUSPENDED"}
    parent = {"ParentId": "r-abcd"}
    stubber.add_response("list_accounts_for_parent", {"Accounts": [], "NextToken": "t"}, parent)
    stubber.add_response(
        "list_accounts_for_parent", {"Accounts": [account]}, parent | {"NextToken": "t"}
    )

    first = organization.accounts(ROOT, None)
    second = organization.accounts(ROOT, first.token)

    assert (first.accounts, first.token) == ([], "t")
    assert second.accounts == [
        OrganizationAccount(account_number="100000000001", name="Shop", state="ACTIVE", place=ROOT)
    ]
    assert second.token is None


def test_an_account_without_a_state_has_none_whatever_its_status_is(
    stubbed: tuple[AwsOrganization, Stubber],
) -> None:
    organization, stubber = stubbed
    old = {"Id": "100000000001", "Status": "ACTIVE"}
    stubber.add_response("list_accounts_for_parent", {"Accounts": [old]})

    (account,) = organization.accounts(ROOT, None).accounts

    assert (account.name, account.state) == ("", None)


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("AccessDeniedException", OrganizationUnreadable),
        ("AWSOrganizationsNotInUseException", OrganizationUnreadable),
        ("ParentNotFoundException", UnitGone),
        ("InvalidInputException", UnitGone),
        ("TooManyRequestsException", OrganizationBusy),
        ("ServiceException", OrganizationBusy),
        ("ConcurrentModificationException", OrganizationBusy),
        ("ThrottlingException", OrganizationBusy),
        ("UnsupportedAPIEndpointException", OrganizationUnclear),
        ("SomethingNew", OrganizationUnclear),
    ],
)
def test_each_error_says_what_to_do_next(
    stubbed: tuple[AwsOrganization, Stubber], code: str, error: type[Exception]
) -> None:
    organization, stubber = stubbed
    stubber.add_client_error("list_organizational_units_for_parent", code, "why")

    with pytest.raises(error, match=f"{code}: why"):
        organization.units("ou-abcd-11111111", None)


def test_what_fails_inside_of_aws_is_worth_another_try_whatever_it_is_called(
    stubbed: tuple[AwsOrganization, Stubber],
) -> None:
    organization, stubber = stubbed
    stubber.add_client_error("describe_organization", "SomethingNew", "why", http_status_code=500)

    with pytest.raises(OrganizationBusy):
        organization.arn()


def test_who_has_no_parent_is_gone(stubbed: tuple[AwsOrganization, Stubber]) -> None:
    organization, stubber = stubbed
    stubber.add_response("list_parents", {"Parents": [{"Id": "r-abcd", "Type": "ROOT"}]})
    stubber.add_client_error("list_parents", "ChildNotFoundException", "no")

    stubber.add_client_error("list_parents", "InvalidInputException", "no")

    assert organization.has("100000000001")
    assert not organization.has("100000000001")
    assert organization.has("100000000001"), "AWS did not say that it is gone"


@mock_aws
def test_motos_organization_is_read_too() -> None:
    client = boto3.client("organizations", "us-east-1")
    arn = client.create_organization(FeatureSet="ALL")["Organization"]["Arn"]
    (root,) = client.list_roots()["Roots"]
    unit = client.create_organizational_unit(ParentId=root["Id"], Name="Shops")
    unit_id = unit["OrganizationalUnit"]["Id"]
    made = client.create_account(AccountName="Shop", Email="shop@example.com")
    number = made["CreateAccountStatus"]["AccountId"]
    client.move_account(AccountId=number, SourceParentId=root["Id"], DestinationParentId=unit_id)
    session = Session(client)
    organization = AwsOrganization(session)  # type: ignore[arg-type]

    assert organization.arn() == arn
    assert organization.roots() == [(root["Id"], "Root")]
    assert organization.units(root["Id"], None) == ([(unit_id, "Shops")], None)
    place = Place((root["Id"], unit_id), "Root/Shops")
    (account,) = organization.accounts(place, None).accounts
    assert (account.account_number, account.name, account.state) == (number, "Shop", "ACTIVE")
    assert organization.has(number)
    assert session.asked == [("organizations", "us-east-1")]
