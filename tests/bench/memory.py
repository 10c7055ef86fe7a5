"""The memory that each function should have, by what it was measured to take: a part of
`python -m tests.bench` (make bench), and by itself
`python -m tests.bench.memory [--write | --only FUNCTION]`.

Each function runs its usual event with a whole processor: start, first and further invocations.
What it would take with each size follows from its processor time and the share that the size gives;
what it would cost, from the time. A function that somebody waits for gets the smallest size that is
hardly slower than a whole processor; any other the cheapest, which is the smallest that suffices.
"""

from __future__ import annotations

import argparse
import sys
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from statistics import median

from local import stack as local_stack
from local.display import step
from local.settings import ROOT, Problem

sys.path.insert(0, str(ROOT / "layers" / "shared"))

from tests.bench import prepared, targets, usual
from tests.bench.bill import COLD, MILLION, PRICES, Work
from tests.bench.functions import ExecutionEnvironment, Functions, memory_of
from tests.bench.measure import Medians, Sample
from tests.bench.persons_test import press
from tests.bench.prepared import connect_accounts
from tests.bench.reckoning import WHOLE_PROCESSOR, share_of_a_processor, with_a_share
from tests.bench.result import Result, show, write
from tests.bench.stand_in import StandIn
from tests.bench.targets import Measured
from tests.bench.workflows import Invoked, Pool

STARTS, WARM = 5, 3
"""Execution environments of each function, and further invocations in each."""

SIZES = (128, 256, 512, 1024, WHOLE_PROCESSOR)
"""MB that a function may get."""

FILLED, LAMBDAS_OWN = 1 / 2, 30 * 1024**2
"""The most of its memory that a function may have filled, since an unusual event takes more; and
bytes that are assumed for Lambda's own part of the process, which is not here.
"""

SLOWER, NOTICED = 0.1, 0.01
"""How much longer a function that somebody waits for may take than with a whole processor, cold or
warm: a tenth, or so many seconds.
"""

CLOSE = (SLOWER - 0.03, SLOWER, SLOWER + 0.03)
"""Two runs of the bench differ. The template's size is right if it would be by one of these."""

WAITED_FOR = frozenset({"AccountsApi", "DashboardPage", "InstancesApi"})
"""Somebody sits before the answer, of the API or the page."""

_OF_A_TEST = (WHOLE_PROCESSOR, "a person waits for all functions of the workflow in turn")

GIVEN: Mapping[str, tuple[int, str]] = {
    "OpenSession": _OF_A_TEST,
    "ProbeAccount": (
        WHOLE_PROCESSOR,
        "weighs large policies and lists of twenty regions, for which a sweep has no time",
    ),
    "ProbePermission": _OF_A_TEST,
    "ReadOrganization": (
        512,
        "holds a whole AWS Organization, and not only the one that is measured",
    ),
    "ReconcileClocks": (1024, "holds the names of all clocks: 67 MB for each 100,000"),
    "RecordVerification": _OF_A_TEST,
    "SurveyRegions": _OF_A_TEST,
    "SweepAccounts": (1024, "a page of 720 calls of 4 ms must end within 8 s"),
    "WriteCustomerLog": _OF_A_TEST,
}
"""Sizes for what a usual event does not show, and why. It must fit them all the same."""


# ---- what each takes


@dataclass(frozen=True)
class Times:
    """What a function took with a whole processor, medians; `peak`: the most bytes it has had."""

    function: str
    init: Medians
    first: Medians
    warm: Medians
    peak: int

    def cold(self, memory: int) -> float:
        """Seconds from the event to the answer, if an environment has to start. A start has a whole
        processor, whatever the memory.
        """
        return self.init.wall + _with(self.first, memory)

    def again(self, memory: int) -> float:
        """The same in an environment that is there."""
        return _with(self.warm, memory)

    def dollars_of_a_million(self, memory: int) -> float:
        """Of invocations, some of which start an environment."""
        start = max(0.0, self.cold(memory) - self.again(memory))
        work = Work(1, self.again(memory), start, memory / 1024)
        one = work.gb_seconds * PRICES["Lambda GB-second"] + PRICES["Lambda request"]
        return one * MILLION

    def fits(self, memory: int) -> bool:
        return self.peak + LAMBDAS_OWN <= FILLED * memory * 1024**2

    def is_quick(self, memory: int, slower: float = SLOWER) -> bool:
        """Whether it hardly takes longer than with a whole processor."""
        return all(
            time(memory) <= time(WHOLE_PROCESSOR) + max(slower * time(WHOLE_PROCESSOR), NOTICED)
            for time in (self.cold, self.again)
        )

    def size(self, slower: float = SLOWER) -> int:
        """The MB that it should have."""
        if self.function in GIVEN:
            return GIVEN[self.function][0]
        enough = [one for one in SIZES if self.fits(one)] or [SIZES[-1]]
        if self.function in WAITED_FOR:
            return next(one for one in enough if self.is_quick(one, slower) or one == enough[-1])
        return min(enough, key=self.dollars_of_a_million)

    @property
    def wanted(self) -> str:
        """The size, for people; what is known of it if what was measured does not fit."""
        size = self.size()
        return f"{size} MB" if self.fits(size) else f"more than {size} MB"

    @property
    def why(self) -> str:
        if self.function in GIVEN:
            return GIVEN[self.function][1]
        if self.function in WAITED_FOR:
            return "somebody waits"
        return "nobody waits: the cheapest"


def _with(took: Medians, memory: int) -> float:
    return with_a_share(Sample(took.wall, took.cpu), share_of_a_processor(memory)).wall


def measure(functions: Functions, aws: StandIn, only: str = "") -> list[Times]:
    """All functions, or only one that has events of its own. The stand-in has our resources; see
    `prepared`.
    """

    def start(name: str) -> ExecutionEnvironment:
        return functions.start(name, WHOLE_PROCESSOR)

    found: dict[str, list[list[Invoked]]] = {} if only else _of_persons_tests(start, aws)
    with Pool(start, one_each=True) as pool, usual.scene(pool, aws) as here:
        for function, events in usual.EVENTS.items():
            if only in ("", function):
                found[function] = _of_events(start, function, events(here))
    return [_times(function, found[function]) for function in sorted(found)]


def _of_persons_tests(
    start: Callable[[str], ExecutionEnvironment], aws: StandIn
) -> defaultdict[str, list[list[Invoked]]]:
    """By function, the invocations of each environment. The first test is not counted, since moto
    loads itself service by service.
    """
    (account,) = connect_accounts(1, first=usual.FIRST - 1)
    found = defaultdict[str, list[list[Invoked]]](list)
    for number in range(STARTS + 1):
        with Pool(start) as pool:
            for minute in range(1 + WARM):
                press(pool, aws, account, now=60.0 * minute)
        for function in {one.function for one in pool.invocations if number}:
            found[function].append([one for one in pool.invocations if one.function == function])
    return found


def _of_events(
    start: Callable[[str], ExecutionEnvironment], function: str, events: Iterator[object]
) -> list[list[Invoked]]:
    """The same of one function. The first environment is not counted."""
    found = []
    for _ in range(STARTS + 1):
        with Pool(start, one_each=True) as pool:
            for _ in range(1 + WARM):
                _check(pool.invoke(function, next(events), 0))
        found.append(list(pool.invocations))
    return found[1:]


def _check(invoked: Invoked) -> None:
    """Raises Problem if the function refused its event."""
    result = invoked.invocation.result
    if result.get("batchItemFailures") or result.get("statusCode", 0) >= HTTPStatus.BAD_REQUEST:
        raise Problem(f"{invoked.function}: {result}")


def _times(function: str, found: Sequence[Sequence[Invoked]]) -> Times:
    every = [one for invocations in found for one in invocations]
    started = [one for one in every if one.init]
    return Times(
        function,
        init=Medians.of([one.init for one in started if one.init]),
        first=Medians.of([one.invocation.took for one in started]),
        warm=Medians.of([one.invocation.took for one in every if not one.init]),
        peak=round(median(one.invocation.peak for one in every)),
    )


# ---- tables


def results(
    functions: Functions, aws: StandIn, only: str = ""
) -> tuple[list[Result], list[Measured]]:
    """The tables, and the target: that the template has the sizes."""
    with step("Each function's usual event") as current:
        asked = len(aws.calls)
        found = measure(functions, aws, only)
        current.outcome = aws.late(since=asked)
    others = [one for one in found if not _is_right(one)]
    return [_chosen_sizes(found), _latency(found), _sizes(found)], [
        Measured(
            targets.MEMORY, len(others), ", ".join(f"{o.function}: {o.wanted}" for o in others)
        )
    ]


def _is_right(one: Times) -> bool:
    has = memory_of(one.function)
    return one.fits(has) and has in {one.size(slower) for slower in CLOSE}


def _chosen_sizes(found: Sequence[Times]) -> Result:
    rows = [
        (
            one.function,
            f"{one.peak / 1024**2:.0f} MB",
            *(f"{took.cpu * 1000:.0f} ms" for took in (one.init, one.first, one.warm)),
            f"{max(0.0, one.warm.wall - one.warm.cpu) * 1000:.0f} ms",
        )
        for one in found
    ]
    columns = ("CPU time", "peak", "INIT", "first invocation", "warm", "a warm one waits")
    return Result(f"The usual event of each function, medians of {STARTS} starts", columns, rows)


def _latency(found: Sequence[Times]) -> Result:
    rows = [(one.function, *(_both(one, size) for size in SIZES)) for one in found]
    columns = ("cold / warm, ms", *(f"{size} MB" for size in SIZES))
    return Result("Until the answer, by memory", columns, rows)


def _both(one: Times, size: int) -> str:
    if not one.fits(size):
        return "too small"
    return f"{one.cold(size) * 1000:,.0f} / {one.again(size) * 1000:,.0f}"


def _sizes(found: Sequence[Times]) -> Result:
    rows = [
        (
            one.function,
            *(f"{one.dollars_of_a_million(s):.2f}" if one.fits(s) else "–" for s in SIZES),
            f"{memory_of(one.function)} MB" if _is_right(one) else f"**{one.wanted}**",
            one.why,
        )
        for one in found
    ]
    title = f"USD for a million of them, {100 * COLD:.0f} in 100 cold, and the size"
    return Result(title, ("", *(f"{size} MB" for size in SIZES), "size", "why"), rows)


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench.memory", description=__doc__)
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    parser.add_argument("--only", default="", choices=list(usual.EVENTS), help="this function")
    options = parser.parse_args()
    if options.only and options.write:
        parser.error("--write needs all functions")
    if options.write:
        local_stack.load_current()  # whose build is measured
    with prepared.stand_in_for_aws() as (functions, aws):
        found, measured = results(functions, aws, options.only)
    show([targets.table(measured), *found])
    if options.write:
        write("memory", found)
    return 0 if all(one.is_met for one in measured) else 1


if __name__ == "__main__":
    local_stack.run(lambda: sys.exit(main()))
