"""What an update from the last release would destroy: `python -m local.release` (make check).

It compares template.yaml with that of the last tag v<number>, both as CloudFormation gets them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from itertools import product
from pathlib import Path
from typing import Any

from local.git import git
from local.settings import HOME, ROOT

NO_RELEASE = "there is no release tag in this clone"
DELIBERATE: Mapping[str, str] = {}
"""What the next release destroys on purpose, word for word as it is found, and what becomes of it.
Empty it after that release.
"""

SAM_PYTHON = HOME / "venvs" / "sam" / "bin" / "python"
_TEMPLATE = "template.yaml"
_KEEPING = ("Retain", "RetainExceptOnCreate", "Snapshot")
_POOL = "AWS::Cognito::UserPool"
_TABLE = "AWS::DynamoDB::Table"
_FIXED = {
    _POOL: (
        "/properties/AliasAttributes",
        "/properties/UsernameAttributes",
        "/properties/UsernameConfiguration",
    ),
    _TABLE: (
        "/properties/StreamSpecification/StreamViewType",
        "/properties/TimeToLiveSpecification/AttributeName",
    ),
}
"""What a resource keeps from its creation, or until it is turned off, although its schema does not
say so. Sources: Cognito API Reference, CreateUserPool; DynamoDB API Reference, StreamSpecification;
CloudFormation Template Reference, AWS::DynamoDB::Table, TimeToLiveSpecification.
"""
_ONCE = {
    "AWS::ApiGatewayV2::Route": ("ApiId", "RouteKey"),
    "AWS::Lambda::EventSourceMapping": ("FunctionName", "EventSourceArn"),
    "AWS::S3::BucketPolicy": ("Bucket",),
    "AWS::SNS::TopicPolicy": ("Topics",),
    "AWS::SQS::QueuePolicy": ("Queues",),
}
"""What there is once, and the properties that say of what."""
_KEPT_BY_OTHERS = frozenset({"ClocksRole"})
"""What is stored outside the stack: each clock has the role with which it sends its message."""

Template = Mapping[str, Any]
Resource = Mapping[str, Any]
ReplacedBy = Callable[[str], tuple[str, ...]]
"""From a type to the paths of the properties whose update replaces a resource of that type."""


def losses(
    old: Template, new: Template, replaced_by: ReplacedBy, stateful: frozenset[str]
) -> Iterator[str]:
    """What an update from `old` to `new` loses or cannot do, one sentence each.

    Only resources that matter to somebody: those with a state, those with a name of their own
    (CloudFormation creates a replacement before it deletes, so the name is taken), and those that
    the outputs tell others, or that others keep. And what operators give and get. Both templates
    are as CloudFormation gets them.
    """
    outputs = json.dumps(old.get("Outputs", {}))
    for name, before in old["Resources"].items():
        after = new["Resources"].get(name)
        matters = (
            before["Type"] in stateful
            or _keeps(before, "DeletionPolicy")
            or f'"{name}"' in outputs
            or name in _KEPT_BY_OTHERS
            or _has_own_name(before, old, replaced_by)
        )
        if matters:
            yield from _ends(name, before, after, replaced_by)
        if after is None:
            continue
        for policy in ("DeletionPolicy", "UpdateReplacePolicy"):
            if _keeps(before, policy) and not _keeps(after, policy):
                yield f"{name} loses its {policy}."
        if matters and after.get("Condition") and _condition(before, old) != _condition(after, new):
            yield f"{name} would be removed where its condition {after['Condition']} is false."
        changes = _CHANGES.get(before["Type"])
        if changes and before["Type"] == after["Type"]:
            yield from changes(name, before, after)
    yield from _moves(old, new)
    yield from _changes_for_operators(old, new)


def _ends(
    name: str, before: Resource, after: Resource | None, replaced_by: ReplacedBy
) -> Iterator[str]:
    if after is None:
        yield f"{name} would be removed."
    elif after["Type"] != before["Type"]:
        yield f"{name} would become a {after['Type']}."
    else:
        for path in replaced_by(before["Type"]):
            if _value(before, path) != _value(after, path):
                changed = path.removeprefix("/properties/")
                yield f"{name} cannot be updated in place: {changed} changes."


def _index_changes(name: str, before: Resource, after: Resource) -> Iterator[str]:
    """DynamoDB creates or deletes one index an update. Changed keys or projections take both.
    Source: CloudFormation Template Reference, AWS::DynamoDB::Table, GlobalSecondaryIndexes.
    """
    old, new = _indexes(before), _indexes(after)
    both = [index for index in old if index in new and old[index] != new[index]]
    steps = len(old.keys() ^ new.keys()) + 2 * len(both)
    if steps > 1:
        changed = ", ".join(sorted({*both, *(old.keys() ^ new.keys())}))
        yield f"{name} changes indexes in {steps} steps, and an update takes one: {changed}."


def _indexes(table: Resource) -> dict[str, Any]:
    indexes = table.get("Properties", {}).get("GlobalSecondaryIndexes", [])
    return {i["IndexName"]: (i.get("KeySchema"), i.get("Projection")) for i in indexes}


def _attribute_changes(name: str, before: Resource, after: Resource) -> Iterator[str]:
    """A pool gets further attributes, and keeps those it has. Source: Cognito Developer Guide,
    "Working with user attributes".
    """
    old, new = _attributes(before), _attributes(after)
    for attribute in old:
        if old[attribute] != new.get(attribute):
            yield f"{name} cannot be updated in place: its attribute {attribute} changes."


def _attributes(pool: Resource) -> dict[str, Any]:
    return {each["Name"]: each for each in pool.get("Properties", {}).get("Schema", [])}


_CHANGES = {_POOL: _attribute_changes, _TABLE: _index_changes}


def _moves(old: Template, new: Template) -> Iterator[str]:
    """What there is once, and another resource would make. An update makes what is new before it
    deletes what is gone: AWS refuses a second one, or the cleanup takes away the only one. Source:
    CloudFormation User Guide, "Update behaviors of stack resources".
    """
    before, after = _made_once(old), _made_once(new)
    for what in sorted(before.keys() & after.keys()):
        if before[what] != after[what]:
            yield f"{what} would move from {before[what]} to {after[what]}, which an update cannot."


def _made_once(template: Template) -> dict[str, str]:
    """From what there is once to the resource that makes it."""
    found = {}
    for name, resource in template["Resources"].items():
        values = [resource["Properties"].get(each) for each in _ONCE.get(resource["Type"], ())]
        lists = [value if isinstance(value, list) else [value] for value in values]
        for owner in product(*lists) if lists else ():
            words = " ".join(each if isinstance(each, str) else json.dumps(each) for each in owner)
            found[f"{resource['Type']} of {words}"] = name
    return found


def _changes_for_operators(old: Template, new: Template) -> Iterator[str]:
    for section in ("Parameters", "Outputs"):
        for name in old.get(section, {}):
            if name not in new.get(section, {}):
                yield f"{name} would be missing from the {section}."
    for name, parameter in new.get("Parameters", {}).items():
        if name not in old.get("Parameters", {}) and "Default" not in parameter:
            yield f"{name} is a new parameter, and has no default."


def _keeps(resource: Resource, policy: str) -> bool:
    return resource.get(policy) in _KEEPING


def _condition(resource: Resource, template: Template) -> Any:
    name = resource.get("Condition")
    return name and template.get("Conditions", {}).get(name)


def _has_own_name(resource: Resource, template: Template, replaced_by: ReplacedBy) -> bool:
    """Whether a property that cannot change names it, and not another resource of the stack."""
    others = template["Resources"]
    names = [path for path in replaced_by(resource["Type"]) if path.endswith(("Name", "Domain"))]
    values = [json.dumps(value) for path in names if (value := _value(resource, path)) is not None]
    return any(not any(f'"{other}"' in value for other in others) for value in values)


def _value(resource: Resource, path: str) -> Any:
    """The property at a path such as /properties/VpcConfig/SubnetIds; an intrinsic function on the
    way stands for all that it may give. None if nothing is there.
    """
    value: Any = resource.get("Properties", {})
    for part in path.removeprefix("/properties/").split("/"):
        if isinstance(value, list) or (isinstance(value, Mapping) and _is_intrinsic(value)):
            return value
        value = value.get(part) if isinstance(value, Mapping) else None
    return value


def _is_intrinsic(value: Mapping[str, Any]) -> bool:
    return len(value) == 1 and next(iter(value)).startswith(("Fn::", "Ref"))


def replaced_by(kind: str) -> tuple[str, ...]:
    """As AWS's own schemas say, which cfn-lint ships, and what makes an update fail."""
    from cfnlint.schema import PROVIDER_SCHEMA_MANAGER

    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    names = ("createOnlyProperties", "conditionalCreateOnlyProperties")
    return (*(path for name in names for path in schema.get(name) or ()), *_FIXED.get(kind, ()))


def stateful_types() -> frozenset[str]:
    """As cfn-lint's own rule on DeletionPolicy (I3011) lists them."""
    import cfnlint.data.AdditionalSpecs
    from cfnlint.helpers import load_resource

    listed = load_resource(cfnlint.data.AdditionalSpecs, "StatefulResources.json")
    return frozenset(listed["ResourceTypes"])


def expanded(*texts: str) -> list[dict[str, Any]]:
    """The templates as CloudFormation gets them, with SAM's own resources expanded."""
    done = subprocess.run(
        [SAM_PYTHON, "-m", "local.expand"],
        input=json.dumps(texts),
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    templates: list[dict[str, Any]] = json.loads(done.stdout)
    return templates


def last_release(root: Path) -> tuple[str, str] | None:
    """The nearest tag v<number> before this commit, and its template. None without one, as in a
    clone that did not fetch it.
    """
    tag = git(root, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
    text = tag and git(root, "show", f"{tag}:{_TEMPLATE}")
    return (tag, text) if tag and text else None


def main() -> int:
    release = last_release(ROOT)
    if not release:
        print(NO_RELEASE)
        return 0
    tag, text = release
    old, new = expanded(text, (ROOT / _TEMPLATE).read_text())
    found = list(losses(old, new, replaced_by, stateful_types()))
    unexpected = [each for each in found if each not in DELIBERATE]
    overdue = [each for each in DELIBERATE if each not in found]
    for each in unexpected:
        print(f"Since {tag}: {each}")
    for each in overdue:
        print(f"DELIBERATE says what an update from {tag} does not do: {each}")
    if unexpected:
        print(
            "Change it back, spread it over releases, or name it in DELIBERATE of local/release.py."
        )
    return 1 if unexpected or overdue else 0


if __name__ == "__main__":
    sys.exit(main())
