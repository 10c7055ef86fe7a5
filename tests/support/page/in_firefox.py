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
def in_firefox(
    playwright: Playwright, tmp_path_factory: pytest.TempPathFactory, stack: Stack
) -> Iterator[Browser]:
    browser = _started(playwright, tmp_path_factory.mktemp("firefox"), stack.dashboard_url)
    yield browser
    browser.close()


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
