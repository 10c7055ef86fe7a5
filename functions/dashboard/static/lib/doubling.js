// A list of which each press reads twice as many of the API's answers, so that even ten thousand entries take a few
// presses. Reading all of them again takes as many requests, so it is done as much more seldom, as long as what was
// read holds.
import { announce, changedSince, h, render } from "./dom.js";
import { button, submitting } from "./ui.js";
import { keptTrue, READ_EVERY_MS } from "./watched.js";

/**
 * @param {Element} place
 * @param {(cursor: string | null) => Promise<{next_cursor: string | null}>} ask
 * @param {(answers: any[]) => Node} draw returns the same node each time, which has `more` in it
 * @param {{text: string, said: () => string, kept?: {answers?: any[], readAt: number}, holds?: () => number} &
 *   import("./watched.js").Options} options `text` of the button, and what is said after it was pressed. `kept`: what
 *   whoever comes back finds at once, and when that was requested. `holds`: for how many milliseconds since then
 * @returns {ReturnType<typeof keptTrue> & {more: Element, readAll: (event: Event) => unknown,
 *   lateAfter: () => number}} `readAll`: at a press, all that there is, which are many requests. `lateAfter`:
 *   milliseconds
 */
export function doubling(place, ask, draw, { text, said, kept = { readAt: 0 }, holds = () => Infinity, ...options }) {
  const more = h("div", { class: "more" });
  let wanted = kept.answers?.length ?? 1;
  // How many the last read wanted, how many there were, and when it was requested.
  let [before, there, at] = [wanted, wanted, 0];
  const readThose = async () => {
    const readAt = Date.now();
    const answers = [];
    /** @type {string | null} */
    let cursor = null;
    do {
      const answer = await ask(cursor);
      answers.push(answer);
      cursor = answer.next_cursor;
    } while (cursor && answers.length < wanted);
    [before, there, at] = [wanted, answers.length, readAt];
    return { answers, readAt };
  };
  /** One at a time, which goes on as far as anybody wants meanwhile. After a change, what it has is too old.
   * @type {{since: number, value: ReturnType<typeof readThose>} | null} */
  let underWay = null;
  const read = async () => {
    while (underWay && changedSince(underWay.since)) await underWay.value.catch(() => {});
    underWay ??= { since: Date.now(), value: readThose().finally(() => (underWay = null)) };
    return underWay.value;
  };
  const readMore = (event) => readOn(event, 2 * there);
  const readOn = (event, count) =>
    submitting(event.currentTarget, async () => {
      wanted = Math.max(wanted, count);
      try {
        await part.again();
        announce(said());
      } catch (problem) {
        wanted = before;
        throw problem;
      }
    });
  const drawn = (value) => {
    Object.assign(kept, value);
    const { answers } = value;
    const isMore = Boolean(answers.at(-1)?.next_cursor);
    render(more, isMore, () => isMore && button(text, { "data-part": "more", onclick: readMore }));
    return draw(answers);
  };
  const pauseOf = () => Math.min(READ_EVERY_MS * there, holds());
  const known = kept.answers && { answers: kept.answers, readAt: kept.readAt };
  // What was just read is not read again at once, unless this page may have changed it.
  const age = Date.now() - kept.readAt;
  const isNew = age >= 0 && age < READ_EVERY_MS && !changedSince(kept.readAt);
  const part = keptTrue(place, read, drawn, { pauseOf, known, knownFor: isNew ? pauseOf() - age : 0, ...options });
  // As of what is read at the usual pace.
  return {
    ...part,
    readAt: () => at || kept.readAt,
    more,
    readAll: (event) => readOn(event, Infinity),
    lateAfter: () => 1.5 * READ_EVERY_MS * there,
  };
}
