"""The Chromium of the browser tests: found, or installed (make chromium)."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

from playwright.sync_api import sync_playwright

from local import stack
from local.display import step
from local.settings import Problem

_PROGRAMS = (
    "chromium",
    "chromium-browser",
    "google-chrome",
    "google-chrome-stable",
    "/Applications/Google Chrome.app/Contents/MacOS/Google Chrome",
)
_BY_APT = (
    ("apt-get", "update", "-qq"),
    ("apt-get", "install", "-qqy", "--no-install-recommends", "chromium"),
)
_BY_PLAYWRIGHT = ((sys.executable, "-m", "playwright", "install", "chromium"),)


def find() -> str | None:
    """Path of this machine's Chromium or Chrome. None leaves the choice to Playwright, which has
    its own.
    """
    return next((path for path in map(shutil.which, _PROGRAMS) if path), None)


def main() -> None:
    """Install Chromium if it is absent and nobody must be asked. Raises Problem."""
    if find() or _playwright_has_its_own():
        return
    may_use_apt = os.geteuid() == 0 and shutil.which("apt-get")
    environment = {**os.environ, "DEBIAN_FRONTEND": "noninteractive"}
    with step("Chromium installed"):
        for command in _BY_APT if may_use_apt else _BY_PLAYWRIGHT:
            done = subprocess.run(
                command, env=environment, capture_output=True, text=True, check=False
            )
            if done.returncode:
                output = (done.stdout + done.stderr).strip()[-1500:]
                raise Problem(
                    "The browser tests need Chromium, which cannot be installed here. Install it "
                    f"(Debian: apt install chromium) and try again.\n{output}"
                )


def _playwright_has_its_own() -> bool:
    with sync_playwright() as playwright:
        return Path(playwright.chromium.executable_path).exists()


if __name__ == "__main__":
    stack.run(main)
