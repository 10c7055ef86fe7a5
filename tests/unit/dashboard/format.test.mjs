// What is said of a moment.
import assert from "node:assert/strict";
import { test } from "node:test";

// What the module touches when it is loaded.
Object.defineProperty(globalThis, "navigator", { value: { language: "en-GB" }, configurable: true });
const shown = [];
globalThis.document = {
  addEventListener() {},
  createElement: () => ({
    dataset: {},
    setAttribute(name, value) {
      if (name === "data-age") this.dataset.age = value;
      else this[name === "datetime" ? "dateTime" : name] = value;
    },
    append(text) {
      this.textContent = text;
    },
  }),
  querySelectorAll: (selector) => shown.filter(({ dataset }) => selector === "time" || dataset.age),
};
let tick;
globalThis.setInterval = (work) => {
  tick = work;
  return 0;
};
const page = "../../../functions/dashboard/static";
const { hour, onTick, relative, second, timeZoneHere, when } = await import(`${page}/lib/format.js`);
const { percent, utcDate } = await import(`${page}/lib/later-formats.js`);

const from = (seconds) => new Date(Date.now() + seconds * 1_000).toISOString();
const HOURS = 3_600;

test("yesterday may be the day before, so days are counted", () => {
  assert.equal(relative(from(-30 * HOURS)), "1 day ago");
  assert.equal(relative(from(30 * HOURS), "due"), "in 1 day");
});

test("an age is in whole units that have passed", () => {
  assert.equal(relative(from(-59 * 60 - 50)), "59 minutes ago");
  assert.equal(relative(from(-24 * HOURS + 10)), "23 hours ago");
});

test("what is planned is in the whole units that are left, and so never said to be later than it is", () => {
  assert.equal(relative(from(3 * 60 - 5), "due"), "in 2 minutes");
  assert.equal(relative(from(2 * HOURS - 60), "due"), "in 1 hour");
});

test("what has happened is not to come, however slow the reader's clock is", () =>
  assert.equal(relative(from(5 * 60)), "just now"));

test("the hour of another day has its date", () => {
  const now = new Date(2026, 0, 5, 9, 0).getTime();
  assert.equal(hour(new Date(2026, 0, 5, 8, 30).getTime(), now), "08:30");
  assert.equal(hour(new Date(2026, 0, 2, 17, 58).getTime(), now), "2 Jan 2026, 17:58");
});

test("a wait to the second is not too short", () => {
  assert.equal(second(new Date(2026, 0, 5, 9, 0, 3, 1).getTime()), "5 Jan 2026, 09:00:04");
});

test("a listener that fails is reported, and the others go on", (context) => {
  const reported = [];
  globalThis.reportError = (error) => reported.push(error.message);
  const view = new AbortController();
  context.after(() => view.abort());
  let heard = 0;
  onTick(() => {
    throw new Error("no such time zone");
  }, view.signal);
  onTick(() => (heard += 1), view.signal);
  tick();
  assert.deepEqual([reported, heard], [["no such time zone"], 1]);
});

test("who travels is told the time of where they are", (context) => {
  const { TZ } = process.env;
  context.after(() => {
    process.env.TZ = TZ ?? "";
  });
  process.env.TZ = "Europe/Berlin";
  tick();
  const [iso, old] = ["2026-11-27T17:00:00Z", "2026-01-01T02:00:00Z"];
  const at = Date.parse(iso);
  shown.push(when(iso, { exact: true }), when(old));
  const all = () => [hour(at, at), second(at), ...shown.map(({ textContent }) => textContent), utcDate(old)];
  const atHome = ["18:00", "27 Nov 2026, 18:00:00", "27 Nov 2026, 18:00", "1 Jan 2026", "1 Jan 2026"];
  assert.deepEqual(all(), atHome);
  const [{ title }] = shown;
  process.env.TZ = "America/New_York";
  const heard = [];
  const view = new AbortController();
  onTick(() => heard.push(hour(at, at)), view.signal);
  tick();
  view.abort();
  assert.deepEqual(all(), ["12:00", "27 Nov 2026, 12:00:00", "27 Nov 2026, 12:00", "31 Dec 2025", "1 Jan 2026"]);
  assert.deepEqual([heard, timeZoneHere()], [["12:00"], "America/New_York"]);
  assert.notEqual(shown[0].title, title);
});

test("a moment that others read elsewhere has its time zone, also after a journey", (context) => {
  const { TZ } = process.env;
  context.after(() => {
    process.env.TZ = TZ ?? "";
  });
  process.env.TZ = "Europe/Berlin";
  tick();
  const node = when("2026-12-04T13:30:00Z", { kind: "zoned" });
  shown.push(node);
  assert.equal(node.textContent, "4 Dec 2026, 14:30 GMT+1");
  process.env.TZ = "America/New_York";
  tick();
  assert.equal(node.textContent, "4 Dec 2026, 08:30 GMT-5");
});

test("a share is written as the reader writes it", () => assert.equal(percent(84), "84%"));
