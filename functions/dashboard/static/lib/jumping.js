// What can be jumped to, and what of it fits the words that were typed.

/**
 * `go`: what choosing it does. `note`: what is shown beside its text. `has`: the buttons that it leads to, by their
 * words. `by`: those of them by which it was found.
 * @typedef {{key: string, group: string, text: string, note?: string, icon?: string, go: () => any, has?: string[],
 *   by?: string}} Target
 */

const split = (text) => text.split(/[\s:…]+/).filter(Boolean);
const wordsOf = (text) => split(text.toLowerCase());

const begins = (text, part) => wordsOf(text).some((word) => word.startsWith(part));

/**
 * The targets in which some word begins with each word that was typed. Those in which a button has such a word, and not
 * the target itself, come last.
 * @param {Target[]} targets @returns {Target[]}
 */
export function fitting(targets, typed) {
  const wanted = wordsOf(typed);
  const fits = ({ text }) => wanted.every((part) => begins(text, part));
  const others = targets.flatMap((target) => {
    const { text, has = [] } = target;
    const by = has.filter((button) => wanted.some((part) => begins(button, part))).join(", ");
    return !fits(target) && fits({ text: [text, ...has].join(" ") }) ? { ...target, by } : [];
  });
  return [...targets.filter(fits), ...others];
}

/** As accounts are searched: their names have no spaces, and their numbers no hyphens. @param {string} text */
export const searched = (text) => text.replace(/[\s-]/g, "");

/**
 * The account that all of it names, as `q`. Where the last words, or the first ones, name views or what these have, as
 * in "House sched" or "delete House", the other words name an account, as `rest`. Of "rename test", either may. One or
 * two letters name no view: "Team C" is an account.
 * @template {{text: string, has?: string[]}} View
 * @param {View[]} views of any account @returns {{q: string, parts: {rest: string, views: View[]}[]}}
 */
export function ofAccounts(typed, views) {
  const [words, q] = [split(typed), searched(typed)];
  const splits = words.slice(1).map((_, index) => [words.slice(0, index + 1), words.slice(index + 1)]);
  const parts = [splits, splits.toReversed().map(([first, last]) => [last, first])].flatMap((each) => {
    for (const [others, named] of each) {
      const rest = searched(others.join(""));
      const fit = named.every(({ length }) => length > 2) ? fitting(/** @type {any[]} */ (views), named.join(" ")) : [];
      if (rest && fit.length) return { rest, views: /** @type {any[]} */ (fit) };
    }
    return [];
  });
  // Of "test test" both are the same.
  return { q, parts: parts.filter(({ rest }, index) => !index || rest !== parts[0].rest) };
}

/** The key that goes with K: a Mac's text fields need Ctrl-K themselves. */
export const isMac = (platform) => /mac|iphone|ipad/i.test(platform);

/** Whether a press is the shortcut. @param {KeyboardEvent} event */
export function isShortcut(event, platform) {
  const { key, code, altKey, shiftKey, metaKey, ctrlKey, repeat, isComposing } = event;
  // The place of the key counts where letters are not Latin.
  const isK = key.toLowerCase() === "k" || (code === "KeyK" && key > "~");
  if (!isK || altKey || shiftKey || repeat || isComposing || event.defaultPrevented) return false;
  return isMac(platform) ? metaKey && !ctrlKey : ctrlKey && !metaKey;
}

/** Which of so many is chosen after a key; -1 if there is none. @param {string} key */
export function moved(key, at, count) {
  const step = { ArrowDown: 1, ArrowUp: -1 }[key] ?? 0;
  return count ? (at + step + count) % count : -1;
}
