import { setTimeout as really } from "node:timers";

/**
 * Waits for what the page does within so many milliseconds. It waits in turns of one, so that whatever the page waits
 * for one after the other has its turn, however busy the machine is.
 */
export async function soon(milliseconds = 5) {
  for (let turn = 0; turn <= milliseconds; turn += 1) await new Promise((resolve) => really(resolve, 1));
}

/** Waits for what must come, such as a module that is loaded, however slow the machine is. */
export async function until(isThere) {
  for (let turn = 0; !isThere(); turn += 1) {
    if (turn === 10_000) throw new Error(`It did not come: ${isThere}`);
    await soon(0);
  }
}
