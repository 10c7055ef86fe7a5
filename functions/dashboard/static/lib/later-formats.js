// How views say what the first one does not show: days of a week, percentages, durations, documents.
import { LANGUAGE, LOCALE, t } from "../texts.js";

const UTC_DATE = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const PERCENT = new Intl.NumberFormat(LOCALE, { style: "percent" });
const TENTHS = new Intl.NumberFormat(LOCALE, { minimumFractionDigits: 1, maximumFractionDigits: 1 });

export const percent = (value) => PERCENT.format(value / 100);
export const utcDate = (iso) => UTC_DATE.format(new Date(iso));

// 5 January 2026 is a Monday.
const atMinute = (minutes) => Date.UTC(2026, 0, 5, 0, minutes);
/** @type {Intl.DateTimeFormatOptions} */
const SHORT = { timeStyle: "short", timeZone: "UTC" };
const TIME_OF_DAY = new Intl.DateTimeFormat(LOCALE, SHORT);
// Where a day begins at 00:00, it ends at 24:00.
const END_OF_DAY = TIME_OF_DAY.resolvedOptions().hour12
  ? TIME_OF_DAY
  : new Intl.DateTimeFormat(LOCALE, { ...SHORT, hourCycle: "h24" });
// Names of days are words, as ages are.
const DAY_NAMES = {
  long: new Intl.DateTimeFormat(LANGUAGE, { weekday: "long", timeZone: "UTC" }),
  short: new Intl.DateTimeFormat(LANGUAGE, { weekday: "short", timeZone: "UTC" }),
};

/** A time of day, from minutes since midnight. */
export const timeOfDay = (minutes) => (minutes === 24 * 60 ? END_OF_DAY : TIME_OF_DAY).format(atMinute(minutes));
/** The name of a day; 0 is Monday. @param {number} day @param {"long" | "short"} form */
export const dayName = (day, form) => DAY_NAMES[form].format(atMinute(day * 24 * 60));

/** @type {Map<string, Intl.DateTimeFormat>} */
const ZONED = new Map();

/** A moment as the clocks of a time zone show it. @param {number} moment @param {string} zone */
export function timeIn(moment, zone, { dated = false } = {}) {
  const key = `${zone} ${dated}`;
  if (!ZONED.has(key)) {
    /** @type {Intl.DateTimeFormatOptions} */
    const time = { timeZone: zone, hour: "numeric", minute: "2-digit" };
    /** @type {Intl.DateTimeFormatOptions} */
    const date = dated ? { weekday: "short", day: "numeric", month: "short" } : {};
    ZONED.set(key, new Intl.DateTimeFormat(LOCALE, { ...time, ...date }));
  }
  return /** @type {Intl.DateTimeFormat} */ (ZONED.get(key)).format(moment);
}

/** The first day of the reader's week: 1 is Monday, which it also is where the browser does not say. */
export function firstDay(locale = LOCALE) {
  const there = /** @type {any} */ (new Intl.Locale(locale));
  return (there.getWeekInfo?.() ?? there.weekInfo)?.firstDay ?? 1;
}

export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "";
  return milliseconds < 1000
    ? t.time.milliseconds(Math.round(milliseconds))
    : t.time.seconds(TENTHS.format(milliseconds / 1000));
}

// Documents in API fields are text or JSON. Both are shown formatted.
export const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
