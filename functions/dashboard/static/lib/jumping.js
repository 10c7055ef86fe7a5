// What can be jumped to, and what of it fits the words that were typed.

/**
 * `go`: what choosing it does. `note`: what is shown beside its text. `has`: the buttons that it leads to, by their
 * words. `by`: those of them by which it was found.
 * @typedef {{key: string, group: string, text: string, note?: string, icon?: string, go: () => any, has?: string[],
 *   by?: string}} Target
 */

const wordsOf = (text) =>
  text
    .toLowerCase()
    .split(/[\s:…]+/)
    .filter(Boolean);

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

/**
 * What of the words names an account, and the views that the others name: "House sched". Without both, all are the
 * account's. Of words that are all a view's, the first is the account's.
 * @template {{text: string}} View
 * @param {View[]} views of any account @returns {{q: string, views: View[]}}
 */
export function ofAccounts(typed, views) {
  const words = typed.split(/\s+/).filter(Boolean);
  const isOfView = (word) => views.some(({ text }) => begins(text, word.toLowerCase()));
  const isAll = words.every(isOfView);
  const named = words.filter((word, index) => (isAll ? index === 0 : !isOfView(word)));
  const others = words.filter((word) => !named.includes(word));
  const fit = others.length ? fitting(/** @type {any[]} */ (views), others.join(" ")) : [];
  return fit.length ? { q: named.join(" "), views: /** @type {any[]} */ (fit) } : { q: typed, views: [] };
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
