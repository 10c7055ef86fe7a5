// What is read again while it is looked at, and knows how old it is.
import { fill, h, keyed, render, whileLookedAt } from "./dom.js";
import * as store from "./store.js";
import { button, errorPanel, load, submitting } from "./ui.js";
import { t } from "../texts.js";

const READ_EVERY_MS = 30_000;
const everyHalfMinute = () => READ_EVERY_MS;

/**
 * A part of a view. `readAt`: when it was read, in milliseconds; 0 for not yet.
 * @typedef {{readAt: () => number}} Part
 * `pauseOf`: milliseconds until it is read again, asked for after each read.
 * @typedef {{signal: AbortSignal, className?: string, placeholder?: () => Node, onMissing?: (problem: any) => any,
 *   pauseOf?: () => number}} Options
 */

/** When the oldest of these was read; 0 if nothing was yet. @param {Part[]} parts */
export function oldest(parts) {
  const times = parts.map(({ readAt }) => readAt()).filter(Boolean);
  return times.length ? Math.min(...times) : 0;
}

// Reads, and remembers when. Once something has been read, there is something to keep true.
function reader(signal, pauseOf, again) {
  let at = 0;
  return {
    readAt: () => at,
    async read(request) {
      const isFirst = !at;
      const { answer, asked } = await store.reading(request);
      at = asked;
      store.changed();
      if (isFirst) whileLookedAt(signal, pauseOf, again);
      return answer;
    },
  };
}

/**
 * Shows in the target what is read, and again what has changed.
 * @param {Element} target
 * @param {() => Promise<any>} request
 * @param {(value: any) => any} draw
 * @param {Options} options
 * @returns {Part & {reload: () => Promise<any>}} `reload` reads at once, with a skeleton and the problem if it fails.
 */
export function watched(target, request, draw, { className, pauseOf = everyHalfMinute, ...options }) {
  const content = h("div", { class: className });
  const show = (value) => {
    render(content, value, draw);
    return content;
  };
  let turns = 0;
  /** @type {{turn: number, value: any}} */
  let newest = { turn: 0, value: undefined };
  // Of answers that come out of order, that which was asked for last holds.
  const ask = async () => {
    const turn = ++turns;
    const value = await read(request);
    if (turn > newest.turn) newest = { turn, value };
    return newest.value;
  };
  const { read, readAt } = reader(options.signal, pauseOf, async () => {
    show(await ask());
    // A problem of a reload is over.
    if (!target.contains(content)) fill(target, content);
  });
  const reload = () => load(target, ask, show, options);
  reload();
  return { readAt, reload };
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

/**
 * A list that loads one more page per press. Its first page is read again; where items change, all that is loaded.
 * @param {Options & {changes?: boolean, fetchPage: (cursor?: string | null) => Promise<any>,
 *   keyOf: (item: any) => string, list: Element, renderItem: (item: any, before?: Element) => Node,
 *   empty: Node, onItems?: (items: any[]) => void}} options
 * @returns {Part & {node: Element, again: () => Promise<void>}}
 */
export function pagedList({
  fetchPage,
  keyOf,
  renderItem,
  list,
  empty,
  onItems,
  changes = false,
  signal,
  onMissing,
  placeholder,
  pauseOf = everyHalfMinute,
}) {
  /** @type {{items: any[], cursor: string | null}} */
  let loaded = { items: [], cursor: null };
  const more = h("div", { class: "more" });
  const again = async () => {
    loaded = changes
      ? await read(() => fetchItems(loaded.items.length))
      : renewed(loaded, await read(() => fetchPage()), keyOf);
    draw();
  };
  const fetchItems = async (count) => {
    const items = [];
    let cursor = null;
    do {
      const page = await fetchPage(cursor);
      items.push(...page.items);
      cursor = page.next_cursor;
    } while (cursor && items.length < count);
    return { items, cursor };
  };
  const { read, readAt } = reader(signal, pauseOf, again);
  const next = async () => {
    try {
      const page = await read(() => fetchPage(loaded.cursor));
      const before = withoutThose(page.items, loaded.items, keyOf);
      loaded = { items: [...before, ...page.items], cursor: page.next_cursor };
      draw();
    } catch (problem) {
      if (!signal.aborted) drawMore(problem);
    }
  };
  const drawMore = (problem) =>
    render(more, [loaded.cursor, problem?.message], () =>
      problem
        ? errorPanel(problem, next)
        : loaded.cursor &&
          button(t.actions.showMore, {
            "data-part": "more",
            onclick: (event) => submitting(event.currentTarget, next),
          }),
    );
  const draw = () => {
    if (loaded.items.length) keyed(list, loaded.items, keyOf, renderItem);
    else fill(list, empty);
    onItems?.(loaded.items);
    drawMore();
  };
  const node = h("div", {});
  load(node, again, () => [list, more], { signal, onMissing, placeholder });
  return { node, again, readAt };
}
