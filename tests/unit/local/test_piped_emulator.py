"""What the tests of the emulator's corrections rely on."""

from __future__ import annotations

from unittest.mock import Mock

import pytest

from tests.support.piped_emulator import PipedEmulator


def test_a_test_that_was_interrupted_leaves_no_answer_to_the_next(
    emulator: PipedEmulator, monkeypatch: pytest.MonkeyPatch
) -> None:
    first, second = (emulator.client("sts", number) for number in ("111111111111", "222222222222"))
    with monkeypatch.context() as patch:
        interrupted = Mock(readline=Mock(side_effect=KeyboardInterrupt))
        patch.setattr(emulator._process, "stdout", interrupted)
        with pytest.raises(KeyboardInterrupt):
            first.get_caller_identity()

    assert second.get_caller_identity()["Account"] == "222222222222"
