"""The tests of what is true now, in Firefox: each is collected here again, with another browser."""

from __future__ import annotations

from tests.browser.conditions import API_DOWN, PLAIN, TWO_TABS
from tests.browser.test_what_is_true_now import *  # noqa: F403
from tests.support.page.in_firefox import launched, needs_firefox

__all__ = ["launched"]

pytestmark = needs_firefox

CONDITIONS = (PLAIN, API_DOWN, TWO_TABS)
"""A slow network is as slow in Chromium."""

# They read the bodies of requests, which WebDriver BiDi does not tell.
for name in (
    "test_a_webhook_that_another_has_changed_is_shown_and_not_overwritten",
    "test_a_new_secret_leaves_what_another_has_changed",
    "test_a_webhook_whose_secret_was_lost_on_its_way_is_offered_a_new_one",
):
    del globals()[name]
