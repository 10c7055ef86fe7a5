"""Who seals and opens which secret: docs/architecture.md says what the template's roles may."""

from __future__ import annotations

import re
from typing import Any

from cavok.adapters import sealing
from tests.support.documents import sealed_secrets
from tests.support.template import FUNCTIONS, folder, role

CONTEXT = "kms:EncryptionContext:"
CONTEXTS = {
    "a customer's access key": sealing.credentials_context("o", "a"),
    "the session of a person's test": sealing.session_context("o", "a", "v"),
    "a webhook's signing secret": sealing.webhook_context("o", "w"),
}
Rights = dict[tuple[str, str], set[str]]
"""The functions that may make a call of KMS, by secret and call."""


def test_the_architecture_says_who_seals_and_who_opens_each_secret() -> None:
    assert _said() == _granted()


def test_the_architecture_names_the_context_of_each_secret() -> None:
    said = {secret: re.findall(r"`(\w+)`", context) for secret, context, *_ in sealed_secrets()}

    assert said == {secret: list(context) for secret, context in CONTEXTS.items()}


def _said() -> Rights:
    return {
        (secret, call): set(re.findall(r"`(\w+)`", functions))
        for secret, _, sealed_by, opened_by, _ in sealed_secrets()
        for call, functions in (("kms:Encrypt", sealed_by), ("kms:Decrypt", opened_by))
    }


def _granted() -> Rights:
    """Every right to use the key is one about the context of one secret."""
    granted: Rights = {}
    for name in FUNCTIONS:
        function = folder(name)
        for policy in role(name)["Policies"]:
            for statement in policy["PolicyDocument"]["Statement"]:
                if "kms:" in str(statement["Action"]):
                    (secret,) = _secrets(statement["Condition"])
                    granted.setdefault((secret, statement["Action"]), set()).add(function)
    return granted


def _secrets(condition: dict[str, Any]) -> list[str]:
    """The secrets for whose context a statement's condition holds."""
    present = {
        key.removeprefix(CONTEXT) for key, null in condition["Null"].items() if null == "false"
    }
    only = condition.get("ForAllValues:StringEquals", {}).get("kms:EncryptionContextKeys")
    return [
        secret
        for secret, context in CONTEXTS.items()
        if present <= set(context) and (only is None or set(context) <= set(only))
    ]
