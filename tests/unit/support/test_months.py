"""A test that counts within a calendar month stays within one."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from local.settings import ROOT

MODULES = [
    path
    for folder in ("e2e", "browser")
    for path in sorted((ROOT / "tests" / folder).glob("test_*.py"))
]
IN_ONE_MONTH = '\npytestmark = pytest.mark.usefixtures("one_month")\n'


def reads_usage(node: ast.AST, readers: set[str]) -> bool:
    match node:
        case ast.Call(func=ast.Attribute(attr="get"), args=[path, *_]):
            return ast.unparse(path).strip("'\"").endswith("usage")
        case ast.Call(func=ast.Name(id=name) | ast.Attribute(attr=name)):
            return name in readers
    return False


def comparing(module: ast.AST) -> list[str]:
    """The functions that read usage more than once, themselves or by another one of the module."""
    functions = [each for each in ast.walk(module) if isinstance(each, ast.FunctionDef)]

    def reads(function: ast.FunctionDef, readers: set[str]) -> int:
        return sum(reads_usage(node, readers) for node in ast.walk(function))

    readers = {"counted", *(each.name for each in functions if reads(each, set()))}
    return [each.name for each in functions if reads(each, readers) > 1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: f"{path.parent.name}/{path.stem}")
def test_usage_is_compared_with_what_it_was_within_one_month(path: Path) -> None:
    """Else a test fails if the month, UTC, ends between its two reads."""
    text = path.read_text()

    assert IN_ONE_MONTH in text or comparing(ast.parse(text)) == []
