"""Time, for corrections of what takes some. Their tests have a clock of their own: see
`tests/support/piped_emulator_process.py`.
"""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any


def now() -> float:
    """In seconds, since whenever."""
    return time.monotonic()


def later(seconds: float, act: Callable[..., Any], *arguments: Any) -> None:
    """Act then, in the scope of the present request."""
    asyncio.get_running_loop().call_later(seconds, act, *arguments)


def wait(event: threading.Event, until: float) -> None:
    """Wait for the event, in a thread of its own, and no longer."""
    event.wait(max(0.0, until - now()))
