"""Waiting for what happens by itself."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any, TypeVar

T = TypeVar("T")


def wait_for(
    look: Callable[[], T], good: Callable[[T], Any] = bool, *, what: str = "", seconds: float = 60
) -> T:
    """What `look` returns, once that is `good`. Fails after so many seconds, with what was seen
    last.
    """
    deadline = time.monotonic() + seconds
    while not good(seen := look()):
        assert time.monotonic() < deadline, f"not within {seconds} s: {what or seen}"
        time.sleep(0.2)
    return seen


def eventually(look: Callable[[], T | None], what: str, seconds: float = 60) -> T:
    """What `look` finds, once it finds something."""
    found = wait_for(look, what=what, seconds=seconds)
    assert found is not None
    return found
