"""The running stack, for whoever measures or tests it."""

from __future__ import annotations

from pathlib import Path
from unittest.mock import Mock

import pytest

from local import aws, deploy, process, stack
from local.process import Emulator
from local.settings import Problem


@pytest.mark.parametrize("is_current", [True, False])
def test_what_is_measured_is_of_the_files_as_they_are(
    is_current: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    running = Mock()
    monkeypatch.setattr(stack, "load", lambda: running)
    monkeypatch.setattr(process, "running", lambda: Emulator(1, 4566, "run"))
    monkeypatch.setattr(deploy, "is_current", lambda _: is_current)

    if is_current:
        assert stack.load_current() is running
    else:
        with pytest.raises(Problem, match="of other files"):
            stack.load_current()


def test_a_file_that_changes_while_it_is_built_is_built_again(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    emulator, file = Emulator(1, 4566, "run"), tmp_path / "app.py"
    file.write_text("old")
    monkeypatch.setattr(deploy, "_RECORD", tmp_path / "deployed.json")
    monkeypatch.setattr(deploy, "_fingerprint", file.read_text)
    monkeypatch.setattr(deploy, "_sam", lambda *_: file.write_text("new"))
    stacks = {"Stacks": [{"StackStatus": "CREATE_COMPLETE"}]}
    monkeypatch.setattr(
        aws, "cloudformation", lambda _: Mock(**{"describe_stacks.return_value": stacks})
    )

    deploy.deploy(emulator, deploy.build(emulator))
    assert not deploy.is_current(emulator)
    deploy.deploy(emulator, deploy.build(emulator))
    assert deploy.is_current(emulator)
