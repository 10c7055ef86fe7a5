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
 * @returns {(mine: any) => Promise<void>} `mine`: what is about to be saved. If it is there already, or what was to be
 *   saved before, that is no conflict: another made it the same, or an answer to this page was lost
 */
export function unlessChanged(shown, read, say) {
  let before = JSON.stringify(shown);
  const sent = new Set();
  return async (mine) => {
    const there = await read();
    const now = JSON.stringify(there);
    const saved = JSON.stringify(mine);
    if (now === before || now === saved || sent.has(now)) return void sent.add(saved);
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

/**
 * Returns what removes something, once it has asked for it through `first` of its form. A change of another is told as
 * by `unlessChanged`. That it is gone already is no conflict.
 * @param {any} shown what the modal shows
 * @param {() => any} read what is there now, null if nothing is, and its tag
 * @param {(there: any) => string} say
 * @param {(etag: any) => Promise<any>} remove removes the version with this tag
 * @returns {(first: (asked: Promise<any>) => Promise<any>) => Promise<void>}
 */
export function removing(shown, read, say, remove) {
  let etag;
  const newest = async () => {
    const there = await read();
    ({ etag } = there);
    return there.shown;
  };
  const check = unlessChanged(shown, newest, say);
  return (first) =>
    onceMore(async () => {
      await first(check(null));
      await remove(etag);
    });
}
