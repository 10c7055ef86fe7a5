"""What is counted of the page by tests, and measured of it by `make bench`."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Locator, Page, expect

RECORD_SHIFTS = """
window.shifts = 0;
new PerformanceObserver((list) => {
  for (const entry of list.getEntries()) if (!entry.hadRecentInput) window.shifts += entry.value;
}).observe({ type: "layout-shift", buffered: true });
"""


LARGEST_SHIFT = 0.01
RECORD_ALL_SHIFTS = """
window.shifts = window.since = 0;
window.moved = [];
new PerformanceObserver((list) => {
  const named = ({ node }) => node?.className || node?.nodeName;
  for (const { value, sources, startTime } of list.getEntries()) {
    if (startTime < window.since) continue;
    window.shifts += value;
    window.moved.push([value, ...sources.map(named)].join(" "));
  }
}).observe({ type: "layout-shift" });
"""
"""All shifts: another size of the window is an input to browsers, too."""
RECORD_TASKS = """
window.work = { nodes: 0, longest: 0 };
{
  const { port1, port2 } = new MessageChannel();
  const { createElement } = Document.prototype;
  const now = performance.now.bind(performance);
  let [made, seen, passed] = [0, 0, 0];
  performance.now = () => {
    if (made > seen) passed += 4;
    seen = made;
    return now() + passed;
  };
  port1.onmessage = () => { made = seen = 0; };
  Document.prototype.createElement = function (...of) {
    if (!made) port2.postMessage("the next task");
    made += 1;
    window.work.nodes = Math.max(window.work.nodes, made);
    return createElement.apply(this, of);
  };
  new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries())
      window.work.longest = Math.max(window.work.longest, duration);
  }).observe({ type: "longtask" });
}
"""
"""The most nodes made in one task, and the longest task of 50 ms or more, in milliseconds.

For the page, each step that makes nodes takes 4 ms at least. Otherwise, the faster the machine, the
more steps it does in the time of a slice.
"""


ROW = ".account-row[data-id]"


FRAMES = 100
NO_VIEW_YET = 4
"""Requests, which any view takes more than."""


_SCROLL_UP = """(count) => new Promise((resolve, reject) => {
  const frames = [];
  let rows = 0;
  let y = document.body.scrollHeight;
  let before = performance.now();
  const giveUp = () => reject(new Error(`${frames.length} of ${count} frames came in a minute`));
  setTimeout(giveUp, 60_000);
  const tick = (now) => {
    frames.push(now - before);
    before = now;
    rows = Math.max(rows, document.querySelectorAll("%s").length);
    if (frames.length > count) {
      resolve({ slow: frames.filter((one) => one > 50).length, rows });
      return;
    }
    window.scrollTo(0, y -= 900);
    requestAnimationFrame(tick);
  };
  requestAnimationFrame((now) => { before = now; tick(now); });
})""".replace("%s", ROW)


def open_until(page: Page, address: str, heading: str) -> None:
    """Until all is there: on a busy machine, the network is also idle while a function starts."""
    page.goto(address)
    page.get_by_role("heading", name=heading).wait_for()
    busy = page.locator("[aria-busy=true], .skeleton, .skeleton-row")
    expect(busy).to_have_count(0, timeout=30_000)
    page.wait_for_load_state("networkidle")


def weigh(page: Page, visit: Callable[[], Any]) -> list[int]:
    """What came over the wire in a visit, in bytes: one number a request. A view that did not come
    is no light one.
    """
    session = page.context.new_cdp_session(page)
    session.send("Network.enable")
    received: list[int] = []
    session.on("Network.loadingFinished", lambda event: received.append(event["encodedDataLength"]))
    visit()
    assert len(received) > NO_VIEW_YET, received
    return received


def scroll_until(page: Page, wanted: Locator) -> None:
    """Turns the wheel until this is visible."""
    deadline = time.monotonic() + 240
    while not wanted.is_visible():
        assert time.monotonic() < deadline, f"not found by scrolling: {wanted}"
        page.mouse.wheel(0, 600)
        page.wait_for_timeout(50)


_SEEN = """Promise.race([
  new Promise((resolve) => requestAnimationFrame(() => resolve("frames come"))),
  new Promise((resolve) => setTimeout(resolve, 5_000, "no frame came in five seconds")),
]).then((frames) => [
  frames,
  document.visibilityState,
  document.querySelector(".list-foot").textContent,
  document.querySelector(".arrived").textContent,
])"""
"""What tells why a list that is scrolled loads no more."""


def scroll_to_the_end(page: Page, accounts: int) -> int:
    """Scrolls until every account is loaded; returns the most rows that there were at once. Fails
    once nothing more was loaded for as long as the page waits for an answer, tries again, and reads
    anew: two minutes.
    """
    loaded = f"""document.querySelector(".rows").offsetHeight
      / document.querySelector("{ROW}").offsetHeight"""
    most, before, deadline = 0, 0.0, 0.0
    while (now := page.evaluate(loaded)) < accounts - 1:
        if now != before:
            before, deadline = now, time.monotonic() + 120
        seen = f"of {accounts} rows, {now:.0f} are loaded"
        assert time.monotonic() < deadline, f"{seen}: {page.evaluate(_SEEN)}"
        page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
        page.wait_for_timeout(30)
        most = max(most, page.locator(ROW).count())
    page.evaluate("window.scrollTo(0, document.body.scrollHeight)")
    return most


@dataclass(frozen=True)
class Scrolling:
    """Of a scroll in which every frame replaces every row. `cpu_ms` is the processor time of the
    page's own thread a frame, which a busy machine stretches little. `rows_at_most` is the most
    rows that the document held at once.
    """

    rows_at_most: int
    cpu_ms: float
    slow_frames: int


def scroll_back(page: Page) -> Scrolling:
    session = page.context.new_cdp_session(page)
    session.send("Performance.enable", {"timeDomain": "threadTicks"})
    before = _processor_seconds(session)
    seen = page.evaluate(_SCROLL_UP, FRAMES)
    spent = _processor_seconds(session) - before
    return Scrolling(seen["rows"], spent * 1000 / FRAMES, seen["slow"])


def _processor_seconds(session: Any) -> float:
    counted = {"ScriptDuration", "LayoutDuration", "RecalcStyleDuration"}
    metrics = session.send("Performance.getMetrics")["metrics"]
    return float(sum(metric["value"] for metric in metrics if metric["name"] in counted))
