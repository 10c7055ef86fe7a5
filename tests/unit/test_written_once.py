"""What two places need is written in one."""

from __future__ import annotations

import ast
from collections import defaultdict

from local.settings import ROOT

LARGE = 25
"""Nodes of a syntax tree. Many a smaller function is a single call, and alike by chance."""


def test_no_two_functions_do_the_same_word_for_word() -> None:
    found = defaultdict(list)
    for folder in ("functions", "layers", "local", "tests"):
        for path in (ROOT / folder).rglob("*.py"):
            for node in ast.walk(ast.parse(path.read_text())):
                if isinstance(node, ast.FunctionDef) and (does := body(node)):
                    found[does].append(f"{path.relative_to(ROOT)}: {node.name}")

    assert [places for places in found.values() if len(places) > 1] == []


def body(function: ast.FunctionDef) -> str | None:
    """What a large function does, in one text."""
    lines = function.body[1:] if ast.get_docstring(function) else function.body
    large = sum(1 for line in lines for _ in ast.walk(line)) >= LARGE
    return "\n".join(map(ast.dump, lines)) if large else None
