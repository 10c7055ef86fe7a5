"""How corrections of the emulator are applied. What they correct is tested in tests/e2e."""

from __future__ import annotations

from types import ModuleType
from typing import Any

import pytest

from local.fidelity import correction
from local.fidelity.correction import GapMoved, corrects, replaces


@pytest.fixture
def emulator(monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.setattr(correction, "_registered", [])
    module: Any = ModuleType("emulator")
    module.double = lambda number: 2 * number
    module.version = "1"
    return module


def test_corrections_of_one_function_build_on_each_other(emulator: Any) -> None:
    @corrects(emulator, "double")
    def add_one(original: Any, number: int) -> int:
        return int(original(number)) + 1

    @corrects(emulator, "double")
    def negate(original: Any, number: int) -> int:
        return -int(original(number))

    @replaces(emulator, "version")
    def append(version: str) -> str:
        return f"{version}.1"

    correction.apply_registered()

    assert emulator.double(4) == -9
    assert emulator.version == "1.1"


def test_a_correction_whose_target_is_gone_is_not_skipped(emulator: Any) -> None:
    corrects(emulator, "triple")(lambda original: original())

    with pytest.raises(GapMoved, match=r"emulator\.triple"):
        correction.apply_registered()
