// Bulk operations: what is asked of the API, and following one until it is over.
import * as api from "./api.js";
import { inTurn } from "./meanwhile.js";
import { Problem } from "./problem.js";

/**
 * @typedef {{account_id: string, name: string | null, problem: {title?: string, detail?: string}}} Failure
 * @typedef {{operation_id: string, action: string, value: boolean | null, state: string, total: number, done: number,
 *   skipped: number, changed?: number, failed: Failure[], failed_total: number}} Operation
 * What is chosen: these accounts, or all that a listing selects.
 * @typedef {{ids: Set<string>, isAll: boolean}} Chosen
 */

// As the API has it.
export const MOST_NAMED = 500;
const FIRST_PAUSE_MS = 1_000;
const PAUSES_GROW_BY = 1.2;
const LONGEST_PAUSE_MS = 15_000;

const READ = { has_problems: (text) => text === "true", template_version: Number };

/**
 * A selection of the list as a filter of the API: all of it but the order, so that no filter of the list is lost.
 * @param {Record<string, string>} selection
 */
export const filterOf = (selection) =>
  Object.fromEntries(
    Object.entries(selection)
      .filter(([name, text]) => name !== "sort" && text)
      .map(([name, text]) => [name, READ[name]?.(text) ?? text]),
  );

/** @param {Chosen} chosen @param {Record<string, string>} selection */
export const selectionOf = ({ ids, isAll }, selection) =>
  isAll ? { filter: filterOf(selection) } : { account_ids: [...ids].toSorted() };

/** How many accounts a request would treat, without doing anything. */
export const count = async ({ action, value = undefined, selection }) =>
  (await api.post("/v1/accounts/bulk", { action, value, selection, dry_run: true })).total;

/** Whether other accounts are selected by now than a request expects. Then nothing has begun. */
export const hasChanged = (problem) => problem.code === "selection_changed";

/**
 * Begins an operation, or returns the one that this key has begun. After an answer that was lost, only the same
 * question has the same key. Any other press is meant anew: the API leaves what has the value, is deleted, or was
 * tested since.
 * @param {any} request @param {string} [key] @returns {Promise<{operation_id: string, total: number}>}
 */
export function begin(request, key = api.newKey()) {
  const send = () => api.post("/v1/accounts/bulk", request, { key });
  return request.action === "write_logs" ? inTurn(send) : send();
}

/**
 * Whether it is no use to read something again: the service itself refuses that, for no passing reason.
 * @param {unknown} problem
 */
export const isFinal = (problem) =>
  problem instanceof Problem &&
  problem.byService &&
  problem.status >= 400 &&
  problem.status < 500 &&
  ![401, 408, 429].includes(problem.status);

/** Ends an operation, and returns it: the accounts that are left stay as they are. @returns {Promise<Operation>} */
export const stop = (id) => api.remove(`/v1/operations/${api.segment(id)}`);

/**
 * Asks how far an operation is until it is over, or the view is left: often at first, then as rarely as hours need.
 * `wait` ends by itself.
 * @param {string} id @param {(operation: Operation) => void} onRead
 * @param {{signal: AbortSignal, wait: (milliseconds: number) => Promise<unknown>}} during
 */
export async function follow(id, onRead, { signal, wait }) {
  for (let pause = FIRST_PAUSE_MS; ; pause = Math.min(pause * PAUSES_GROW_BY, LONGEST_PAUSE_MS)) {
    const operation = await api.get(`/v1/operations/${api.segment(id)}`, { signal });
    onRead(operation);
    if (operation.state !== "running") return operation;
    await wait(pause);
  }
}

/**
 * The request that takes back what an operation changed, and nothing else. Null if there is nothing to take back.
 * @param {Operation} operation
 */
export const undoOf = ({ operation_id: id, action, value, changed = 0 }) =>
  action === "write_logs" && changed > 0 ? { action, value: !value, selection: { changed_by: id } } : null;

/**
 * The request that does the same again with the accounts that an operation lists as refused. Null if there are none.
 * @param {Operation} operation
 */
export const againOf = ({ action, value, failed }) =>
  failed.length
    ? { action, value: value ?? undefined, selection: { account_ids: failed.map(({ account_id: id }) => id) } }
    : null;
