"""What the page knows of the kinds of instances follows from their descriptors."""

from __future__ import annotations

import re

from cavok.domain.kinds import Kind
from local import page_kinds
from local.settings import ROOT

VIEWS = ROOT / "functions/dashboard/static/views"


def test_the_page_has_what_the_descriptors_say() -> None:
    """`make kinds` writes it."""
    assert page_kinds.FILE.read_text() == page_kinds.text(Kind)


def test_what_else_is_at_rest_on_the_page_is_gone() -> None:
    """`AT_REST` adds to both states above those in which an instance stays until it is left out."""
    view = (VIEWS / "instances.js").read_text()
    (found,) = re.findall(r"^const AT_REST = new Set\(\[(.*?)\]\);$", view, re.MULTILINE)
    others = set(re.findall(r'"([^"]+)"', found))

    assert others
    assert others <= {state for kind in Kind for state in kind.descriptor.hidden}


def test_each_title_on_the_page_is_that_of_a_kind() -> None:
    """A kind without one is shown by its name."""
    texts = (VIEWS / "texts.js").read_text()
    (found,) = re.findall(r"^ +kinds: \{ (.*) \},$", texts, re.MULTILINE)

    assert set(re.findall(r'(\w+): "[^"]+"', found)) <= set(Kind)
