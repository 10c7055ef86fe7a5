"""What the functions find in the stand-in: the table, the key and the workflow of ours; an
organization with connected accounts; and in a customer's AWS account an instance of each kind.
"""

from __future__ import annotations

import json
import os
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from unittest.mock import patch

import boto3

from cavok.adapters.table.accounts import AccountItem, Accounts
from cavok.adapters.table.table import Table
from cavok.domain.accounts import (
    AccessType,
    Account,
    LastVerification,
    Outcome,
    Status,
    TestSlot,
)
from cavok.domain.permissions import GRANTED_GROUPS, STEPS, policy_document
from cavok.domain.reverification import next_daily_slot
from cavok.domain.verifications import FULL_EVERY, TIME_LIMIT
from local.settings import REGION
from tests.bench.functions import KEY, LAMBDAS, OURS, TABLE, Functions
from tests.bench.stand_in import EXTERNAL_ID, StandIn, stand_in
from tests.support.template import resource

ORGANIZATION = "northwind"
FIRST_NUMBER = 200_000_000_000
"""Of the customers' AWS accounts, which count up from it."""


@contextmanager
def stand_in_for_aws() -> Iterator[tuple[Functions, StandIn]]:
    """The functions of the build, and a stand-in that has what they need and no customer yet."""
    with stand_in() as aws, Functions.of_the_build(aws) as functions:
        prepare()
        yield functions, aws


def prepare() -> None:
    """Our own resources, and the customers'. The table has an organization without accounts."""
    declared = resource("Table")
    names = ("AttributeDefinitions", "KeySchema", "GlobalSecondaryIndexes", "BillingMode")
    _client("dynamodb").create_table(TableName=TABLE, **{name: declared[name] for name in names})
    key = _client("kms").create_key()["KeyMetadata"]["KeyId"]
    _client("kms").create_alias(AliasName=KEY, TargetKeyId=key)
    _client("events").create_event_bus(Name="cavok")
    for queue in ("webhooks", "retries", "undelivered", "acts", "hints", "fired"):
        _client("sqs").create_queue(QueueName=queue)
    _client("scheduler").create_schedule_group(Name="clocks")
    for machine in ("verify_account", "reverify_accounts", "synchronize_organization"):
        _client("stepfunctions").create_state_machine(
            name=machine,
            definition='{"StartAt": "A", "States": {"A": {"Type": "Pass", "End": true}}}',
            roleArn=f"arn:aws:iam::{OURS}:role/{machine}",
        )


def connect_accounts(
    count: int, *, due: int = 0, first: int = 0, like: Account | None = None
) -> list[Account]:
    """Writes an organization with so many confirmed accounts, numbered from `first`, of which `due`
    are due, and what each has in AWS: a role, and an instance of EC2. The last test found each of
    them `like` that one.
    """
    now = datetime.now(UTC)
    accounts = [an_account(first + index, now, due=index < due) for index in range(count)]
    if like:
        accounts = [_found_like(like, account, day) for day, account in enumerate(accounts)]
    organization = {
        "pk": {"S": f"ORG#{ORGANIZATION}"},
        "sk": {"S": "ORG"},
        "external_id": {"S": EXTERNAL_ID},
        "confirmed": {"N": str(first + count)},
        "created_at": {"S": "2025-01-01T00:00:00.000000+0000"},
    }
    table = _client("dynamodb")
    table.put_item(TableName=TABLE, Item=organization)
    with adapters():
        for account in accounts:
            _fill(account)
            table.put_item(TableName=TABLE, Item=item_of(account))
    return accounts


def claim(account: Account) -> None:
    """Lets it be found by its number."""
    item = {
        "pk": {"S": f"ORG#{account.organization_id}"},
        "sk": {"S": f"PROVIDER#{account.provider}#{account.account_number}"},
        "account_id": {"S": account.account_id},
    }
    _client("dynamodb").put_item(TableName=TABLE, Item=item)


def forget_hints(account: Account) -> None:
    """Lets its organization's stacks be heard at once: beyond six a minute they only make due."""
    key = {"pk": {"S": f"ORG#{account.organization_id}"}, "sk": {"S": "HINT#"}}
    _client("dynamodb").delete_item(TableName=TABLE, Key=key)


def lease(account: Account, verification_id: str) -> None:
    """Lets this test hold its slot."""
    slot = TestSlot(verification_id, datetime.now(UTC) + TIME_LIMIT)
    with adapters():
        Accounts(Table(TABLE, REGION)).changed(
            account.organization_id, account.account_id, lambda found: replace(found, slot=slot)
        )


def delete(account: Account) -> None:
    """Takes its item out of the table, as its deletion does."""
    pk, sk = f"ORG#{account.organization_id}", f"ACCOUNT#{account.account_id}"
    _client("dynamodb").delete_item(TableName=TABLE, Key={"pk": {"S": pk}, "sk": {"S": sk}})


def stored(index: int) -> Account:
    with adapters():
        accounts = Accounts(Table(TABLE, REGION))
        return accounts.get(
            ORGANIZATION, an_account(index, datetime.now(UTC), due=False).account_id
        )


def _found_like(like: Account, account: Account, day: int) -> Account:
    """So many days after a test that found the same was stored in full."""
    assert like.verification
    assert account.verification
    last = replace(account.verification, found=like.verification.found, unchanged=day % FULL_EVERY)
    return replace(
        account,
        issues=like.issues,
        capabilities=like.capabilities,
        region_health=like.region_health,
        proven=like.proven,
        verification=last,
    )


def let_sweeps_find_the_same(account: Account) -> None:
    """As of an account that sweeps have tested since its last test that was stored: the next one
    keeps their number.
    """
    _client("dynamodb").update_item(
        TableName=TABLE,
        Key={
            "pk": {"S": f"ORG#{account.organization_id}"},
            "sk": {"S": f"ACCOUNT#{account.account_id}"},
        },
        UpdateExpression="SET last_unchanged = :tests",
        ExpressionAttributeValues={":tests": {"N": "1"}},
    )


def make_due(count: int, *, a_week_later: bool = False) -> None:
    """Lets the time of the first accounts come. `a_week_later`: after so many tests without a
    change that the next one is stored in full.
    """
    now, set_count = datetime.now(UTC), ", last_unchanged = :tests" if a_week_later else ""
    tests = {":tests": {"N": str(FULL_EVERY - 1)}} if a_week_later else {}
    for index in range(count):
        account = an_account(index, now, due=True)
        _client("dynamodb").update_item(
            TableName=TABLE,
            Key={
                "pk": {"S": f"ORG#{ORGANIZATION}"},
                "sk": {"S": f"ACCOUNT#{account.account_id}"},
            },
            UpdateExpression=f"SET next_verification_at = :now{set_count}",
            ExpressionAttributeValues={
                ":now": {"S": f"{datetime.now(UTC):%Y-%m-%dT%H:%M:%S.%f+0000}"},
                **tests,
            },
        )


@contextmanager
def adapters() -> Iterator[None]:
    """This process may use the code of the layer, as in a function."""
    with patch.dict(os.environ, LAMBDAS):
        Table(TABLE, REGION)
        yield


def item_of(account: Account) -> dict[str, Any]:
    item: dict[str, Any] = AccountItem.of(account).serialize()
    return item | {"version": {"N": str(account.version)}}


def an_account(index: int, now: datetime, *, due: bool) -> Account:
    """Confirmed yesterday, and due at its own time of day unless it is now."""
    account_id = f"01JN8Q5M3C{index:016}"
    tested = now - timedelta(hours=20)
    return Account(
        organization_id=ORGANIZATION,
        account_id=account_id,
        provider="aws",
        account_number=f"{FIRST_NUMBER + index}",
        name=f"Production{index}",
        access_type=AccessType.ASSUME_ROLE,
        role_name="CavokCloud",
        access_key_id_ending=None,
        write_logs=True,
        regions=(REGION,),
        status=Status.CONFIRMED,
        verification=LastVerification(account_id, Outcome.CONFIRMED, tested),
        next_verification_at=now if due else next_daily_slot(account_id, now),
        created_at=tested,
        created_by="admin@northwind.example",
        updated_at=tested,
        touched_at=tested,
        connected_at=tested,
        proven=frozenset(STEPS),
        version=400,
    )


def _fill(account: Account) -> None:
    """The role of our own template, and an instance."""
    owner = owner_of(account.account_number)
    iam = boto3.client("iam", **owner)
    iam.create_role(RoleName=account.role_name, AssumeRolePolicyDocument="{}")
    for group in GRANTED_GROUPS:
        iam.put_role_policy(
            RoleName=account.role_name,
            PolicyName=group.policy_name,
            PolicyDocument=json.dumps(policy_document([group])),
        )
    run_instance(account.account_number)


def run_instance(number: str) -> str:
    """A new instance in a customer's AWS account. Returns its ID."""
    ec2 = boto3.client("ec2", REGION, **owner_of(number))
    run = ec2.run_instances(ImageId="ami-12c6146b", MinCount=1, MaxCount=1)
    return str(run["Instances"][0]["InstanceId"])


def owner_of(number: str) -> Mapping[str, str]:
    """Credentials of a customer, for clients. To moto, a session's access key says whose account is
    meant.
    """
    role = f"arn:aws:iam::{number}:role/CavokCloud"
    keys = _client("sts").assume_role(RoleArn=role, RoleSessionName="owner")["Credentials"]
    return {
        "aws_access_key_id": keys["AccessKeyId"],
        "aws_secret_access_key": keys["SecretAccessKey"],
        "aws_session_token": keys["SessionToken"],
    }


def _client(service: str) -> Any:
    return boto3.client(service, REGION)  # type: ignore[call-overload]
