// What is read again while it is looked at, and knows how old it is.
import { fill, focus, focused, focusOn, h, keyed, passFocus, readNow, render, whileLookedAt } from "./dom.js";
import { stopwatch } from "./elapsed.js";
import { isMissing, Problem, retryAfter } from "./problem.js";
import * as store from "./store.js";
import { button, errorPanel, skeleton, SLOW_AFTER_MS, submitting } from "./ui.js";
import { t } from "../texts.js";

export const READ_EVERY_MS = 30_000;
// What is read more often than this is not, after a read that failed.
const AFTER_FAILURE_MS = 5_000;
// Of two questions, the later one is answered so soon after the earlier one that what is shown is never called late.
const ANSWERED_WITHIN_MS = 40_000;
// Faster responses show no skeleton, so that nothing flickers.
const SKELETON_AFTER_MS = 120;
// New items move what is shown of a list to later pages: to so many, before its last rows are left out.
const SPARE_PAGES = 4;

/**
 * A part of a view. `readAt`: when it was read, in milliseconds; 0 for not yet.
 * @typedef {{readAt: () => number}} Part
 * @typedef {{signal: AbortSignal, placeholder?: () => Node, onMissing?: (problem: any) => any}} Loading
 * `pauseOf`: milliseconds until it is read again, asked for after each read. `once`: it does not change by itself, so
 * it is read again only until what was asked for last is there. `known`: what is known of it already, which is shown
 * meanwhile.
 * @typedef {Loading & {className?: string, pauseOf?: () => number, once?: boolean, known?: any}} Options
 */

/** When the oldest of these was read; 0 if nothing was yet. @param {Part[]} parts */
export const oldest = (parts) => store.oldest(parts.map(({ readAt }) => readAt()));

/**
 * Of answers that come out of order, that which was asked for last holds. Call what this returns when you ask, and what
 * that returns once the answer is there: it tells whether the answer holds.
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
 * After how many milliseconds to ask again, if the last answer took so long. What is shown is as old as its question:
 * the pause counts from there, and a slow answer is asked for in time.
 */
export const pauseBefore = (pause, took) =>
  Math.max(Math.min(pause - took, ANSWERED_WITHIN_MS - 2 * took), Math.min(pause, AFTER_FAILURE_MS));

/** Of each part, the timers of the load that was begun last.
 * @type {WeakMap<Element, ReturnType<typeof setTimeout>[]>} */
const loads = new WeakMap();

// In place of an answer that is wrong by now.
const OVERTAKEN = Symbol("overtaken");

/**
 * Reads once. Shows a skeleton while that lasts, and a note if it takes long; then the content, or the problem with a
 * retry, which the store is told of.
 * @param {Element} target
 * @param {() => Promise<any>} request
 * @param {(value: any) => any} draw
 * @param {Loading} options
 * @returns {Promise<void>}
 */
export async function load(target, request, draw, options) {
  const { signal, placeholder = () => skeleton(), onMissing } = options;
  /** What has the focus until it is covered. @type {HTMLElement | null} */
  let had = null;
  const cover = (...more) => {
    had ??= focused(target);
    fill(target, placeholder(), more);
  };
  const timers = [
    setTimeout(cover, SKELETON_AFTER_MS),
    setTimeout(() => cover(h("p", { class: "muted small slow", role: "status" }, t.problems.slow)), SLOW_AFTER_MS),
  ];
  loads.get(target)?.forEach(clearTimeout);
  loads.set(target, timers);
  // If a later load has begun meanwhile, that one shows the problem.
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
      errorPanel(problem, () => load(target, request, draw, options)),
    );
    store.lacks(target, signal);
  } finally {
    timers.forEach(clearTimeout);
    if (isLast()) target.removeAttribute("aria-busy");
    // The target got it when it was covered. Who has left it since is elsewhere.
    if (focus() === target) passFocus(had, target);
  }
}

// A node that is there already stays where it is, with its focus. What is still awaited takes its place only once it
// is there.
function show(target, content) {
  loads.get(target)?.forEach(clearTimeout);
  if (target.firstChild !== content) fill(target, content);
  store.has(target);
}

/**
 * Shows in the target what is read, reads it again and again, and tries again by itself what failed.
 * @param {Element} target
 * @param {() => Promise<any>} request
 * @param {(value: any) => Node} draw returns what shows the value: the same node each time
 * @param {Options} options
 * @returns {Part & {reload: () => Promise<void>, again: () => Promise<void>, gone: (problem?: any) => void}} `reload`
 *   reads at once, with a skeleton and the problem if it fails: what is shown is wrong. `again` keeps what is shown
 *   until there is more. `gone`: it is known without a read.
 */
export function keptTrue(target, request, draw, { pauseOf = () => READ_EVERY_MS, once = false, known, ...loading }) {
  const { signal, onMissing } = loading;
  let at = 0;
  // How long the last answer took, in milliseconds.
  let took = 0;
  /** How the last read ended, if badly. @type {unknown} */
  let problem = null;
  /** @type {Node | undefined} */
  let content;
  let newest;
  let drawnOf;
  // Reads are numbered as they are asked for. Of those that end out of order, the last holds.
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
      if (turn > answered) [answered, newest, at] = [turn, answer, asked];
    } catch (error) {
      ends(error);
      // What was asked for later is there already. What is gone comes back no more.
      if (isMissing(error) || turn > answered) throw error;
    }
    store.changed();
    return newest;
  };
  // What was shown more of since stays.
  const drawn = (value) => {
    if (!content || value !== drawnOf) content = draw(value);
    drawnOf = value;
    return content;
  };
  // What is gone comes back no more, and is said once.
  let isGone = false;
  const gone = (missing) => {
    if (isGone || !onMissing || signal.aborted) return;
    isGone = true;
    show(target, onMissing(missing));
  };
  const again = async () => {
    // After an act whose view was left: another one may show what it has changed.
    if (signal.aborted) return void readNow();
    try {
      const value = await read();
      if (!signal.aborted && !isGone && value !== OVERTAKEN) show(target, drawn(value));
    } catch (error) {
      if (isMissing(error)) gone(error);
      // What was read is newer than what is shown of it.
      if (!(error instanceof Problem)) store.lacks(target, signal);
      throw error;
    }
  };
  const reload = () => {
    isGone = false;
    // So is every answer to what was asked before.
    [answered, newest] = [turns, OVERTAKEN];
    return load(target, read, drawn, loading);
  };
  const keep = async () => {
    let atOnce = Boolean(known);
    if (known) show(target, drawn(known));
    else await reload();
    if (isMissing(problem)) return;
    const pause = () => {
      const due = pauseBefore(pauseOf(), took);
      const milliseconds = atOnce ? 0 : Math.max(due, problem ? AFTER_FAILURE_MS : 0, retryAfter(problem));
      atOnce = false;
      return milliseconds;
    };
    await whileLookedAt(signal, pause, async () => {
      if (!isGone && (!once || problem || target.firstChild !== content)) await again();
    });
  };
  keep();
  return { readAt: () => at, reload, again, gone };
}

/**
 * The same for a value that is drawn anew when it has changed.
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
 * What is loaded of a list after its first page was read again. If that has none of the items, those between are not
 * known: the list begins anew.
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

/** What is loaded of a list, page by page. */
export class Pages {
  /** @type {any[]} */
  items = [];
  /** @type {string | null} */
  cursor = null;
  // How many pages a person asked for.
  #shown = 1;
  #options;

  /**
   * `changes`: whether items change after they were listed.
   * @param {{fetchPage: (cursor?: string | null) => Promise<any>, keyOf: (item: any) => string,
   *   changes?: boolean}} options
   */
  constructor(options) {
    this.#options = options;
  }

  /**
   * Reads the first page. Where items change and more pages are shown, reads on to as many items as are loaded once the
   * answers are there, and to the last of these, which may have moved.
   */
  async read() {
    const { changes, keyOf } = this.#options;
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
      this.#shown > 1 &&
      pages < this.#shown + SPARE_PAGES
    );
    // What follows these in the last page is not shown yet: whoever shows more reads that page again.
    const length = Math.max(last + 1, this.items.length);
    const isWithin = from && last >= 0 && length < items.length;
    return isWithin ? { items: items.slice(0, length), next_cursor: from } : { items, next_cursor: cursor };
  }

  /** What was read takes the place of what is loaded. */
  take({ items, next_cursor: cursor }) {
    const { changes, keyOf } = this.#options;
    Object.assign(this, changes ? { items, cursor } : renewed(this, { items, next_cursor: cursor }, keyOf));
  }

  /** Loads the page that follows. If the list began anew meanwhile, another one does. */
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
 * A list that loads one more page per press. Its first page is read again; where items change, all that is loaded.
 * `complete`: reads what else is to be known of these items, which are shown meanwhile, and draws them as it gets
 * to know; `shown`: an item with that.
 * @param {Options & {changes?: boolean, fetchPage: (cursor?: string | null) => Promise<any>,
 *   complete?: (items: any[], draw: () => void) => Promise<any>, shown?: (item: any) => any,
 *   keyOf: (item: any) => string, list: Element, renderItem: (item: any, before?: Element) => Node,
 *   empty: Node, onItems?: (items: any[]) => void}} options
 * @returns {Part & {node: Element, again: () => Promise<void>, draw: () => void}} `draw`: shows what else is known now
 */
export function pagedList({ renderItem, list, empty, onItems, complete, shown = (item) => item, ...options }) {
  const { keyOf } = options;
  const pages = new Pages(options);
  const more = h("div", { class: "more" });
  const content = h("div", {}, list, more);
  const loadNext = async () => {
    const { length } = pages.items;
    try {
      await store.reading(node, () => pages.next(), options.signal);
      const had = focused(more);
      drawAll();
      // The button is gone after the last page.
      if (had && !pages.cursor && list.children[length]) focusOn(list.children[length]);
    } catch (problem) {
      if (!options.signal.aborted) drawMore(problem);
    }
  };
  // The button may be drawn anew meanwhile: another press waits for the same page.
  let awaited;
  const next = () => {
    awaited ??= loadNext().finally(() => {
      awaited = undefined;
    });
    return awaited;
  };
  const drawMore = (problem) =>
    render(more, [pages.cursor, problem?.message], () =>
      problem
        ? errorPanel(problem, next)
        : pages.cursor &&
          button(t.actions.showMore, {
            "data-part": "more",
            onclick: (event) => submitting(event.currentTarget, next),
          }),
    );
  const draw = () => {
    if (pages.items.length) keyed(list, pages.items.map(shown), keyOf, renderItem);
    else fill(list, empty);
    onItems?.(pages.items);
  };
  // An item that was loaded before may have to be completed too.
  const drawAll = () => {
    draw();
    drawMore();
    complete?.(pages.items, () => options.signal.aborted || draw());
  };
  const node = h("div", {});
  const take = (page) => {
    pages.take(page);
    drawAll();
    return content;
  };
  return { node, draw, ...keptTrue(node, () => pages.read(), take, options) };
}
