"""The stack's template as data."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping
from functools import cache
from typing import Any

import yaml

from local.settings import ROOT


class _TemplateLoader(yaml.SafeLoader):
    """Reads CloudFormation's short forms as the long ones: `!Ref X` is `{"Ref": "X"}`."""


def _long_form(loader: _TemplateLoader, tag: str, node: yaml.Node) -> dict[str, Any]:
    name = tag if tag in ("Ref", "Condition") else f"Fn::{tag}"
    if isinstance(node, yaml.ScalarNode):
        text = loader.construct_scalar(node)
        return {name: str(text).split(".", 1) if tag == "GetAtt" else text}
    if isinstance(node, yaml.SequenceNode):
        return {name: loader.construct_sequence(node, deep=True)}
    assert isinstance(node, yaml.MappingNode)
    return {name: loader.construct_mapping(node, deep=True)}


_TemplateLoader.add_multi_constructor("!", _long_form)


@cache
def template() -> dict[str, Any]:
    """The stack's template, with long forms of the intrinsic functions."""
    return parsed((ROOT / "template.yaml").read_text())


def parsed(text: str) -> dict[str, Any]:
    """A template, in the same form."""
    document: dict[str, Any] = yaml.load(text, _TemplateLoader)
    return document


RESOURCES = template()["Resources"]


def of_type(name: str) -> dict[str, dict[str, Any]]:
    """The properties of the resources of a type, by logical id."""
    return {n: r["Properties"] for n, r in RESOURCES.items() if r["Type"] == name}


FUNCTIONS = of_type("AWS::Serverless::Function")


def highest(name: str) -> int:
    """The highest whole number that a parameter of text may be."""
    pattern = template()["Parameters"][name]["AllowedPattern"]
    return max(number for number in range(100_001) if re.fullmatch(pattern, str(number)))


def resource(name: str) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = RESOURCES[name]["Properties"]
    return properties


def folder(name: str) -> str:
    uri: str = FUNCTIONS[name]["CodeUri"]
    return uri.removeprefix("functions/")


def role(name: str) -> dict[str, Any]:
    """The function's own role. One that SAM generates may write to any log group."""
    properties: dict[str, Any] = RESOURCES[FUNCTIONS[name]["Role"]["Fn::GetAtt"][0]]["Properties"]
    return properties


def listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


ORDER = list(RESOURCES)
HEADS = [
    name
    for name, resource in RESOURCES.items()
    if resource["Type"] in ("AWS::Serverless::Function", "AWS::Serverless::StateMachine")
]
"""The functions and workflows, in the order of the file. Each begins a block."""
BELONGING = {
    "AWS::ApiGatewayV2::Integration",
    "AWS::ApiGatewayV2::Route",
    "AWS::CloudWatch::Alarm",
    "AWS::Events::Rule",
    "AWS::IAM::Role",
    "AWS::Lambda::EventSourceMapping",
    "AWS::Lambda::Permission",
    "AWS::Logs::LogGroup",
    "AWS::SQS::Queue",
    "AWS::SQS::QueuePolicy",
    "AWS::Scheduler::Schedule",
}
"""Types of the resources that stand in the block of what they serve."""
NO_LINKS = ("Environment", "DefinitionSubstitutions", "Policies", "AssumeRolePolicyDocument")
"""Properties that name resources of other blocks: what is passed on, permitted or trusted."""


@cache
def named_by(name: str) -> set[str]:
    """The functions, workflows and belonging resources to which a resource refers."""
    properties = RESOURCES[name].get("Properties", {})
    text = json.dumps({key: value for key, value in properties.items() if key not in NO_LINKS})
    words = set(re.findall(r"\w+", text)) - {name}
    return {n for n in ORDER if n in words and (n in HEADS or RESOURCES[n]["Type"] in BELONGING)}


@cache
def linked(name: str) -> set[str]:
    """What it refers to in this sense, and what refers to it."""
    return named_by(name) | {other for other in ORDER if name in named_by(other)}
