"""The embedded AWS must not act on a dry run, or a probe that stops an instance would go unseen."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import boto3
import pytest
from botocore.exceptions import ClientError

from local import aws, customers
from local.customers import CustomerAccount
from local.stack import Stack

ABSENT = "i-0123456789abcdef0"


@pytest.fixture
def place(stack: Stack, new_account_number: Callable[[], str]) -> CustomerAccount:
    return CustomerAccount(stack.emulator_url, new_account_number())


@pytest.fixture
def instance_id(place: CustomerAccount) -> str:
    ec2 = aws.ec2(place.emulator_url, place.account_number)
    made = ec2.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1)
    return made["Instances"][0]["InstanceId"]


def refusal(call: Callable[..., Any], **arguments: Any) -> tuple[str, int]:
    with pytest.raises(ClientError) as caught:
        call(**arguments)
    answer = caught.value.response
    return answer["Error"]["Code"], answer["ResponseMetadata"]["HTTPStatusCode"]


def state_of(place: CustomerAccount, instance_id: str) -> str:
    ec2 = aws.ec2(place.emulator_url, place.account_number)
    found = ec2.describe_instances(InstanceIds=[instance_id])
    return found["Reservations"][0]["Instances"][0]["State"]["Name"]


def user_of(place: CustomerAccount, *statements: dict[str, Any]) -> Any:
    """EC2 in the hands of an IAM user who has these statements as policy."""
    document = {"Version": "2012-10-17", "Statement": list(statements)}
    key = customers.make_user(place, document)
    return boto3.client(
        "ec2",
        endpoint_url=place.emulator_url,
        region_name="us-east-1",
        aws_access_key_id=key["access_key_id"],
        aws_secret_access_key=key["secret_access_key"],
    )


def statement(effect: str, action: str) -> dict[str, Any]:
    return {"Effect": effect, "Action": action, "Resource": "*"}


@pytest.mark.parametrize("action", ["stop_instances", "start_instances", "terminate_instances"])
def test_a_dry_run_is_answered_and_does_not_change_the_instance(
    place: CustomerAccount, instance_id: str, action: str
) -> None:
    call = getattr(aws.ec2(place.emulator_url, place.account_number), action)

    assert refusal(call, InstanceIds=[instance_id], DryRun=True) == ("DryRunOperation", 412)
    assert state_of(place, instance_id) == "running"


def test_a_dry_run_on_an_absent_instance_is_not_found(place: CustomerAccount) -> None:
    ec2 = aws.ec2(place.emulator_url, place.account_number)

    assert refusal(ec2.stop_instances, InstanceIds=[ABSENT], DryRun=True) == (
        "InvalidInstanceID.NotFound",
        400,
    )


def test_without_the_flag_the_call_acts(place: CustomerAccount, instance_id: str) -> None:
    aws.ec2(place.emulator_url, place.account_number).stop_instances(InstanceIds=[instance_id])

    assert state_of(place, instance_id) == "stopped"


@pytest.mark.parametrize("target", ["existing", "absent"])
def test_authorization_is_checked_before_existence(
    place: CustomerAccount, instance_id: str, target: str
) -> None:
    ec2 = user_of(place, statement("Allow", "ec2:StartInstances"))
    instance = instance_id if target == "existing" else ABSENT

    assert refusal(ec2.stop_instances, InstanceIds=[instance], DryRun=True) == (
        "UnauthorizedOperation",
        403,
    )
    assert refusal(ec2.start_instances, InstanceIds=[instance_id], DryRun=True)[0] == (
        "DryRunOperation"
    )


def test_a_denial_has_the_wording_of_ec2(place: CustomerAccount, instance_id: str) -> None:
    ec2 = user_of(place, statement("Allow", "ec2:*"), statement("Deny", "ec2:StopInstances"))
    arn = f"arn:aws:ec2:us-east-1:{place.account_number}:instance/{instance_id}"

    with pytest.raises(ClientError) as caught:
        ec2.stop_instances(InstanceIds=[instance_id], DryRun=True)

    assert caught.value.response["Error"]["Message"].startswith(
        "You are not authorized to perform this operation. "
        f"User: arn:aws:iam::{place.account_number}:user/{customers.USER_NAME} is not authorized "
        f"to perform: ec2:StopInstances on resource: {arn} "
        "with an explicit deny in an identity-based policy. Encoded authorization failure message: "
    )


def test_a_call_that_names_several_instances_must_be_allowed_for_each(
    place: CustomerAccount, instance_id: str
) -> None:
    owner = aws.ec2(place.emulator_url, place.account_number)
    other = owner.run_instances(ImageId="ami-0123456789abcdef0", MinCount=1, MaxCount=1)
    other_id = other["Instances"][0]["InstanceId"]
    arn = f"arn:aws:ec2:*:{place.account_number}:instance"
    only_one = statement("Allow", "ec2:StopInstances") | {"Resource": f"{arn}/{instance_id}"}
    ec2 = user_of(place, only_one)

    assert refusal(ec2.stop_instances, InstanceIds=[instance_id], DryRun=True)[0] == (
        "DryRunOperation"
    )
    for named in ([instance_id, other_id], [other_id, instance_id]):
        with pytest.raises(ClientError, match=f"instance/{other_id} because") as caught:
            ec2.stop_instances(InstanceIds=named, DryRun=True)
        assert caught.value.response["Error"]["Code"] == "UnauthorizedOperation"


def test_a_denial_names_the_boundary_or_the_session_policy(
    stack: Stack, place: CustomerAccount, instance_id: str
) -> None:
    allow_all = {"Version": "2012-10-17", "Statement": [statement("Allow", "*")]}
    trust = {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Principal": {"AWS": f"arn:aws:iam::{stack.workload_account_id}:root"},
                "Action": "sts:AssumeRole",
            }
        ],
    }
    place.iam.create_role(RoleName="Bounded", AssumeRolePolicyDocument=json.dumps(trust))
    place.iam.put_role_policy(
        RoleName="Bounded", PolicyName="All", PolicyDocument=json.dumps(allow_all)
    )
    customers.set_boundary("ec2:*")(place, "Bounded")
    session = aws.client("sts", stack.emulator_url).assume_role(
        RoleArn=f"arn:aws:iam::{place.account_number}:role/Bounded",
        RoleSessionName="test",
        Policy=json.dumps({"Version": "2012-10-17", "Statement": [statement("Allow", "rds:*")]}),
    )["Credentials"]
    keys = {
        "endpoint_url": stack.emulator_url,
        "region_name": "us-east-1",
        "aws_access_key_id": session["AccessKeyId"],
        "aws_secret_access_key": session["SecretAccessKey"],
        "aws_session_token": session["SessionToken"],
    }

    with pytest.raises(ClientError, match="no permissions boundary allows the rds:Describe"):
        boto3.client("rds", **keys).describe_db_instances()
    with pytest.raises(ClientError, match="no session policy allows the ec2:StopInstances"):
        boto3.client("ec2", **keys).stop_instances(InstanceIds=[instance_id], DryRun=True)
