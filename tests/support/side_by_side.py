"""Runs all tests at the same time: `make test`.

The e2e tests mostly wait, so the other parts have the processors meanwhile. e2e and browser tests
each have a stack of their own, because they inject faults, run sweeps and inspect queues: the e2e
tests the one of `make up`, the browser tests one that is stopped afterwards. The browser tests
take longest, so some of them run beside the others, once a part has ended that takes a processor.
The outputs are shown one after the other, and their summaries once more at the end. The exit
status is 1 if a part failed. Ctrl-C ends all.
"""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from local.settings import LOGS, ROOT, STACK_VARIABLE

_FURTHER_STACK = {STACK_VARIABLE: "browser", "CAVOK_PORT": ""}
_WITHOUT_A_STACK = ["tests/unit", "tests/integration"]
_SUMMARY = "short test summary info"

AFTER_E2E = [f"tests/browser/test_{name}.py" for name in ("keyboard", "the_list")]
"""On the stack of the e2e tests. So many that all parts end at about the same time."""

AFTER_UNIT = [
    f"tests/browser/test_{name}.py"
    for name in (
        "accessibility",
        "enrollments",
        "health",
        "jump",
        "schedules",
        "weight",
        "what_is_true_now",
    )
]
"""On the stack of the other browser tests, beside them: they do nothing there but load pages."""


@dataclass(frozen=True)
class Part:
    """A running pytest, whose output goes to a log."""

    name: str
    log: Path
    process: subprocess.Popen[bytes]

    @property
    def summary(self) -> str:
        """The tests that failed, if any, and pytest's last line."""
        lines = self.log.read_text(errors="replace").rstrip().splitlines() or ["no output"]
        found = [number for number, line in enumerate(lines) if _SUMMARY in line]
        return "\n".join(lines[found[-1] if found else -1 :])

    def show(self, meanwhile: Callable[[], None]) -> None:
        """Copies the output to the terminal until the part ends. Calls `meanwhile` again and again,
        and once more at the end.
        """
        print(f"\n{self.name} tests", flush=True)
        with self.log.open("rb") as written:
            while self.process.poll() is None:
                _copy(written)
                meanwhile()
                time.sleep(0.2)
            _copy(written)
        meanwhile()


def main(options: Sequence[str] = ()) -> int:
    """Runs all parts to their end. `options`: of the unit and integration tests. Returns the exit
    status.
    """
    signal.signal(signal.SIGTERM, signal.default_int_handler)
    LOGS.mkdir(parents=True, exist_ok=True)
    parts: list[Part] = []
    with _ending(parts):
        parts.append(_start("e2e", ["tests/e2e"], {}))
        # It writes the build, of which there are tests.
        _stack("up")
        parts.append(_start("unit and integration", [*_WITHOUT_A_STACK, *options], {}))
        others = [f"--ignore={path}" for path in (*AFTER_E2E, *AFTER_UNIT)]
        parts.append(_start("browser", ["tests/browser", *others], _FURTHER_STACK))
        after = {"e2e": (AFTER_E2E, {}), "unit and integration": (AFTER_UNIT, _FURTHER_STACK)}

        def start_following() -> None:
            for part in parts:
                if part.name in after and part.process.poll() is not None:
                    parts.append(_start(f"browser after {part.name}", *after.pop(part.name)))

        for part in parts:  # which become more meanwhile
            part.show(start_following)
    for part in parts:
        print(f"\n{part.name} tests: {part.summary}")
    return 1 if len(parts) < 5 or any(part.process.returncode for part in parts) else 0


@contextmanager
def _ending(parts: list[Part]) -> Iterator[None]:
    """Whatever happens, no part runs on, and the further stack does not."""
    try:
        with suppress(KeyboardInterrupt, subprocess.CalledProcessError):
            yield
    finally:
        for part in parts:
            if part.process.poll() is None:
                part.process.send_signal(signal.SIGINT)
        for part in parts:
            part.process.wait()
        _stack("down")


def _start(name: str, tests: list[str], variables: Mapping[str, str]) -> Part:
    log = LOGS / f"{name.replace(' ', '-')}-tests.log"
    color = "yes" if sys.stdout.isatty() else "no"
    with log.open("wb") as file:
        process = subprocess.Popen(
            [sys.executable, "-m", "pytest", f"--color={color}", *tests],
            cwd=ROOT,
            env=_environment(variables),
            stdin=subprocess.DEVNULL,
            stdout=file,
            stderr=subprocess.STDOUT,
            # Ctrl-C reaches it once, from us.
            start_new_session=True,
        )
    return Part(name, log, process)


def _stack(command: str) -> None:
    subprocess.run(
        [sys.executable, "-m", "local.stack", command],
        cwd=ROOT,
        env=_environment(_FURTHER_STACK),
        check=command == "up",
    )


def _environment(variables: Mapping[str, str]) -> dict[str, str]:
    columns = str(shutil.get_terminal_size().columns)
    return {**os.environ, "COLUMNS": columns, "PYTHONUNBUFFERED": "1", **variables}


def _copy(written: IO[bytes]) -> None:
    sys.stdout.buffer.write(written.read())
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
