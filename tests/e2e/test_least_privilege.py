"""What each function may do, tried with its own execution role, and what it may not."""

from __future__ import annotations

import base64
import json
import secrets
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import aws
from local.stack import Stack
from tests.support import inspection
from tests.support.http import answer
from tests.support.journeys import Journey, Journeys
from tests.support.organizations import Organization

WORKING_WITH_A_SESSION = {"SurveyRegions", "ProbePermission", "WriteCustomerLog"}
ENTERING_CUSTOMERS_ACCOUNTS = {
    "OpenSession",
    "ProbeAccount",
    "SweepAccounts",
    "InstancesApi",
    "LogInteractions",
    "FollowOutcome",
    "FollowSchedule",
    "ReadOrganization",
}
MANAGED = {
    "AWSLambdaBasicExecutionRole",
    "AWSLambdaDynamoDBExecutionRole",
    "AWSLambdaSQSQueueExecutionRole",
    "AWSXRayDaemonWriteAccess",
    "AWSXrayWriteOnlyAccess",
}
"""What SAM itself attaches: for logs, traces and the sources of events."""

REFUSALS = ("AccessDenied", "AccessDeniedException")

Clients = Callable[[str], Any]
"""Makes clients of AWS services in the hands of one function."""


@contextmanager
def in_the_hands_of(stack: Stack, logical_id: str) -> Iterator[Clients]:
    """A function's execution role, entered by the account's root, whom the role trusts for a
    moment.
    """
    iam, name = aws.client("iam", stack.emulator_url), inspection.role_name(stack, logical_id)
    role = iam.get_role(RoleName=name)["Role"]
    trusting: dict[str, Any] = role["AssumeRolePolicyDocument"]
    root = {
        "Effect": "Allow",
        "Principal": {"AWS": f"arn:aws:iam::{stack.workload_account_id}:root"},
        "Action": "sts:AssumeRole",
    }
    for_a_moment = {**trusting, "Statement": [*trusting["Statement"], root]}
    iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(for_a_moment))
    try:
        session = aws.client("sts", stack.emulator_url).assume_role(
            RoleArn=role["Arn"], RoleSessionName="least-privilege"
        )["Credentials"]
    finally:
        iam.update_assume_role_policy(RoleName=name, PolicyDocument=json.dumps(trusting))
    yield lambda service: boto3.client(
        service,  # type: ignore[call-overload]
        endpoint_url=stack.emulator_url,
        region_name=stack.region,
        aws_access_key_id=session["AccessKeyId"],
        aws_secret_access_key=session["SecretAccessKey"],
        aws_session_token=session["SessionToken"],
    )


@pytest.fixture(scope="module")
def hands(stack: Stack) -> Iterator[dict[str, Clients]]:
    """Clients of every function of the stack, by its name in the template."""
    with ExitStack() as entered:
        yield {
            name: entered.enter_context(in_the_hands_of(stack, name))
            for name in inspection.functions(stack)
        }


def who_can(hands: dict[str, Clients], call: Callable[[Clients], object]) -> set[str]:
    return {name for name, clients in hands.items() if not refused(lambda c=clients: call(c))}


def refused(call: Callable[[], object]) -> bool:
    """Whether IAM refuses a call. Any other error is raised."""
    try:
        call()
    except ClientError as error:
        if error.response["Error"]["Code"] not in REFUSALS:
            raise
        return True
    return False


@pytest.fixture(scope="module")
def journey(journeys_of_all: Journeys) -> Journey:
    return journeys_of_all["all-permissions"]


@pytest.fixture(scope="module")
def enter_customer(
    journey: Journey, organization: Organization
) -> Callable[[Clients], dict[str, Any]]:
    """AssumeRole on the customer's role, as right as it can be."""
    external_id = answer(organization.admin.get("/v1/organization"))["external_id"]
    return lambda clients: clients("sts").assume_role(
        RoleArn=journey.account["role_arn"], RoleSessionName="test", ExternalId=external_id
    )


@pytest.fixture(scope="module")
def open_stored_key(
    stack: Stack, journeys_of_all: Journeys, organization: Organization
) -> Callable[[Clients], dict[str, Any]]:
    """KMS Decrypt of a customer's stored access key, under the context that it was sealed with."""
    account_id = journeys_of_all["access-key"].connected.account_id
    item = aws.client("dynamodb", stack.emulator_url).get_item(
        TableName=stack.table_name,
        Key={
            "pk": {"S": f"ORG#{organization.name}"},
            "sk": {"S": f"CREDENTIALS#{account_id}"},
        },
    )["Item"]
    return lambda clients: clients("kms").decrypt(
        CiphertextBlob=base64.b64decode(item["sealed"]["S"]),
        EncryptionContext={"organization": organization.name, "account": account_id},
    )


@pytest.fixture(scope="module")
def open_session_of_test(
    stack: Stack, journey: Journey, organization: Organization
) -> Callable[[Clients], dict[str, Any]]:
    """KMS Decrypt of a test's sealed session, under the context that it was sealed with."""
    outputs = [
        json.loads(event["stateExitedEventDetails"]["output"])
        for event in inspection.history(stack, journey.verification["verification_id"])
        if event.get("stateExitedEventDetails", {}).get("name") == "OpenSession"
    ]
    context = {
        "organization": organization.name,
        "account": journey.connected.account_id,
        "verification": journey.verification["verification_id"],
    }
    return lambda clients: clients("kms").decrypt(
        CiphertextBlob=base64.b64decode(outputs[0]["session"]), EncryptionContext=context
    )


def test_the_public_api_of_accounts_enters_no_customers_account(
    hands: dict[str, Clients], enter_customer: Callable[[Clients], object]
) -> None:
    assert who_can(hands, enter_customer) == ENTERING_CUSTOMERS_ACCOUNTS


def test_no_function_enters_a_role_of_another_name(
    stack: Stack, hands: dict[str, Clients], journey: Journey
) -> None:
    trusting = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{stack.workload_account_id}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    journey.connected.place.iam.create_role(
        RoleName="Administrator", AssumeRolePolicyDocument=json.dumps(trusting)
    )
    arn = f"arn:aws:iam::{journey.connected.place.account_number}:role/Administrator"

    def enter(clients: Clients) -> object:
        return clients("sts").assume_role(RoleArn=arn, RoleSessionName="test")

    assert who_can(hands, enter) == set()


def test_stored_access_keys_are_opened_by_who_enters_accounts_with_them(
    hands: dict[str, Clients], open_stored_key: Callable[[Clients], object]
) -> None:
    assert who_can(hands, open_stored_key) == ENTERING_CUSTOMERS_ACCOUNTS - {"ReadOrganization"}


def test_a_tests_session_is_opened_by_who_works_with_it(
    hands: dict[str, Clients], open_session_of_test: Callable[[Clients], object]
) -> None:
    assert who_can(hands, open_session_of_test) == WORKING_WITH_A_SESSION


@pytest.mark.parametrize(
    ("context", "allowed"),
    [
        ({"organization": "o", "account": "a"}, True),
        ({"organization": "o", "account": "a", "verification": "v"}, False),
        ({"organization": "o"}, False),
        ({}, False),
    ],
)
def test_the_public_api_seals_access_keys_and_nothing_else(
    stack: Stack, hands: dict[str, Clients], context: dict[str, str], allowed: bool
) -> None:
    key_id = aws.client("lambda", stack.emulator_url).get_function_configuration(
        FunctionName=inspection.resource_name(stack, "AccountsApi")
    )["Environment"]["Variables"]["SEALING_KEY_ID"]
    kms = hands["AccountsApi"]("kms")

    assert allowed is not refused(
        lambda: kms.encrypt(KeyId=key_id, Plaintext=b"key", EncryptionContext=context)
    )


@pytest.mark.parametrize(
    ("function", "allowed"),
    [
        ("AccountsApi", {"get_item", "batch_get_item", "query", "put_item", "delete_item"}),
        ("OpenSession", {"get_item"}),
        ("RecordVerification", {"batch_get_item", "query", "put_item"}),
        ("SurveyRegions", set()),
        *((name, set()) for name in ("ProbePermission", "WriteCustomerLog", "DashboardPage")),
    ],
)
def test_each_function_reaches_the_table_as_it_must_and_no_further(
    stack: Stack, hands: dict[str, Clients], function: str, allowed: set[str]
) -> None:
    table, name = hands[function]("dynamodb"), {"TableName": stack.table_name}
    key = {"pk": {"S": "ORG#e2e-nobody"}, "sk": {"S": "ORG"}}
    calls = {
        "get_item": lambda: table.get_item(**name, Key=key),
        "batch_get_item": lambda: table.batch_get_item(
            RequestItems={stack.table_name: {"Keys": [key]}}
        ),
        "query": lambda: table.query(
            **name,
            KeyConditionExpression="pk = :pk",
            ExpressionAttributeValues={":pk": key["pk"]},
        ),
        "put_item": lambda: table.put_item(**name, Item=key),
        "delete_item": lambda: table.delete_item(**name, Key=key),
        "scan": lambda: table.scan(**name),
        "delete_table": lambda: table.delete_table(TableName=f"{stack.table_name}-other"),
    }

    could = {call for call, make in calls.items() if not refused(make)}
    aws.client("dynamodb", stack.emulator_url).delete_item(**name, Key=key)

    assert could == allowed


def test_no_function_but_the_public_api_starts_a_test(
    stack: Stack, hands: dict[str, Clients]
) -> None:
    """InstancesApi does once it has found the role of an account; RunBulkOperation does what
    AccountsApi was asked for.
    """
    the_api = {"AccountsApi", "InstancesApi", "RunBulkOperation"}
    others = {name: clients for name, clients in hands.items() if name not in the_api}

    def start(clients: Clients) -> object:
        machine = stack.state_machines["verify_account"]
        return clients("stepfunctions").start_execution(stateMachineArn=machine)

    def stop(clients: Clients) -> object:
        arn = inspection.execution_arn(stack, "none")
        return clients("stepfunctions").stop_execution(executionArn=arn)

    assert who_can(others, start) == set()
    assert who_can(hands, stop) == set()


def test_no_function_writes_into_the_log_of_another(
    stack: Stack, hands: dict[str, Clients]
) -> None:
    def write_into(function: str) -> Callable[[Clients], object]:
        group = inspection.log_group(stack, function)
        return lambda clients: clients("logs").create_log_stream(
            logGroupName=group, logStreamName=f"e2e-{secrets.token_hex(4)}"
        )

    for function in ("OpenSession", "AccountsApi"):
        assert who_can(hands, write_into(function)) == {function}


def test_every_policy_names_its_actions_and_its_resources(stack: Stack) -> None:
    iam = aws.client("iam", stack.emulator_url)
    for function in inspection.functions(stack):
        role = inspection.role_name(stack, function)
        assert iam.list_attached_role_policies(RoleName=role)["AttachedPolicies"] == [], function
        for name in iam.list_role_policies(RoleName=role)["PolicyNames"]:
            document = iam.get_role_policy(RoleName=role, PolicyName=name)["PolicyDocument"]
            for statement in document["Statement"]:
                assert statement["Effect"] == "Allow"
                assert not any("*" in action for action in listed(statement["Action"])), statement
                if statement["Sid"] not in ("SendTraces", "FindTheStream"):  # have no resources
                    assert "*" not in listed(statement["Resource"]), statement


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value
