// A list of which each press reads twice as many of the API's answers, so that even ten thousand entries take a few
// presses. Reading all of them again takes as many requests, so it is done as much more seldom, as long as what was
// read holds.
import { announce, changedSince, h, render } from "./dom.js";
import { pressOf } from "./press.js";
import { Problem } from "./problem.js";
import { button, warn } from "./ui.js";
import { keptTrue, READ_EVERY_MS } from "./watched.js";
import { t } from "../views/texts.js";

/**
 * `toAll`: makes a button with these words read all that there is, which are many requests.
 * @typedef {(words: string) => any} ToAll
 * @typedef {{answers?: any[], readAt: number}} Kept
 * @param {Element} place
 * @param {(cursor: string | null, signal: AbortSignal) => Promise<{next_cursor: string | null}>} ask
 * @param {(answers: any[], toAll: ToAll) => Node} draw returns the same node each time, which has `more` in it
 * @param {{text: string, count: (answers: any[]) => number, said: () => string, kept?: Kept,
 *   holds?: () => number} & import("./watched.js").Options} options `text` of the button, `count`: how many entries
 *   these have, and what is said after it was pressed. `kept`: what whoever comes back finds at once, and when that was
 *   requested. `holds`: for how many milliseconds since then
 * @returns {ReturnType<typeof keptTrue> & {more: Element, lateAfter: () => number}} `lateAfter`: milliseconds
 */
export function doubling(
  place,
  ask,
  draw,
  { text, count, said, kept = { readAt: 0 }, holds = () => Infinity, ...options },
) {
  const more = h("div", { class: "more" });
  let wanted = kept.answers?.length ?? 1;
  // How many the last read wanted, how many there were, and when it was requested.
  let [before, there, at] = [wanted, wanted, 0];
  const known = kept.answers ? { answers: kept.answers, readAt: kept.readAt } : null;
  /** What was read before, until it failed, or until somebody stopped it or left. */
  let cut = known;
  // What says on each button that was pressed how many were read so far, and the answers of the last read until now.
  const pressed = new Map();
  /** @type {any[]} */
  let soFar = [];
  const readThose = async (/** @type {AbortSignal} */ stopped) => {
    // A press soon after reads on from there.
    const isNear = cut && Date.now() - cut.readAt < (READ_EVERY_MS * there) / 2 && !changedSince(cut.readAt);
    const { readAt, answers: had } = isNear && cut && there < wanted ? cut : { readAt: Date.now(), answers: [] };
    const answers = (soFar = [...had]);
    cut = null;
    /** @type {string | null} */
    let cursor = answers.at(-1)?.next_cursor ?? null;
    try {
      do {
        for (const say of pressed.keys()) say(answers);
        // Nobody could stop it any more.
        if (pressed.size && ![...pressed.values()].some((node) => node.isConnected)) underWay?.stopping.abort();
        const answer = await ask(cursor, AbortSignal.any([options.signal, stopped]));
        answers.push(answer);
        cursor = answer.next_cursor;
      } while (cursor && answers.length < wanted);
    } catch (problem) {
      const isLeft = options.signal.aborted;
      const isStopped = stopped.aborted && !isLeft;
      if (!isStopped && !isLeft && !(problem instanceof Problem)) throw problem;
      // Not if it is less than what is shown.
      if (answers.length >= there) {
        [before, there, at] = [answers.length, answers.length, readAt];
        cut = { answers, readAt };
      }
      if (isStopped) {
        wanted = before;
        return cut ?? kept;
      }
      if (isLeft) Object.assign(kept, cut);
      else if (cut) drawn(cut);
      throw problem;
    }
    [before, there, at] = [wanted, answers.length, readAt];
    return { answers, readAt };
  };
  /** One at a time, which goes on as far as anybody wants meanwhile. After a change, what it has is too old.
   * @type {{since: number, value: Promise<Kept>, stopping: AbortController} | null} */
  let underWay = null;
  const read = async () => {
    while (underWay && changedSince(underWay.since)) await underWay.value.catch(() => {});
    if (!underWay) {
      const stopping = new AbortController();
      const value = readThose(stopping.signal).finally(() => (underWay = null));
      underWay = { since: Date.now(), value, stopping };
    }
    return underWay.value;
  };
  /** What lets a button with these words read so many, and stop that at its next press. */
  const reading = (words, most) => {
    let isOn = false;
    const { isSame, ...begins } = pressOf(() => isOn);
    const onclick = async ({ detail, currentTarget: node }) => {
      // A double click is one press.
      if (!isSame() || detail > 1) return;
      if (isOn) return void underWay?.stopping.abort();
      const label = node.querySelector("span") ?? node;
      const say = (answers) => (label.textContent = t.doubling.stop(count(answers)));
      isOn = true;
      wanted = Math.max(wanted, most());
      pressed.set(say, node);
      say(soFar);
      try {
        await part.again();
        announce(said());
      } catch (problem) {
        wanted = before;
        warn(problem);
      }
      isOn = false;
      pressed.delete(say);
      label.textContent = words;
    };
    return { onclick, ...begins };
  };
  /** @type {ToAll} */
  const toAll = (words) => reading(words, () => Infinity);
  const drawn = (value) => {
    Object.assign(kept, value);
    const { answers } = value;
    const isMore = Boolean(answers.at(-1)?.next_cursor);
    render(more, isMore, () => isMore && button(text, { "data-part": "more", ...reading(text, () => 2 * there) }));
    return draw(answers, toAll);
  };
  const pauseOf = () => Math.min(READ_EVERY_MS * there, holds());
  // What was just read is not read again at once, unless this page may have changed it.
  const age = Date.now() - kept.readAt;
  const isNew = age >= 0 && age < READ_EVERY_MS && !changedSince(kept.readAt);
  const part = keptTrue(place, read, drawn, { pauseOf, known, knownFor: isNew ? pauseOf() - age : 0, ...options });
  // As of what is read at the usual pace.
  return {
    ...part,
    readAt: () => at || kept.readAt,
    more,
    lateAfter: () => 1.5 * READ_EVERY_MS * there,
  };
}
