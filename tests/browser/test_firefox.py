"""The tests of what is true now, in Firefox: each is collected here again, with another browser."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Playwright

from tests.browser.test_what_is_true_now import *  # noqa: F403
from tests.support.page import firefox

pytestmark = pytest.mark.skipif(
    not firefox.find(), reason="no firefox-esr here (Debian: apt install firefox-esr)"
)


@pytest.fixture(scope="module")
def launched(playwright: Playwright, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    browser = firefox.launch(playwright, tmp_path_factory.mktemp("firefox"))
    yield browser
    browser.close()
