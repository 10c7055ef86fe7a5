// Adds many accounts, some at a time, so that it can say how far it is and be stopped. What was sent and not answered
// is sent again under the same key, which adds nothing twice.
import * as api from "./api.js";
import { pause } from "./dom.js";

const AT_ONCE = 100;
const BEYOND_QUOTA = "quota_exceeded";
// If the API does not say how long one lasts.
const QUOTA_SECONDS = 60;

/**
 * @typedef {{done: number, created: any[], refused: {line: any, problem: any}[]}} Progress
 * `waitsUntil`: the quota is used up until then, in milliseconds.
 */

/** The parts of an import, each with the key under which it is sent. @param {any[]} lines */
export const partsOf = (lines) =>
  Array.from({ length: Math.ceil(lines.length / AT_ONCE) }, (_, part) => ({
    key: api.newKey(),
    lines: lines.slice(part * AT_ONCE, (part + 1) * AT_ONCE),
  }));

/**
 * The bodies of each part that was sent and whose answer is not known, by its key.
 * @typedef {Map<string, string[]>} Unanswered
 */

/**
 * The parts of an import. Under a new key, what a part without an answer has added would be refused. So such a part is
 * sent again under its own, if its accounts are all there, unchanged.
 * @param {Unanswered} unanswered @param {any[]} lines @param {(line: any) => any} bodyOf
 */
export function partsAfter(unanswered, lines, bodyOf) {
  const left = new Map(lines.map((line) => [JSON.stringify(bodyOf(line)), line]));
  const again = [];
  for (const [key, bodies] of unanswered) {
    if (!bodies.every((body) => left.has(body))) continue;
    again.push({ key, lines: bodies.map((body) => left.get(body)) });
    for (const body of bodies) left.delete(body);
  }
  return [...again, ...partsOf([...left.values()])];
}

/**
 * Sends the parts that are left, which it takes away one by one. Throws what became of one that was not answered, which
 * is left then.
 * @param {{key: string, lines: any[]}[]} parts
 * @param {(line: any) => any} bodyOf
 * @param {Progress} progress what became of the others, to which it adds
 * @param {(waitsUntil?: number) => void} onProgress
 * @param {AbortSignal} signal
 * @param {Unanswered} unanswered which it keeps
 */
export async function send(parts, bodyOf, progress, onProgress, signal, unanswered = new Map()) {
  while (parts.length) {
    signal.throwIfAborted();
    const [{ key, lines }] = parts;
    const accounts = lines.map(bodyOf);
    unanswered.set(
      key,
      accounts.map((body) => JSON.stringify(body)),
    );
    const { created, refused } = await api.post("/v1/accounts/import", { accounts }, { key });
    unanswered.delete(key);
    const isBeyond = ({ problem }) => problem.code === BEYOND_QUOTA;
    const left = refused.filter(isBeyond).map(({ index }) => lines[index]);
    progress.done += lines.length - left.length;
    progress.created.push(...created);
    for (const each of refused)
      if (!isBeyond(each)) progress.refused.push({ line: lines[each.index], problem: each.problem });
    // What was answered is done: the rest is another request.
    parts.splice(0, 1, ...(left.length ? [{ key: api.newKey(), lines: left }] : []));
    onProgress();
    if (left.length) await quotaOver({ name: "new_accounts" }, onProgress, signal);
  }
}

/**
 * Waits until a quota that is used up begins anew. `wait`: milliseconds, if the API has said so.
 * @param {{name: string, wait?: number}} quota @param {(until: number) => void} onWait @param {AbortSignal} signal
 */
export async function quotaOver({ name, wait }, onWait, signal) {
  const milliseconds = wait || (await secondsOf(name, signal)) * 1000;
  onWait(Date.now() + milliseconds);
  await pause(milliseconds, signal);
}

// It begins anew so long after its first use.
async function secondsOf(quota, signal) {
  const { quotas } = await api.get("/v1/organization", { signal });
  return quotas?.find(({ name }) => name === quota)?.per_seconds ?? QUOTA_SECONDS;
}
