"""Tables of measurements, for the terminal and for docs/performance.md."""

from __future__ import annotations

import os
import platform
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from importlib.metadata import version

from rich.table import Table

from local.display import console
from local.settings import ROOT

_DOCUMENT = ROOT / "docs" / "performance.md"
_TOOLS = ("boto3", "pydantic", "pynamodb", "aws-lambda-powertools")


@dataclass(frozen=True)
class Result:
    """A table for the terminal and for the document."""

    title: str
    columns: tuple[str, ...]
    rows: list[tuple[str, ...]]

    def as_rich(self) -> Table:
        table = Table(title=self.title, title_justify="left")
        for index, column in enumerate(self.columns):
            table.add_column(column, justify="right" if index else "left")
        for row in self.rows:
            table.add_row(*row)
        return table

    def as_markdown(self) -> str:
        rule = ("---", *("---:" for _ in self.columns[1:]))
        lines = [f"| {' | '.join(row)} |" for row in (self.columns, rule, *self.rows)]
        return "\n".join((f"**{self.title}**", "", *lines))


def show(results: Sequence[Result]) -> None:
    for result in results:
        console.print(result.as_rich())
    console.print(circumstances())


def write(part: str, results: Sequence[Result]) -> None:
    """Replaces the tables between the marks of a part of the document."""
    begin, end = f"<!-- {part}: begin -->", f"<!-- {part}: end -->"
    before, _, rest = _DOCUMENT.read_text().partition(begin)
    _, _, after = rest.partition(end)
    tables = "\n\n".join(result.as_markdown() for result in results)
    _DOCUMENT.write_text(
        f"{before}{begin}\n\n{circumstances()}\n\n{tables}\n\n{end}{after}", encoding="utf-8"
    )
    console.print(f"Written to {_DOCUMENT.relative_to(ROOT)}")


def circumstances() -> str:
    machine = f"{os.cpu_count()} cores of {platform.machine()}, {platform.system()}"
    versions = ", ".join(f"{name} {version(name)}" for name in _TOOLS)
    return (
        f"{datetime.now(UTC):%Y-%m-%d}, {machine}, Python {platform.python_version()}, {versions}."
    )
