"""Policies and requests by the thousand, for the comparison of two evaluators. The same seed makes
the same ones.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from random import Random
from typing import Any

NUMBER = "123456789012"
ROLE_ARN = f"arn:aws:iam::{NUMBER}:role/CavokCloud"

_INSTANCES = ("i-0123456789abcdef0", "i-0123456789abcdef1", "i-0fedcba9876543210")
_DATABASES = ("dev-orders", "dev-users", "prod-orders")
_REGIONS = ("us-east-1", "eu-central-1", "us-west-2")
_TARGETS = (
    ("ec2:StartInstances", "ec2", "instance/", _INSTANCES, "ec2:ResourceTag"),
    ("ec2:StopInstances", "ec2", "instance/", _INSTANCES, "ec2:ResourceTag"),
    ("rds:StartDBInstance", "rds", "db:", _DATABASES, "rds:db-tag"),
    ("rds:StopDBInstance", "rds", "db:", _DATABASES, "rds:db-tag"),
    ("rds:StartDBCluster", "rds", "cluster:", _DATABASES, "rds:cluster-tag"),
    ("rds:StopDBCluster", "rds", "cluster:", _DATABASES, "rds:cluster-tag"),
)
_NAMES_NO_RESOURCE = ("ec2:DescribeInstances", "ec2:DescribeInstanceStatus")
_TAGS = {
    "env": ("dev", "prod", "Dev", ""),
    "Team": ("blue", "green", "a b", ""),
    "owner": ("ann", "", "de*", "d?v"),
}

_TEXTS = ("dev", "prod", "Dev", "blue", "green", "true", "", "us-east-1", "d*", "*", "d?v")
_VARIABLES = (
    "${aws:ResourceTag/env}",
    "${aws:RequestedRegion}",
    "${aws:PrincipalTag/team}",
    "${aws:PrincipalTag/team, 'blue'}",
    "${aws:ResourceTag/owner}",
    "${aws:TagKeys}",
    "${$}{aws:RequestedRegion}",
)
_ARNS = (
    ROLE_ARN,
    f"arn:aws:iam::{NUMBER}:role/Cavok*",
    "arn:aws:iam::*:role/CavokClou?",
    f"arn:aws:iam::{NUMBER}:*",
    "arn:*:*:*:*:*",
    f"arn:aws:iam::{NUMBER}:role/${{aws:PrincipalTag/team}}",
    "arn:aws:iam::999999999999:role/CavokCloud",
)
_DATES = ("2026-01-01", "2026-06-30T12:00:00Z", "2026-06-30T14:00:00+02:00", "2027-01-01T00:00:00Z")
_NUMBERS = ("0", "5", "5.0", "300", "300.5", "-1", "9000")
_ADDRESSES = ("203.0.113.7", "203.0.113.0/24", "198.51.100.0/25", "2001:db8::/32", "2001:db8::7")
_BOOLS = ("true", "false", "True")


@dataclass(frozen=True, slots=True)
class _Key:
    """A condition key, the values that a request may have, and those that a policy may have."""

    actual: tuple[str, ...]
    wanted: tuple[str, ...]
    operators: tuple[str, ...]
    many: bool = False


def _with_comparisons(base: str) -> tuple[str, ...]:
    return tuple(
        f"{base}{relation}"
        for relation in (
            "Equals",
            "NotEquals",
            "LessThan",
            "LessThanEquals",
            "GreaterThan",
            "GreaterThanEquals",
        )
    )


_STRINGS = (
    "StringEquals",
    "StringNotEquals",
    "StringEqualsIgnoreCase",
    "StringNotEqualsIgnoreCase",
    "StringLike",
    "StringNotLike",
)
_BY_ARN = ("ArnEquals", "ArnLike", "ArnNotEquals", "ArnNotLike")
_KEYS = {
    "aws:RequestedRegion": _Key(_REGIONS, (*_REGIONS, "us-*", "eu-*", "*"), _STRINGS),
    "aws:ResourceAccount": _Key((NUMBER,), (NUMBER, "999999999999", "1234*"), _STRINGS),
    "aws:PrincipalAccount": _Key((NUMBER,), (NUMBER, "999999999999"), _STRINGS),
    "aws:PrincipalArn": _Key((ROLE_ARN,), _ARNS, (*_BY_ARN, *_STRINGS)),
    "aws:PrincipalType": _Key(("AssumedRole",), ("AssumedRole", "User"), _STRINGS),
    "aws:SecureTransport": _Key(("true",), _BOOLS, ("Bool",)),
    "aws:ViaAWSService": _Key(("false",), _BOOLS, ("Bool",)),
    "aws:MultiFactorAuthPresent": _Key(("true", "false"), _BOOLS, ("Bool",)),
    "aws:MultiFactorAuthAge": _Key(_NUMBERS, _NUMBERS, _with_comparisons("Numeric")),
    "aws:CurrentTime": _Key(_DATES[1:], _DATES, _with_comparisons("Date")),
    "aws:SourceIp": _Key(
        ("203.0.113.7", "198.51.100.200", "2001:db8::7"), _ADDRESSES, ("IpAddress", "NotIpAddress")
    ),
    "aws:PrincipalTag/team": _Key(("blue", "green", "d*"), (*_TEXTS, *_VARIABLES), _STRINGS),
    "aws:TagKeys": _Key(
        ("env", "Team", "owner"), ("env", "Team", "t*", "env*"), _STRINGS, many=True
    ),
    "aws:CalledVia": _Key(
        ("cloudformation.amazonaws.com", "athena.amazonaws.com"),
        ("cloudformation.amazonaws.com", "*.amazonaws.com"),
        _STRINGS,
        many=True,
    ),
}
_WANTED_TAGS = _Key((), (*_TEXTS, *_VARIABLES), _STRINGS)


@dataclass(slots=True)
class Case:
    """One request, and the policies of the role that makes it.

    context   every condition key of the request, by its name.
    hidden    names of the keys that the evaluator under test is not told, also absent ones.
    keys      names of all keys that a policy may ask for.
    """

    documents: list[dict[str, Any]]
    action: str
    resource: str
    context: dict[str, tuple[str, ...]]
    hidden: frozenset[str]
    keys: frozenset[str] = field(repr=False)


def cases(count: int, *, seed: int) -> Iterator[Case]:
    random = Random(seed)
    for _ in range(count):
        yield _case(random)


def _case(random: Random) -> Case:
    action, service, prefix, names, tag_family = random.choice(_TARGETS)
    region = random.choice(_REGIONS)
    resource = f"arn:aws:{service}:{region}:{NUMBER}:{prefix}{random.choice(names)}"
    families: tuple[str, ...] = ("aws:ResourceTag", tag_family)
    if random.random() < 0.1:
        action, resource, families = random.choice(_NAMES_NO_RESOURCE), "*", ()
    context = _context(random, region)
    for tag, values in _TAGS.items():
        if families and random.random() < 0.6:
            value = random.choice(values)
            context |= {f"{family}/{tag}": (value,) for family in families}
    tag_keys = [f"{family}/{tag}" for family in families for tag in (*_TAGS, "none")]
    keys = frozenset((*_KEYS, *tag_keys))
    policies = _Policies(random, action, resource, tag_keys)
    documents = [policies.document() for _ in range(random.choice((1, 1, 1, 2, 3)))]
    hidden = frozenset(key for key in sorted(keys) if random.random() < 0.3)
    return Case(documents, action, resource, context, hidden, keys)


def _context(random: Random, region: str) -> dict[str, tuple[str, ...]]:
    always = {"aws:RequestedRegion": region, "aws:SecureTransport": "true"}
    context = {key: (value,) for key, value in always.items()}
    for name, key in _KEYS.items():
        if name in context or random.random() < 0.25:
            continue
        count = random.randint(2, len(key.actual)) if key.many else 1
        context[name] = tuple(random.sample(key.actual, count))
    return context


@dataclass(slots=True)
class _Policies:
    """Makes policies that have a fair chance to name the request."""

    random: Random
    action: str
    resource: str
    tag_keys: list[str]

    def document(self) -> dict[str, Any]:
        statements = [self.statement() for _ in range(self.random.randint(1, 4))]
        return {
            "Version": "2012-10-17",
            "Statement": statements if len(statements) > 1 or self.maybe(0.5) else statements[0],
        }

    def statement(self) -> dict[str, Any]:
        made: dict[str, Any] = {"Effect": "Deny" if self.maybe(0.3) else "Allow"}
        made["NotAction" if self.maybe(0.15) else "Action"] = self.listed(self.action_pattern)
        made["NotResource" if self.maybe(0.15) else "Resource"] = self.listed(self.resource_pattern)
        if self.maybe(0.6):
            made["Condition"] = self.condition()
        return made

    def action_pattern(self) -> str:
        if self.maybe(0.1):
            return "*"
        service, name = self.action.split(":")
        if self.maybe(0.3):
            name = self.random.choice(
                ("*", "Describe*", "Start*", "StopInstances", "StopDB*", "Reboot*")
            )
        return self.cased(f"{service}:{self.blurred(name)}")

    def resource_pattern(self) -> str:
        if self.resource == "*" or self.maybe(0.25):
            return self.random.choice(("*", "*", "arn:aws:ec2:*:*:instance/*"))
        parts = self.resource.split(":", 5)
        for at in range(1, 5):
            if self.maybe(0.3):
                parts[at] = self.random.choice(("*", parts[at][:2] + "*", "?" * len(parts[at])))
        if self.maybe(0.2):
            parts[3] = self.random.choice((*_REGIONS, "${aws:RequestedRegion}"))
        if self.maybe(0.7):
            parts[5] = self.random.choice(
                (
                    self.blurred(parts[5]),
                    parts[5][:-1] + "*",
                    parts[5][:-1] + "?",
                    "*",
                    "instance/*",
                    "db:dev-*",
                    "cluster:*-orders",
                    "db:${aws:ResourceTag/env}-orders",
                    "db:${aws:PrincipalTag/team, 'dev'}-*",
                )
            )
        pattern = ":".join(parts)
        if self.maybe(0.07):
            pattern = self.random.choice(
                (
                    pattern.replace(":", "*:", 2),
                    f"arn:aws:rds*:{NUMBER}:db:*",
                    "arn:aws:*:db:*",
                    "arn:*",
                )
            )
        return pattern

    def condition(self) -> dict[str, Any]:
        made: dict[str, Any] = {}
        for _ in range(self.random.choice((1, 1, 2, 3))):
            name = self.random.choice([*_KEYS, *self.tag_keys, *self.tag_keys])
            key = _KEYS.get(name, _WANTED_TAGS)
            operator = self.random.choice(key.operators)
            if self.maybe(0.1):
                made.setdefault("Null", {})[self.cased(name)] = self.random.choice(
                    ("true", "false")
                )
                continue
            if self.maybe(0.25):
                operator += "IfExists"
            if self.maybe(0.85 if key.many else 0.12):
                operator = f"{self.random.choice(('ForAllValues', 'ForAnyValue'))}:{operator}"
            wanted = self.listed(lambda key=key: self.random.choice(key.wanted))  # type: ignore[misc]
            made.setdefault(operator, {})[self.cased(name)] = wanted
        return made

    def blurred(self, text: str) -> str:
        """With some of its characters replaced by wildcards."""
        for _ in range(self.random.choice((0, 0, 1, 2, 4))):
            at = self.random.randrange(len(text))
            to = at + self.random.randint(0, 4)
            text = text[:at] + self.random.choice("**?") + text[to:]
        return text

    def cased(self, text: str) -> str:
        return self.random.choice((text, text, text, text.lower(), text.upper()))

    def listed(self, make: Callable[[], str]) -> str | list[str]:
        """IAM takes one value in place of a list."""
        values = [make() for _ in range(self.random.choice((1, 1, 1, 2, 3)))]
        return values[0] if len(values) == 1 and self.maybe(0.5) else values

    def maybe(self, share: float) -> bool:
        return self.random.random() < share
