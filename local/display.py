"""What the commands show: steps with their durations, in colour on a terminal and as plain lines
elsewhere.
"""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
complaints = Console(stderr=True, highlight=False, soft_wrap=True)
"""For what went wrong: stdout may be on its way into a variable or a pipe."""


@dataclass
class Step:
    """A part of the work that is being shown; `outcome` is said beside it when it is done."""

    title: str
    outcome: str = ""
    quick: bool = False
    """Nothing had to be done: no duration is worth showing."""
    skipped: bool = False
    """It could not be done, and that is not a failure."""


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show `title` while the body runs, then a tick and how long it took; a cross if it raises."""
    started = time.monotonic()
    current = Step(title)
    try:
        if console.is_terminal:
            with console.status(f"{title} …"):
                yield current
        else:
            yield current
    except BaseException:
        console.print(f"[red]✘[/] {title}")
        raise
    seconds = time.monotonic() - started
    took = "" if current.quick else f" [dim]{seconds:.1f} s[/]"
    outcome = f" [dim]{current.outcome}[/]" if current.outcome else ""
    symbol = "[yellow]–[/]" if current.skipped else "[green]✔[/]"
    console.print(f"{symbol} {title}{outcome}{took}")
