"""`make smoke` works, on the local stack. This checks it, and says nothing about AWS."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest

from local.settings import ROOT, STACK_NAME
from local.stack import Stack
from tests.smoke.rows import ROWS

MAY_BE_MISSING = ("Alarms' metrics", "A workflow's own calls", "ListStreams", "An answer to HEAD")
"""No account need be due. The emulator has no metrics of the API, and gives a 304 a length of 0."""


@pytest.mark.timeout(600)
def test_a_run_proves_what_a_run_can_prove(
    stack: Stack, new_account_number: Callable[[], str], tmp_path: Path
) -> None:
    profiles = {"stack": stack.workload_account_id, "customer": new_account_number()}
    config = tmp_path / "config"
    config.write_text(
        "".join(
            f"[profile {name}]\naws_access_key_id = {number}\naws_secret_access_key = local\n"
            for name, number in profiles.items()
        )
    )
    kept = {k: v for k, v in os.environ.items() if not k.startswith("AWS_") and k != "MAKEFLAGS"}
    ended = subprocess.run(
        ["make", "smoke", f"STACK={STACK_NAME}", "PROFILE=stack", f"REGION={stack.region}",
         "ACCOUNT_PROFILE=customer"],
        cwd=ROOT,
        env=kept | {"AWS_ENDPOINT_URL": stack.emulator_url, "AWS_CONFIG_FILE": str(config)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip

    assert ended.returncode == 0, ended.stdout + ended.stderr
    expected = {
        row.point for row in ROWS if row.proves and not row.point.startswith(MAY_BE_MISSING)
    }
    assert [point for point in expected if f"proven     {point}" not in ended.stdout] == []
