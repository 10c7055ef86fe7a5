"""What the other tests make up is what the API would send."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest
from playwright.sync_api import Playwright

from tests.browser.screens import BY_LANG, IN_LOCALE, LOCALE, last_afternoon, lived_in
from tests.browser.shapes import drift
from tests.support.page import chromium, samples

PICTURES = lived_in(last_afternoon(datetime(2026, 3, 1, 9, tzinfo=UTC)))
ANSWERS = [
    pytest.param(path, reply, id=f"{path} of {of}")
    for of, everything in (("tests", samples.everything()), ("pictures", PICTURES))
    for path, reply in everything.items()
    if not callable(reply)
]


@pytest.mark.parametrize(("path", "reply"), ANSWERS)
def test_a_sample_has_the_shape_of_the_apis_answer(path: str, reply: Any) -> None:
    method = "POST" if path.endswith("/detection") else "GET"
    assert drift(method, path.replace("[0-9]", "0"), 200, reply) is None


def test_a_sample_that_drifts_is_found() -> None:
    assert drift("GET", "/v1/accounts/a/usage", 200, {**samples.USAGE, "left": 1})
    assert drift("GET", "/v1/accounts/a/usage", 200, {**samples.USAGE, "used": "many"})


def test_fields_for_times_in_pictures_are_in_the_language_of_the_others(
    playwright: Playwright,
) -> None:
    browser = chromium.launch(playwright, BY_LANG)
    page = browser.new_page(locale=LOCALE)
    page.set_content('<html lang="en"><input type="time" value="19:30">')
    page.evaluate(IN_LOCALE, LOCALE)
    tree = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")
    parts = [node["name"]["value"] for node in tree["nodes"] if "name" in node]
    browser.close()
    assert "19" in parts
    assert "AM/PM" not in parts
