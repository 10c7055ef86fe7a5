// The order of the list, the filters beside those that are always shown, and what can be done with what they select. On
// a narrow screen, where the columns have no heads to press, the list is sorted here.
import { fill, focused, h } from "../lib/dom.js";
import { download } from "../lib/copying.js";
import { readAll } from "../lib/exporting.js";
import { button, errorPanel, spinner, toast } from "../lib/ui.js";
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
  const clear = h("button", { type: "button", class: "link", onclick: onClear }, t.choices.clear);
  fill(
    place,
    selects.map((select, index) => h("label", {}, h("span", {}, t.choices.of[names[index]].label), select)),
    clear,
    exporting(listing, signal),
  );
  return () => {
    const { selection, isFiltered } = listing();
    selects.forEach((select, index) => {
      select.value = selection[names[index]];
    });
    // It stays where it is, with the focus of whoever has pressed it.
    clear.setAttribute("aria-disabled", String(!isFiltered));
  };
}

/** What exports the list as it is selected when it is pressed. @param {() => Listing} listing */
function exporting(listing, signal) {
  const place = h("div", { class: "exporting" });
  const begin = button(t.choices.export, { class: "button-small", onclick: () => run() }, "download");
  const show = (...content) => {
    const had = focused(place);
    fill(place, content);
    // Whoever has pressed goes on with the button that is there now.
    if (had) place.querySelector("button")?.focus();
  };
  async function run() {
    const { selection, total } = listing();
    const own = new AbortController();
    const said = h("span", {}, t.choices.exported(0));
    const bar = total && h("progress", { max: total, value: 0, "aria-label": t.choices.export });
    show(bar || spinner(), said, button(t.actions.cancel, { class: "button-small", onclick: () => own.abort() }));
    const onPart = (count) => {
      said.textContent = t.choices.exported(count);
      if (bar) bar.value = count;
    };
    try {
      const { parts, count } = await readAll(selection, onPart, AbortSignal.any([signal, own.signal]));
      download(parts, t.choices.file(new Date().toISOString().slice(0, 10)), "text/csv;charset=utf-8");
      toast(t.choices.exported(count));
      show(begin);
    } catch (problem) {
      if (signal.aborted) return;
      show(own.signal.aborted ? begin : errorPanel(problem, run));
    }
  }
  place.append(begin);
  return place;
}
