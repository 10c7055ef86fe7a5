"""What the other tests make up is what the API would send."""

from __future__ import annotations

import pytest

from tests.browser.shapes import drift
from tests.support.page import samples

PATHS = {path: reply for path, reply in samples.everything().items() if not callable(reply)}


@pytest.mark.parametrize("path", PATHS)
def test_a_sample_has_the_shape_of_the_apis_answer(path: str) -> None:
    assert drift("GET", path.replace("[0-9]", "0"), 200, PATHS[path]) is None


def test_a_sample_that_drifts_is_found() -> None:
    assert drift("GET", "/v1/accounts/a/usage", 200, {**samples.USAGE, "left": 1})
    assert drift("GET", "/v1/accounts/a/usage", 200, {**samples.USAGE, "used": "many"})
