"""What a role's policies say about one call, without asking AWS.

Three-valued: what cannot be known from outside makes a statement unknown, never allowed. Only
identity-based policies are evaluated; boundaries, session policies and the organization's policies
limit a role beyond them. Source: IAM User Guide, "Policy evaluation logic".
"""

import json
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from cavok.domain.kinds import Kind
from cavok.domain.policy_conditions import holds
from cavok.domain.policy_matching import (
    Resolve,
    Truth,
    all_of,
    any_of,
    matches,
    matches_arn,
    negate,
    symbols,
)

MAX_CHARACTERS = 10_240
"""All inline policies of a role together; managed ones are not read. A decision reads each
character of a value once for each pattern: some 20 ms of a whole CPU at worst.
Source: IAM User Guide, "IAM and AWS STS quotas"."""

MAX_VALUE_CHARACTERS = 256
"""A tag's value, the longest value in a request, and an ARN: ARNs of databases and instances have
at most 128. Source: Tagging AWS Resources User Guide, "Tag naming limits"."""


class Decision(StrEnum):
    """What documents say about a request.

    denied       a Deny statement certainly applies.
    not_allowed  no Allow statement can apply: an implicit deny, as far as these documents go.
    """

    ALLOWED = "allowed"
    DENIED = "denied"
    NOT_ALLOWED = "not_allowed"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Request:
    """The known part of one call.

    resource  an ARN; `*` for a call that names no resource, such as DescribeInstances; None if it
              is not known: then the decision holds for every resource.
    context   condition keys, in lower case, and their values. A key that has none here, or is
              neither here nor absent, is unknown.
    absent    condition keys, in lower case, that the call certainly does not have unless they are
              in `context`. One that ends in `/` stands for all that begin with it.
    """

    action: str
    resource: str | None = None
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()

    def values(self, key: str) -> tuple[str, ...] | None:
        """The values of a condition key; empty if it is absent; None if it is unknown."""
        key = key.lower()
        if key in self.context:
            values = self.context[key]
            return values if values and _are_short(values) else None
        family = f"{key.split('/', 1)[0]}/"
        return () if key in self.absent or ("/" in key and family in self.absent) else None

    def variable(self, key: str, default: str | None) -> str | None:
        """The value of a policy variable. None if it is unknown, or absent without a default."""
        values = self.values(key)
        if values == ():
            return default
        return values[0] if values and len(values) == 1 else None


def _resource_type(arn: str) -> str:
    """Service and resource type, such as `rds:cluster`."""
    _, _, service, _, _, name = arn.split(":", 5)
    return f"{service}:{name.replace('/', ':').split(':')[0]}"


_TAG_KEYS = {_resource_type(kind.descriptor.arn): kind.descriptor.tag_keys for kind in Kind}
"""The families of condition keys that hold a resource's tags."""


def request_on(
    action: str, arn: str, tags: Mapping[str, str] | None, role_arn: str | None = None
) -> Request:
    """A call on one resource, with everything that is known from outside.

    tags      all tags of the resource, so that others are known to be absent; None if they were not
              read.
    role_arn  the ARN of the role whose session makes the call; None for an access key.
    """
    _, _, _, region, account_number, _ = arn.split(":", 5)
    families = _TAG_KEYS.get(_resource_type(arn), ())
    context: dict[str, tuple[str, ...]] = {
        "aws:requestedregion": (region,),
        "aws:resourceaccount": (account_number,),
        "aws:principalaccount": (account_number,),
        "aws:securetransport": ("true",),
        "aws:viaawsservice": ("false",),
    }
    absent = set()
    if role_arn is not None:
        context |= {"aws:principalarn": (role_arn,), "aws:principaltype": ("AssumedRole",)}
        absent.add("aws:username")
    if tags is not None:
        absent.update(families)
        for family in families:
            for tag, value in tags.items():
                # Condition keys ignore case. Of tags that differ in case only, a key matches one,
                # and AWS does not say which. Source: IAM User Guide, "AWS global condition context
                # keys", aws:ResourceTag.
                key = f"{family}{tag.lower()}"
                context[key] = () if key in context else (value,)
    return Request(action, arn, context, frozenset(absent))


def evaluate(documents: Iterable[Any], request: Request) -> Decision:
    """What a role's policy documents say about a request.

    ALLOWED needs an Allow statement that certainly applies, and no Deny statement that may apply. A
    document or a statement that is malformed, or larger than IAM stores, may allow and may deny.
    Never raises for a document's content.
    """
    effects = [
        effect for document in _within_limits(documents) for effect in _effects(document, request)
    ]
    allowed = any_of(allows for allows, _ in effects)
    denied = any_of(denies for _, denies in effects)
    if denied:
        return Decision.DENIED
    if allowed is False:
        return Decision.NOT_ALLOWED
    return Decision.ALLOWED if allowed and denied is False else Decision.UNKNOWN


def learn_from_success(documents: Iterable[Any], allowed: Request) -> list[Any]:
    """The documents with what follows from a call that AWS allowed, for calls of the same caller.

    A Deny statement is left out if only unknown conditions on the caller can have kept it from
    denying the call. If only one statement may have allowed the call, its unknown conditions on the
    caller hold. Conditions on the resource stay unknown.
    """
    documents = list(_within_limits(documents))
    may_have_allowed = [
        statement
        for document in documents
        for statement, (allows, _) in _statements(document, allowed) or [(document, _UNKNOWN)]
        if allows is not False
    ]
    granting = may_have_allowed[0] if len(may_have_allowed) == 1 else None
    return [_learned(document, allowed, granting) for document in documents]


def _learned(document: Any, allowed: Request, granting: Any) -> Any:
    found = _statements(document, allowed)
    if found is None:
        return document
    statements = []
    for statement, (_, denies) in found:
        known = _without_conditions_on_the_caller(statement, allowed)
        ((_, would_deny),) = _effects({**document, "Statement": [known]}, allowed)
        if not would_deny or denies:
            statements.append(known if statement is granting else statement)
    return {**document, "Statement": statements}


def _without_conditions_on_the_caller(statement: Any, request: Request) -> Any:
    """The statement without the conditions of unknown keys that are the same for every resource."""
    if not isinstance(statement, Mapping) or not isinstance(statement.get("Condition"), Mapping):
        return statement
    known = {
        operator: {
            key: values
            for key, values in by_key.items()
            if not _is_of_the_caller(key) or request.values(key) is not None or "${" in str(values)
        }
        if isinstance(by_key, Mapping)
        else by_key
        for operator, by_key in statement["Condition"].items()
    }
    return {**statement, "Condition": {op: by_key for op, by_key in known.items() if by_key}}


def _is_of_the_caller(key: Any) -> bool:
    """Whether a condition key is a property of the caller. Source: IAM User Guide, "AWS global
    condition context keys": all are properties of the principal, the session, the network or the
    request, except those of the resource.
    """
    name = str(key).lower()
    return name.startswith("aws:") and not name.startswith("aws:resource")


_Effect = tuple[Truth, Truth]
"""Whether a statement allows, and whether it denies."""

_UNKNOWN: _Effect = (None, None)
_MALFORMED: Mapping[str, Any] = {}


def _within_limits(documents: Iterable[Any]) -> Iterable[Any]:
    """The documents; a malformed one in their place if they are too long together."""
    left = MAX_CHARACTERS
    for document in documents:
        left -= _size(document)
        if left < 0:
            yield _MALFORMED
            return
        yield document


def _size(document: Any) -> int:
    """Characters of the document as compact JSON. IAM does not count white space either."""
    try:
        return len(json.dumps(document, separators=(",", ":"), ensure_ascii=False))
    except (TypeError, ValueError, RecursionError):
        return MAX_CHARACTERS + 1


def _effects(document: Any, request: Request) -> list[_Effect]:
    found = _statements(document, request)
    return [_UNKNOWN] if found is None else [effect for _, effect in found]


def _statements(document: Any, request: Request) -> list[tuple[Any, _Effect]] | None:
    """The statements of a document and what each does. Null if the document is malformed."""
    if not isinstance(document, Mapping) or not document.keys() <= {"Version", "Id", "Statement"}:
        return None
    version = document.get("Version", "2008-10-17")
    statements = _listed(document.get("Statement"))
    if version not in ("2008-10-17", "2012-10-17"):
        return None
    resolve = request.variable if version == "2012-10-17" else None
    return [(statement, _effect(statement, request, resolve)) for statement in statements]


_ELEMENTS = frozenset(
    {"Sid", "Effect", "Action", "NotAction", "Resource", "NotResource", "Condition"}
)


def _effect(statement: Any, request: Request, resolve: Resolve | None) -> _Effect:
    if not isinstance(statement, Mapping) or not statement.keys() <= _ELEMENTS:
        return _UNKNOWN
    actions = _patterns(statement, "Action")
    resources = _patterns(statement, "Resource")
    if statement.get("Effect") not in ("Allow", "Deny") or actions is None or resources is None:
        return _UNKNOWN
    applies = all_of(
        (
            _names(statement, "Action", (_names_action(p, request.action) for p in actions)),
            _names(
                statement,
                "Resource",
                (_names_resource(p, request.resource, resolve) for p in resources),
            ),
            holds(statement.get("Condition", {}), request.values, resolve),
        )
    )
    return (applies, False) if statement["Effect"] == "Allow" else (False, applies)


def _patterns(statement: Mapping[str, Any], element: str) -> list[str] | None:
    """The patterns of Action or NotAction, of Resource or NotResource. None if malformed."""
    if (element in statement) == (f"Not{element}" in statement):
        return None
    patterns = _listed(statement.get(element, statement.get(f"Not{element}")))
    usable = patterns and all(isinstance(pattern, str) for pattern in patterns)
    return patterns if usable else None


def _names(statement: Mapping[str, Any], element: str, found: Iterable[Truth]) -> Truth:
    """Whether a statement names the request, by patterns that match or by patterns that do not."""
    return any_of(found) if element in statement else negate(any_of(found))


def _names_action(pattern: str, action: str) -> bool:
    return matches(symbols(pattern.lower(), None) or [], action.lower())


def _names_resource(pattern: str, resource: str | None, resolve: Resolve | None) -> Truth:
    if pattern == "*":
        return True
    parts = pattern.split(":", 5)
    # A variable may stand only after the fifth colon. Source: IAM User Guide, "IAM policy elements:
    # Variables and tags", "Where you can use policy variables".
    misplaced = resolve is not None and any("${" in part for part in parts[:5])
    if misplaced or resource is None or not _are_short((resource,)):
        return None
    if len(parts) == 6 and not any(c in pattern for c in "*?$"):
        return pattern == resource
    found = symbols(pattern, resolve)
    matched = None if found is None else matches_arn(found, resource)
    if len(parts) < 6:
        # AWS does not say what a shortened ARN leaves out.
        return matched or None
    return None if matched and _is_vague(parts[5]) else matched


_RESOURCE_TYPE = re.compile(r"[^/:]*")


def _is_vague(resource: str) -> bool:
    """Whether the resource type has a wildcard or a variable, which AWS calls incorrect without a
    word on what it matches. Source: IAM User Guide, "Identify AWS resources with Amazon Resource
    Names (ARNs)", "Incorrect wildcard usage".
    """
    found = _RESOURCE_TYPE.match(resource)
    return resource != "*" and found is not None and any(c in found[0] for c in "*?$")


def _are_short(values: tuple[str, ...]) -> bool:
    return all(len(value) <= MAX_VALUE_CHARACTERS for value in values)


def _listed(value: Any) -> list[Any]:
    """The value as a list: IAM accepts a single value in its place."""
    return value if isinstance(value, list) else [value]
