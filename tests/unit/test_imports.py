"""Who imports whom, read from the source, so that imports inside functions and those for type
checking count too.
"""

from __future__ import annotations

import ast
import re
import subprocess
import sys
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
    "start_up",
    "wiring",
    "services",
    "adapters",
    "batches",
    "messages",
    "observability",
    "domain",
)
"""From the top. A module imports from its own floor and from those below."""
RUNS_AGAIN = {"tests/browser/test_firefox.py": {"tests.browser.test_what_is_true_now"}}
"""Test modules that run the tests of another one, in another browser."""
_ALL_ROUTES = "{each.name: (each.name,) for each in iter_modules(routes.__path__)}"
MAKES = {
    "cavok.api.openapi": "it._whole_api()",
    "cavok.api.resolver": f"from cavok.api import routes; from pkgutil import iter_modules; "
    f"it.Resolver({_ALL_ROUTES}).all_routes()",
}
"""Modules that import others by names that they make, and the statement that does."""


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
    """The modules of ours that each module names in an import, and those that it imports by a name
    that it makes.
    """
    named = {
        name: frozenset(imported(ast.parse(path.read_text()))) & modules().keys()
        for name, path in modules().items()
    }
    return named | {name: named[name] | routes_loaded_by(name, how) for name, how in MAKES.items()}


def routes_loaded_by(module: str, statement: str) -> set[str]:
    """The modules of routes that this statement of a module loads, in a process of its own."""
    script = f"import sys, {module} as it; {statement}; print(*sys.modules)"
    ran = subprocess.run(
        [sys.executable, "-c", script], cwd=LAYER, capture_output=True, text=True, check=True
    )
    return {name for name in ran.stdout.split() if name.startswith("cavok.api.routes.")}


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


def test_names_of_modules_are_made_nowhere_else() -> None:
    making = {
        name
        for name, path in modules().items()
        if re.search("import_?(module|lib)|__import__", path.read_text())
    }

    assert making == MAKES.keys()
    for name in MAKES:
        assert len(imports()[name] & {m for m in modules() if ".routes." in m}) > 10


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


def test_no_test_module_is_imported() -> None:
    """What tests share is in `tests/support`, once."""
    paths = {str(path.relative_to(ROOT)): path for path in (ROOT / "tests").rglob("*.py")}
    found = {
        path: imported_test_modules(ast.parse(file.read_text())) for path, file in paths.items()
    }

    assert len(found) > 300
    assert {path: names for path, names in found.items() if names} == RUNS_AGAIN


def imported_test_modules(tree: ast.AST) -> set[str]:
    """The test modules that are named in an import, however it is written."""
    named: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            named |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            named |= {str(node.module), *(f"{node.module}.{alias.name}" for alias in node.names)}
    return {name for name in named if re.fullmatch(r"tests\.(\w+\.)*test_\w+", name)}


@pytest.mark.parametrize(
    "line",
    [
        "from tests.unit.test_costs import COSTS",
        "from tests.unit import test_costs",
        "import tests.unit.test_costs as costs",
    ],
)
def test_every_import_of_a_test_module_is_seen(line: str) -> None:
    assert imported_test_modules(ast.parse(line)) == {"tests.unit.test_costs"}


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
