"""The README's tour of the API works as it stands there."""

from __future__ import annotations

import re
import subprocess
import sys

import pytest

from local import sweep
from local.settings import ROOT
from local.stack import Stack


def _tour() -> str:
    """The shell lines under “A tour of the API”."""
    readme = (ROOT / "README.md").read_text()
    section = readme.partition("## A tour of the API")[2]
    lines = re.search(r"```sh\n(.*?)```", section, re.DOTALL)
    assert lines
    return lines[1]


def _run(*command: str) -> str:
    ended = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, timeout=240, check=False
    )
    assert ended.returncode == 0, ended.stderr + ended.stdout[-2000:]
    return ended.stdout


@pytest.mark.timeout(600)
def test_every_line_of_the_tour_works(stack: Stack) -> None:
    before = sweep.schedule(stack)
    try:
        _run(sys.executable, "-m", "local.up")  # the tour begins where `make up` ended
        assert sweep.schedule(stack)["State"] == "ENABLED"
        said = _run("bash", "-euo", "pipefail", "-c", _tour())
    finally:
        sweep.change_schedule(stack, **before)
    assert '"status": "unconfirmed"' in said
    assert "aws iam create-role --role-name 'CavokCloud'" in said
    assert '"outcome": "confirmed"' in said
    assert '"organization_arn": "arn:aws:organizations::400000000001:organization/' in said
    assert said.count('"ou_path": "Root/Shops"') == 6
    assert "&stackName=CavokOrganization&" in said
    assert "Delete the stack in the account in which you deployed it." in said
    assert "\nconfirmed\nStaging2\n" in said
