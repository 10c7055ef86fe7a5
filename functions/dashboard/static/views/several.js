// One week for several instances of an account. The API sets one schedule at a time, so each has its own result.
import { announce, fill, h } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { dialog } from "../lib/modal.js";
import { Problem } from "../lib/problem.js";
import { keeping } from "../lib/resources.js";
import { button, form, reasonOf, spinner, toast } from "../lib/ui.js";
import { wordOf } from "../texts.js";
import { t } from "./texts.js";
import { weekFields } from "./week.js";

// No answer, or too many requests. The others would fare no better: they are left for another press.
const STOPS = new Set([0, 429]);
class Stopped extends Error {}

/**
 * `noteOf`: what else to say about an instance whose schedule is saved, "" for nothing.
 * @param {string} id
 * @param {{instance?: any, resource?: any}[]} subjects
 * @param {{noteOf: (saved: any, subject: any) => string, onSaved: () => any}} options
 */
export function severalDialog(id, subjects, { noteOf, onSaved }) {
  const open = new AbortController();
  const fields = weekFields(undefined, open.signal);
  const lines = subjects.map((subject) => lineOf(id, subject, noteOf));
  const said = h("p", { class: "small several-said" });
  const leave = h("span", {}, t.actions.cancel);
  dialog({
    title: t.several.title,
    wide: true,
    onClose: () => open.abort(),
    content: ({ close }) =>
      form({
        submitText: t.several.submit,
        cancel: close,
        cancelText: leave,
        fields: [
          h(
            "fieldset",
            { class: "field", "data-field": "instances" },
            h("legend", {}, t.instances.title),
            button(t.several.all, {
              class: "button-small several-all",
              onclick: () => {
                for (const { box } of lines) box.checked = true;
              },
            }),
            h(
              "ul",
              {},
              lines.map(({ node }) => node),
            ),
            h("p", { class: "field-error", "aria-live": "polite" }),
          ),
          fields.node,
          said,
        ],
        async onsubmit(node, first, done) {
          const schedule = fields.read();
          const chosen = lines.filter(({ box }) => box.checked);
          if (!chosen.length) throw { status: 422, errors: [{ field: "instances", message: t.several.needed }] };
          const isSet = (line) => line.saved === JSON.stringify(schedule);
          const countSet = () => chosen.filter(isSet).length;
          try {
            for (const line of chosen.filter((each) => !isSet(each))) await line.save(schedule, first);
          } catch (problem) {
            // What is wrong with the week itself is shown at its fields.
            if (!(problem instanceof Stopped)) {
              if (!node.isConnected && countSet()) toast(t.several.set(countSet(), chosen.length), "warning");
              throw problem;
            }
          } finally {
            if (countSet()) onSaved();
          }
          const isAll = countSet() === chosen.length;
          const text = isAll ? t.several.allSet(countSet()) : t.several.set(countSet(), chosen.length);
          if (isAll && !chosen.some(({ note }) => note)) return void done(text);
          if (!node.isConnected) return void toast(text, isAll ? "success" : "warning");
          leave.textContent = t.actions.close;
          said.textContent = isAll ? text : `${text} ${t.several.again}`;
          announce(said.textContent);
        },
      }),
  });
}

function lineOf(id, subject, noteOf) {
  const { kind, instance_id: instance, name, region, schedule } = { ...subject.instance, ...subject.resource };
  const kept = keeping(id, subject);
  const box = h("input", { type: "checkbox" });
  const result = h("span", { class: "small several-result" });
  const show = (mark, ...text) => fill(result, mark, h("span", {}, text));
  const line = {
    box,
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
            schedule ? t.several.has : t.several.hasNone,
          ),
        ),
      ),
      result,
    ),
    async save(wanted, first) {
      show(spinner());
      line.note = "";
      try {
        line.note = noteOf(await kept.save(wanted, first), subject);
        line.saved = JSON.stringify(wanted);
        show(icon("check"), t.several.isSet, line.note && ` ${line.note}`);
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
