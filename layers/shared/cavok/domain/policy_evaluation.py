"""Predicting a permission from a role's inline policies, where no harmless call can prove it."""

import re
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Any


class Prediction(StrEnum):
    """What a role's inline policies decide about an action, if they decide it."""

    ALLOWED = "allowed"
    DENIED = "denied"
    UNKNOWN = "unknown"


def predict(documents: Iterable[Mapping[str, Any]], action: str) -> Prediction:
    """What a role's inline policies say about an action on all resources.

    DENIED takes a Deny without a condition. ALLOWED takes an Allow without a condition, and no Deny
    of any sort for the action. Everything else is UNKNOWN, because Cavok does not ask for the
    permissions to read managed policies, boundaries and the organization's policies. Source: IAM
    User Guide, "Policy evaluation logic".
    """
    statements = [statement for document in documents for statement in _statements(document)]
    denies = [s for s in statements if s.get("Effect") == "Deny" and _names_action(s, action)]
    allows = [s for s in statements if s.get("Effect") == "Allow" and _names_action(s, action)]
    if any(_unconditional(statement) for statement in denies):
        return Prediction.DENIED
    if any(_unconditional(statement) for statement in allows) and not denies:
        return Prediction.ALLOWED
    return Prediction.UNKNOWN


def _statements(document: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return _listed(document.get("Statement"))


def _unconditional(statement: Mapping[str, Any]) -> bool:
    return not statement.get("Condition") and "*" in _listed(statement.get("Resource"))


def _names_action(statement: Mapping[str, Any], action: str) -> bool:
    if "NotAction" in statement:
        return not any(_matches(pattern, action) for pattern in _listed(statement["NotAction"]))
    return any(_matches(pattern, action) for pattern in _listed(statement.get("Action")))


def _matches(pattern: str, action: str) -> bool:
    """IAM action patterns: `*` and `?` are wildcards, case does not matter."""
    expression = re.escape(pattern).replace(r"\*", ".*").replace(r"\?", ".")
    return re.fullmatch(expression, action, re.IGNORECASE) is not None


def _listed(value: Any) -> list[Any]:
    """IAM accepts a single value in place of a list."""
    if value is None:
        return []
    return value if isinstance(value, list) else [value]
