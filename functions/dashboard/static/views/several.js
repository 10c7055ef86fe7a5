// One week for several instances of an account. The API sets one schedule at a time, so each has its own result.
import { announce, fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { dialog } from "../lib/modal.js";
import { Problem } from "../lib/problem.js";
import { keeping } from "../lib/resources.js";
import { timeZoneHere } from "../lib/format.js";
import { inSlices } from "../lib/slices.js";
import { button, form, reasonOf, spinner, submitting, toast } from "../lib/ui.js";
import { wordOf } from "../texts.js";
import { t } from "./texts.js";
import { PRESETS, weekFields } from "./week.js";

// No answer, or too many requests. The others would fare no better: they are left for another press.
const STOPS = new Set([0, 429]);
class Stopped extends Error {}

/**
 * `noteOf`: what else to say about an instance whose schedule is saved, "" for nothing. `suggestionOf`: each
 * instance has a schedule of its own to choose, which begins with this one: "office", "nights" or "none".
 * @param {string} id
 * @param {{instance?: any, resource?: any}[]} subjects
 * @param {{noteOf: (saved: any, subject: any) => string, suggestionOf?: (subject: any) => string,
 *   onSaved: () => any}} options
 */
export function severalDialog(id, subjects, { noteOf, suggestionOf, onSaved }) {
  const open = new AbortController();
  const words = suggestionOf ? t.adding : t.several;
  const week = suggestionOf ? null : weekFields(undefined, open.signal);
  const list = h("ul", {});
  /** @type {ReturnType<typeof lineOf>[]} */
  const lines = [];
  const drawing = (function* () {
    for (const [index, subject] of subjects.entries()) {
      const line = lineOf(id, subject, { noteOf, words, suggestion: suggestionOf?.(subject) });
      lines.push(line);
      list.append(line.node);
      if (index % 20 === 19) yield;
    }
  })();
  const drawn = inSlices(drawing, open.signal);
  const said = h("p", { class: "small several-said" });
  const leave = h("span", {}, t.actions.cancel);
  dialog({
    title: words.title,
    wide: true,
    onClose: () => open.abort(),
    content: ({ close }) =>
      form({
        submitText: words.submit,
        cancel: close,
        cancelText: leave,
        fields: [
          !week && h("p", { class: "help" }, t.adding.text(timeZoneHere())),
          h(
            "fieldset",
            { class: "field", "data-field": "instances" },
            h("legend", {}, t.instances.title),
            button(t.several.all, {
              class: "button-small several-all",
              onclick: ({ currentTarget }) =>
                submitting(currentTarget, async () => {
                  await drawn;
                  for (const { box } of lines) box.checked = true;
                }),
            }),
            list,
            h("p", { class: "field-error", "aria-live": "polite" }),
          ),
          week?.node,
          said,
        ],
        async onsubmit(node, first, done) {
          await first(drawn);
          const set = week?.read();
          const wanted = (line) => line.schedule?.() ?? set ?? null;
          const chosen = lines.filter(({ box }) => box.checked);
          if (!chosen.length) throw { status: 422, errors: [{ field: "instances", message: t.several.needed }] };
          const isSet = (line) => line.saved === JSON.stringify(wanted(line));
          const countSet = () => chosen.filter(isSet).length;
          try {
            for (const line of chosen.filter((each) => !isSet(each))) await line.save(wanted(line), first);
          } catch (problem) {
            // What is wrong with the week itself is shown at its fields.
            if (!(problem instanceof Stopped)) {
              if (!node.isConnected && countSet()) toast(words.set(countSet(), chosen.length), "warning");
              throw problem;
            }
          } finally {
            if (countSet()) onSaved();
          }
          const isAll = countSet() === chosen.length;
          const text = isAll ? words.allSet(countSet()) : words.set(countSet(), chosen.length);
          if (isAll && !chosen.some(({ note }) => note)) return void done(text);
          if (!node.isConnected) return void toast(text, isAll ? "success" : "warning");
          leave.textContent = t.actions.close;
          said.textContent = isAll ? text : `${text} ${t.several.again}`;
          announce(said.textContent);
        },
      }),
  });
}

function lineOf(id, subject, { noteOf, words, suggestion }) {
  const { kind, instance_id: instance, name, region, schedule } = { ...subject.instance, ...subject.resource };
  const kept = keeping(id, subject);
  const box = h("input", { type: "checkbox", checked: Boolean(suggestion) && suggestion !== "none" });
  const choice =
    suggestion &&
    h(
      "select",
      {
        class: "input several-choice",
        "aria-label": t.adding.scheduleOf(name || instance),
        onchange: () => (box.checked = true),
      },
      Object.entries(t.adding.choices).map(([value, text]) =>
        h("option", { value, selected: value === suggestion }, text),
      ),
    );
  const picked = () => {
    const windows = PRESETS[choice.value];
    return windows ? { time_zone: timeZoneHere(), windows: structuredClone(windows) } : null;
  };
  const whether = h("span", {}, schedule ? t.several.has : t.several.hasNone);
  const result = h("span", { class: "small several-result" });
  const show = (mark, ...text) => fill(result, mark, h("span", {}, text));
  const line = {
    box,
    schedule: choice ? picked : undefined,
    /** The schedule that was saved last, as JSON. */
    saved: "",
    note: "",
    node: h(
      "li",
      { class: "several-line" },
      h(
        "label",
        { class: "checkbox" },
        box,
        h(
          "span",
          {},
          name || instance,
          " ",
          h(
            "span",
            { class: "muted small" },
            wordOf(t.instances.kinds, kind),
            name && name !== instance && ` · ${instance}`,
            ` · ${region} · `,
            whether,
          ),
        ),
      ),
      choice,
      result,
    ),
    async save(wanted, first) {
      show(spinner());
      line.note = "";
      try {
        line.note = noteOf(await kept.save(wanted, first), subject);
        line.saved = JSON.stringify(wanted);
        fill(whether, wanted ? t.several.has : t.several.hasNone);
        show(icon("check"), words.isSet, line.note && ` ${line.note}`);
      } catch (error) {
        const problem = /** @type {any} */ (error);
        if (!(problem instanceof Problem) || problem.errors.length) {
          fill(result);
          throw problem;
        }
        show(icon("warning"), reasonOf(problem));
        if (STOPS.has(problem.status)) throw new Stopped();
      }
    },
  };
  return line;
}
