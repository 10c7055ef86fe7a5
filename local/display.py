"""Output of the commands: steps with their durations, in color on a terminal, else plain lines."""

from __future__ import annotations

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from rich.console import Console

console = Console(highlight=False, soft_wrap=True)
error_console = Console(stderr=True, highlight=False, soft_wrap=True)
"""For errors: stdout may be captured in a variable or a pipe."""


@dataclass
class Step:
    """A step that is shown while it runs. `outcome` is printed beside its title at the end."""

    title: str
    outcome: str = ""
    quick: bool = False
    """Nothing had to be done, so no duration is shown."""
    skipped: bool = False
    """It could not be done, which is not a failure."""
    seconds: float | None = None
    """How long it took, if it began before it was shown."""


@contextmanager
def step(title: str) -> Iterator[Step]:
    """Show `title` while the body runs, then a tick and the duration, or a cross if it raises."""
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
    waited = time.monotonic() - started
    seconds = waited if current.seconds is None else current.seconds
    took = "" if current.quick else f" [dim]{seconds:.1f} s[/]"
    outcome = f" [dim]{current.outcome}[/]" if current.outcome else ""
    symbol = "[yellow]–[/]" if current.skipped else "[green]✔[/]"
    console.print(f"{symbol} {title}{outcome}{took}")
