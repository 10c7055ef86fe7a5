"""Sizes of the deployed packages, the layer and each function: unzipped and zipped."""

from __future__ import annotations

import io
import zipfile
from dataclasses import dataclass
from pathlib import Path

from tests.bench.functions import BUILD, LAYER, built_functions


@dataclass(frozen=True)
class Package:
    """Sizes in bytes."""

    name: str
    zipped: int
    unzipped: int


def measure() -> list[Package]:
    return [package(name) for name in (LAYER, *built_functions())]


def package(name: str) -> Package:
    root = BUILD / name
    return Package(name, zipped(root), sum(path.stat().st_size for path in _files(root)))


def zipped(root: Path) -> int:
    """The bytes of a zip of what a package holds."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in _files(root):
            archive.write(path, str(path.relative_to(root)))
    return len(buffer.getvalue())


def _files(root: Path) -> list[Path]:
    return sorted(path for path in root.rglob("*") if path.is_file())
