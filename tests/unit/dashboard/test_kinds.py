"""The page knows each kind of instance that the backend knows."""

from __future__ import annotations

import re

import pytest

from cavok.domain.kinds import Kind
from local.settings import ROOT

STATIC = ROOT / "functions/dashboard/static"
TEXTS = (STATIC / "views/texts.js").read_text()
VIEW = (STATIC / "views/instances.js").read_text()


def words_of(constant: str) -> set[str]:
    """The strings of `const NAME = new Set([…])`."""
    found = re.search(rf"^const {constant} = new Set\(\[(.*?)\]\);$", VIEW, re.MULTILINE)
    assert found, constant
    return set(re.findall(r'"([^"]+)"', found[1]))


def test_each_kind_has_a_title_on_the_page() -> None:
    found = re.search(r"^ +kinds: \{ (.*) \},$", TEXTS, re.MULTILINE)
    assert found

    assert re.findall(r'(\w+): "[^"]+"', found[1]) == list(Kind)


@pytest.mark.parametrize(
    ("constant", "expected"),
    [
        ("STOPPABLE", {kind.descriptor.running for kind in Kind}),
        ("STARTABLE", {kind.descriptor.stopped for kind in Kind}),
        ("RESTARTED_BY_AWS", {kind for kind in Kind if kind.descriptor.restarted_by_aws}),
    ],
)
def test_the_page_offers_a_start_or_stop_in_the_same_states(
    constant: str, expected: set[str]
) -> None:
    assert words_of(constant) == expected


def test_what_else_is_at_rest_on_the_page_is_gone() -> None:
    """`AT_REST` adds to both states above those in which an instance stays until it is left out."""
    others = words_of("AT_REST")

    assert others
    assert others <= {state for kind in Kind for state in kind.descriptor.hidden}
