"""What the emulator shows of an AWS Organization, and to whom."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError
from moto import mock_aws

from tests.support.piped_emulator import PipedEmulator
from tests.support.piped_organization import A_WHILE, Organization, assume, ended, made, text
from tests.support.refusal import refusal

SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"
READS: dict[str, dict[str, str]] = {
    "list_accounts": {},
    "list_roots": {},
    "list_organizational_units_for_parent": {"ParentId": "r-abcd"},
    "list_accounts_for_parent": {"ParentId": "r-abcd"},
    "list_parents": {"ChildId": "123456789012"},
}
NOBODY = "999999999999"


def role_with(emulator: PipedEmulator, number: str, *actions: str) -> Any:
    """Organizations for a role of an account that may do this."""
    iam = emulator.client("iam", number)
    trust = {"Effect": "Allow", "Principal": {"AWS": number}, "Action": "sts:AssumeRole"}
    iam.create_role(RoleName="Reader", AssumeRolePolicyDocument=text(trust))
    may = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    iam.put_role_policy(RoleName="Reader", PolicyName="P", PolicyDocument=text(may))
    return assume(emulator, number, number, "Reader", "organizations")


@pytest.fixture
def organization(emulator: PipedEmulator, new_account_number: Callable[[], str]) -> Organization:
    return Organization(emulator, new_account_number())


@pytest.mark.parametrize("operation", ["describe_organization", *READS])
def test_an_account_in_no_organization_is_told_so(
    emulator: PipedEmulator, new_account_number: Callable[[], str], operation: str
) -> None:
    client = role_with(emulator, new_account_number(), "organizations:*")

    code, message = refusal(getattr(client, operation), **READS.get(operation, {}))

    assert code == "AWSOrganizationsNotInUseException"
    assert message == "Your account is not a member of an organization."


def test_a_role_needs_the_permission_first(
    emulator: PipedEmulator, organization: Organization
) -> None:
    client = role_with(emulator, organization.number, "organizations:DescribeOrganization")

    assert client.describe_organization()["Organization"]["MasterAccountId"] == organization.number
    code, message = refusal(client.list_accounts)
    assert code == "AccessDeniedException"
    assert "is not authorized to perform: organizations:ListAccounts on resource:" in message
    assert "because no identity-based policy allows the organizations:ListAccounts" in message


def test_a_member_sees_which_organization_it_is_in_and_nothing_else(
    organization: Organization,
) -> None:
    client = organization.enter(organization.member("shop"), "organizations")

    assert (
        client.describe_organization()["Organization"]
        == (organization.client.describe_organization()["Organization"])
    )
    for operation, arguments in READS.items():
        code, message = refusal(getattr(client, operation), **arguments)
        assert code == "AccessDeniedException", operation
        assert message == "You don't have permissions to access this resource."


def test_a_delegated_administrator_reads_what_the_management_account_does(
    organization: Organization,
) -> None:
    unit = organization.unit("shops")
    number = organization.member("shop", unit)
    administrator = {"AccountId": number, "ServicePrincipal": SERVICE}
    register = organization.client.register_delegated_administrator
    assert refusal(register, **administrator)[0] == "ConstraintViolationException"
    organization.client.enable_aws_service_access(ServicePrincipal=SERVICE)
    register(**administrator)
    client = organization.enter(number, "organizations")

    for operation, arguments in {
        "describe_organization": {},
        "list_accounts": {},
        "list_roots": {},
        "list_organizational_units_for_parent": {"ParentId": organization.root},
        "list_accounts_for_parent": {"ParentId": unit},
        "list_parents": {"ChildId": number},
    }.items():
        theirs = getattr(client, operation)(**arguments)
        ours = getattr(organization.client, operation)(**arguments)
        assert {**theirs, "ResponseMetadata": 0} == {**ours, "ResponseMetadata": 0}
    code, _ = refusal(client.create_account, AccountName="x", Email="x@customer.example")
    assert code == "AccessDeniedException"
    remove = organization.client.remove_account_from_organization
    assert refusal(client.leave_organization)[0] == "ConstraintViolationException"
    assert refusal(remove, AccountId=number)[0] == "ConstraintViolationException"

    organization.client.deregister_delegated_administrator(**administrator)
    assert refusal(client.list_accounts)[0] == "AccessDeniedException"


def test_accounts_come_in_pages_of_which_one_may_be_empty(organization: Organization) -> None:
    for n in range(24):
        organization.client.create_account(AccountName=f"a{n}", Email=f"a{n}@customer.example")
    list_accounts = organization.client.list_accounts
    organization.emulator.let_pass(A_WHILE)

    pages = list(organization.client.get_paginator("list_accounts").paginate())

    assert [len(page["Accounts"]) for page in pages] == [20, 0, 5]
    assert len({each["Id"] for page in pages for each in page["Accounts"]}) == 25
    first = list_accounts(MaxResults=3)
    assert len(first["Accounts"]) == 3
    for refused in ({"MaxResults": 21}, {"NextToken": "another"}):
        assert refusal(list_accounts, **refused)[0] == "InvalidInputException"
    token = {"NextToken": first["NextToken"]}
    assert refusal(organization.client.list_roots, **token)[0] == "InvalidInputException"


def test_requests_for_accounts_are_listed_by_their_state(organization: Organization) -> None:
    for name in ("one", "two", "two"):
        organization.client.create_account(AccountName=name, Email=f"{name}@customer.example")

    def listed(*states: str) -> list[str]:
        page = organization.client.list_create_account_status(States=list(states))
        return [each["AccountName"] for each in page["CreateAccountStatuses"]]

    assert (listed("IN_PROGRESS"), listed("SUCCEEDED")) == (["one", "two", "two"], [])
    organization.emulator.let_pass(A_WHILE)
    assert (listed("IN_PROGRESS"), listed("FAILED")) == ([], ["two"])
    assert listed() == ["one", "two", "two"]


def test_an_account_says_its_state_and_its_paths(organization: Organization) -> None:
    outer = organization.unit("shops")
    inner = organization.unit("north", outer)
    number = organization.member("shop", inner)
    organization_id = organization.client.describe_organization()["Organization"]["Id"]

    (listed,) = organization.client.list_accounts_for_parent(ParentId=inner)["Accounts"]

    assert listed == organization.described(number)
    assert (listed["State"], listed["Status"]) == ("ACTIVE", "ACTIVE")
    assert (listed["Name"], listed["JoinedMethod"]) == ("shop", "CREATED")
    path = f"{organization_id}/{organization.root}/{outer}/{inner}/"
    assert listed["Paths"] == [f"{path}{number}/"]
    units = organization.client.list_organizational_units_for_parent(ParentId=outer)
    assert [each["Path"] for each in units["OrganizationalUnits"]] == [path]


def test_an_account_is_made_in_a_while_and_lets_the_management_account_in(
    organization: Organization,
) -> None:
    asked = {"AccountName": "shop", "Email": "shop@customer.example"}

    answer = organization.client.create_account(**asked, RoleName="Doors")

    assert answer["CreateAccountStatus"]["State"] == "IN_PROGRESS"
    assert "AccountId" not in answer["CreateAccountStatus"]
    assert len(organization.client.list_accounts()["Accounts"]) == 1
    organization.emulator.let_pass(A_WHILE)
    status = ended(organization.client, answer)
    assert status["State"] == "SUCCEEDED"
    number = status["AccountId"]
    assert organization.client.list_parents(ChildId=number)["Parents"] == [
        {"Id": organization.root, "Type": "ROOT"}
    ]
    iam = assume(organization.emulator, organization.number, number, "Doors", "iam")
    assert [role["RoleName"] for role in iam.list_roles()["Roles"]] == ["Doors"]

    again = organization.client.create_account(**asked)
    organization.emulator.let_pass(A_WHILE)
    failed = ended(organization.client, again)
    assert (failed["State"], failed["FailureReason"]) == ("FAILED", "EMAIL_ALREADY_EXISTS")


def test_a_closed_account_is_being_closed_first_and_nobody_enters_it(
    organization: Organization,
) -> None:
    number = organization.member("shop")
    iam = organization.enter(number, "iam")
    close = organization.client.close_account

    close(AccountId=number)

    account = organization.described(number)
    assert (account["State"], account["Status"]) == ("PENDING_CLOSURE", "PENDING_CLOSURE")
    assert iam.list_roles()["Roles"]
    organization.emulator.let_pass(A_WHILE)
    account = organization.described(number)
    assert (account["State"], account["Status"]) == ("CLOSED", "SUSPENDED")
    assert refusal(close, AccountId=number)[0] == "AccountAlreadyClosedException"
    assert refusal(iam.list_roles)[0] == "InvalidClientTokenId"
    with pytest.raises(ClientError, match="AccessDenied"):
        organization.enter(number, "iam")
    assert refusal(close, AccountId=organization.number)[0] == "ConstraintViolationException"


def test_an_account_that_aws_suspends_is_of_no_use_until_it_is_restored(
    organization: Organization,
) -> None:
    """No operation does that. A tag does it here."""
    number = organization.member("shop")
    tag = {"Key": "emulator:state", "Value": "SUSPENDED"}
    organization.client.tag_resource(ResourceId=number, Tags=[tag])

    account = organization.described(number)
    assert (account["State"], account["Status"]) == ("SUSPENDED", "SUSPENDED")
    with pytest.raises(ClientError, match="AccessDenied"):
        organization.enter(number, "iam")

    organization.client.untag_resource(ResourceId=number, TagKeys=["emulator:state"])
    assert organization.enter(number, "iam").list_roles()["Roles"]


def test_a_policy_of_a_unit_denies_a_service_to_whoever_is_in_it(
    organization: Organization,
) -> None:
    shops, free = organization.unit("shops"), organization.unit("free")
    number = organization.member("shop", shops)
    deny = {"Effect": "Deny", "Action": "rds:*", "Resource": "*"}
    policy = organization.client.create_policy(
        Name="NoDatabases", Description="", Type="SERVICE_CONTROL_POLICY", Content=text(deny)
    )
    policy_id = policy["Policy"]["PolicySummary"]["Id"]
    organization.client.attach_policy(PolicyId=policy_id, TargetId=shops)
    rds = organization.enter(number, "rds")

    code, message = refusal(rds.describe_db_instances)

    assert code == "AccessDenied"
    assert "with an explicit deny in a service control policy" in message
    move = {"AccountId": number, "DestinationParentId": free}
    wrong = refusal(organization.client.move_account, **move, SourceParentId=organization.root)
    assert wrong[0] == "AccountNotFoundException"
    organization.client.move_account(**move, SourceParentId=shops)
    assert rds.describe_db_instances()["DBInstances"] == []


@pytest.mark.parametrize("by", ["itself", "management"])
def test_an_account_leaves(organization: Organization, by: str) -> None:
    number = organization.member("shop")
    organizations = organization.enter(number, "organizations")

    if by == "itself":
        organizations.leave_organization()
    else:
        organization.client.remove_account_from_organization(AccountId=number)

    accounts = organization.client.list_accounts()["Accounts"]
    assert [each["Id"] for each in accounts] == [organization.number]
    code, _ = refusal(organizations.describe_organization)
    assert code == "AWSOrganizationsNotInUseException"


def test_an_organization_has_its_own_units_and_accounts_alone(
    organization: Organization, emulator: PipedEmulator, new_account_number: Callable[[], str]
) -> None:
    number = organization.member("shop")
    other = Organization(emulator, new_account_number())

    assert len(other.client.list_accounts()["Accounts"]) == 1
    assert refusal(other.client.list_parents, ChildId=number)[0] == "ChildNotFoundException"
    assert refusal(other.client.create_organization, FeatureSet="ALL")[0] == (
        "AlreadyInOrganizationException"
    )


def test_who_reads_too_often_is_told_to_wait(organization: Organization) -> None:
    read = partial(organization.client.list_parents, ChildId=organization.number)
    for _ in range(20):
        read()

    code, message = refusal(read)

    assert code == "TooManyRequestsException"
    assert message.startswith("You have sent too many requests in too short a period of time.")
    organization.emulator.let_pass(0.15)
    read()
    assert refusal(read)[0] == "TooManyRequestsException"


@pytest.fixture(params=["emulator", "moto"])
def second_opinion(
    request: pytest.FixtureRequest,
    emulator: PipedEmulator,
    new_account_number: Callable[[], str],
) -> Iterator[Any]:
    """Organizations in a new account, of the emulator and of moto."""
    if request.param == "emulator":
        yield emulator.client("organizations", new_account_number())
        return
    with mock_aws():
        yield boto3.client("organizations", region_name="us-east-1")


def test_emulator_and_moto_agree_on_a_tree(second_opinion: Any, emulator: PipedEmulator) -> None:
    client = second_opinion
    client.create_organization(FeatureSet="ALL")
    root = client.list_roots()["Roots"][0]["Id"]
    unit = client.create_organizational_unit(Name="shops", ParentId=root)
    unit_id = unit["OrganizationalUnit"]["Id"]
    number = made(client, "shop", emulator)
    client.move_account(AccountId=number, SourceParentId=root, DestinationParentId=unit_id)

    units = client.list_organizational_units_for_parent(ParentId=root)["OrganizationalUnits"]
    assert [(each["Id"], each["Name"]) for each in units] == [(unit_id, "shops")]
    (account,) = client.list_accounts_for_parent(ParentId=unit_id)["Accounts"]
    assert (account["Id"], account["Name"]) == (number, "shop")
    assert (account["Email"], account["JoinedMethod"]) == ("shop@customer.example", "CREATED")
    (parent,) = client.list_parents(ChildId=number)["Parents"]
    assert parent == {"Id": unit_id, "Type": "ORGANIZATIONAL_UNIT"}
    assert client.list_parents(ChildId=unit_id)["Parents"] == [{"Id": root, "Type": "ROOT"}]
    assert len(client.list_accounts()["Accounts"]) == 2
    assert len(client.list_accounts_for_parent(ParentId=root)["Accounts"]) == 1
    organization = client.describe_organization()["Organization"]
    assert account["Arn"].startswith(
        f"arn:aws:organizations::{organization['MasterAccountId']}:account/{organization['Id']}/"
    )

    refused = {
        "ParentNotFoundException": lambda: client.list_accounts_for_parent(ParentId="r-zzzz"),
        "AccountNotFoundException": lambda: client.describe_account(AccountId=NOBODY),
        "AlreadyInOrganizationException": lambda: client.create_organization(FeatureSet="ALL"),
    }
    for code, call in refused.items():
        assert refusal(call)[0] == code
