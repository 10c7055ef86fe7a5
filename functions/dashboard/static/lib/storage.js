/**
 * Uses the browser's storage. Returns null if the browser forbids it: then the page remembers only until it is left.
 * @template T
 * @param {() => T} use
 */
export function stored(use) {
  try {
    return use();
  } catch {
    return null;
  }
}
