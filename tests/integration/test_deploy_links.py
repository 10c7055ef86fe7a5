"""“Deploy on AWS”: the address of the template in every region, made without an override of the
endpoint, and opened as CloudFormation opens it.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any
from unittest.mock import Mock
from urllib.parse import parse_qs, urlsplit

import pytest
import requests
import yaml

from cavok import wiring
from cavok.adapters.templates import TEMPLATE_NAMES, TemplateDiffers
from cavok.domain.accounts import AccessType
from cavok.domain.instructions import Trust, generic_template, installed
from cavok.domain.regions import REGIONS
from cavok.services.instructions import InstructionDependencies, instructions_for
from tests.support import moto_speed
from tests.support.builders import EXTERNAL_ID, NOW, WORKLOAD, an_account, an_account_with_keys
from tests.support.moto_stack import BUCKET, client
from tests.support.template import resource

TRUST = Trust(trusted_account_id=WORKLOAD, external_id=EXTERNAL_ID)
ACCOUNTS = {AccessType.ASSUME_ROLE: an_account, AccessType.ACCESS_KEY: an_account_with_keys}
TOPIC = f"arn:aws:sns:us-east-1:{WORKLOAD}:cavok-connections"
KEY = f"connect/{WORKLOAD}/cavok-connections/{TEMPLATE_NAMES[AccessType.ASSUME_ROLE]}.yaml"
LinkOf = Callable[..., str]
HOSTS = {region: f"{BUCKET}.s3.{region}.amazonaws.com" for region in REGIONS}


@pytest.fixture(autouse=True)
def _links_open(stack: None) -> Iterator[None]:
    with moto_speed.answering_requests():
        yield


@pytest.fixture(autouse=True)
def _bucket_policy() -> None:
    """What the template allows when its templates are public. moto reads no conditions, so without
    the Deny that has one.
    """
    document = json.dumps(resource("TemplatesBucketPolicy")["PolicyDocument"])
    document = document.replace("${TemplatesBucket.Arn}", f"arn:aws:s3:::{BUCKET}")
    policy = json.loads(document, object_hook=_resolved)
    policy["Statement"] = [each for each in policy["Statement"] if each["Effect"] == "Allow"]
    client("s3").put_bucket_policy(Bucket=BUCKET, Policy=json.dumps(policy))


def _resolved(node: dict[str, Any]) -> Any:
    """The value of an intrinsic function, if the node is one."""
    match node:
        case {"Fn::If": [_, value, _]} | {"Fn::Sub": value}:
            return value
        case {"Fn::GetAtt": ["TemplatesBucket", "Arn"]}:
            return f"arn:aws:s3:::{BUCKET}"
    return node


@pytest.fixture
def link_of(monkeypatch: pytest.MonkeyPatch) -> LinkOf:
    """The link of an account in a region that is also the stack's own."""

    def of(region: str, *, public: bool = True, access_type: Any = AccessType.ASSUME_ROLE) -> str:
        monkeypatch.setenv("AWS_DEFAULT_REGION", region)
        monkeypatch.setenv("PUBLIC_TEMPLATES", "true" if public else "false")
        wiring.templates.cache_clear()
        account = ACCOUNTS[access_type](regions=(region,))
        ours = InstructionDependencies(
            organizations=Mock(),
            enrollments=Mock(),
            members=Mock(),
            templates=wiring.templates(),
            trust=lambda _: TRUST,
        )
        _, _, link = instructions_for(account, dependencies=ours, now=NOW)
        return link

    return of


def template_url(link: str) -> str:
    return parse_qs(urlsplit(link).fragment.partition("?")[2])["templateURL"][0]


@pytest.mark.parametrize("access_type", AccessType)
def test_a_public_link_names_its_regions_host_never_expires_and_opens_for_anybody(
    link_of: LinkOf, access_type: AccessType
) -> None:
    addresses = {r: template_url(link_of(r, access_type=access_type)) for r in REGIONS}

    path = f"/connect/{WORKLOAD}/cavok-connections/{TEMPLATE_NAMES[access_type]}.yaml"
    assert addresses == {region: f"https://{host}{path}" for region, host in HOSTS.items()}
    template = json.loads(installed(json.dumps(generic_template(access_type)), WORKLOAD, TOPIC))
    opened = {region: requests.get(each, timeout=5).text for region, each in addresses.items()}
    assert [region for region, text in opened.items() if yaml.safe_load(text) != template] == []


def test_a_presigned_link_names_its_regions_host_and_opens(link_of: LinkOf) -> None:
    addresses = {r: template_url(link_of(r, public=False)) for r in REGIONS}
    client("s3").delete_bucket_policy(Bucket=BUCKET)

    assert {region: urlsplit(each).hostname for region, each in addresses.items()} == HOSTS
    for region, address in addresses.items():
        query = parse_qs(urlsplit(address).query)
        assert query["X-Amz-Algorithm"] == ["AWS4-HMAC-SHA256"]
        assert query["X-Amz-Credential"][0].split("/")[2:4] == [region, "s3"]
        assert query["X-Amz-Expires"] == ["3600"]
        assert "CavokRole" in requests.get(address, timeout=5).text


@pytest.mark.parametrize("key", ["connect/0f0f0f0f.json", "role-v1.yaml"])
def test_anybody_reads_templates_and_nothing_else(key: str) -> None:
    client("s3").put_object(Bucket=BUCKET, Key=key, Body=b"Mine.")

    answer = requests.get(f"https://{HOSTS['us-east-1']}/{key}", timeout=5)

    assert answer.status_code == 403


def test_no_link_says_which_account_is_trusted_and_the_template_takes_no_other(
    link_of: LinkOf,
) -> None:
    """The link may come from anybody: with an own account of his, the role would be his."""
    link = link_of("us-east-1")
    template = yaml.safe_load(requests.get(template_url(link), timeout=5).text)

    assert "TrustedAccountId" not in link
    trusted = template["Parameters"]["TrustedAccountId"]
    assert (trusted["Default"], trusted["AllowedValues"]) == (WORKLOAD, [WORKLOAD])
    assert "compare it with the one on your own page" in str(template["Parameters"]["ExternalId"])


def test_a_template_is_published_once_and_left_as_it_is(link_of: LinkOf) -> None:
    for _ in range(2):
        link_of("us-east-1")

    (version,) = client("s3").list_object_versions(Bucket=BUCKET)["Versions"]
    assert version["Key"] == KEY


def test_no_link_is_handed_out_to_a_template_that_somebody_changed(link_of: LinkOf) -> None:
    link_of("us-east-1")
    client("s3").put_object(Bucket=BUCKET, Key=KEY, Body=b"Resources: {}")

    with pytest.raises(TemplateDiffers, match=KEY):
        link_of("us-east-1")
