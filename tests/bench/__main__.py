"""`python -m tests.bench` (make bench): start-up, CPU, wall-clock, sizes and the page, as tables.

With `--write`, docs/performance.md gets them too. Exit status 1 if a function starts slower than
its limit.
"""

from __future__ import annotations

import argparse
import sys

from local import stack as local_stack
from local import sweep as local_sweep
from local.display import console, step
from local.settings import ROOT

sys.path.insert(0, str(ROOT / "layers" / "shared"))

from tests.bench import packages, page, start_up, sweep, warm_request, whole_test
from tests.bench.result import Result, show, write
from tests.support.page.measures import FRAMES


def main() -> int:
    parser = argparse.ArgumentParser(prog="tests.bench", description=__doc__)
    parser.add_argument("--runs", type=int, default=15, help="samples of each (default 15)")
    parser.add_argument("--write", action="store_true", help="put the tables into docs/")
    options = parser.parse_args()
    if options.runs < 7:
        parser.error("medians of fewer than 7 samples say little")
    stack = local_stack.load()
    local_sweep.change_schedule(stack, State="DISABLED")  # until the next `make up`
    with step("Start-up of each function as a whole process"):
        starts = start_up.measure(options.runs)
    with step("A warm request in process"):
        request, get_item, listing = warm_request.measure(options.runs)
    with step("A whole test on the local stack"):
        workflow, script = whole_test.measure(stack, options.runs)
    with step("The page in Chromium"):
        seen = page.measure(stack, options.runs)
    results = [
        _starts(starts, options.runs),
        _pair(
            f"CPU of a warm GET /v1/accounts/{{id}}, medians of {options.runs} samples of"
            f" {warm_request.CALLS}",
            ("boto3 GetItem", get_item.cpu),
            ("the API's function", request.cpu),
            (f"the same, a list of {warm_request.LISTED} accounts", listing.cpu),
        ),
        _pair(
            f"Wall-clock of a whole test of 22 steps, medians of {options.runs}",
            ("plain script, one call after another", script.wall),
            ("verify_account, with seals, table and progress", workflow.wall),
        ),
        _sizes(packages.measure()),
        *_page(seen, options.runs),
    ]
    show(results)
    if options.write:
        write("measured", results)
    slow = [s for s in starts if s.ratio > s.limit]
    for s in slow:
        console.print(f"[bold red]{s.function} starts {s.ratio:.2f}x; at most {s.limit}x.[/]")
    return max(1 if slow else 0, sweep.measure(stack, options.runs, written=options.write))


def _starts(starts: list[start_up.StartUp], runs: int) -> Result:
    base = starts[0].baseline
    rows = [("import boto3, a DynamoDB client", _ms(base.wall), _ms(base.cpu), "1.00x", "", "")]
    for s in starts:
        ready = f"{s.ready_ratio:.2f}x" if s.ready_ratio else ""
        own = (_ms(s.imported.wall), _ms(s.imported.cpu), f"{s.ratio:.2f}x", f"{s.limit:.1f}x")
        rows.append((s.function, *own, ready))
    columns = ("start-up", "wall", "CPU", "ratio", "at most", "with its first clients")
    return Result(f"Start-up as a whole process, medians of {runs}", columns, rows)


def _pair(title: str, baseline: tuple[str, float], *ours: tuple[str, float]) -> Result:
    rows = [
        (name, f"{seconds * 1000:.2f} ms", f"{seconds / baseline[1]:.2f}x")
        for name, seconds in (baseline, *ours)
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
                ("longest task", _long_task(scrolling.longest_task_ms)),
                ("rows in the document at most", str(seen.rows_at_most)),
            ],
        ),
    ]


def _long_task(milliseconds: float) -> str:
    """The browser reports only tasks of 50 ms or more."""
    return f"{milliseconds:.0f} ms" if milliseconds else "none of 50 ms"


def _ms(seconds: float) -> str:
    return f"{seconds * 1000:.0f} ms"


def _kilobytes(size: int) -> str:
    return f"{size / 1000:,.0f} kB"


if __name__ == "__main__":
    local_stack.run(lambda: sys.exit(main()))
