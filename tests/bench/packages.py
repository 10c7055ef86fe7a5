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
    files = sorted(path for path in root.rglob("*") if path.is_file())
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in files:
            archive.write(path, _inside(root, path))
    return Package(name, len(buffer.getvalue()), sum(path.stat().st_size for path in files))


def _inside(root: Path, path: Path) -> str:
    return str(path.relative_to(root))
