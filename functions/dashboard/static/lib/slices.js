// Long work in short tasks, so that the page answers whoever types or scrolls meanwhile.
import { pause } from "./dom.js";
import { stopwatch } from "./elapsed.js";
import * as store from "./store.js";

// Tasks of 50 ms count as long. What a browser does of itself after each one, and a slow machine, need room.
const SLICE_MS = 10;

/**
 * Does these steps, each with the layout of what it drew, as many in a task as have the time.
 * Returns what they return, or null if the signal ended them.
 * @template T @param {Iterator<unknown, T>} steps @param {AbortSignal} signal @returns {Promise<T | null>}
 */
export async function inSlices(steps, signal) {
  while (!signal.aborted) {
    const passed = stopwatch();
    do {
      const { done, value } = steps.next();
      // Otherwise the browser lays out in one task what several have drawn.
      void document.body.offsetHeight;
      if (done) return value;
    } while (passed() < SLICE_MS);
    await pause(0, signal).catch(() => {});
  }
  return null;
}

/**
 * Draws a part of a view in such steps; each drawing ends the one before. A failure is reported, and the view says that
 * it is incomplete. The promise says whether the drawing went to its end, or failed: no other one has ended it.
 * @param {Element} part @param {AbortSignal} signal of the view
 */
export function drawer(part, signal) {
  let last = new AbortController();
  return async (steps) => {
    last.abort();
    last = new AbortController();
    try {
      if ((await inSlices(steps, AbortSignal.any([signal, last.signal]))) === null) return false;
      store.has(part);
    } catch (error) {
      console.error(error);
      store.lacks(part, signal);
    }
    return true;
  };
}
