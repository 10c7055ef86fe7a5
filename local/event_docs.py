"""Writes the schemas and the table under docs/events from the registry of events."""

from __future__ import annotations

import json
from pathlib import Path

from cavok.domain.events import REGISTRY, EventDeclaration
from local.settings import ROOT

FOLDER = ROOT / "docs" / "events"
README = FOLDER / "README.md"
HEAD = "| detail-type | when | source | schema |\n| --- | --- | --- | --- |\n"


def generated() -> dict[Path, str]:
    """What each file must hold."""
    files = {
        FOLDER / declaration.file_name: json.dumps(declaration.schema(), indent=2) + "\n"
        for declaration in REGISTRY.values()
    }
    return files | {README: _with_table(README.read_text())}


def _with_table(text: str) -> str:
    """The page with the table of the registry in place of the one that it has."""
    before, _, rest = text.partition(HEAD)
    after = rest[rest.index("\n\n") :]
    rows = [
        f"| `{one.type}` | {one.when} | {_source(one)} | [v1]({one.file_name}) |"
        for one in REGISTRY.values()
    ]
    return before + HEAD + "\n".join(rows) + after


def _source(one: EventDeclaration) -> str:
    return f"`{one.source}`" if one.source else "none: to webhooks alone"


def main() -> None:
    for path, text in generated().items():
        path.write_text(text)


if __name__ == "__main__":
    main()
