"""The health of a connection: how it was in the last days, what changed when it broke, and what is
known of each permission in each region.
"""

from __future__ import annotations

import re
from base64 import b64encode
from itertools import product
from typing import Any

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.browser.axe import assert_accessible, assert_fits, wait_until_loaded
from tests.support.page import samples
from tests.support.page.keyboard import press, reach
from tests.support.page.measures import RECORD_SHIFTS
from tests.support.page.waiting import TWO_FRAMES, pass_time_until, stop_the_clock

ONE = "/v1/accounts/acc000000"
NOW = "2026-01-31T12:00:00Z"
SAMPLE = samples.account(0, created_at="2025-06-01T10:00:00Z")
BROKEN = samples.not_entered(SAMPLE)


def a_test(number: int, at: str, outcome: str, **changes: Any) -> dict[str, Any]:
    steps = BROKEN if outcome == "failed" else samples.all_steps(SAMPLE)
    times = {"started_at": at, "finished_at": at}
    return samples.finished_test(
        f"test{number}", trigger="scheduled", outcome=outcome, steps=steps, **times, **changes
    )


SINCE = {"tests": 6, "last_at": "2026-01-27T10:00:00Z"}
TESTS = [
    a_test(3, "2026-01-30T10:00:00Z", "confirmed"),
    a_test(2, "2026-01-28T10:00:00Z", "failed"),
    a_test(1, "2026-01-21T10:00:00Z", "confirmed", unchanged=SINCE),
]
"""A week is known, then 26 hours after each of two tests."""


FROM_LEFT_TO_RIGHT = """days => days
  .map((day) => [day.getBoundingClientRect().left, day.className.split("ribbon-").at(-1)])
  .sort(([a], [b]) => a - b).map(([, state]) => state)"""


REGIONS = [each["region"] for each in samples.REGION_HEALTH]
LAST = samples.finished_test(
    steps=samples.all_steps(SAMPLE, samples.PARTIAL), region_health=samples.REGION_HEALTH
)
"""The last test with a verdict, which the map shows."""


@pytest.fixture
def furnished(admin, answer_with) -> Page:
    answer_with(admin.page, ONE, SAMPLE)
    answer_with(admin.page, f"{ONE}/verifications", {"items": TESTS, "next_cursor": None})
    answer_with(admin.page, f"{ONE}/verifications/test1", LAST)
    return admin.page


@pytest.mark.in_firefox
def test_the_ribbon_says_what_is_known_and_what_is_not(furnished, admin):
    page = furnished
    page.clock.install(time=NOW)
    admin.go("#/accounts/acc000000/health")
    card = page.get_by_role("region", name="The connection in the last 90 days")
    expect(card).to_contain_text("Connected 88.1% of 9 days of known time.")
    ribbon = card.get_by_role("img", name="Connected 88.1% of 9 days")
    expect(ribbon.locator(".ribbon-day")).to_have_count(90)
    expect(ribbon.locator(".ribbon-failed")).to_have_count(2)
    expect(ribbon.locator(".ribbon-confirmed")).to_have_count(9)
    expect(ribbon.locator(".ribbon-unknown")).to_have_count(79)
    days = ["unknown"] * 79 + ["confirmed"] * 7 + ["failed"] * 2 + ["confirmed"] * 2
    assert ribbon.locator(".ribbon-day").evaluate_all(FROM_LEFT_TO_RIGHT) == days
    expect(card.locator(".legend li")).to_have_text(["Connected", "Not connected", "Not known"])
    press(page, "The days in words")
    rows = card.get_by_role("table").get_by_role("row")
    expect(rows.nth(2)).to_have_text("28 Jan 2026 – 29 Jan 2026Not connected2")
    assert_accessible(page)


def test_a_break_says_what_changed_and_leads_to_it(furnished, admin, answer_with):
    page = furnished
    for number, each in enumerate(reversed(TESTS), 1):
        answer_with(page, f"{ONE}/verifications/test{number}", each)
    page.clock.install(time=NOW)
    admin.go("#/accounts/acc000000/health")
    broken = page.get_by_role("region", name="When it broke").locator(".break")
    expect(broken).to_have_count(1)
    expect(broken).to_contain_text("Failed28 Jan 2026, 10:00 until 30 Jan 2026, 10:00")
    expect(broken).to_contain_text("Enter the account: allowed → denied")
    broken.get_by_role("link", name="What changed").click()
    expect(page).to_have_url(re.compile("/tests/test2/since/test1$"))
    expect(page.locator(".change")).not_to_have_count(0)


def test_a_test_that_ends_appears_without_a_reload(furnished, admin, answer_with):
    page, there = furnished, [TESTS]
    answer_with(page, f"{ONE}/verifications", lambda _: {"items": there[0], "next_cursor": None})
    stop_the_clock(page, NOW)
    admin.go("#/accounts/acc000000/health")
    expect(page.locator(".break")).to_have_count(1)
    expect(page.locator(".freshness")).to_have_text("Live")
    there[0] = [a_test(4, "2026-01-31T11:00:00Z", "failed"), *TESTS]
    pass_time_until(page, lambda: page.locator(".break").count() == 2, "the break")
    expect(page.locator(".break").first).to_contain_text("no test has found it better since")


def test_an_account_without_a_verdict_claims_nothing(furnished, admin, answer_with):
    page = furnished
    answer_with(page, f"{ONE}/verifications", {"items": [], "next_cursor": None})
    admin.go("#/accounts/acc000000/health")
    expect(page.get_by_role("main")).to_contain_text("Nothing is known: no test of this time")
    expect(page.locator(".ribbon .ribbon-unknown")).to_have_count(90)


OVERLAPPING = """() => [...document.querySelectorAll(".legend")].flatMap((legend) => {
  const texts = [...legend.children].map((item) => {
    const range = new Range();
    range.selectNodeContents(item);
    return { said: item.textContent, lines: [...range.getClientRects()] };
  });
  const isOver = (a, b) => a.left < b.right - 1 && b.left < a.right - 1 &&
    a.top < b.bottom - 1 && b.top < a.bottom - 1;
  return texts.flatMap((one, index) => texts.slice(index + 1)
    .filter((other) => one.lines.some((a) => other.lines.some((b) => isOver(a, b))))
    .map((other) => `${one.said} | ${other.said}`));
})"""


def test_no_text_of_a_legend_lies_on_another(furnished, admin, answer_with):
    page = furnished
    tests = [a_test(4, "2026-01-31T11:00:00Z", "degraded"), *TESTS]
    answer_with(page, f"{ONE}/verifications", {"items": tests, "next_cursor": None})
    page.clock.install(time=NOW)
    admin.go("#/accounts/acc000000/health")
    wait_until_loaded(page)
    expect(page.locator(".legend")).to_have_count(2)
    expect(page.locator(".legend").first).to_contain_text("Connected, but degraded")
    for width, size in product((360, 400, 640, 1280), ("100%", "150%", "200%")):
        page.set_viewport_size({"width": width, "height": 800})
        page.evaluate("(size) => { document.documentElement.style.fontSize = size }", size)
        assert page.evaluate(OVERLAPPING) == [], (width, size)


def test_where_columns_have_no_room_each_cell_says_its_head(furnished, admin):
    page = furnished
    page.clock.install(time=NOW)
    page.set_viewport_size({"width": 360, "height": 800})
    admin.go("#/accounts/acc000000/health")
    press(page, "The days in words")
    before = "(cell) => [getComputedStyle(cell, '::before').content, cell.offsetLeft]"
    cells = page.locator(".data-table td")
    assert cells.first.evaluate(before)[0] == "none"
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    for cell_, head in zip(cells.all()[:2], ("Connection", "Number"), strict=True):
        said, left = cell_.evaluate(before)
        assert head in said
        assert left == 0, "on a line of its own"
    # Screen readers say the heads once, as those of a table.
    nodes = page.context.new_cdp_session(page).send("Accessibility.getFullAXTree")["nodes"]
    names: dict[str, list[str]] = {}
    for node in nodes:
        role = node.get("role", {}).get("value", "")
        names.setdefault(role, []).append(node.get("name", {}).get("value", ""))
    assert names["table"] == ["The connection in the last 90 days"]
    assert names["columnheader"][:3] == ["Days", "Connection", "Number"]
    assert names["cell"][:2] == ["Connected", "2"]


@pytest.mark.parametrize(("theme", "width"), [("dark", 360), ("light", 1280)])
def test_the_view_fits_also_with_texts_of_twice_the_size(
    sign_in, open_context, answer_with, theme, width
):
    page = open_context(color_scheme=theme, viewport={"width": width, "height": 800}).new_page()
    answer_with(page, f"{ONE}/verifications", {"items": TESTS, "next_cursor": None})
    deny(answer_with, page)
    page.clock.install(time=NOW)
    sign_in("admin", on=page, hash_="#/accounts/acc000000/health")
    wait_until_loaded(page)
    # All that is there to be opened.
    page.get_by_text("The days in words").click()
    cell(page, "Stop instances, us-east-1: denied").click()
    expect(page.locator(".map-evidence .fix")).to_be_visible()
    assert_fits(page)
    page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert_fits(page)
    assert_accessible(page)
    page.get_by_role("grid").focus()
    for key in ("ArrowRight", "End", "ArrowDown", "Home"):
        page.keyboard.press(key)
        assert page.evaluate(IS_SEEN), f"the cell under the cursor, and its row's name, after {key}"


# ---- permissions by region -----------------------------------------------------------------------


def cell(page: Page, name: str) -> Locator:
    """A cell of the map, such as "Stop instances, us-east-1". By its attributes: to compute the
    names of all cells of many regions takes a quarter of a second each time."""
    return page.locator(f'[role=grid] [role=gridcell][aria-label*="{name}"]')


IS_SEEN = """() => {
  const cursor = document.querySelector(".map .is-cursor");
  return [cursor, cursor.parentNode.querySelector("th")].every((node) => {
    const { left, top, width, height } = node.getBoundingClientRect();
    return node.contains(document.elementFromPoint(left + width / 2, top + height / 2));
  });
}"""


ISSUES = [samples.FIXABLE, samples.REFUSED_REGION]


def deny(answer_with: Any, page: Page) -> None:
    """Stopping instances is refused since the last test."""
    account = SAMPLE | samples.account(0, status="degraded", issues=ISSUES)
    answer_with(page, ONE, account)
    steps = samples.all_steps(SAMPLE, samples.STOP_DENIED)
    health = {"region_health": samples.REGION_HEALTH}
    test = samples.finished_test(outcome="degraded", steps=steps, **health)
    answer_with(page, f"{ONE}/verifications/test1", test)


def test_each_permission_says_in_each_region_what_is_known(furnished, admin):
    page = furnished
    admin.go("#/accounts/acc000000/health")
    card = page.get_by_role("region", name="Permissions by region")
    expect(card.get_by_role("columnheader")).to_have_text(["Permission", *REGIONS])
    said = {
        "us-east-1": "proved",
        "eu-west-1": "predicted",
        "ap-south-1": "denied",
        "me-south-1": "not tried",
        "sa-east-1": "not known",
    }
    for region, state in said.items():
        expect(cell(page, f"Start databases, {region}: {state}")).to_be_visible()
    expect(cell(page, "Stop databases, eu-west-1: in part")).to_be_visible()
    expect(card.locator(".legend li")).to_have_count(6)


def test_a_cell_shows_on_what_it_rests_and_what_mends_it(sign_in, open_context, answer_with):
    context = open_context(permissions=["clipboard-read", "clipboard-write"])
    page = sign_in("admin", on=context.new_page()).page
    answer_with(page, f"{ONE}/verifications", {"items": TESTS, "next_cursor": None})
    deny(answer_with, page)
    page.evaluate("location.hash = '#/accounts/acc000000/health'")
    chosen = cell(page, "Stop instances, us-east-1: denied")
    expect(chosen).to_have_css("outline-style", "none")
    chosen.click()
    # Its background alone is hardly another.
    expect(chosen).to_have_css("outline-style", "solid")
    evidence = page.get_by_role("region", name="On what it rests")
    expect(evidence).to_contain_text("The test tried it in this region.")
    expect(evidence).to_contain_text("A policy of the role or user denies it explicitly.")
    evidence.get_by_text("The exact AWS answer").click()
    expect(evidence).to_contain_text("with an explicit deny")
    evidence.get_by_role("button", name="Copy: AWS CLI command").click()
    expect(page.locator("#announcer")).to_have_text("Copied")
    assert page.evaluate("navigator.clipboard.readText()") == samples.FIXABLE["fix"]["cli"]
    cell(page, "Stop instances, ap-south-1: denied").click()
    expect(evidence).to_contain_text(
        "AWS refuses every call in this region, by a service control policy."
    )
    expect(evidence.locator(".fix")).to_have_count(0)
    # What another region answered would contradict it.
    expect(evidence).to_contain_text(f"What to do: {samples.REFUSED_REGION['remedy']}")
    expect(evidence).not_to_contain_text("us-east-1")
    assert_accessible(page)


@pytest.mark.in_firefox
def test_the_map_is_read_by_keyboard_alone(furnished, admin, answer_with):
    page = furnished
    deny(answer_with, page)
    admin.go("#/accounts/acc000000/health")
    grid = page.get_by_role("grid", name="Permissions by region")
    expect(grid).to_be_visible()
    reach(page, "Permissions by region")
    # To the fourth permission, and the last region.
    for key in ("ArrowDown", "ArrowDown", "ArrowDown", "End"):
        page.keyboard.press(key)
    chosen = cell(page, "Stop instances, sa-east-1: not known")
    expect(grid).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    expect(chosen).to_be_in_viewport()
    page.keyboard.press("Enter")
    expect(page.locator("#announcer")).to_have_text("Stop instances, sa-east-1: not known")
    evidence = page.get_by_role("region", name="On what it rests")
    expect(evidence).to_contain_text("It is not known whether this region answers.")
    page.keyboard.press("Home")
    page.keyboard.press("Space")
    expect(evidence.get_by_role("button", name="Copy: Policy statement")).to_be_visible()
    for _ in range(5):
        page.keyboard.press("Tab")
        if page.evaluate("document.activeElement.ariaLabel") == "Copy: Policy statement":
            return
    pytest.fail("what is to be copied cannot be reached")


def test_a_map_of_before_says_so_and_asks_for_nothing(furnished, admin, answer_with):
    page = furnished
    deny(answer_with, page)
    # A later test found it confirmed again, by the account.
    answer_with(page, ONE, SAMPLE | {"issues": [samples.REFUSED_REGION]})
    admin.go("#/accounts/acc000000/health")
    cell(page, "Stop instances, us-east-1: denied").click()
    expect(page.get_by_role("main")).to_contain_text("This is what was found then")
    evidence = page.get_by_role("region", name="On what it rests")
    expect(evidence.locator(".fix, .step-remedy:visible")).to_have_count(0)
    cell(page, "Stop instances, ap-south-1: denied").click()
    expect(evidence).to_contain_text("AWS refuses every call in this region")
    expect(evidence).not_to_contain_text("What to do:")


# ---- a cell, its heads and its evidence in one window --------------------------------------------

SIZES = [(360, 640), (640, 800), (1280, 800)]
LOW, LOWEST = (640, 400), (320, 256)
ROWS = ["List instances", "Stop databases", "Write log lines"]
"""The first, one in the middle, and the last."""

SHOWN = """(names) => {
  const inWindow = (node) => {
    const { left, right, top, bottom, width, height } = node.getBoundingClientRect();
    const at = document.elementFromPoint(left + width / 2, top + height / 2);
    return left >= 0 && top >= 0 && right <= innerWidth && bottom <= innerHeight &&
      (node.contains(at) || at?.contains(node));
  };
  const cell = document.querySelector(".map .is-cursor");
  const nodes = {
    cell: cell.querySelector(".step-mark"),
    row: cell.parentNode.querySelector("th > span"),
    region: document.querySelectorAll(".map-region")[cell.cellIndex - 1],
    evidence: document.querySelector(".map-evidence .map-mark"),
    close: document.querySelector(".map-evidence button"),
  };
  return names.filter((name) => !inWindow(nodes[name]));
}"""
"""Those of these parts that are cut or covered."""

HEADS = ["row", "region"]
BOTH = ["cell", "evidence", "close"]


def has_regions(answer_with: Any, page: Page, count: int) -> None:
    """The account has so many."""
    regions = ["us-east-1", *(f"ap-southeast-{number}" for number in range(2, count + 1))]
    health = [{"region": region, "status": "reachable", "reason": None} for region in regions]
    account = samples.account(0, status="degraded", issues=[samples.FIXABLE], regions=regions)
    answer_with(page, ONE, SAMPLE | account)
    steps = samples.all_steps(SAMPLE, samples.STOP_DENIED)
    test = samples.finished_test(outcome="degraded", steps=steps, region_health=health)
    answer_with(page, f"{ONE}/verifications/test1", test)


def opened_with(answer_with: Any, page: Page, count: int) -> None:
    """Shows the map of an account with so many regions."""
    has_regions(answer_with, page, count)
    page.evaluate("location.hash = '#/accounts/acc000000/health'")
    # Nothing that was read before is drawn first.
    page.reload()
    page.get_by_role("grid", name="Permissions by region").wait_for()


@pytest.mark.parametrize(
    ("size", "text", "counts"),
    [
        *((size, text, (1, 4, 17, 34)) for size in SIZES for text in ("100%", "200%")),
        *((size, "200%", (4, 17)) for size in (LOW, LOWEST)),
    ],
)
def test_a_cell_and_its_evidence_are_in_the_window(furnished, answer_with, size, text, counts):
    page = furnished
    page.set_viewport_size({"width": size[0], "height": size[1]})
    for count in counts:
        opened_with(answer_with, page, count)
        page.evaluate("(text) => { document.documentElement.style.fontSize = text }", text)
        assert_fits(page)
        head = page.locator(".map-region").first
        least = 20 if text == "200%" else 10
        assert head.evaluate("(node) => parseFloat(getComputedStyle(node).fontSize)") >= least
        for row, column in zip(ROWS, (0, count // 2, count - 1), strict=True):
            chosen = cell(page, f"{row}, ").nth(column)
            where = (count, row)
            chosen.scroll_into_view_if_needed()
            # Of the first press: nothing is beside or below the map yet.
            before = page.evaluate("scrollY")
            chosen.locator(".map-mark").click()
            expect(page.locator(".map-evidence h3")).to_contain_text(f"{row}, ")
            assert page.evaluate(SHOWN, BOTH) == [], where
            after, evidence = page.evaluate(
                "[scrollY, document.querySelector('.map-evidence').getBoundingClientRect()]"
            )
            edge = evidence["bottom"] - size[1] if after > before else evidence["top"]
            # In the lowest there is no room for both and the heads of the regions.
            is_near = after == before or abs(edge) <= 1 or size == LOWEST
            assert is_near, f"{where}: moved by {after - before}"
            again = cell(page, f"{row}, ").nth(max(column - 1, 0))
            again.locator(".map-mark").click()
            assert page.evaluate(SHOWN, BOTH) == [], where
            assert page.evaluate("scrollY") == after, f"{where}: the next press moved the page"
            page.keyboard.press("Escape")
            expect(page.locator(".map-evidence")).to_be_empty()
        assert_fits(page)


@pytest.mark.parametrize("size", SIZES)
def test_the_heads_of_a_cell_stay_in_the_window(furnished, answer_with, size):
    page = furnished
    page.set_viewport_size({"width": size[0], "height": size[1]})
    opened_with(answer_with, page, 34)
    page.get_by_role("grid").focus()
    for key in ["ArrowDown"] * 15 + ["End"] + ["ArrowUp"] * 9:
        page.keyboard.press(key)
        assert page.evaluate(SHOWN, ["cell", *HEADS]) == [], key
    title = page.get_by_role("rowheader", name="RDS and Aurora databases").locator("span")
    expect(title).to_be_in_viewport()
    # Also where the page ends.
    page.evaluate("document.querySelector('.map-scroll').scrollTop = 9999")
    page.evaluate("scrollTo(0, 9999)")
    last = cell(page, "Write log lines, ap-southeast-34")
    last.click()
    assert page.evaluate(SHOWN, [*BOTH, *HEADS]) == []
    page.keyboard.press("Escape")
    page.evaluate("scrollTo(0, 9999)")
    assert page.evaluate(SHOWN, HEADS) == []


PAINTED = """async (png) => {
  const bytes = Uint8Array.from(atob(png), (letter) => letter.charCodeAt(0));
  const image = await createImageBitmap(new Blob([bytes]));
  const canvas = new OffscreenCanvas(image.width, image.height).getContext("2d");
  canvas.drawImage(image, 0, 0);
  return [...canvas.getImageData(0, 0, image.width, image.height).data];
}"""
"""The parts of the colours of a picture, which is opaque."""


@pytest.mark.in_firefox
def test_a_map_that_has_room_is_not_scrolled_sideways(furnished, admin, answer_with):
    """Firefox's scrollbar takes room, also without a display."""
    page = furnished
    page.set_viewport_size({"width": 1280, "height": 600})
    has_regions(answer_with, page, 4)
    admin.go("#/accounts/acc000000/health")
    page.get_by_role("grid", name="Permissions by region").wait_for()
    box = page.locator(".map-scroll")
    assert box.evaluate("(it) => it.scrollHeight > it.clientHeight")
    assert box.evaluate("(it) => it.scrollWidth - it.clientWidth") == 0


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("count", [1, 34])
def test_what_says_that_more_is_below_is_as_wide_as_the_map(furnished, answer_with, count, width):
    page = furnished
    page.set_viewport_size({"width": width, "height": 600})
    opened_with(answer_with, page, count)
    box = page.locator(".map-scroll")
    edge = "(it) => it.scrollIntoView({ block: 'end' })"
    name = page.locator(".map [scope=row]").first
    side = name.evaluate("(it) => it.getBoundingClientRect().right")

    def is_shaded(left: float) -> bool:
        """At the lower edge of the map, beside all texts."""
        bottom = box.evaluate("(it) => it.getBoundingClientRect().bottom")
        page.evaluate(TWO_FRAMES)
        clip = {"x": left, "y": bottom - 2, "width": 2, "height": 2}
        painted = page.evaluate(PAINTED, b64encode(page.screenshot(clip=clip)).decode())
        return min(painted) < 0.9 * 255  # in the light theme

    box.evaluate(edge)
    assert [is_shaded(side - 4), is_shaded(side + 1)] == [True, True], "names as well as cells"
    box.evaluate("(it) => { it.scrollTop = 99; it.scrollLeft = 99 }")
    assert [is_shaded(side - 4), is_shaded(side + 1)] == [True, True]
    box.evaluate("(it) => { it.scrollTop = 9999 }")
    assert [is_shaded(side - 4), is_shaded(side + 1)] == [False, False], "nothing is below"


def test_a_keyboard_opens_evidence_after_evidence_and_closes_it(furnished, admin, answer_with):
    page = furnished
    page.set_viewport_size({"width": 360, "height": 640})
    opened_with(answer_with, page, 17)
    grid = page.get_by_role("grid")
    grid.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    place = page.evaluate("scrollY")
    for key in ("ArrowDown", "Enter", "End", "Enter", "ArrowDown", "ArrowDown", "Space"):
        page.keyboard.press(key)
        assert page.evaluate(SHOWN, ["cell", *HEADS]) == [], key
        assert page.evaluate("scrollY") == place, f"{key} moved the page"
    chosen = cell(page, "List databases, ap-southeast-17")
    expect(chosen).to_have_attribute("aria-selected", "true")
    evidence = page.get_by_role("region", name="On what it rests")
    # From the evidence too, the focus goes back to the cell.
    reach(page, "Close")
    page.keyboard.press("Escape")
    expect(evidence).to_have_count(0)
    expect(grid).to_be_focused()
    expect(grid).to_have_attribute("aria-activedescendant", chosen.get_attribute("id"))
    expect(chosen).to_have_attribute("aria-selected", "false")
    page.keyboard.press("Enter")
    press(page, "Close")
    expect(evidence).to_have_count(0)
    expect(grid).to_be_focused()
    assert page.evaluate("scrollY") == place


@pytest.mark.parametrize("size", SIZES)
def test_evidence_moves_nothing_that_is_there(furnished, answer_with, size):
    """By a script: for half a second after a press, browsers take each shift as its own."""
    page = furnished
    page.add_init_script(RECORD_SHIFTS)
    page.set_viewport_size({"width": size[0], "height": size[1]})
    opened_with(answer_with, page, 17)
    page.evaluate("document.querySelector('.map-frame').scrollIntoView()")
    page.evaluate("window.shifts = 0")
    for row in ROWS:
        cell(page, f"{row}, us-east-1").evaluate("(cell) => cell.click()")
        page.evaluate(TWO_FRAMES)
    page.keyboard.press("Escape")
    page.evaluate(TWO_FRAMES)
    assert page.evaluate("window.shifts") < 0.01


def test_a_map_that_is_drawn_again_stays_where_it_was(furnished, answer_with, admin):
    page = furnished
    page.set_viewport_size({"width": 360, "height": 640})
    has_regions(answer_with, page, 17)
    stop_the_clock(page, NOW)
    admin.go("#/accounts/acc000000/health")
    pass_time_until(page, page.get_by_role("grid").count, "the map")
    cell(page, "Stop instances, us-east-1: denied").click()
    page.evaluate(
        """() => {
          document.querySelector(".map-scroll").scrollTo(150, 200);
          document.querySelector(".map-evidence").scrollTop = 60;
        }"""
    )
    at = """[...document.querySelectorAll(".map-scroll, .map-evidence")].flatMap(
      ({ scrollLeft, scrollTop }) => [scrollLeft, scrollTop])"""
    before = page.evaluate(at)
    assert all(before[index] for index in (0, 1, 3))
    # The account is confirmed again, so that no fix is of now.
    answer_with(page, ONE, SAMPLE)
    pass_time_until(page, lambda: page.locator(".map-evidence .fix").count() == 0, "no fix")
    assert page.evaluate(at)[:2] == before[:2]
