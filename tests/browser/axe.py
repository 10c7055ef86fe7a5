"""What every view must be, whatever it shows."""

from __future__ import annotations

from typing import Any

from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, expect

from tests.support.page.waiting import until

AXE = {
    "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"],
    "resultTypes": ["violations"],
    # Else it fetches each style sheet and media file, for two rules about neither of which is here.
    "preload": False,
}
COLORS = {**AXE, "runOnly": {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}}
"""The rules that depend on the theme."""
SLIPS = r"""() => [
  ...document.body.outerHTML.matchAll(/\[object |\bundefined\b|\bNaN\b|Invalid Date/g),
].map(({ 0: slip, index, input }) => input.slice(Math.max(0, index - 60), index) + slip)"""
"""What a script writes for what is no text, and what is before it."""


def wait_until_loaded(page: Page) -> None:
    page.get_by_role("heading").first.wait_for()
    busy = page.locator("[aria-busy=true], .skeleton, .skeleton-row")
    # `expect` looks only once a second after the first one.
    until(page, lambda: not busy.count(), "all is loaded")


def assert_accessible(page: Page, rules: dict[str, Any] = AXE, within: str | None = None) -> None:
    """All of it, or what a selector names."""
    expect(page.locator("h1").first).to_be_visible()
    # Its script is large. A document needs it once.
    axe = Axe("0") if page.evaluate("'axe' in window") else Axe()
    results = axe.run(page, within, rules)
    assert results.violations_count == 0, results.generate_report()
    slips = page.evaluate(SLIPS)
    assert slips == [], f"{slips} on {page.url}"


def assert_accessible_everywhere(page: Page) -> None:
    """In both themes; and it fits a narrow screen, also with texts of twice the size."""
    before = page.viewport_size
    assert before
    for theme, rules in (("dark", AXE), ("light", COLORS)):
        page.emulate_media(color_scheme=theme)
        assert_accessible(page, rules)
    page.set_viewport_size({"width": 360, "height": 800})
    assert_fits(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(page)
    page.evaluate("document.documentElement.style.fontSize = ''")
    page.set_viewport_size(before)


CUT_SIDEWAYS = """() => [...document.querySelectorAll("body *")].filter((it) => {
  const { overflowX, textOverflow } = getComputedStyle(it);
  // What is scrolled sideways, also by keyboard, or says by an ellipsis that there is more.
  const isMeant = textOverflow === "ellipsis" ||
    it.matches("pre, input, .tab-list, .subnav, .map-scroll, [aria-label][tabindex='0']");
  // What only screen readers read is a pixel wide.
  return overflowX !== "visible" && !isMeant && it.clientWidth > 1 &&
    it.scrollWidth > it.clientWidth + 1;
}).map((it) => `${it.className}: ${it.textContent.slice(0, 60)}`)"""


BROKEN_WORDS = r"""() => {
  const sum = (it, ...names) =>
    names.reduce((width, name) => width + (parseFloat(getComputedStyle(it)[name]) || 0), 0);
  // How wide a word may be that has the line for itself. What only screen readers read has no line.
  const roomOf = (it) => {
    let room = 0;
    for (; it; it = it.parentElement) {
      if (it.clientWidth === 1) return 0;
      if (it.matches("main, dialog, .sidebar, body")) room += it.clientWidth;
      if (getComputedStyle(it).display !== "inline") room -= sum(it, "paddingLeft", "paddingRight");
      if (room > 0) return room;
      room -= sum(it, "borderLeftWidth", "borderRightWidth", "marginLeft", "marginRight");
    }
    return 0;
  };
  // Numbers, ARNs and what else is an identifier may be broken, but for the figures of a table.
  const isWord = (word) => /^[“(]*[\p{L}'’]+[.,:;?!)…”]*$/u.test(word);
  const texts = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  const range = new Range();
  const broken = [];
  while (texts.nextNode()) {
    const { data, parentElement: it } = texts.currentNode;
    if (!it.checkVisibility() || it.closest("code")) continue;
    const isFigure = it.closest(".data-table");
    for (const { 0: word, index } of data.matchAll(isFigure ? /\S+/g : /[^\s-]+/g)) {
      if (!isFigure && !isWord(word)) continue;
      range.setStart(texts.currentNode, index);
      range.setEnd(texts.currentNode, index + word.length);
      const parts = [...range.getClientRects()].filter(({ width }) => width);
      const lines = new Set(parts.map(({ top }) => Math.round(top)));
      const width = parts.reduce((sum, part) => sum + part.width, 0);
      if (lines.size > 1 && width < roomOf(it)) broken.push(word);
    }
  }
  return broken;
}"""


def assert_fits(page: Page) -> None:
    """Nothing is cut or to be scrolled to sideways, in the page, in the modals over it, in lists of
    tabs and in what scrolls in them; and no word is broken that a line has room for.
    """
    # The root's width includes the room that is kept for a scrollbar.
    wider = page.evaluate(
        """() => Math.max(...[document.body,
            ...document.querySelectorAll("dialog[open], [role=tablist]")]
          .map((it) => (it === document.body ? it.parentNode : it).scrollWidth - it.clientWidth))"""
    )
    assert wider <= 0, f"{wider} px too wide at {page.viewport_size} on {page.url}"
    cut = page.evaluate(CUT_SIDEWAYS)
    assert cut == [], f"{cut} at {page.viewport_size} on {page.url}"
    broken = page.evaluate(BROKEN_WORDS)
    assert broken == [], f"{broken} at {page.viewport_size} on {page.url}"
