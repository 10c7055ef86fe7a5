// One week for several instances of an account. The API sets one schedule at a time, so each has its own result.
import { announce, fill, focused, h, uniqueId } from "../lib/dom.js";
import { stopwatch } from "../lib/elapsed.js";
import { icon } from "../lib/icons.js";
import { dialog } from "../lib/modal.js";
import { pressOf } from "../lib/press.js";
import { Problem } from "../lib/problem.js";
import { adding, keeping } from "../lib/resources.js";
import { ending } from "../lib/session.js";
import { second, timeZoneHere } from "../lib/format.js";
import { quotaOver } from "../lib/importing.js";
import { inSlices } from "../lib/slices.js";
import { button, form, longestOf, reasonOf, setError, spinner, submitting, toast } from "../lib/ui.js";
import { wordOf } from "../texts.js";
import { t } from "./texts.js";
import { PRESETS, weekFields } from "./week.js";

const TOO_MANY = 429;
// No answer, or too many requests: the others would fare no better.
const STOPS = new Set([0, TOO_MANY]);
// Within this time after Stop, another press is of the same double one, or of a key that is held.
const DOUBLE_MS = 700;

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
  const list = h("ul", {});
  /** @type {ReturnType<typeof lineOf>[]} */
  const lines = [];
  const choice = () => String(lines.flatMap(({ box }, index) => (box.checked ? index : [])));
  const week = suggestionOf ? null : weekFields(undefined, open.signal, choice);
  const suggested = subjects.filter((subject) => suggestionOf?.(subject).isChosen);
  const counted = h("span", { class: "muted small" }, t.several.chosen(suggested.length, subjects.length));
  const chosenOf = () => lines.filter(({ box }) => box.checked);
  const atOnce = suggestionOf && forChosen(chosenOf, count, () => drawn);
  function count() {
    const chosen = chosenOf();
    counted.textContent = t.several.chosen(chosen.length, subjects.length);
    atOnce?.shows(chosen);
    if (chosen.length && instances.classList.contains("has-error")) setError(instances.parentNode, "instances", "");
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
        for (const { box } of lines) box.checked = isChosen && !box.disabled;
        count();
      });
  const text = h("span", {});
  const said = h("p", { class: "small several-said", hidden: true }, text);
  const bar = h("progress", { value: 0, hidden: true, "aria-label": words.title });
  /** Ends what is being sent, and nothing else. @type {AbortController | null} */
  let sending = null;
  let isUnderWay = false;
  let sinceStop = () => Infinity;
  const { isSame, ...begins } = pressOf(() => sending);
  const leave = h("span", {}, t.actions.cancel);
  const stop = () => {
    sending?.abort();
    if (!isUnderWay) return;
    leave.textContent = t.several.stopping;
    announce(t.several.stopping);
  };
  const instances = h(
    "fieldset",
    { class: "field", "data-field": "instances", "data-inputs": "input" },
    h("legend", {}, t.instances.title),
    h(
      "div",
      { class: "several-all" },
      button(t.several.all, { class: "button-small", onclick: choose(true) }),
      button(t.several.noneOfAll, { class: "button-small", onclick: choose(false) }),
      counted,
    ),
    atOnce?.node,
    // Beside the first box, which then has the focus.
    h("p", { class: "field-error", "aria-live": "polite" }),
    list,
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
        // The form itself calls it without a press.
        cancel: (press = undefined) => {
          // A press that began on Stop, or is of a double one, is none of Close.
          const isSecond = press && (!isSame() || sinceStop() < DOUBLE_MS);
          if (sending || isSecond) sinceStop = stopwatch();
          if (isSecond) return;
          if (sending) stop();
          else close();
        },
        cancelText: leave,
        cancelOn: begins,
        fields: [!week && h("p", { class: "help" }, t.adding.text(timeZoneHere())), instances, week?.node, bar, said],
        async onsubmit(node, first, done) {
          await first(drawn);
          const set = week?.read();
          const chosen = chosenOf();
          if (lines.every(({ isThere }) => isThere)) throw { status: 422, detail: t.adding.there(lines.length) };
          if (!chosen.length) throw { status: 422, errors: [{ field: "instances", message: t.several.needed }] };
          const session = ending();
          const zone = timeZoneHere();
          const wanted = new Map(chosen.map((line) => [line, line.schedule ? line.schedule(zone) : (set ?? null)]));
          // Once for all lines: how many are set is counted after each one.
          const texts = new Map(chosen.map((line) => [line, JSON.stringify(wanted.get(line))]));
          const isSet = (line) => line.saved === texts.get(line);
          const countOf = (is) => chosen.filter(is).length;
          const own = new AbortController();
          const signal = AbortSignal.any([open.signal, own.signal]);
          const tried = new Set();
          /** What went wrong last, and with which. @type {any} */
          let last = null;
          const endOf = () => {
            const [ours, there] = [countOf(isSet), countOf(({ isThere }) => isThere)];
            const perhaps = countOf((line) => !isSet(line) && line.problem?.perhapsDone);
            const isAll = ours + there === chosen.length;
            const parts = [
              !isAll && words.set(ours, chosen.length),
              isAll && ours > 0 && words.allSet(ours),
              there > 0 && t.adding.there(there),
              perhaps > 0 && t.several.perhaps(perhaps),
            ];
            return { isAny: ours > 0, isAll, end: parts.filter(Boolean).join(" ") };
          };
          const progress = (waitsUntil) => {
            bar.value = tried.size;
            const how = words.set(countOf(isSet), chosen.length);
            text.textContent = waitsUntil ? t.several.waits(how, second(waitsUntil)) : how;
            if (waitsUntil) announce(text.textContent);
          };
          const save = async (line) => {
            isUnderWay = true;
            const problem = await line.save(wanted.get(line), first).finally(() => (isUnderWay = false));
            if (line.problem) last = line;
            return problem;
          };
          const send = async () => {
            for (const line of chosen) {
              tried.add(line);
              if (isSet(line)) continue;
              let problem = await save(line);
              while (problem?.status === TOO_MANY) {
                tried.delete(line);
                const quota = { name: "changes", wait: problem.retryAfter };
                await quotaOver(quota, progress, signal).finally(line.rests);
                tried.add(line);
                problem = await save(line);
              }
              progress();
              if (problem || own.signal.aborted) return;
            }
          };
          const all = words.set(chosen.length, chosen.length);
          // Stop stays where it is as the quota is waited for.
          said.dataset.room = longestOf((moment) => [t.several.waits(all, second(moment))]);
          for (const each of [bar, said]) each.hidden = each.classList.toggle("is-over", false);
          [bar.max, sending] = [chosen.length, own];
          leave.textContent = t.addMany.stop;
          allowChoices(false);
          progress();
          node.querySelector(".form-actions")?.scrollIntoView({ block: "nearest" });
          /** @type {any} */
          let failed = null;
          try {
            await send();
          } catch (error) {
            const problem = /** @type {any} */ (error);
            if (!own.signal.aborted || problem.name !== "AbortError") failed = problem;
          } finally {
            sending = null;
            allowChoices(true);
            count();
            // What was not answered, or refused, may be there, too.
            onSaved();
          }
          const { isAny, isAll, end } = endOf();
          if (isAll) week?.noteSaved();
          if (isAll && !failed && !chosen.some(({ note, isThere }) => note || isThere)) return void done(end);
          if (!node.isConnected) {
            // What was not answered is counted.
            const isReason = (problem) => problem && problem.name !== "AbortError" && !problem.perhapsDone;
            const why = [failed, last?.problem].find(isReason);
            const reason = why && (why === failed ? reasonOf(why) : `${last.name}: ${reasonOf(why)}`);
            if (!session.aborted) toast([end, reason].filter(Boolean).join(" "), isAll ? "success" : "warning");
            return;
          }
          // What is wrong with the week itself is shown at its fields. The room stays, so that nothing moves.
          const isNone = Boolean(failed && !isAny);
          for (const each of [bar, said]) each.classList.toggle("is-over", isNone);
          leave.textContent = isNone ? t.actions.cancel : t.actions.close;
          text.textContent = isAll || failed ? end : `${end} ${t.several.again}`;
          // Reasons at the lines above push them down.
          node.querySelector(".form-actions")?.scrollIntoView({ block: "nearest" });
          if (failed) throw failed;
          announce(text.textContent);
        },
      }),
  });
}

// Gives all that are chosen one schedule, and shows which one they have; or nights off to those of them that have none
// yet. `drawn`: once all can be chosen.
function forChosen(chosenOf, onChange, drawn) {
  const id = uniqueId("schedule");
  const select = h(
    "select",
    {
      id,
      class: "input several-choice",
      onchange: () => {
        for (const line of chosenOf()) line.choose(select.value);
        onChange();
      },
    },
    h("option", { value: "", disabled: true }, t.adding.different),
    scheduleOptions(),
  );
  const giveNights = async () => {
    await drawn();
    const without = chosenOf().filter((line) => line.chosen() === "none");
    for (const line of without) line.choose("nights");
    onChange();
    announce(t.adding.nightsGiven(without.length));
  };
  const nights = button(t.adding.nightsForOthers, {
    class: "button-small",
    onclick: ({ currentTarget }) => submitting(currentTarget, giveNights),
  });
  return {
    node: h("div", { class: "several-all" }, h("label", { for: id }, t.adding.scheduleOfChosen), select, nights),
    shows(chosen) {
      const [value, ...others] = new Set(chosen.map((line) => line.chosen()));
      select.value = others.length ? "" : (value ?? "");
      select.disabled = !chosen.length;
    },
  };
}

const scheduleOptions = (selected = "") =>
  Object.entries(t.adding.choices).map(([value, text]) => h("option", { value, selected: value === selected }, text));

function saving(id, subject) {
  const kept = keeping(id, subject);
  return async (schedule, first) => ({ resource: await kept.save(schedule, first), isOthers: false });
}

function lineOf(id, subject, { noteOf, words, suggestion, onChange }) {
  const { kind, instance_id: instance, name, region, schedule } = { ...subject.instance, ...subject.resource };
  const keep = suggestion ? adding(id, subject.instance) : saving(id, subject);
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
  const picked = (zone) => {
    const windows = PRESETS[choice.value];
    return windows ? { time_zone: zone, windows: structuredClone(windows) } : null;
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
    name: name || instance,
    /** Why it was not saved, as far as is known. @type {any} */
    problem: null,
    /** Whether another person has added it. */
    isThere: false,
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
        const { resource, isOthers } = await keep(wanted, first);
        line.problem = null;
        if (isOthers) {
          line.isThere = box.disabled = choice.disabled = true;
          box.checked = false;
          show(icon("check"), t.adding.isThere(resource.schedule));
          return null;
        }
        line.note = noteOf(resource, subject);
        line.saved = JSON.stringify(wanted);
        if (!why) fill(whether, wanted ? t.several.has : t.several.hasNone);
        show(icon("check"), [words.isSet, line.note].filter(Boolean).join(" "));
      } catch (error) {
        const problem = /** @type {any} */ (error);
        if (problem instanceof Problem) line.problem = problem;
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
