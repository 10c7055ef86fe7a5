"""What the tests of the emulator's corrections share."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from tests.support.piped_emulator import INTERPRETER, PipedEmulator


@pytest.fixture(scope="session")
def emulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[PipedEmulator]:
    if not INTERPRETER.exists():
        pytest.skip("the emulator is not installed: make stack")
    made = PipedEmulator(tmp_path_factory.mktemp("emulator"))
    yield made
    made.close()


@pytest.fixture
def new_account_number() -> Callable[[], str]:
    """Makes 12-digit account numbers that no other test uses."""
    return lambda: f"7{random.randrange(10**11):011d}"
