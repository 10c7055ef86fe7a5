"""Runs a command with another clock: `python3 -m tests.support.at [TIME] COMMAND …`.

    python3 -m tests.support.at make test
    python3 -m tests.support.at "2027-01-31 23:55" make e2e ARGS="-k usage"

Without a TIME (UTC), the clock starts five minutes before the end of this month. The tests, the
embedded AWS and its functions all get the same offset, and time passes as ever. `clock.c` is
compiled for it and preloaded, so it takes Linux and a C compiler. Firefox runs under it.
Chromium does not: its pages get the offset as a script, see `tests/support/page/chromium.py`.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path

from local.settings import CLOCK, HOME
from tests.support.months import seconds_left_in_month

_SOURCE = Path(__file__).with_name("clock.c")
_FORMAT = "%Y-%m-%d %H:%M"


def offset() -> timedelta:
    """How far this process's clock is ahead of the machine's."""
    return timedelta(seconds=int(os.environ.get("CLOCK_AHEAD", "0")))


def without_clock() -> dict[str, str]:
    """The environment, for a program that cannot run with another clock."""
    return {name: value for name, value in os.environ.items() if name not in CLOCK}


def main() -> None:
    """Becomes the command. Exits with a sentence if there is no compiler or no command."""
    now, command = datetime.now(UTC), sys.argv[1:]
    ahead = timedelta(seconds=seconds_left_in_month(now) - 300)
    if time := _time(command):
        ahead, command = time - now, command[1:]
    if not command:
        sys.exit(__doc__)
    values = (str(_library()), str(round(ahead.total_seconds())))
    os.environ.update(zip(CLOCK, values, strict=True))
    os.execvp(command[0], command)


def _library() -> Path:
    compiler = shutil.which("cc")
    if compiler is None:
        sys.exit("Another clock takes a C compiler. On Debian and Ubuntu: apt install gcc")
    library = HOME / "clock.so"
    library.parent.mkdir(exist_ok=True)
    subprocess.run(
        [compiler, "-O2", "-shared", "-fPIC", "-o", str(library), str(_SOURCE), "-ldl"], check=True
    )
    return library


def _time(command: list[str]) -> datetime | None:
    try:
        return datetime.strptime(command[0], _FORMAT).replace(tzinfo=UTC)
    except (IndexError, ValueError):
        return None


if __name__ == "__main__":
    main()
