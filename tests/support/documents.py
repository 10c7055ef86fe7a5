"""Tables of the documents under docs, as data."""

from __future__ import annotations

import re

from local.catalog import COSTS
from local.settings import ROOT

RUNBOOK = (ROOT / "docs" / "operating.md").read_text()


def runbook_rows(heading: str, level: int = 2) -> list[list[str]]:
    """The cells of the table under a heading, without its head."""
    _, _, rest = RUNBOOK.partition(f"\n{'#' * level} {heading}\n")
    section = re.split(r"\n##+ ", rest)[0]
    lines = [line for line in section.splitlines() if line.startswith("| ")]
    return [[cell.strip() for cell in line.strip("|").split(" | ")] for line in lines[2:]]


def cost_row(unit: str) -> str:
    """The row of a unit in docs/costs.md, without its name."""
    (row,) = re.findall(rf"^\| {unit} \|(.*)$", COSTS.read_text(), re.M)
    return str(row)


def cost_figures(unit: str) -> list[int]:
    """The whole numbers in the row of a unit."""
    return [int(number) for number in re.findall(r"\d+", cost_row(unit))]


def sealed_secrets() -> list[tuple[str, ...]]:
    """The rows of the architecture's table: secret, context, sealed by, opened by, lies in."""
    page = (ROOT / "docs" / "architecture.md").read_text()
    table = page.partition("| secret | context |")[2].partition("\n\n")[0]
    return re.findall(rf"^\| (\w[^|]+) {4 * '[|] ([^|]+) '}\|$", table, re.MULTILINE)
