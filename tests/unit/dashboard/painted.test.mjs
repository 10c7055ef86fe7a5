// The week in the form of a schedule: painted by keyboard or pointer, set by a preset, and what it does next.
import assert from "node:assert/strict";
import { test } from "node:test";
import { all, announcerIn, button, press, signIn } from "./drawn.mjs";
import { soon } from "./soon.mjs";

// Where weeks begin on Monday.
Object.defineProperty(globalThis, "navigator", { value: { onLine: true, language: "en-GB" } });
let tick;
globalThis.setInterval = (work) => (tick = work);
const page = "../../../functions/dashboard/static";
const session = await import(`${page}/lib/session.js`);
const { h } = await import(`${page}/lib/dom.js`);
const { dayName, timeOfDay } = await import(`${page}/lib/later-formats.js`);
const { tabs } = await import(`${page}/lib/copying.js`);
const { DAYS } = await import(`${page}/lib/week.js`);
const { ahead, showNow, weekFields, weekPicture } = await import(`${page}/views/week.js`);
const { t } = await import(`${page}/views/texts.js`);
await signIn(session);

const MONDAY = { time_zone: "UTC", windows: [{ days: ["mon"], start: "08:00", stop: "10:00" }] };

function opened(given, signal = new AbortController().signal) {
  const fields = weekFields(given, signal);
  const form = h("form", {}, fields.node);
  document.body.append(h("dialog", { open: true }, form));
  const grid = form.querySelector("[role=grid]");
  const heard = [];
  grid.addEventListener("input", ({ bubbles }) => heard.push(bubbles));
  const key = (name, shiftKey = false, more = {}) => {
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key: name, shiftKey, ...more });
    grid.dispatchEvent(event);
    document.dispatchEvent(event);
    return event.defaultPrevented;
  };
  /** Where the focus is somewhere else in the modal, or nowhere. */
  const escape = () => {
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key: "Escape" });
    document.dispatchEvent(event);
    return event.defaultPrevented;
  };
  // Rows of 24 px, and hours of 10.
  form.querySelectorAll(".week-grid .week-track").forEach((track, row) => {
    track.getBoundingClientRect = () => ({ left: 100, width: 240, bottom: (row + 1) * 24 });
  });
  let held = null;
  grid.setPointerCapture = (id) => (held = id);
  grid.hasPointerCapture = (id) => held === id;
  const lose = () => {
    if (held) grid.dispatchEvent(new Event("lostpointercapture"));
    held = null;
  };
  const pointer = (name, clientX, clientY, more = {}) => {
    const target = grid.querySelector(".week-track");
    const event = Object.assign(new Event(`pointer${name}`), { clientX, clientY, pointerId: 1, button: 0, ...more });
    Object.defineProperty(event, "target", { value: more.outside ? grid : target });
    grid.dispatchEvent(event);
    if (["up", "cancel"].includes(name)) lose();
  };
  const cursor = () => all(grid).find((node) => node.id === grid.getAttribute("aria-activedescendant"));
  const windows = () => fields.read().windows.map(({ days, start, stop }) => `${days.join()} ${start}-${stop}`);
  return { form, fields, grid, heard, key, escape, pointer, lose, cursor, windows };
}

const cellOf = (day, from) => t.week.cell(dayName(day, "long"), timeOfDay(from * 60), timeOfDay((from + 1) * 60));

test("arrow keys move through the hours, and Space turns one on or off", () => {
  const { cursor, heard, key, windows } = opened(MONDAY);
  assert.equal(cursor().getAttribute("aria-label"), cellOf(0, 0));
  assert.ok(key("ArrowDown") && key("ArrowRight"));
  assert.equal(cursor().getAttribute("aria-label"), cellOf(1, 1));
  assert.equal(cursor().getAttribute("aria-selected"), "false");
  key(" ");
  assert.equal(cursor().getAttribute("aria-selected"), "true");
  assert.deepEqual(windows(), ["tue 01:00-02:00", "mon 08:00-10:00"].toReversed());
  key("Enter");
  assert.deepEqual(windows(), ["mon 08:00-10:00"]);
  // So a form knows that something was changed since it was sent.
  assert.deepEqual(heard, [true, true]);
  assert.ok(!key("Tab"));
});

test("with Alt, Ctrl or the Command key, arrow keys are the browser's", () => {
  const { cursor, key } = opened(MONDAY);
  const tablist = h(
    "div",
    {},
    tabs(
      "Ways",
      [1, 2].map((each) => ({ title: `Way ${each}`, content: () => "" })),
    ),
  );
  const first = tablist.querySelector("[role=tab]");
  for (const name of ["altKey", "ctrlKey", "metaKey"]) {
    assert.ok(!key("ArrowRight", false, { [name]: true }));
    const event = Object.assign(new Event("keydown", { cancelable: true }), { key: "ArrowRight", [name]: true });
    first.dispatchEvent(event);
    assert.ok(!event.defaultPrevented);
  }
  assert.equal(cursor().getAttribute("aria-label"), cellOf(0, 0));
  assert.equal(first.getAttribute("aria-selected"), "true");
});

test("Escape takes back a stroke, and what was painted before it stays in its modal", () => {
  const { form, key, heard, windows } = opened(MONDAY);
  key(" ");
  key("ArrowDown");
  const before = windows();
  key("ArrowRight", true);
  assert.notDeepEqual(windows(), before);
  assert.ok(key("Escape"), "the modal stays open");
  assert.deepEqual(windows(), before);
  assert.equal(form.querySelector(".week-said").textContent, t.week.takenBack);
  assert.equal(heard.length, 3, "what was saved meanwhile is not what is there");
  assert.ok(key("Escape"), "another one loses nothing");
  assert.deepEqual(windows(), before);
  assert.equal(form.querySelector(".week-said").textContent, t.week.noneToTakeBack);
});

test("Escape takes back what a pointer has painted, and closes only a week that is as it was", () => {
  const { key, pointer, windows } = opened(MONDAY);
  pointer("down", 105, 30);
  pointer("move", 135, 30);
  pointer("up", 135, 30);
  assert.notDeepEqual(windows(), ["mon 08:00-10:00"]);
  assert.ok(key("Escape"));
  assert.deepEqual(windows(), ["mon 08:00-10:00"]);
  assert.ok(key("Escape", false, { repeat: true }), "a key that is held closes nothing");
  assert.ok(!key("Escape"), "nothing is lost");
});

test("an hour that is on and off again, or the other way round, is as it is saved, also in other windows", () => {
  const given = { ...MONDAY, windows: ["08:00", "09:00"].map((start) => ({ ...MONDAY.windows[0], start })) };
  const { escape, form, key } = opened(given);
  for (const arrow of ["", ...Array(8).fill("ArrowRight")]) key(arrow);
  for (const hour of ["within one window", "within both"]) {
    key(" ");
    key("ArrowLeft");
    key("ArrowRight");
    key(" ");
    assert.ok(!escape(), hour);
    key("ArrowRight");
  }
  CHANGES["a window without days"](form);
  assert.ok(escape());
});

test("Escape closes no painted week wherever the focus is in its modal, and is left to another one above it", () => {
  const { escape, fields, form, key, windows } = opened(MONDAY);
  assert.ok(!escape(), "nothing is lost");
  key(" ");
  key("ArrowDown");
  key(" ");
  const above = h("dialog", { open: true });
  document.body.append(above);
  assert.ok(!escape());
  above.remove();
  fields.node[2].inert = true;
  assert.ok(!escape(), "what is being sent stays as it is");
  fields.node[2].inert = false;
  assert.ok(escape());
  assert.deepEqual(windows(), ["mon 00:00-01:00", "mon 08:00-10:00"]);
  assert.ok(escape(), "another one loses nothing");
  assert.equal(form.querySelector(".week-said").textContent, t.week.noneToTakeBack);
  assert.ok(form.querySelector(".week-said").wasBroughtIntoView);
  fields.noteSaved();
  assert.ok(!escape());
  press(button(form, t.week.presets.nights));
  assert.ok(escape());
});

const CHANGES = {
  "another time zone": (form) => {
    const [zone] = form.querySelectorAll("select");
    for (const option of zone.querySelectorAll("option")) option.selected = option.value === "Europe/Berlin";
    zone.dispatchEvent(new Event("change"));
  },
  "a window without days": (form) => press(button(form, t.schedules.addWindow)),
  "no window": (form) => press(button(form, t.actions.removeThis)),
  "another start": (form) => {
    const [time] = form.querySelectorAll('input[type="time"]');
    time.value = "07:30";
    time.dispatchEvent(new Event("change"));
  },
};

for (const [name, change] of Object.entries(CHANGES)) {
  test(`Escape loses nothing that is not saved: ${name}`, () => {
    const { escape, fields, form } = opened(MONDAY);
    change(form);
    assert.ok(escape());
    assert.ok(escape(), "another one loses nothing");
    fields.noteSaved();
    assert.ok(!escape());
  });
}

test("a stroke that is taken back leaves all that was there, also a window without days", () => {
  const { escape, form, key } = opened(MONDAY);
  CHANGES["a window without days"](form);
  key(" ");
  assert.equal(form.querySelectorAll(".window").length, 2);
  const { length } = form.querySelectorAll("input[type=checkbox]:checked");
  assert.ok(escape());
  assert.equal(form.querySelectorAll(".window").length, 2);
  assert.equal(form.querySelectorAll("input[type=checkbox]:checked").length, length - 1);
});

test("a week that is gone takes no key", () => {
  const leaving = new AbortController();
  const { escape, key } = opened(MONDAY, leaving.signal);
  key(" ");
  leaving.abort();
  assert.ok(!escape());
});

test("a stroke that a context menu ends is not painted, and not shown", () => {
  const { form, lose, pointer, windows } = opened(MONDAY);
  pointer("down", 105, 30);
  pointer("move", 135, 30);
  lose();
  pointer("move", 155, 30);
  pointer("up", 155, 30);
  assert.deepEqual(windows(), ["mon 08:00-10:00"]);
  assert.equal(form.querySelectorAll(".week-bar").length, 1);
  assert.equal(form.querySelector(".week-said").textContent, "");
});

test("a stroke before something else changed the week is taken back no more, and is not lost", () => {
  const { form, key, windows } = opened(MONDAY);
  key(" ");
  press(button(form, t.week.presets.nights));
  const before = windows();
  assert.ok(key("Escape"));
  assert.deepEqual(windows(), before);
});

test("while a pointer paints, Escape takes that back, and the pointer paints no more", () => {
  const { key, pointer, windows } = opened(MONDAY);
  pointer("down", 105, 30);
  pointer("move", 135, 30);
  assert.ok(key("Escape"));
  pointer("up", 135, 30);
  assert.deepEqual(windows(), ["mon 08:00-10:00"]);
});

test("a pointer's stroke that is taken back leaves what was typed as it is", () => {
  const twice = { days: ["mon"], start: "09:00", stop: "10:00" };
  const { form, key, pointer, windows } = opened({ ...MONDAY, windows: [...MONDAY.windows, twice] });
  const before = windows();
  pointer("down", 105, 30);
  pointer("move", 135, 30);
  assert.ok(key("Escape"));
  assert.deepEqual(windows(), before);
  assert.equal(form.querySelector(".week-said").textContent, t.week.takenBack);
  pointer("up", 135, 30);
  assert.deepEqual(windows(), before);
});

test("a day that begins at 00:00 ends at 24:00", () => {
  const { cursor, form, key } = opened({ ...MONDAY, windows: [] });
  assert.ok(form.querySelector(".week-hours").textContent.endsWith("24:00"));
  key("End");
  key(" ");
  assert.ok(cursor().getAttribute("aria-label").endsWith("23:00–24:00"));
});

test("the cursor stays in the week", () => {
  const { cursor, key } = opened(MONDAY);
  key("ArrowUp");
  key("ArrowLeft");
  assert.equal(cursor().getAttribute("aria-label"), cellOf(0, 0));
  for (let step = 0; step < 9; step += 1) key("ArrowDown");
  key("End");
  key("ArrowRight");
  assert.equal(cursor().getAttribute("aria-label"), cellOf(6, 23));
  key("Home");
  assert.equal(cursor().getAttribute("aria-label"), cellOf(6, 0));
});

test("Shift paints on what began, and takes back what is left again", () => {
  const { form, key, windows } = opened({ ...MONDAY, windows: [] });
  key("End");
  for (const name of ["ArrowLeft", "ArrowLeft", "ArrowDown"]) key(name, true);
  assert.deepEqual(windows(), ["mon,tue 21:00-00:00"]);
  assert.equal(
    form.querySelector(".week-said").textContent,
    t.week.on(t.week.days(dayName(0, "long"), dayName(1, "long")), timeOfDay(21 * 60), "24:00"),
  );
  key("ArrowUp", true);
  assert.deepEqual(windows(), ["mon 21:00-00:00"]);
  // Another stroke, which begins where something runs, turns off.
  key("ArrowUp");
  key("ArrowRight", true);
  assert.deepEqual(windows(), ["mon 23:00-00:00"]);
});

for (const [what, change, then] of [
  [
    "a preset",
    ({ form }) => press(button(form, t.week.presets.office)),
    ["mon 01:00-03:00", "mon,tue,wed,thu,fri 08:00-18:00"],
  ],
  [
    "an exact time",
    ({ form }) => {
      const stop = form.querySelectorAll(".window").at(-1).querySelectorAll("[type=time]")[1];
      stop.value = "12:30";
      stop.dispatchEvent(Object.defineProperty(new Event("change"), "target", { value: stop }));
    },
    // The hour at the cursor runs, so that this stroke turns off.
    ["mon 00:00-01:00", "mon 08:00-12:30"],
  ],
])
  test(`Shift paints over ${what} that came after what it painted before`, () => {
    const open = opened(MONDAY);
    open.key("ArrowRight", true);
    assert.deepEqual(open.windows(), ["mon 00:00-02:00", "mon 08:00-10:00"]);
    change(open);
    open.key("ArrowRight", true);
    assert.deepEqual(open.windows(), then);
  });

test("what Shift has painted stays where the focus leaves the week, and the next stroke is another one", () => {
  const { grid, key, windows } = opened({ ...MONDAY, windows: [] });
  for (const name of ["ArrowRight", "ArrowRight"]) key(name, true);
  assert.deepEqual(windows(), ["mon 00:00-03:00"]);
  grid.dispatchEvent(new Event("blur"));
  assert.deepEqual(windows(), ["mon 00:00-03:00"]);
  key("ArrowLeft", true);
  assert.deepEqual(windows(), ["mon 00:00-01:00"]);
});

for (const [what, leave] of [
  ["the focus leaves the week", ({ grid }) => grid.dispatchEvent(new Event("blur"))],
  ["a key is pressed", ({ key }) => key("ArrowDown")],
])
  test(`a pointer's stroke is taken back where ${what} before it is released`, () => {
    const open = opened(MONDAY);
    open.pointer("down", 185, 24 * 3 - 1);
    open.pointer("move", 275, 24 * 3 - 1);
    assert.equal(open.form.querySelectorAll(".week-bar").length, 2);
    leave(open);
    assert.equal(open.form.querySelectorAll(".week-bar").length, 1);
    assert.equal(open.form.querySelector(".week-said").textContent, "");
    open.pointer("up", 275, 24 * 3 - 1);
    assert.deepEqual(open.windows(), ["mon 08:00-10:00"]);
  });

test("a pointer that is dragged paints days and hours at once, and beside the week nothing", () => {
  const { heard, pointer, windows } = opened({ ...MONDAY, windows: [] });
  pointer("down", 100, 10, { outside: true });
  pointer("move", 300, 10);
  assert.deepEqual(windows(), []);
  pointer("down", 185, 5);
  pointer("move", 275, 5);
  pointer("move", 275, 24 * 5 - 1);
  assert.deepEqual(heard, [], "nothing is changed before the pointer is released");
  pointer("up", 275, 24 * 5 - 1);
  assert.deepEqual(windows(), ["mon,tue,wed,thu,fri 08:00-18:00"]);
  // From beyond the end of the week.
  pointer("down", 225, 5);
  pointer("move", 9_000, 9_000);
  pointer("up", 9_000, 9_000);
  assert.deepEqual(windows(), ["mon,tue,wed,thu,fri 08:00-12:00"]);
  assert.equal(heard.length, 2);
});

test("what was painted is said until the week is changed by other means", () => {
  const { form, grid, key } = opened(MONDAY);
  const said = form.querySelector(".week-said");
  key("ArrowRight", true);
  const text = said.textContent;
  assert.equal(text, t.week.on(dayName(0, "long"), timeOfDay(0), timeOfDay(120)));
  grid.dispatchEvent(new Event("blur"));
  assert.equal(said.textContent, text);
  press(button(form, t.week.presets.nights));
  assert.equal(said.textContent, "");
});

test("a finger that scrolls paints nothing, nor does another button", () => {
  const { form, pointer, windows } = opened(MONDAY);
  pointer("down", 185, 24 * 3 - 1);
  pointer("cancel", 185, 24 * 3 - 1);
  pointer("move", 275, 24 * 3 - 1);
  pointer("up", 275, 24 * 3 - 1);
  pointer("down", 185, 24 * 3 - 1, { button: 2 });
  pointer("up", 185, 24 * 3 - 1);
  assert.deepEqual(windows(), ["mon 08:00-10:00"]);
  assert.equal(form.querySelectorAll(".week-bar").length, 1);
});

test("what is painted and what is typed is one week", () => {
  const { form, key } = opened(MONDAY);
  key(" ");
  const starts = form.querySelectorAll(".window").map((row) => row.querySelector("[type=time]").value);
  assert.deepEqual(starts, ["00:00", "08:00"]);
  const stop = form.querySelectorAll(".window")[1].querySelectorAll("[type=time]")[1];
  stop.value = "10:30";
  stop.dispatchEvent(Object.defineProperty(new Event("change"), "target", { value: stop }));
  const cell = (hour) => form.querySelectorAll("[role=gridcell]")[hour];
  assert.deepEqual(
    [cell(9), cell(10), cell(11)].map((node) => node.getAttribute("aria-selected")),
    ["true", "false", "false"],
  );
  assert.equal(cell(10).getAttribute("aria-label"), t.week.inPart("Monday", timeOfDay(600), timeOfDay(660)));
});

test("a preset takes the place of the week, and that is said", async (context) => {
  const announcer = announcerIn(context);
  const { form, windows } = opened(MONDAY);
  for (const [name, said] of [
    ["nights", [`${DAYS.join()} 06:00-22:00`]],
    ["office", ["mon,tue,wed,thu,fri 08:00-18:00"]],
    ["off", []],
  ]) {
    press(button(form, t.week.presets[name]));
    assert.deepEqual(windows(), said);
    await soon(80);
    assert.ok(announcer.textContent.endsWith(t.week.isNow(t.week.presets[name])), announcer.textContent);
  }
});

test("a week that is shown is a table for whoever does not see it, with a row a day", () => {
  const table = weekPicture(MONDAY).querySelector("[role=table]");
  assert.equal(table.getAttribute("aria-label"), t.week.label);
  const rows = table.children.map((row) => [
    row.getAttribute("role"),
    ...["rowheader", "cell"].map((role) => row.querySelector(`[role=${role}]`).textContent),
  ]);
  const off = ["tue", "wed", "thu", "fri", "sat", "sun"].map((_, index) => dayName((index + 1) % 7, "short"));
  assert.deepEqual(rows, [
    ["row", dayName(0, "short"), `${timeOfDay(480)}–${timeOfDay(600)}`],
    ...off.map((day) => ["row", day, t.schedules.off]),
  ]);
});

test("a preset that was painted over is the same the next time", () => {
  const first = opened(MONDAY);
  press(button(first.form, t.week.presets.office));
  first.form.querySelector(".window input").checked = false;
  const input = first.form.querySelector(".window input");
  input.dispatchEvent(Object.defineProperty(new Event("change"), "target", { value: { checked: false } }));
  assert.equal(first.windows()[0], "tue,wed,thu,fri 08:00-18:00");
  const second = opened(MONDAY);
  press(button(second.form, t.week.presets.office));
  assert.equal(second.windows()[0], "mon,tue,wed,thu,fri 08:00-18:00");
});

test("the days ahead follow what is painted while they are open, in the schedule's time zone", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-03-06T12:00:00Z") });
  const night = { time_zone: "America/New_York", windows: [{ days: ["sun"], start: "01:30", stop: "02:30" }] };
  const { form, key } = opened(night);
  const details = form.querySelector("details");
  assert.equal(details.querySelector("table"), null);
  details.open = true;
  details.dispatchEvent(new Event("toggle"));
  const row = (at) => details.querySelectorAll("tr")[at + 1].children.map(({ textContent }) => textContent);
  assert.equal(details.querySelectorAll("tr").length, 15);
  const [day, starts, stops] = row(2);
  assert.ok(day.startsWith("Sun") && day.includes(t.week.clocksChange), day);
  // 02:30 is not there on that day.
  assert.deepEqual([starts, stops], [timeOfDay(90), timeOfDay(210)]);
  assert.deepEqual(row(9).slice(1), [timeOfDay(90), timeOfDay(150)]);
  assert.deepEqual(row(3).slice(1), [t.week.none, t.week.none]);
  key(" ");
  assert.deepEqual(row(3).slice(1), [timeOfDay(0), timeOfDay(60)]);
  press(button(form, t.week.presets.off));
  assert.equal(details.querySelector("p").textContent, t.schedules.alwaysOff("America/New_York"));
});

/** Opens the days ahead. Returns their first row. */
function openedAhead(details) {
  details.open = true;
  details.dispatchEvent(new Event("toggle"));
  return () => details.querySelectorAll("tr")[1].children.map(({ textContent }) => textContent);
}

test("open days ahead follow the clock, in a form and beside a week that is only shown", (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-01-05T07:00:00Z") });
  const leaving = new AbortController();
  const { form } = opened(MONDAY, leaving.signal);
  const { node } = ahead(() => MONDAY);
  const place = h("div", {}, node);
  const firsts = [form.querySelector("details"), node].map(openedAhead);
  const shown = (date, ...times) => {
    context.mock.timers.setTime(Date.parse(date));
    tick();
    showNow(place);
    for (const first of firsts) {
      const [day, ...others] = first();
      assert.ok(day.startsWith(dayName(new Date(date).getUTCDay() - 1, "short")), day);
      assert.deepEqual(others, times);
    }
  };
  shown("2026-01-05T07:00:00Z", timeOfDay(480), timeOfDay(600));
  const table = node.querySelector("table");
  shown("2026-01-05T07:59:00Z", timeOfDay(480), timeOfDay(600));
  assert.equal(node.querySelector("table"), table, "what is the same is not drawn again");
  shown("2026-01-05T09:00:00Z", t.week.none, timeOfDay(600));
  shown("2026-01-06T00:00:00Z", t.week.none, t.week.none);
  leaving.abort();
});

test("a time zone that this browser does not know is said, and no time there", () => {
  const away = { ...MONDAY, time_zone: "America/Nowhere" };
  const { node } = ahead(() => away, true);
  const place = h("div", {}, weekPicture(away), node);
  showNow(place);
  assert.ok(place.querySelectorAll(".week-now").every(({ hidden }) => hidden));
  assert.equal(place.querySelector(".week-clock").textContent, t.week.unknownZone);
  assert.equal(node.querySelector("p").textContent, t.week.unknownZone);
  const { fields, windows } = opened(away);
  assert.equal(fields.read().time_zone, "America/Nowhere");
  assert.deepEqual(windows(), ["mon 08:00-10:00"]);
});

test("the line for now is in today's row of the schedule's time zone, and moves", async (context) => {
  context.mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-01-05T18:00:00Z") });
  const leaving = new AbortController();
  const { form } = opened({ ...MONDAY, time_zone: "Asia/Tokyo" }, leaving.signal);
  const there = () =>
    form
      .querySelectorAll(".week-now")
      .filter(({ hidden }) => !hidden)
      .map(({ dataset, style }) => [dataset.day, style.left]);
  const said = (time) => t.week.now(dayName(1, "long"), timeOfDay(time));
  assert.deepEqual(there(), [["1", "12.5%"]]);
  assert.equal(form.querySelector(".week-clock").textContent, said(180));
  context.mock.timers.setTime(Date.parse("2026-01-05T21:00:00Z"));
  tick();
  assert.deepEqual([there(), form.querySelector(".week-clock").textContent], [[["1", "25%"]], said(360)]);
  // A modal that is closed is drawn no more.
  leaving.abort();
  context.mock.timers.setTime(Date.parse("2026-01-06T00:00:00Z"));
  tick();
  assert.deepEqual(there(), [["1", "25%"]]);
  await soon(1);
});

test("another time zone moves the line", () => {
  const { form } = opened(MONDAY);
  const zone = form.querySelector("select");
  zone.value = "Asia/Tokyo";
  zone.dispatchEvent(new Event("change"));
  assert.equal(form.querySelector(".week").dataset.zone, "Asia/Tokyo");
  assert.ok(form.querySelector(".week").textContent.startsWith(t.schedules.zone("Asia/Tokyo")));
});

test("a week that is only shown has the line too", () => {
  const place = h("div", {}, weekPicture(MONDAY), weekPicture({ ...MONDAY, windows: [] }));
  showNow(place);
  assert.equal(place.querySelectorAll(".week-now").filter(({ hidden }) => !hidden).length, 1);
  assert.ok(place.textContent.includes(t.schedules.alwaysOff("UTC")));
});

test("a bar is where its times are in its day, and a window without a day or a time is none", (context) => {
  const bars = (node) => node.querySelectorAll(".week-bar").map(({ style }) => [style.left, style.width]);
  const night = { ...MONDAY, windows: [{ days: ["mon"], start: "18:00", stop: "03:00" }] };
  for (const node of [weekPicture(night), opened(night).form])
    assert.deepEqual(bars(node), [
      ["75%", "25%"],
      ["0%", "12.5%"],
    ]);
  context.mock.timers.enable({ apis: ["Date"], now: Date.parse("2026-01-05T07:00:00Z") });
  for (const unfinished of [{ days: [] }, { start: "" }]) {
    const { form } = opened({ ...MONDAY, windows: [{ ...MONDAY.windows[0], ...unfinished }] });
    const details = form.querySelector("details");
    details.open = true;
    details.dispatchEvent(new Event("toggle"));
    assert.equal(details.querySelector("p")?.textContent, t.schedules.alwaysOff("UTC"));
  }
});

test("a week of more windows than a schedule takes is refused here, and says so", () => {
  const hour = (at) => `${String(at).padStart(2, "0")}:00`;
  const windows = Array.from({ length: 14 }, (_, at) => ({
    days: [DAYS[at % 7]],
    start: hour(at),
    stop: hour(at + 1),
  }));
  const { fields, key } = opened({ ...MONDAY, windows });
  assert.equal(fields.read().windows.length, 14);
  key("End");
  key(" ");
  const errors = [{ field: "windows", message: t.schedules.tooMany(15, 14) }];
  assert.throws(() => fields.read(), { status: 422, errors });
});
