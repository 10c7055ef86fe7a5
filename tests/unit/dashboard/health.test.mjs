// What is known of a connection in the last days, and what is not.
import assert from "node:assert/strict";
import { test } from "node:test";

process.env.TZ = "Europe/Lisbon";
const { beginning, breaksOf, daysOf, DAYS_BACK, endsOf, knownTimes, runsOf, uptime, waitingOf } =
  await import("../../../functions/dashboard/static/lib/health.js");

const NOW = Date.parse("2026-03-31T12:00:00Z");
const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const OLD = { isNew: false };
let ids = 0;
/** A test that ended so many days ago. */
const ended = (days, outcome = "confirmed", unchanged = null) => ({
  verification_id: `v${(ids += 1)}`,
  outcome,
  finished_at: new Date(NOW - days * DAY).toISOString(),
  unchanged: unchanged && { tests: unchanged[0], last_at: new Date(NOW - unchanged[1] * DAY).toISOString() },
});
const hours = (times) => times.map(({ from, to, outcome }) => [(NOW - from) / HOUR, (NOW - to) / HOUR, outcome]);
const said = (tests, of = OLD) => hours(knownTimes(tests, NOW, of));

test("what a test found holds until the next one, and no longer than 26 hours", () => {
  assert.deepEqual(said([ended(1), ended(0.5, "failed")]), [
    [24, 12, "confirmed"],
    [12, 0, "failed"],
  ]);
  assert.deepEqual(said([ended(10), ended(5)]), [
    [240, 214, "confirmed"],
    [120, 94, "confirmed"],
  ]);
});

test("however the tests are listed, and a test without a verdict tells nothing", () => {
  const tests = [ended(0.5, "failed"), ended(1), ended(0.75, null), ended(0.8, "split")];
  assert.deepEqual(said(tests), [
    [24, 12, "confirmed"],
    [12, 0, "failed"],
  ]);
});

test("tests that found the same since are known by their number and the last of them", () => {
  const [first, ...others] = said([ended(8, "confirmed", [6, 2])]);
  assert.deepEqual(first, [192, 168, "confirmed"]);
  assert.deepEqual(others.at(-1), [48, 22, "confirmed"]);
  assert.equal(uptime(knownTimes([ended(8, "confirmed", [6, 2])], NOW, OLD)).known, (6 * 24 + 26) * HOUR);
});

test("daily tests of which one came a little late leave no day unknown", () => {
  const times = knownTimes([ended(8, "confirmed", [7, 0])], NOW, OLD);
  assert.equal(uptime(times).known, 7 * 26 * HOUR);
  assert.ok(
    daysOf(times, NOW)
      .slice(-9)
      .every(({ state }) => state === "confirmed"),
  );
});

test("after a person has ended the connection nothing is known until the next test", () => {
  const account = (status, updated, ...changes) => ({
    ...{ status, updated_at: updated },
    status_changes: changes.map(([on, before]) => ({ on, before })),
  });
  const ends = (...of) => endsOf(account(...of)).map((end) => new Date(end).toISOString().slice(0, 16));
  // Its use was revoked today.
  const revoked = ["unconfirmed", "2026-03-31T09:00:00Z", ["2026-03-01", "unconfirmed"], ["2026-03-31", "confirmed"]];
  assert.deepEqual(ends(...revoked), ["2026-03-31T09:00"]);
  assert.deepEqual(said([ended(0.5)], { ...OLD, ends: endsOf(account(...revoked)) }), [[12, 3, "confirmed"]]);
  // It was renamed later, or is connected again: of that day only its end is known.
  const day = ["2026-03-20", "degraded"];
  assert.deepEqual(ends("unconfirmed", "2026-03-22T09:00:00Z", day), ["2026-03-21T00:00"]);
  assert.deepEqual(ends("confirmed", "2026-03-25T09:00:00Z", day, ["2026-03-25", "unconfirmed"]), ["2026-03-21T00:00"]);
  const before = { ...OLD, ends: [NOW - 4.9 * DAY] };
  assert.deepEqual(said([ended(6), ended(5), ended(1)], before).slice(1), [
    [120, 117.6, "confirmed"],
    [24, 0, "confirmed"],
  ]);
  // It was used again on the same day, or a test found what ended it, or it has an older API.
  assert.deepEqual(ends("confirmed", "2026-03-25T09:00:00Z", day, ["2026-03-20", "unconfirmed"]), []);
  assert.deepEqual(ends("failed", "2026-03-20T09:00:00Z", day), []);
  assert.deepEqual(endsOf({ status: "unconfirmed", updated_at: "2026-03-20T09:00:00Z" }), []);
});

test("of a time with too few of them nothing is claimed", () => {
  assert.deepEqual(said([ended(20, "confirmed", [2, 2])]), [
    [480, 454, "confirmed"],
    [48, 22, "confirmed"],
  ]);
});

test("uptime is a share of what is known, never rounded up", () => {
  const share = (tests, of) => uptime(knownTimes(tests, NOW, of ?? OLD))?.share;
  assert.equal(share([ended(1), ended(0.5, "degraded")]), 1);
  assert.equal(share([ended(1), ended(0.25, "failed")]), 0.75);
  const nearly = [ended(80, "confirmed", [79, 1]), ended(1, "failed"), ended(1 - 1 / 1440)];
  assert.equal(share(nearly), 0.999);
  assert.equal(share([]), undefined);
  assert.equal(share([ended(50, "failed")]), 0);
});

test("an account that was never connected is not there yet, which is no time that it was down", () => {
  const tests = [ended(3, "failed"), ended(2.5, "failed"), ended(2), ended(1, "failed")];
  const isNew = { isNew: true };
  assert.deepEqual(
    said(tests, isNew).map(([, , outcome]) => outcome),
    ["notThereYet", "notThereYet", "confirmed", "failed"],
  );
  assert.equal(uptime(knownTimes(tests, NOW, isNew)).share, 0.5);
  assert.equal(uptime(knownTimes([ended(3, "failed")], NOW, isNew)), null);
  assert.deepEqual(
    said([ended(3, "failed")], OLD).map(([, , outcome]) => outcome),
    ["failed"],
  );
});

test("the day of the first connection is as the account was since then", () => {
  const isNew = { isNew: true };
  const states = (tests) => daysOf(knownTimes(tests, NOW, isNew), NOW).map(({ state }) => state);
  const minute = 1 / 1440;
  assert.deepEqual(states([ended(1, "failed"), ended(2 * minute, "failed"), ended(minute)]).slice(-2), [
    "notThereYet",
    "confirmed",
  ]);
  assert.equal(states([ended(3 * minute, "failed"), ended(2 * minute), ended(minute, "failed")]).at(-1), "failed");
});

/** What is known of an account with these changes of status: how many days ago, and what it was before. */
function changed(status, ...changes) {
  const status_changes = changes.map(([days, before]) => ({
    on: new Date(NOW - days * DAY).toISOString().slice(0, 10),
    before,
  }));
  const updated_at = new Date(NOW).toISOString();
  const account = { status, status_changes, updated_at, created_at: "2025-01-01T00:00:00Z" };
  return { ...OLD, isWaiting: waitingOf(account), ends: endsOf(account) };
}
const outcomes = (tests, of) => said(tests, of).map(([, , outcome]) => outcome);

test("an account whose role was changed waits to be connected again, which is no time that it was down", () => {
  const tests = [ended(9), ended(8, "failed"), ended(7), ended(3, "failed"), ended(2, "failed")];
  const waits = changed("unconfirmed", [8, "confirmed"], [7, "failed"], [4, "confirmed"]);
  const found = ["confirmed", "failed", "confirmed", "notThereYet", "notThereYet"];
  assert.deepEqual(outcomes(tests, waits), found);
  const again = changed("confirmed", [8, "confirmed"], [7, "failed"], [4, "confirmed"], [1, "unconfirmed"]);
  assert.deepEqual(outcomes([...tests, ended(1)], again), [...found, "confirmed"]);
  // On the day of the change.
  assert.deepEqual(outcomes([ended(5), ended(3, "failed")], changed("unconfirmed", [3, "confirmed"])), [
    "confirmed",
    "notThereYet",
  ]);
  assert.deepEqual(outcomes([ended(5), ended(3, "failed")], changed("failed", [3, "confirmed"])).at(-1), "failed");
});

test("an account of long ago that was first connected in these days was not down before", () => {
  const tests = [ended(40, "failed"), ended(30, "failed"), ended(20), ended(1, "failed")];
  const known = changed("failed", [20, "unconfirmed"], [1, "confirmed"]);
  assert.deepEqual(outcomes(tests, known), ["notThereYet", "notThereYet", "confirmed", "failed"]);
  assert.equal(uptime(knownTimes(tests, NOW, known)).share, 0.52);
});

test("of a time whose changes of status are not kept, a test that failed is believed", () => {
  const often = Array.from({ length: 8 }, (_, index) => [9 - index, index % 2 ? "confirmed" : "unconfirmed"]);
  assert.deepEqual(outcomes([ended(30, "failed")], changed("unconfirmed", ...often)), ["failed"]);
});

test("a day is as bad as the worst that is known of it, and unknown if nothing is", () => {
  const days = daysOf(
    knownTimes([ended(5), ended(2.2), ended(2.1, "degraded"), ended(2, "failed"), ended(0)], NOW, OLD),
    NOW,
  );
  assert.equal(days.length, DAYS_BACK);
  assert.equal(days.at(-1).day, beginning(NOW) + 89 * DAY - HOUR, "the clocks went forward");
  assert.deepEqual(
    days.slice(-7).map(({ state }) => state),
    ["unknown", "confirmed", "confirmed", "unknown", "failed", "failed", "unknown"],
  );
});

test("days that are alike are one line, the newest first", () => {
  const days = daysOf(knownTimes([ended(5), ended(4)], NOW, OLD), NOW);
  assert.deepEqual(
    runsOf(days).map(({ state, days: count }) => `${state} ${count}`),
    ["unknown 3", "confirmed 3", "unknown 84"],
  );
});

test("what is older than the oldest day is not counted", () => {
  const [time] = knownTimes([ended(90)], NOW, OLD);
  assert.equal(time.from, beginning(NOW));
  assert.deepEqual(said([ended(92)]), []);
});

test("by a clock that is behind, nothing is known of the time to come", () => {
  assert.deepEqual(said([ended(-0.1), ended(1)]), [[24, 0, "confirmed"]]);
});

const breaks = (tests, of = OLD) =>
  breaksOf(tests, NOW, of).map(({ earlier, later, mended }) =>
    [earlier, later, mended].map((each) => (each ? tests.indexOf(each) : null)),
  );

test("a break is a test that found it worse than the one before, until one found it better", () => {
  const tests = [
    ...[ended(9), ended(8, "degraded"), ended(7, "failed"), ended(6, "degraded"), ended(5), ended(4, null)],
    ended(3, "failed"),
  ];
  assert.deepEqual(breaks(tests), [
    [4, 6, null],
    [1, 2, 3],
    [0, 1, 4],
  ]);
});

test("before an account was ever connected nothing broke, and what began before its tests has none before it", () => {
  const tests = [ended(3, "failed"), ended(2)];
  assert.deepEqual(breaks(tests, { isNew: true }), []);
  assert.deepEqual(breaks(tests), [[null, 0, 1]]);
  assert.deepEqual(breaks([ended(3, "degraded"), ended(2)]), []);
});

test("a break of before the oldest day is not shown, unless it was found again since", () => {
  const tests = [ended(95), ended(93, "failed")];
  assert.deepEqual(breaks(tests), []);
  assert.deepEqual(breaks([ended(95), ended(93, "failed", [5, 88])]), [[0, 1, null]]);
});

test("a break that nobody's end tells is told, though the account waited to be connected again", () => {
  const tests = [ended(9), ended(8.05, "failed"), ended(8)];
  const known = { isNew: false, isWaiting: ({ outcome }) => outcome === "failed" };
  assert.deepEqual(breaks(tests, { ...known, ends: [] }), [[0, -1, 2]]);
  assert.deepEqual(breaks(tests, { ...known, ends: [NOW - 8.5 * DAY] }), [[null, null, 2]]);
});

test("what waits to be connected again broke nothing, and a person's end is told with what followed", () => {
  const tests = [ended(9), ended(8, "failed"), ended(6, "failed"), ended(5, "failed"), ended(4)];
  const known = changed("confirmed", [8, "confirmed"], [7, "failed"], [4, "unconfirmed"]);
  assert.deepEqual(breaks(tests, known), [[0, 1, 4]], "not mended while it is not there yet");
  assert.deepEqual(breaks(tests.slice(0, 4), changed("unconfirmed", [8, "confirmed"], [7, "failed"])), [[0, 1, null]]);
  const [revoked, ...others] = breaksOf(
    [ended(9), ended(2)],
    NOW,
    changed("confirmed", [5, "confirmed"], [2, "unconfirmed"]),
  );
  assert.deepEqual([new Date(revoked.ended).toISOString(), others], ["2026-03-27T00:00:00.000Z", []]);
  assert.equal(revoked.mended.finished_at, new Date(NOW - 2 * DAY).toISOString());
  const long = changed("unconfirmed", [95, "confirmed"]);
  assert.deepEqual(breaksOf([], NOW, { ...long, ends: [NOW - 94 * DAY] }), []);
});
