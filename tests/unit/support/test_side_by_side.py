"""The parts of `make test` that run at the same time."""

import signal
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from tests.support import side_by_side

ROOT = Path(__file__).parents[3]


def test_each_file_is_run_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    runs: list[set[str]] = []
    log = tmp_path / "tests.log"
    log.write_text("1 passed\n")

    def start(name: str, tests: list[str], _variables: Any) -> side_by_side.Part:
        ignored = {each.removeprefix("--ignore=") for each in tests if each.startswith("--")}
        named = [each for each in tests if each.startswith("tests/")]
        runs.append({file for each in named for file in _files(each)} - ignored)
        process: Any = SimpleNamespace(poll=lambda: 0, wait=lambda: 0, returncode=0)
        return side_by_side.Part(name, log, process)

    monkeypatch.setattr(side_by_side, "_start", start)
    monkeypatch.setattr(signal, "signal", lambda *_: None)
    monkeypatch.setattr(side_by_side, "_stack", lambda _command: None)
    assert side_by_side.main() == 0
    assert sorted(file for run in runs for file in run) == [
        *_files("tests/browser"),
        *_files("tests/e2e"),
        *_files("tests/integration"),
        *_files("tests/unit"),
    ]


def _files(path: str) -> list[str]:
    """The files of tests of a folder, or the file itself."""
    if path.endswith(".py"):
        return [path]
    return sorted(str(each.relative_to(ROOT)) for each in (ROOT / path).rglob("test_*.py"))
