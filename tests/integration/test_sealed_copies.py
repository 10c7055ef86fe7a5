"""Where seals end: in which items of the table, and in which states of a person's test."""

from __future__ import annotations

import ast
import json
import re
import sys
from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from cavok.adapters.sealing import Sealer
from local.settings import ROOT
from tests.support.api import KEY_ACCOUNT, KEYS, Api
from tests.support.builders import NUMBER
from tests.support.documents import sealed_secrets
from tests.support.messages import EventBridge, Stream, environment, eventbridge, invoke
from tests.support.workflows import run_started_test

__all__ = ["environment", "eventbridge"]

pytestmark = pytest.mark.filterwarnings("ignore:No application metrics")

Context = tuple[str, ...]
"""The keys of an encryption context."""
Place = tuple[str, int]
"""A call in our code: file and line."""

SOURCES = ("layers/shared/cavok", "functions")


class Seals:
    """Every seal that was made: its context, and the call that made it."""

    def __init__(self) -> None:
        self.contexts: dict[str, Context] = {}
        self.calls: set[Place] = set()

    def contexts_in(self, value: Any) -> set[Context]:
        text = json.dumps(value, default=str)
        return {context for seal, context in self.contexts.items() if seal in text}


@pytest.fixture
def seals(monkeypatch: pytest.MonkeyPatch) -> Seals:
    made, seal = Seals(), Sealer.seal

    def noted(sealer: Sealer, secret: Mapping[str, Any], context: Mapping[str, str]) -> str:
        text, caller = seal(sealer, secret, context), sys._getframe(1)
        made.contexts[text] = tuple(context)
        made.calls.add((caller.f_code.co_filename, caller.f_lineno))
        return text

    monkeypatch.setattr(Sealer, "seal", noted)
    return made


def test_every_seal_lies_where_the_architecture_says(
    admin: Api, seals: Seals, eventbridge: EventBridge
) -> None:
    """A person sets a webhook, tests an account with an access key, replaces the key and deletes
    the account.
    """
    stream, lies_in = Stream(), defaultdict(set)
    webhook = {"url": "https://hooks.example.com/", "events": ["Account Deleted"]}
    answers: list[Any] = [admin.put("/v1/organization/webhook", webhook)]
    account = admin.account(**KEY_ACCOUNT | {"provider_id": NUMBER})
    path = f"/v1/accounts/{account['account_id']}"
    answers += [account, admin.post(f"{path}/verifications")]
    records = stream.changes()
    history = run_started_test("VerifyAccount").history
    records += stream.changes()
    answers += [admin.put(f"{path}/credentials", KEYS), admin.get(path), admin.delete(path)]
    records += stream.changes()
    invoke("PublishEvents", {"Records": records})

    for record in records:
        item = re.split("#", record["dynamodb"]["Keys"]["sk"]["S"])[0]
        for context in seals.contexts_in(record):
            lies_in[context].add(item)
    for state, kept in history:
        for context in seals.contexts_in(kept):
            lies_in[context].add(state)
    assert seals.calls == set(_calls()), "a call of seal() that this test does not make"
    assert lies_in == {
        tuple(re.findall(r"`(\w+)`", context)): set(re.findall(r"`(\w+)`", places))
        for _, context, _, _, places in sealed_secrets()
    }
    assert eventbridge.events
    assert not seals.contexts_in([answers, eventbridge.events, eventbridge.sent])


def _calls() -> Iterator[Place]:
    """Every call of seal() in our code."""
    for path in (path for source in SOURCES for path in (ROOT / source).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.Call) and getattr(node.func, "attr", "") == "seal":
                yield str(path), node.lineno


@pytest.mark.parametrize(
    "path",
    [
        "docs/security.md",
        "layers/shared/cavok/api/routes/accounts.py",
        "layers/shared/cavok/api/routes/credentials.py",
        "functions/dashboard/static/views/texts.js",
    ],
)
def test_whoever_hears_of_sealed_copies_hears_of_all(path: str) -> None:
    """Except of those that other copies outlive: the stream's."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.partition("| copy | for |")[2].partition("\n\n")[0]
    periods = re.findall(r"\| (\d+ \w+) \|", table)
    said = re.findall(
        r"sealed (?:copies|access key) [^.]*stay[^.]*", (ROOT / path).read_text(), re.I
    )

    assert periods == ["24 hours", "35 days", "90 days"]
    assert said
    for text in said:
        assert [each for each in periods if each in " ".join(text.split())] == periods[1:]
