"""The template behind “Deploy on AWS”, as whoever has the link finds it: without credentials."""

from __future__ import annotations

from collections.abc import Callable
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest

from local import aws
from local.customers import CustomerAccount
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


def status_of(address: str) -> int:
    return httpx.get(address, trust_env=False).status_code


def test_anybody_reads_the_published_template_at_an_address_that_does_not_expire(
    address: str,
) -> None:
    file = ROOT / "layers" / "shared" / "cavok" / "templates" / address.rpartition("/")[2]

    assert not urlsplit(address).query
    assert httpx.get(address, trust_env=False).text == file.read_text()


def test_anybody_reads_nothing_else_of_the_bucket_and_writes_nothing(
    stack: Stack, address: str
) -> None:
    bucket = urlsplit(address).path.split("/")[1]
    s3 = aws.client("s3", stack.emulator_url, stack.workload_account_id)
    s3.put_object(Bucket=bucket, Key="connect/0f0f.json", Body=b"of an earlier version")
    base = address.removesuffix(urlsplit(address).path)

    for path in (f"/{bucket}/connect/0f0f.json", f"/{bucket}", f"/{bucket}?list-type=2"):
        assert status_of(f"{base}{path}") == 403
    assert httpx.put(address, content=b"Mine.", trust_env=False).status_code == 403
    s3.delete_object(Bucket=bucket, Key="connect/0f0f.json")
