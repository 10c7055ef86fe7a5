"""What a person does who has no pointer."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page

FOCUSED = """() => {
  const it = document.activeElement;
  return it.getAttribute("aria-label") || (it.labels?.[0] ?? it).textContent;
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
