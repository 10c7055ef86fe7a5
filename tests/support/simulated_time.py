"""Latency without a clock: a call takes one unit of simulated time, and threads take as long as the
longest of them.

Nothing waits, so no test depends on how busy the machine is. A pool of few threads takes longer
than one of many, as it would with real latency.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import Any

import pytest


class SimulatedTime:
    """The time of each thread, in calls."""

    def __init__(self) -> None:
        self._thread = threading.local()
        self._lock = threading.Lock()
        self._free: dict[ThreadPoolExecutor, list[int]] = {}

    @property
    def now(self) -> int:
        return getattr(self._thread, "now", 0)

    def reach(self, time: int) -> None:
        self._thread.now = max(self.now, time)

    def call(self) -> None:
        """One call was made and answered."""
        self._thread.now = self.now + 1

    def run(self, pool: ThreadPoolExecutor, submitted: int, work: Callable[[], Any]) -> Any:
        """Does the work when a thread of the pool is free, and returns its result and its end."""
        with self._lock:
            free = self._free.setdefault(pool, [0] * pool._max_workers)
            begin = max(submitted, heapq.heappop(free))
        self._thread.now = begin
        try:
            return work()
        finally:
            with self._lock:
                heapq.heappush(free, self.now)


@contextmanager
def simulated_time(monkeypatch: pytest.MonkeyPatch) -> Iterator[SimulatedTime]:
    """Time as the current thread sees it, across pools of threads."""
    time = SimulatedTime()
    submit, result = ThreadPoolExecutor.submit, Future.result
    ends: dict[Future[Any], list[int]] = {}

    def submitting(
        pool: ThreadPoolExecutor, work: Callable[..., Any], /, *args: Any, **named: Any
    ) -> Future[Any]:
        submitted, end = time.now, [0]

        def timed() -> Any:
            try:
                return time.run(pool, submitted, lambda: work(*args, **named))
            finally:
                end[0] = time.now

        future = submit(pool, timed)
        ends[future] = end
        return future

    def waiting(future: Future[Any], timeout: float | None = None) -> Any:
        try:
            return result(future, timeout)
        finally:
            time.reach(ends.get(future, [0])[0])

    with monkeypatch.context() as patched:
        patched.setattr(ThreadPoolExecutor, "submit", submitting)
        patched.setattr(Future, "result", waiting)
        yield time
