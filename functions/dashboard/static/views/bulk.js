// What is done with several accounts of the list: a bar with the actions, and how far each operation is, with the
// accounts that it could not treat. It comes with the first account that is chosen.
import {
  againOf,
  begin,
  count,
  follow,
  hasChanged,
  isFinal,
  MOST_NAMED,
  selectionOf,
  stop,
  undoOf,
} from "../lib/bulk.js";
import {
  announce,
  fill,
  focusOn,
  focused,
  h,
  keyed,
  later,
  onReadNow,
  passFocus,
  pause,
  readNow,
  render,
  whenVisible,
} from "../lib/dom.js";
import { dialog } from "../lib/modal.js";
import { styled } from "../lib/pictures.js";
import { isMissing, retryAfter } from "../lib/problem.js";
import * as api from "../lib/api.js";
import { measure } from "../lib/covered.js";
import { roomy } from "../lib/room.js";
import * as router from "../lib/router.js";
import * as store from "../lib/store.js";
import { typedNumber } from "../lib/typed-number.js";
import {
  button,
  changeButton,
  errorPanel,
  form,
  iconButton,
  notice,
  onceAlone,
  submitting,
  toast,
  warn,
} from "../lib/ui.js";
import { exporting } from "./choices.js";
import { t } from "./texts.js";

/**
 * `leave`: where the focus goes from a bar that is there no more.
 * @typedef {{node: HTMLDialogElement, close: () => void}} Modal
 * @typedef {{listing: () => any, chosen: import("../lib/bulk.js").Chosen, table: HTMLElement, leave: () => void,
 *   choose: (ids: string[], isAll?: boolean) => void}} List
 */

// An account that is being treated when its operation is stopped is counted within this time.
const STOPPED_WITHIN_MS = 2_000;
// What a stopped operation changed can be taken back after this time, as the API has it.
const UNDONE_AFTER_MS = 10_000;
// An operation that could not be read is read again after this time.
const REPEATED_AFTER_MS = 15_000;
// Whoever deletes more accounts types their number.
const TYPED_ABOVE = 10;
// So many of those that a question is about are named.
const MOST_IN_QUESTION = 10;
// How often it is said how far an operation is.
const PARTS_SAID = 4;

/** The button that was pressed last. @type {Element | null} */
let pressed = null;

/** Works at each press, also while an earlier one is at work if another button was pressed, or others chosen, since. */
function eachPress(name, work) {
  /** @type {Promise<any>[]} */
  const works = [];
  const doing = async () => {
    try {
      await work();
    } catch (problem) {
      // Others may have been pressed meanwhile.
      warn(Object.assign(/** @type {any} */ (problem), { of: t.bulk.press(name) }));
    }
  };
  return ({ currentTarget: node }) => {
    if (works.length && pressed === node) return;
    pressed = node;
    works.push(doing());
    submitting(node, async () => {
      for (; works.length; works.shift()) await works[0];
    });
  };
}

/** The operations that were begun since the page was loaded. @type {Set<string>} */
const own = new Set();

/** Puts the bar here. Returns what draws it again after something else was chosen, or chosen accounts have gone. */
export async function bulkBar(place, list, signal) {
  await styled("bulk");
  signal.throwIfAborted();
  return barIn(place, list, signal);
}

/** @param {HTMLElement} place @param {List} list @param {AbortSignal} signal */
function barIn(place, { listing, chosen, table, leave, choose }, signal) {
  const choice = h("div", { class: "bulk-chosen" });
  const operations = h("div", { class: "bulk-operations" });
  /** The exports of what was chosen before. */
  const exports = h("div", { class: "bulk-lines" });
  /** What is said by itself. */
  const notes = h("div", { class: "bulk-lines" });
  const noted = h("span", {});
  /** Operations that are over. @type {Set<string>} */
  const over = new Set();
  let said = t.bulk.nothing;
  /** The choice that was drawn last, what is said about it, and how many have left it. */
  let last = { ids: chosen.ids, note: "", gone: 0 };
  /** How many accounts all of the list are, as the API has counted them for this choice. */
  let counted = { ids: chosen.ids, total: undefined };
  let isHinted = false;
  // Comes with a choice by keyboard and stays until nothing is chosen: a press that took it away would move its button.
  const hint = h("p", { class: "bulk-hint muted small", hidden: true, "aria-hidden": "true" }, t.bulk.hint);
  // Screen readers get to it by its name. Some keep Enter for themselves.
  place.setAttribute("role", "region");
  place.setAttribute("aria-label", t.bulk.region);
  // What comes or ends by itself is above what can be pressed. What is chosen goes as an operation begins, which stays
  // where it is below.
  fill(place, notes, exports, choice, operations);
  // It may be higher than its place, which scrolls then, and has no empty part that what is behind could be pressed in.
  const measured = measure(
    /** @type {HTMLElement} */ (table.parentNode),
    ".rows",
    () => {
      const parts = /** @type {NodeListOf<HTMLElement>} */ (
        place.querySelectorAll(".bulk-chosen, .bulk-operation, .bulk-line")
      );
      const height = [...parts].reduce((sum, { offsetHeight }) => sum + offsetHeight, 0);
      place.classList.toggle("scrolls", height > place.clientHeight);
      return Math.min(height, place.clientHeight);
    },
    signal,
  );
  for (const part of [place, choice]) measured.observe(part);

  const totalNow = () => (counted.ids === chosen.ids ? counted.total : undefined) ?? totalOf(listing());
  const sizeNow = () => (chosen.isAll ? totalNow() : chosen.ids.size);
  // An export is of what was chosen as it was begun. Once others are chosen it has a line of its own.
  const exporter = () => {
    /** @type {{node: HTMLElement, line: HTMLElement | null, size: number | undefined, runs: boolean}} */
    const made = { node: h("div", {}), line: null, size: undefined, runs: false };
    const begun = () => {
      Object.assign(made, { runs: true, size: sizeNow() });
      return { selection: listing().selection, total: made.size, only: chosen.isAll ? null : chosen.ids };
    };
    made.node = exporting(begun, signal, undefined, () => {
      made.runs = false;
      if (signal.aborted || !made.line) return;
      if (focused(made.line)) focusOn(place);
      made.line.inert = true;
      draw();
    });
    return made;
  };
  let file = exporter();
  let files = 0;
  // What can be pressed under the pointer, or else has the focus, stays where it is, also in a bar that scrolls. Where
  // that is nothing, what is below a change stays.
  const keepPlaces = (change) => {
    const below = place.scrollHeight - place.scrollTop;
    const held = ["hover", "focus"].flatMap((state) => [
      ...place.querySelectorAll(`button:${state}, a:${state}, summary:${state}`),
    ]);
    const tops = held.map((node) => node.getBoundingClientRect().top);
    change();
    const index = held.findIndex((node) => node.checkVisibility());
    if (index < 0) place.scrollTop = place.scrollHeight - below;
    else place.scrollTop += held[index].getBoundingClientRect().top - tops[index];
  };
  const show = (line, among = notes) => {
    line.inert = false;
    if (line.parentNode) return;
    keepPlaces(() => among.prepend(line));
    measured.observe(line);
  };
  const setApart = () => {
    files += 1;
    const name = h("p", { class: "bulk-size" }, t.bulk.exportOf(file.size));
    file.line = h("div", { class: "bulk-line" }, name, file.node);
    show(file.line, exports);
    file = exporter();
  };
  const lineOfNotes = h(
    "div",
    { class: "bulk-line" },
    roomy("p", { class: "bulk-note" }, [t.bulk.gone(MOST_NAMED)], noted),
    iconButton(t.bulk.close, "cross", {
      onclick: () => {
        last.note = "";
        drawPressed();
      },
    }),
  );
  const isAnyLine = () => Boolean(place.querySelector(".bulk-line:not([inert])"));
  // What is above one that is over would move, and so would what is below one that is in sight in a bar that scrolls.
  const removeOver = (mayMove) => {
    const isAlone = choice.inert && !operations.hasChildNodes() && !isAnyLine();
    const isInSight = ({ offsetHeight: height }) => place.scrollHeight > place.clientHeight && place.scrollTop < height;
    const stays = (line) => !line.inert || (!mayMove && !isAlone && isInSight(line));
    for (let line; (line = place.querySelector(".bulk-line")) && !stays(line);) keepPlaces(() => line.remove());
  };
  const keepFocus = () => (place.hidden ? leave() : focusOn(place));

  // `gone`: how many were chosen, and are not any more. `isPart`: those that are not loaded are not chosen any more.
  // `isPressed`: somebody has just closed something.
  const draw = (gone = 0, isPart = false, isPressed = false) => {
    const had = focused(place);
    const { ids, ended } = listing();
    const size = sizeNow();
    const isMore = !chosen.isAll && (!ended || ids.length > chosen.ids.size);
    const text = chosen.isAll ? t.bulk.all(size) : t.bulk.chosen(size);
    // One of which only some are gone is the same still.
    const isOther = last.ids !== chosen.ids;
    if (isOther && !gone && choice.contains(pressed)) pressed = null;
    if (isOther && file.runs && !(gone && size)) setApart();
    if (gone || isOther) {
      const left = gone && last.gone + gone;
      last = { ids: chosen.ids, note: left ? t.bulk.gone(left) : isPart ? t.bulk.part : "", gone: left };
    }
    const { note } = last;
    keyed(operations, store.operations(), (id) => id, panelOf);
    const isOver = (line) => (line === lineOfNotes ? !note : line.of && !operations.contains(line.of));
    for (const line of notes.children) if (isOver(line)) line.inert = true;
    // Where all that was chosen is gone, its room stays below what would move.
    const stays = !choice.hidden && last.gone > 0 && isAnyLine();
    choice.inert = size === 0;
    if (choice.inert) hint.hidden = true;
    else if (!isHinted || (isOther && !gone)) hint.hidden &&= !table.querySelector(".choose:focus-visible");
    choice.hidden = choice.inert && !stays;
    if (!choice.inert) render(choice, [text, isMore && t.bulk.chooseAll(totalNow()), files], drawChoice);
    noted.textContent = note || noted.textContent;
    if (note) show(lineOfNotes);
    removeOver(isPressed || (isOther && !gone));
    place.hidden = choice.hidden && !operations.hasChildNodes() && !place.querySelector(".bulk-line");
    const saying = `${note} ${choice.inert ? t.bulk.nothing : text}`.trim();
    if (saying !== said) {
      announce(isHinted ? saying : t.bulk.first(saying));
      isHinted = true;
    }
    said = saying;
    if (exports.contains(had)) passFocus(had, exports);
    const has = focused(place);
    if (!had || (has && has !== operations && !has.closest("[hidden], [inert]"))) return;
    keepFocus();
  };

  const drawPressed = () => draw(0, false, true);

  const act = (part, text, request, attributes = {}) =>
    button(text, {
      class: "button-small",
      "data-part": part,
      onclick: eachPress(text, () => ask(request)),
      ...attributes,
    });

  // Drawn once: what is said about the choice changes during a press, too.
  const acts = [
    act("test", t.bulk.test, { action: "test" }),
    act("on", t.bulk.logsOn, { action: "write_logs", value: true }),
    act("off", t.bulk.logsOff, { action: "write_logs", value: false }),
    act("delete", t.bulk.delete, { action: "delete" }, { class: "button-small button-danger" }),
  ];

  const drawChoice = ([text, all]) => [
    h("p", { class: "bulk-size" }, text),
    all &&
      h(
        "button",
        {
          type: "button",
          class: "link",
          "data-part": "all",
          onclick: (event) => submitting(event.currentTarget, chooseAll),
        },
        all,
      ),
    h("div", { class: "bulk-actions", role: "group", "aria-label": t.bulk.title }, acts, file.node),
    hint,
    iconButton(t.bulk.none, "cross", { "data-part": "none", onclick: () => choose([]) }),
  ];

  // Only the API can count a list that is not all loaded.
  async function chooseAll() {
    choose([], true);
    if (totalNow() === undefined) await counts({ action: "test", selection: selectionOf(chosen, listing().selection) });
  }

  /** Asks the API how many accounts a request for all of the list would treat, and shows it with this choice. */
  async function counts(request, ids = chosen.ids) {
    const total = await count(request);
    if (chosen.ids !== ids) return total;
    counted = { ids, total };
    draw();
    return total;
  }

  // Somebody has seen the number of accounts before any of them is treated.
  async function ask(action) {
    const { ids, isAll } = chosen;
    if (!isAll && ids.size > MOST_NAMED) throw tooMany();
    const { selection } = listing();
    const total = totalNow();
    const request = { ...action, selection: selectionOf(chosen, selection) };
    const isDeletion = action.action === "delete";
    if (!isAll) return isDeletion ? question(request, ids.size) : run(request);
    if (!isDeletion && total !== undefined) return run({ ...request, expected_total: total });
    const here = router.whileHere();
    const size = await counts(request, ids);
    // Every choice makes a new set. Whoever has chosen something else meanwhile is not asked about this any more.
    const asks = () => question(isDeletion ? named(request, size) : request, size);
    const sayNot = () => toast(t.bulk.notAsked(request, size), "warning");
    onceAlone(() => here(() => (chosen.ids === ids ? asks() : sayNot()), sayNot));
  }

  /** What is named is deleted, whatever fits the filters by then. Accounts that are not all loaded are not named. */
  function named(request, size) {
    const { ids, ended } = listing();
    const isWhole = ended && ids.length === size && size <= MOST_NAMED && Object.keys(request.selection.filter).length;
    return isWhole ? { ...request, selection: { account_ids: ids.toSorted() } } : request;
  }

  /**
   * Asks with the number of accounts. `isAgain`: it was another a moment ago. `replaces`: of what is done about an
   * operation that is over, and not with the chosen accounts, the operations that give way to it.
   * @param {any} request @param {number} size @param {{isAgain?: boolean, replaces?: string[]}} options
   */
  function question(request, size, { isAgain = false, replaces } = {}) {
    if (!size) return toast(t.bulk.nobody, "warning");
    const key = api.newKey();
    confirmation(request, size, isAgain, (modal) => {
      const { account_ids: ids } = request.selection;
      // What is chosen may have changed since, as another press began.
      const left = replaces ? ids : ids && listing().among(new Set(ids));
      if (left?.length === ids?.length) return run({ ...request, expected_total: size }, { modal, replaces, key });
      // Some have left the list since they were asked about.
      modal.close();
      if (!left.length) return toast(t.bulk.allGone, "warning");
      return question({ ...request, selection: { account_ids: left } }, left.length, { isAgain: true });
    });
  }

  /**
   * Begins an operation. If it would treat other accounts by now, asks again with their number. `modal`: the question
   * that was confirmed. Whoever closes it meanwhile is not asked again. `replaces`: as for the question; otherwise all
   * that are over at the press.
   * @param {any} request @param {{modal?: Modal | null, replaces?: string[], key?: string}} options
   */
  async function run(request, { modal = null, replaces, key } = {}) {
    const { ids } = chosen;
    const giveWay = replaces ?? [...over];
    const here = router.whileHere();
    try {
      const { operation_id: id } = await begin(request, key);
      modal?.close();
      for (const each of giveWay) store.closeOperation(each);
      own.add(id);
      store.showOperation(id);
      // What was chosen meanwhile stays.
      if (replaces || chosen.ids !== ids) draw();
      else choose([]);
      // Another view of the list may be open by now.
      store.changed();
      here(() => focusOn(operations.firstChild));
    } catch (problem) {
      if (!hasChanged(problem)) throw problem;
      const size = await (chosen.isAll && !replaces ? counts(request, ids) : count(request));
      const isOpen = modal?.node.open ?? true;
      modal?.close();
      // Of what was pressed nothing is chosen any more, as after a press before it that has begun, or it was left.
      const sayNot = () => toast(t.bulk.notBegun(request, size), "warning");
      const asks = () => question(request, size, { isAgain: true, replaces });
      onceAlone(() => here(() => (isOpen && (replaces || chosen.ids === ids) ? asks() : sayNot()), sayNot));
    }
  }

  // Since an operation that was begun elsewhere or earlier, others may have set the same value anew.
  const takeBack = (undo, { operation_id: id, changed }) =>
    own.has(id) ? run(undo, { replaces: [id] }) : question(undo, changed, { replaces: [id] });

  // What can be taken back of the operation still can, and those that it refused beside these are still said.
  const repeat = (again, operation) => {
    const { operation_id: id, failed, failed_total: refused } = operation;
    const options = { replaces: undoOf(operation) || refused > failed.length ? [] : [id] };
    const size = again.selection.account_ids.length;
    return again.action === "delete" ? question(again, size, options) : run(again, options);
  };

  /** An operation, until somebody closes it. */
  function panelOf(id) {
    const onClose = () => {
      store.closeOperation(id);
      drawPressed();
    };
    const onUnread = (line) => store.operations().includes(id) && show(line);
    const panel = progressOf(id, signal, {
      onClose,
      onEnd: () => over.add(id),
      onUnread,
      onReadAgain: draw,
      keepPlaces,
      takeBack,
      repeat,
    });
    measured.observe(panel);
    return panel;
  }

  return draw;
}

/** How many accounts all of a list are. Undefined if only the API knows. */
const totalOf = ({ total, ended, ids, arrivals = [] }) => total ?? (ended ? ids.length + arrivals.length : undefined);

const tooMany = () => Object.assign(new Error(), { title: t.bulk.tooMany(MOST_NAMED) });

/**
 * @param {{action: string, value?: boolean,
 *   selection: {account_ids?: string[], filter?: Record<string, unknown>, changed_by?: string}}} request
 * @param {number} size @param {boolean} isAgain @param {(modal: Modal) => unknown} onConfirmed
 */
function confirmation(request, size, isAgain, onConfirmed) {
  const isDeletion = request.action === "delete";
  const { account_ids: ids = [], filter, changed_by } = request.selection;
  const isAll = filter && !Object.keys(filter).length;
  const typed = isDeletion && size > TYPED_ABOVE ? typedNumber(t.bulk.typeNumber(size), t.bulk.otherNumber) : null;
  const modal = dialog({
    title: t.bulk.question(request, size),
    content: ({ close }) =>
      form({
        submitText: t.bulk.confirmed(request, size),
        submitClass: isDeletion ? "button-danger" : "button-primary",
        cancel: close,
        async onsubmit() {
          typed?.check(size);
          await onConfirmed(modal);
        },
        fields: [
          isAgain && h("p", {}, t.bulk.changed),
          isDeletion && isAll && h("p", {}, h("strong", {}, t.bulk.deleteAll)),
          isDeletion && deletionOf(size, ids, filter),
          isDeletion && filter && !isAll && h("p", { class: "muted" }, t.bulk.deleteRest),
          changed_by && h("p", {}, t.bulk.undoText),
          typed?.node,
        ],
      }),
  });
}

// Which accounts it deletes, and the same consequences as where one is deleted. Of what is not loaded only the filter
// says how it is entered.
function deletionOf(size, ids, filter) {
  const known = ids.flatMap((id) => store.account(id) ?? []).toSorted((a, b) => a.name.localeCompare(b.name));
  const named = known.slice(0, MOST_IN_QUESTION);
  const more = size - named.length;
  const countOf = (type) => {
    if (known.length === size) return known.filter(({ access_type: has }) => has === type).length;
    return (filter?.access_type ?? type) === type ? size : 0;
  };
  return [
    named.length > 0 &&
      h(
        "ul",
        { class: "affected" },
        named.map(({ name, provider_id: digits }) =>
          h("li", {}, name, " ", h("span", { class: "mono muted small" }, digits)),
        ),
        more > 0 && h("li", {}, t.bulk.more(more)),
      ),
    h("p", {}, t.account.removeConsequences(size)),
    notice("info", h("p", {}, t.account.staysInAws(countOf("assume_role"), countOf("access_key")))),
  ];
}

function progressOf(id, left, { onClose, onEnd, onUnread, onReadAgain, keepPlaces, takeBack, repeat }) {
  let following = new AbortController();
  const said = h("p", { class: "bulk-size" }, t.bulk.progress);
  const bar = h("progress", { max: 1, value: 0, "aria-label": t.bulk.progress });
  const failed = h("div", { class: "bulk-failed" });
  /** Why it cannot be read: a line, because that comes and goes by itself. @type {any} */
  const unread = h("div", { class: "bulk-line bulk-unread" });
  const ends = h("div", { class: "bulk-actions" });
  const small = (part, text, work) =>
    changeButton(text, {
      class: "button-small",
      "data-part": part,
      onclick: ({ currentTarget }) => submitting(currentTarget, work),
    });
  const close = () => {
    following.abort();
    onClose();
  };
  const closing = iconButton(t.bulk.close, "cross", { onclick: close });
  let known = "";
  let isOver = false;
  let done = 0;
  let partSaid = -1;
  /** Why it could not be read last. Only another reason is an alert. */
  let why = "";
  const stopping = async () => {
    const operation = await stop(id);
    // It was closed meanwhile.
    if (following.signal.aborted) return;
    drawn(operation);
    await follows(STOPPED_WITHIN_MS);
  };
  // Stop keeps its place, so that a press that comes too late is one of nothing else.
  const stopper = small("stop", t.bulk.stop, async () => isOver || stopping());
  const over = (...others) => {
    isOver = true;
    bar.hidden = true;
    stopper.setAttribute("aria-disabled", "true");
    keepPlaces(() => fill(ends, others, stopper, closing));
    onEnd();
  };
  const drawn = (operation) => keepPlaces(() => draw(operation));
  const draw = (operation) => {
    const { state, total, failed: listed, failed_total: refused } = operation;
    said.textContent = known = t.bulk.soFar(operation);
    Object.assign(bar, { max: total || 1, value: total ? operation.done : 1 });
    const name = state === "running" ? t.bulk.doing(operation) : known;
    for (const named of [node, bar]) named.setAttribute("aria-label", name);
    // Whoever reads them goes on while more come.
    const isOpen = failed.querySelector("details")?.open;
    render(failed, [listed, refused], (all) => failuresOf(all, isOpen));
    why = "";
    if (focused(unread)) focusOn(node);
    if (!unread.inert) {
      unread.inert = true;
      onReadAgain();
    }
    const part = Math.floor((PARTS_SAID * operation.done) / total);
    if (state === "running" && part > partSaid) {
      partSaid = part;
      announce(said.textContent);
    }
    // Rows show what was done with them, also their tests.
    if (operation.done !== done) readNow();
    done = operation.done;
  };
  const ended = (operation) => {
    const [undo, again] = [undoOf(operation), againOf(operation)];
    const { failed: listed, failed_total: refused } = operation;
    announce(`${said.textContent} ${refused ? `${t.bulk.failed(refused)}.` : ""}`);
    const undoing = undo && small("undo", t.bulk.undo, () => takeBack(undo, operation));
    if (undoing && operation.state === "stopped") showLater(undoing, operation, left);
    // What the tests find comes later, in the rows and there.
    const href = "#/accounts?has_problems=true";
    const onward = operation.action === "test" && location.hash !== href && h("a", { href }, t.bulk.withProblems);
    const repeating = again && small("again", t.bulk.again(listed.length, refused), () => repeat(again, operation));
    over(onward, undoing, repeating);
  };
  // It goes on although the page cannot see that, so it can still be stopped.
  const unreadable = (problem) => {
    if (isFinal(problem) && known) said.textContent = t.bulk.lastKnown(known);
    if (isMissing(problem)) over();
    const mayRetry = !isMissing(problem) && !retryAfter(problem);
    const name = node.getAttribute("aria-label");
    const isSaid = problem.title === why;
    render(unread, [name, problem.title, problem.detail, isSaid], () => {
      const panel = errorPanel(problem, mayRetry && (() => follows()));
      if (isSaid) panel.removeAttribute("role");
      return [h("p", { class: "bulk-size" }, name), panel];
    });
    why = problem.title;
    onUnread(unread);
  };
  /** Resolves once it is read, or cannot be. Then it is followed until it is over. */
  const follows = (after = 0) => {
    following.abort();
    following = new AbortController();
    const signal = AbortSignal.any([left, following.signal]);
    // A hidden page asks nothing.
    const wait = async (milliseconds) => {
      await pause(milliseconds, signal);
      await whenVisible(signal);
    };
    return new Promise((resolve) => {
      const onRead = (operation) => {
        drawn(operation);
        resolve(undefined);
      };
      const untilOver = async () => {
        if (after) await wait(after);
        for (;;) {
          try {
            return ended(await follow(id, onRead, { signal, wait }));
          } catch (problem) {
            if (signal.aborted) throw problem;
            unreadable(problem);
            resolve(undefined);
            if (isFinal(problem)) return undefined;
            // Whatever is heard meanwhile counts.
            await Promise.all([wait(retryAfter(problem)), untilReadable(signal)]);
          }
        }
      };
      untilOver().catch(resolve);
    });
  };
  fill(ends, stopper, closing);
  const attributes = { class: "bulk-operation", "aria-label": t.bulk.progress, role: "group" };
  const node = h("div", attributes, said, bar, failed, ends);
  Object.assign(unread, { of: node, inert: true });
  follows();
  return node;
}

// The clock here may be another than the API's, so nobody waits longer than for an operation that was just stopped.
function showLater(node, { finished_at: at }, signal) {
  const age = Math.max(0, Date.now() - Date.parse(at));
  if (age >= UNDONE_AFTER_MS) return;
  node.style.visibility = "hidden";
  later(UNDONE_AFTER_MS - age, () => (node.style.visibility = ""), signal);
}

/** Waits for the network, or for a while. @param {AbortSignal} signal */
async function untilReadable(signal) {
  const heard = new AbortController();
  await pause(REPEATED_AFTER_MS, signal, (goOn) => onReadNow(goOn, AbortSignal.any([signal, heard.signal])));
  heard.abort();
  await whenVisible(signal);
}

function failuresOf([failed, total], open) {
  if (!total) return null;
  const more = total - failed.length;
  return h(
    "details",
    { open },
    h("summary", { "data-part": "failures" }, t.bulk.failed(total)),
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
