"""A copy of the code, edited as a recipe of docs/architecture.md says, and what it does then."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path

from local.settings import ROOT


def edit(path: Path, line: str, with_text: str) -> None:
    text = path.read_text()
    assert text.count(line) == 1, f"{path.name} has no line {line!r} to edit"
    path.write_text(text.replace(line, with_text))


def added(name: str, definition: str) -> tuple[str, str]:
    """The edit that adds a group: its definition, and its name at the end of `GROUPS`."""
    text = (ROOT / "layers/shared/cavok/domain/permissions.py").read_text()
    (catalog,) = re.findall(r"^GROUPS = \([^)]*\)\n", text, re.MULTILINE)
    names = re.findall(r"\w+", catalog.removeprefix("GROUPS"))
    return catalog, f"{definition}\nGROUPS = ({', '.join((*names, name))})\n"


def add(layer: Path, *edits: tuple[str, str], probes: dict[str, str]) -> None:
    """Makes the edits of the catalog, and adds a probe an action."""
    for line, with_text in edits:
        edit(layer / "cavok/domain/permissions.py", line, with_text)
    entries = "".join(f"    {action!r}: Probe({call}),\n" for action, call in probes.items())
    head = "PROBES: Mapping[str, Probe] = {\n"
    edit(layer / "cavok/adapters/customer/probes.py", head, head + entries)


def copied(to: Path) -> Path:
    """A copy of what the unit tests and `make catalog` read."""
    for name in ("docs", "events", "functions", "layers", "local", "statemachines", "tests"):
        shutil.copytree(ROOT / name, to / name, ignore=shutil.ignore_patterns("__pycache__"))
    for name in ("pyproject.toml", "template.yaml"):
        shutil.copy(ROOT / name, to / name)
    return to


def run(copy: Path, *arguments: str) -> None:
    done = subprocess.run(
        [sys.executable, "-m", *arguments],
        cwd=copy,
        env={
            "PYTHONPATH": f"{copy / 'layers/shared'}:{copy}",
            "PYTHONPYCACHEPREFIX": sys.pycache_prefix or "",
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr
