"""What two places need is written in one."""

from __future__ import annotations

import ast
from collections import defaultdict
from collections.abc import Callable
from typing import TypeVar

from local.settings import ROOT

Node = TypeVar("Node", bound=ast.AST)

LARGE = 25
"""Nodes of a syntax tree. Many a smaller function is a single call, and alike by chance."""

FEW_WORDS = 3
"""Spaces in a message that another may have by chance."""


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


def test_no_two_modules_refuse_with_the_same_sentence() -> None:
    """The rule would be there twice, and could be changed in one place alone."""
    assert in_several_modules(ast.Raise, sentence) == {}


def test_no_two_modules_make_the_same_address_of_aws() -> None:
    assert in_several_modules(ast.Constant, address) == {}


def in_several_modules(
    kind: type[Node], text_of: Callable[[Node], str | None]
) -> dict[str, set[str]]:
    """What nodes of this kind say in more than one module of the layer, with these modules."""
    found = defaultdict(set)
    for path in (ROOT / "layers/shared/cavok").rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, kind) and (said := text_of(node)):
                found[said].add(str(path.relative_to(ROOT)))
    return {said: modules for said, modules in found.items() if len(modules) > 1}


def address(constant: ast.Constant) -> str | None:
    """A page of the console, without what is filled in."""
    text = constant.value
    return text if isinstance(text, str) and ".amazon.com/" in text else None


def sentence(refusal: ast.Raise) -> str | None:
    """What an error says, without what is filled in; null of less than a few words."""
    parts = [part.value for part in ast.walk(refusal) if isinstance(part, ast.Constant)]
    longest = max((part for part in parts if isinstance(part, str)), key=len, default="")
    return longest if longest.count(" ") > FEW_WORDS else None
