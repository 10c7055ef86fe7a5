// A week that is painted, the windows that it becomes, and what its schedule does in the next days.
import assert from "node:assert/strict";
import { test } from "node:test";

const { DAYS, daysAhead, isAlwaysOn, minuteOfWeek, painted, runsBetween, spansOf, windowsOf } =
  await import("../../../functions/dashboard/static/lib/week.js");

const WORK = { days: DAYS.slice(0, 5), start: "08:00", stop: "18:00" };
const HOUR = 60;
const OFF = spansOf([]);

test("what is painted on one day and then on another is one window", () => {
  const monday = painted(OFF, [0], [8 * HOUR, 18 * HOUR], true);
  assert.deepEqual(windowsOf(monday), [{ ...WORK, days: ["mon"] }]);
  assert.deepEqual(windowsOf(painted(monday, [1, 2, 3, 4], [8 * HOUR, 18 * HOUR], true)), [WORK]);
});

test("what is painted off divides a window, and what is painted on again joins it", () => {
  const noon = [12 * HOUR, 13 * HOUR];
  const divided = painted(spansOf([WORK]), [0, 1, 2, 3, 4], noon, false);
  assert.deepEqual(windowsOf(divided), [
    { ...WORK, stop: "12:00" },
    { ...WORK, start: "13:00" },
  ]);
  assert.deepEqual(windowsOf(painted(divided, [0, 1, 2, 3, 4], noon, true)), [WORK]);
});

test("minutes that no rectangle covers stay as they were typed", () => {
  const typed = spansOf([{ ...WORK, days: ["mon"], start: "07:25" }]);
  assert.deepEqual(windowsOf(painted(typed, [0], [18 * HOUR, 19 * HOUR], true)), [
    { days: ["mon"], start: "07:25", stop: "19:00" },
  ]);
  assert.equal(runsBetween(typed[0], 7 * HOUR, 8 * HOUR), "partly");
  assert.equal(runsBetween(typed[0], 8 * HOUR, 9 * HOUR), "on");
  assert.equal(runsBetween(typed[1], 8 * HOUR, 9 * HOUR), "off");
});

test("a night that is painted on two days is one window, also around the end of the week", () => {
  for (const [day, next] of [
    [4, 5],
    [6, 0],
  ]) {
    const evening = painted(OFF, [day], [22 * HOUR, 24 * HOUR], true);
    const night = painted(evening, [next], [0, 6 * HOUR], true);
    assert.deepEqual(windowsOf(night), [{ days: [DAYS[day]], start: "22:00", stop: "06:00" }]);
  }
});

test("what runs for days is divided at midnights, and a whole week is always on", () => {
  const days = painted(painted(OFF, [0], [8 * HOUR, 24 * HOUR], true), [1, 2], [0, 24 * HOUR], true);
  assert.deepEqual(windowsOf(days), [
    { days: ["mon"], start: "08:00", stop: "00:00" },
    { days: ["tue", "wed"], start: "00:00", stop: "00:00" },
  ]);
  const windows = windowsOf(painted(OFF, [0, 1, 2, 3, 4, 5, 6], [0, 24 * HOUR], true));
  assert.deepEqual(windows, [{ days: DAYS, start: "00:00", stop: "00:00" }]);
  assert.ok(isAlwaysOn({ windows }));
});

test("a window without its times is none yet", () => {
  assert.deepEqual(spansOf([{ ...WORK, start: "" }]), OFF);
});

const said = ({ turns }) => turns.map(({ action, minute }) => `${action} ${Math.floor(minute / 60)}:${minute % 60}`);
const ahead = (windows, time_zone, now) => daysAhead({ time_zone, windows }, Date.parse(now));

test("the days ahead begin today, with what is still to come of it", () => {
  const days = ahead([WORK], "Europe/Lisbon", "2026-01-09T12:00:00Z");
  assert.equal(days.length, 14);
  assert.deepEqual(days.slice(0, 4).map(said), [["stop 18:0"], [], [], ["start 8:0", "stop 18:0"]]);
  assert.equal(new Date(days[0].day).toISOString(), "2026-01-09T00:00:00.000Z");
  assert.ok(days.every(({ changes }) => !changes));
});

test("the day is that of the schedule's time zone", () => {
  const [today] = ahead([WORK], "Pacific/Auckland", "2026-01-08T12:00:00Z");
  assert.equal(new Date(today.day).toISOString(), "2026-01-09T00:00:00.000Z");
  assert.deepEqual(said(today), ["start 8:0", "stop 18:0"]);
});

test("a time that is skipped is shown when it comes, and the day says that its clocks change", () => {
  const night = { days: ["sun"], start: "01:30", stop: "02:30" };
  const days = ahead([night], "America/New_York", "2026-03-06T12:00:00Z");
  assert.deepEqual(
    days.map(({ changes }) => changes),
    days.map((_, number) => number === 2),
  );
  assert.deepEqual(
    [said(days[2]), said(days[9])],
    [
      ["start 1:30", "stop 3:30"],
      ["start 1:30", "stop 2:30"],
    ],
  );
});

test("a window that would end before it starts comes later, as long as it is", () => {
  const nights = { days: DAYS, start: "02:45", stop: "03:15" };
  const [, , sunday, monday] = ahead([nights], "Europe/Berlin", "2027-03-26T12:00:00Z");
  assert.deepEqual(
    [said(sunday), said(monday)],
    [
      ["start 3:45", "stop 4:15"],
      ["start 2:45", "stop 3:15"],
    ],
  );
});

test("a time that is repeated is its first", () => {
  const night = { days: ["sun"], start: "00:30", stop: "01:30" };
  const days = ahead([night], "America/New_York", "2026-10-31T12:00:00Z");
  assert.deepEqual([days[1].changes, said(days[1])], [true, ["start 0:30", "stop 1:30"]]);
  // Between the two there is nothing more to come.
  assert.deepEqual(said(ahead([night], "America/New_York", "2026-11-01T05:45:00Z")[0]), []);
});

test("the minute of the week is that of the time zone, before 1970 too", () => {
  assert.equal(minuteOfWeek(new Date("2026-01-05T00:10:00Z"), "UTC"), 10);
  assert.equal(minuteOfWeek(new Date("2026-01-04T20:40:00Z"), "Asia/Kathmandu"), 2 * HOUR + 25);
  assert.equal(minuteOfWeek(new Date("1969-12-29T00:10:00Z"), "UTC"), 10);
});
