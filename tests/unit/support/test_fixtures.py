"""What the fixtures of the tests leave behind, and how long they may take."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from local.settings import ROOT
from tests.support.fixtures import let_the_last_test_drain
from tests.support.invariants import DRAIN_SECONDS


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


class Item(pytest.Item):
    def runtest(self) -> None:
        """Nothing."""


def limit_of(item: pytest.Item) -> int | None:
    marker = item.get_closest_marker("timeout")
    return marker and marker.args[0]


@pytest.mark.parametrize(("own", "limit"), [([], 1080), ([900], 1380)])
def test_the_last_test_has_the_time_in_which_the_stack_becomes_idle(
    request: pytest.FixtureRequest, own: list[int], limit: int
) -> None:
    """Fixtures of the session end within its limit."""
    items = [Item.from_parent(request.session, name=name) for name in ("first", "last")]
    for seconds in own:
        items[-1].add_marker(pytest.mark.timeout(seconds))

    let_the_last_test_drain(items)

    assert [limit_of(item) for item in items] == [None, limit]
    assert limit > DRAIN_SECONDS + 300


@pytest.mark.parametrize("folder", ["e2e", "browser"])
def test_the_last_test_is_the_last_of_those_that_were_chosen(folder: str) -> None:
    module = ast.parse((ROOT / "tests" / folder / "conftest.py").read_text())
    (hook,) = (
        each
        for each in module.body
        if isinstance(each, ast.FunctionDef) and each.name == "pytest_collection_modifyitems"
    )

    assert ast.unparse(hook.decorator_list[0]) == "pytest.hookimpl(trylast=True)"
    assert ast.unparse(hook.body[-1]) == "let_the_last_test_drain(items)"
