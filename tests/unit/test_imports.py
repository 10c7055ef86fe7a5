"""Who imports whom, read from the source, so that imports inside functions and those for type
checking count too.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from graphlib import CycleError, TopologicalSorter
from pathlib import Path

import pytest

from local.settings import ROOT

LAYER = ROOT / "layers" / "shared"
FLOORS = (
    "functions",
    "api",
    "wiring",
    "services",
    "adapters",
    "batches",
    "messages",
    "observability",
    "domain",
)
"""From the top. A module imports from its own floor and from those below."""


@cache
def modules() -> dict[str, Path]:
    """Every module of ours, by its dotted name."""
    found = [(LAYER, path) for path in (LAYER / "cavok").rglob("*.py")]
    found += [(ROOT, path) for path in (ROOT / "functions").rglob("*.py")]
    return {dotted(path.relative_to(place)): path for place, path in found}


def dotted(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


@cache
def imports() -> dict[str, frozenset[str]]:
    """The modules of ours that each module names in an import."""
    return {
        name: frozenset(imported(ast.parse(path.read_text()))) & modules().keys()
        for name, path in modules().items()
    }


def imported(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, "a relative import"
            names = {f"{node.module}.{alias.name}" for alias in node.names}
            yield from names & modules().keys() or {str(node.module)}


def floor(module: str) -> int:
    """Raises ValueError for a module that has no floor yet."""
    return FLOORS.index(module.removeprefix("cavok.").partition(".")[0])


def test_there_is_no_circle() -> None:
    try:
        TopologicalSorter(imports()).prepare()
    except CycleError as error:
        pytest.fail(" <- ".join(error.args[1]))


def test_imports_go_one_way() -> None:
    upwards = [
        f"{module} -> {other}"
        for module, others in imports().items()
        for other in others
        if floor(other) < floor(module)
    ]

    assert upwards == []


def test_a_package_loads_nothing_by_itself() -> None:
    packages = [path for path in modules().values() if path.name == "__init__.py"]

    assert len(packages) > 5
    assert [str(path) for path in packages if path.read_text()] == []


def test_every_way_to_import_is_seen() -> None:
    """So that the tests above see what they speak of."""
    source = """
import cavok.wiring
from cavok.domain.ids import is_ulid
if TYPE_CHECKING:
    from cavok.adapters.sealing import Sealer
def handler():
    from cavok.api import gate
"""

    assert set(imported(ast.parse(source))) == {
        "cavok.wiring",
        "cavok.domain.ids",
        "cavok.adapters.sealing",
        "cavok.api.gate",
    }
