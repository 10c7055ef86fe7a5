"""`python -m tests.bench` (make bench): starts, CPU, wall-clock, sizes, a person's test, the page
and the sweep, as tables.

With `--write`, docs/performance.md gets them too. Exit status 1 if a target of `targets.py` is not
met: everything is measured first, and what is missed is said at the end.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterator, Mapping
from statistics import median

from local import stack as local_stack
from local import sweep as local_sweep
from local.display import console, step
from local.settings import ROOT

sys.path.insert(0, str(ROOT / "layers" / "shared"))

from local import catalog
from tests.bench import (
    memory,
    neighbours,
    packages,
    page,
    persons_test,
    prepared,
    start_up,
    sweep,
    targets,
    warm_request,
    whole_test,
)
from tests.bench.functions import memory_of
from tests.bench.long_tasks import LongestTask
from tests.bench.measure import Medians
from tests.bench.persons_test import AT_ONCE, PersonsTest
from tests.bench.result import Result, show, write
from tests.bench.stand_in import LATENCY
from tests.bench.targets import Measured
from tests.bench.workflows import TRANSITION
from tests.support.page.measures import FRAMES


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="samples of each (default 15)")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    options = parser.parse_args()
    if options.runs < 7:
        parser.error("medians of fewer than 7 samples say little")
    stack = local_stack.load_current()
    local_sweep.change_schedule(stack, State="DISABLED")  # until the next `make up`
    with step("The starts of each function"):
        starts = start_up.measure(options.runs)
    with step("Warm requests in process"):
        warm = warm_request.measure(options.runs)
        beside = warm_request.neighbours(options.runs)
    with prepared.stand_in_for_aws() as (functions, aws):
        with step("A person's test, as on AWS") as current:
            persons = persons_test.measure(functions, aws)
            current.outcome = f"{functions.how}; {aws.late()}"
        swept, of_the_sweep = sweep.results(stack, functions, aws)
    with prepared.stand_in_for_aws() as (functions, aws):  # one in which no account is due
        memories, of_memories = memory.results(functions, aws)
    with step("A whole test on the local stack"):
        workflow, script = whole_test.measure(stack, options.runs)
    with step("Requests beside an organization at its limits, on the local stack"):
        over_http = neighbours.measure(stack, options.runs)
    with step("Messages beside those for another organization's slow receiver, there"):
        messages = neighbours.measure_messages(stack)
    with step("The page in Chromium"):
        seen = page.measure(stack, options.runs)
    found = packages.measure()
    measured = [
        Measured(targets.LAYER_SIZE, found[0].zipped / 1e6),
        *of_starts(starts),
        Measured(targets.FIRST_ANSWER, first_answer(persons[AT_ONCE])),
        *of_persons_tests(persons),
        Measured(targets.BESIDE_ONE_AT_ITS_LIMITS, beside.beside / beside.alone),
        Measured(targets.BESIDE_A_SLOW_RECEIVER, messages.beside - messages.alone),
        Measured(targets.ONE_ACCOUNT, warm["request"].cpu / warm["get"].cpu),
        Measured(targets.LIST_OF_ACCOUNTS, warm["list"].cpu / warm["batch"].cpu),
        *(
            Measured(target, value, view)
            for view, received in seen.weights.items()
            for target, value in (
                (targets.FIRST_VIEW_WEIGHT, sum(received) / 1000),
                (targets.FIRST_VIEW_REQUESTS, len(received)),
            )
        ),
        *of_longest_tasks(seen.longest_tasks),
        *of_the_sweep,
        *of_memories,
    ]
    results = [
        targets.table(measured),
        _starts(starts, options.runs),
        *_persons_test(persons, functions.how),
        _warm(warm, options.runs),
        _neighbours("95 of 100 warm requests of another organization", beside),
        _neighbours("The same on the local stack, over HTTP, at once", over_http),
        _messages(messages),
        _pair(
            f"Wall-clock of a whole test of 22 steps on the local stack, medians of {options.runs}",
            ("plain script, one call after another", script.wall),
            ("verify_account, with seals, table and progress", workflow.wall),
        ),
        _sizes(found),
        *_page(seen, options.runs),
    ]
    show([*results, *memories, *swept])
    if options.write:
        write("measured", results)
        write("memory", memories)
        write("sweep", swept)
        catalog.write_costs()  # Lambda's GB-seconds are from these tables
    misses = targets.missed(measured)
    for sentence in misses:
        console.print(f"[bold red]{sentence}[/]")
    return 1 if misses else 0


def of_starts(starts: list[start_up.StartUp]) -> Iterator[Measured]:
    """Of each function, also of those that have no start to be compared with."""
    for one in starts:
        if one.function in start_up.WITHOUT_LAYER:
            yield Measured(targets.PAGE_START, one.yardsticks)
        elif one.of_before is None:
            yield Measured(targets.NEW_STARTS, one.yardsticks, one.function)
        else:
            yield Measured(targets.STARTS, 100 * one.of_before, one.function)


def first_answer(pressed: PersonsTest) -> float:
    """Seconds of the API's function, cold: of each test that began so, the median."""
    invocations = pressed.cold.invocations
    return median(one.seconds for one in invocations if one.function == "AccountsApi")


def of_persons_tests(persons: Mapping[str, PersonsTest]) -> Iterator[Measured]:
    """With each `ProbesAtOnce`: the default is what a new stack has."""
    for at_once, one in persons.items():
        of = f"`ProbesAtOnce` {at_once}"
        yield Measured(targets.COLD_TEST, one.cold.seconds, of)
        yield Measured(targets.COLD_TEST_WITH_SHARES, one.cold_with_shares.seconds, of)
        yield Measured(targets.WARM_TEST, one.warm.seconds, of)
        yield Measured(targets.WARM_TEST_AFTER_A_PAUSE, one.warm_after_a_pause.seconds, of)
        yield Measured(targets.TRANSITIONS, one.warm.transitions, of)


def of_longest_tasks(tasks: Mapping[str, LongestTask]) -> Iterator[Measured]:
    for name, task in tasks.items():
        yield Measured(targets.LONGEST_TASK, task.reference_ms, name)


def _starts(starts: list[start_up.StartUp], runs: int) -> Result:
    yardstick = starts[0].yardstick.cpu
    rows = [("the yardstick", "", _ms(yardstick), "1.0", "")]
    for s in starts:
        left = f"{100 * s.of_before:.0f} %" if s.of_before else "was not there"
        if s.function in start_up.WITHOUT_LAYER:
            left = "has no layer"
        times = (_ms(s.imported.cpu), _ms(s.ready.cpu), f"{s.yardsticks:.1f}")
        rows.append((s.function, *times, left))
    columns = ("CPU time", "INIT", "with its first clients", "yardsticks", "before")
    return Result(f"Starts, the least of {runs}", columns, rows)


def _persons_test(persons: Mapping[str, PersonsTest], how: str) -> list[Result]:
    latency = f"{LATENCY * 1000:.0f} ms a call, {TRANSITION * 1000:.0f} ms a state"
    pressed = persons[AT_ONCE]
    whole = [
        (f"{kind}, `ProbesAtOnce` {at_once}", f"{one.seconds:.2f} s", str(one.transitions))
        for at_once, both in persons.items()
        for kind, one in (
            ("all functions cold", both.cold),
            ("all functions cold, if INIT had its share too", both.cold_with_shares),
            ("warm", both.warm),
            ("warm, after a pause that closed all connections", both.warm_after_a_pause),
        )
    ]
    functions = dict.fromkeys(one.function for one in pressed.cold.invocations)
    return [
        Result(
            f"From pressing Test until the verdict is stored: {latency}; {how}",
            ("", "calculated", "state transitions"),
            whole,
        ),
        Result(
            "Its functions, medians of their invocations",
            ("wall-clock", "memory", "INIT", "first invocation", "warm"),
            [(f, f"{memory_of(f)} MB", *_phases(pressed, f)) for f in functions],
        ),
    ]


def _phases(pressed: PersonsTest, function: str) -> Iterator[str]:
    first = [t for t in pressed.cold.invocations if t.function == function and t.init]
    warm = [t for t in pressed.warm.invocations if t.function == function]
    yield _ms(median(one.init.wall for one in first if one.init))
    for invocations in (first, warm):
        yield _ms(median(one.invocation.took.wall for one in invocations))


def _warm(warm: Mapping[str, Medians], runs: int) -> Result:
    rows = [
        (name, f"{warm[of].cpu * 1000:.2f} ms", f"{warm[of].cpu / warm[to].cpu:.2f}x")
        for name, of, to in (
            ("boto3 GetItem", "get", "get"),
            ("GET /v1/accounts/{id}", "request", "get"),
            (f"boto3 BatchGetItem of {warm_request.LISTED} accounts", "batch", "batch"),
            (f"a list of {warm_request.LISTED} accounts", "list", "batch"),
        )
    ]
    return Result(f"CPU of warm requests, the least of {runs}", ("", "least", "ratio"), rows)


def _neighbours(title: str, found: warm_request.Neighbours) -> Result:
    rows = [
        (name, _ms(seconds), f"{seconds / found.alone:.2f}x")
        for name, seconds in (
            ("alone", found.alone),
            ("with refusals to an organization at its limits", found.beside),
            ("such a refusal, median", found.refusal),
        )
    ]
    return Result(title, ("", "p95", "ratio"), rows)


def _messages(found: neighbours.Messages) -> Result:
    rows = [
        ("alone", f"{found.alone:.1f} s"),
        ("beside 200 for another organization's slow receiver", f"{found.beside:.1f} s"),
    ]
    title = "Until ten messages for a webhook have arrived, on the local stack"
    return Result(title, ("", "measured"), rows)


def _pair(title: str, baseline: tuple[str, float], ours: tuple[str, float]) -> Result:
    rows = [
        (name, f"{seconds * 1000:.2f} ms", f"{seconds / baseline[1]:.2f}x")
        for name, seconds in (baseline, ours)
    ]
    return Result(title, ("", "median", "ratio"), rows)


def _sizes(found: list[packages.Package]) -> Result:
    rows = [(p.name, _kilobytes(p.zipped), _kilobytes(p.unzipped)) for p in found]
    return Result("Package sizes", ("package", "zipped", "unzipped"), rows)


def _page(seen: page.Measured, runs: int) -> list[Result]:
    weights = [
        (name, f"{sum(received) / 1000:.1f} kB", str(len(received)))
        for name, received in seen.weights.items()
    ]
    base = seen.opening[page.FEW].wall
    opening = [
        (f"{count:,} accounts", _ms(median.wall), f"{median.wall / base:.2f}x")
        for count, median in seen.opening.items()
    ]
    scrolling = seen.scrolling
    return [
        Result(
            "The page's first view, with an empty cache",
            ("view", "over the wire", "requests"),
            weights,
        ),
        Result(
            f"From opening the page to a painted list, medians of {runs}",
            ("", "median", "ratio"),
            opening,
        ),
        Result(
            "Cumulative layout shift while a view opens",
            ("view", "shift"),
            [(name, f"{shift:.4f}") for name, shift in seen.shifts.items()],
        ),
        Result(
            f"Scrolling through {page.MANY:,} accounts, {FRAMES} frames that replace every row",
            ("", "measured"),
            [
                ("processor time a frame", f"{scrolling.cpu_ms:.1f} ms"),
                ("frames over 50 ms", str(scrolling.slow_frames)),
                ("rows in the document at most", str(seen.rows_at_most)),
            ],
        ),
        longest_tasks(seen.longest_tasks),
    ]


def longest_tasks(tasks: Mapping[str, LongestTask]) -> Result:
    rows = [
        (name, _ms(one.here.wall), _ms(one.here.cpu), f"{one.reference_ms:.0f} ms")
        for name, one in tasks.items()
    ]
    return Result(
        "Longest task of the page's own thread",
        ("", "by the clock, here", "processor, here", "on the reference"),
        rows,
    )


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _kilobytes(size: int) -> str:
    return f"{size / 1000:,.0f} kB"


if __name__ == "__main__":
    local_stack.run(lambda: sys.exit(main()))
