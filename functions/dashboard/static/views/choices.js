// The order of the list, the filters beside those that are always shown, and what can be done with what they select. On
// a narrow screen, where the columns have no heads to press, the list is sorted here.
import * as api from "../lib/api.js";
import { announce, fill, focused, h, keyed, passFocus } from "../lib/dom.js";
import { download } from "../lib/copying.js";
import { readAll } from "../lib/exporting.js";
import { hour } from "../lib/format.js";
import { icon } from "../lib/icons.js";
import { pressOf } from "../lib/press.js";
import { readUnits } from "../lib/read-units.js";
import * as router from "../lib/router.js";
import { ending } from "../lib/session.js";
import { errorPanel, toast, warn } from "../lib/ui.js";
import { t } from "./texts.js";

/** @typedef {{selection: Record<string, string>, isFiltered: boolean, total: number | undefined}} Listing */

/**
 * Puts the choices here. Returns what shows which are made.
 * @param {HTMLElement} place
 * @param {{listing: () => Listing, onChoice: (change: any) => void, onClear: () => void}} of
 * @param {AbortSignal} signal
 */
export function choices(place, { listing, onChoice, onClear }, signal) {
  const names = Object.keys(t.choices.of);
  const selects = names.map((name) =>
    h(
      "select",
      { class: "input", name, onchange: (event) => onChoice({ [name]: event.currentTarget.value }) },
      Object.entries(t.choices.of[name].values).map(([value, text]) => h("option", { value }, text)),
    ),
  );
  const places = ofOrganizations(listing, onChoice, signal);
  const clear = h("button", { type: "button", class: "link", onclick: onClear }, t.choices.clear);
  fill(
    place,
    selects.map((select, index) => h("label", {}, h("span", {}, t.choices.of[names[index]].label), select)),
    places.nodes,
    clear,
    exporting(listing, signal),
  );
  return () => {
    const { selection, isFiltered } = listing();
    selects.forEach((select, index) => {
      select.value = selection[names[index]];
    });
    places.draw();
    // It stays where it is, with the focus of whoever has pressed it.
    clear.setAttribute("aria-disabled", String(!isFiltered));
  };
}

/**
 * The enrollment that an account is of, and then the unit of its AWS Organization. Hidden while there is none.
 * @param {() => Listing} listing @param {(change: any) => void} onChoice @param {AbortSignal} signal
 */
function ofOrganizations(listing, onChoice, signal) {
  /** @type {string[][]} */
  let enrollments = [];
  /** Their values and names, by enrollment. @type {Map<string, string[][]>} */
  const unitsOf = new Map();
  const enrollment = h("select", {
    class: "input",
    name: "enrollment_id",
    onchange: () => onChoice({ enrollment_id: enrollment.value, ou: "" }),
  });
  const unit = h("select", { class: "input", name: "ou", onchange: () => onChoice({ ou: unit.value }) });
  const labels = [
    h("label", { hidden: true }, h("span", {}, t.choices.enrollment), enrollment),
    h("label", { hidden: true }, h("span", {}, t.choices.unit), unit),
  ];
  const failed = h("div", { hidden: true });
  const draw = () => {
    const { enrollment_id: id, ou } = listing().selection;
    offer(enrollment, [["", t.choices.anyEnrollment], ...enrollments], id);
    offer(unit, [["", t.choices.anyUnit], ...(unitsOf.get(id) ?? [])], ou);
    labels[0].hidden = !enrollments.length && !id;
    labels[1].hidden = !id && !ou;
    if (id && !unitsOf.has(id)) {
      unitsOf.set(id, []);
      read(async () => unitsOf.set(id, namesIn((await readUnits(id, signal)).roots)));
    }
  };
  const read = async (work) => {
    failed.hidden = true;
    try {
      await work();
      draw();
    } catch (problem) {
      if (signal.aborted) return;
      fill(
        failed,
        errorPanel(problem, () => read(work)),
      );
      failed.hidden = false;
    }
  };
  read(async () => {
    const { items } = await api.get("/v1/enrollments", { signal });
    enrollments = items.map(({ enrollment_id: id, name }) => [id, name]);
  });
  return { nodes: [...labels, failed], draw };
}

// What is chosen is offered, even if nobody knows its name.
function offer(select, offers, chosen) {
  const known = offers.some(([value]) => value === chosen) ? offers : [...offers, [chosen, chosen]];
  const valueOf = ([value]) => value;
  keyed(select, known, valueOf, ([value, text], before) => {
    const option = before ?? h("option", { value });
    option.textContent = text;
    return option;
  });
  select.value = chosen;
}

/** Each unit with its name, moved in by its depth. @returns {string[][]} */
const namesIn = (units, depth = 0) =>
  units.flatMap(({ id, name, below }) => [[id, "\u2003".repeat(depth) + name], ...namesIn(below, depth + 1)]);

/**
 * What exports the list as it is selected when it is pressed, and cancels that when it is pressed again. `only`: of its
 * accounts these alone. It goes on in other views than this one, where it is cancelled beside the navigation, until the
 * other signal: what floats for so long would cover what is needed.
 * `onEnd`: an export is over, however it ended.
 * @param {() => Pick<Listing, "selection" | "total"> & {only?: Set<string> | null}} listing @param {AbortSignal} view
 */
export function exporting(listing, view, until = ending(), onEnd = () => {}) {
  /** What cancels the export that runs. @type {AbortController | null} */
  let own = null;
  let leaveFrame = () => {};
  let goesOn = "";
  const text = h("span", {}, t.choices.export);
  const { isSame, ...begins } = pressOf(() => own);
  // A double click is one press.
  const onclick = ({ detail }) => isSame() && (detail > 1 || (own ? own.abort() : run()));
  const press = h(
    "button",
    { type: "button", class: "button button-small", onclick, ...begins },
    icon("download"),
    text,
  );
  const place = h("div", { class: "exporting" }, press);
  // A modal of the view that is left closes first.
  const takeAlong = () =>
    queueMicrotask(() => {
      if (!own || until.aborted) return;
      const line = h("div", { class: "goes-on", role: "group", "aria-label": goesOn }, h("p", {}, goesOn), place);
      document.querySelector(".person")?.before(line);
      announce(goesOn);
      leaveFrame = () => {
        // Its room stays while this view does, so that nothing moves.
        const had = focused(line);
        line.style.height = `${line.offsetHeight}px`;
        line.replaceChildren();
        for (const name of ["role", "aria-label"]) line.removeAttribute(name);
        passFocus(had, /** @type {Element} */ (document.querySelector("main")), false);
        const remove = () => line.remove();
        if (until.aborted) remove();
        AbortSignal.any([until, router.leftThis()]).addEventListener("abort", remove, { once: true });
      };
    });
  view.addEventListener("abort", takeAlong, { once: true });
  async function run() {
    const { selection, total, only = null } = listing();
    const size = only?.size ?? total;
    own = new AbortController();
    goesOn = t.choices.goesOn(size, hour(Date.now()));
    const bar = h("progress", { class: "bar", max: total, "aria-label": t.choices.export });
    const onPart = (count) => {
      text.textContent = t.choices.cancel(count);
      if (total) bar.value = count;
    };
    onPart(0);
    place.append(bar);
    announce(t.choices.begun);
    try {
      const { parts, count, missed } = await readAll(selection, onPart, AbortSignal.any([until, own.signal]), only);
      // The reader's day, year first: as Swedish writes it.
      download(parts, t.choices.file(new Date().toLocaleDateString("sv")), "text/csv;charset=utf-8");
      if (missed) toast(`${t.choices.exported(count)}. ${t.choices.missed(missed)}`, "warning");
      else toast(t.choices.exported(count));
    } catch (error) {
      const problem = /** @type {any} */ (error);
      // Others may go on meanwhile.
      problem.of = t.choices.exportOf(size);
      if (own.signal.aborted) announce(t.choices.cancelled(problem.of));
      else if (!until.aborted) warn(problem);
    }
    own = null;
    leaveFrame();
    text.textContent = t.choices.export;
    bar.remove();
    onEnd();
  }
  return place;
}
