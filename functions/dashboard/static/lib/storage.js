/**
 * What comes of using the browser's storage; null where the browser forbids it. The page then remembers until it is
 * left.
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
