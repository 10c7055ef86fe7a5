"""Sets of names that may grow within v1. In answers their schemas are open: a client generated
today accepts a name that is added tomorrow. In requests they are closed. Fields may be added to any
answer.
"""

from collections.abc import Collection
from typing import Any, NamedTuple

from cavok.api.problems import STATUS_OF_CODE
from cavok.domain.accounts import IssueCode
from cavok.domain.interactions import InteractionOutcome
from cavok.domain.permissions import GROUPS, STEPS


class Names(NamedTuple):
    """A set of names that are texts to the functions: they also show what another release stored.
    `places`: the properties that have one. `grows`: whether names may be added.
    """

    names: Collection[str]
    places: tuple[str, ...]
    grows: bool = True


NAMES = {
    "IssueCode": Names([*IssueCode], ("IssueBody.code", "SharedProblemBody.code")),
    "ErrorCode": Names(sorted(STATUS_OF_CODE), ("Problem.code",)),
    "PermissionGroup": Names(
        [group.group for group in GROUPS],
        ("StepBody.group", "PermissionGroupBody.group", "GroupChoiceBody.group"),
    ),
    "StepName": Names(STEPS, ("StepBody.step",)),
    "InteractionOutcome": Names(
        [InteractionOutcome.ACCEPTED, InteractionOutcome.REFUSED],
        ("InteractionBody.outcome",),
        grows=False,
    ),
}
"""By component."""

GROWING = frozenset(
    {
        *(component for component, names in NAMES.items() if names.grows),
        "AccessType",
        "AuditAction",
        "MemberState",
        "EventType",
        "InteractionAction",
        "Kind",
        "QuotaName",
        "Reason",
        "TargetType",
    }
)
"""Components, by name. docs/api.md lists them."""


def add_names(document: dict[str, Any]) -> None:
    """Makes each set of `NAMES` a component, and refers to it wherever a property has one."""
    schemas = document["components"]["schemas"]
    for component, names in NAMES.items():
        schemas[component] = {"type": "string", "enum": list(names.names)}
        for place in names.places:
            owner, _, field = place.partition(".")
            property_ = schemas[owner]["properties"][field]
            for own in ("type", "enum"):
                property_.pop(own, None)
            reference = {"$ref": f"#/components/schemas/{component}"}
            property_ |= {"anyOf": [reference]} if names.grows else reference


def leave_open(document: dict[str, Any]) -> None:
    """Lets every schema that no request uses accept any other name too, and every schema that an
    answer uses any other field.
    """
    requests, answers = used(document)
    for name, schema in document["components"]["schemas"].items():
        if name not in requests:
            _open(schema)
        if name in answers:
            schema.pop("additionalProperties", None)


def used(document: dict[str, Any]) -> tuple[set[str], set[str]]:
    """The names of the components that requests use, and of those that answers do."""
    schemas = document["components"]["schemas"]
    requests: set[str] = set()
    answers: set[str] = set()
    for operations in document["paths"].values():
        for operation in operations.values():
            _reach(operation.get("requestBody"), schemas, requests)
            _reach(operation["responses"], schemas, answers)
    return requests, answers


def _reach(shape: Any, schemas: dict[str, Any], found: set[str]) -> None:
    """Adds the names of all components that a schema refers to, and theirs."""
    if isinstance(shape, list):
        for each in shape:
            _reach(each, schemas, found)
    if isinstance(shape, dict):
        if (name := _component(shape)) and name not in found:
            found.add(name)
            _reach(schemas[name], schemas, found)
        _reach(list(shape.values()), schemas, found)


def _open(shape: Any) -> None:
    if isinstance(shape, list):
        if any(_component(each) in GROWING for each in shape):
            shape.append({"type": "string"})
        return
    for name, inside in shape.items() if isinstance(shape, dict) else ():
        if _component(inside) in GROWING:
            shape[name] = {"anyOf": [inside, {"type": "string"}]}
        else:
            _open(inside)


def _component(shape: Any) -> str | None:
    """The name of the schema that a reference is to."""
    reference = shape.get("$ref") if isinstance(shape, dict) else None
    kind, _, name = reference.rpartition("/") if isinstance(reference, str) else ("", "", "")
    return name if kind == "#/components/schemas" else None
