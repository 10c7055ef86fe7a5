"""What a template of customers makes, with values of its parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any


def the_only(template: dict[str, Any]) -> dict[str, Any]:
    """The properties of a template's role or user, the only one that is made in any case."""
    resources = template["Resources"].values()
    always = (each for each in resources if "Condition" not in each)
    (resource,) = (each for each in always if each["Type"].startswith("AWS::IAM::"))
    properties: dict[str, Any] = resource["Properties"]
    return properties


def granted_by(template: dict[str, Any], **chosen: str) -> dict[str, Any]:
    """The policy documents of a stack with these parameters, by name."""
    values = {name: p.get("Default") for name, p in template["Parameters"].items()} | chosen
    policies = resolved(the_only(template)["Policies"], template["Conditions"], values)
    return {p["PolicyName"]: p["PolicyDocument"] for p in policies}


def resolved(node: Any, conditions: dict[str, Any], values: dict[str, str]) -> Any:
    """A part of a template with the values of its parameters. What is NoValue is left out."""

    def of(part: Any) -> Any:
        return resolved(part, conditions, values)

    functions: dict[str, Callable[[Any], Any]] = {
        "Fn::If": lambda given: of(given[1] if of(conditions[given[0]]) else given[2]),
        "Fn::Equals": lambda given: of(given[0]) == of(given[1]),
        "Fn::Not": lambda given: not of(given[0]),
        "Fn::Select": lambda given: of(given[1])[given[0]],
        "Fn::Split": lambda given: of(given[1]).split(given[0]),
        "Ref": values.get,
    }
    if isinstance(node, list):
        return [part for part in map(of, node) if part is not None]
    if not isinstance(node, dict):
        return node
    for name in node.keys() & functions.keys():
        return functions[name](node[name])
    found = {name: of(part) for name, part in node.items()}
    return {name: part for name, part in found.items() if part is not None}
