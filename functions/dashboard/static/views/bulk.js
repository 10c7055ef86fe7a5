// What is done with several accounts of the list: a bar with the actions, and how far each operation is, with the
// accounts that it could not treat. It comes with the first account that is chosen.
import { count, follow, hasChanged, MOST_NAMED, selectionOf, starter, stop, undoOf } from "../lib/bulk.js";
import { announce, fill, focusOn, focused, h, keyed, pause, readNow, render, whenVisible } from "../lib/dom.js";
import { dialog } from "../lib/modal.js";
import { styled } from "../lib/pictures.js";
import { isMissing, retryAfter } from "../lib/problem.js";
import * as api from "../lib/api.js";
import * as router from "../lib/router.js";
import * as store from "../lib/store.js";
import { button, changeButton, errorPanel, iconButton, submitting, toast } from "../lib/ui.js";
import { t } from "./texts.js";

/**
 * @typedef {{node: HTMLDialogElement, close: () => void}} Modal
 * @typedef {{listing: () => any, chosen: import("../lib/bulk.js").Chosen, table: HTMLElement,
 *   choose: (ids: string[], isAll?: boolean) => void}} List
 */

// An account that is being treated when its operation is stopped is counted within this time.
const STOPPED_WITHIN_MS = 2_000;

/** Puts the bar here. Returns what draws it again after something else was chosen, or chosen accounts have gone. */
export async function bulkBar(place, list, signal) {
  await styled("bulk");
  return barIn(place, list, signal);
}

/** @param {HTMLElement} place @param {List} list @param {AbortSignal} signal */
function barIn(place, { listing, chosen, table, choose }, signal) {
  const begin = starter();
  const choice = h("div", { class: "bulk-chosen" });
  const operations = h("div", { class: "bulk-operations" });
  /** Operations that are over. @type {Set<string>} */
  const over = new Set();
  let said = "";
  fill(place, operations, choice);

  const draw = (gone = 0) => {
    const had = focused(place);
    const { ids, total, ended } = listing();
    const size = chosen.isAll ? total : chosen.ids.size;
    const isMore = !chosen.isAll && (!ended || ids.length > chosen.ids.size);
    const text = chosen.isAll ? t.bulk.all(size) : t.bulk.chosen(size);
    choice.hidden = size === 0;
    if (!choice.hidden) render(choice, [text, isMore && t.bulk.chooseAll(total)], drawChoice);
    keyed(operations, store.operations(), (id) => id, panelOf);
    place.hidden = choice.hidden && !operations.hasChildNodes();
    if (gone) announce(t.bulk.gone(gone, size));
    else if (!choice.hidden && text !== said) announce(text);
    said = choice.hidden ? "" : text;
    const has = focused(place);
    if (had && (!has || has === operations || has.closest("[hidden]"))) focusOn(place.hidden ? table : place);
  };

  const act = (part, text, request, attributes = {}) =>
    button(text, {
      class: "button-small",
      "data-part": part,
      onclick: (event) => submitting(event.currentTarget, () => ask(request)),
      ...attributes,
    });

  const drawChoice = ([text, all]) => [
    h("p", { class: "bulk-size" }, text),
    all && h("button", { type: "button", class: "link", "data-part": "all", onclick: () => choose([], true) }, all),
    h(
      "div",
      { class: "bulk-actions", role: "group", "aria-label": t.bulk.title },
      act("test", t.bulk.test, { action: "test" }),
      act("on", t.bulk.logsOn, { action: "write_logs", value: true }),
      act("off", t.bulk.logsOff, { action: "write_logs", value: false }),
      act("delete", t.bulk.delete, { action: "delete" }, { class: "button-small button-danger" }),
    ),
    iconButton(t.bulk.none, "cross", { "data-part": "none", onclick: () => choose([]) }),
  ];

  // Somebody has seen the number of accounts before any of them is treated.
  async function ask(action) {
    const { ids, isAll } = chosen;
    if (!isAll && ids.size > MOST_NAMED) throw tooMany();
    const { selection, total } = listing();
    const request = { ...action, selection: selectionOf(chosen, selection) };
    const isDeletion = action.action === "delete";
    if (!isAll) return isDeletion ? question(request, ids.size) : run(request);
    if (!isDeletion && total !== undefined) return run({ ...request, expected_total: total });
    const here = router.whileHere();
    const size = await count(request);
    // Every choice makes a new set. Whoever has chosen something else meanwhile is not asked about this any more.
    here(() => chosen.ids === ids && question(request, size));
  }

  /** Asks with the number of accounts. `isAgain`: it was another a moment ago. */
  function question(request, size, isAgain = false) {
    if (!size) return toast(t.bulk.nobody, "warning");
    confirmation(request, size, isAgain, (modal) => {
      const { account_ids: named } = request.selection;
      const left = named?.filter((id) => chosen.ids.has(id));
      if (left?.length === named?.length) return run({ ...request, expected_total: size }, modal);
      // Some have left the list since they were asked about.
      modal.close();
      return question({ ...request, selection: { account_ids: left } }, left.length, true);
    });
  }

  /**
   * Begins an operation. If it would treat other accounts by now, asks again with their number. `modal`: the question
   * that was confirmed. Whoever closes it meanwhile is not asked again.
   * @param {any} request @param {Modal | null} modal
   */
  async function run(request, modal = null) {
    const { ids } = chosen;
    const here = router.whileHere();
    try {
      const { operation_id: id } = await begin(request);
      modal?.close();
      // Those that are over give way to it.
      for (const each of over) store.closeOperation(each);
      store.showOperation(id);
      // Taking something back is not done with what is chosen. What was chosen meanwhile stays.
      if (request.selection.changed_by || chosen.ids !== ids) draw();
      else choose([]);
      here(() => focusOn(operations.firstChild));
    } catch (problem) {
      if (!hasChanged(problem)) throw problem;
      const size = await count(request);
      const isWanted = chosen.ids === ids && (modal?.node.open ?? true);
      modal?.close();
      here(() => isWanted && question(request, size, true));
    }
  }

  /** An operation, until somebody closes it. */
  function panelOf(id) {
    const onClose = () => {
      store.closeOperation(id);
      draw();
    };
    return progressOf(id, signal, { onClose, onEnd: () => over.add(id), run });
  }

  return draw;
}

const tooMany = () => Object.assign(new Error(), { title: t.bulk.tooMany(MOST_NAMED) });

/**
 * @param {{action: string, value?: boolean, selection: {filter?: Record<string, unknown>}}} request
 * @param {number} size @param {boolean} isAgain @param {(modal: Modal) => unknown} onConfirmed
 */
function confirmation(request, size, isAgain, onConfirmed) {
  const isDeletion = request.action === "delete";
  const { filter } = request.selection;
  const isAll = filter && !Object.keys(filter).length;
  const modal = dialog({
    title: t.bulk.question(request, size),
    content: ({ close }) => [
      isAgain && h("p", {}, t.bulk.changed),
      isDeletion && isAll && h("p", {}, h("strong", {}, t.bulk.deleteAll)),
      isDeletion && h("p", {}, t.bulk.deleteText),
      isDeletion && filter && !isAll && h("p", { class: "muted" }, t.bulk.deleteRest),
      h(
        "div",
        { class: "form-actions" },
        button(t.actions.cancel, { onclick: close }),
        button(t.bulk.confirmed(request, size), {
          class: isDeletion ? "button-danger" : "button-primary",
          onclick: (event) => submitting(event.currentTarget, () => onConfirmed(modal)),
        }),
      ),
    ],
  });
}

function progressOf(id, left, { onClose, onEnd, run }) {
  let following = new AbortController();
  const said = h("p", { class: "bulk-size", role: "status" }, t.bulk.progress);
  const bar = h("progress", { max: 1, value: 0, "aria-label": t.bulk.progress });
  const failed = h("div", { class: "bulk-failed" });
  const ends = h("div", { class: "bulk-actions" });
  const small = (part, text, work) =>
    changeButton(text, {
      class: "button-small",
      "data-part": part,
      onclick: (event) => submitting(event.currentTarget, work),
    });
  const close = () => {
    following.abort();
    onClose();
  };
  const closing = () => iconButton(t.bulk.close, "cross", { onclick: close });
  let done = 0;
  const stopping = async () => {
    const operation = await stop(id);
    // It was closed meanwhile.
    if (following.signal.aborted) return;
    following.abort();
    following = new AbortController();
    drawn(operation);
    await untilOver(STOPPED_WITHIN_MS);
  };
  const drawn = (operation) => {
    said.textContent = t.bulk.soFar(operation);
    Object.assign(bar, { max: operation.total || 1, value: operation.total ? operation.done : 1 });
    render(failed, [operation.failed, operation.failed_total], failuresOf);
    // Rows show what was done with them, also their tests.
    if (operation.done !== done) readNow();
    done = operation.done;
  };
  const ended = (operation) => {
    const undo = undoOf(operation);
    bar.hidden = true;
    announce(said.textContent ?? "");
    fill(ends, undo && small("undo", t.bulk.undo, () => run(undo)), closing());
    onEnd();
  };
  const untilOver = async (after) => {
    const signal = AbortSignal.any([left, following.signal]);
    // A hidden page asks nothing.
    const wait = async (milliseconds) => {
      await pause(milliseconds, signal);
      await whenVisible(signal);
    };
    try {
      if (after) await wait(after);
      ended(await follow(id, drawn, { signal, wait }));
    } catch (problem) {
      await pause(retryAfter(problem), signal).catch(() => {});
      if (signal.aborted) return;
      bar.hidden = isMissing(problem);
      fill(ends, errorPanel(problem, !bar.hidden && followed), closing());
    }
  };
  const followed = () => {
    fill(ends, small("stop", t.bulk.stop, stopping), closing());
    return untilOver(0);
  };
  followed();
  return h("div", { class: "bulk-operation", "aria-label": t.bulk.progress, role: "group" }, said, bar, failed, ends);
}

function failuresOf([failed, total]) {
  if (!total) return null;
  const more = total - failed.length;
  return h(
    "details",
    {},
    h("summary", {}, t.bulk.failed(total)),
    h(
      "ul",
      {},
      failed.map(({ account_id: id, name, problem }) =>
        h(
          "li",
          {},
          h("a", { href: `#/accounts/${api.segment(id)}` }, name ?? store.account(id)?.name ?? id),
          `: ${problem.detail ?? problem.title ?? ""}`,
        ),
      ),
    ),
    more > 0 && h("p", { class: "muted" }, t.bulk.more(more)),
  );
}
