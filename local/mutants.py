"""Mutation testing of what decides verdicts: `make mutants`, or MODULES="issues fixes".

mutmut changes one thing at a time in a copy of a module, and runs the domain's unit tests. A mutant
that no test notices survives; docs/mutants.md explains those that may. It takes up to an hour, so
CI does not run it.

mutmut names a module by its path from the root. So it works in a folder where `cavok` lies at the
root, as the tests import it.
"""

import argparse
import shutil
import subprocess
import sys
from collections.abc import Iterable

from local.settings import ROOT

FOLDER = ROOT / ".local" / "mutants"
COPIED = (
    *("tests", "local", "events", "functions", "docs", "statemachines"),
    "template.yaml",
)
MODULES = (
    *("issues", "fixes", "verifications", "steps", "survey", "halving"),
    *("policy_evaluation", "policy_conditions", "policy_matching", "policy_verdicts"),
)
"""What decides verdicts."""

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
    parser.add_argument("modules", nargs="*", default=MODULES, help="of cavok.domain")
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
    subprocess.run([*mutmut, "results"], cwd=FOLDER, check=True)


def _listed(names: Iterable[str]) -> str:
    return ", ".join(f'"{name}"' for name in names)


if __name__ == "__main__":
    main()
