"""The template behind “Deploy on AWS”, as whoever has the link finds it: without credentials."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from cavok.domain.instructions import installed
from local import aws
from local.customers import CustomerAccount, deploy
from local.settings import ROOT
from local.stack import Stack
from tests.support.connections import connect
from tests.support.http import answer
from tests.support.organizations import Organization


@pytest.fixture(scope="module")
def address(organization: Organization, new_place: Callable[[], CustomerAccount]) -> str:
    connected = connect(organization.admin, new_place())
    link = answer(organization.admin.get(f"{connected.path}/instructions"))["deploy_on_aws_url"]
    return parse_qs(urlsplit(link).fragment.partition("?")[2])["templateURL"][0]


def test_a_role_with_a_path_a_boundary_and_tags_is_confirmed(
    organization: Organization, new_place: Callable[[], CustomerAccount]
) -> None:
    connected = connect(organization.admin, new_place(), role_path="/team/a/")
    iam = connected.place.client("iam")
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    limits = iam.create_policy(PolicyName="Limits", PolicyDocument=document)["Policy"]["Arn"]
    offer = connected.offer()
    rules = {"PermissionsBoundary": limits, "Tag2": "cost-center=42"}

    deploy(connected.place, replace(offer, parameters=offer.parameters | rules))

    role = iam.get_role(RoleName="CavokCloud")["Role"]
    assert role["Arn"] == connected.account()["role_arn"]
    assert role["Path"] == "/team/a/"
    assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == limits
    tags = iam.list_role_tags(RoleName="CavokCloud")["Tags"]
    asked_for = [tag for tag in tags if not tag["Key"].startswith("aws:")]
    assert asked_for == [{"Key": "cost-center", "Value": "42"}]
    finished = connected.watch(connected.press_test()["verification_id"])
    assert finished["outcome"] == "confirmed"


def status_of(address: str) -> int:
    return httpx.get(address, timeout=60, trust_env=False).status_code


def test_anybody_reads_the_published_template_at_an_address_that_does_not_expire(
    stack: Stack, address: str
) -> None:
    file = ROOT / "layers" / "shared" / "cavok" / "templates" / address.rpartition("/")[2]

    assert not urlsplit(address).query
    topic = f"arn:aws:sns:us-east-1:{stack.workload_account_id}:cavok-local-connections"
    text = installed(file.read_text(), stack.workload_account_id, topic)
    assert httpx.get(address, timeout=60, trust_env=False).text == text
    assert stack.workload_account_id in text


def test_anybody_reads_nothing_else_of_the_bucket_and_writes_nothing(
    stack: Stack, address: str
) -> None:
    bucket = urlsplit(address).path.split("/")[1]
    s3 = aws.client("s3", stack.emulator_url, stack.workload_account_id)
    s3.put_object(Bucket=bucket, Key="connect/0f0f.json", Body=b"of an earlier version")
    base = address.removesuffix(urlsplit(address).path)

    for path in (f"/{bucket}/connect/0f0f.json", f"/{bucket}", f"/{bucket}?list-type=2"):
        assert status_of(f"{base}{path}") == 403
    assert httpx.put(address, content=b"Mine.", timeout=60, trust_env=False).status_code == 403
    s3.delete_object(Bucket=bucket, Key="connect/0f0f.json")
