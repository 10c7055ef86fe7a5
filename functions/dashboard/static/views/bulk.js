// What is done with several accounts of the list: a bar with the actions, how far one is, and which accounts it could
// not do. It comes with the first account that is chosen.
import { begin, count, follow, MOST_NAMED, selectionOf, undone } from "../lib/bulk.js";
import { announce, fill, focusOn, focused, h, pause, readNow } from "../lib/dom.js";
import { dialog } from "../lib/modal.js";
import { styled } from "../lib/pictures.js";
import { retryAfter } from "../lib/problem.js";
import * as api from "../lib/api.js";
import * as router from "../lib/router.js";
import * as store from "../lib/store.js";
import { button, errorPanel, iconButton, submitting } from "../lib/ui.js";
import { t } from "./texts.js";

/**
 * @typedef {{listing: () => any, chosen: import("../lib/bulk.js").Chosen, table: HTMLElement,
 *   choose: (ids: string[], isAll?: boolean) => void}} List
 */

/** Puts the bar here. Returns what draws it again after something else was chosen. */
export async function bulkBar(place, list, signal) {
  await styled("bulk");
  return barIn(place, list, signal);
}

/** @param {HTMLElement} place @param {List} list @param {AbortSignal} signal */
function barIn(place, { listing, chosen, table, choose }, signal) {
  /** The operation that is shown. While it runs, no other begins. @type {{panel: HTMLElement, runs: boolean} | null} */
  let shown = null;
  let said = "";
  const bar = h("div", { class: "bulk-chosen" });
  fill(place, bar);
  const draw = () => {
    const had = focused(bar);
    const size = chosen.isAll ? listing().total : chosen.ids.size;
    bar.hidden = size === 0 || Boolean(shown?.runs);
    place.hidden = bar.hidden && !shown;
    if (bar.hidden) {
      fill(bar);
      said = "";
      if (had) focusOn(shown?.panel ?? table);
      return;
    }
    const part = /** @type {any} */ (had)?.dataset.part;
    const text = chosen.isAll ? t.bulk.all(size) : t.bulk.chosen(size);
    if (text !== said) announce(text);
    said = text;
    fill(bar, h("p", { class: "bulk-size" }, text), actions());
    if (part) /** @type {any} */ (bar.querySelector(`[data-part="${part}"]`) ?? bar.querySelector("button")).focus();
  };

  const actions = () => {
    const { ids, total, ended } = listing();
    const isMore = !ended || ids.length > chosen.ids.size;
    const act = (part, text, request, attributes = {}) =>
      button(text, {
        class: "button-small",
        "data-part": part,
        onclick: (event) => submitting(event.currentTarget, () => ask(request)),
        ...attributes,
      });
    return [
      !chosen.isAll &&
        isMore &&
        h(
          "button",
          { type: "button", class: "link", "data-part": "all", onclick: () => choose([], true) },
          t.bulk.chooseAll(total),
        ),
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
  };

  async function ask(request) {
    const here = router.whileHere();
    const selection = selectionOf(chosen, listing().selection);
    const act = async () => {
      await run({ ...request, selection });
      choose([]);
    };
    if (request.action !== "delete") return act();
    const size = chosen.isAll ? await count(selection, "delete") : chosen.ids.size;
    here(() => confirmDeletion(size, selection, act));
  }

  /** Accounts whose value a request changes, as far as the page knows them. */
  const changedBy = ({ action, value, selection }) =>
    action === "write_logs" && selection.account_ids
      ? selection.account_ids.filter((id) => /** @type {any} */ (store.account(id))?.write_logs === !value)
      : [];

  async function run(request) {
    if (request.selection.account_ids?.length > MOST_NAMED) throw tooMany();
    const changed = changedBy(request);
    const { operation_id: id } = await begin(request);
    store.keepOperation({ id, undo: undone(request, changed) });
    show(/** @type {any} */ (store.operation()));
  }

  /** Shows an operation until somebody closes it. */
  function show(operation) {
    const panel = progressOf(operation, signal, {
      onOver: () => {
        shown = { panel, runs: false };
        draw();
      },
      onClose: () => {
        store.keepOperation(null);
        const had = focused(panel);
        shown = null;
        panel.remove();
        draw();
        if (had) focusOn(place.hidden ? table : bar);
      },
      onUndo: run,
    });
    shown = { panel, runs: true };
    fill(place, panel, bar);
    draw();
    focusOn(panel);
  }

  if (store.operation()) show(store.operation());
  return draw;
}

const tooMany = () => Object.assign(new Error(), { title: t.bulk.tooMany(MOST_NAMED) });

/**
 * Nobody can take it back, so it says how many.
 * @param {number} size @param {{filter?: Record<string, unknown>}} selection @param {() => Promise<void>} onConfirmed
 */
function confirmDeletion(size, { filter }, onConfirmed) {
  const isAll = filter && !Object.keys(filter).length;
  dialog({
    title: t.bulk.deleteTitle(size),
    content: ({ close }) => [
      isAll && h("p", {}, h("strong", {}, t.bulk.deleteAll)),
      h("p", {}, t.bulk.deleteText),
      filter && !isAll && h("p", { class: "muted" }, t.bulk.deleteRest),
      h(
        "div",
        { class: "form-actions" },
        button(t.actions.cancel, { onclick: close }),
        button(t.bulk.deleteThem(size), {
          class: "button-danger",
          onclick: (event) =>
            submitting(event.currentTarget, async () => {
              await onConfirmed();
              close();
            }),
        }),
      ),
    ],
  });
}

function progressOf({ id, undo }, signal, { onOver, onClose, onUndo }) {
  const said = h("p", { class: "bulk-size", role: "status" }, t.bulk.begun);
  const bar = h("progress", { max: 1, value: 0, "aria-label": t.bulk.progress });
  const failed = h("div", { class: "bulk-failed" });
  const ends = h("div", { class: "bulk-actions" });
  const panel = h(
    "div",
    { class: "bulk-operation", "aria-label": t.bulk.progress, role: "group" },
    said,
    bar,
    failed,
    ends,
  );
  const close = () => iconButton(t.bulk.close, "cross", { onclick: onClose });
  let done = 0;
  const drawn = (operation) => {
    said.textContent = t.bulk.soFar(operation);
    Object.assign(bar, { max: operation.total || 1, value: operation.total ? operation.done : 1 });
    fill(failed, failuresOf(operation));
    // Rows show what was done with them, also their tests.
    if (operation.done !== done) readNow();
    done = operation.done;
  };
  const ended = (operation) => {
    bar.hidden = true;
    announce(said.textContent ?? "");
    fill(
      ends,
      undo &&
        operation.state === "finished" &&
        button(t.bulk.undo, {
          class: "button-small",
          onclick: (event) => submitting(event.currentTarget, () => onUndo(undo)),
        }),
      close(),
    );
    onOver();
  };
  const run = async () => {
    fill(ends, close());
    try {
      ended(await follow(id, drawn, { signal, wait: (milliseconds) => pause(milliseconds, signal) }));
    } catch (problem) {
      if (signal.aborted) return;
      await pause(retryAfter(problem), signal);
      if (!signal.aborted) fill(ends, errorPanel(problem, run), close());
    }
  };
  run();
  return panel;
}

function failuresOf({ failed, failed_total: total }) {
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
