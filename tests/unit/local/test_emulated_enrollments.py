"""The published template of enrollments, deployed in the emulator: which roles it makes where, and
whom they let in to what.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cavok.adapters.customer.aws_organization import AwsOrganization
from cavok.adapters.templates import ENROLLMENT_TEMPLATE, FILES
from cavok.domain.enrollments import READS
from cavok.domain.instructions import installed
from cavok.domain.members import Place
from local.settings import WORKLOAD_ACCOUNT_ID
from tests.support.builders import EXTERNAL_ID
from tests.support.piped_emulator import PipedEmulator, in_the_end
from tests.support.piped_organization import A_WHILE, Organization
from tests.support.refusal import refusal

pytestmark = pytest.mark.timeout(900)  # longer than `in_the_end` waits
REGION, STACK = "us-east-1", "CavokOrganization"
TEXT = installed((FILES / f"{ENROLLMENT_TEMPLATE}.yaml").read_text(), WORKLOAD_ACCOUNT_ID)
SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"


class Customer(Organization):
    """An AWS Organization that lets StackSets in. `number` deploys; Cavok enters by its roles."""

    def __init__(self, emulator: PipedEmulator, number: str) -> None:
        super().__init__(emulator, number)
        emulator.client("cloudformation", number).activate_organizations_access()
        self.stacks = emulator.client("cloudformation", number)

    def deploy(self, **chosen: str) -> str:
        values = {"ExternalId": EXTERNAL_ID, "OrganizationalUnitIds": self.root} | chosen
        self.stacks.create_stack(
            StackName=STACK,
            TemplateBody=TEXT,
            Capabilities=["CAPABILITY_NAMED_IAM"],
            Parameters=[
                {"ParameterKey": name, "ParameterValue": value} for name, value in values.items()
            ],
        )
        return self.ended()

    def ended(self) -> str:
        def stack() -> dict[str, Any]:
            found: dict[str, Any] = self.stacks.describe_stacks(StackName=STACK)["Stacks"][0]
            return found

        found = in_the_end(stack, lambda found: not found["StackStatus"].endswith("PROGRESS"))
        return str(found["StackStatus"])

    def roles(self, number: str) -> dict[str, dict[str, Any]]:
        found = self.emulator.client("iam", number).list_roles()["Roles"]
        return {each["RoleName"]: each for each in found if each["RoleName"].startswith("Cavok")}

    def has_roles_in(self, number: str, *names: str) -> None:
        in_the_end(lambda: set(self.roles(number)), lambda found: found == set(names))

    def entered(
        self, number: str, role: str, service: str, external_id: str | None = EXTERNAL_ID
    ) -> Any:
        """As Cavok does. Raises ClientError."""
        given = {"ExternalId": external_id} if external_id else {}
        session = self.emulator.client("sts", WORKLOAD_ACCOUNT_ID).assume_role(
            RoleArn=f"arn:aws:iam::{number}:role/{role}", RoleSessionName="cavok-test", **given
        )
        return self.emulator.client(service, number, credentials=session["Credentials"])


@pytest.fixture
def customer(emulator: PipedEmulator, new_account_number: Callable[[], str]) -> Customer:
    return Customer(emulator, new_account_number())


def test_one_stack_makes_the_roles_here_and_in_every_member_now_and_later(
    customer: Customer,
) -> None:
    shops = customer.unit("Shops")
    first = customer.member("first", shops)

    assert customer.deploy() == "CREATE_COMPLETE"

    customer.has_roles_in(customer.number, "CavokCloud", "CavokOrganization")
    customer.has_roles_in(first, "CavokCloud")
    customer.has_roles_in(customer.member("later"), "CavokCloud")


def test_only_the_external_id_lets_in_and_the_role_lists_and_does_nothing_else(
    customer: Customer,
) -> None:
    shops = customer.unit("Shops")
    number = customer.member("first", shops)
    customer.deploy()
    for where, role in (
        (customer.number, "CavokOrganization"),
        (customer.number, "CavokCloud"),
        (number, "CavokCloud"),
    ):
        customer.entered(where, role, "sts")
        for wrong in (None, "cavok-somebody-elses"):
            code, _ = refusal(
                customer.entered, number=where, role=role, service="sts", external_id=wrong
            )
            assert code == "AccessDenied"

    client = customer.entered(customer.number, "CavokOrganization", "organizations")

    class Session:
        def client(self, *_: str) -> Any:
            return client

    organization = AwsOrganization(Session())  # type: ignore[arg-type]
    assert organization.roots() == [(customer.root, "Root")]
    assert organization.units(customer.root, None)[0] == [(shops, "Shops")]
    place = Place((customer.root, shops), "Root/Shops")
    (account,) = organization.accounts(place, None)[0]
    assert (account.account_number, account.state) == (number, "ACTIVE")
    assert organization.has(number)
    assert organization.arn().endswith(
        customer.client.describe_organization()["Organization"]["Id"]
    )
    client.list_accounts()
    assert len(READS) == 6
    for forbidden in ("list_policies", "list_delegated_administrators"):
        given = {"Filter": "SERVICE_CONTROL_POLICY"} if forbidden == "list_policies" else {}
        assert refusal(getattr(client, forbidden), **given)[0] == "AccessDeniedException"


def test_choices_reach_every_role(customer: Customer) -> None:
    number = customer.member("first")

    customer.deploy(RolePath="/team/", WriteLogs="No", Ec2="No", Tag1="cost-centre=4242")

    for where, names in (
        (customer.number, ("CavokCloud", "CavokOrganization")),
        (number, ("CavokCloud",)),
    ):
        customer.has_roles_in(where, *names)
        for name in names:
            assert customer.roles(where)[name]["Path"] == "/team/"
    iam = customer.emulator.client("iam", number)
    policies = iam.list_role_policies(RoleName="CavokCloud")["PolicyNames"]
    assert set(policies) == {"CavokChecking", "CavokRds"}
    tags = iam.list_role_tags(RoleName="CavokCloud")["Tags"]
    assert {"Key": "cost-centre", "Value": "4242"} in tags


def test_excluded_accounts_are_left_out_and_one_that_cannot_have_the_role_stops_no_other(
    customer: Customer,
) -> None:
    left_out, spoilt, good = (customer.member(name) for name in ("out", "spoilt", "good"))
    trust = '{"Version": "2012-10-17", "Statement": []}'
    customer.emulator.client("iam", spoilt).create_role(
        RoleName="CavokCloud", AssumeRolePolicyDocument=trust
    )

    assert customer.deploy(ExcludeAccounts=left_out) == "CREATE_COMPLETE"

    customer.has_roles_in(good, "CavokCloud")
    customer.has_roles_in(left_out)


def test_deleting_the_stack_takes_every_role_away(customer: Customer) -> None:
    number = customer.member("first")
    customer.deploy()
    customer.has_roles_in(number, "CavokCloud")

    customer.stacks.delete_stack(StackName=STACK)

    customer.has_roles_in(number)
    customer.has_roles_in(customer.number)


def test_a_suspended_member_keeps_the_stack_until_its_own_is_retained(customer: Customer) -> None:
    """As the steps of an enrollment's end say."""
    number, suspended = customer.member("first"), customer.member("suspended")
    customer.deploy()
    customer.has_roles_in(number, "CavokCloud")
    customer.client.close_account(AccountId=suspended)
    customer.emulator.let_pass(A_WHILE)
    customer.stacks.delete_stack(StackName=STACK)
    assert customer.ended() == "DELETE_FAILED"
    customer.has_roles_in(number)

    customer.stacks.delete_stack_instances(
        StackSetName=f"{STACK}-members",
        DeploymentTargets={
            "OrganizationalUnitIds": [customer.root],
            "Accounts": [suspended],
            "AccountFilterType": "INTERSECTION",
        },
        Regions=[REGION],
        RetainStacks=True,
    )
    customer.stacks.delete_stack(StackName=STACK)

    customer.has_roles_in(customer.number)
    found = customer.stacks.list_stack_sets(Status="ACTIVE")["Summaries"]
    assert found == []


def test_a_delegated_administrator_deploys_it_for_the_whole_organization(
    customer: Customer,
) -> None:
    number, delegated = customer.member("first"), customer.member("administrator")
    customer.client.register_delegated_administrator(AccountId=delegated, ServicePrincipal=SERVICE)
    customer.stacks = customer.enter(delegated, "cloudformation")

    assert customer.deploy(DelegatedAdministrator="Yes") == "CREATE_COMPLETE"

    customer.has_roles_in(delegated, "CavokCloud", "CavokOrganization")
    customer.has_roles_in(number, "CavokCloud")
    client = customer.entered(delegated, "CavokOrganization", "organizations")
    assert client.list_roots()["Roots"][0]["Id"] == customer.root
