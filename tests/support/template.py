"""The stack's template as data."""

from __future__ import annotations

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
    text = (ROOT / "template.yaml").read_text()
    document: dict[str, Any] = yaml.load(text, _TemplateLoader)
    return document


def highest(name: str) -> int:
    """The highest whole number that a parameter of text may be."""
    pattern = template()["Parameters"][name]["AllowedPattern"]
    return max(number for number in range(100_001) if re.fullmatch(pattern, str(number)))


def resource(name: str) -> Mapping[str, Any]:
    properties: Mapping[str, Any] = template()["Resources"][name]["Properties"]
    return properties
