"""The page's function as `sam build` makes it."""

from __future__ import annotations

import importlib.util
import sys
import tempfile
from functools import cache
from pathlib import Path
from types import ModuleType

from functions.dashboard import build_page

_FOLDER = tempfile.TemporaryDirectory(prefix="cavok-page-")
"""Deleted at the end of the process."""


@cache
def folder() -> Path:
    """The artifact: the handler, and beside it what it serves."""
    path = Path(_FOLDER.name)
    build_page.main(path)
    return path


@cache
def app() -> ModuleType:
    """The module of the handler, which serves the files that were built beside it."""
    spec = importlib.util.spec_from_file_location("built_page", folder() / "app.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.path.append(str(folder()))  # for the modules beside it
    spec.loader.exec_module(module)
    return module
