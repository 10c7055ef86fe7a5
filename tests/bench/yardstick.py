"""A fixed piece of work that no package and no layer takes part in: how fast this machine is now.

Seconds of work on it are given as those of one machine, so that another one, and other load, change
little of what is calculated for AWS. Whether Lambda's processors are faster or slower than that one
is not known here.
"""

from __future__ import annotations

import os
import resource
import subprocess
import sys
import time
from collections.abc import Mapping
from dataclasses import dataclass
from statistics import median

from tests.bench.measure import Sample

WORK = """
import json
lines = "\\n".join(f"def f{n}(a, *, b={n}): return [a + c for c in range(b)]" for n in range(1500))
exec(compile(lines, "yardstick", "exec"), {})
text = json.dumps([{"name": str(n), "values": list(range(20))} for n in range(2000)])
for _ in range(5): json.loads(text)
"""

REFERENCE = 0.092
"""Seconds of CPU that the work takes on the machine that all are given for. Measured on 2026-11-28
with 2 quiet cores of x86_64 and Python 3.11.7.
"""

_HOLDS = 5.0
"""Seconds. A machine's speed changes with what else runs on it."""


@dataclass
class Yardstick:
    """How many times slower than the reference this machine is."""

    _seen: float = 1.0
    _seen_at: float = -_HOLDS

    def slower(self) -> float:
        """As it is now, or was at most _HOLDS seconds ago."""
        if time.monotonic() - self._seen_at >= _HOLDS:
            self._seen = median(running(WORK, {}).cpu for _ in range(3)) / REFERENCE
            self._seen_at = time.monotonic()
        return self._seen


def on_the_reference(took: Sample, slower: float, throttled: float = 0) -> Sample:
    """What was measured on a machine so many times slower, on the reference: its work ends sooner,
    and so do the seconds in which it was `throttled`, held back by its share of a processor. Its
    other waiting does not. Nothing is shorter than its work.
    """
    work = took.cpu / slower
    # A group that is held back on two processors counts both.
    busy = min(took.cpu + throttled, took.wall)
    return Sample(max(work, took.wall - busy * (1 - 1 / slower)), work)


def running(code: str, environment: Mapping[str, str]) -> Sample:
    """A fresh interpreter, with the standard library alone, until its end. It writes no
    bytecode.
    """
    command = [sys.executable, "-I", "-S", "-B", "-c", code]
    before, started = _cpu_of_children(), time.perf_counter()
    subprocess.run(command, env={"PATH": os.environ["PATH"], **environment}, check=True)
    return Sample(time.perf_counter() - started, _cpu_of_children() - before)


def _cpu_of_children() -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN)
    return usage.ru_utime + usage.ru_stime
