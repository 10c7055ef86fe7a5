// How an account's connection was, according to its tests. Times that no test covers are left out.
import { dayOf, statusesOf } from "./spark.js";

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
// A connected account is tested daily. A test's result counts until the next test, but no longer than this: UNTESTED in
// domain/verifications.py.
const KNOWN_FOR_MS = 26 * HOUR_MS;
/** For how many days tests are kept. */
export const DAYS_BACK = 90;

/** Outcomes from the best to the worst. "notThereYet": of an account that waits to be connected, or to be so again. */
const OUTCOMES = ["confirmed", "degraded", "notThereYet", "failed"];
const isKnown = ({ outcome }) => OUTCOMES.includes(outcome);
const isConnected = ({ outcome }) => ["confirmed", "degraded"].includes(outcome);
const isWorse = (one, other) => OUTCOMES.indexOf(one.outcome) > OUTCOMES.indexOf(other.outcome);
const endOf = ({ finished_at: at }) => Date.parse(at);

/** When the oldest day begins, by the reader's calendar, in milliseconds. @param {number} now */
export const beginning = (now) => dayBefore(now, DAYS_BACK - 1);

function dayBefore(now, days) {
  const today = new Date(now);
  return new Date(today.getFullYear(), today.getMonth(), today.getDate() - days).getTime();
}

/**
 * Whether a test that failed found an account that was not there yet: such a test leaves it unconfirmed. One after a
 * connection makes it failed. Of a status only the day is known: what is in doubt counts as failed.
 * @param {any} account
 */
export function waitingOf(account) {
  const statuses = statusesOf(account);
  return ({ finished_at: at }) => {
    const possible = statuses(dayOf(at));
    return possible.includes("unconfirmed") && !possible.includes("failed");
  };
}

/**
 * `isNew`: the account was never connected before the first of its tests that found it so. `isWaiting`: as of
 * `waitingOf`. `ends`: as of `endsOf`.
 * @typedef {{isNew: boolean, isWaiting?: (test: any) => boolean, ends?: number[]}} Known
 */

/** The tests that came to a verdict, oldest first. @param {any[]} tests @param {Known} known */
function withVerdict(tests, { isNew, isWaiting = () => false }) {
  const ended = tests.filter(isKnown).sort((a, b) => endOf(a) - endOf(b));
  const first = ended.findIndex(isConnected);
  const isBefore = (index) => isNew && (first < 0 || index < first);
  return ended.map((test, index) =>
    isBefore(index) || (test.outcome === "failed" && isWaiting(test)) ? { ...test, outcome: "notThereYet" } : test,
  );
}

/** @param {any} earlier @param {any} later @param {Known} known */
const isEndedBetween = (earlier, later, { ends = [] }) =>
  !earlier || ends.some((end) => end > endOf(earlier) && end - DAY_MS <= endOf(later));

// When a test ended, and those after it that found the same. The API says only how many these were, and when the last
// one was. They count as evenly spread over that time, unless they were too few for it: a daily test may come late.
function momentsOf(test) {
  const end = endOf(test);
  if (!test.unchanged) return [end];
  const { tests, last_at: last } = test.unchanged;
  const pause = (Date.parse(last) - end) / tests;
  if (pause > 2 * DAY_MS) return [end, Date.parse(last)];
  return Array.from({ length: tests + 1 }, (_, number) => end + number * pause);
}

/**
 * When somebody ended a connection without a test: its use was revoked, or its role changed. Of a change of status only
 * the day is known, in UTC. What was found before holds until that day ends, or until the account changed last.
 * @param {{status: string, status_changes?: {on: string, before: string}[], updated_at: string}} account
 */
export const endsOf = ({ status, status_changes: changes = [], updated_at: updated }) =>
  changes
    .map(({ on, before }, index) => ({ on, before, next: changes[index + 1] }))
    .filter(({ before, next }) => isConnected({ outcome: before }) && (next?.before ?? status) === "unconfirmed")
    .filter(({ on, next }) => next?.on !== on)
    .map(({ on, next }) => Math.min(Date.parse(on) + DAY_MS, next ? Infinity : Date.parse(updated)));

/**
 * The times that tests cover, oldest first, in milliseconds.
 * @param {any[]} tests as the API lists them @param {number} now @param {Known} known
 * @returns {{from: number, to: number, outcome: string}[]}
 */
export function knownTimes(tests, now, known) {
  const { ends = [] } = known;
  const looks = withVerdict(tests, known).flatMap((test) =>
    momentsOf(test).map((at) => ({ at, outcome: test.outcome })),
  );
  return looks
    .map(({ at, outcome }, index) => ({
      from: Math.max(at, beginning(now)),
      to: Math.min(looks[index + 1]?.at ?? now, at + KNOWN_FOR_MS, now, ...ends.filter((end) => end > at)),
      outcome,
    }))
    .filter(({ from, to }) => from < to);
}

const lengthOf = (times) => times.reduce((sum, { from, to }) => sum + to - from, 0);

/**
 * The share of the known time in which the account was connected, rounded down to a tenth of a percent. Null if no time
 * is known. Times in which the account was not there yet do not count.
 * @returns {{share: number, known: number} | null} `known` in milliseconds
 */
export function uptime(times) {
  const counted = times.filter(({ outcome }) => outcome !== "notThereYet");
  const known = lengthOf(counted);
  return known ? { share: Math.floor((lengthOf(counted.filter(isConnected)) * 1000) / known) / 1000, known } : null;
}

/**
 * Each day by the reader's calendar, oldest first, with its worst known state; "unknown" if there is none. Of the day
 * of the first connection, the time before it does not count.
 * @returns {{day: number, state: string}[]} `day`: when it begins, in milliseconds
 */
export function daysOf(times, now) {
  const first = times.find(({ outcome }) => outcome !== "notThereYet")?.from ?? Infinity;
  return Array.from({ length: DAYS_BACK }, (_, index) => {
    const [day, next] = [DAYS_BACK - 1, DAYS_BACK - 2].map((back) => dayBefore(now, back - index));
    const start = first < next ? Math.max(day, first) : day;
    const known = times.filter(({ from, to }) => from < next && to > start);
    const worst = known.reduce((a, b) => (isWorse(b, a) ? b : a), known[0]);
    return { day, state: worst?.outcome ?? "unknown" };
  });
}

/** Successive days with the same state, newest first. */
export function runsOf(days) {
  /** @type {{from: number, to: number, state: string, days: number}[]} */
  const runs = [];
  for (const { day, state } of days) {
    const last = runs.at(-1);
    if (last && last.state === state) Object.assign(last, { to: day, days: last.days + 1 });
    else runs.push({ from: day, to: day, state, days: 1 });
  }
  return runs.reverse();
}

/**
 * When the connection broke, newest first: each test (`later`) that found it worse than the test before it (`earlier`;
 * null if not known), and each moment at which a person ended it (`ended`, in milliseconds). `mended`: the next test
 * that found it connected, and better, or null. Nothing broke while the account was not there yet.
 * @param {any[]} tests @param {number} now @param {Known} known
 * @returns {{earlier?: any, later?: any, ended?: number, mended: any}[]}
 */
export function breaksOf(tests, now, known) {
  const verdicts = withVerdict(tests, known);
  const found = verdicts
    .map((later, index) => ({
      earlier: verdicts[index - 1] ?? null,
      later,
      mended: verdicts.slice(index).find((test) => isConnected(test) && isWorse(later, test)) ?? null,
    }))
    // Who ended it is told below, unless it was there again on the same day.
    .filter(({ earlier, later }) => later.outcome !== "notThereYet" || !isEndedBetween(earlier, later, known))
    .filter(({ earlier, later }) =>
      earlier ? isConnected(earlier) && isWorse(later, earlier) : !known.isNew && !isConnected(later),
    )
    .filter(({ later }) => Math.max(...momentsOf(later)) >= beginning(now));
  const ended = (known.ends ?? [])
    .filter((end) => end >= beginning(now))
    .map((end) => ({
      ended: end,
      mended: verdicts.find((test) => isConnected(test) && endOf(test) > end) ?? null,
    }));
  const timeOf = (each) => ("ended" in each ? each.ended : endOf(each.later));
  return [...found, ...ended].sort((a, b) => timeOf(b) - timeOf(a));
}
