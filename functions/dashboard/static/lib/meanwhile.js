// A change of another is never overwritten unseen: a modal compares what it showed with what is there now.
import { Problem } from "./problem.js";

/**
 * Returns a check to make before saving. It throws what `say` says of a change of another, once: whoever has been
 * told may save again.
 * @param {any} shown what the modal shows
 * @param {() => any} read what is there now
 * @param {(there: any) => string} say
 * @returns {(...mine: any[]) => Promise<void>} `mine`: what is about to be saved, and what was sent before, whose
 *   answer may be lost; what another made the same is no conflict
 */
export function unlessChanged(shown, read, say) {
  let before = JSON.stringify(shown);
  return async (...mine) => {
    const there = await read();
    const now = JSON.stringify(there);
    if (now === before || mine.some((each) => now === JSON.stringify(each))) return;
    before = now;
    throw new Problem({ status: 412, title: say(there) });
  };
}
