"""The numbers of docs/reliability.md: `make reliability` writes them, and each test that makes one
compares it, so that the document cannot go stale.
"""

from __future__ import annotations

import os
import re
import resource
import subprocess
import sys
import tempfile
from pathlib import Path

from local.settings import ROOT

DOCUMENT = ROOT / "docs" / "reliability.md"
INSTRUMENTS = (
    "test_every_call_fails.py",
    "test_every_act_fails.py",
    "test_interleaved_operations.py",
    "test_interleaved_accounts.py",
    "test_interleaved_schedules.py",
    "test_follow_outcome.py",
    "test_model.py",
)
TABLES = ("faults", "acts", "interleavings")
_ROWS = "RELIABILITY_ROWS"
"""The folder to which the rows go; unset while tests compare."""


def counted(table: str, name: str, *numbers: int) -> None:
    """Compares a row with the document's."""
    row = f"| {name} | {' | '.join(str(number) for number in numbers)} |"
    if folder := os.environ.get(_ROWS):
        (Path(folder) / f"{table}.{re.sub('[^a-z0-9]+', '-', name)}").write_text(row)
        return
    found = [each for each in rows(table) if each.startswith(f"| {name} |")]
    assert found == [row], f"docs/reliability.md says {found}, not {row}: make reliability"


def rows(table: str) -> list[str]:
    """The rows of a table of the document, without its head and its sum."""
    return _part(DOCUMENT.read_text(), table).splitlines()[3:-1]


def _part(text: str, table: str) -> str:
    begin, end = f"<!-- {table} -->\n", f"<!-- end of {table} -->"
    return text[text.index(begin) + len(begin) : text.index(end)]


def _written(text: str, table: str, found: list[str]) -> str:
    """The document with these rows in a table, and their sum."""
    before = _part(text, table)
    columns = zip(*(row.split("|")[2:-1] for row in found), strict=True)
    total = " | ".join(f"{sum(map(int, column)):,}" for column in columns)
    head = before.splitlines()[:3]
    return text.replace(before, "\n".join([*head, *found, f"| **all** | {total} |", ""]))


def _cpu_seconds() -> float:
    """Of the tests that ran so far."""
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    return used.ru_utime + used.ru_stime


def main() -> int:
    """Runs the instruments, one after the other, and writes their numbers and times."""
    text, times = DOCUMENT.read_text(), []
    with tempfile.TemporaryDirectory() as folder:
        for instrument in INSTRUMENTS:
            before = _cpu_seconds()
            ran = subprocess.run(
                [sys.executable, "-m", "pytest", "-q", f"tests/integration/{instrument}"],
                cwd=ROOT,
                env=os.environ | {_ROWS: folder},
                check=False,
            )
            if ran.returncode:
                return ran.returncode
            times.append(f"| `{instrument}` | {_cpu_seconds() - before:.0f} |")
        for table in TABLES:
            found = sorted(path.read_text() for path in Path(folder).glob(f"{table}.*"))
            text = _written(text, table, found)
    DOCUMENT.write_text(_written(text, "seconds", times))
    return 0


if __name__ == "__main__":
    sys.exit(main())
