"""Latency without a clock: a call takes one unit of simulated time, and threads take as long as the
longest of them.

Nothing waits and no thread runs, so no test depends on how busy the machine is. A pool of few
threads takes longer than one of many, as it would with real latency.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest


class SimulatedTime:
    """The time of whoever is at work, in calls."""

    def __init__(self) -> None:
        self.now = 0
        self._free: dict[ThreadPoolExecutor, list[int]] = {}

    def reach(self, time: int) -> None:
        self.now = max(self.now, time)

    def call(self) -> None:
        """One call was made and answered."""
        self.now += 1

    def run(self, pool: ThreadPoolExecutor, work: Callable[[], None]) -> int:
        """Does the work as from when a thread of the pool is free, and returns its end. For whoever
        submitted it, no time passes.
        """
        submitted = self.now
        free = self._free.setdefault(pool, [0] * pool._max_workers)
        self.now = max(submitted, heapq.heappop(free))
        work()
        end, self.now = self.now, submitted
        heapq.heappush(free, end)
        return end


@contextmanager
def simulated_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedTime]:
    """Time as whoever is at work sees it, across pools of threads."""
    time, result = SimulatedTime(), Future.result
    ends: dict[Future[Any], int] = {}

    def submitting(
        pool: ThreadPoolExecutor, work: Callable[..., Any], /, *args: Any, **named: Any
    ) -> Future[Any]:
        future = Future[Any]()

        def done() -> None:
            try:
                future.set_result(work(*args, **named))
            except Exception as error:  # noqa: BLE001  as a thread of a pool does
                future.set_exception(error)

        ends[future] = time.run(pool, done)
        return future

    def waiting(future: Future[Any], timeout: float | None = None) -> Any:
        try:
            return result(future, timeout)
        finally:
            time.reach(ends.get(future, 0))

    with monkeypatch.context() as patched:
        patched.setattr(ThreadPoolExecutor, "submit", submitting)
        patched.setattr(Future, "result", waiting)
        yield time
