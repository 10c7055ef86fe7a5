"""Each part of the bench that people start by itself."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from local.settings import ROOT


@pytest.mark.parametrize(
    "module",
    ["tests.bench", "tests.bench.memory", "tests.bench.organization", "tests.bench.sweep"],
)
def test_it_starts_in_a_process_whose_path_has_no_layer(module: str) -> None:
    environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
    command = [sys.executable, "-m", module, "--help"]
    subprocess.run(command, cwd=ROOT, env=environment, check=True, capture_output=True)
