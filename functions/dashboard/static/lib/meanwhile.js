// A modal never overwrites another person's change unseen. It compares what it showed with the current state, and saves
// only if the version that it compared is still the newest.
import { Problem } from "./problem.js";
import { ending } from "./session.js";

// The form shows this conflict. The person may then save again.
class EditConflict extends Problem {}

/**
 * Returns a check to make before saving. If another person has made a change, the check throws a conflict with the text
 * of `say`, but only once. After that warning, the person may save again.
 * @param {any} shown what the modal shows
 * @param {() => any} read reads the current state
 * @param {(there: any) => string} say
 * @returns {(mine: any) => Promise<void>} `mine`: what is about to be saved. It is no conflict if the current state
 *   equals this or an earlier `mine`: another person saved the same, or an answer to this page was lost
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
    throw new EditConflict({ status: 412, title: say(there) });
  };
}

/**
 * Saves, and tries once more if the version changes in between. `save` reads the current state, checks it, and saves.
 * The second check ignores a change of other fields. If the modal closes before the second try saves, throws the
 * refusal of the first one.
 * @template Saved
 * @param {() => Promise<Saved>} save
 */
export async function onceMore(save) {
  try {
    return await save();
  } catch (problem) {
    if (!(problem instanceof Problem) || problem.status !== 412 || problem instanceof EditConflict) throw problem;
    return save().catch((next) => {
      throw next.name === "AbortError" ? problem : next;
    });
  }
}

/**
 * Returns a function that removes something. Before that, it checks through the form's `first`, and warns of another
 * person's change as `unlessChanged` does. It is no conflict if the thing is gone already.
 * @param {any} shown what the modal shows
 * @param {() => any} read reads the current state, null if it is gone, and its tag
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

/** What sets whether logs are written, of one account or several, as it was sent last. @type {Promise<any>} */
let last = Promise.resolve();

/**
 * Sends that once the answer about what was pressed before is known, which may be sent again: so the last press wins.
 * Not for another person.
 * @template Answer
 * @param {() => Promise<Answer>} send @returns {Promise<Answer>}
 */
export function inTurn(send) {
  const until = ending();
  const next = () => {
    until.throwIfAborted();
    return send();
  };
  last = last.then(next, next);
  return last;
}
