"""CloudFormation: the published template deploys from its public and from a presigned address."""

from __future__ import annotations

import json
from typing import Any

import pytest
from botocore.exceptions import ClientError

from cavok.adapters.templates import TEMPLATE_NAMES, Templates, address_config
from cavok.domain.instructions import Trust, stack_parameters
from tests.contract.place import Place


@pytest.mark.parametrize("public", [True, False], ids=["public", "presigned"])
def test_the_published_template_deploys_from_its_address(place: Place, public: bool) -> None:
    """A presigned URL contains a session token, like one that a Lambda function signs, so it is
    long. The API accepts 5,120 characters. Only a person can check the console's quick-create page.
    """
    kind = "public" if public else "presigned"
    bucket, account = _bucket(place, kind), place.account(place.name(kind))
    trust = Trust(trusted_account_id=place.account_number, external_id=place.external_id)
    url = _templates(place, bucket, public=public).address_of(TEMPLATE_NAMES[account.access_type])
    cloudformation, stack = place.client("cloudformation"), str(account.role_name)
    cloudformation.create_stack(
        StackName=stack,
        TemplateURL=url,
        Capabilities=["CAPABILITY_NAMED_IAM"],
        Parameters=[
            {"ParameterKey": key, "ParameterValue": value}
            for key, value in stack_parameters(account, trust).items()
        ],
    )
    place.later(cloudformation.get_waiter("stack_delete_complete").wait, StackName=stack)
    place.later(cloudformation.delete_stack, StackName=stack)
    cloudformation.get_waiter("stack_create_complete").wait(StackName=stack)
    assert place.enter(str(account.role_name)).account_number == place.account_number


def test_who_may_only_publish_replaces_nothing(place: Place) -> None:
    bucket = _bucket(place, "kept")
    s3 = place.client_of(_publisher(place, bucket), "s3")
    template = {
        "Bucket": bucket,
        "Key": f"connect/{place.account_number}/role-v1.yaml",
        "Body": b"Resources: {}",
    }
    s3.put_object(**template, IfNoneMatch="*")

    for again, code in (({"IfNoneMatch": "*"}, "PreconditionFailed"), ({}, "AccessDenied")):
        with pytest.raises(ClientError) as refused:
            s3.put_object(**template, **again)
        assert refused.value.response["Error"]["Code"] == code


def _bucket(place: Place, kind: str) -> str:
    """A new bucket, whose templates anybody may read if it is public."""
    bucket, s3 = place.name(kind).lower(), place.client("s3")
    where = {} if place.region == "us-east-1" else {"LocationConstraint": place.region}
    s3.create_bucket(Bucket=bucket, **({"CreateBucketConfiguration": where} if where else {}))
    place.later(s3.delete_bucket, Bucket=bucket)
    place.later(_empty, s3=s3, bucket=bucket)
    if kind == "public":
        anybody = {
            "Effect": "Allow",
            "Principal": "*",
            "Action": "s3:GetObject",
            "Resource": f"arn:aws:s3:::{bucket}/connect/*-v*.yaml",
        }
        policy = {"Version": "2012-10-17", "Statement": [anybody]}
        try:
            s3.delete_public_access_block(Bucket=bucket)
            s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(policy))
        except ClientError as error:
            pytest.skip(f"this account forbids public buckets; set PublicTemplates=false: {error}")
    return bucket


def _empty(s3: Any, bucket: str) -> None:
    for stored in s3.list_objects_v2(Bucket=bucket).get("Contents", []):
        s3.delete_object(Bucket=bucket, Key=stored["Key"])


def _templates(place: Place, bucket: str, *, public: bool) -> Templates:
    role, config = _publisher(place, bucket), address_config(public=public)
    clients = place.client_of(role, "s3"), place.client_of(role, "s3", config=config)
    return Templates(*clients, bucket, place.account_number)


def _publisher(place: Place, bucket: str) -> str:
    """A role that may do with templates what the API's function may."""
    objects = f"arn:aws:s3:::{bucket}/connect/*.yaml"
    create = {
        "Effect": "Allow",
        "Action": "s3:PutObject",
        "Resource": objects,
        "Condition": {"StringEquals": {"s3:if-none-match": "*"}},
    }
    read = {"Effect": "Allow", "Action": "s3:GetObject", "Resource": objects}
    policy = {"Version": "2012-10-17", "Statement": [create, read]}
    return place.role(f"publisher-{bucket.rpartition('-')[2]}", policy)
