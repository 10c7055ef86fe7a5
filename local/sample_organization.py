"""The second sample customer: an AWS Organization of the embedded AWS, with three units and twelve
members. Like `customers`, it acts with the customer's own credentials, and any number of times.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import Any

from local.customers import CustomerAccount, Offer, begin_to_deploy, deploy
from local.settings import Problem

NAME = "Northwind"
MANAGEMENT = "400000000001"
EXCLUDED_UNIT = "Sandbox"
_ACCOUNT_SECONDS = 60
_PAUSE_SECONDS = 0.5

_STATE_TAG = "emulator:state"
"""See `local/fidelity/organizations_accounts.py`: AWS alone suspends accounts."""


@dataclass(frozen=True)
class Member:
    """An account to be made. `without_rds`: a service control policy denies it RDS."""

    name: str
    unit: str
    suspended: bool = False
    without_rds: bool = False


MEMBERS = (
    Member("Shop Berlin", "Shops"),
    Member("Shop Lyon", "Shops"),
    Member("Shop Milan", "Shops"),
    Member("Shop Oslo", "Shops"),
    Member("Shop Porto", "Shops"),
    Member("Shop Riga", "Shops", suspended=True),
    Member("Backups", "Platform"),
    Member("Data Lake", "Platform"),
    Member("Pipelines", "Platform", without_rds=True),
    Member("Reports", "Platform"),
    Member("Search", "Platform"),
    Member("Playground", EXCLUDED_UNIT),
)


@dataclass(frozen=True)
class AwsOrganization:
    """An AWS Organization in the hands of its management account. `units` and `members` are ids
    and account numbers by name.
    """

    management: CustomerAccount
    root: str
    units: dict[str, str]
    members: dict[str, str]

    @property
    def client(self) -> Any:
        return self.management.client("organizations")

    def create_account(self, name: str, unit: str) -> None:
        """A new member in a unit, by their names. Raises Problem."""
        self.create_accounts([Member(name, unit)])

    def create_accounts(self, members: Sequence[Member]) -> None:
        """New members at once, in units that are there. Raises Problem."""
        _make(self, members)

    def suspend(self, number: str) -> None:
        """As AWS alone does."""
        tag = {"Key": _STATE_TAG, "Value": "SUSPENDED"}
        self.client.tag_resource(ResourceId=number, Tags=[tag])

    def member(self, name: str) -> CustomerAccount:
        return CustomerAccount(self.management.emulator_url, self.members[name])

    def deploy(self, offer: Offer, *, seconds: int = 60, **chosen: str) -> None:
        """Follow an enrollment's “Deploy on AWS”, for all units unless the link names some."""
        deploy(self.management, self._chosen(offer, chosen), seconds=seconds)

    def begin_to_deploy(self, offer: Offer, **chosen: str) -> None:
        """The same, without waiting for it."""
        begin_to_deploy(self.management, self._chosen(offer, chosen))

    def _chosen(self, offer: Offer, chosen: Mapping[str, str]) -> Offer:
        return replace(
            offer,
            parameters={"OrganizationalUnitIds": self.root, **offer.parameters, **chosen},
        )


def prepare(
    emulator_url: str,
    management: str = MANAGEMENT,
    members: Sequence[Member] = MEMBERS,
    units: Sequence[str] = (),
) -> AwsOrganization:
    """The AWS Organization of these members, and of these and their units; what is missing is made.
    It lets StackSets in. Raises Problem.
    """
    place = CustomerAccount(emulator_url, management)
    client = place.client("organizations")
    with suppress(client.exceptions.AlreadyInOrganizationException):
        client.create_organization(FeatureSet="ALL")
    (root,) = (each["Id"] for each in client.list_roots()["Roots"])
    there = _units(client, root, [*units, *(member.unit for member in members)])
    organization = AwsOrganization(place, root, there, _members(client))
    _make(organization, members)
    place.client("cloudformation").activate_organizations_access()
    return organization


def _units(client: Any, root: str, names: Sequence[str]) -> dict[str, str]:
    """Makes those that are missing."""
    pages = client.get_paginator("list_organizational_units_for_parent").paginate(ParentId=root)
    found = {unit["Name"]: unit["Id"] for page in pages for unit in page["OrganizationalUnits"]}
    for name in dict.fromkeys(names):
        if name not in found:
            made = client.create_organizational_unit(Name=name, ParentId=root)
            found[name] = made["OrganizationalUnit"]["Id"]
    return found


def _members(client: Any) -> dict[str, str]:
    accounts = _listed(client, client.list_accounts, "Accounts")
    return {account["Name"]: account["Id"] for account in accounts}


def _listed(client: Any, operation: Callable[..., Any], key: str, **wanted: Any) -> list[Any]:
    """What all pages have, as fast as AWS Organizations answers them."""
    found: list[Any] = []
    following: dict[str, str] | None = {}
    while following is not None:
        try:
            page = operation(**wanted, **following)
        except client.exceptions.TooManyRequestsException:
            time.sleep(_PAUSE_SECONDS)
            continue
        found += page[key]
        following = {"NextToken": page["NextToken"]} if "NextToken" in page else None
    return found


def _make(organization: AwsOrganization, members: Sequence[Member]) -> None:
    """Makes the members that are missing, at once, and puts each into its unit."""
    missing = [member for member in members if member.name not in organization.members]
    if not missing:
        return
    client = organization.client
    for member in missing:
        email = f"{member.name.replace(' ', '.').lower()}@northwind.example"
        client.create_account(AccountName=member.name, Email=email)
    _wait_until_made(client)
    organization.members.update(_members(client))
    if absent := [each.name for each in missing if each.name not in organization.members]:
        raise Problem(f"Accounts were not made: {absent}. {_statuses(client, 'FAILED')}")
    for member in missing:
        number = organization.members[member.name]
        client.move_account(
            AccountId=number,
            SourceParentId=organization.root,
            DestinationParentId=organization.units[member.unit],
        )
        if member.suspended:
            organization.suspend(number)
        if member.without_rds:
            _deny_rds(client, number)


def _wait_until_made(client: Any) -> None:
    deadline = time.monotonic() + _ACCOUNT_SECONDS
    while left := _statuses(client, "IN_PROGRESS"):
        if time.monotonic() > deadline:
            raise Problem(f"Accounts are still being made: {left}")
        time.sleep(_PAUSE_SECONDS)


def _statuses(client: Any, state: str) -> list[Any]:
    return _listed(
        client, client.list_create_account_status, "CreateAccountStatuses", States=[state]
    )


def _deny_rds(client: Any, number: str) -> None:
    denying = {"Effect": "Deny", "Action": "rds:*", "Resource": "*"}
    made = client.create_policy(
        Name="NoDatabases",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=json.dumps({"Version": "2012-10-17", "Statement": [denying]}),
    )
    client.attach_policy(PolicyId=made["Policy"]["PolicySummary"]["Id"], TargetId=number)
