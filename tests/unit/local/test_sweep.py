"""What `make sweep` says about the item counts of a map run."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from local.sweep import summary

NONE = {"succeeded": 0, "failed": 0, "timedOut": 0, "aborted": 0, "pending": 0, "total": 0}


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ({}, "nothing was due: press Test, or change an account, or wait"),
        (NONE, "nothing was due: press Test, or change an account, or wait"),
        (NONE | {"succeeded": 12, "total": 12}, "12 of 12 tested"),
        (
            NONE | {"succeeded": 6, "failed": 5, "aborted": 1, "total": 12},
            "6 of 12 tested, 5 failed, 1 aborted",
        ),
    ],
)
def test_counts_in_words(counts: Mapping[str, int], words: str) -> None:
    assert summary(counts) == words
