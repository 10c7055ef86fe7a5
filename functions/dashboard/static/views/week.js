// The week of a schedule: as a picture, painted in a form, and what it does in the next days.
import { announce, fill, h, render, topModal, uniqueId } from "../lib/dom.js";
import { onTick, timeZoneHere } from "../lib/format.js";
import { dayName, firstDay, timeOfDay, utcDate } from "../lib/later-formats.js";
import { dataTable, placed, withCursor } from "../lib/pictures.js";
import { button, field } from "../lib/ui.js";
import {
  DAY_MINUTES,
  DAYS,
  DAYS_AHEAD,
  daysAhead,
  isAlwaysOn,
  isKnownZone,
  minuteOfWeek,
  painted,
  runsBetween,
  spansOf,
  windowsOf,
} from "../lib/week.js";
import { t } from "./texts.js";

// The days as the reader's week has them.
const THEIR_WEEK = DAYS.map((_, index) => (index + firstDay() - 1) % 7);
const HOURS = Array.from({ length: 24 }, (_, hour) => hour);
// So many the API takes.
const MOST_WINDOWS = 14;
// The times of a window in a form that has none yet.
const OFFICE = { start: "08:00", stop: "18:00" };
export const PRESETS = {
  office: [{ days: DAYS.slice(0, 5), ...OFFICE }],
  nights: [{ days: DAYS, start: "06:00", stop: "22:00" }],
  off: [],
};

// ---- the picture -------------------------------------------------------------------------------

// A line for now in the row of today, and in words. `showNow` puts it there.
const zoneLine = (zone) =>
  h("p", { class: "small muted" }, h("span", {}, t.schedules.zone(zone)), " · ", h("span", { class: "week-clock" }));
const nowLine = (day) => h("span", { class: "week-now", "data-day": String(day), hidden: true });

const hourLine = () =>
  h(
    "div",
    { class: `week-hours ${timeOfDay(0).length > 5 ? "is-long" : ""}`, "aria-hidden": "true" },
    [0, 6, 12, 18, 24].map((hour) => h("span", {}, timeOfDay(hour * 60))),
  );

const barsOf = (day) => day.map(([from, to]) => placed(h("span", { class: "week-bar" }), from, to, DAY_MINUTES));

const always = (schedule) =>
  (!spansOf(schedule.windows).flat().length && t.schedules.alwaysOff(schedule.time_zone)) ||
  (isAlwaysOn(schedule) && t.schedules.alwaysOn(schedule.time_zone));

export function weekPicture(schedule) {
  const said = always(schedule);
  if (said) return h("p", { class: "muted" }, said);
  const spans = spansOf(schedule.windows);
  return h(
    "div",
    { class: "week", "data-zone": schedule.time_zone },
    zoneLine(schedule.time_zone),
    hourLine(),
    h(
      "div",
      { role: "table", "aria-label": t.week.label },
      THEIR_WEEK.map((day) =>
        h(
          "div",
          { class: "week-day", role: "row" },
          h("span", { class: "week-name", role: "rowheader" }, dayName(day, "short")),
          h("span", { class: "week-track", "aria-hidden": "true" }, barsOf(spans[day]), nowLine(day)),
          h(
            "span",
            { class: "week-text", role: "cell" },
            spans[day].map(([from, to]) => `${timeOfDay(from)}–${timeOfDay(to)}`).join(", ") || t.schedules.off,
          ),
        ),
      ),
    ),
  );
}

/** Shows in each week here what time it is there, and the days that are ahead now. */
export function showNow(place) {
  for (const details of place.querySelectorAll("details")) previews.get(details)?.();
  for (const week of place.querySelectorAll(".week")) {
    const { zone } = week.dataset;
    const isKnown = isKnownZone(zone);
    const minute = minuteOfWeek(Date.now(), zone);
    const [day, ofDay] = [Math.floor(minute / DAY_MINUTES), minute % DAY_MINUTES];
    for (const line of week.querySelectorAll(".week-now")) {
      line.hidden = !isKnown || line.dataset.day !== String(day);
      placed(line, ofDay, ofDay, DAY_MINUTES);
    }
    const clock = week.querySelector(".week-clock");
    const said = isKnown ? t.week.now(dayName(day, "long"), timeOfDay(ofDay)) : t.week.unknownZone;
    if (clock.textContent !== said) clock.textContent = said;
  }
}

// ---- the days ahead ------------------------------------------------------------------------------

/** What draws each of these again. @type {WeakMap<Element, () => void>} */
const previews = new WeakMap();

/**
 * What a schedule does in the next days, calculated while it is open: whenever it is drawn, and by `showNow`.
 * @param {() => {time_zone: string, windows: any[]}} scheduleOf
 */
export function ahead(scheduleOf, isOpen = false) {
  const content = h("div", {});
  const draw = () => node.open && render(content, comingOf(scheduleOf()), turnsTable);
  const node = h(
    "details",
    { class: "step-detail", open: isOpen, ontoggle: draw },
    h("summary", {}, t.week.ahead(DAYS_AHEAD)),
    content,
  );
  previews.set(node, draw);
  draw();
  return { node, draw };
}

function comingOf(schedule) {
  const said = always(schedule) || (!isKnownZone(schedule.time_zone) && t.week.unknownZone);
  return { zone: schedule.time_zone, said, days: said ? [] : daysAhead(schedule, Date.now()) };
}

function turnsTable({ zone, said, days }) {
  if (said) return h("p", {}, said);
  const times = (turns, action) =>
    turns
      .filter((turn) => turn.action === action)
      .map(({ minute }) => timeOfDay(minute))
      .join(", ") || t.week.none;
  return dataTable(
    t.schedules.zone(zone),
    [t.week.day, t.week.starts, t.week.stops],
    days.map(({ day, changes, turns }) => [
      [
        dayName(Math.floor(minuteOfWeek(day, "UTC") / DAY_MINUTES), "short"),
        " ",
        utcDate(day),
        changes && h("span", { class: "muted" }, ` · ${t.week.clocksChange}`),
      ],
      times(turns, "start"),
      times(turns, "stop"),
    ]),
  );
}

// ---- the form ------------------------------------------------------------------------------------

/**
 * The fields of a schedule: its time zone, its week as it is painted and in exact times, and the days ahead. `read`
 * returns the schedule, or throws what is wrong with it as the API does.
 * @param {any} given what is there, undefined for none @param {AbortSignal} signal aborts when the form is gone
 * @param {() => string} besides what else of the form Escape must not lose
 */
export function weekFields(given, signal, besides = () => "") {
  const local = given?.time_zone ?? timeZoneHere();
  const zone = h(
    "select",
    { class: "input", onchange: () => changed() },
    [...new Set([local, "UTC", ...Intl.supportedValuesOf("timeZone")])].map((value) =>
      h("option", { value, selected: value === local }, value),
    ),
  );
  const windows = structuredClone(given?.windows ?? PRESETS.office);
  const rows = h("div", { class: "windows" });
  const add = button(
    t.schedules.addWindow,
    {
      class: "button-small",
      onclick: () => {
        windows.push({ days: [], ...OFFICE });
        drawRows();
        changed();
        [...rows.querySelectorAll(".window")].at(-1)?.querySelector("input")?.focus();
      },
    },
    "plus",
  );
  const drawRows = () =>
    fill(
      rows,
      windows.length
        ? windows.map((window, index) =>
            windowRow(window, index, {
              onChange: () => changed(),
              onRemove: () => {
                windows.splice(index, 1);
                drawRows();
                changed();
                add.focus();
              },
            }),
          )
        : h("p", { class: "help" }, t.schedules.noWindow),
      add,
    );
  const take = (others) => {
    windows.splice(0, windows.length, ...structuredClone(others));
    drawRows();
    changed();
  };
  // The same hours in other windows are no other schedule. A window that is not whole has none.
  const isPart = ({ days, start, stop }) => !days.length || !start || !stop;
  const now = () => JSON.stringify([zone.value, spansOf(windows), windows.filter(isPart), besides()]);
  let saved = now();
  const painter = weekPainter(
    (spans) => {
      const before = structuredClone(windows);
      take(windowsOf(spans));
      return () => take(before);
    },
    () => now() === saved,
  );
  const place = h("div", {}, painter.node);
  const turns = ahead(() => ({ time_zone: zone.value, windows }));
  const follow = () => {
    showNow(place);
    turns.draw();
  };
  const changed = () => {
    painter.draw(spansOf(windows), zone.value);
    follow();
  };
  const presets = h(
    "div",
    { class: "presets", role: "group", "aria-label": t.week.presetsLabel },
    Object.entries(PRESETS).map(([name, preset]) =>
      button(t.week.presets[name], {
        class: "button-small",
        onclick: () => {
          take(preset);
          announce(t.week.isNow(t.week.presets[name]));
        },
      }),
    ),
  );
  drawRows();
  changed();
  onTick(follow, signal);
  // Wherever the focus is in the modal. What is being sent cannot be taken back.
  const guard = (event) => topModal()?.contains(place) && !place.closest("[inert]") && painter.guard(event);
  document.addEventListener("keydown", guard, { signal });
  return {
    node: [
      h("p", { class: "help" }, t.schedules.help),
      field({ name: "time_zone", label: t.schedules.timeZone, input: zone }),
      h(
        "fieldset",
        { class: "field", "data-field": "windows" },
        h("legend", {}, t.schedules.windows),
        presets,
        place,
        rows,
        h("p", { class: "field-error", "aria-live": "polite" }),
      ),
      turns.node,
    ],
    read() {
      const errors = windows.flatMap(({ days, start, stop }, index) =>
        [
          !days.length && { field: `windows.${index}.days`, message: t.schedules.dayNeeded },
          !start && { field: `windows.${index}.start`, message: t.schedules.startNeeded },
          !stop && { field: `windows.${index}.stop`, message: t.schedules.stopNeeded },
        ].filter(Boolean),
      );
      if (windows.length > MOST_WINDOWS)
        errors.push({ field: "windows", message: t.schedules.tooMany(windows.length, MOST_WINDOWS) });
      if (errors.length) throw { status: 422, errors };
      return structuredClone({ time_zone: zone.value, windows });
    },
    /** What is there now is saved, so that closing the modal loses nothing. */
    noteSaved() {
      saved = now();
      painter.noteSaved();
    },
  };
}

/**
 * A week that is painted hour by hour: with a pointer that is dragged over it, which may scroll up and down on a
 * touch screen, or with the keyboard. What is painted over the hour from which it began turns that on or off.
 * @param {(spans: number[][][]) => () => void} onPaint returns what takes it back
 * @param {() => boolean} isSaved whether closing the modal loses nothing of the form
 */
function weekPainter(onPaint, isSaved) {
  const help = uniqueId("week-help");
  let shown = spansOf([]);
  /** What the form has: the week without a stroke that may still be taken back. */
  let kept = shown;
  /** What is being painted: over what was there, from which cell on, whether on, and what takes it back. @type {any} */
  let stroke = null;
  /** Takes the last stroke back, until something else changes the week. @type {(() => void) | null} */
  let undo = null;
  const cells = THEIR_WEEK.map(() => HOURS.map(() => h("span", { role: "gridcell", id: uniqueId("hour") })));
  const bars = THEIR_WEEK.map(() => h("span", {}));
  const tracks = THEIR_WEEK.map((day, row) =>
    h("span", { class: "week-track" }, bars[row], nowLine(day), h("span", { class: "week-cells" }, cells[row])),
  );
  const said = h("p", { class: "small week-said" });
  const show = (spans) => {
    shown = spans;
    THEIR_WEEK.forEach((day, row) => {
      fill(bars[row], barsOf(spans[day]));
      cells[row].forEach((cell, hour) => {
        const runs = runsBetween(spans[day], hour * 60, (hour + 1) * 60);
        cell.setAttribute("aria-selected", String(runs === "on"));
        const label = [dayName(day, "long"), timeOfDay(hour * 60), timeOfDay((hour + 1) * 60)];
        cell.setAttribute("aria-label", (runs === "partly" ? t.week.inPart : t.week.cell)(...label));
      });
    });
  };
  const begin = (at) => {
    const runs = runsBetween(shown[THEIR_WEEK[at.row]], at.column * 60, (at.column + 1) * 60);
    stroke = { from: at, base: shown, on: runs !== "on" };
  };
  const extend = (to) => {
    const { from, base, on } = stroke;
    const days = THEIR_WEEK.slice(Math.min(from.row, to.row), Math.max(from.row, to.row) + 1);
    const minutes = [Math.min(from.column, to.column) * 60, (Math.max(from.column, to.column) + 1) * 60];
    show(painted(base, days, minutes, on));
    const [first, last] = [days[0], days[days.length - 1]].map((day) => dayName(day, "long"));
    said.textContent = (on ? t.week.on : t.week.off)(
      first === last ? first : t.week.days(first, last),
      timeOfDay(minutes[0]),
      timeOfDay(minutes[1]),
    );
  };
  // What is painted already stays, and stays said.
  const end = () => {
    stroke = null;
    if (shown === kept) return;
    show(kept);
    said.textContent = "";
  };
  // A form must know that it was changed.
  const noteInput = () => grid.dispatchEvent(new Event("input", { bubbles: true }));
  // The form draws the week again, which ends the stroke.
  const paint = () => {
    const [done, going] = [said.textContent, stroke];
    announce(done);
    const back = onPaint(shown);
    undo = going.undo ??= back;
    said.textContent = done;
    noteInput();
  };
  const takeBack = () => {
    let text = t.week.takenBack;
    // A pointer's stroke is not painted yet: what is typed below stays as it is.
    if (shown !== kept) end();
    else if (undo) {
      undo();
      noteInput();
    } else text = t.week.noneToTakeBack;
    undo = null;
    said.textContent = text;
    said.scrollIntoView({ block: "nearest" });
    announce(text);
  };
  const cellAt = ({ clientX, clientY }) => {
    const boxes = tracks.map((track) => track.getBoundingClientRect());
    const row = boxes.findIndex(({ bottom }) => clientY < bottom);
    const column = Math.floor(((clientX - boxes[0].left) / boxes[0].width) * HOURS.length);
    return { row: row < 0 ? boxes.length - 1 : row, column: Math.min(Math.max(column, 0), HOURS.length - 1) };
  };
  const isHeld = ({ pointerId }) => stroke && grid.hasPointerCapture(pointerId);
  const grid = h(
    "div",
    {
      class: "week-grid",
      role: "grid",
      tabindex: "0",
      "aria-label": t.week.label,
      "aria-describedby": help,
      "aria-multiselectable": "true",
      onpointerdown: (event) => {
        if (event.button || !event.target.closest(".week-track")) return;
        grid.setPointerCapture(event.pointerId);
        put(cellAt(event));
        begin(cellAt(event));
        extend(cellAt(event));
      },
      onpointermove: (event) => isHeld(event) && extend(cellAt(event)),
      onpointerup: (event) => {
        if (isHeld(event)) paint();
      },
      // The finger scrolls, or a context menu has taken the pointer, which paints no more then.
      onlostpointercapture: end,
      onblur: end,
    },
    THEIR_WEEK.map((day, row) =>
      h(
        "div",
        { class: "week-day", role: "row" },
        h("span", { class: "week-name", role: "rowheader" }, dayName(day, "short")),
        tracks[row],
      ),
    ),
  );
  const put = withCursor(grid, cells, {
    onPress: (at) => {
      begin(at);
      extend(at);
      paint();
    },
    onMove: (at, before, { shiftKey }) => {
      if (!shiftKey) return end();
      if (!stroke) begin(before);
      const going = stroke;
      extend(at);
      paint();
      // Shift goes on with it, over the same week, until something else changes that.
      stroke = going;
    },
  });
  const line = zoneLine("");
  const node = h(
    "div",
    { class: "week week-painter" },
    line,
    hourLine(),
    grid,
    h("p", { class: "help", id: help }, t.week.help),
    said,
  );
  return {
    node,
    // Whoever takes back too much, or holds the key, must not close the modal, with all that is not saved.
    guard(event) {
      const isKept = shown === kept && isSaved();
      if (event.key !== "Escape" || (isKept && !event.repeat)) return;
      event.preventDefault();
      if (!event.repeat) takeBack();
    },
    noteSaved() {
      undo = null;
    },
    // A stroke would bring back the week over which it began. What it did may hold no more.
    draw: (spans, zone) => {
      stroke = undo = null;
      said.textContent = "";
      kept = spans;
      node.dataset.zone = zone;
      fill(line.firstChild, t.schedules.zone(zone));
      show(spans);
    },
  };
}

function windowRow(window, index, { onChange, onRemove }) {
  const id = uniqueId("window");
  const error = () => h("p", { class: "field-error", "aria-live": "polite" });
  const part = (key, ...content) =>
    h("div", { class: "window-part", "data-field": `windows.${index}.${key}` }, content, error());
  const time = (key, label) =>
    part(
      key,
      h(
        "label",
        { class: "window-time" },
        h("span", {}, label),
        h("input", {
          type: "time",
          class: "input",
          value: window[key],
          required: true,
          onchange: (event) => {
            window[key] = event.target.value;
            onChange();
          },
        }),
      ),
    );
  return h(
    "div",
    {
      class: "window",
      role: "group",
      "aria-label": t.schedules.windowNumber(index + 1),
      id,
      "data-field": `windows.${index}`,
    },
    part(
      "days",
      h(
        "div",
        { class: "window-days" },
        THEIR_WEEK.map((at) => {
          const day = DAYS[at];
          return h(
            "label",
            { class: "day" },
            h("input", {
              type: "checkbox",
              class: "sr-only",
              checked: window.days.includes(day),
              onchange: (event) => {
                window.days = DAYS.filter((other) =>
                  other === day ? event.target.checked : window.days.includes(other),
                );
                onChange();
              },
            }),
            h("span", { class: "day-face" }, dayName(at, "short")),
          );
        }),
      ),
    ),
    time("start", t.schedules.on),
    time("stop", t.schedules.offAt),
    button(t.actions.removeThis, {
      class: "button-small",
      "aria-label": t.schedules.removeWindow(index + 1),
      onclick: onRemove,
    }),
    error(),
  );
}
