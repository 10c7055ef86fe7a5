"""The running stack, for whoever measures or tests it."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from local import deploy, process, stack
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
