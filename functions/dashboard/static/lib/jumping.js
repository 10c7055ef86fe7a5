// What can be jumped to, and what of it fits the words that were typed.

/**
 * `go`: what choosing it does. `note`: what is shown beside its text.
 * @typedef {{key: string, group: string, text: string, note?: string, icon?: string, go: () => any}} Target
 */

const wordsOf = (text) =>
  text
    .toLowerCase()
    .split(/[\s:…]+/)
    .filter(Boolean);

/** The targets in which some word begins with each word that was typed. @param {Target[]} targets */
export function fitting(targets, typed) {
  const wanted = wordsOf(typed);
  return targets.filter(({ text }) => wanted.every((part) => wordsOf(text).some((word) => word.startsWith(part))));
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
