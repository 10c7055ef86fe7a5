"""Where `local/fidelity/` makes the embedded AWS authorize as AWS does: conditions on tags, what a
listing concerns, service control policies, regions that are off.

Each test works in an account of its own, with nothing of this project in it.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from local.stack import Stack
from tests.e2e.bare_account import Account, document
from tests.support.refusal import refusal

IMAGE = "ami-0123456789abcdef0"
OTHER_REGION = "eu-central-1"
OFF = "me-south-1"
ALLOW_ALL: dict[str, Any] = {"Effect": "Allow", "Action": "*", "Resource": "*"}


@pytest.fixture
def account(stack: Stack, new_account_number: Callable[[], str]) -> Account:
    return Account(stack.emulator_url, new_account_number())


@pytest.fixture
def management(stack: Stack, new_account_number: Callable[[], str]) -> Account:
    return Account(stack.emulator_url, new_account_number())


def instance(account: Account, region: str = "us-east-1", **tags: str) -> str:
    tagged = [{"Key": key, "Value": value} for key, value in tags.items()]
    specifications = [{"ResourceType": "instance", "Tags": tagged}] if tagged else []
    made = account.client("ec2", region).run_instances(
        ImageId=IMAGE, MinCount=1, MaxCount=1, TagSpecifications=specifications
    )
    return str(made["Instances"][0]["InstanceId"])


def database(account: Account, name: str, **tags: str) -> None:
    account.client("rds").create_db_instance(
        DBInstanceIdentifier=name,
        Engine="postgres",
        DBInstanceClass="db.t4g.small",
        AllocatedStorage=20,
        MasterUsername="sample",
        MasterUserPassword="sample-password",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def cluster(account: Account, name: str, **tags: str) -> None:
    account.client("rds").create_db_cluster(
        DBClusterIdentifier=name,
        Engine="aurora-postgresql",
        MasterUsername="sample",
        MasterUserPassword="sample-password",
        Tags=[{"Key": key, "Value": value} for key, value in tags.items()],
    )


def allow(action: str | list[str], resource: str = "*", **condition: Any) -> dict[str, Any]:
    statement = {"Effect": "Allow", "Action": action, "Resource": resource}
    return statement | ({"Condition": condition} if condition else {})


@pytest.mark.parametrize("key", ["aws:ResourceTag/Stage", "ec2:ResourceTag/stage"])
@pytest.mark.parametrize("operator", ["StringEquals", "StringLike", "StringEqualsIgnoreCase"])
def test_a_policy_may_ask_for_the_tag_of_an_instance(
    account: Account, key: str, operator: str
) -> None:
    dev, prod, untagged = (
        instance(account, Stage="dev"),
        instance(account, Stage="prod"),
        instance(account),
    )
    role = account.role("Dev", allow("ec2:StopInstances", **{operator: {key: "dev"}}))
    ec2 = account.session(role, "ec2")

    assert refusal(ec2.stop_instances, InstanceIds=[dev], DryRun=True)[0] == "DryRunOperation"
    for named in ([prod], [untagged], [dev, prod], [prod, dev]):
        code, _ = refusal(ec2.stop_instances, InstanceIds=named, DryRun=True)
        assert code == "UnauthorizedOperation", named


def test_a_policy_may_deny_by_the_tag_of_an_instance(account: Account) -> None:
    dev, prod = instance(account, stage="dev"), instance(account, stage="prod")
    deny = allow("ec2:StopInstances", StringEquals={"ec2:ResourceTag/stage": ["prod", "live"]})
    role = account.role("Dev", ALLOW_ALL, {**deny, "Effect": "Deny"})
    ec2 = account.session(role, "ec2")

    assert refusal(ec2.stop_instances, InstanceIds=[dev], DryRun=True)[0] == "DryRunOperation"
    code, message = refusal(ec2.stop_instances, InstanceIds=[prod], DryRun=True)
    assert code == "UnauthorizedOperation"
    assert "with an explicit deny in an identity-based policy" in message


@pytest.mark.parametrize("family", ["aws:ResourceTag", "rds:db-tag"])
def test_a_policy_may_ask_for_the_tag_of_a_database(account: Account, family: str) -> None:
    database(account, "orders", stage="prod")
    database(account, "trial", stage="dev")
    condition = {"StringEquals": {f"{family}/Stage": "dev"}}
    rds = account.session(account.role("Dev", allow("rds:StopDBInstance", **condition)), "rds")

    code, _ = refusal(rds.stop_db_instance, DBInstanceIdentifier="orders")
    assert code == "AccessDenied"
    assert rds.stop_db_instance(DBInstanceIdentifier="trial")


@pytest.mark.parametrize("family", ["aws:ResourceTag", "rds:cluster-tag"])
def test_a_policy_may_ask_for_the_tag_of_a_cluster(account: Account, family: str) -> None:
    cluster(account, "ledger", stage="prod")
    cluster(account, "sandbox", stage="dev")
    condition = {"StringEquals": {f"{family}/stage": "dev"}}
    rds = account.session(account.role("Dev", allow("rds:StopDBCluster", **condition)), "rds")

    assert refusal(rds.stop_db_cluster, DBClusterIdentifier="ledger")[0] == "AccessDenied"
    assert rds.stop_db_cluster(DBClusterIdentifier="sandbox")


def test_a_policy_may_name_databases_by_the_start_of_their_name(account: Account) -> None:
    database(account, "orders")
    database(account, "dev-orders")
    grant = allow(["rds:StartDBInstance", "rds:StopDBInstance"], "arn:aws:rds:*:*:db:dev-*")
    rds = account.session(account.role("Dev", grant), "rds")

    for absent_or_other in ("orders", "cavok-probe-1"):
        code, message = refusal(rds.stop_db_instance, DBInstanceIdentifier=absent_or_other)
        assert code == "AccessDenied"
        assert f"{account.number}:db:{absent_or_other} because no identity-based" in message
    assert refusal(rds.stop_db_instance, DBInstanceIdentifier="dev-absent")[0] == (
        "DBInstanceNotFound"
    )
    assert rds.stop_db_instance(DBInstanceIdentifier="dev-orders")


def test_a_policy_may_limit_a_table_to_some_partitions(account: Account) -> None:
    account.client("dynamodb").create_table(
        TableName="sample",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[
            {"AttributeName": "pk", "AttributeType": "S"},
            {"AttributeName": "door", "AttributeType": "S"},
        ],
        GlobalSecondaryIndexes=[
            {
                "IndexName": "by_door",
                "KeySchema": [{"AttributeName": "door", "KeyType": "HASH"}],
                "Projection": {"ProjectionType": "ALL"},
            }
        ],
        BillingMode="PAY_PER_REQUEST",
    )
    role = account.role("Limited", {**ALLOW_ALL, "Condition": keys_like("MINE#*")})
    table = account.session(role, "dynamodb")
    calls: dict[str, Callable[[str], Any]] = {
        "get": lambda pk: table.get_item(TableName="sample", Key={"pk": {"S": pk}}),
        "put": lambda pk: table.put_item(
            TableName="sample", Item={"pk": {"S": pk}, "door": {"S": pk}}
        ),
        "batch": lambda pk: table.batch_get_item(
            RequestItems={"sample": {"Keys": [{"pk": {"S": "MINE#2"}}, {"pk": {"S": pk}}]}}
        ),
        "query": lambda pk: table.query(
            TableName="sample",
            KeyConditionExpression="#0 = :0",
            ExpressionAttributeNames={"#0": "pk"},
            ExpressionAttributeValues={":0": {"S": pk}},
        ),
        "index": lambda pk: table.query(
            TableName="sample",
            IndexName="by_door",
            KeyConditionExpression="door = :door",
            ExpressionAttributeValues={":door": {"S": pk}},
        ),
        "delete": lambda pk: table.delete_item(TableName="sample", Key={"pk": {"S": pk}}),
    }

    for call in calls.values():
        call("MINE#1")
        assert refusal(call, pk="THEIRS#1")[0] == "AccessDeniedException"


def test_each_item_of_a_transaction_is_checked_by_its_own_partition(account: Account) -> None:
    account.client("dynamodb").create_table(
        TableName="shared",
        KeySchema=[{"AttributeName": "pk", "KeyType": "HASH"}],
        AttributeDefinitions=[{"AttributeName": "pk", "AttributeType": "S"}],
        BillingMode="PAY_PER_REQUEST",
    )
    puts = allow("dynamodb:PutItem", **keys_like("MINE#*"))
    deletes = allow("dynamodb:DeleteItem", **keys_like("OURS#*"))
    table = account.session(account.role("Both", puts, deletes), "dynamodb")

    def move(put: str, delete: str) -> Any:
        return table.transact_write_items(
            TransactItems=[
                {"Put": {"TableName": "shared", "Item": {"pk": {"S": put}}}},
                {"Delete": {"TableName": "shared", "Key": {"pk": {"S": delete}}}},
            ]
        )

    move("MINE#1", "OURS#1")

    code, message = refusal(move, put="MINE#1", delete="MINE#1")
    assert code == "AccessDeniedException"
    assert "dynamodb:DeleteItem" in message
    assert "dynamodb:PutItem" in refusal(move, put="OURS#1", delete="OURS#1")[1]


def keys_like(pattern: str) -> dict[str, Any]:
    return {"ForAllValues:StringLike": {"dynamodb:LeadingKeys": [pattern]}}


def test_a_policy_may_let_objects_be_created_and_not_replaced(account: Account) -> None:
    account.client("s3").create_bucket(Bucket=f"sample-{account.number}")
    creates = allow("s3:PutObject", StringEquals={"s3:if-none-match": "*"})
    s3 = account.session(account.role("Creates", creates), "s3")
    door = {"Bucket": f"sample-{account.number}", "Key": "door", "Body": b"shut"}

    assert refusal(s3.put_object, **door)[0] == "AccessDenied"
    assert s3.put_object(**door, IfNoneMatch="*")
    assert refusal(s3.put_object, **door, IfNoneMatch="*")[0] == "PreconditionFailed"
    assert refusal(s3.put_object, **door)[0] == "AccessDenied"


def test_a_batch_of_messages_needs_the_permission_of_a_single_one(account: Account) -> None:
    url = account.client("sqs").create_queue(QueueName="sample")["QueueUrl"]
    entries = [{"Id": "1", "MessageBody": "m", "MessageGroupId": "g"}]
    sends = account.role("Sends", allow("sqs:SendMessage", "arn:aws:sqs:*:*:sample"))
    takes = account.role("Takes", allow("sqs:ReceiveMessage", "arn:aws:sqs:*:*:sample"))

    sent = account.session(sends, "sqs").send_message_batch(QueueUrl=url, Entries=entries)
    assert [entry["Id"] for entry in sent["Successful"]] == ["1"]
    code, message = refusal(
        account.session(takes, "sqs").send_message_batch, QueueUrl=url, Entries=entries
    )

    assert code.startswith("AccessDenied")
    assert "sqs:SendMessage on resource" in message


def test_a_listing_of_databases_concerns_all_of_them(account: Account) -> None:
    listing = ["rds:DescribeDBInstances", "rds:DescribeDBClusters"]
    all_of_them = account.role("All", allow(listing[0], "arn:aws:rds:*:*:db:*"))
    some = account.role("Some", allow(listing, "arn:aws:rds:*:*:*:dev-*"))

    assert account.session(all_of_them, "rds").describe_db_instances()["DBInstances"] == []
    rds = account.session(some, "rds")
    _, message = refusal(rds.describe_db_instances)
    assert f"on resource: arn:aws:rds:us-east-1:{account.number}:db:* because" in message
    _, message = refusal(rds.describe_db_clusters)
    assert f"on resource: arn:aws:rds:us-east-1:{account.number}:cluster:* because" in message


def test_a_listing_of_instances_cannot_be_limited_to_one(account: Account) -> None:
    instance_id = instance(account, stage="dev")
    by_arn = allow("ec2:DescribeInstances", f"arn:aws:ec2:*:*:instance/{instance_id}")
    by_tag = allow("ec2:DescribeInstances", StringEquals={"aws:ResourceTag/stage": "dev"})
    ec2 = account.session(account.role("Dev", by_arn, by_tag), "ec2")

    code, _ = refusal(ec2.describe_instances, InstanceIds=[instance_id])
    assert code == "UnauthorizedOperation"


def test_arns_are_compared_part_by_part(account: Account) -> None:
    role_arn = f"arn:aws:iam::{account.number}:role"
    within = account.role(
        "Within", allow("iam:ListUsers", ArnLike={"aws:PrincipalArn": f"{role_arn}/With*"})
    )
    beyond = account.role(
        "Beyond", allow("iam:ListUsers", ArnLike={"aws:PrincipalArn": "arn:aws:*/Beyond"})
    )

    assert account.session(within, "iam").list_users()["Users"] == []
    assert refusal(account.session(beyond, "iam").list_users)[0] == "AccessDenied"


def outside(region: str, *exempt: str) -> dict[str, Any]:
    """A statement that denies everything in other regions, but for the actions of global services.
    As in the Organizations User Guide, "Deny access to AWS based on the requested AWS Region".
    """
    return {
        "Effect": "Deny",
        "NotAction": ["iam:*", "organizations:*", "sts:*", *exempt],
        "Resource": "*",
        "Condition": {"StringNotEquals": {"aws:RequestedRegion": [region]}},
    }


def join(management: Account, member: Account) -> Any:
    """Organizations in the hands of the management account, with another account as member."""
    organizations = management.client("organizations")
    organizations.describe_organization()
    invited = organizations.invite_account_to_organization(
        Target={"Id": member.number, "Type": "ACCOUNT"}
    )
    member.client("organizations").accept_handshake(HandshakeId=invited["Handshake"]["Id"])
    return organizations


def attach(organizations: Any, target: str, *statements: dict[str, Any]) -> str:
    made = organizations.create_policy(
        Name="Ours",
        Description="",
        Type="SERVICE_CONTROL_POLICY",
        Content=document(*statements),
    )
    policy_id = str(made["Policy"]["PolicySummary"]["Id"])
    organizations.attach_policy(PolicyId=policy_id, TargetId=target)
    return policy_id


def test_a_service_control_policy_denies_a_region_to_roles_and_root_of_a_member(
    account: Account, management: Account
) -> None:
    there = instance(account, OTHER_REGION)
    role = account.role("Admin", ALLOW_ALL)
    attach(join(management, account), account.number, outside("us-east-1"))

    denied = account.session(role, "ec2", region=OTHER_REGION)
    code, message = refusal(denied.stop_instances, InstanceIds=[there], DryRun=True)
    assert code == "UnauthorizedOperation"
    assert f":instance/{there} with an explicit deny in a service control policy" in message
    code, message = refusal(account.session(role, "rds", region=OTHER_REGION).describe_db_instances)
    assert code == "AccessDenied"
    assert "with an explicit deny in a service control policy" in message
    code, _ = refusal(account.client("ec2", OTHER_REGION).describe_instances)
    assert code == "UnauthorizedOperation"

    assert account.session(role, "ec2").describe_instances()["Reservations"] == []
    assert account.session(role, "iam").list_users()["Users"] == []


def test_what_no_service_control_policy_allows_is_refused(
    account: Account, management: Account
) -> None:
    role = account.role("Admin", ALLOW_ALL)
    organizations = join(management, account)
    attach(organizations, account.number, allow(["ec2:*", "sts:*"]))
    organizations.detach_policy(PolicyId="p-FullAWSAccess", TargetId=account.number)

    assert account.session(role, "ec2").describe_instances()["Reservations"] == []
    code, message = refusal(account.session(role, "rds").describe_db_instances)
    assert code == "AccessDenied"
    assert "because no service control policy allows the rds:DescribeDBInstances action" in message


def test_a_service_control_policy_allows_nothing_by_itself(
    account: Account, management: Account
) -> None:
    role = account.role("Reader", allow("ec2:DescribeInstances"))
    attach(join(management, account), account.number, allow("ec2:*"))

    _, message = refusal(account.session(role, "ec2").describe_volumes)
    assert "because no identity-based policy allows" in message


def test_service_control_policies_of_the_root_reach_members_and_not_the_management_account(
    account: Account, management: Account
) -> None:
    theirs, ours = account.role("Admin", ALLOW_ALL), management.role("Admin", ALLOW_ALL)
    organizations = join(management, account)
    (root,) = organizations.list_roots()["Roots"]
    policy_id = attach(organizations, root["Id"], outside("us-east-1"))

    ec2 = account.session(theirs, "ec2", region=OTHER_REGION)
    assert refusal(ec2.describe_instances)[0] == "UnauthorizedOperation"
    exempt = management.session(ours, "ec2", region=OTHER_REGION)
    assert exempt.describe_instances()["Reservations"] == []

    organizations.detach_policy(PolicyId=policy_id, TargetId=root["Id"])
    assert ec2.describe_instances()["Reservations"] == []


def test_only_the_invited_account_joins(account: Account, management: Account) -> None:
    organizations = management.client("organizations")
    organizations.describe_organization()
    invited = organizations.invite_account_to_organization(
        Target={"Id": account.number, "Type": "ACCOUNT"}
    )

    stranger = Account(account.emulator_url, f"8{account.number[1:]}").client("organizations")
    code, _ = refusal(stranger.accept_handshake, HandshakeId=invited["Handshake"]["Id"])
    assert code == "HandshakeNotFoundException"


@pytest.mark.parametrize(
    ("service", "operation", "code", "words"),
    [
        ("ec2", "describe_instances", "AuthFailure", "validate the provided access credentials"),
        ("rds", "describe_db_instances", "InvalidClientTokenId", "security token included"),
        ("logs", "describe_log_groups", "UnrecognizedClientException", "security token included"),
        ("sts", "get_caller_identity", "InvalidClientTokenId", "security token included"),
    ],
)
def test_a_region_that_is_off_knows_no_credentials(
    account: Account, service: str, operation: str, code: str, words: str
) -> None:
    role = account.role("Admin", ALLOW_ALL)
    for client in (account.session(role, service, region=OFF), account.client(service, OFF)):
        found, message = refusal(getattr(client, operation))
        assert found == code
        assert words in message


def test_an_account_turns_a_region_on_and_off_for_itself(
    account: Account, management: Account
) -> None:
    regions = account.client("account")

    def status() -> str:
        return str(regions.get_region_opt_status(RegionName=OFF)["RegionOptStatus"])

    assert status() == "DISABLED"
    regions.enable_region(RegionName=OFF)

    assert status() == "ENABLED"
    assert account.client("ec2", OFF).describe_instances()["Reservations"] == []
    assert refusal(management.client("ec2", OFF).describe_instances)[0] == "AuthFailure"

    regions.disable_region(RegionName=OFF)
    assert refusal(account.client("ec2", OFF).describe_instances)[0] == "AuthFailure"


def test_a_listing_of_regions_says_which_are_off(account: Account) -> None:
    regions = account.client("account")
    regions.enable_region(RegionName="af-south-1")

    pages = regions.get_paginator("list_regions").paginate(RegionOptStatusContains=["DISABLED"])
    off = {region["RegionName"] for page in pages for region in page["Regions"]}

    assert OFF in off
    assert off.isdisjoint({"us-east-1", "af-south-1"})
