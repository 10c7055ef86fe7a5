"""What git says of this checkout."""

from __future__ import annotations

import subprocess
from pathlib import Path


def git(folder: Path, *words: str) -> str | None:
    """The output of a git command in this folder; None if it failed."""
    done = subprocess.run(["git", *words], cwd=folder, capture_output=True, text=True, check=False)
    return None if done.returncode else done.stdout.strip()
