"""What the fixtures of the tests leave behind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.settings import ROOT


def widest(path: Path) -> Iterator[str]:
    """Fixtures that every test of the folder has, and that end after the process' last test."""
    for each in ast.parse(path.read_text()).body:
        if isinstance(each, ast.FunctionDef):
            declared = " ".join(map(ast.unparse, each.decorator_list))
            if "autouse=True" in declared and "scope='session'" in declared:
                yield each.name


@pytest.mark.parametrize("folder", ["unit", "integration"])
def test_what_every_test_of_a_folder_has_is_gone_when_another_folders_tests_run(
    folder: str,
) -> None:
    """The two run together, some of the second first. Requests that are not signed, for example,
    are refused by the emulator that the first has.
    """
    paths = [*(ROOT / "tests" / folder).rglob("conftest.py")]
    assert paths
    assert {path: [*widest(path)] for path in paths} == {path: [] for path in paths}
