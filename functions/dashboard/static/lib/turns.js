// What the schedules of many instances do in the next two days, by parts of the day. The API lists the instances in the
// order of the turns that were not made yet. So every turn before that of the last loaded instance is one of a loaded
// instance.
import { searched } from "./jumping.js";
import { isAlwaysOn, isKnownZone, localTime, LOOKED_AHEAD_MS, turnsOf } from "./week.js";

const AHEAD_MS = 48 * 60 * 60_000;
// Cavok tries to make a turn for so long, in minutes: `REPEATED_FOR` in domain/schedules.py.
const TRIED_FOR = 60;
// A turn is made within this time, unless it fails or there are many.
const MADE_WITHIN_MS = 2 * 60_000;
// So many instances are arranged in a step.
const STEP = 100;

/** A night is from this minute of a day to that of the next one. */
export const EVENING = 18 * 60;
export const MORNING = 6 * 60;

/**
 * The part of a day in which a moment is, as the clocks of a time zone show it. `name`: that of its text; of a `day` or
 * a `night` that has no other name, `weekday` is the day on which it begins. `order`: parts in order of time.
 * @param {number} moment in milliseconds, as `now` @param {number} now @param {string} zone
 */
export function partOf(moment, now, zone) {
  const [there, here] = [moment, now].map((each) => localTime(each, zone));
  const isNight = there.minute >= EVENING || there.minute < MORNING;
  const began = there.minute < MORNING ? 1 : 0;
  const days = there.day - here.day - began;
  const weekday = (there.weekday + 7 - began) % 7;
  // Before the morning, it is still the night that began yesterday.
  const nights = here.minute < MORNING ? ["comingNight", "tomorrowNight"] : ["tonight", "tomorrowNight"];
  const name = isNight ? (days < 0 ? "tonight" : (nights[days] ?? "night")) : (["today", "tomorrow"][days] ?? "day");
  return { name, weekday, order: days * 2 + Number(isNight) };
}

/** @typedef {{key: string, action: string, at: number | null, zone: string, account: any, instances: any[]}} Row */
/** @typedef {{key: string, name: string, weekday: number, order: number, isWhole: boolean, rows: Row[]}} Group */

// What comes before the parts of the next two days, and after them.
const MISSED = { name: "missed", weekday: 0, order: -101 };
const DUE = { name: "due", weekday: 0, order: -100 };
const LATER = { name: "later", weekday: 0, order: 100 };
const ALWAYS = { name: "always", weekday: 0, order: 101 };
const NONE = { name: "none", weekday: 0, order: 102 };

/**
 * The turns of these instances, in parts of the day: one row for what a schedule does at a moment in one account, and
 * for each instance without a schedule, because these have nothing in common. In
 * `due` is what was not made yet when the API answered, or whose time has come since; in `missed` is what was not made
 * an hour after its time. What comes after two days is in `later`, by the next turn alone, as is what is in a time zone
 * that this browser does not know; in `always` is what stays on, or off, all week.
 * As long as these are not all, any part may have more: one with the time of the last turn, or of another time zone.
 * It takes some instances a step: so many take a task next to no time.
 * @param {any[]} resources as the API lists them @param {boolean} isWhole whether these are all
 * @param {number} now in milliseconds
 * @param {{action?: string, q?: string, readAt?: number}} chosen the action, and what is in a name or ID; all if empty.
 *   `readAt`: when the API answered, in milliseconds
 * @returns {Generator<void, Group[]>}
 */
export function* turnsByPart(resources, isWhole, now, { action = "", q = "", readAt = now } = {}) {
  const last = resources.at(-1)?.turn_at;
  const until = isWhole || !last ? Infinity : Date.parse(last);
  /** @type {Map<string, Group>} */
  const groups = new Map();
  /** @type {Map<string, Map<string, Row>>} */
  const moments = new Map();
  /**
   * What is the same for all instances that turn so at a moment. `rows`: theirs, by account, or by instance if these
   * have no schedule.
   * @param {any} part @param {string} zone @param {string} does @param {number | null} at
   */
  const turnIn = (part, zone, does, at = null) => {
    const name = ["day", "night"].includes(part.name) ? `${part.name} ${part.weekday}` : part.name;
    const key = [at, does, zone].join(" ");
    const group = groups.get(name) ?? { ...part, key: name, order: Infinity, isWhole, rows: [] };
    const rows = moments.get(`${name} ${key}`) ?? new Map();
    groups.set(name, group);
    moments.set(`${name} ${key}`, rows);
    return { group, order: part.order, rows, shown: { key, at, zone, action: does } };
  };
  const comingOf = remembered((schedule, does) => {
    const { time_zone: zone } = schedule;
    if (isConstant(schedule)) return [turnIn(ALWAYS, zone, does)];
    if (!isKnownZone(zone)) return [];
    const soon = now + AHEAD_MS;
    const ahead = turnsOf(schedule, now, now + LOOKED_AHEAD_MS);
    const certain = ahead.filter(({ at }) => at <= Math.min(until, soon));
    // What has a due turn is listed before others whose next turn is sooner than its own.
    return (certain.length ? certain : ahead.slice(0, 1)).map(({ action: each, at }) =>
      turnIn(at > soon ? LATER : partOf(at, now, zone), zone, each, at),
    );
  });
  // Of several turns that were not made, only the last is made: `due_transition` in domain/resources.py.
  const dueOf = remembered((schedule, first, at, does) => {
    // A week that stays on, or off, has a turn each midnight.
    if (isConstant(schedule)) return [];
    const { time_zone: zone } = schedule;
    const turns = isKnownZone(zone) ? turnsOf(schedule, first - 1, Math.max(at - 1, now)) : [];
    const other = { action: does === "start" ? "stop" : "start", at: first };
    const due = turns.at(-1) ?? (at <= now ? { action: does, at } : other);
    if (due.at >= readAt - TRIED_FOR * 60_000) return [turnIn(DUE, zone, due.action, due.at)];
    // Without the time zone, there may have been others after the first, so what it was is not known.
    return [turnIn(MISSED, zone, turns.length ? due.action : "", due.at)];
  });
  const turnsFor = ({ schedule, turn_at: turn, next_action: next }) => {
    if (!next) return [turnIn(NONE, schedule?.time_zone ?? "", "")];
    const [first, at] = [turn, next.at].map(Date.parse);
    const coming = comingOf(schedule, next.action);
    // The turn before the next one was not made, or the time of the next one has come since the API answered.
    const due = first < at || at <= now ? dueOf(schedule, first, at, next.action) : [];
    const isKnown = coming.length || at <= now;
    return [...due, ...(isKnown ? coming : [turnIn(LATER, schedule.time_zone, next.action, at)])];
  };
  const text = q.toLowerCase();
  let count = 0;
  for (const resource of unique(resources)) {
    if (++count % STEP === 0) yield;
    if (!isFound(resource, text)) continue;
    const instance = instanceOf(resource);
    for (const { group, order, rows, shown } of turnsFor(resource)) {
      if (action && shown.action !== action) continue;
      group.order = Math.min(group.order, order);
      const id = resource[group.name === NONE.name ? "resource_id" : "account_id"];
      let row = rows.get(id);
      if (!row) {
        row = { ...shown, key: `${shown.key} ${id}`, account: accountOf(resource), instances: [] };
        rows.set(id, row);
        group.rows.push(row);
      }
      row.instances.push(instance);
    }
  }
  const filled = [...groups.values()].filter(({ rows }) => rows.length).toSorted((a, b) => a.order - b.order);
  for (const group of filled) {
    yield;
    group.rows.sort(byTime);
  }
  return filled;
}

/**
 * For how many milliseconds these hold that were read at a moment: until a turn has had time to be made. What is due is
 * looked for again after as long as it has been due.
 * @param {any[]} resources as the API lists them @param {number} readAt in milliseconds
 */
export function holdsFor(resources, readAt) {
  const triedFor = TRIED_FOR * 60_000;
  // The last turn of those that are tried: before it there may be older ones that were missed.
  const lastOf = remembered((schedule) =>
    isConstant(schedule) || !isKnownZone(schedule.time_zone)
      ? []
      : turnsOf(schedule, readAt - triedFor, readAt).slice(-1),
  );
  const moments = resources.flatMap(({ turn_at: turn, next_action: next, schedule }) => {
    if (!next) return [];
    const at = [turn, next.at].map(Date.parse);
    return at[0] > readAt - triedFor ? at : [at[1], ...lastOf(schedule).map((each) => each.at)];
  });
  return [...new Set(moments)]
    .map((moment) => readAt - moment)
    .filter((age) => age < triedFor)
    .reduce((least, age) => Math.min(least, Math.max(age, MADE_WITHIN_MS - age)), Infinity);
}

/** Until this is another one, `turnsByPart` returns the same: turns and parts of a day begin with a minute. */
export const minuteOf = (now) => Math.floor(now / 60_000);

/**
 * How many instances of a group start and stop, and how many rest because their account is not connected: not those
 * without a schedule. One that has several turns is counted once.
 */
export function countsOf({ rows }, isConnected) {
  const found = { start: new Set(), stop: new Set(), rest: new Set() };
  for (const { action, account, instances } of rows)
    for (const { key } of instances) found[isConnected(account) || !action ? action : "rest"]?.add(key);
  return { start: found.start.size, stop: found.stop.size, rest: found.rest.size };
}

const BY_NAME = new Intl.Collator(undefined, { numeric: true });
const byTime = (a, b) =>
  (a.at ?? 0) - (b.at ?? 0) ||
  BY_NAME.compare(a.account.name, b.account.name) ||
  BY_NAME.compare(a.instances[0].name, b.instances[0].name);

// A turn moves its instance to another place, so two pages may both have it. The later one is newer.
const unique = (resources) => new Map(resources.map((each) => [each.resource_id, each])).values();

const isConstant = (schedule) => !schedule.windows.length || isAlwaysOn(schedule);

function isFound({ name, instance_id: id, account_name: account, provider_id: number }, text) {
  const has = (part) => (each) => each?.toLowerCase().includes(part);
  const plain = searched(text);
  return [name, id, account].some(has(text)) || (plain && [account, number].some(has(plain)));
}

// Most instances of a fleet have one of a few schedules, so what follows from a schedule is calculated once.
function remembered(calculate) {
  const known = new Map();
  return (schedule, ...more) => {
    const key = [JSON.stringify(schedule), ...more].join(" ");
    let value = known.get(key);
    if (!value) known.set(key, (value = calculate(schedule, ...more)));
    return value;
  };
}

const accountOf = (resource) => ({
  id: resource.account_id,
  name: resource.account_name,
  number: resource.provider_id,
  status: resource.account_status,
});

const instanceOf = ({ resource_id: key, name, instance_id: id, kind, region, note }) => ({
  key,
  id,
  name: name || id,
  kind,
  region,
  note,
});
