// One week for several instances of an account. The API sets one schedule at a time, so each has its own result.
import { announce, fill, focused, h, uniqueId } from "../lib/dom.js";
import { icon } from "../lib/icons.js";
import { dialog } from "../lib/modal.js";
import { Problem } from "../lib/problem.js";
import { keeping } from "../lib/resources.js";
import { second, timeZoneHere } from "../lib/format.js";
import { quotaOver } from "../lib/importing.js";
import { inSlices } from "../lib/slices.js";
import { button, form, reasonOf, setError, spinner, submitting, toast } from "../lib/ui.js";
import { wordOf } from "../texts.js";
import { t } from "./texts.js";
import { PRESETS, weekFields } from "./week.js";

const TOO_MANY = 429;
// No answer, or too many requests: the others would fare no better.
const STOPS = new Set([0, TOO_MANY]);

/**
 * `noteOf`: what else to say about an instance whose schedule is saved, "" for nothing. `suggestionOf`: each
 * instance has a schedule of its own to choose, which begins with this one, as `suggestionFor` says it.
 * @param {string} id
 * @param {{instance?: any, resource?: any}[]} subjects
 * @param {{noteOf: (saved: any, subject: any) => string, suggestionOf?: (subject: any) => any,
 *   onSaved: () => any}} options
 */
export function severalDialog(id, subjects, { noteOf, suggestionOf, onSaved }) {
  const open = new AbortController();
  const words = suggestionOf ? t.adding : t.several;
  const week = suggestionOf ? null : weekFields(undefined, open.signal);
  const list = h("ul", {});
  /** @type {ReturnType<typeof lineOf>[]} */
  const lines = [];
  const suggested = subjects.filter((subject) => suggestionOf?.(subject).isChosen);
  const counted = h("span", { class: "muted small" }, t.several.chosen(suggested.length, subjects.length));
  const atOnce = suggestionOf && forChosen(() => lines, count);
  function count() {
    const chosen = lines.filter(({ box }) => box.checked);
    counted.textContent = t.several.chosen(chosen.length, subjects.length);
    atOnce?.shows(chosen);
  }
  const drawing = (function* () {
    for (const [index, subject] of subjects.entries()) {
      const line = lineOf(id, subject, { noteOf, words, suggestion: suggestionOf?.(subject), onChange: count });
      lines.push(line);
      list.append(line.node);
      if (index % 20 === 19) yield;
    }
  })();
  const drawn = inSlices(drawing, open.signal).finally(count);
  const choose =
    (isChosen) =>
    ({ currentTarget }) =>
      submitting(currentTarget, async () => {
        await drawn;
        for (const { box } of lines) box.checked = isChosen;
        count();
      });
  const said = h("p", { class: "small several-said" });
  const bar = h("progress", { value: 0, hidden: true, "aria-label": words.title });
  /** Ends what is being sent, and nothing else. @type {AbortController | null} */
  let sending = null;
  const leave = h("span", {}, t.actions.cancel);
  const stop = () => {
    sending?.abort();
    leave.textContent = t.several.stopping;
    announce(t.several.stopping);
  };
  const instances = h(
    "fieldset",
    { class: "field", "data-field": "instances" },
    h("legend", {}, t.instances.title),
    h(
      "div",
      { class: "several-all" },
      button(t.several.all, { class: "button-small", onclick: choose(true) }),
      button(t.several.noneOfAll, { class: "button-small", onclick: choose(false) }),
      counted,
    ),
    atOnce?.node,
    list,
    h("p", { class: "field-error", "aria-live": "polite" }),
  );
  // What is sent was chosen at the press: until it ends, nothing else can be. A screen reader reads the results.
  const allowChoices = (may) => {
    const places = [instances, ...(week?.node ?? [])];
    if (!may && places.some(focused)) leave.closest("button")?.focus({ preventScroll: true });
    instances.disabled = !may;
    for (const place of places.slice(1)) place.inert = !may;
  };
  dialog({
    title: words.title,
    wide: true,
    onClose: () => open.abort(),
    content: ({ close }) =>
      form({
        submitText: words.submit,
        cancel: () => (sending ? stop() : close()),
        cancelText: leave,
        fields: [!week && h("p", { class: "help" }, t.adding.text(timeZoneHere())), instances, week?.node, bar, said],
        async onsubmit(node, first, done) {
          await first(drawn);
          const set = week?.read();
          const wanted = (line) => line.schedule?.() ?? set ?? null;
          const chosen = lines.filter(({ box }) => box.checked);
          if (!chosen.length) throw { status: 422, errors: [{ field: "instances", message: t.several.needed }] };
          const isSet = (line) => line.saved === JSON.stringify(wanted(line));
          const countSet = () => chosen.filter(isSet).length;
          const own = new AbortController();
          const signal = AbortSignal.any([open.signal, own.signal]);
          const progress = (waitsUntil) => {
            bar.value = countSet();
            const how = words.set(countSet(), chosen.length);
            said.textContent = waitsUntil ? t.several.waits(how, second(waitsUntil)) : how;
            if (waitsUntil) announce(said.textContent);
          };
          const send = async () => {
            for (const line of chosen.filter((each) => !isSet(each))) {
              let problem = await line.save(wanted(line), first);
              while (problem?.status === TOO_MANY) {
                const quota = { name: "changes", wait: problem.retryAfter };
                await quotaOver(quota, progress, signal).finally(line.rests);
                problem = await line.save(wanted(line), first);
              }
              progress();
              if (problem || own.signal.aborted) return;
            }
          };
          [bar.max, bar.hidden, sending] = [chosen.length, false, own];
          leave.textContent = t.addMany.stop;
          allowChoices(false);
          progress();
          node.querySelector(".form-actions")?.scrollIntoView({ block: "nearest" });
          try {
            await send();
          } catch (problem) {
            // What is wrong with the week itself is shown at its fields.
            if (!own.signal.aborted || /** @type {any} */ (problem).name !== "AbortError") {
              bar.hidden = true;
              said.textContent = "";
              if (!node.isConnected && countSet()) toast(words.set(countSet(), chosen.length), "warning");
              throw problem;
            }
          } finally {
            sending = null;
            allowChoices(true);
            leave.textContent = t.actions.cancel;
            if (countSet()) onSaved();
          }
          const isAll = countSet() === chosen.length;
          const text = isAll ? words.allSet(countSet()) : words.set(countSet(), chosen.length);
          if (isAll) week?.noteSaved();
          if (isAll && !chosen.some(({ note }) => note)) return void done(text);
          if (!node.isConnected) return void toast(text, isAll ? "success" : "warning");
          leave.textContent = t.actions.close;
          said.textContent = isAll ? text : `${text} ${t.several.again}`;
          announce(said.textContent);
        },
      }),
  });
}

// Gives all that are chosen one schedule, and shows which one they have.
function forChosen(linesOf, onChange) {
  const id = uniqueId("schedule");
  const select = h(
    "select",
    {
      id,
      class: "input several-choice",
      onchange: () => {
        const chosen = linesOf().filter(({ box }) => box.checked);
        for (const line of chosen) line.choose(select.value);
        setError(select.closest("form"), "instances", chosen.length ? "" : t.several.needed);
        onChange();
      },
    },
    h("option", { value: "", disabled: true }, t.adding.different),
    scheduleOptions(),
  );
  return {
    node: h("div", { class: "several-all" }, h("label", { for: id }, t.adding.scheduleOfChosen), select),
    shows(chosen) {
      const [value, ...others] = new Set(chosen.map((line) => line.chosen()));
      select.value = others.length ? "" : (value ?? "");
    },
  };
}

const scheduleOptions = (selected = "") =>
  Object.entries(t.adding.choices).map(([value, text]) => h("option", { value, selected: value === selected }, text));

function lineOf(id, subject, { noteOf, words, suggestion, onChange }) {
  const { kind, instance_id: instance, name, region, schedule } = { ...subject.instance, ...subject.resource };
  const kept = keeping(id, subject);
  const box = h("input", { type: "checkbox", checked: Boolean(suggestion?.isChosen), onchange: onChange });
  const choice =
    suggestion &&
    h(
      "select",
      {
        class: "input several-choice",
        "aria-label": t.adding.scheduleOf(name || instance),
        onchange: () => {
          box.checked = true;
          onChange();
        },
      },
      scheduleOptions(suggestion.schedule),
    );
  const picked = () => {
    const windows = PRESETS[choice.value];
    return windows ? { time_zone: timeZoneHere(), windows: structuredClone(windows) } : null;
  };
  const why = suggestion && t.adding.because(suggestion.word);
  const whether = h("span", {}, why ?? (schedule ? t.several.has : t.several.hasNone));
  const result = h("span", { class: "small several-result" });
  const show = (mark, text = "") => fill(result, mark, h("span", {}, text));
  const line = {
    box,
    schedule: choice ? picked : undefined,
    chosen: () => choice.value,
    choose: (value) => (choice.value = value),
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
    rests: () => fill(result),
    /** Saves it. Returns the problem that the others would have, too. One of too many requests is said once for all. */
    async save(wanted, first) {
      show(spinner());
      line.note = "";
      try {
        line.note = noteOf(await kept.save(wanted, first), subject);
        line.saved = JSON.stringify(wanted);
        if (!why) fill(whether, wanted ? t.several.has : t.several.hasNone);
        show(icon("check"), [words.isSet, line.note].filter(Boolean).join(" "));
      } catch (error) {
        const problem = /** @type {any} */ (error);
        // What is wrong with the one week is shown at its fields. A schedule that is chosen here has no fields.
        if (!(problem instanceof Problem) || (problem.errors.length && !choice)) {
          fill(result);
          throw problem;
        }
        const wrong = problem.errors.map(({ field, message }) => `${field}: ${message}`).join(" ");
        if (problem.status !== TOO_MANY) show(icon("warning"), wrong || reasonOf(problem));
        if (STOPS.has(problem.status)) return problem;
      }
      return null;
    },
  };
  return line;
}
