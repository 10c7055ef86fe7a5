"""EventBridge tells a bus that a role was changed, as the customers' template and ours say."""

from __future__ import annotations

import json
import time
from typing import Any

import pytest

from cavok.domain.instructions import OUR_BUS, changes_told
from cavok.domain.role_changes import RoleChange, said_in
from tests.contract.place import ON_LOOPBACK, Place
from tests.support.template import RESOURCES

OF_IAM = "us-east-1"
TOLD_WITHIN = 900.0
"""Seconds. CloudTrail tells EventBridge within minutes, and does not say how many."""


@pytest.fixture(scope="module")
def trail(place: Place) -> None:
    """The account's own trail, or if it has none one of this run's, with a bucket."""
    cloudtrail = place.client("cloudtrail", region=OF_IAM)
    trails = cloudtrail.describe_trails()["trailList"]
    if any(cloudtrail.get_trail_status(Name=each["TrailARN"])["IsLogging"] for each in trails):
        return
    s3, bucket = place.client("s3", region=OF_IAM), place.name("trail").lower()
    s3.create_bucket(Bucket=bucket)
    place.later(s3.delete_bucket, Bucket=bucket)
    place.later(empty, s3=s3, bucket=bucket)
    service, arn = {"Service": "cloudtrail.amazonaws.com"}, f"arn:aws:s3:::{bucket}"
    allowed = [
        {"Effect": "Allow", "Principal": service, "Action": action, "Resource": resource}
        for action, resource in (("s3:GetBucketAcl", arn), ("s3:PutObject", f"{arn}/*"))
    ]
    policy = json.dumps({"Version": "2012-10-17", "Statement": allowed})
    s3.put_bucket_policy(Bucket=bucket, Policy=policy)
    cloudtrail.create_trail(Name=place.name("trail"), S3BucketName=bucket)
    place.later(cloudtrail.delete_trail, Name=place.name("trail"))
    cloudtrail.start_logging(Name=place.name("trail"))


def empty(s3: Any, bucket: str) -> None:
    for each in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=each["Key"])


def queue_behind_our_bus(place: Place) -> tuple[str, str]:
    """The ARN of a bus with our policy, and the address of the queue to which our rule sends."""
    events, sqs = place.client("events"), place.client("sqs")
    bus = events.create_event_bus(Name=place.name("changes"))["EventBusArn"]
    place.later(events.delete_event_bus, Name=place.name("changes"))
    ours = RESOURCES["RoleChanges"]["Properties"]["Policy"]
    (statement,) = ours["Statement"]
    policy = ours | {"Statement": [statement | {"Resource": bus}]}
    events.put_permission(EventBusName=place.name("changes"), Policy=json.dumps(policy))
    pattern = json.dumps(RESOURCES["RoleChangesRule"]["Properties"]["EventPattern"])
    where = {"Name": place.name("hear"), "EventBusName": place.name("changes")}
    rule = events.put_rule(**where, EventPattern=pattern)["RuleArn"]
    place.later(events.delete_rule, **where)
    allowed = {
        "Effect": "Allow",
        "Principal": {"Service": "events.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": "*",
        "Condition": {"ArnEquals": {"aws:SourceArn": rule}},
    }
    attributes = {"Policy": json.dumps({"Version": "2012-10-17", "Statement": [allowed]})}
    queue = sqs.create_queue(QueueName=place.name("changes"), Attributes=attributes)["QueueUrl"]
    place.later(sqs.delete_queue, QueueUrl=queue)
    arn = sqs.get_queue_attributes(QueueUrl=queue, AttributeNames=["QueueArn"])["Attributes"]
    bus_rule = {"Rule": where["Name"], "EventBusName": where["EventBusName"]}
    events.put_targets(**bus_rule, Targets=[{"Id": "queue", "Arn": arn["QueueArn"]}])
    place.later(events.remove_targets, **bus_rule, Ids=["queue"])
    return bus, queue


def test_a_change_of_a_trust_policy_arrives_with_the_account_that_aws_stamps(
    place: Place, trail: None
) -> None:
    """From us-east-1, with the rule and the role of the customers' template, to the bus here."""
    iam, (bus, queue) = place.client("iam"), queue_behind_our_bus(place)
    role = place.name("changed")
    trust = json.dumps({"Version": "2012-10-17", "Statement": [trusting("ec2.amazonaws.com")]})
    iam.create_role(RoleName=role, AssumeRolePolicyDocument=trust)
    place.later(iam.delete_role, RoleName=role)
    rule, sender = customers_rule(place, bus, role)
    events = place.client("events", region=OF_IAM)
    events.put_rule(Name=place.name("tell"), EventPattern=json.dumps(rule["EventPattern"]))
    place.later(events.delete_rule, Name=place.name("tell"))
    target = {"Id": "Cavok", "Arn": bus, "RoleArn": sender}
    events.put_targets(Rule=place.name("tell"), Targets=[target])
    place.later(events.remove_targets, Rule=place.name("tell"), Ids=["Cavok"])
    time.sleep(0 if ON_LOOPBACK else 60)  # until rules and roles take effect

    iam.update_assume_role_policy(RoleName=role, PolicyDocument=trust)

    said = said_in(next_message(place, queue), place.region)
    assert isinstance(said, RoleChange)
    assert (said.account_number, said.role_name) == (place.account_number, role)
    assert said.what == "role's trust policy was changed"
    assert said.by is not None


def customers_rule(place: Place, bus: str, role: str) -> tuple[dict[str, Any], str]:
    """The rule's properties, about this role, and the ARN of the role with which it sends."""
    text = json.dumps(changes_told()).replace(OUR_BUS, bus)
    text = text.replace('{"Ref": "AWS::AccountId"}', json.dumps(place.account_number))
    resources = json.loads(text.replace('{"Ref": "CavokRole"}', json.dumps(role)))
    made = resources["CavokChangesRole"]["Properties"]
    iam, name = place.client("iam"), place.name("sender")
    trust = json.dumps(made["AssumeRolePolicyDocument"])
    arn = iam.create_role(RoleName=name, AssumeRolePolicyDocument=trust)["Role"]["Arn"]
    place.later(iam.delete_role, RoleName=name)
    (policy,) = made["Policies"]
    inline = {"RoleName": name, "PolicyName": policy["PolicyName"]}
    iam.put_role_policy(**inline, PolicyDocument=json.dumps(policy["PolicyDocument"]))
    place.later(iam.delete_role_policy, **inline)
    return resources["CavokChangesRule"]["Properties"], str(arn)


def trusting(service: str) -> dict[str, Any]:
    return {"Effect": "Allow", "Principal": {"Service": service}, "Action": "sts:AssumeRole"}


def next_message(place: Place, queue: str) -> str:
    sqs, deadline = place.client("sqs"), time.monotonic() + TOLD_WITHIN
    while True:
        got = sqs.receive_message(QueueUrl=queue, WaitTimeSeconds=0 if ON_LOOPBACK else 20)
        for message in got.get("Messages", []):
            return str(message["Body"])
        assert time.monotonic() < deadline, "nothing was told"
