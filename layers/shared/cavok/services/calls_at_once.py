"""Calls in a customer's account at once, for which nobody waits longer than a time limit."""

from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor, wait
from typing import TypeVar

from cavok.domain.access_denied import TIMED_OUT, Reason
from cavok.domain.steps import Evidence, Judgement, Verdict

K = TypeVar("K")
T = TypeVar("T")


def call_at_once(
    calls: Mapping[K, Callable[[], T]], at_once: int, *, seconds: float
) -> dict[K, Future[T]]:
    """Makes the calls, `at_once` at a time. Returns those that ended within the time limit, in the
    order of `calls`.
    """
    pool = ThreadPoolExecutor(at_once)
    futures = {key: pool.submit(call) for key, call in calls.items()}
    wait(futures.values(), timeout=seconds)
    pool.shutdown(wait=False, cancel_futures=True)
    return {key: each for key, each in futures.items() if each.done() and not each.cancelled()}


def no_answer_within(seconds: float) -> Judgement:
    """The judgement of a call that did not end within the time limit."""
    return Judgement(
        verdict=Verdict.INCONCLUSIVE,
        evidence=Evidence.NONE,
        reason=Reason.ERROR,
        error_code=TIMED_OUT,
        detail=f"no answer within {seconds} seconds",
    )
