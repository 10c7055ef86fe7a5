"""What `make sweep` says about a sweep."""

from __future__ import annotations

import pytest

from local.sweep import Swept, summary


@pytest.mark.parametrize(
    ("swept", "words"),
    [
        (Swept(0, ()), "nothing was due: press Test, or change an account, or wait"),
        (Swept(12, ()), "12 tested"),
        (Swept(6, ("a", "b")), "8 tested, 2 in tests of their own"),
    ],
)
def test_a_sweep_in_words(swept: Swept, words: str) -> None:
    assert summary(swept) == words
