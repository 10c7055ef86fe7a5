"""The definitions of the workflows, as files of the repository."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from local.settings import ROOT

State = tuple[str, dict[str, Any]]


def definition(path: Path) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(path.read_text())
    return document


def states(machine: dict[str, Any]) -> Iterator[State]:
    """Every state, those inside of a Map or Parallel too."""
    for name, state in machine["States"].items():
        yield name, state
        for inner in (state.get("ItemProcessor"), *state.get("Branches", ())):
            if inner:
                yield from states(inner)


def placeholders(value: Any) -> Iterator[str]:
    for part in json.dumps(value).split("${")[1:]:
        yield part.partition("}")[0]


VERIFY = definition(ROOT / "statemachines/verify_account.asl.json")
SWEEP = definition(ROOT / "statemachines/reverify_accounts.asl.json")
