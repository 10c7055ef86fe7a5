"""The Condition element of a policy statement, three-valued.

Source: IAM User Guide, "IAM JSON policy elements: Condition operators" and "Set operators for
multivalued context keys".
"""

import base64
import ipaddress
import operator
import re
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

from cavok.domain.policy_matching import (
    Resolve,
    Truth,
    Wildcard,
    all_of,
    any_of,
    matches,
    matches_parts,
    negate,
    symbols,
)

Lookup = Callable[[str], tuple[str, ...] | None]
"""The values of a condition key by its name in lower case: empty if the request does not have the
key. None: not known."""

Compare = Callable[[str, str, Resolve | None], Truth]
"""Whether a policy's value (first) matches a request's (second). ValueError: not of the type."""


def holds(conditions: Any, lookup: Lookup, resolve: Resolve | None) -> Truth:
    """Whether all conditions of a statement hold. Unknown if one depends on a key that is not
    known, has an operator that is not known, or is malformed.
    """
    if not isinstance(conditions, Mapping):
        return None
    return all_of(
        _holds(_operator(name), str(key), values, lookup, resolve)
        for name, by_key in conditions.items()
        for key, values in _items(by_key)
    )


def _items(by_key: Any) -> Iterable[tuple[Any, Any]]:
    """The keys under an operator and their values. No values if it is malformed."""
    return by_key.items() if by_key and isinstance(by_key, Mapping) else [("", None)]


@dataclass(frozen=True, slots=True)
class _Operator:
    """`quantifier`: ForAllValues, ForAnyValue, or empty."""

    base: str
    negated: bool
    if_exists: bool
    quantifier: str


_OPERATOR = re.compile(r"(?:(ForAllValues|ForAnyValue):)?([A-Za-z]+?)(IfExists)?")


def _operator(name: Any) -> _Operator | None:
    """An operator by its name in a policy. None if there is no such operator."""
    parts = _OPERATOR.fullmatch(str(name))
    if parts is None:
        return None
    quantifier, base, if_exists = parts[1] or "", parts[2], bool(parts[3])
    if base == "Null":
        return None if if_exists or quantifier else _Operator(base, False, False, "")  # noqa: FBT003
    positive = base.replace("Not", "", 1)
    if positive not in _COMPARES or (base != positive and base not in _NEGATED):
        return None
    return _Operator(positive, base != positive, if_exists, quantifier)


def _holds(
    op: _Operator | None, key: str, values: Any, lookup: Lookup, resolve: Resolve | None
) -> Truth:
    wanted, actual = _texts(values), lookup(key.lower())
    if op is None or wanted is None or actual is None:
        return None
    if op.base == "Null":
        return _is_null(wanted, actual)
    if not actual:
        return _of_absent_key(op)
    if op.quantifier == "ForAllValues":
        # AWS counts an empty string as no value here.
        return all_of(_matches(op, wanted, value, resolve) if value else None for value in actual)
    if op.quantifier == "ForAnyValue":
        return any_of(_matches(op, wanted, value, resolve) for value in actual)
    return _matches(op, wanted, actual[0], resolve) if len(actual) == 1 else None


def _is_null(wanted: list[str], actual: tuple[str, ...]) -> Truth:
    if "" in actual or any(value not in ("true", "false") for value in wanted):
        return None
    return any_of((value == "true") == (not actual) for value in wanted)


def _of_absent_key(op: _Operator) -> Truth:
    if op.quantifier == "ForAnyValue":
        return None if op.if_exists else False
    return op.quantifier == "ForAllValues" or op.if_exists or op.negated


def _matches(op: _Operator, wanted: list[str], value: str, resolve: Resolve | None) -> Truth:
    compare = _COMPARES[op.base]

    def one(policy_value: str) -> Truth:
        try:
            return compare(policy_value, value, resolve)
        except (ValueError, ArithmeticError):
            return None

    found = any_of(map(one, wanted))
    return negate(found) if op.negated else found


def _texts(values: Any) -> list[str] | None:
    """The values of a condition as texts. None if there is none, or one of another type."""
    listed = values if isinstance(values, list) else [values]
    if not listed or not all(isinstance(value, str | int | float) for value in listed):
        return None
    return [str(v).lower() if isinstance(v, bool) else str(v) for v in listed]


def _equal(wanted: str, actual: str, resolve: Resolve | None) -> Truth:
    found = symbols(wanted, resolve)
    if found is None:
        return None
    return "".join(s.value if isinstance(s, Wildcard) else s for s in found) == actual


def _equal_ignoring_case(wanted: str, actual: str, resolve: Resolve | None) -> Truth:
    def lower(name: str, default: str | None) -> str | None:
        value = resolve(name, default) if resolve else None
        return value and value.lower()

    return _equal(wanted.lower(), actual.lower(), lower if resolve else None)


def _like(wanted: str, actual: str, resolve: Resolve | None) -> Truth:
    pattern = symbols(wanted, resolve)
    return None if pattern is None else matches(pattern, actual)


def _arn_like(wanted: str, actual: str, resolve: Resolve | None) -> Truth:
    pattern = symbols(wanted, resolve)
    if pattern is None or pattern.count(":") < 5 or actual.count(":") < 5:
        return None
    return matches_parts(pattern, actual)


_NUMBER = re.compile(r"[+-]?\d{1,20}(\.\d{1,20})?")


def _number(text: str) -> Decimal:
    if not _NUMBER.fullmatch(text):
        raise ValueError(text)
    return Decimal(text)


_DATE = re.compile(r"\d{4}(-\d\d(-\d\d(T\d\d:\d\d(:\d\d(\.\d{1,6})?)?(Z|[+-]\d\d:\d\d))?)?)?")


def _date(text: str) -> datetime:
    """A date of the W3C's profile of ISO 8601, or seconds since 1970."""
    if re.fullmatch(r"\d{5,11}", text):
        return datetime.fromtimestamp(int(text), UTC)
    if not _DATE.fullmatch(text):
        raise ValueError(text)
    full = text + "-01" * (2 - text[:10].count("-"))
    date = datetime.fromisoformat(full)
    return date if date.tzinfo else date.replace(tzinfo=UTC)


@dataclass(frozen=True, slots=True)
class _Ordered:
    """Compares values of a type that has an order. No variables: AWS has them only in strings."""

    parse: Callable[[str], Any]
    relation: Callable[[Any, Any], bool]

    def __call__(self, wanted: str, actual: str, _: Resolve | None) -> Truth:
        return self.relation(self.parse(actual), self.parse(wanted))


def _boolean(text: str) -> bool:
    if text.lower() not in ("true", "false"):
        raise ValueError(text)
    return text.lower() == "true"


def _binary(text: str) -> bytes:
    return base64.b64decode(text, validate=True)


def _in_network(wanted: str, actual: str, _: Resolve | None) -> Truth:
    address, network = ipaddress.ip_address(actual), ipaddress.ip_network(wanted, strict=False)
    if address.version != network.version:
        # AWS does not say whether an IPv6 address is outside an IPv4 range.
        return None
    return address in network


_RELATIONS = {
    "Equals": operator.eq,
    "LessThan": operator.lt,
    "LessThanEquals": operator.le,
    "GreaterThan": operator.gt,
    "GreaterThanEquals": operator.ge,
}

_COMPARES: Mapping[str, Compare] = {
    "StringEquals": _equal,
    "StringEqualsIgnoreCase": _equal_ignoring_case,
    "StringLike": _like,
    "ArnEquals": _arn_like,
    "ArnLike": _arn_like,
    "Bool": _Ordered(_boolean, operator.eq),
    "BinaryEquals": _Ordered(_binary, operator.eq),
    "IpAddress": _in_network,
    **{f"Numeric{name}": _Ordered(_number, relation) for name, relation in _RELATIONS.items()},
    **{f"Date{name}": _Ordered(_date, relation) for name, relation in _RELATIONS.items()},
}

_NEGATED = frozenset(
    {
        "StringNotEquals",
        "StringNotEqualsIgnoreCase",
        "StringNotLike",
        "ArnNotEquals",
        "ArnNotLike",
        "NotIpAddress",
        "NumericNotEquals",
        "DateNotEquals",
    }
)
