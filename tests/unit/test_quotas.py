"""AWS's quotas that a deployment meets, and that neither cfn-lint nor the local stack knows."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

from local.settings import ROOT
from tests.support.template import FUNCTIONS, RESOURCES, of_type, template

ARN = "arn:aws:dynamodb:ap-southeast-1:123456789012:" + "x" * 128
"""Stands for what CloudFormation fills in: as long as its own names become."""

FILTERS = 5
"""Of one event source. Source: Lambda Developer Guide, "Control which events Lambda sends to your
function". The type's schema allows 20.
"""
PATTERN_CHARACTERS = 2048
"""Source: EventBridge User Guide, "Amazon EventBridge quotas"."""
ENVIRONMENT_BYTES = 4096
"""Source: Lambda Developer Guide, "Lambda quotas"."""
INLINE_POLICIES_CHARACTERS = 10_240
"""Of a role, without white space. Source: IAM User Guide, "IAM and AWS STS quotas"."""


BENEATH = {"AWS::Serverless::StateMachine": "AWS::StepFunctions::StateMachine"}
"""What SAM makes of a type."""

ROLES = of_type("AWS::IAM::Role")


def filled_in(node: Any) -> Any:
    """With the longest of both branches of a condition."""
    if isinstance(node, list):
        return [filled_in(each) for each in node]
    if not isinstance(node, dict):
        return node
    if "Fn::If" in node:
        return max((filled_in(each) for each in node["Fn::If"][1:]), key=written)
    if any(name == "Ref" or name.startswith("Fn::") for name in node):
        return ARN
    return {name: filled_in(value) for name, value in node.items()}


def written(document: Any) -> int:
    return len(json.dumps(document, separators=(",", ":")))


def nodes(node: Any) -> Iterator[dict[str, Any]]:
    if isinstance(node, dict):
        yield node
    for each in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from nodes(each)


def test_no_event_source_has_more_filters_than_an_account_is_given() -> None:
    counts = [len(node["Filters"]) for node in nodes(RESOURCES) if "Filters" in node]

    assert counts
    assert max(counts) <= FILTERS, "Let one filter pass several prefixes: they are alternatives."


def test_no_rule_has_too_long_a_pattern() -> None:
    patterns = [
        node[name] for node in nodes(RESOURCES) for name in ("EventPattern", "Pattern")
        if isinstance(node.get(name), dict)
    ]  # fmt: skip

    assert patterns
    assert [p for p in patterns if written(filled_in(p)) > PATTERN_CHARACTERS] == []


@pytest.mark.parametrize("name", ROLES)
def test_the_inline_policies_of_a_role_fit(name: str) -> None:
    documents = [each["PolicyDocument"] for each in ROLES[name].get("Policies", ())]

    assert sum(written(filled_in(d)) for d in documents) <= INLINE_POLICIES_CHARACTERS


@pytest.mark.parametrize("name", FUNCTIONS)
def test_the_environment_of_a_function_fits(name: str) -> None:
    shared = template()["Globals"]["Function"]["Environment"]["Variables"]
    variables = shared | FUNCTIONS[name].get("Environment", {}).get("Variables", {})

    assert sum(len(k) + len(str(filled_in(v))) for k, v in variables.items()) <= ENVIRONMENT_BYTES


def longest_name(kind: str) -> int:
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema(
        "us-east-1", BENEATH.get(kind, kind)
    ).schema
    return int(schema["properties"]["Name"].get("maxLength", 256))


def test_the_readme_says_how_long_the_name_of_a_stack_may_be() -> None:
    """CloudFormation takes 128 characters, and would notice in the middle of a deployment."""
    rests = [
        longest_name(resource["Type"]) - len(name["Fn::Sub"].replace("${AWS::StackName}", ""))
        for resource in RESOURCES.values()
        if isinstance(name := resource.get("Properties", {}).get("Name"), dict)
        and name.get("Fn::Sub", "").startswith("${AWS::StackName}")
    ]

    assert len(rests) > 2
    assert f"“Stack Name”, use at most {min(rests)} characters" in (ROOT / "README.md").read_text()
