"""Every JSONata expression of the workflows can be parsed: `sam validate` does not look inside."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from jsonata import Jsonata

WORKFLOWS = sorted(Path(__file__).parents[3].glob("statemachines/*.asl.json"))


def expressions(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    if isinstance(value, dict):
        for key, inner in value.items():
            yield from expressions(inner, f"{path}/{key}")
    elif isinstance(value, list):
        for index, inner in enumerate(value):
            yield from expressions(inner, f"{path}/{index}")
    elif isinstance(value, str) and value.startswith("{%") and value.endswith("%}"):
        yield path, value[2:-2].strip()


FOUND = [
    pytest.param(expression, id=f"{workflow.name.split('.')[0]}{path}")
    for workflow in WORKFLOWS
    for path, expression in expressions(json.loads(workflow.read_text()))
]


def test_there_are_expressions_to_look_at() -> None:
    assert FOUND


@pytest.mark.parametrize("expression", FOUND)
def test_the_expression_parses(expression: str) -> None:
    Jsonata(expression)
