"""What a person does who has no pointer."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

FOCUSED = """() => {
  const it = document.activeElement;
  const named = it.role === "switch" && document.getElementById(it.getAttribute("aria-labelledby"));
  return it.getAttribute("aria-label") || (named || it.labels?.[0] || it).textContent;
}"""


def reach(page: Page, name: str, *, backwards: bool = False) -> None:
    """Presses Tab until what has the focus is called so, or begins so."""
    for _ in range(80):
        if page.evaluate(FOCUSED).strip().startswith(name):
            return
        page.keyboard.press("Shift+Tab" if backwards else "Tab")
    pytest.fail(f"{name} cannot be reached by keyboard")


def press(page: Page, name: str, key: str = "Enter") -> None:
    """Reaches what is called so, and presses a key on it."""
    reach(page, name)
    page.keyboard.press(key)


def write(page: Page, label: str, text: str) -> None:
    """Reaches the field that is called so, once it is there, and replaces what is in it. At
    once: pressing each key of a password takes a second.
    """
    expect(page.get_by_label(label, exact=True)).to_be_visible()
    reach(page, label)
    page.keyboard.press("ControlOrMeta+a")
    page.keyboard.insert_text(text)
