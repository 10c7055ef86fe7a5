"""What replaces threads where a test simulates the time."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from concurrent.futures import Future
from typing import Any


class WithoutThreads:
    """A pool that runs at once what it is given."""

    def __init__(self, _: int) -> None:
        pass

    def shutdown(self, **_: bool) -> None:
        pass

    def submit(self, run: Callable[..., Any], *given: Any) -> Future[Any]:
        future = Future[Any]()
        try:
            future.set_result(run(*given))
        except Exception as error:  # noqa: BLE001  as ThreadPoolExecutor does
            future.set_exception(error)
        return future


def call_at_once(
    calls: Mapping[str, Callable[[], None]], _: int, *, seconds: float
) -> dict[str, Future[None]]:
    """As `cavok.services.calls_at_once` does, one after another, and all in time."""
    pool = WithoutThreads(1)
    return {key: pool.submit(call) for key, call in calls.items()}
