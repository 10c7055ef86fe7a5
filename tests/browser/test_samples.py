"""What the other tests make up is what the API would send."""

from __future__ import annotations

from typing import Any

import pytest

from tests.browser.screens import lived_in
from tests.browser.shapes import drift
from tests.support.page import samples

ANSWERS = [
    pytest.param(path, reply, id=f"{path} of {of}")
    for of, everything in (("tests", samples.everything()), ("pictures", lived_in()))
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
