// A week in which an instance runs, and when its schedule starts and stops it. The API decides that, in
// domain/schedules.py, but says only the next turn. For a week that is not saved yet, and for the turns after the next,
// this module follows the same rules: tests/unit/dashboard/test_week.py compares the two.
export const DAYS = ["mon", "tue", "wed", "thu", "fri", "sat", "sun"];
export const DAY_MINUTES = 24 * 60;
const WEEK_MINUTES = 7 * DAY_MINUTES;
const MINUTE_MS = 60_000;
const DAY_MS = DAY_MINUTES * MINUTE_MS;
// 1 January 1970 was a Thursday.
const FIRST_DAY = 3;
// Clocks change at full quarters of an hour, UTC.
const QUARTER_MS = 15 * MINUTE_MS;
// A turn is followed by the other one within a week, or within two if the time between two windows is skipped.
export const LOOKED_AHEAD_MS = 16 * DAY_MS;

/** How many days a preview shows, today included. */
export const DAYS_AHEAD = 14;

const minutesOf = (time) => {
  const [hours, minutes] = time.split(":").map(Number);
  return hours * 60 + minutes;
};

const clockOf = (minutes) => {
  const two = (number) => String(number).padStart(2, "0");
  return `${two(Math.floor(minutes / 60) % 24)}:${two(minutes % 60)}`;
};

// ---- windows and spans -------------------------------------------------------------------------

/**
 * Running times by day, Monday first, in minutes. A window that ends at or before its start ends on the next day.
 * Adjacent windows are merged. One whose times are not typed yet does not count.
 * @param {{days: string[], start: string, stop: string}[]} windows
 */
export function spansOf(windows) {
  /** @type {number[][][]} */
  const spans = DAYS.map(() => []);
  for (const { days, start, stop } of windows.filter((window) => window.start && window.stop)) {
    for (const day of days) {
      const at = DAYS.indexOf(day);
      const from = minutesOf(start);
      const to = minutesOf(stop);
      if (to > from) spans[at].push([from, to]);
      else {
        spans[at].push([from, DAY_MINUTES]);
        if (to > 0) spans[(at + 1) % 7].push([0, to]);
      }
    }
  }
  return spans.map(union);
}

// Spans that overlap or touch are one.
function union(spans) {
  /** @type {number[][]} */
  const joined = [];
  for (const [from, to] of spans.toSorted((a, b) => a[0] - b[0])) {
    const last = joined.at(-1);
    if (last && from <= last[1]) last[1] = Math.max(last[1], to);
    else joined.push([from, to]);
  }
  return joined;
}

// The times of a week in which it runs, in minutes since Monday 00:00. Only the last may end after the week.
function runsOf(spans) {
  const runs = union(spans.flatMap((day, at) => day.map((span) => span.map((m) => m + at * DAY_MINUTES))));
  const last = runs.at(-1);
  if (runs.length > 1 && runs[0][0] === 0 && last?.[1] === WEEK_MINUTES) last[1] += runs.splice(0, 1)[0][1];
  return runs;
}

/**
 * A window is a day long at most. What runs longer is divided at midnights, so that whole days are alike.
 * @param {number[]} run @returns {number[][]}
 */
function divided([from, to]) {
  if (to - from <= DAY_MINUTES) return [[from, to]];
  const midnight = (Math.floor(from / DAY_MINUTES) + 1) * DAY_MINUTES;
  return [[from, midnight], ...divided([midnight, to])];
}

/** The windows that make these spans, those of the same times together. @param {number[][][]} spans */
export function windowsOf(spans) {
  /** @type {Map<string, {days: string[], start: string, stop: string}>} */
  const windows = new Map();
  for (const [from, to] of runsOf(spans).flatMap(divided)) {
    const [start, stop] = [clockOf(from), clockOf(to)];
    const window = windows.get(`${start} ${stop}`) ?? { days: [], start, stop };
    const day = DAYS[Math.floor(from / DAY_MINUTES) % 7];
    windows.set(`${start} ${stop}`, {
      ...window,
      days: DAYS.filter((each) => each === day || window.days.includes(each)),
    });
  }
  return [...windows.values()];
}

/**
 * The spans with a rectangle of the week on, or off.
 * @param {number[][][]} spans
 * @param {number[]} days 0 is Monday
 * @param {number[]} minutes from which to which, of each of these days
 * @param {boolean} on
 */
export function painted(spans, days, [from, to], on) {
  return spans.map((day, at) => {
    if (!days.includes(at)) return day;
    const others = day.flatMap(([a, b]) => [
      [a, Math.min(b, from)],
      [Math.max(a, to), b],
    ]);
    return union([...others, ...(on ? [[from, to]] : [])].filter(([a, b]) => a < b));
  });
}

/** Whether it runs from one minute of a day to another. @returns {"on" | "off" | "partly"} */
export function runsBetween(day, from, to) {
  const minutes = day.reduce((sum, [a, b]) => sum + Math.max(Math.min(b, to) - Math.max(a, from), 0), 0);
  return minutes === to - from ? "on" : minutes ? "partly" : "off";
}

const isWhole = (runs) => runs.some(([from, to]) => to - from === WEEK_MINUTES);

export const isAlwaysOn = ({ windows }) => isWhole(runsOf(spansOf(windows)));

// ---- the clock of a time zone ---------------------------------------------------------------------

/** @type {Map<string, {clock: Intl.DateTimeFormat, isKnown: boolean, offsets: Map<number, number>}>} */
const zones = new Map();

function zoneOf(name) {
  const known = zones.get(name);
  if (known) return known;
  const clock = clockIn(name);
  const zone = { clock: clock ?? /** @type {any} */ (clockIn("UTC")), isKnown: Boolean(clock), offsets: new Map() };
  zones.set(name, zone);
  return zone;
}

function clockIn(timeZone) {
  /** @type {Intl.DateTimeFormatOptions} */
  const styles = { timeZone, hourCycle: "h23", year: "numeric", month: "numeric", day: "numeric" };
  try {
    return new Intl.DateTimeFormat("en", { ...styles, hour: "numeric", minute: "numeric", second: "numeric" });
  } catch {
    return null;
  }
}

/**
 * Whether this browser knows a time zone. The server may know newer ones. What is calculated here of an unknown one is
 * as if it were UTC, so it must not be shown as the time there.
 * @param {string} name
 */
export const isKnownZone = (name) => zoneOf(name).isKnown;

// How far the clocks there are ahead of UTC at this moment, in milliseconds.
function offsetAt(moment, name) {
  const { clock, offsets } = zoneOf(name);
  const quarter = Math.floor(moment / QUARTER_MS) * QUARTER_MS;
  const known = offsets.get(quarter);
  if (known !== undefined) return known;
  const { year, month, day, hour, minute, second } = Object.fromEntries(
    clock.formatToParts(quarter).map(({ type, value }) => [type, Number(value)]),
  );
  const offset = Date.UTC(year, month - 1, day, hour, minute, second) - quarter;
  offsets.set(quarter, offset);
  return offset;
}

// What the clocks there show at this moment, in milliseconds as if that were UTC.
const localOf = (moment, zone) => moment + offsetAt(moment, zone);

// The moment at which the clocks there show this. A repeated time is the first of the two; a skipped one counts by the
// clock before (PEP 495, `fold=0`).
function momentAt(local, zone) {
  const [before, after] = [local - DAY_MS, local + DAY_MS].map((near) => local - offsetAt(near, zone));
  const isThere = (moment) => localOf(moment, zone) === local;
  return isThere(before) || !isThere(after) ? before : after;
}

const dayOf = (local) => Math.floor(local / DAY_MS);
// 0 is Monday.
const weekday = (day) => (((day + FIRST_DAY) % 7) + 7) % 7;

/** The minute of the week in this time zone at a moment. @param {Date | number} moment @param {string} zone */
export function minuteOfWeek(moment, zone) {
  const { weekday: day, minute } = localTime(moment, zone);
  return day * DAY_MINUTES + minute;
}

/**
 * What the clocks there show at a moment: the day, counted since 1970, and its minute.
 * @param {Date | number} moment @param {string} zone
 */
export function localTime(moment, zone) {
  const local = localOf(Number(moment), zone);
  const day = dayOf(local);
  return { day, weekday: weekday(day), minute: Math.floor((local - day * DAY_MS) / MINUTE_MS) };
}

// ---- turns ---------------------------------------------------------------------------------------

/**
 * A run of the week of this Monday, from one moment to another. One that would end before it starts, because the clocks
 * go forward, keeps its length.
 * @param {number[]} run @returns {number[]}
 */
function momentsOf([from, to], monday, zone) {
  const [start, stop] = [from, to].map((minute) => momentAt(monday * DAY_MS + minute * MINUTE_MS, zone));
  return [start, start < stop ? stop : start + (to - from) * MINUTE_MS];
}

/**
 * What a schedule does after one moment, up to another, in order. Moments are in milliseconds. In a week that is all
 * on, or off, there is a turn each midnight: the server looks then whether that is so.
 * @param {{time_zone: string, windows: any[]}} schedule
 * @returns {{action: string, at: number}[]}
 */
export function turnsOf(schedule, after, until) {
  const { time_zone: zone } = schedule;
  const runs = runsOf(spansOf(schedule.windows));
  const [first, last] = [after, until].map((moment) => dayOf(localOf(moment, zone)));
  const mondays = [];
  // A run of the week before may not have ended yet, and a time that is skipped may be shifted into the next week.
  for (let monday = first - weekday(first) - 7; monday <= last + 1; monday += 7) mondays.push(monday);
  const isComing = ({ at }) => at > after && at <= until;
  if (!runs.length || isWhole(runs)) {
    const action = runs.length ? "start" : "stop";
    const midnights = mondays.flatMap((monday) => DAYS.map((_, day) => momentAt((monday + day) * DAY_MS, zone)));
    return [...new Set(midnights)].map((at) => ({ action, at })).filter(isComing);
  }
  return union(mondays.flatMap((monday) => runs.map((run) => momentsOf(run, monday, zone))))
    .flatMap(([start, stop]) => [
      { action: "start", at: start },
      { action: "stop", at: stop },
    ])
    .filter(isComing);
}

/**
 * The days from today on, as they are in the schedule's time zone. `day`: its midnight, in milliseconds as if that were
 * UTC. `changes`: whether the clocks change on it.
 * @param {{time_zone: string, windows: any[]}} schedule
 * @param {number} now in milliseconds
 * @returns {{day: number, changes: boolean, turns: {action: string, minute: number}[]}[]}
 */
export function daysAhead(schedule, now) {
  const { time_zone: zone } = schedule;
  const today = dayOf(localOf(now, zone));
  const begin = (number) => momentAt((today + number) * DAY_MS, zone);
  const turns = turnsOf(schedule, now, begin(DAYS_AHEAD) - 1).map(({ action, at }) => {
    const local = localOf(at, zone);
    return { action, number: dayOf(local) - today, minute: Math.floor((local % DAY_MS) / MINUTE_MS) };
  });
  return Array.from({ length: DAYS_AHEAD }, (_, number) => ({
    day: (today + number) * DAY_MS,
    changes: begin(number + 1) - begin(number) !== DAY_MS,
    turns: turns.filter((turn) => turn.number === number).map(({ action, minute }) => ({ action, minute })),
  }));
}

/**
 * When the schedule next starts, or stops, an instance. A start changes nothing for one that runs then, so the
 * next turn is not always the next change. Null if there is none, or if this browser does not know its time zone.
 * @param {{schedule: any, next_action: {action: string, at: string} | null}} resource
 * @param {"start" | "stop"} action
 */
export function nextTurn({ schedule, next_action: next }, action) {
  if (!next || next.action === action) return next && new Date(next.at);
  if (!isKnownZone(schedule.time_zone)) return null;
  const after = Date.parse(next.at);
  const turn = turnsOf(schedule, after, after + LOOKED_AHEAD_MS).find((each) => each.action === action);
  return turn ? new Date(turn.at) : null;
}

/** Whether an instance that runs now does so outside of its schedule. */
export const isOutside = ({ schedule, next_action: next }) =>
  Boolean(next) && (next.action === "start" || !schedule.windows.length) && !isAlwaysOn(schedule);
