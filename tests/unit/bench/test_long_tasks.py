"""Which tasks of a trace of Chromium count, and what is said of the longest."""

from __future__ import annotations

from typing import Any

from tests.bench.__main__ import longest_tasks, of_longest_tasks
from tests.bench.long_tasks import LongestTask, longest_of
from tests.bench.measure import Sample
from tests.bench.targets import missed

PAGE, OTHER = 1, 2


def event(name: str, at: int, thread: int = PAGE, **more: Any) -> dict[str, Any]:
    return {"name": name, "pid": 7, "tid": thread, "ts": at, "args": {}, **more}


NAMED = event("thread_name", 0, args={"name": "CrRendererMain"})


def task(at: int, dur: int, thread: int = PAGE, **more: Any) -> dict[str, Any]:
    return event("RunTask", at, thread, dur=dur, **more)


def test_the_longest_by_the_clock_and_the_one_with_the_most_cpu_may_be_two() -> None:
    tasks = [task(0, 90_000, tdur=20_000), task(100_000, 60_000, tdur=50_000)]

    assert longest_of([NAMED, *tasks]) == Sample(wall=0.09, cpu=0.05)


def test_a_task_whose_cpu_chromium_leaves_out_counts_as_long_as_it_took() -> None:
    assert longest_of([NAMED, task(0, 70_000), task(80_000, 10, tdur=9)]).cpu == 0.07


def test_a_task_had_no_more_cpu_than_time() -> None:
    tasks = [task(0, 22_000, tdur=84_000), task(30_000, 24_000, tdur=17_000)]

    assert longest_of([NAMED, *tasks]) == Sample(wall=0.024, cpu=0.022)


def test_other_threads_and_tasks_in_which_the_bench_looks_at_the_page_do_not_count() -> None:
    looks = [task(0, 80_000, tdur=80_000), event("DevToolsSession::DispatchProtocolCommand", 5)]
    others = [task(0, 90_000, OTHER, tdur=90_000), event("RunTask", 100_000)]

    trace = [NAMED, *looks, *others, task(90_000, 30_000, tdur=20_000)]

    assert longest_of(trace) == Sample(wall=0.03, cpu=0.02)


def test_a_long_task_is_said_as_it_was_here_and_as_it_is_on_the_reference() -> None:
    found = {"scrolling": LongestTask(Sample(wall=0.08, cpu=0.066), slower=1.4)}

    assert longest_tasks(found).rows == [("scrolling", "80 ms", "66 ms", "47 ms")]
    (measured,) = of_longest_tasks(found)
    assert measured.is_met


def test_a_view_with_a_long_task_is_a_miss() -> None:
    long = LongestTask(Sample(wall=0.1, cpu=0.1), slower=1)
    found = list(of_longest_tasks({"health": long}))

    said = missed(found, {one.target for one in found})

    assert len(said) == 1
    assert "(health): 100 ms, at most 50 ms" in said[0]
