"""Firefox, for the tests that run in it too."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Error, Playwright

from local.stack import Stack
from tests.support.page import firefox

needs_firefox = pytest.mark.skipif(
    not firefox.find(), reason="no firefox-esr here (Debian: apt install firefox-esr)"
)

_STARTS = 3


@pytest.fixture(scope="session")
def firefoxes(playwright: Playwright) -> Iterator[list[Browser]]:
    """Those that were started, the newest last. They end before Playwright does."""
    started: list[Browser] = []
    yield started
    for browser in started:
        browser.close()


@pytest.fixture
def in_firefox(
    firefoxes: list[Browser],
    playwright: Playwright,
    tmp_path_factory: pytest.TempPathFactory,
    stack: Stack,
) -> Browser:
    """The same for all tests; another one after a crash, which closes it whole."""
    if not firefoxes or not firefoxes[-1].is_connected():
        if firefoxes:
            print("Firefox ended in an earlier test: another one is started.")
        folder = tmp_path_factory.mktemp("firefox")
        firefoxes.append(_started(playwright, folder, stack.dashboard_url))
    return firefoxes[-1]


@pytest.fixture
def launched(in_firefox: Browser) -> Browser:
    """In the place of Chromium."""
    return in_firefox


def _started(playwright: Playwright, folder: Path, address: str) -> Browser:
    """A Firefox that loads pages. On a busy machine, one was seen that never loaded any."""
    for _ in range(_STARTS - 1):
        browser = firefox.launch(playwright, folder)
        with suppress(Error):
            page = browser.new_page()
            page.goto(address)
            page.close()
            return browser
        browser.close()
    return firefox.launch(playwright, folder)
