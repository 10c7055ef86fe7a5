"""A role that is older than the numbers of versions, and the command that updates its stack."""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable
from dataclasses import replace
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import jmespath  # type: ignore[import-untyped]
import pytest
import yaml

from cavok.domain import template_versions
from cavok.domain.template_updates import update_of
from cavok.domain.template_versions import UNNUMBERED, VERSIONS, TemplateVersion, sid_of
from local.customers import CustomerAccount, deploy
from tests.support.builders import an_account
from tests.support.connections import connect
from tests.support.http import answer
from tests.support.organizations import Organization

ROLE = {"RoleName": "CavokCloud"}


def older(template: str) -> str:
    """As it was before the versions had numbers, and with a parameter less."""
    found = yaml.safe_load(re.sub(r"Sid: (Cavok\w+)V\d+", r"Sid: \1", template))
    del found["Parameters"]["Tag3"], found["Conditions"]["HasTag3"]
    found["Resources"]["CavokRole"]["Properties"]["Tags"].pop()
    return str(yaml.safe_dump(found, sort_keys=False))


def test_the_command_gives_a_role_the_newest_version_and_keeps_what_its_owner_chose(
    own_organization: Organization,
    new_place: Callable[[], CustomerAccount],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    connected = connect(own_organization.admin, new_place())
    place, offer = connected.place, connected.offer()
    chosen = offer.parameters | {"EncryptedVolumes": "Yes", "Tag2": "cost-center=42"}
    deploy(place, replace(offer, template=older(offer.template), parameters=chosen))
    assert sids_of(place) == UNNUMBERED
    assert connected.watch(connected.press_test()["verification_id"])["outcome"] == "confirmed"
    assert connected.account()["template"]["version"] == 1
    link = answer(own_organization.admin.get(f"{connected.path}/instructions"))["deploy_on_aws_url"]
    (url,) = parse_qs(urlsplit(link).fragment.partition("?")[2])["templateURL"]

    run(place.client("cloudformation"), command_of(url, monkeypatch))

    assert sids_of(place) == {sid_of(name) for name in UNNUMBERED}
    tags = place.iam.list_role_tags(**ROLE)["Tags"]
    assert {"Key": "cost-center", "Value": "42"} in tags
    assert connected.watch(connected.press_test()["verification_id"])["outcome"] == "confirmed"
    newest = template_versions.current()
    assert connected.account()["template"]["version"] == newest
    of_newest = {"template_version": newest, "limit": 100, "q": connected.account()["name"]}
    (listed,) = answer(own_organization.admin.get("/v1/accounts", params=of_newest))["items"]
    assert listed["account_id"] == connected.account_id
    own = answer(own_organization.admin.get("/v1/organization"))["accounts"]
    assert own["by_template_version"] == [{"version": newest, "accounts": 1, "outdated": False}]


def command_of(template_url: str, monkeypatch: pytest.MonkeyPatch) -> str:
    """As of a release that has one more version."""
    newer = TemplateVersion(version=VERSIONS[-1].version + 1, text="More.")
    with monkeypatch.context() as release:
        release.setattr(template_versions, "VERSIONS", (*VERSIONS, newer))
        update = update_of(an_account(template_version=1), template_url)
    assert update
    return update.cli


def sids_of(place: CustomerAccount) -> set[str]:
    names = place.iam.list_role_policies(**ROLE)["PolicyNames"]
    documents = [place.iam.get_role_policy(PolicyName=n, **ROLE)["PolicyDocument"] for n in names]
    return {statement["Sid"] for document in documents for statement in document["Statement"]}


def options(command: str) -> dict[str, str]:
    """The options of a command, by name."""
    words = shlex.split(command)
    return {
        name: value
        for name, value in zip(words, [*words[1:], ""], strict=True)
        if name.startswith("--")
    }


def run(cloudformation: Any, command: str) -> None:
    """Runs `aws cloudformation update-stack` as a shell and the CLI do. The embedded CloudFormation
    does not find the stack's own address of the template.
    """
    outer, inner = command.removesuffix(")").split("$(")
    asked, update = options(inner), options(outer)
    stacks = cloudformation.describe_stacks(StackName=asked["--stack-name"])
    pairs = [
        dict(pair.split("=") for pair in word.split(","))
        for word in jmespath.search(asked["--query"], stacks)
    ]
    assert {pair.pop("UsePreviousValue") for pair in pairs} == {"true"}
    cloudformation.update_stack(
        StackName=update["--stack-name"],
        TemplateBody=httpx.get(update["--template-url"], timeout=60, trust_env=False).text,
        Capabilities=[update["--capabilities"]],
        Parameters=[pair | {"UsePreviousValue": True} for pair in pairs],
    )
    waiter = cloudformation.get_waiter("stack_update_complete")
    waiter.wait(StackName=update["--stack-name"], WaiterConfig={"Delay": 1, "MaxAttempts": 60})
