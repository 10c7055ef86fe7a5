// When a schedule next starts and stops an instance, and whether one that runs does so outside of it.
import assert from "node:assert/strict";
import { test } from "node:test";

// What the modules touch when they are loaded.
globalThis.addEventListener = () => {};
globalThis.document = { addEventListener() {} };
globalThis.setInterval = () => 0;
const page = "../../../functions/dashboard/static";
const { isOutside, nextTurn } = await import(`${page}/lib/week.js`);
const { momentOf } = await import(`${page}/views/schedules.js`);
const { dayName, firstDay } = await import(`${page}/lib/later-formats.js`);

const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
const WORK = { days: DAYS.slice(0, 5), start: "08:00", stop: "18:00" };
const resource = (time_zone, action, at, ...windows) => ({
  schedule: { time_zone, windows },
  next_action: { action, at },
});

for (const [said, given] of [
  ["2026-01-05T18:00:00Z", resource("Europe/Lisbon", "start", "2026-01-05T08:00:00Z", WORK)],
  ["2026-01-05T12:30:00Z", resource("Asia/Kolkata", "start", "2026-01-05T02:30:00Z", WORK)],
  [
    "2026-01-11T03:00:00Z",
    resource("UTC", "start", "2026-01-10T22:00:00Z", { ...WORK, days: ["sat"], start: "22:00", stop: "03:00" }),
  ],
  [
    "2026-01-12T00:00:00Z",
    resource("UTC", "start", "2026-01-10T00:00:00Z", { days: ["sat", "sun"], start: "00:00", stop: "00:00" }),
  ],
  [
    "2026-01-06T20:00:00Z",
    resource("UTC", "start", "2026-01-06T08:00:00Z", WORK, { days: ["tue"], start: "17:00", stop: "20:00" }),
  ],
  // The clocks go forward while it runs.
  [
    "2026-03-29T06:00:00Z",
    resource("Europe/Berlin", "start", "2026-03-28T21:00:00Z", { days: ["sat"], start: "22:00", stop: "08:00" }),
  ],
  // The hour in which it stops is skipped.
  [
    "2026-03-08T07:30:00Z",
    resource("America/New_York", "start", "2026-03-08T06:00:00Z", { days: ["sun"], start: "01:00", stop: "02:30" }),
  ],
  // The only hour of a week in which it is off is skipped a week later.
  [
    "2027-04-04T00:30:00Z",
    resource(
      "Europe/Berlin",
      "start",
      "2027-03-21T02:30:00Z",
      { days: ["sun"], start: "03:30", stop: "00:00" },
      { days: ["mon", "tue", "wed", "thu", "fri", "sat"], start: "00:00", stop: "00:00" },
      { days: ["sun"], start: "00:00", stop: "02:30" },
    ),
  ],
  // A window around the end of the week.
  [
    "2026-01-12T10:00:00Z",
    resource("UTC", "start", "2026-01-11T20:00:00Z", { days: ["sun"], start: "20:00", stop: "10:00" }),
  ],
  ["2026-01-10T00:00:00Z", resource("UTC", "stop", "2026-01-10T00:00:00Z")],
]) {
  test(`${given.schedule.time_zone}, ${given.next_action.at}: next stop ${said}`, () => {
    assert.equal(nextTurn(given, "stop")?.toISOString(), said.replace("Z", ".000Z"));
    assert.ok(isOutside(given));
  });
}

test("one that was stopped in its time is next started in the next one", () => {
  const inside = resource("Europe/Lisbon", "stop", "2026-01-09T18:00:00Z", WORK);
  assert.equal(nextTurn(inside, "start")?.toISOString(), "2026-01-12T08:00:00.000Z");
  assert.ok(!isOutside(inside));
});

for (const at of ["00:00", "08:00", "23:59"]) {
  test(`a week that is all on from ${at} to ${at} has no stop, and nothing runs outside of it`, () => {
    const on = resource("Europe/Berlin", "start", "2026-01-05T23:00:00Z", { days: DAYS, start: at, stop: at });
    assert.ok(!isOutside(on));
    assert.equal(nextTurn(on, "stop"), null);
    assert.equal(nextTurn(on, "start")?.toISOString(), "2026-01-05T23:00:00.000Z");
  });
}

test("a week that is all on by several windows is one too", () => {
  const days = { days: DAYS, start: "06:00", stop: "18:00" };
  const nights = { days: DAYS, start: "17:30", stop: "06:30" };
  assert.ok(!isOutside(resource("UTC", "start", "2026-01-06T00:00:00Z", days, nights)));
  assert.ok(isOutside(resource("UTC", "start", "2026-01-06T06:00:00Z", days, { ...nights, start: "19:00" })));
});

test("nothing is next without a turn", () => {
  assert.equal(nextTurn({ ...resource("UTC", "start", "", WORK), next_action: null }, "stop"), null);
  assert.ok(!isOutside({ ...resource("UTC", "start", "", WORK), next_action: null }));
});

test("in a time zone that this browser does not know, only the next turn is, as the API says it", () => {
  const away = resource("America/Nowhere", "start", "2026-01-05T08:00:00Z", WORK);
  assert.equal(nextTurn(away, "start")?.toISOString(), "2026-01-05T08:00:00.000Z");
  assert.equal(nextTurn(away, "stop"), null);
});

test("a moment is said on the schedule's own clock", () => {
  const stop = new Date("2026-01-11T20:00:00Z");
  assert.match(momentOf(stop, { time_zone: "Asia/Tokyo" }), /^Monday 0?5:00/);
});

test("the week begins where the reader's does", () => {
  assert.deepEqual([firstDay("en-GB"), firstDay("en-US"), firstDay("ar-EG")], [1, 7, 6]);
  assert.deepEqual([dayName(0, "long"), dayName(6, "short")], ["Monday", "Sun"]);
});
