"""What an update from the last release would destroy: `python -m local.release` (make check).

It compares template.yaml with that of the last tag v<number>, both as CloudFormation gets them.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

from local.settings import HOME, ROOT

NO_RELEASE = "there is no release tag in this clone"
DELIBERATE: Mapping[str, str] = {}
"""What the next release destroys on purpose, word for word as it is found, and what becomes of it.
Empty it after that release.
"""

SAM_PYTHON = HOME / "venvs" / "sam" / "bin" / "python"
_TEMPLATE = "template.yaml"
_KEEPING = ("Retain", "RetainExceptOnCreate", "Snapshot")
_TABLE = "AWS::DynamoDB::Table"
_FIXED = {
    "AWS::Cognito::UserPool": (
        "/properties/AliasAttributes",
        "/properties/UsernameAttributes",
        "/properties/UsernameConfiguration",
    )
}
"""What a resource keeps from its creation, although its schema does not say so. Source: Cognito API
Reference, CreateUserPool.
"""
_ATTACHED_TO = {
    "AWS::S3::BucketPolicy": "Bucket",
    "AWS::SNS::TopicPolicy": "Topics",
    "AWS::SQS::QueuePolicy": "Queues",
}
"""Policies of which a bucket, topic or queue has one, and the property that says whose they are."""

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
    the outputs tell others. Both templates are as CloudFormation gets them.
    """
    told = json.dumps(old.get("Outputs", {}))
    for name, before in old["Resources"].items():
        after = new["Resources"].get(name)
        matters = (
            before["Type"] in stateful
            or _keeps(before, "DeletionPolicy")
            or f'"{name}"' in told
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
        if before["Type"] == after["Type"] == _TABLE:
            yield from _index_changes(name, before, after)
    yield from _moved_policies(old, new)


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


def _moved_policies(old: Template, new: Template) -> Iterator[str]:
    """Whoever had a policy and gets it from another resource. An update removes the old one last,
    so nothing would be left, or it refuses a second one. Source: CloudFormation User Guide, "Update
    behaviors of stack resources": what is removed is deleted in the cleanup.
    """
    before, after = _policies(old), _policies(new)
    for owner in sorted(before.keys() & after.keys()):
        if before[owner] != after[owner]:
            moved = f"from {before[owner]} to {after[owner]}"
            yield f"The policy of {owner} would move {moved}, and be deleted with the former."


def _policies(template: Template) -> dict[str, str]:
    """From whoever has a policy to the resource that sets it."""
    found = {}
    for name, resource in template["Resources"].items():
        if kept_in := _ATTACHED_TO.get(resource["Type"]):
            owners = resource["Properties"][kept_in]
            for owner in owners if isinstance(owners, list) else [owners]:
                found[owner.get("Ref") or json.dumps(owner)] = name
    return found


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
    tag = _git(root, "describe", "--tags", "--abbrev=0", "--match", "v[0-9]*")
    text = tag and _git(root, "show", f"{tag}:{_TEMPLATE}")
    return (tag, text) if tag and text else None


def _git(root: Path, *words: str) -> str | None:
    done = subprocess.run(["git", *words], cwd=root, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout.strip()


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
