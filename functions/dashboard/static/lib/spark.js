// The status of an account in the last days, small enough for a row of the list: from its changes of status.
import { t, wordOf } from "../texts.js";

const DAY_MS = 86_400_000;
export const DAYS = 30;
// So many changes the API keeps at most (MOST_CHANGES in domain/accounts.py). Of the time before them nothing is known.
const MOST_CHANGES = 8;
/** How high each stands, in percent: the better, the higher, as in the ribbon of an account's health. */
const HEIGHTS = { confirmed: 100, degraded: 70, unconfirmed: 20, failed: 40 };
const FROM_GOOD_TO_BAD = ["confirmed", "degraded", "unconfirmed", "failed"];
const rank = (status) => FROM_GOOD_TO_BAD.indexOf(status);

/** A day in UTC. @param {string | number} time in ISO 8601, or in milliseconds */
export const dayOf = (time) => Math.floor(new Date(time).getTime() / DAY_MS);

/**
 * Returns what gives the statuses that an account had on a day; none of a day before it was added, or of which nothing
 * is known.
 * @param {{status: string, status_changes?: {on: string, before: string}[], created_at: string}} account
 */
export function statusesOf({ status, status_changes: changes = [], created_at: added }) {
  const known = changes.map(({ on, before }) => ({ on: dayOf(on), before }));
  const first = Math.max(dayOf(added), known.length >= MOST_CHANGES ? known[0].on : -Infinity);
  return (day) => {
    if (day < first) return [];
    const atItsEnd = known.find(({ on }) => on > day)?.before ?? status;
    return [atItsEnd, ...known.filter(({ on }) => on === day).map(({ before }) => before)];
  };
}

/**
 * The worst status of each day in UTC, oldest first; "" if none is known. On the day of the first change, the status
 * before it does not count: an account is unconfirmed until it is connected.
 * @param {any} account @param {number} now @returns {string[]}
 */
export function statusDays(account, now) {
  const statuses = statusesOf(account);
  const { status_changes: changes = [] } = account;
  const first = changes.length < MOST_CHANGES && changes[0]?.before === "unconfirmed" ? dayOf(changes[0].on) : NaN;
  return Array.from({ length: DAYS }, (_, index) => {
    const day = dayOf(now) - DAYS + 1 + index;
    const counted = statuses(day).filter((each, at) => at !== 1 || day !== first);
    return counted.reduce((a, b) => (rank(b) > rank(a) ? b : a), "");
  });
}

/** Neighbours that are alike. @returns {{state: string, from: number, length: number}[]} */
export function runsOf(days) {
  /** @type {{state: string, from: number, length: number}[]} */
  const runs = [];
  days.forEach((state, index) => {
    const last = runs[runs.length - 1];
    if (last?.state === state) last.length += 1;
    else runs.push({ state, from: index, length: 1 });
  });
  return runs;
}

/**
 * Draws it in one element, however many days: the list has many rows. Nothing for an older API, which sends no changes.
 * @param {HTMLElement} node @param {any} account
 */
export function drawSpark(node, account, now = Date.now()) {
  if (!account.status_changes) return;
  const days = statusDays(account, now);
  const counted = FROM_GOOD_TO_BAD.map((state) => ({ state, count: days.filter((each) => each === state).length }));
  const said = counted
    .filter(({ count }) => count)
    .map(({ state, count }) => t.spark.count(wordOf(t.status, state), count));
  const label = t.spark.label(DAYS, said);
  node.setAttribute("role", "img");
  node.setAttribute("aria-label", label);
  node.title = label;
  node.style.background = runsOf(days)
    .filter(({ state }) => state in HEIGHTS)
    .map(({ state, from, length }) => {
      // A background's place counts from what its size leaves.
      const place = length === DAYS ? 0 : (from / (DAYS - length)) * 100;
      const colour = `var(--spark-${state})`;
      const size = `${(length / DAYS) * 100}% ${HEIGHTS[state]}%`;
      return `linear-gradient(${colour}, ${colour}) ${place}% 100% / ${size} no-repeat`;
    })
    .join(", ");
}
