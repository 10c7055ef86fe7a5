"""IAM: which policies match a request, and how a denial is worded."""

from __future__ import annotations

import contextvars
import functools
import re
import secrets
from typing import Any

from ministack.core import iam_actions, iam_evaluator
from ministack.services import iam as iam_service

from local.fidelity.correction import Response, corrects, replaces

_IDENTITY_BASED = "identity-based policy"

_denied_by: contextvars.ContextVar[str] = contextvars.ContextVar(
    "denied_by", default=_IDENTITY_BASED
)
"""The type of policy that denied the current request."""


@corrects(iam_actions, "access_denied_response")
def name_the_denying_policy_type(
    original: Any, service: str, action: str, principal_arn: str, request_id: str, **kwargs: Any
) -> Response:
    """An AWS access-denied message names the type of policy that denied, and the resource.

    The emulator enforces permissions boundaries and session policies, but says "no identity-based
    policy" of each.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/troubleshoot_access-denied.html
    """
    status, headers, body = original(service, action, principal_arn, request_id, **kwargs)
    if not kwargs.get("error_code") and not kwargs.get("message"):
        message = _reworded(body.decode(), service, action, kwargs.get("resource_arn", "*"))
        body = message.encode()
    return status, headers, body


class Limit(list[Any]):
    """The statements of one policy that limits an identity, and that policy's type."""

    def __init__(self, policy_type: str, statements: list[Any]) -> None:
        super().__init__(statements)
        self.policy_type = policy_type


@corrects(iam_evaluator, "_permissions_boundary")
def _label_boundaries(original: Any, *args: Any) -> list[Limit]:
    return [Limit("permissions boundary", limit) for limit in original(*args)]


@corrects(iam_evaluator, "_session_policy_limits")
def _label_session_policies(original: Any, *args: Any) -> list[Limit]:
    return [Limit("session policy", limit) for limit in original(*args)]


@corrects(iam_evaluator, "evaluate")
def _remember_the_denying_policy_type(
    original: Any, ctx: Any, policies: list[Any], *limits: list[Any]
) -> Any:
    result = original(ctx, policies, *limits)
    if result.decision != "Allow":
        _denied_by.set(_denying_policy_type(ctx, policies, limits, result.decision))
    return result


def _denying_policy_type(
    ctx: Any, policies: list[Any], limits: tuple[list[Any], ...], decision: str
) -> str:
    """The type of the first layer that denies: explicitly, or by allowing nothing that matches. The
    organization's come before the identity's: IAM User Guide, "Policy evaluation logic".
    """
    effect = "Deny" if decision == "Deny" else "Allow"
    layers = [Limit(_IDENTITY_BASED, policies), *limits]
    for layer in sorted(layers, key=lambda each: _type(each) != "service control policy"):
        statements = [statement for policy in layer for statement in policy]
        matches = bool(iam_evaluator._first_match(ctx, statements, effect))
        if matches == (decision == "Deny"):
            return _type(layer)
    return _IDENTITY_BASED


def _type(layer: list[Any]) -> str:
    return getattr(layer, "policy_type", _IDENTITY_BASED)


def _reworded(body: str, service: str, action: str, resource_arn: str) -> str:
    denied_by = _denied_by.get()
    article = "an" if denied_by == _IDENTITY_BASED else "a"
    body = body.replace("no identity-based policy allows", f"no {denied_by} allows")
    body = body.replace(
        "explicit deny in an identity-based policy", f"explicit deny in {article} {denied_by}"
    )
    performed = f"is not authorized to perform: {action}"
    if f"{performed} on resource" not in body:
        body = body.replace(performed, f"{performed} on resource: {resource_arn}")
    if service == "ec2":
        # EC2 puts the details into a token that only sts:DecodeAuthorizationMessage reads.
        encoded = secrets.token_urlsafe(96)
        body = body.replace(
            "<Message>User:", "<Message>You are not authorized to perform this operation. User:"
        )
        body = body.replace(
            "</Message>", f". Encoded authorization failure message: {encoded}</Message>"
        )
    return body


@corrects(iam_evaluator, "_resolve_condition_key")
def resolve_principal_arn_to_the_role(original: Any, key: str, ctx: Any) -> Any:
    """On AWS, `aws:PrincipalArn` of a role session is the ARN of the role, with its path.

    The emulator takes the ARN of the session, which has none.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-principalarn
    """
    value = original(key, ctx)
    if key.lower() != "aws:principalarn" or ":assumed-role/" not in value:
        return value
    account, name = value.split(":")[4], value.split("/")[1]
    role = iam_service._roles.get_scoped(account, None, name)
    return role["Arn"] if role else f"arn:aws:iam::{account}:role/{name}"


@corrects(iam_evaluator, "_resolve_condition_key")
def treat_loopback_as_tls(original: Any, key: str, ctx: Any) -> Any:
    """`aws:SecureTransport` is true, as it is for AWS's HTTPS endpoints.

    The emulator is reached by HTTP on loopback. A policy that denies requests without TLS, as a
    bucket's should, would deny everything.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_condition-keys.html#condition-keys-securetransport
    """
    return "true" if key.lower() == "aws:securetransport" else original(key, ctx)


def tag_of(tags: list[dict[str, str]] | None, name: str) -> str | list[str] | None:
    """The value of a condition key such as `aws:ResourceTag/NAME`, whose case does not matter. Tags
    that differ in case only are several values.
    """
    found = [tag["Value"] for tag in tags or [] if tag["Key"].lower() == name.lower()]
    return found[0] if len(found) == 1 else found or None


@replaces(iam_evaluator, "_CONDITION_OPS")
def compare_the_parts_of_arns(operators: dict[str, Any]) -> dict[str, Any]:
    """ArnLike and ArnEquals compare each of the six parts of an ARN by itself.

    In the emulator a `*` reaches beyond the colon.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_condition_operators.html#Conditions_ARN
    """

    def like(actual: str, expected: str) -> bool:
        values, patterns = actual.split(":", 5), expected.split(":", 5)
        return len(values) == len(patterns) and all(
            map(iam_evaluator.fnmatch_iam_cs, values, patterns)
        )

    def not_like(actual: str, expected: str) -> bool:
        return not like(actual, expected)

    own = {"arnlike": like, "arnequals": like, "arnnotlike": not_like, "arnnotequals": not_like}
    return {**operators, **own}


@corrects(iam_evaluator, "_fnmatch_compile")
@functools.lru_cache(maxsize=4096)
def match_wildcards_without_backtracking(
    _original: Any, pattern: str, ignore_case: bool
) -> re.Pattern[str]:
    """A pattern may have any number of `*`.

    The emulator turns each `*` into `.*`, so one action such as `ec2:` + 24 × `*` + `y` keeps it
    busy for hours. Here the text between two `*` is an atomic group that takes its first
    occurrence: that leaves most for the rest of the pattern, so no other occurrence need be tried.
    https://docs.aws.amazon.com/IAM/latest/UserGuide/reference_policies_elements_action.html
    """
    first, *rest = [re.escape(text).replace(r"\?", ".") for text in pattern.split("*")]
    for text in rest[:-1]:
        first += f"(?>.*?{text})" if text else ""
    regex = f"{first}.*{rest[-1]}" if rest else first
    return re.compile(rf"{regex}\Z", re.DOTALL | (re.IGNORECASE if ignore_case else 0))
