"""The Chromium of the browser tests: found, or installed (make chromium).

Its headless shell is preferred. It draws pages and no window around them, in a third of the time.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from playwright.sync_api import sync_playwright

from local import stack
from local.display import step
from local.settings import Problem

_SHELL = "chromium-headless-shell"
_PROGRAMS = (
    _SHELL,
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_BY_APT = ("apt-get", "install", "-qqy", "--no-install-recommends")
_SHELL_BY_APT = (*_BY_APT, _SHELL)
_WAYS = {
    True: ((("apt-get", "update", "-qq"), _SHELL_BY_APT), ((*_BY_APT, "chromium"),)),
    False: (((sys.executable, "-m", "playwright", "install", "chromium"),),),
}
"""By whether apt may be used: the ways to install a browser, best first."""


def find() -> str | None:
    """Path of this machine's Chromium or Chrome. None leaves the choice to Playwright, which has
    its own.
    """
    return next((path for path in map(shutil.which, _PROGRAMS) if path), None)


def main() -> None:
    """Installs the headless shell, if nobody must be asked, or any browser if there is none.

    Raises Problem if there is no browser afterwards.
    """
    may_use_apt = os.geteuid() == 0 and bool(shutil.which("apt-get"))
    if shutil.which(_SHELL) or (_is_there() and not may_use_apt):
        return
    with step("Chromium installed"):
        # Where a browser is there, no run of the tests waits for the lists of packages.
        for commands in ((_SHELL_BY_APT,),) if _is_there() else _WAYS[may_use_apt]:
            output = _run(commands)
            if _is_there():
                return
        raise Problem(
            "The browser tests need Chromium, which cannot be installed here. Install it "
            f"(Debian: apt install {_SHELL}) and try again.\n{output}"
        )


def _run(commands: Iterable[tuple[str, ...]]) -> str:
    """What the command that failed said; nothing if none did."""
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    for command in commands:
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            return (done.stdout + done.stderr).strip()[-1500:]
    return ""


def _is_there() -> bool:
    return bool(find()) or _playwright_has_its_own()


def _playwright_has_its_own() -> bool:
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


if __name__ == "__main__":
    stack.run(main)
