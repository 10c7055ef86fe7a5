"""What the modules have in common whose tests run in Firefox too."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright

from tests.support.page import firefox

needs_firefox = pytest.mark.skipif(
    not firefox.find(), reason="no firefox-esr here (Debian: apt install firefox-esr)"
)


@pytest.fixture(scope="module")
def launched(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    """In the place of Chromium."""
    browser = firefox.launch(playwright, tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.close()
