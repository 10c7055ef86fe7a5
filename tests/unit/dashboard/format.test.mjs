// What is said of a moment.
import assert from "node:assert/strict";
import { test } from "node:test";

// What the module touches when it is loaded.
Object.defineProperty(globalThis, "navigator", { value: { language: "en-GB" }, configurable: true });
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const { hour, percent, relative } = await import("../../../functions/dashboard/static/lib/format.js");

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

test("a share is written as the reader writes it", () => assert.equal(percent(84), "84%"));
