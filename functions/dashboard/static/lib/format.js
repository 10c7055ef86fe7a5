import { h } from "./dom.js";
import { LANGUAGE, LOCALE, t } from "../texts.js";

/** The reader's time zone. */
export const timeZoneHere = () => Intl.DateTimeFormat().resolvedOptions().timeZone;
// A formatter keeps the time zone in which it was made, and a reader may travel.
let local = formatters();

function formatters() {
  /** @param {Intl.DateTimeFormatOptions} styles */
  const format = (styles) => new Intl.DateTimeFormat(LOCALE, styles);
  return {
    zone: timeZoneHere(),
    dateTime: format({ dateStyle: "medium", timeStyle: "short" }),
    zoned: format({
      ...{ year: "numeric", month: "short", day: "numeric" },
      ...{ hour: "numeric", minute: "2-digit", timeZoneName: "shortOffset" },
    }),
    dateTimeSeconds: format({ dateStyle: "medium", timeStyle: "medium" }),
    precise: format({ dateStyle: "full", timeStyle: "long" }),
    date: format({ dateStyle: "medium" }),
    time: format({ timeStyle: "short" }),
  };
}

// Ages are words, so they follow the language of the texts. They are numeric, because 30 hours ago is not always
// "yesterday".
const RELATIVE = new Intl.RelativeTimeFormat(LANGUAGE);

/** @type {["day" | "hour" | "minute", number][]} */
const UNITS = [
  ["day", 86_400],
  ["hour", 3_600],
  ["minute", 60],
];

// A moment on another day includes its date.
const isToday = (moment, now) => new Date(moment).toDateString() === new Date(now).toDateString();
export const hour = (moment, now = Date.now()) => local[isToday(moment, now) ? "time" : "dateTime"].format(moment);
/** Rounds up to the second. Includes the date, because the text may stay until another day. */
export const second = (moment) => local.dateTimeSeconds.format(Math.ceil(moment / 1000) * 1000);

// One clock updates every displayed time, because ages grow and the reader's time zone may change.
const TICK_MS = 5_000;
const ticking = new Set();

function tick() {
  const moved = local.zone !== timeZoneHere();
  if (moved) local = formatters();
  for (const node of /** @type {NodeListOf<HTMLTimeElement>} */ (
    document.querySelectorAll(moved ? "time" : "time[data-age]")
  )) {
    if (moved) node.title = local.precise.format(new Date(node.dateTime));
    const text = said(node.dateTime, node.dataset.age);
    if (node.textContent !== text) node.textContent = text;
  }
  // A listener may end another one. One that fails is reported, and does not stop the others.
  for (const listener of [...ticking]) {
    try {
      if (ticking.has(listener)) listener();
    } catch (error) {
      reportError(error);
    }
  }
}

setInterval(tick, TICK_MS);
document.addEventListener("visibilitychange", tick);

// Calls the listener at each tick, until the view is left.
export function onTick(listener, signal) {
  ticking.add(listener);
  signal.addEventListener("abort", () => ticking.delete(listener), { once: true });
}

// Rounds down to whole units, so that nothing seems older, or later, than it is. `kind`: "past", or "due" for a planned
// moment. A planned moment that has passed is due. If the reader's clock is slow, a past moment may lie in the future:
// it was just now.
export function relative(iso, kind = "past") {
  const seconds = (new Date(iso).getTime() - Date.now()) / 1000;
  if (kind === "due" && seconds <= 0) return t.time.due;
  if (kind === "past" && seconds > 0) return t.time.justNow;
  if (Math.abs(seconds) > 30 * 86_400) return local.date.format(new Date(iso));
  for (const [unit, size] of UNITS) {
    if (Math.abs(seconds) >= size) return RELATIVE.format(Math.trunc(seconds / size), unit);
  }
  return seconds > 0 ? t.time.soon : t.time.justNow;
}

// Without a kind, gives the exact time. "zoned": with its zone, because others read it elsewhere.
const said = (iso, kind) =>
  kind && kind !== "zoned" ? relative(iso, kind) : local[kind || "dateTime"].format(new Date(iso));

// The title and the datetime attribute hold the exact time with its zone.
export function when(iso, { exact = false, kind = "past" } = {}) {
  if (!iso) return h("span", { class: "muted" }, t.time.never);
  const age = !exact && kind;
  const title = local.precise.format(new Date(iso));
  return h("time", { datetime: iso, title, "data-age": age }, said(iso, age));
}
