"""Mutation testing of the domain: `make mutants`, or MODULES="issues fixes" for some modules.

mutmut changes one thing at a time in a copy of a module, and runs the domain's unit tests. A mutant
that no test notices survives; docs/mutants.md explains those that may. All modules take an hour and
a half, so CI does not run it.

mutmut names a module by its path from the root. So it works in a folder where `cavok` lies at the
root, as the tests import it.
"""

import argparse
import shutil
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable, Iterator
from subprocess import PIPE

from local.settings import ROOT

FOLDER = ROOT / ".local" / "mutants"
COPIED = (
    *("tests", "local", "events", "functions", "docs", "statemachines"),
    "template.yaml",
)
DOMAIN = ROOT / "layers" / "shared" / "cavok" / "domain"

CONFIGURATION = """
[tool.pytest.ini_options]
pythonpath = ["."]
addopts = ["--import-mode=importlib", "--strict-markers", "--timeout=300"]
markers = ["slow: takes more than ten seconds"]

[tool.mutmut]
source_paths = ["cavok"]
only_mutate = [{modules}]
also_copy = [{copied}]
pytest_add_cli_args = ["-p", "no:cacheprovider", "-q", "-x"]
pytest_add_cli_args_test_selection = [{tests}]
use_git_change_detection = false
"""


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    every = sorted(path.stem for path in DOMAIN.glob("[!_]*.py"))
    parser.add_argument("modules", nargs="*", default=every, help="of cavok.domain")
    parser.add_argument("--tests", nargs="*", default=["tests/unit/domain"])
    parser.add_argument("--processes", default="1")
    options = parser.parse_args()
    shutil.rmtree(FOLDER, ignore_errors=True)
    FOLDER.mkdir(parents=True)
    shutil.copytree(ROOT / "layers" / "shared" / "cavok", FOLDER / "cavok")
    for name in COPIED:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, FOLDER / name)
        else:
            shutil.copy(place, FOLDER / name)
    configuration = CONFIGURATION.format(
        modules=_listed(f"cavok/domain/{module}.py" for module in options.modules),
        copied=_listed(COPIED),
        tests=_listed(options.tests),
    )
    (FOLDER / "pyproject.toml").write_text(configuration)
    mutmut = [sys.executable, "-m", "mutmut"]
    subprocess.run([*mutmut, "run", "--max-children", options.processes], cwd=FOLDER, check=True)
    results = subprocess.run(
        [*mutmut, "results", "--all", "true"], cwd=FOLDER, check=True, text=True, stdout=PIPE
    )
    print(*_summary(results.stdout), sep="\n")


def _summary(results: str) -> Iterator[str]:
    """Lines of mutmut, such as `cavok.domain.ids.x_is_id__mutmut_1: killed`, as the names of those
    that were not, and how many of each module were.
    """
    of_module: dict[str, list[str]] = defaultdict(list)
    for line in filter(None, map(str.strip, results.splitlines())):
        name, _, result = line.rpartition(": ")
        of_module[name.split(".")[2]].append(result)
        if result != "killed":
            yield line
    for module, found in sorted(of_module.items()):
        killed = found.count("killed")
        yield f"{module:20} {killed:5} of {len(found):5} killed {100 * killed // len(found):4} %"


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


if __name__ == "__main__":
    main()
