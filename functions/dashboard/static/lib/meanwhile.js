// A change of another is never overwritten unseen: a modal compares what it showed with what is there now, and saves
// that version alone.
import { Problem } from "./problem.js";

// A person has been told what is there now, and decides.
class Told extends Problem {}

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
    throw new Told({ status: 412, title: say(there) });
  };
}

/**
 * `save` reads, checks, and saves the version that it has read. If that is another's by then, it is done once more:
 * of the newer one, only what is to be changed matters. If that was given up meanwhile, what was sent was refused.
 * @template Saved
 * @param {() => Promise<Saved>} save
 */
export async function onceMore(save) {
  try {
    return await save();
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 412 || problem instanceof Told) throw problem;
    return save().catch((next) => {
      throw next.name === "AbortError" ? problem : next;
    });
  }
}
