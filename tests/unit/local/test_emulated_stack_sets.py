"""Where the emulator deploys a stack set with service-managed permissions, and when."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import boto3
import pytest
from moto import mock_aws

from tests.support.piped_emulator import PipedEmulator, in_the_end
from tests.support.piped_organization import A_WHILE, Organization, made, text
from tests.support.refusal import refusal

pytestmark = pytest.mark.timeout(900)  # longer than `in_the_end` waits
REGION = "us-east-1"
TRUST = {
    "Version": "2012-10-17",
    "Statement": [
        {"Effect": "Allow", "Principal": {"AWS": "111122223333"}, "Action": "sts:AssumeRole"}
    ],
}
MEMBER: dict[str, Any] = {
    "Parameters": {"Description": {"Type": "String", "Default": "first"}},
    "Resources": {
        "Role": {
            "Type": "AWS::IAM::Role",
            "Properties": {
                "RoleName": "Doors",
                "Description": {"Ref": "Description"},
                "AssumeRolePolicyDocument": TRUST,
            },
        }
    },
}
EVERYWHERE = {"FailureTolerancePercentage": 100, "MaxConcurrentPercentage": 100}
SERVICE = "member.org.stacksets.cloudformation.amazonaws.com"


class Customer(Organization):
    """An organization that lets StackSets in, and has a stack with one stack set."""

    def __init__(self, emulator: PipedEmulator, number: str) -> None:
        super().__init__(emulator, number)
        self.cloudformation = emulator.client("cloudformation", number)
        self.cloudformation.activate_organizations_access()

    def deploy(self, **properties: Any) -> str:
        """Creates the stack, or updates it. Gives its status in the end."""
        call = self.cloudformation.create_stack
        if self.cloudformation.list_stacks()["StackSummaries"]:
            call = self.cloudformation.update_stack
        call(StackName="doors", TemplateBody=template(**properties))
        return self.ended()

    def ended(self) -> str:
        stack = in_the_end(self.stack, lambda found: not found["StackStatus"].endswith("PROGRESS"))
        return str(stack["StackStatus"])

    def stack(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cloudformation.describe_stacks(StackName="doors")["Stacks"][0]
        return found

    def instances(self) -> dict[str, dict[str, Any]]:
        """By account number."""
        pages = self.cloudformation.get_paginator("list_stack_instances")
        found = pages.paginate(StackSetName="doors")
        return {each["Account"]: each for page in found for each in page["Summaries"]}

    def role(self, number: str) -> dict[str, Any] | None:
        """The role of the stack set in an account."""
        roles = self.emulator.client("iam", number).list_roles()["Roles"]
        return next((each for each in roles if each["RoleName"] == "Doors"), None)

    def has_roles_in(self, *numbers: str) -> None:
        """In these, and in no others: in the end."""
        accounts = [each["Id"] for each in self.client.list_accounts()["Accounts"]]
        in_the_end(
            lambda: {number for number in accounts if self.role(number)},
            lambda found: found == set(numbers),
        )


def template(
    units: list[str] | None = None,
    body: dict[str, Any] = MEMBER,
    filters: dict[str, Any] | None = None,
    regions: tuple[str, ...] = (REGION,),
    **properties: Any,
) -> str:
    targets = {"OrganizationalUnitIds": units, **(filters or {})}
    described = {
        "StackSetName": "doors",
        "PermissionModel": "SERVICE_MANAGED",
        "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
        "Capabilities": ["CAPABILITY_NAMED_IAM"],
        "TemplateBody": json.dumps(body),
        "OperationPreferences": EVERYWHERE,
        "StackInstancesGroup": [{"DeploymentTargets": targets, "Regions": list(regions)}],
        **properties,
    }
    resources = {"Doors": {"Type": "AWS::CloudFormation::StackSet", "Properties": described}}
    outputs = {"Id": {"Value": {"Ref": "Doors"}}}
    return json.dumps({"Resources": resources, "Outputs": outputs})


@pytest.fixture
def customer(emulator: PipedEmulator, new_account_number: Callable[[], str]) -> Customer:
    return Customer(emulator, new_account_number())


def test_a_stack_set_deploys_to_every_member_and_skips_the_management_account(
    customer: Customer,
) -> None:
    outer = customer.unit("shops")
    inner = customer.unit("north", outer)
    members = {customer.member("a"): customer.root, customer.member("b", inner): inner}

    assert customer.deploy(units=[customer.root]) == "CREATE_COMPLETE"

    customer.has_roles_in(*members)
    instances = customer.instances()
    assert set(instances) == set(members)
    for number, instance in instances.items():
        assert instance["Status"] == "CURRENT"
        assert instance["StackInstanceStatus"] == {"DetailedStatus": "SUCCEEDED"}
        assert instance["OrganizationalUnitId"] == customer.root
        assert instance["StackId"].startswith(
            f"arn:aws:cloudformation:{REGION}:{number}:stack/StackSet-doors-"
        )
    (output,) = customer.stack()["Outputs"]
    described = customer.cloudformation.describe_stack_set(StackSetName="doors")["StackSet"]
    assert described["StackSetId"] == output["OutputValue"]
    assert described["OrganizationalUnitIds"] == [customer.root]
    assert described["AutoDeployment"] == {"Enabled": True, "RetainStacksOnAccountRemoval": False}


def test_an_account_that_comes_gets_a_stack_and_one_that_goes_loses_it(
    customer: Customer,
) -> None:
    shops, free = customer.unit("shops"), customer.unit("free")
    first = customer.member("first", shops)
    customer.deploy(units=[shops])
    customer.has_roles_in(first)

    second = customer.member("second")
    assert set(customer.instances()) == {first}
    move = customer.client.move_account
    move(AccountId=second, SourceParentId=customer.root, DestinationParentId=shops)
    customer.has_roles_in(first, second)

    move(AccountId=first, SourceParentId=shops, DestinationParentId=free)
    customer.has_roles_in(second)
    in_the_end(customer.instances, lambda found: set(found) == {second})
    operations = customer.cloudformation.list_stack_set_operations(StackSetName="doors")
    assert [each["Action"] for each in operations["Summaries"]] == ["DELETE", "CREATE", "CREATE"]


@pytest.mark.parametrize("target", ["each", "above both"])
def test_an_account_that_moves_between_two_targets_gets_another_stack(
    target: str, customer: Customer
) -> None:
    above = customer.unit("above")
    north, south = customer.unit("north", above), customer.unit("south", above)
    number = customer.member("shop", north)
    customer.deploy(units=[north, south] if target == "each" else [above])
    before = customer.instances()[number]["StackId"]

    customer.client.move_account(AccountId=number, SourceParentId=north, DestinationParentId=south)

    def moved() -> list[str]:
        operations = customer.cloudformation.list_stack_set_operations(StackSetName="doors")
        return [each["Action"] for each in operations["Summaries"] if each["Status"] == "SUCCEEDED"]

    done = ["CREATE", "DELETE", "CREATE"] if target == "each" else ["CREATE"]
    in_the_end(moved, lambda found: found == done)
    customer.has_roles_in(number)
    assert (customer.instances()[number]["StackId"] == before) is (target == "above both")


def test_a_new_account_gets_a_stack_by_itself(customer: Customer) -> None:
    customer.deploy(units=[customer.root])

    customer.has_roles_in(customer.member("late"))


def test_an_account_that_is_invited_gets_a_stack_once_it_accepts(
    customer: Customer, new_account_number: Callable[[], str]
) -> None:
    customer.deploy(units=[customer.root])
    number = new_account_number()
    target = {"Id": number, "Type": "ACCOUNT"}
    handshake = customer.client.invite_account_to_organization(Target=target)["Handshake"]

    customer.emulator.client("organizations", number).accept_handshake(HandshakeId=handshake["Id"])

    customer.has_roles_in(number)


@pytest.mark.parametrize("leaves", ["the unit", "the organization"])
def test_a_stack_may_be_retained_where_an_account_goes(customer: Customer, leaves: str) -> None:
    shops = customer.unit("shops")
    number = customer.member("shop", shops)
    automatic = {"Enabled": True, "RetainStacksOnAccountRemoval": True}
    customer.deploy(units=[shops], AutoDeployment=automatic)

    if leaves == "the unit":
        customer.client.move_account(
            AccountId=number, SourceParentId=shops, DestinationParentId=customer.root
        )
    else:
        customer.client.remove_account_from_organization(AccountId=number)

    in_the_end(customer.instances, lambda found: found == {})
    assert customer.role(number)


def test_nothing_follows_without_automatic_deployment(customer: Customer) -> None:
    first = customer.member("first")
    customer.deploy(units=[customer.root], AutoDeployment={"Enabled": False})
    customer.member("second")

    assert set(customer.instances()) == {first}
    customer.has_roles_in(first)


@pytest.mark.parametrize(("kind", "wanted"), [("DIFFERENCE", "b"), ("INTERSECTION", "a")])
def test_a_filter_chooses_accounts_and_is_not_for_those_that_come(
    customer: Customer, kind: str, wanted: str
) -> None:
    members = {name: customer.member(name) for name in "ab"}
    filters = {"Accounts": [members["a"]], "AccountFilterType": kind}

    customer.deploy(units=[customer.root], filters=filters)

    customer.has_roles_in(members[wanted])
    late = customer.member("late")
    customer.has_roles_in(members[wanted], late)


def test_an_account_that_is_excluded_later_loses_its_stack_alone(customer: Customer) -> None:
    kept, excluded = customer.member("kept"), customer.member("excluded")
    customer.deploy(units=[customer.root])
    before = customer.instances()[kept]["StackId"]

    filters = {"Accounts": [excluded], "AccountFilterType": "DIFFERENCE"}
    assert customer.deploy(units=[customer.root], filters=filters) == "UPDATE_COMPLETE"

    customer.has_roles_in(kept)
    assert customer.instances()[kept]["StackId"] == before


def test_an_account_of_a_unit_that_another_one_replaces_loses_its_stack_meanwhile(
    customer: Customer,
) -> None:
    """Although the root has the account too: units are compared, not accounts."""
    shops = customer.unit("shops")
    number = customer.member("shop", shops)
    customer.deploy(units=[shops])
    before = customer.instances()[number]["StackId"]

    assert customer.deploy(units=[shops, customer.root]) == "UPDATE_COMPLETE"
    assert customer.instances()[number]["StackId"] == before

    assert customer.deploy(units=[customer.root]) == "UPDATE_COMPLETE"
    customer.has_roles_in()
    assert customer.deploy(units=[shops]) == "UPDATE_COMPLETE"
    before = customer.instances()[number]["StackId"]

    assert customer.deploy(units=[customer.root]) == "UPDATE_COMPLETE"
    assert customer.instances()[number]["StackId"] != before
    customer.has_roles_in(number)


def test_a_suspended_account_is_skipped(customer: Customer) -> None:
    number, suspended = customer.member("shop"), customer.member("closed")
    customer.client.close_account(AccountId=suspended)
    customer.emulator.let_pass(A_WHILE)
    assert customer.described(suspended)["State"] == "CLOSED"

    assert customer.deploy(units=[customer.root]) == "CREATE_COMPLETE"

    details = {
        each: found["StackInstanceStatus"]["DetailedStatus"]
        for each, found in customer.instances().items()
    }
    assert details == {number: "SUCCEEDED", suspended: "SKIPPED_SUSPENDED_ACCOUNT"}


def test_a_member_that_has_not_enabled_the_region_gets_no_stack(customer: Customer) -> None:
    region, (on, off) = "eu-south-1", (customer.member("on"), customer.member("off"))

    def enable(number: str) -> None:
        customer.emulator.client("account", number).enable_region(RegionName=region)

    def reasons() -> list[str]:
        instances = customer.instances()
        return [instances[number].get("StatusReason", "") for number in (on, off)]

    said = f"Region {region} is not enabled in account {{}}.".format
    enable(on)
    assert customer.deploy(units=[customer.root], regions=(region,)) == "CREATE_COMPLETE"
    assert reasons() == [said(customer.number), said(off)]
    enable(customer.number)

    again = customer.deploy(units=[customer.root], regions=(region,), Description="again")

    assert again == "UPDATE_COMPLETE"
    assert reasons() == ["", said(off)]
    customer.has_roles_in(on)


@pytest.mark.parametrize("twice", ["Accounts", "OrganizationalUnitIds"])
def test_a_target_that_is_named_twice_fails_the_stack(customer: Customer, twice: str) -> None:
    number = customer.member("shop")
    filters = {"AccountFilterType": "DIFFERENCE", "Accounts": [number], twice: [number, number]}

    assert customer.deploy(units=[customer.root], filters=filters) == "ROLLBACK_COMPLETE"

    events = customer.cloudformation.describe_stack_events(StackName="doors")["StackEvents"]
    said = f"[#/StackInstancesGroup/0/DeploymentTargets/{twice}: array items are not unique]"
    assert any(said in each.get("ResourceStatusReason", "") for each in events)


def test_an_update_reaches_every_member_and_a_deletion_too(customer: Customer) -> None:
    members = [customer.member("a"), customer.member("b")]
    customer.deploy(units=[customer.root])
    parameters = [{"ParameterKey": "Description", "ParameterValue": "second"}]

    assert customer.deploy(units=[customer.root], Parameters=parameters) == "UPDATE_COMPLETE"

    for number in members:
        role = customer.role(number)
        assert role
        assert role["Description"] == "second"
    customer.cloudformation.delete_stack(StackName="doors")
    customer.has_roles_in()
    find = customer.cloudformation.describe_stack_set
    in_the_end(lambda: refused(find, StackSetName="doors"), what="the stack set is gone")


def test_an_excluded_account_that_came_later_keeps_the_stack_set(customer: Customer) -> None:
    """Deleting deletes what the targets mean, and they do not mean this one."""
    shops = customer.unit("shops")
    late = customer.member("late")
    filters = {"Accounts": [late], "AccountFilterType": "DIFFERENCE"}
    customer.deploy(units=[shops], filters=filters)
    customer.client.move_account(
        AccountId=late, SourceParentId=customer.root, DestinationParentId=shops
    )
    customer.has_roles_in(late)

    customer.cloudformation.delete_stack(StackName="doors")

    assert customer.ended() == "DELETE_FAILED"
    assert set(customer.instances()) == {late}


def refused(call: Callable[..., Any], **arguments: Any) -> str | None:
    try:
        call(**arguments)
    except Exception as error:  # noqa: BLE001 - whatever it is, the test looks at its name
        return type(error).__name__
    return None


def spoil(customer: Customer, number: str) -> None:
    """Make the stack fail in an account: its role is there already."""
    customer.emulator.client("iam", number).create_role(
        RoleName="Doors", AssumeRolePolicyDocument=json.dumps(TRUST)
    )


def test_a_failure_beyond_the_tolerance_fails_the_stack_and_leaves_nothing(
    customer: Customer,
) -> None:
    spoilt, good = customer.member("spoilt"), customer.member("good")
    spoil(customer, spoilt)

    status = customer.deploy(units=[customer.root], OperationPreferences={})

    assert status == "ROLLBACK_COMPLETE"
    assert customer.role(good) is None
    events = customer.cloudformation.describe_stack_events(StackName="doors")["StackEvents"]
    reasons = [each.get("ResourceStatusReason", "") for each in events]
    assert any("was unexpectedly stopped or failed" in reason for reason in reasons)
    assert refused(customer.cloudformation.describe_stack_set, StackSetName="doors")


@pytest.mark.parametrize(
    ("mode", "ends"),
    [
        ("STRICT_FAILURE_TOLERANCE", ["SUCCEEDED", "FAILED", "FAILED", "CANCELLED"]),
        ("SOFT_FAILURE_TOLERANCE", ["SUCCEEDED", "FAILED", "FAILED", "FAILED"]),
    ],
)
def test_strictly_no_more_fail_than_one_beyond_the_tolerance(
    customer: Customer, mode: str, ends: list[str]
) -> None:
    good, *spoilt = (customer.member(name) for name in "abcd")
    for number in spoilt:
        spoil(customer, number)
    cloudformation = customer.cloudformation
    cloudformation.create_stack_set(**STACK_SET)
    preferences = {"FailureToleranceCount": 1, "MaxConcurrentCount": 2, "ConcurrencyMode": mode}

    cloudformation.create_stack_instances(
        StackSetName="doors",
        DeploymentTargets={"OrganizationalUnitIds": [customer.root]},
        Regions=[REGION],
        OperationPreferences=preferences,
    )

    def ended() -> list[str]:
        found = customer.instances()
        return [found[each]["StackInstanceStatus"]["DetailedStatus"] for each in (good, *spoilt)]

    in_the_end(ended, lambda found: not {"PENDING", "RUNNING"} & set(found))
    assert ended() == ends


def test_a_failure_that_is_tolerated_is_that_accounts_alone(customer: Customer) -> None:
    spoilt, good = customer.member("spoilt"), customer.member("good")
    spoil(customer, spoilt)

    assert customer.deploy(units=[customer.root]) == "CREATE_COMPLETE"

    instances = customer.instances()
    assert instances[good]["Status"] == "CURRENT"
    assert instances[spoilt]["Status"] == "OUTDATED"
    assert instances[spoilt]["StackInstanceStatus"] == {"DetailedStatus": "FAILED"}
    assert (
        "ResourceLogicalId:Role, ResourceType:AWS::IAM::Role" in instances[spoilt]["StatusReason"]
    )


def test_a_template_may_lie_in_another_accounts_bucket(
    customer: Customer, emulator: PipedEmulator, new_account_number: Callable[[], str]
) -> None:
    member, other = customer.member("shop"), new_account_number()
    s3 = emulator.client("s3", other)
    s3.create_bucket(Bucket=f"templates-{other}")
    s3.put_object(Bucket=f"templates-{other}", Key="member.json", Body=json.dumps(MEMBER))
    url = f"http://localhost:4566/templates-{other}/member.json"

    deployed = customer.deploy(units=[customer.root], TemplateURL=url, TemplateBody=None)

    assert deployed == "CREATE_COMPLETE"
    customer.has_roles_in(member)


def test_stacks_of_members_tell_a_topic_that_lets_the_role_of_stack_sets_in(
    customer: Customer, emulator: PipedEmulator, new_account_number: Callable[[], str]
) -> None:
    provider = new_account_number()
    sns, sqs = emulator.client("sns", provider), emulator.client("sqs", provider)
    topic = sns.create_topic(Name="doors")["TopicArn"]
    publish = {
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"ArnLike": {"aws:PrincipalArn": "arn:aws:iam::*:role/stacksets-exec-*"}},
    }
    sns.set_topic_attributes(TopicArn=topic, AttributeName="Policy", AttributeValue=text(publish))
    send = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
    }
    queue = sqs.create_queue(QueueName="doors", Attributes={"Policy": text(send)})["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint=f"arn:aws:sqs:{REGION}:{provider}:doors")
    number = customer.member("shop")
    call = {"Type": "Custom::Door", "Properties": {"ServiceToken": topic}}
    body = {"Resources": {**MEMBER["Resources"], "Call": call}, "Parameters": MEMBER["Parameters"]}
    customer.cloudformation.create_stack(
        StackName="doors", TemplateBody=template(units=[customer.root], body=body)
    )

    def look() -> dict[str, Any] | None:
        for message in sqs.receive_message(QueueUrl=queue).get("Messages", []):
            request: dict[str, Any] = json.loads(json.loads(message["Body"])["Message"])
            return request
        return None

    request = in_the_end(look, what="the member's stack asks")

    assert request["StackId"].split(":")[4] == number
    assert customer.stack()["StackStatus"] == "CREATE_IN_PROGRESS"
    copied = {name: request[name] for name in ("StackId", "RequestId", "LogicalResourceId")}
    response = {"Status": "SUCCESS", "PhysicalResourceId": "door-1", **copied}
    emulator.request("PUT", request["ResponseURL"], json.dumps(response).encode())
    assert customer.ended() == "CREATE_COMPLETE"


STACK_SET: dict[str, Any] = {
    "StackSetName": "doors",
    "TemplateBody": json.dumps(MEMBER),
    "PermissionModel": "SERVICE_MANAGED",
    "AutoDeployment": {"Enabled": True, "RetainStacksOnAccountRemoval": False},
    "Capabilities": ["CAPABILITY_NAMED_IAM"],
}


def test_who_may_have_a_service_managed_stack_set(
    emulator: PipedEmulator, new_account_number: Callable[[], str]
) -> None:
    organization = Organization(emulator, new_account_number())
    member = organization.enter(organization.member("shop"), "cloudformation")
    cloudformation = emulator.client("cloudformation", organization.number)

    code, message = refusal(member.create_stack_set, **STACK_SET)
    assert code == "ValidationError"
    assert "must be the management account or delegated admin account" in message
    assert cloudformation.describe_organizations_access()["Status"] == "DISABLED"
    code, message = refusal(cloudformation.create_stack_set, **STACK_SET)
    assert (code, message) == (
        "ValidationError",
        "You must enable organizations access to operate a service managed stack set",
    )

    organization.client.enable_aws_service_access(ServicePrincipal=SERVICE)
    assert cloudformation.describe_organizations_access()["Status"] == "ENABLED"
    cloudformation.create_stack_set(**STACK_SET)
    code, _ = refusal(cloudformation.create_stack_set, **STACK_SET)
    assert code == "NameAlreadyExistsException"


def test_a_delegated_administrator_deploys_for_the_organization(customer: Customer) -> None:
    administrator, other = customer.member("tools"), customer.member("shop")
    cloudformation = customer.enter(administrator, "cloudformation")
    as_delegated = {"CallAs": "DELEGATED_ADMIN"}
    assert refusal(cloudformation.create_stack_set, **STACK_SET, **as_delegated)[0] == (
        "ValidationError"
    )
    customer.client.register_delegated_administrator(
        AccountId=administrator, ServicePrincipal=SERVICE
    )

    cloudformation.create_stack_set(**STACK_SET, **as_delegated)
    operation = cloudformation.create_stack_instances(
        StackSetName="doors",
        DeploymentTargets={"OrganizationalUnitIds": [customer.root]},
        Regions=[REGION],
        OperationPreferences={"MaxConcurrentCount": 2, "FailureToleranceCount": 1},
        **as_delegated,
    )

    described = {"StackSetName": "doors", "OperationId": operation["OperationId"], **as_delegated}
    in_the_end(
        lambda: cloudformation.describe_stack_set_operation(**described)["StackSetOperation"],
        lambda found: found["Status"] == "SUCCEEDED",
    )
    customer.has_roles_in(administrator, other)
    results = cloudformation.list_stack_set_operation_results(**described)["Summaries"]
    assert {(each["Account"], each["Status"]) for each in results} == {
        (administrator, "SUCCEEDED"),
        (other, "SUCCEEDED"),
    }
    assert refusal(cloudformation.describe_stack_set, StackSetName="doors")[0] == (
        "StackSetNotFoundException"
    )


def test_instances_go_by_unit_and_a_stack_set_only_when_it_is_empty(customer: Customer) -> None:
    shops = customer.unit("shops")
    inside, outside = customer.member("inside", shops), customer.member("outside")
    cloudformation = customer.cloudformation
    cloudformation.create_stack_set(**STACK_SET, ManagedExecution={"Active": True})
    everywhere = {"StackSetName": "doors", "Regions": [REGION]}
    cloudformation.create_stack_instances(
        **everywhere,
        DeploymentTargets={"OrganizationalUnitIds": [customer.root]},
        OperationPreferences=EVERYWHERE,
    )
    customer.has_roles_in(inside, outside)
    code, _ = refusal(cloudformation.delete_stack_set, StackSetName="doors")
    assert code == "StackSetNotEmptyException"

    for unit, retain in ((shops, False), (customer.root, True)):
        cloudformation.delete_stack_instances(
            **everywhere,
            DeploymentTargets={"OrganizationalUnitIds": [unit]},
            RetainStacks=retain,
        )

    in_the_end(customer.instances, lambda found: found == {})
    customer.has_roles_in(outside)
    in_the_end(lambda: not refused(cloudformation.delete_stack_set, StackSetName="doors"))


def test_operations_of_a_stack_set_wait_only_if_it_queues_them(customer: Customer) -> None:
    """The first of them does not end before the test."""
    customer.member("a")
    wait = {"Handle": {"Ref": "Handle"}, "Timeout": "43200"}
    endless = {
        "Handle": {"Type": "AWS::CloudFormation::WaitConditionHandle"},
        "Wait": {"Type": "AWS::CloudFormation::WaitCondition", "Properties": wait},
    }
    cloudformation = customer.cloudformation
    body = {"TemplateBody": json.dumps({"Resources": endless})}
    cloudformation.create_stack_set(**{**STACK_SET, **body})
    targets = {"OrganizationalUnitIds": [customer.root]}
    create = {"StackSetName": "doors", "DeploymentTargets": targets, "Regions": [REGION]}
    wrong = {**create, "DeploymentTargets": {"Accounts": ["111122223333"]}}
    code, message = refusal(cloudformation.create_stack_instances, **wrong)
    assert (code, message) == ("ValidationError", "OrganizationalUnitIds are required")

    cloudformation.create_stack_instances(**create)

    in_progress = "OperationInProgressException"
    assert refusal(cloudformation.create_stack_instances, **create)[0] == in_progress
    assert refusal(cloudformation.update_stack_set, **STACK_SET)[0] == in_progress
    more = {**create, "DeploymentTargets": {"OrganizationalUnitIds": [customer.unit("shops")]}}
    assert refusal(cloudformation.create_stack_instances, **more)[0] == in_progress
    found = cloudformation.list_stack_set_auto_deployment_targets(StackSetName="doors")["Summaries"]
    assert [each["OrganizationalUnitId"] for each in found] == [customer.root]


@pytest.fixture(params=["emulator", pytest.param("moto", marks=pytest.mark.slow)])
def second_opinion(
    request: pytest.FixtureRequest,
    emulator: PipedEmulator,
    new_account_number: Callable[[], str],
) -> Iterator[Callable[[str], Any]]:
    """Makes clients of a new account, of the emulator and of moto."""
    if request.param == "emulator":
        number = new_account_number()
        yield lambda service: emulator.client(service, number)
        return
    with mock_aws():
        yield lambda service: boto3.client(service, region_name=REGION)  # type: ignore[call-overload]


def test_emulator_and_moto_agree_on_a_stack_set(
    second_opinion: Callable[[str], Any], request: pytest.FixtureRequest, emulator: PipedEmulator
) -> None:
    organizations, cloudformation = (
        second_opinion("organizations"),
        second_opinion("cloudformation"),
    )
    organizations.create_organization(FeatureSet="ALL")
    organizations.enable_aws_service_access(ServicePrincipal=SERVICE)
    root = organizations.list_roots()["Roots"][0]["Id"]
    unit = organizations.create_organizational_unit(Name="shops", ParentId=root)
    unit_id = unit["OrganizationalUnit"]["Id"]
    number = made(organizations, "shop", emulator)
    organizations.move_account(AccountId=number, SourceParentId=root, DestinationParentId=unit_id)

    given = {name: value for name, value in STACK_SET.items() if name != "AutoDeployment"}
    if "emulator" in request.node.name:
        # AWS requires it, and moto does not know it.
        given = STACK_SET
    stack_set_id = cloudformation.create_stack_set(**given)["StackSetId"]
    cloudformation.create_stack_instances(
        StackSetName="doors",
        DeploymentTargets={"OrganizationalUnitIds": [unit_id]},
        Regions=[REGION],
    )

    listed = cloudformation.list_stack_instances
    (instance,) = in_the_end(
        lambda: listed(StackSetName="doors")["Summaries"],
        lambda found: [each["Status"] for each in found] == ["CURRENT"],
    )
    assert (instance["Account"], instance["Region"]) == (number, REGION)
    assert stack_set_id.startswith("doors")
    described = cloudformation.describe_stack_set(StackSetName="doors")["StackSet"]
    assert (described["StackSetName"], described["Status"]) == ("doors", "ACTIVE")
    assert described["PermissionModel"] == "SERVICE_MANAGED"
    assert json.loads(described["TemplateBody"]) == MEMBER
