// Reads data again while somebody looks at it, and knows how old it is.
import { announce, fill, focus, focused, focusOn, h, keyed, passFocus, readNow, render, whileLookedAt } from "./dom.js";
import { stopwatch } from "./elapsed.js";
import { isMissing, Problem, retryAfter } from "./problem.js";
import * as store from "./store.js";
import { button, errorPanel, skeleton, SLOW_AFTER_MS, submitting } from "./ui.js";
import { t } from "../texts.js";

export const READ_EVERY_MS = 30_000;
// The shortest pause after a failed read. Also after a slow one, unless the usual pause is shorter.
const AFTER_FAILURE_MS = 5_000;
// Each answer should come within this time, or the pause if that is longer, after the previous request. Then the view
// never counts as late.
const ANSWERED_WITHIN_MS = 40_000;
// Faster responses show no skeleton, so that nothing flickers.
const SKELETON_AFTER_MS = 120;
// New items push the shown ones to later pages. A list is read at most this many pages further. Rows beyond them are
// left out.
const SPARE_PAGES = 4;

/**
 * A part of a view. `readAt`: when it was read, in milliseconds; 0 for not yet.
 * `first`: ends when the first read has ended, also if it failed; at once if an older value is shown meanwhile.
 * @typedef {{readAt: () => number, first?: Promise<void>}} Part
 * `placeholder`: also once it takes long. `retryClass`: of the button that tries again.
 * @typedef {{signal: AbortSignal, placeholder?: (isLate?: boolean) => any, onMissing?: (problem: any) => any,
 *   retryClass?: string}} Loading
 * `pauseOf`: milliseconds until the next read; called after each read. `once`: the data does not change by itself, so
 * reading stops once the latest request is answered. `known`: an older value to show until then, which is read again
 * after `knownFor`, in milliseconds. `isWhole`: whether an answer is about all that is shown. Else that is as old as
 * it was.
 * @typedef {Loading & {className?: string, pauseOf?: () => number, once?: boolean, known?: any,
 *   knownFor?: number, isWhole?: (value: any) => boolean}} Options
 */

/** The oldest read time of these parts; 0 if none was read yet. @param {Part[]} parts */
export const oldest = (parts) => store.oldest(parts.map(({ readAt }) => readAt()));

/**
 * Tells whether an answer is the newest, when answers come out of order. Call the returned function at each request.
 * It returns another function: call that one when the answer comes. It returns false if a later request was answered
 * first.
 */
export function inOrder() {
  let turns = 0;
  let newest = 0;
  return () => {
    const turn = ++turns;
    return () => {
      const holds = turn > newest;
      if (holds) newest = turn;
      return holds;
    };
  };
}

/**
 * How many milliseconds to wait after an answer that took `took`. Data is as old as its request, so the pause counts
 * from the request. A slow answer shortens the pause.
 */
export const pauseBefore = (pause, took) =>
  Math.max(Math.min(pause - took, Math.max(pause, ANSWERED_WITHIN_MS) - 2 * took), Math.min(pause, AFTER_FAILURE_MS));

/** The timers of each part's newest load.
 * @type {WeakMap<Element, ReturnType<typeof setTimeout>[]>} */
const loads = new WeakMap();

// Stands for an answer that is outdated when it comes.
const OVERTAKEN = Symbol("overtaken");

/**
 * Reads once. Shows a skeleton meanwhile, and a note if it takes long. Then shows the content, or the problem with a
 * retry. Reports a problem to the store.
 * @param {Element} target
 * @param {() => Promise<any>} request
 * @param {(value: any) => any} draw
 * @param {Loading} options
 * @returns {Promise<void>}
 */
export async function load(target, request, draw, options) {
  const { signal, placeholder = () => skeleton(), onMissing, retryClass } = options;
  /** The element that had the focus before it was covered. @type {HTMLElement | null} */
  let had = null;
  const cover = (isLate) => {
    had ??= focused(target);
    fill(target, placeholder(isLate), isLate && h("p", { class: "muted small slow", role: "status" }, t.problems.slow));
  };
  const timers = [setTimeout(() => cover(false), SKELETON_AFTER_MS), setTimeout(() => cover(true), SLOW_AFTER_MS)];
  loads.get(target)?.forEach(clearTimeout);
  loads.set(target, timers);
  // If a later load has begun, that one shows the problem.
  const isLast = () => loads.get(target) === timers;
  target.setAttribute("aria-busy", "true");
  try {
    const value = await request();
    if (!signal.aborted && value !== OVERTAKEN) show(target, draw(value));
  } catch (problem) {
    if (signal.aborted || !isLast()) return;
    if (isMissing(problem) && onMissing) return show(target, onMissing(problem));
    if (!(problem instanceof Problem)) console.error(problem);
    fill(
      target,
      errorPanel(problem, () => load(target, request, draw, options), retryClass),
    );
    store.lacks(target, signal);
  } finally {
    timers.forEach(clearTimeout);
    if (isLast()) target.removeAttribute("aria-busy");
    // The target got the focus when it was covered. If a reader has moved the focus since, it stays there.
    if (focus() === target) passFocus(had, target);
  }
}

// Keeps a node that is shown already, so that it keeps the focus. Cancels the timers of a load in progress, so that no
// skeleton replaces the content.
function show(target, content) {
  loads.get(target)?.forEach(clearTimeout);
  if (target.firstChild !== content) fill(target, content);
  store.has(target);
}

/**
 * Reads data and shows it in the target. Repeats the read at intervals, also after a failure.
 * @param {Element} target
 * @param {() => Promise<any>} request
 * @param {(value: any) => Node} draw returns the node that shows the value: the same node each time
 * @param {Options} options
 * @returns {Part & {reload: () => Promise<void>, again: () => Promise<void>, gone: (problem?: any) => void}} `reload`:
 *   the shown data is wrong, so it reads at once and shows a skeleton, or the problem. `again`: keeps the shown data
 *   until new data comes. `gone`: says without a read that the data is gone.
 */
export function keptTrue(target, request, draw, options) {
  const {
    pauseOf = () => READ_EVERY_MS,
    once = false,
    known,
    knownFor = 0,
    isWhole = () => true,
    ...loading
  } = options;
  const { signal, onMissing } = loading;
  let at = 0;
  // How long the last answer took, in milliseconds.
  let took = 0;
  /** The problem of the last read, if it failed. @type {unknown} */
  let problem = null;
  /** @type {Node | undefined} */
  let content;
  let newest;
  let drawnOf;
  // Reads are numbered in the order of their requests. When they end out of order, the latest request wins.
  let [turns, answered, ended] = [0, 0, 0];
  const read = async () => {
    const turn = ++turns;
    const passed = stopwatch();
    const ends = (how) => {
      if (turn > ended) [ended, problem, took] = [turn, how, how ? 0 : passed()];
    };
    try {
      const { answer, asked } = await store.reading(target, request, signal);
      ends(null);
      if (turn > answered) {
        [answered, newest] = [turn, answer];
        if (isWhole(answer)) at = asked;
      }
    } catch (error) {
      ends(error);
      // Ignore a failure if a later request was answered already. A 404 always counts: what is gone does not come back.
      if (isMissing(error) || turn > answered) throw error;
    }
    store.changed();
    return newest;
  };
  // The same value is not drawn again, so that the pages loaded since then stay.
  const drawn = (value) => {
    if (!content || value !== drawnOf) content = draw(value);
    drawnOf = value;
    return content;
  };
  // Says only once that the data is gone.
  let isGone = false;
  const gone = (missing) => {
    if (isGone || !onMissing || signal.aborted) return;
    isGone = true;
    show(target, onMissing(missing));
  };
  const again = async () => {
    // The view was left during an act. Another view may show what the act changed.
    if (signal.aborted) return void readNow();
    try {
      const value = await read();
      if (!signal.aborted && !isGone && value !== OVERTAKEN) show(target, drawn(value));
    } catch (error) {
      if (isMissing(error)) gone(error);
      // The page failed to draw what it read, so the shown data is older than the read.
      if (!(error instanceof Problem)) store.lacks(target, signal);
      throw error;
    }
  };
  const reload = () => {
    isGone = false;
    // Answers to earlier requests are outdated.
    [answered, newest] = [turns, OVERTAKEN];
    return load(target, read, drawn, loading);
  };
  if (known) show(target, drawn(known));
  const first = known ? Promise.resolve() : reload();
  let pauseAnew = () => {};
  const keep = async () => {
    let isFirst = Boolean(known);
    await first;
    if (isMissing(problem)) return;
    const pause = () => {
      const due = pauseBefore(pauseOf(), took);
      const milliseconds = isFirst ? knownFor : Math.max(due, problem ? AFTER_FAILURE_MS : 0, retryAfter(problem));
      isFirst = false;
      return milliseconds;
    };
    const work = async () => {
      if (!isGone && (!once || problem || target.firstChild !== content)) await again();
    };
    await whileLookedAt(signal, pause, work, (anew) => (pauseAnew = anew));
  };
  keep();
  // What was read out of turn may say how soon it is read again.
  const outOfTurn = () => again().finally(() => pauseAnew());
  return { readAt: () => at, first, reload, again: outOfTurn, gone };
}

/**
 * The same, but draws the value again only when it has changed.
 * @param {Element} target
 * @param {() => Promise<any>} request
 * @param {(value: any) => any} draw
 * @param {Options} options
 */
export function watched(target, request, draw, { className, ...options }) {
  const content = h("div", { class: className });
  const drawn = (value) => {
    render(content, value, draw);
    return content;
  };
  return keptTrue(target, request, drawn, options);
}

/**
 * Joins the loaded items of a list with its newest first page. If they share no item, items between them may be
 * missing: the list starts over.
 * @param {{items: any[], cursor: string | null}} loaded
 * @param {{items: any[], next_cursor: string | null}} newest
 * @param {(item: any) => string} keyOf
 */
export function renewed({ items, cursor }, newest, keyOf) {
  const older = withoutThose(newest.items, items, keyOf);
  return newest.next_cursor && older.length < items.length
    ? { items: [...newest.items, ...older], cursor }
    : { items: newest.items, cursor: newest.next_cursor };
}

function withoutThose(others, items, keyOf) {
  const keys = new Set(others.map(keyOf));
  return items.filter((item) => !keys.has(keyOf(item)));
}

/** The loaded part of a list, page by page. */
export class Pages {
  /** @type {any[]} */
  items = [];
  /** @type {string | null} */
  cursor = null;
  // How many pages a person asked for.
  #shown = 1;
  // How many pages the last read took.
  #read = 1;
  #options;

  /**
   * `changes`: whether items change after they were listed. `keepsAll`: whether those that are loaded stay as newer
   * ones come, also those of the first page.
   * @param {{fetchPage: (cursor?: string | null) => Promise<any>, keyOf: (item: any) => string,
   *   changes?: boolean, keepsAll?: boolean}} options
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Reads the first page. If items change, and more pages are shown or all stay, reads on until it has as many items as
   * are loaded. It also reads on to the last loaded item, which may have moved. `isWhole`: whether what stays was read
   * too, or follows it. It does not if very many are newer.
   */
  async read() {
    const { changes, keyOf, keepsAll } = this.#options;
    const isLast = (item) => this.items.length && keyOf(item) === keyOf(this.items.at(-1));
    const items = [];
    let [pages, last, from, cursor] = [0, -1, null, null];
    do {
      from = cursor;
      const page = await this.#options.fetchPage(from);
      items.push(...page.items);
      cursor = page.next_cursor;
      last = items.findLastIndex(isLast);
      pages += 1;
    } while (
      changes &&
      cursor &&
      (last < 0 || items.length < this.items.length) &&
      (this.#shown > 1 || (keepsAll && this.items.length)) &&
      pages < this.#shown + SPARE_PAGES
    );
    this.#read = pages;
    const joins = changes ? last >= 0 : withoutThose(items, this.items, keyOf).length < this.items.length;
    const isWhole = !keepsAll || !cursor || !this.items.length || joins;
    // The rest of the last page is not shown yet. `next` reads that page again.
    const length = Math.max(last + 1, this.items.length);
    const isWithin = from && last >= 0 && length < items.length;
    return isWithin
      ? { items: items.slice(0, length), next_cursor: from, isWhole }
      : { items, next_cursor: cursor, isWhole };
  }

  /** A person asked for all that was read. */
  showAll() {
    this.#shown = Math.max(this.#shown, this.#read);
  }

  /** Replaces the loaded items by those that were read. */
  take({ items, next_cursor: cursor }) {
    const { changes, keyOf } = this.#options;
    Object.assign(this, changes ? { items, cursor } : renewed(this, { items, next_cursor: cursor }, keyOf));
  }

  /** Loads the next page. If the list started over meanwhile, loads the page that is next now. */
  async next() {
    const { cursor } = this;
    const page = await this.#options.fetchPage(cursor);
    if (cursor !== this.cursor) return this.cursor ? this.next() : undefined;
    const before = withoutThose(page.items, this.items, this.#options.keyOf);
    Object.assign(this, { items: [...before, ...page.items], cursor: page.next_cursor });
    this.#shown += 1;
  }
}

/**
 * A list that loads one more page per press. Reads its first page again at intervals, or all loaded items if they
 * change. `isOpen`: which items may change, if not all do. `complete`: reads more about the items while they are shown,
 * and draws them as it goes. `shown`: returns an item with what is known by now. `newer`: a list whose newest items
 * come first shows newer ones at a press, so that nothing moves under a reader; `text` of the button, and what is
 * `said` once there are some. `isOwn`: which newer ones are of one's own act, and shown at once, unless somebody is at
 * what they would move. `onItems` gets all that are loaded, and those that are in the list.
 * @param {Options & {changes?: boolean, isOpen?: (item: any) => boolean, isOwn?: (item: any) => boolean,
 *   fetchPage: (cursor?: string | null) => Promise<any>,
 *   complete?: (items: any[], draw: () => void) => Promise<any>, shown?: (item: any) => any,
 *   newer?: {text: string, said: string}, keyOf: (item: any) => string, list: Element,
 *   renderItem: (item: any, before?: Element) => Node, empty: Node,
 *   onItems?: (items: any[], inSight: any[]) => void}} options
 * @returns {Part & {node: Element, newer: Element, again: () => Promise<void>, draw: () => void}} `draw`: shows what is
 *   known by now. `newer`: the button, which keeps its room while there is nothing to show
 */
export function pagedList({ renderItem, list, empty, onItems, complete, shown = (item) => item, newer, ...options }) {
  const { keyOf, isOpen = () => false, isOwn = () => false } = options;
  const pages = new Pages({ ...options, keepsAll: Boolean(newer) });
  const more = h("div", { class: "more" });
  const content = h("div", {}, list, more);
  /** Of the first item that is shown, if newer ones wait for a press. */
  let top = "";
  /** What was read, if what is shown does not join it. @type {any} */
  let ahead = null;
  const placeOfTop = (items) => items.findIndex((item) => keyOf(item) === top);
  const loadNext = async () => {
    const { length } = list.children;
    await store.reading(node, () => pages.next(), options.signal);
    const had = focused(more);
    drawAll();
    // The button is gone after the last page.
    const next = list.children[length] ?? list.lastElementChild;
    if (had && !pages.cursor && next) focusOn(next);
  };
  // The button may be redrawn meanwhile. Another press waits for the same page.
  let awaited;
  const next = () => {
    awaited ??= loadNext().finally(() => {
      awaited = undefined;
    });
    return awaited;
  };
  const drawMore = () =>
    render(
      more,
      pages.cursor,
      (cursor) =>
        cursor &&
        button(t.actions.showMore, {
          "data-part": "more",
          onclick: (event) => submitting(event.currentTarget, next),
        }),
    );
  const showNewer = () => {
    top = "";
    pages.showAll();
    if (ahead) pages.take(ahead);
    ahead = null;
    drawAll();
    focusOn(list.firstElementChild);
    part.again().catch(() => {});
  };
  const newerButton = button(newer?.text, { class: "button-small newer", hidden: true, onclick: showNewer });
  const draw = () => {
    let from = Math.max(placeOfTop(pages.items), 0);
    if (pages.items.slice(0, from).some(isOwn) && !list.matches(":hover, :focus-within")) from = 0;
    const items = pages.items.slice(from);
    if (items.length) keyed(list, items.map(shown), keyOf, renderItem);
    else fill(list, empty);
    if (newer && items.length) top = keyOf(items[0]);
    const isNewer = Boolean(ahead ?? from);
    if (isNewer && newerButton.hidden) announce(newer?.said);
    newerButton.hidden = !isNewer;
    onItems?.(pages.items, items);
  };
  // Items that were loaded earlier may need completing too.
  const drawAll = () => {
    draw();
    drawMore();
    complete?.(pages.items, () => options.signal.aborted || draw());
  };
  const node = h("div", {});
  const take = (page) => {
    ahead = page.isWhole ? null : page;
    if (!ahead) pages.take(page);
    drawAll();
    return content;
  };
  // What stays in sight and was not read is as old as it was, if it may change.
  const isRead = (item, { items }) => items.some((each) => keyOf(each) === keyOf(item));
  const isWhole = (page) =>
    options.changes ? page.isWhole : pages.items.every((item) => !isOpen(item) || isRead(item, page));
  const part = keptTrue(node, () => pages.read(), take, { ...options, isWhole });
  return { node, draw, newer: newerButton, ...part };
}
