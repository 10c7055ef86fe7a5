"""Condition operators, three-valued."""

from __future__ import annotations

from typing import Any

import pytest

from cavok.domain.policy_conditions import holds
from cavok.domain.policy_matching import Truth

CONTEXT: dict[str, tuple[str, ...]] = {
    "env": ("dev",),
    "flag": ("true",),
    "number": ("300",),
    "date": ("2026-06-30T12:00:00Z",),
    "ip": ("203.0.113.7",),
    "arn": ("arn:aws:iam::123456789012:role/team/Cavok",),
    "binary": ("QmluYXJ5",),
    "many": ("dev", "prod"),
    "empty": ("",),
    "wild": ("d*",),
    "absent": (),
}


def holds_of(operator: str, key: str, wanted: Any, *, variables: bool = True) -> Truth:
    def resolve(name: str, default: str | None) -> str | None:
        values = CONTEXT.get(name.lower())
        return default if not values else values[0]

    return holds({operator: {key: wanted}}, CONTEXT.get, resolve if variables else None)


KNOWN = [
    ("StringEquals", "env", "dev", "prod"),
    ("StringEquals", "ENV", ["prod", "dev"], ["prod", "Dev", "d*"]),
    ("StringEqualsIgnoreCase", "env", "DEV", "DEVS"),
    ("StringEqualsIgnoreCase", "env", "${Env}", "X${env}"),
    ("StringLike", "env", "d?v*", "d?"),
    ("StringLike", "env", "${env}", "${env}x"),
    ("ArnLike", "arn", "arn:*:iam::*:role/*/Cavok", "arn:*:iam::*:role/Cavok"),
    ("ArnEquals", "arn", "arn:aws:iam::123456789012:role/*", "arn:aws:iam::*:user/*"),
    ("Bool", "flag", "TRUE", "false"),
    ("Bool", "flag", True, False),
    ("NumericEquals", "number", "300.0", 301),
    ("NumericLessThan", "number", "300.5", "300"),
    ("NumericLessThanEquals", "number", 300, "-300"),
    ("NumericGreaterThan", "number", "+299", "300"),
    ("NumericGreaterThanEquals", "number", "300", "301"),
    ("DateEquals", "date", "2026-06-30T14:00:00+02:00", "2026-06-30"),
    ("DateEquals", "date", "1782820800", "1782820801"),
    ("DateLessThan", "date", "2027", "2026-06"),
    ("DateLessThanEquals", "date", "2026-06-30T12:00:00Z", "2026-06-30T11:59:59.9Z"),
    ("DateGreaterThan", "date", "2026-06-30", "2026-06-30T12:00Z"),
    ("DateGreaterThanEquals", "date", "2026-06-30T12:00Z", "2026-07"),
    ("IpAddress", "ip", "203.0.113.0/24", "198.51.100.0/24"),
    ("IpAddress", "ip", "203.0.113.7", "203.0.113.8"),
    ("IpAddress", "ip", "203.0.113.9/24", "203.0.113.9/31"),
    ("BinaryEquals", "binary", "QmluYXJ5", "QmluYXJ6"),
]
NEGATED = {
    "StringEquals": "StringNotEquals",
    "StringEqualsIgnoreCase": "StringNotEqualsIgnoreCase",
    "StringLike": "StringNotLike",
    "ArnLike": "ArnNotLike",
    "ArnEquals": "ArnNotEquals",
    "NumericEquals": "NumericNotEquals",
    "DateEquals": "DateNotEquals",
    "IpAddress": "NotIpAddress",
}


@pytest.mark.parametrize(("operator", "key", "right", "wrong"), KNOWN)
def test_a_condition_on_a_known_key_holds_or_does_not(
    operator: str, key: str, right: Any, wrong: Any
) -> None:
    assert holds_of(operator, key, right) is True
    assert holds_of(operator, key, wrong) is False
    assert holds_of(f"{operator}IfExists", key, right) is True
    assert holds_of(f"{operator}IfExists", key, wrong) is False
    assert holds_of(f"ForAnyValue:{operator}", key, right) is True
    assert holds_of(f"ForAllValues:{operator}", key, wrong) is False
    if negated := NEGATED.get(operator):
        assert holds_of(negated, key, right) is False
        assert holds_of(negated, key, wrong) is True


@pytest.mark.parametrize("operator", sorted({operator for operator, *_ in KNOWN}))
def test_an_absent_key_matches_only_if_exists_negated_and_for_all_values(operator: str) -> None:
    assert holds_of(operator, "absent", "1") is False
    assert holds_of(f"{operator}IfExists", "absent", "1") is True
    assert holds_of(f"ForAllValues:{operator}", "absent", "1") is True
    assert holds_of(f"ForAnyValue:{operator}", "absent", "1") is False
    assert holds_of(f"ForAnyValue:{operator}IfExists", "absent", "1") is None
    if negated := NEGATED.get(operator):
        assert holds_of(negated, "absent", "1") is True
        assert holds_of(f"ForAnyValue:{negated}", "absent", "1") is False


@pytest.mark.parametrize("operator", sorted({operator for operator, *_ in KNOWN} | {"Null"}))
def test_a_key_that_is_not_known_makes_any_operator_unknown(operator: str) -> None:
    for name in (operator, NEGATED.get(operator, operator)):
        assert holds_of(name, "unknown", "true") is None
    if operator != "Null":
        assert holds_of(f"{operator}IfExists", "unknown", "true") is None
        assert holds_of(f"ForAllValues:{operator}", "unknown", "true") is None
        assert holds_of(f"ForAnyValue:{operator}", "unknown", "true") is None


def test_set_operators_look_at_every_value() -> None:
    assert holds_of("ForAllValues:StringLike", "many", ["d*", "p*"]) is True
    assert holds_of("ForAllValues:StringLike", "many", "d*") is False
    assert holds_of("ForAnyValue:StringLike", "many", "p*") is True
    assert holds_of("ForAnyValue:StringLike", "many", "x*") is False
    assert holds_of("ForAllValues:StringNotEquals", "many", "test") is True
    assert holds_of("ForAnyValue:StringNotEquals", "many", "dev") is True
    assert holds_of("ForAllValues:StringLike", "empty", "*") is None
    assert holds_of("StringLike", "many", "*") is None


def test_null_asks_whether_the_key_is_there() -> None:
    assert holds_of("Null", "env", "false") is True
    assert holds_of("Null", "env", "true") is False
    assert holds_of("Null", "absent", "true") is True
    assert holds_of("Null", "absent", False) is False
    assert holds_of("Null", "absent", ["false", "true"]) is True
    assert holds_of("Null", "empty", "true") is None
    assert holds_of("Null", "absent", "yes") is None


@pytest.mark.parametrize(
    ("operator", "key", "wanted"),
    [
        ("StringResembles", "env", "dev"),
        ("StringEqualsMaybe", "env", "dev"),
        ("ForSomeValues:StringEquals", "env", "dev"),
        ("NotStringEquals", "env", "dev"),
        ("NotBool", "flag", "true"),
        ("BoolNot", "flag", "true"),
        ("NullIfExists", "env", "false"),
        ("ForAnyValue:Null", "env", "false"),
        ("StringEquals", "env", []),
        ("StringEquals", "env", None),
        ("StringEquals", "env", {"a": "b"}),
        ("StringEquals", "env", ["dev", None]),
        ("StringEquals", "env", "${absent}"),
        ("StringEquals", "env", "${wild}"),
        ("StringNotEquals", "env", "${absent}"),
        ("StringLike", "env", "${empty}"),
        ("Bool", "flag", "yes"),
        ("NumericEquals", "number", "1e3"),
        ("NumericEquals", "env", "3"),
        ("NumericLessThan", "number", "9" * 30),
        ("DateEquals", "date", "tomorrow"),
        ("DateEquals", "date", "2026-13-01"),
        ("DateLessThan", "date", "999999999999"),
        ("IpAddress", "ip", "203.0.113.0/33"),
        ("IpAddress", "ip", "2001:db8::/32"),
        ("NotIpAddress", "ip", "2001:db8::/32"),
        ("ArnLike", "arn", "role/Cavok"),
        ("ArnLike", "env", "arn:aws:iam::123456789012:role/*"),
        ("BinaryEquals", "binary", "no base64!"),
    ],
)
def test_what_is_malformed_or_not_certain_is_unknown(operator: str, key: str, wanted: Any) -> None:
    assert holds_of(operator, key, wanted) is None


@pytest.mark.parametrize("conditions", ["*", [], {"StringEquals": "dev"}, {"StringEquals": {}}, 3])
def test_malformed_conditions_are_unknown(conditions: Any) -> None:
    assert holds(conditions, CONTEXT.get, None) is None


def test_all_conditions_must_hold() -> None:
    right, wrong = {"env": "dev"}, {"env": "prod"}

    assert holds({}, CONTEXT.get, None) is True
    assert holds({"StringEquals": right, "StringLike": right}, CONTEXT.get, None) is True
    assert holds({"StringEquals": right, "StringLike": wrong}, CONTEXT.get, None) is False
    assert holds({"StringEquals": {"env": "dev", "flag": "x"}}, CONTEXT.get, None) is False
    assert holds({"StringEquals": right, "StringLike": {"new": "*"}}, CONTEXT.get, None) is None


def test_an_old_document_compares_a_variable_literally() -> None:
    assert holds_of("StringEquals", "env", "${env}", variables=False) is False
    assert holds_of("StringEqualsIgnoreCase", "env", "DEV", variables=False) is True
