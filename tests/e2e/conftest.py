"""What the tests of the deployed local stack share: the stack itself, and accounts of nobody's."""

from __future__ import annotations

import random
from collections.abc import Callable

import pytest

from local import stack as local_stack
from local.stack import Stack


@pytest.fixture(scope="session")
def stack() -> Stack:
    """The running local stack; `make test` starts it."""
    return local_stack.load()


@pytest.fixture
def new_account_number() -> Callable[[], str]:
    """Makes 12-digit account numbers that no other test uses."""
    return lambda: f"7{random.randrange(10**11):011d}"
