import { h } from "./dom.js";
import { t } from "../texts.js";

// English texts in the reader's time zone and, within English, the reader's locale.
const LOCALE = navigator.languages?.find((language) => language.startsWith("en")) ?? "en-GB";

const DATE_TIME = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeStyle: "short" });
const PRECISE = new Intl.DateTimeFormat(LOCALE, { dateStyle: "full", timeStyle: "long" });
const DATE = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium" });
const UTC_DATE = new Intl.DateTimeFormat(LOCALE, { dateStyle: "medium", timeZone: "UTC" });
const CLOCK = new Intl.DateTimeFormat(LOCALE, { timeStyle: "medium" });
const NUMBER = new Intl.NumberFormat(LOCALE);
const RELATIVE = new Intl.RelativeTimeFormat(LOCALE, { numeric: "auto" });

const UNITS = [["day", 86_400], ["hour", 3_600], ["minute", 60]];

export const number = (value) => NUMBER.format(value);
export const utcDate = (iso) => UTC_DATE.format(new Date(iso));
export const clock = (moment) => CLOCK.format(moment);

export function relative(iso, now = Date.now()) {
  const seconds = (new Date(iso).getTime() - now) / 1000;
  if (Math.abs(seconds) > 30 * 86_400) return DATE.format(new Date(iso));
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.round(seconds / size), unit);
  }
  return seconds > 0 ? t.time.soon : t.time.justNow;
}

// The title and the datetime attribute hold the exact time with its zone.
export function when(iso, { exact = false } = {}) {
  if (!iso) return h("span", { class: "muted" }, t.time.never);
  const moment = new Date(iso);
  return h("time", { datetime: iso, title: PRECISE.format(moment) }, exact ? DATE_TIME.format(moment) : relative(iso));
}

export function duration(milliseconds) {
  if (milliseconds === null || milliseconds === undefined) return "";
  return milliseconds < 1000 ? t.time.milliseconds(Math.round(milliseconds)) : t.time.seconds((milliseconds / 1000).toFixed(1));
}

// Documents in API fields are text or JSON. Both are shown formatted.
export const asText = (value) => (typeof value === "string" ? value : JSON.stringify(value, null, 2));
