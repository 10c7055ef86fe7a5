// When a schedule next stops an instance that runs outside of it.
import assert from "node:assert/strict";
import { test } from "node:test";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const { nextStop } = await import("../../../functions/dashboard/static/views/schedules.js");

const WORK = { days: ["mon", "tue", "wed", "thu", "fri"], start: "08:00", stop: "18:00" };
const resource = (time_zone, action, at, ...windows) => ({
  schedule: { time_zone, windows },
  next_action: { action, at },
});

for (const [said, given] of [
  ["Monday 18:00", resource("Europe/Lisbon", "start", "2026-01-05T08:00:00Z", WORK)],
  ["Monday 18:00", resource("Asia/Kolkata", "start", "2026-01-05T02:30:00Z", WORK)],
  ["Sunday 03:00", resource("UTC", "start", "2026-01-10T22:00:00Z", { days: ["sat"], start: "22:00", stop: "03:00" })],
  [
    "Monday 00:00",
    resource("UTC", "start", "2026-01-10T00:00:00Z", { days: ["sat", "sun"], start: "00:00", stop: "00:00" }),
  ],
  [
    "Tuesday 20:00",
    resource("UTC", "start", "2026-01-06T08:00:00Z", WORK, { days: ["tue"], start: "17:00", stop: "20:00" }),
  ],
  ["Saturday 00:00", resource("UTC", "stop", "2026-01-10T00:00:00Z")],
]) {
  test(`${given.schedule.time_zone}, ${given.next_action.at}: ${said}`, () => assert.equal(nextStop(given), said));
}
